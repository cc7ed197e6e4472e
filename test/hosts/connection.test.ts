import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Become, Connection, HostTarget } from '../../src/connection/connection.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import { PW_PASSWORD, type RealHosts, realHosts } from './support/real-hosts.js';
import { run } from './support/run-command.js';

const ROOT: Become = { user: 'root', method: 'sudo' };

let hosts: RealHosts;
let folder: string;
const open: Connection[] = [];
const reach = createSshConnect({
  log: silentLog,
  redactor: createRedactor(),
  sshConfigFile: '/nowhere',
  keepalive: { intervalMs: 500, count: 3 },
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-connection-'));
  hosts = await realHosts(2);
});

afterEach(() => Promise.all(open.splice(0).map((connection) => connection.close())));

afterAll(async () => {
  await hosts.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(fields: Partial<HostTarget> = {}, index = 0): Promise<Connection> {
  const connection = await reach(hosts.host(index).target(fields));
  open.push(connection);
  return connection;
}

async function processes(marker: string): Promise<string[]> {
  const all = await hosts.host(0).inside('ps', '-eo', 'stat=,args=');
  return all.split('\n').filter((line) => line.includes(marker) && !line.startsWith('Z'));
}

describe('running scripts', () => {
  test('as the login user, as root, and as a third one, in order', async () => {
    const host = await connect();
    const results = await Promise.all([
      host.exec('id -un; pwd'),
      host.exec('id -un; echo "$HOME"', { become: ROOT }),
      host.exec('id -un', { become: { ...ROOT, user: 'plain' } }),
      host.exec('exit 5'),
    ]);
    expect(results.map(({ stdout, code }) => [stdout, code])).toEqual([
      ['stars\n/home/stars\n', 0],
      ['root\n/root\n', 0],
      ['plain\n', 0],
      ['', 5],
    ]);
  });

  test('a batch of two hundred keeps its order', async () => {
    const host = await connect();
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const results = await Promise.all(numbers.map((n) => host.exec(`echo ${n}`, { become: ROOT })));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(numbers);
  });

  test('output of 50 MB is cut to its limit', async () => {
    const host = await connect();
    const { stdout, truncated } = await host.exec(
      'echo first; head -c 50000000 /dev/zero | tr "\\0" x; echo; echo last',
    );
    expect(truncated).toBe(true);
    expect(stdout.length).toBeLessThan(1_100_000);
    expect(stdout.startsWith('first\nx')).toBe(true);
    expect(stdout.endsWith('x\nlast\n')).toBe(true);
  });

  test.each([
    ['bash with a noisy .bashrc', 'echo Hello from bashrc; echo and this >&2; PS1=x'],
    ['a .bashrc that fails', 'no-such-command; false'],
  ])('%s does not disturb', async (_title, bashrc) => {
    const host = await connect();
    await host.exec(
      `printf '%s\\n' '${bashrc}' >~/.bashrc.new; cat ~/.bashrc >>~/.bashrc.new; cp ~/.bashrc ~/.bashrc.old; mv ~/.bashrc.new ~/.bashrc`,
    );
    const noisy = await connect();
    expect(await noisy.exec('echo clean')).toEqual({ code: 0, stdout: 'clean\n', stderr: '', truncated: false });
    await host.exec('mv ~/.bashrc.old ~/.bashrc');
  });

  test('works where /bin/sh is bash, and where it is busybox', async () => {
    const host = await connect();
    for (const shell of ['bash', 'busybox']) {
      await host.exec(`ln -sf ${shell} /bin/sh`, { become: ROOT });
      const other = await connect();
      expect((await other.exec('id -un; exit 3', { become: ROOT })).code).toBe(3);
      expect((await other.exec("echo 'open", { become: ROOT })).code).not.toBe(0);
      await other.upload(randomBytes(300_000), `/root/by-${shell}`, { become: ROOT });
      expect((await other.exec(`wc -c </root/by-${shell}`, { become: ROOT })).stdout).toBe('300000\n');
    }
    await host.exec('ln -sf dash /bin/sh', { become: ROOT });
  });

  test('what is cancelled is ended on the host, though it runs as root', async () => {
    const host = await connect();
    const controller = new AbortController();
    const running = host.exec('sh -c "echo on; sleep 4321" & wait', {
      become: ROOT,
      signal: controller.signal,
      onOutput: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED', message: 'alpha0: cancelled.' });
    expect(await processes('sleep 4321')).toEqual([]);
    expect((await host.exec('id -un', { become: ROOT })).stdout).toBe('root\n');
  });

  test('what detached itself from a cancelled script is ended too, when asked; what an earlier one left running is not', async () => {
    const host = await connect();
    await host.exec('setsid sleep 4330 >/dev/null 2>&1 &', { become: ROOT, endDetached: true });
    const controller = new AbortController();
    const script = [
      'setsid sleep 4331 >/dev/null 2>&1 &',
      'nohup sleep 4332 >/dev/null 2>&1 &',
      '(setsid sh -c "sleep 4333 & sleep 4334" >/dev/null 2>&1 &)',
      'perl -e \'exit if fork; use POSIX; POSIX::setsid(); exit if fork; exec "sleep", "4335"\' >/dev/null 2>&1',
      'echo on; sleep 4336',
    ].join('\n');
    const running = host.exec(script, {
      become: ROOT,
      endDetached: true,
      signal: controller.signal,
      onOutput: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await processes('sleep 433')).toEqual([expect.stringContaining('sleep 4330')]);
    await hosts.host(0).inside('pkill', '-f', 'sleep 4330');
  });

  test('what takes too long is ended on the host', async () => {
    const host = await connect();
    await expect(host.exec('sleep 4322', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await processes('sleep 4322')).toEqual([]);
  });

  test('a shell killed on the host is UNREACHABLE with an unknown outcome, and the connection goes on', async () => {
    const host = await connect();
    const killed = host.exec('kill -KILL $$; sleep 1', { become: ROOT });
    await expect(killed).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/outcome .* unknown/),
    });
    expect((await host.exec('id -un', { become: ROOT })).stdout).toBe('root\n');
  });

  test('closing leaves no process of ours', async () => {
    const host = await connect();
    const running = host.exec('echo on; sleep 4323', { become: ROOT, onOutput: () => void host.close() });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await host.close();
    expect(await processes('sleep 4323')).toEqual([]);
    expect(await processes('sshd: stars')).toEqual([]);
  });
});

describe('uploading', () => {
  test.each([
    ['small', 1000],
    ['large', 5_000_000],
  ])('%s binary content arrives exactly, owned by the user it is for', async (_title, bytes) => {
    const host = await connect();
    const content = randomBytes(bytes);
    const path = `/root/uploaded ${bytes}`;
    await host.upload(content, path, { become: ROOT });
    const { stdout } = await host.exec(`sha256sum '${path}' | cut -d' ' -f1; stat -c '%U %a' '${path}'`, {
      become: ROOT,
    });
    expect(stdout).toBe(`${createHash('sha256').update(content).digest('hex')}\nroot 600\n`);
  });

  test('a stream of 120 MB', async () => {
    const host = await connect();
    const piece = randomBytes(1_000_000);
    const hash = createHash('sha256');
    function* pieces() {
      for (let index = 0; index < 120; index++) {
        hash.update(piece);
        yield piece;
      }
    }
    await host.upload(Readable.from(pieces()), '/var/tmp/stream');
    const { stdout } = await host.exec('sha256sum </var/tmp/stream; rm /var/tmp/stream');
    expect(stdout).toContain(hash.digest('hex'));
  });

  test('a full disk is said so and leaves nothing', async () => {
    const host = await connect();
    await host.exec('mkdir /mnt/small && mount -t tmpfs -o size=1m tmpfs /mnt/small', { become: ROOT });
    await expect(host.upload(randomBytes(3_000_000), '/mnt/small/file', { become: ROOT })).rejects.toMatchObject({
      message: expect.stringContaining('No space left on device'),
    });
    expect((await host.exec('ls -A /mnt/small; umount /mnt/small', { become: ROOT })).stdout).toBe('');
  });

  test.each([
    ['small', 1000],
    ['large', 300_000],
  ])('a temporary file of %s content that was not moved away goes with the connection', async (_title, bytes) => {
    const host = await connect();
    await host.upload(randomBytes(bytes), '/root/moved', { become: ROOT, temporary: true });
    await host.upload(randomBytes(bytes), "/root/it's left", { become: ROOT, temporary: true });
    await host.exec('mv /root/moved /root/final', { become: ROOT });
    await hosts.host(0).inside('pkill', '-KILL', '-f', 'sshd: stars@notty');
    const again = await connect();
    const { stdout } = await again.exec(
      'for n in 1 2 3 4 5 6 7 8 9; do [ -e "/root/it\'s left" ] || break; sleep 0.1; done; ls /root; rm /root/final',
      { become: ROOT },
    );
    expect(stdout.trim().split('\n')).not.toContain("it's left");
    expect(stdout).toContain('final');
  });

  test('a connection lost in the middle leaves no half file', async () => {
    const host = await connect();
    async function* endless() {
      for (let index = 0; ; index++) {
        if (index === 30) await hosts.host(0).inside('pkill', '-KILL', '-f', 'sshd: stars@notty');
        yield randomBytes(65_536);
      }
    }
    await expect(host.upload(Readable.from(endless()), '/var/tmp/half', { become: ROOT })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    const again = await connect();
    const { stdout } = await again.exec(
      'for n in 1 2 3 4 5 6 7 8 9; do [ -e /var/tmp/half ] || break; sleep 0.1; done; ls /var/tmp',
    );
    expect(stdout).not.toContain('half');
  });
});

describe('becoming root', () => {
  const password = PW_PASSWORD;

  test('with a password', async () => {
    const host = await connect({ user: 'pw' });
    expect((await host.exec('id -un; cat', { become: { ...ROOT, password } })).stdout).toBe('root\n');
  });

  test('with su and a password', async () => {
    const host = await connect({ user: 'stars' });
    expect((await host.exec('id -un', { become: { user: 'pw', method: 'su', password } })).stdout).toBe('pw\n');
  });

  test.each([
    ['the password is wrong', 'pw', { ...ROOT, password: 'not the one' }, 'the password is wrong.'],
    ['none is given', 'pw', ROOT, 'a password is required and none is configured.'],
    ['the user may not', 'plain', ROOT, 'cannot become root with sudo'],
    ['su refuses', 'plain', { user: 'root', method: 'su' as const, password: 'x' }, 'cannot become root with su'],
    ['nobody has that name', 'stars', { ...ROOT, user: 'nemo' }, 'there is no user nemo on the host.'],
  ])('BECOME when %s, and the connection goes on', async (_title, user, become, words) => {
    const host = await connect({ user });
    await expect(host.exec('true', { become })).rejects.toMatchObject({
      code: 'BECOME',
      message: expect.stringContaining(words),
    });
    expect((await host.exec('id -un')).stdout).toBe(`${user}\n`);
  });

  test('BECOME when sudo is not there', async () => {
    const host = await connect();
    await host.exec('mv /usr/bin/sudo /usr/bin/sudo.away', { become: ROOT });
    const other = await connect();
    await expect(other.exec('true', { become: ROOT })).rejects.toMatchObject({
      code: 'BECOME',
      message: 'alpha0: cannot become root with sudo: sudo is not installed.',
    });
    await host.exec('mv /usr/bin/sudo.away /usr/bin/sudo', { become: ROOT });
  });
});

describe('host keys and logins of OpenSSH', () => {
  function knownHosts(text: string): string[] {
    const file = join(folder, `known-${Math.random()}`);
    writeFileSync(file, text);
    return [file];
  }

  const keysOf = (name: string) => hosts.hostKeys.get(name) ?? [];

  test('unknown, then added as advised', async () => {
    const { address } = hosts.host(0);
    const knownHostsFiles = knownHosts('');
    const refusal = (await connect({ knownHostsFiles }).catch((error: unknown) => error)) as {
      code: string;
      hint: string;
    };
    expect(refusal.code).toBe('HOST_KEY');
    const line = refusal.hint.split('\n').at(-1) ?? '';
    expect(keysOf('alpha0').map((key) => `${address} ${key}`)).toContain(line);
    const host = await connect({ knownHostsFiles: knownHosts(`${line}\n`) });
    expect((await host.exec('hostname')).stdout).toBe('alpha0\n');
  });

  test('changed', async () => {
    const { address } = hosts.host(0);
    const knownHostsFiles = knownHosts(`${address} ${keysOf('alpha1')[0]}\n`);
    await expect(connect({ knownHostsFiles })).rejects.toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringContaining('has changed'),
    });
  });

  test.each([0, 1, 2])('hashed by ssh-keygen, key %i alone', async (index) => {
    const [file = ''] = knownHosts(`${hosts.host(0).address} ${keysOf('alpha0')[index]}\n`);
    await run('ssh-keygen', ['-q', '-H', '-f', file]);
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    expect((await (await connect({ knownHostsFiles: [file] })).exec('hostname')).stdout).toBe('alpha0\n');
  });

  test('a wrong key', async () => {
    const wrong = join(folder, 'wrong');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', wrong]);
    await expect(connect({ privateKeyFiles: [wrong] })).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: `alpha0: ${hosts.host(0).address} does not let stars in. Tried: key ${wrong}.`,
    });
  });

  test.each([
    [
      'revoked',
      (address: string) => keysOf('alpha0').map((key) => `@revoked ${address} ${key}\n${address} ${key}\n`),
      /is revoked/,
    ],
    ['known by an authority alone', () => keysOf('alpha1').map((key) => `@cert-authority * ${key}\n`), /is unknown/],
  ])('a key that is %s is refused', async (_title, lines, words) => {
    const knownHostsFiles = knownHosts(lines(hosts.host(0).address).join(''));
    await expect(connect({ knownHostsFiles })).rejects.toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringMatching(words),
    });
  });

  test('a key with a passphrase is refused with advice, and taken from an agent', async () => {
    const locked = join(folder, 'locked');
    await run('cp', [hosts.privateKeyFile, locked]);
    await run('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'of the key', '-f', locked]);
    await expect(connect({ privateKeyFiles: [locked] })).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: expect.stringContaining(`key ${locked} has a passphrase (load it into an agent: ssh-add ${locked})`),
    });
    const agentSocket = join(folder, 'agent');
    const said = await run('ssh-agent', ['-a', agentSocket]);
    await run('env', [`SSH_AUTH_SOCK=${agentSocket}`, 'ssh-add', '-q', hosts.privateKeyFile]);
    const host = await connect({ privateKeyFiles: [locked], agentSocket });
    expect((await host.exec('id -un')).stdout).toBe('stars\n');
    process.kill(Number(/pid (\d+)/.exec(said)?.[1]));
  });

  test('a host that allows one session on a connection is told apart, and that one works', async () => {
    const file = '/etc/ssh/sshd_config.d/one.conf';
    await hosts.host(0).inside('sh', '-c', `echo MaxSessions 1 >${file}; systemctl restart ssh`);
    const host = await connect();
    expect((await host.exec('id -un')).stdout).toBe('stars\n');
    await expect(host.exec('id -un', { become: ROOT })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      hint: expect.stringContaining('MaxSessions'),
    });
    expect((await host.exec('id -un')).stdout).toBe('stars\n');
    await hosts.host(0).inside('sh', '-c', `rm ${file}; systemctl restart ssh`);
  });

  test('a jump host', async () => {
    const { address } = hosts.host(1);
    const host = await connect({ proxyJump: `root@${address}` });
    const { stdout } = await host.exec('echo "$SSH_CONNECTION"');
    expect(stdout.split(' ')[0]).toBe(address);
  });
});

describe('a host that stops answering', () => {
  test('is UNREACHABLE in bounded time while the other goes on', async () => {
    const frozen = await connect({}, 1);
    const running = frozen.exec('sleep 4324');
    hosts.host(1).freeze();
    const others = connect().then((host) => host.exec('echo fine'));
    await expect(running).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect((await others).stdout).toBe('fine\n');
    await expect(connect({ connectTimeoutMs: 500 }, 1)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^alpha1: .* did not answer within 0.5 s/),
    });
    hosts.host(1).thaw();
    expect((await (await connect({}, 1)).exec('echo back')).stdout).toBe('back\n');
  });

  test('is UNREACHABLE when its power fails', async () => {
    const host = await connect({}, 1);
    const running = host.exec('echo on; sleep 4325', { onOutput: () => void hosts.host(1).kill() });
    await expect(running).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^alpha1: .*unknown/),
    });
    await expect(connect({ connectTimeoutMs: 500 }, 1)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});
