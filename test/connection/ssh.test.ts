import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as netConnect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import type { Become, Connection, HostTarget } from '../../src/connection/connection.js';
import { createSshConnect, type SshConnectOptions } from '../../src/connection/ssh.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import { newKey, publicKey, startAgent, startSshServer, type SshServerOptions } from './ssh-server.js';

const open: { close(): Promise<void> }[] = [];
const servers: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: SshServerOptions = {}) {
  const server = await startSshServer(options);
  servers.push(server);
  return server;
}

async function connect(
  target: HostTarget,
  options: Partial<SshConnectOptions> = {},
  signal?: AbortSignal,
): Promise<Connection> {
  const reach = createSshConnect({
    log: silentLog,
    redactor: createRedactor(),
    sshConfigFile: '/nowhere',
    agentSocket: 'none',
    ...options,
  });
  const connection = await reach(target, signal);
  open.push(connection);
  return connection;
}

describe('running scripts over SSH', () => {
  test('gives code and both streams, in the order of the calls', async () => {
    const host = await connect((await serve()).target());
    const results = await Promise.all([1, 2, 3].map((n) => host.exec(`echo ${n}; echo e${n} >&2; exit ${n}`)));
    expect(results.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
      [1, '1\n', 'e1\n'],
      [2, '2\n', 'e2\n'],
      [3, '3\n', 'e3\n'],
    ]);
  });

  test('passes over what the login shell prints', async () => {
    const server = await serve({ loginNoise: 'echo Welcome to alpha; echo mind the gap >&2; printf %05000d 0' });
    const host = await connect(server.target());
    expect(await host.exec('echo clean')).toMatchObject({ stdout: 'clean\n', stderr: '' });
  });

  test('a login shell that runs nothing is said so, with its words', async () => {
    const server = await serve({ loginNoise: 'echo This account is closed.; exit 1' });
    const host = await connect(server.target());
    await expect(host.exec('true')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'alpha: the login shell ended with exit code 1: This account is closed.',
    });
  });

  test('a lost connection leaves the running script with an unknown outcome', async () => {
    const server = await serve();
    const host = await connect(server.target());
    const running = host.exec('while echo on; do sleep 0.05; done', { onOutput: () => server.drop() });
    const behind = host.exec('echo behind');
    await expect(running).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^alpha: .* outcome .* unknown/),
    });
    await expect(behind).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/had not begun/),
    });
    await expect(host.exec('true')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('a host that freezes while a script runs is unreachable after as many questions as it may leave open', async () => {
    const server = await serve();
    const target = server.target();
    const sockets: Socket[] = [];
    const between = createServer((near) => {
      const far = netConnect(target.port, target.address);
      sockets.push(
        near.on('error', () => {}),
        far.on('error', () => {}),
      );
      near.pipe(far);
      far.pipe(near);
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const { port } = between.address() as AddressInfo;
    const [knownHosts = ''] = target.knownHostsFiles;
    writeFileSync(knownHosts, readFileSync(knownHosts, 'utf8').replaceAll(`]:${target.port}`, `]:${port}`));
    const host = await connect({ ...target, port }, { keepalive: { intervalMs: 50, count: 2 } });
    const freeze = () => {
      for (const socket of sockets) socket.unpipe().pause();
    };
    await expect(host.exec('echo on; sleep 1000', { onOutput: freeze })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^alpha: .* outcome .* unknown/),
    });
    for (const socket of sockets) socket.destroy();
    between.close();
  });

  test('a cancelled script is ended and the connection stays usable', async () => {
    const host = await connect((await serve()).target());
    const controller = new AbortController();
    const running = host.exec('echo on; sleep 1000', { signal: controller.signal, onOutput: () => controller.abort() });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await host.exec('echo after')).stdout).toBe('after\n');
  });

  test('uploads large content exactly', async () => {
    const server = await serve();
    const host = await connect(server.target());
    const content = randomBytes(2_000_000);
    await host.upload(content, join(server.folder, 'large'));
    expect(readFileSync(join(server.folder, 'large')).equals(content)).toBe(true);
  });

  test('closing ends the connection', async () => {
    const server = await serve();
    const host = await connect(server.target());
    await host.exec('true');
    await host.close();
    await expect(host.exec('true')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'alpha: the connection is closed.',
    });
  });
});

describe('host keys', () => {
  test('an unknown one is refused with its fingerprint and the line to add', async () => {
    const key = newKey();
    const server = await serve({ hostKeys: [key] });
    const files = [join(server.folder, 'known'), '/etc/also'];
    const refusal: unknown = await connect(server.target({ knownHostsFiles: files })).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringMatching(
        /^alpha: the host key of 127\.0\.0\.1 is unknown \(ssh-ed25519 SHA256:[\w+/]{43}\)\.$/,
      ),
      hint: expect.stringContaining(`${files[0]}:\n[127.0.0.1]:${server.port} ${publicKey(key)}`),
    });
  });

  test('the line from the advice is accepted', async () => {
    const server = await serve();
    const file = join(server.folder, 'known');
    const target = server.target({ knownHostsFiles: [file] });
    const refusal = (await connect(target).catch((error: unknown) => error)) as { hint: string };
    writeFileSync(file, `${refusal.hint.split('\n').at(-1)}\n`);
    expect((await (await connect(target)).exec('echo in')).stdout).toBe('in\n');
  });

  test('a changed one is refused with both fingerprints and the place of the old one', async () => {
    const server = await serve();
    const file = join(server.folder, 'known');
    writeFileSync(file, `# old\n[127.0.0.1]:${server.port} ${publicKey(newKey())}\n`);
    await expect(connect(server.target({ knownHostsFiles: [file] }))).rejects.toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringMatching(/has changed: SHA256:\S{43} is known, SHA256:\S{43} was shown/),
      where: { file, line: 2 },
    });
  });

  test('a hashed name is found', async () => {
    const key = newKey();
    const server = await serve({ hostKeys: [key] });
    const salt = randomBytes(20);
    const hash = createHmac('sha1', salt).update(`[127.0.0.1]:${server.port}`).digest('base64');
    const file = join(server.folder, 'known');
    writeFileSync(file, `|1|${salt.toString('base64')}|${hash} ${publicKey(key)}\n`);
    expect((await (await connect(server.target({ knownHostsFiles: [file] }))).exec('echo in')).stdout).toBe('in\n');
  });

  test.each(['ed25519', 'ecdsa', 'rsa'] as const)(
    'the host shows its %s key when that is the one we know',
    async (type) => {
      const keys = { ed25519: newKey(), ecdsa: newKey('ecdsa'), rsa: newKey('rsa') };
      const server = await serve({ hostKeys: Object.values(keys) });
      const file = join(server.folder, 'known');
      writeFileSync(file, `[127.0.0.1]:${server.port} ${publicKey(keys[type])}\n`);
      expect((await (await connect(server.target({ knownHostsFiles: [file] }))).exec('echo in')).stdout).toBe('in\n');
    },
  );
});

describe('logging in', () => {
  test('a wrong key names user, address and what was tried', async () => {
    const server = await serve();
    const wrong = join(server.folder, 'wrong');
    writeFileSync(wrong, newKey());
    await expect(connect(server.target({ privateKeyFiles: [wrong] }))).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: `alpha: 127.0.0.1 does not let ops in. Tried: key ${wrong}.`,
    });
  });

  test('a wrong user is refused likewise', async () => {
    const server = await serve();
    await expect(connect(server.target({ user: 'mallory' }))).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: expect.stringContaining('does not let mallory in'),
    });
  });

  test('the second of two keys is tried', async () => {
    const server = await serve();
    const wrong = join(server.folder, 'wrong');
    writeFileSync(wrong, newKey());
    const host = await connect(server.target({ privateKeyFiles: [wrong, server.privateKeyFile] }));
    expect((await host.exec('echo in')).stdout).toBe('in\n');
  });

  test('a password serves where no key does, and is kept out of errors', async () => {
    const server = await serve({ password: 'open sesame' });
    const host = await connect(server.target({ privateKeyFiles: [], password: 'open sesame' }));
    expect((await host.exec('echo in')).stdout).toBe('in\n');
    const refusal: unknown = await connect(server.target({ privateKeyFiles: [], password: 'wrong word' })).catch(
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: 'AUTHENTICATION', message: expect.stringContaining('Tried: the password.') });
    expect(JSON.stringify(refusal)).not.toContain('wrong word');
  });

  test.each([
    ['a missing key', 'missing', undefined, 'does not exist'],
    [
      'an encrypted key',
      'locked',
      ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, passphrase: 'x', cipher: 'aes256-cbc' }).private,
      'has a passphrase (load it into an agent: ssh-add',
    ],
    ['a file that is no key', 'text', 'hello', 'cannot be understood'],
    ['a public key', 'id.pub', publicKey(newKey()), 'is a public key'],
  ])('%s is explained before anything is sent', async (_title, file, content, words) => {
    const server = await serve();
    const path = join(server.folder, file);
    if (content !== undefined) writeFileSync(path, content);
    await expect(connect(server.target({ privateKeyFiles: [path] }))).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: expect.stringContaining(words),
    });
    expect(server.connections()).toBe(0);
  });

  test.each(['in the file itself', 'in the file beside it', 'in the only file there is'])(
    'with IdentitiesOnly the agent is asked for a key whose file has a passphrase, and for no other: its public part stands %s',
    async (place) => {
      const passphrase = { passphrase: 'x', cipher: place === 'in the file itself' ? 'aes256-ctr' : 'aes256-cbc' };
      const locked = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, rounds: 1, ...passphrase });
      const server = await serve({ alsoAllowed: locked.public });
      const file = join(server.folder, 'locked');
      if (place === 'in the file itself') writeFileSync(file, locked.private);
      if (place === 'in the file beside it') {
        // The old form of keys says nothing without its passphrase.
        writeFileSync(
          file,
          '-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAA==\n-----END EC PRIVATE KEY-----\n',
        );
        writeFileSync(`${file}.pub`, locked.public);
      }
      if (place === 'in the only file there is') writeFileSync(file, locked.public);
      const own = ssh2.utils.parseKey(locked.private, 'x') as ParsedKey;
      const others = [newKey('ecdsa'), newKey()].map((key) => ssh2.utils.parseKey(key) as ParsedKey);
      const agent = await startAgent(server.folder, [...others, own]);
      servers.push(agent);
      const target = { privateKeyFiles: [file], agentSocket: agent.socketPath, identitiesOnly: true };
      const host = await connect(server.target(target));
      expect((await host.exec('echo in')).stdout).toBe('in\n');
      expect(server.offered()).toEqual([own.getPublicSSH().toString('base64')]);
    },
  );

  test('with IdentitiesOnly an agent is not asked for keys that no file names', async () => {
    const own = newKey('ecdsa');
    const server = await serve({ alsoAllowed: own });
    const wrong = join(server.folder, 'wrong');
    writeFileSync(wrong, newKey());
    const agent = await startAgent(server.folder, [ssh2.utils.parseKey(own) as ParsedKey]);
    servers.push(agent);
    const target = { privateKeyFiles: [wrong], agentSocket: agent.socketPath };
    await expect(connect(server.target({ ...target, identitiesOnly: true }))).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: expect.stringMatching(/Tried: key [^;]*wrong\.$/),
    });
    expect((await (await connect(server.target(target))).exec('echo in')).stdout).toBe('in\n');
  });

  test('an agent that is not there is one way less', async () => {
    const server = await serve();
    const host = await connect(server.target({ agentSocket: join(server.folder, 'no-agent') }));
    expect((await host.exec('echo in')).stdout).toBe('in\n');
  });
});

describe('hosts that cannot be reached', () => {
  test('a closed port', async () => {
    const server = await serve();
    const target = server.target();
    await server.stop();
    servers.length = 0;
    await expect(connect({ ...target, privateKeyFiles: [keyFile()] })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: `alpha: 127.0.0.1 port ${target.port} refuses connections.`,
    });
  });

  test('a name nobody knows', async () => {
    const server = await serve();
    await expect(connect(server.target({ address: 'no-such-host.invalid' }))).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'alpha: the name no-such-host.invalid cannot be resolved.',
    });
  });

  test('a port where something else answers, or nothing', async () => {
    const server = await serve();
    for (const [greeting, words] of [
      ['HTTP/1.1 400 Bad Request\r\n\r\n', /no SSH connection/],
      ['', /did not answer within 0.2 s/],
    ] as const) {
      const sockets = new Set<Socket>();
      const other = createServer((socket) => {
        sockets.add(socket.on('error', () => {}));
        if (greeting) socket.end(greeting);
      });
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      const attempt = connect(server.target({ port, connectTimeoutMs: 200 }));
      await expect(attempt).rejects.toMatchObject({ code: 'UNREACHABLE', message: expect.stringMatching(words) });
      for (const socket of sockets) socket.destroy();
      other.close();
    }
  });

  test('cancelling ends the attempt', async () => {
    const server = await serve();
    await expect(connect(server.target(), {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(server.connections()).toBe(0);
  });

  test('cancelling ends a login at a host that takes the connection and says nothing', async () => {
    const server = await serve();
    const cancel = new AbortController();
    const mute = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => cancel.abort());
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const attempt = connect(server.target({ port, connectTimeoutMs: 3_600_000 }), {}, cancel.signal);
    await expect(attempt).rejects.toMatchObject({ code: 'CANCELLED' });
    // Closing waits for the client's hanging up.
    await new Promise<void>((resolve) => mute.close(() => resolve()));
  });

  test.each(['cancelling', 'the time limit'])('%s ends the wait for a jump host that forwards nothing', async (end) => {
    const cancel = new AbortController();
    const jump = await serve({ onForward: () => end === 'cancelling' && cancel.abort() });
    const attempt = connect(
      jump.target({
        port: 9,
        proxyJump: `ops@127.0.0.1:${jump.port}`,
        connectTimeoutMs: end === 'cancelling' ? 3_600_000 : 300,
      }),
      {},
      cancel.signal,
    );
    const expected =
      end === 'cancelling' ? { code: 'CANCELLED' } : { code: 'UNREACHABLE', message: expect.stringContaining('0.3 s') };
    await expect(attempt).rejects.toMatchObject(expected);
  });

  function keyFile(): string {
    const path = join(process.env.TMPDIR ?? '/tmp', `stars-key-${process.pid}`);
    writeFileSync(path, newKey());
    return path;
  }
});

test('a jump host forwards, and its own key is checked', async () => {
  const [jump, behind] = [await serve(), await serve()];
  const known = join(jump.folder, 'both');
  const both = [jump, behind].map(({ target }) => readFileSync(target().knownHostsFiles[0] ?? '', 'utf8'));
  writeFileSync(known, both.join(''));
  const fields = {
    privateKeyFiles: [jump.privateKeyFile, behind.privateKeyFile],
    proxyJump: `ops@127.0.0.1:${jump.port}`,
  };
  const host = await connect(behind.target({ ...fields, knownHostsFiles: [known] }));
  expect((await host.exec('echo through')).stdout).toBe('through\n');
  expect(jump.forwarded()).toBe(1);
  writeFileSync(known, both[1] ?? '');
  await expect(connect(behind.target({ ...fields, knownHostsFiles: [known] }))).rejects.toMatchObject({
    code: 'HOST_KEY',
    message: expect.stringContaining('alpha (jump host 127.0.0.1): the host key'),
  });
});

describe('becoming another user', () => {
  const root: Become = { user: 'root', method: 'sudo' };

  /** A sudo that asks as the real one does: for `right` once, wrong ones are asked for again. */
  function withSudo(script: string) {
    return withProgram('sudo', script);
  }

  async function withProgram(name: string, script: string) {
    const server = await serve();
    const programs = join(server.folder, 'bin');
    mkdirSync(programs);
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}`);
    chmodSync(join(programs, name), 0o755);
    const behind = await serve({ programs });
    return connect(behind.target());
  }

  const RUN = 'while [ "$1" != -- ]; do shift; done; shift; BECAME=yes exec "$@"';
  const ASK = `prompt=; for word; do [ "$last" = -p ] && prompt=$word; last=$word; done
    for try in 1 2 3; do printf %s "$prompt" >&2; read -r answer; [ "$answer" = 'right: word' ] && { ${RUN}; }; echo 'Sorry, try again.' >&2; done
    echo 'sudo: 3 incorrect password attempts' >&2; exit 1`;

  test('without a password', async () => {
    const host = await withSudo(RUN);
    expect((await host.exec('echo "$BECAME"', { become: root })).stdout).toBe('yes\n');
    expect((await host.exec('echo "$BECAME"')).stdout).toBe('\n');
  });

  test('with a password, given only when asked', async () => {
    for (const sudo of [ASK, RUN]) {
      const host = await withSudo(sudo);
      const become = { ...root, password: 'right: word' };
      expect((await host.exec('echo "$BECAME"; cat', { become })).stdout).toBe('yes\n');
      await host.upload(randomBytes(200_000), `/tmp/stars-test-${process.pid}`, { become });
      expect(
        (await host.exec(`wc -c </tmp/stars-test-${process.pid}; rm /tmp/stars-test-${process.pid}`, { become }))
          .stdout,
      ).toBe('200000\n');
    }
  });

  test.each([
    [
      'a wrong password',
      ASK,
      { ...root, password: 'wrong: word' },
      'alpha: cannot become root with sudo: the password is wrong.',
    ],
    [
      'no password',
      `echo 'sudo: a password is required' >&2; exit 1`,
      root,
      'a password is required and none is configured.',
    ],
    [
      'no rights',
      `echo 'ops is not in the sudoers file.' >&2; exit 1`,
      root,
      'the login user has no right to (ops is not in the sudoers file.)',
    ],
    [
      'a terminal wanted',
      `echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1`,
      root,
      'sudo wants a terminal.',
    ],
    [
      'an unknown user',
      `echo 'sudo: unknown user nobody2' >&2; exit 1`,
      { ...root, user: 'nobody2' },
      'there is no user nobody2 on the host.',
    ],
    ['an unknown complaint', `echo 'sudo: Nein.' >&2; exit 1`, root, 'cannot become root with sudo: sudo: Nein.'],
  ])('%s is BECOME with what to do', async (_title, sudo, become, words) => {
    const host = await withSudo(sudo);
    const refusal: unknown = await host.exec('true', { become }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'BECOME',
      message: expect.stringContaining(words),
      hint: expect.stringMatching(/\w/),
    });
    expect((await host.exec('echo still')).stdout).toBe('still\n');
  });

  test.each(['Password: ', 'Passwort:', '密码：'])('with su, which asks “%s”', async (prompt) => {
    const host = await withProgram(
      'su',
      `printf %s '${prompt}' >&2; read -r answer
      [ "$answer" = 'right: word' ] || { echo 'su: Authentication failure' >&2; exit 1; }
      while [ "$1" != -c ]; do shift; done; BECAME=yes exec sh -c "$2"`,
    );
    const become: Become = { user: 'db', method: 'su', password: 'right: word' };
    expect((await host.exec('echo "$BECAME"; cat', { become })).stdout).toBe('yes\n');
    await expect(host.exec('true', { become: { ...become, password: 'wrong' } })).rejects.toMatchObject({
      code: 'BECOME',
      message: 'alpha: cannot become db with su: the password is wrong.',
    });
    await expect(host.exec('true', { become: { user: 'db', method: 'su' } })).rejects.toMatchObject({
      code: 'BECOME',
      message: expect.stringContaining('a password is required'),
    });
  });

  test('with flags and a program of its own, each a shell of its own', async () => {
    const host = await withSudo(`export FLAGS="$*"; ${RUN}`);
    const flags = async (become: Become) => (await host.exec('echo "$FLAGS"', { become })).stdout;
    expect(await flags(root)).toBe('-H -n -u root -- /bin/sh\n');
    expect(await flags({ ...root, flags: '-E  -HSn -k' })).toBe('-E -H -k -n -u root -- /bin/sh\n');
    expect(await flags({ ...root, exe: 'env sudo' })).toBe('-H -n -u root -- /bin/sh\n');
    await expect(flags({ ...root, exe: '/no/such/sudo' })).rejects.toMatchObject({ code: 'BECOME' });
  });

  test('no sudo on the host', async () => {
    // As a shell says it: this machine may well have a sudo of its own.
    const host = await withSudo('echo "/bin/sh: 1: sudo: not found" >&2; exit 127');
    await expect(host.exec('true', { become: root })).rejects.toMatchObject({
      code: 'BECOME',
    });
  });

  test('scripts of two users keep the order of the calls', async () => {
    const host = await withSudo(RUN);
    const file = `/tmp/stars-order-${process.pid}`;
    await Promise.all([
      host.exec(`sleep 0.05; echo 1 >>${file}`, { become: root }),
      host.exec(`echo 2 >>${file}`),
      host.exec(`echo 3 >>${file}`, { become: root }),
    ]);
    expect((await host.exec(`cat ${file}; rm ${file}`)).stdout).toBe('1\n2\n3\n');
  });
});
