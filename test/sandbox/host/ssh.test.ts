import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Client, ClientChannel } from 'ssh2';
import { createKeyPair } from '../../../src/sandbox/host/ssh/keys.js';
import { oneHost } from './one-host.js';
import type { OneHost } from './one-host.js';

let one: OneHost;
beforeAll(async () => {
  one = await oneHost();
});
afterAll(() => one.stop());

type ConnectSettings = { username?: string; password?: string; privateKey?: string; sock?: Socket };

function connect(settings: ConnectSettings = {}): Promise<Client> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.once('ready', () => resolve(client));
    client.once('error', reject);
    const { username = 'stars', password, sock } = settings;
    const privateKey = settings.privateKey ?? (password === undefined ? one.hosts.clientPrivateKey : undefined);
    client.connect({
      host: '127.0.0.1',
      port: one.host.port,
      username,
      ...(password === undefined ? {} : { password }),
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(sock === undefined ? {} : { sock }),
    });
  });
}

function open(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
}

type Answer = { code: number | null; signal: string | undefined; stdout: Buffer; stderr: string };

function answer(channel: ClientChannel): Promise<Answer> {
  const out: Buffer[] = [];
  let stderr = '';
  let code: number | null = null;
  let signal: string | undefined;
  channel.on('data', (bytes: Buffer) => out.push(bytes));
  channel.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  channel.on('exit', (status: number | null, name?: string) => {
    code = status;
    signal = name;
  });
  return new Promise((resolve) =>
    channel.on('close', () => resolve({ code, signal, stdout: Buffer.concat(out), stderr })),
  );
}

function run(client: Client, command: string, stdin?: Buffer | string): Promise<Answer> {
  return new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      // At once: the exit status may be in the same packet as the reply.
      resolve(answer(channel));
      channel.end(stdin);
    }),
  );
}

describe('logging in', () => {
  test.each([
    ['stars by key', {}, 'stars\n'],
    ['root by key', { username: 'root' }, 'root\n'],
    ['pw by password', { username: 'pw', password: 'lab' }, 'pw\n'],
  ])('lets in %s', async (_title, settings, name) => {
    const client = await connect(settings);
    expect((await run(client, 'whoami')).stdout.toString()).toBe(name);
    client.end();
  });

  test.each([
    ['a wrong password', { username: 'pw', password: 'wrong' }],
    ['a password for a user without one', { username: 'stars', password: '' }],
    ['a user who is not there', { username: 'nobody-here', password: 'lab' }],
    ['a key that is not authorized', { username: 'stars', privateKey: createKeyPair('stranger').privateKey }],
    ['the right key of another user', { username: 'pw' }],
  ])('refuses %s', async (_title, settings) => {
    await expect(connect(settings)).rejects.toThrow(/authentication/);
  });

  test('asks the file authorized_keys of the host, as it is now', async () => {
    const pair = createKeyPair('pw');
    await one.host.run(
      `mkdir -p -m 700 ~pw/.ssh; echo '${pair.publicKey}' >~pw/.ssh/authorized_keys; chown -R pw: ~pw/.ssh; chmod 600 ~pw/.ssh/authorized_keys`,
    );
    (await connect({ username: 'pw', privateKey: pair.privateKey })).end();
    await one.host.run('chmod 666 ~pw/.ssh/authorized_keys');
    await expect(connect({ username: 'pw', privateKey: pair.privateKey })).rejects.toThrow(/authentication/);
  });
});

describe('a command over a channel', () => {
  let client: Client;
  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client.end());

  test('gives output, errors and exit code apart', async () => {
    expect(await run(client, 'echo out; echo err >&2; exit 3')).toEqual({
      code: 3,
      signal: undefined,
      stdout: Buffer.from('out\n'),
      stderr: 'err\n',
    });
  });

  test('reports the signal that ended it', async () => {
    expect(await run(client, 'kill -KILL $$')).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  test('takes 300 KB of any bytes from the channel into a file and gives them back', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 255));
    expect((await run(client, 'cat >/tmp/bytes; stat -c %s /tmp/bytes', bytes)).stdout.toString()).toBe('300000\n');
    expect((await run(client, 'cat /tmp/bytes')).stdout.equals(bytes)).toBe(true);
  });

  test('keeps the state of the host between connections', async () => {
    await run(client, 'sudo useradd remembered; touch /tmp/kept');
    const later = await connect();
    expect((await run(later, 'id -un remembered; ls /tmp/kept')).stdout.toString()).toBe('remembered\n/tmp/kept\n');
    later.end();
  });

  test('runs several channels side by side', async () => {
    const all = await Promise.all([1, 2, 3, 4].map((n) => run(client, `sleep 0.0${5 - n}; echo ${n}`)));
    expect(all.map(({ stdout }) => stdout.toString())).toEqual(['1\n', '2\n', '3\n', '4\n']);
  });

  test('sh runs each line as soon as it has come, and a command may read what follows its own line', async () => {
    const channel = await open(client, 'sudo -n -H -u root /bin/sh');
    const seen = lines(channel);
    channel.write('x=kept; cd /tmp; f() { echo "f $1"; }\n');
    channel.write('echo $x $PWD $(whoami)\n');
    expect(await seen.next()).toBe('kept /tmp root');
    channel.write('( echo in; exit 4 ) </dev/null; printf "%s %d\\n" NONCE $?\n');
    expect([await seen.next(), await seen.next()]).toEqual(['in', 'NONCE 4']);
    channel.write('if true\nthen\n');
    channel.write('f compound; fi\n');
    expect(await seen.next()).toBe('f compound');
    channel.write('read line; echo "read $line"\nthe next line\n');
    expect(await seen.next()).toBe('read the next line');
    channel.write('eval "if; then"; echo never\n');
    channel.end();
  });

  test('closing the channel hangs up what runs in it, but not what was set apart', async () => {
    const channel = await open(
      client,
      'setsid sleep 4242 & nohup sleep 4343 >/dev/null 2>&1 & sleep 4444 & echo up; sleep 4545',
    );
    await lines(channel).next();
    const closed = answer(channel);
    channel.close();
    await closed;
    const { stdout } = await one.host.run("ps -e -o args= | grep '^sleep 4[2-5]4' | sort");
    expect(stdout).toBe('sleep 4242\nsleep 4343\n');
    await one.host.run('pkill -f "sleep 4"');
  });

  test('a signal over the channel reaches the trap', async () => {
    const channel = await open(client, 'trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.01; done');
    const seen = lines(channel);
    await seen.next();
    const answered = answer(channel);
    channel.signal('TERM');
    expect(await seen.next()).toBe('caught');
    expect(await answered).toMatchObject({ code: 7 });
  });

  test('an endless writer waits for the client instead of filling memory', async () => {
    const channel = await open(client, 'yes');
    channel.pause();
    expect((await run(client, 'echo still here')).stdout.toString()).toBe('still here\n');
    channel.close();
  });

  test('the eleventh session of a connection is refused, as by a stock sshd', async () => {
    const crowded = await connect();
    const channels = await Promise.all(Array.from({ length: 10 }, () => open(crowded, 'sleep 100')));
    await expect(open(crowded, 'true')).rejects.toThrow(/open fail/i);
    for (const channel of channels) channel.close();
    crowded.end();
  });
});

describe('trouble', () => {
  test('a frozen host answers nothing until it thaws', async () => {
    const client = await connect();
    one.host.freeze();
    let answered = false;
    const running = run(client, 'echo thawed').then((result) => {
      answered = true;
      return result;
    });
    await one.host.run('sleep 0.05');
    expect(answered).toBe(false);
    one.host.thaw();
    expect((await running).stdout.toString()).toBe('thawed\n');
    client.end();
  });

  test('logins and connections can be refused and dropped', async () => {
    const client = await connect();
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.on('error', () => {});
    one.host.dropConnections();
    await closed;
    one.host.refuseLogins();
    await expect(connect()).rejects.toThrow(/authentication/);
    one.host.refuseLogins(false);
    one.host.refuseConnections();
    await expect(connect()).rejects.toThrow();
    one.host.refuseConnections(false);
    (await connect()).end();
  });

  test.each([
    ['password', 'sudo: a password is required\n', 1],
    ['tty', 'sudo: sorry, you must have a tty to run sudo\n', 1],
    ['missing', 'sh: sudo: command not found\n', 127],
  ] as const)('sudo fails by %s as the real one does', async (fault, stderr, code) => {
    one.host.breakSudo(fault);
    expect(await one.host.run('sudo -n true', { user: 'stars' })).toMatchObject({ code, stderr });
    one.host.breakSudo('none');
    expect(await one.host.run('sudo -n true', { user: 'stars' })).toMatchObject({ code: 0 });
  });

  test('sudo asks for a password on standard error and takes it from standard input', async () => {
    const asked = await one.host.run('sudo -H -S -p "secret? " -u root whoami', { user: 'pw', stdin: 'lab\n' });
    expect(asked).toEqual({ code: 0, stdout: 'root\n', stderr: 'secret? ' });
    const wrong = await one.host.run('sudo -S -p ? whoami', { user: 'pw', stdin: 'bad\n' });
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('Sorry, try again.');
  });
});

describe('SFTP', () => {
  test('writes, reads, lists, renames and removes', async () => {
    const client = await connect();
    const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
      client.sftp((error, opened) => (error ? reject(error) : resolve(opened))),
    );
    const call = <T>(act: (done: (error: Error | null | undefined, value?: T) => void) => void) =>
      new Promise<T | undefined>((resolve, reject) => act((error, value) => (error ? reject(error) : resolve(value))));
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index & 255));
    await call((done) => sftp.writeFile('/tmp/sent', bytes, { mode: 0o640 }, done));
    expect(((await call<Buffer>((done) => sftp.readFile('/tmp/sent', done))) as Buffer).equals(bytes)).toBe(true);
    expect((await one.host.run('stat -c "%U %a %s" /tmp/sent')).stdout).toBe('stars 640 100000\n');
    await call((done) => sftp.mkdir('/tmp/made', done));
    await call((done) => sftp.rename('/tmp/sent', '/tmp/made/moved', done));
    await call((done) => sftp.symlink('moved', '/tmp/made/link', done));
    const names = (await call<ssh2.FileEntryWithStats[]>((done) => sftp.readdir('/tmp/made', done))) ?? [];
    expect(names.map(({ filename }) => filename).sort()).toEqual(['link', 'moved']);
    await expect(call((done) => sftp.readFile('/etc/shadow', done))).rejects.toThrow(/Permission denied/);
    await expect(call((done) => sftp.rmdir('/tmp/made', done))).rejects.toThrow(/not empty/);
    await call((done) => sftp.unlink('/tmp/made/moved', done));
    client.end();
  });

  test('does and answers what was asked before the end, then ends with status 0', async () => {
    const socket = createConnection(one.host.port, '127.0.0.1');
    const client = await connect({ sock: socket });
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.subsys('sftp', (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    const answered = answer(channel);
    // The requests and the end arrive together.
    socket.cork();
    channel.once('finish', () => socket.uncork());
    const hello = Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]);
    const path = Buffer.from('/tmp/asked');
    const makeFolder = Buffer.from([0, 0, 0, 13 + path.length, 14, 0, 0, 0, 7, 0, 0, 0, path.length]);
    channel.end(Buffer.concat([hello, makeFolder, path, Buffer.alloc(4)]));
    const { code, stdout } = await answered;
    const [version, status, ok] = [
      [0, 0, 0, 5, 2, 0, 0, 0, 3],
      [101, 0, 0, 0, 7],
      [0, 0, 0, 0],
    ];
    expect(code).toBe(0);
    expect([...stdout.subarray(0, 9), ...stdout.subarray(13, 22)]).toEqual([...version, ...status, ...ok]);
    expect((await one.host.run('stat -c %F /tmp/asked')).stdout).toBe('directory\n');
    client.end();
  });
});

/** Lines of a channel one after another. */
function lines(channel: ClientChannel): { next(): Promise<string> } {
  const ready: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = '';
  channel.on('data', (bytes: Buffer) => {
    const parts = (rest + bytes.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      const taker = waiting.shift();
      if (taker) taker(line);
      else ready.push(line);
    }
  });
  return {
    next: () => new Promise((resolve) => (ready.length > 0 ? resolve(ready.shift() as string) : waiting.push(resolve))),
  };
}
