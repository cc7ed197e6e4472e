import { afterEach, expect, test } from '@jest/globals';
import { type AddressInfo, connect as dial, createServer, type Server, type Socket } from 'node:net';
import { createSshConnect } from '../../src/connection/ssh.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import { startSshServer } from './ssh-server.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** An SSH server behind a port that turns away the first connections, in the given manner. */
async function busy(turnedAway: number, refuse: (socket: Socket) => void, onConnection = (_count: number) => {}) {
  const server = await startSshServer();
  ends.push(() => server.stop());
  const sockets = new Set<Socket>();
  let count = 0;
  const port = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    count += 1;
    if (count <= turnedAway) refuse(socket);
    else relay(socket);
    onConnection(count);
  });
  function relay(socket: Socket): void {
    const inner = dial(server.port, '127.0.0.1');
    sockets.add(inner.on('error', () => {}));
    socket.pipe(inner).pipe(socket);
  }
  await listening(port);
  ends.push(async () => {
    for (const socket of sockets) socket.destroy();
    port.close();
  });
  const known = server.target();
  const target = { ...known, port: (port.address() as AddressInfo).port, hostKeyName: `[127.0.0.1]:${known.port}` };
  return { target, connections: () => count };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

const connect = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });

test.each([
  ['in the words of OpenSSH', (socket: Socket) => socket.end('Exceeded MaxStartups\r\n')],
  ['without a word', (socket: Socket) => socket.end()],
  ['with a reset', (socket: Socket) => socket.resetAndDestroy()],
])('a host that turns logins away %s is tried again until it takes one', async (_title, refuse) => {
  const { target, connections } = await busy(3, refuse);
  const host = await connect(target);
  ends.push(() => host.close());
  expect((await host.exec('echo in')).stdout).toBe('in\n');
  expect(connections()).toBe(4);
});

test('a host that turns all away is unreachable when a connection has taken as long as it may', async () => {
  const { target } = await busy(Infinity, (socket) => socket.end('Exceeded MaxStartups\r\n'));
  await expect(connect({ ...target, connectTimeoutMs: 1500 })).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(/^alpha: 127.0.0.1 port \d+: no SSH connection/),
    hint: expect.stringMatching(/^It closed the connection \d+ times\. .*MaxStartups/),
  });
});

test('a host that refuses the key is not asked again', async () => {
  const { target, connections } = await busy(0, () => {});
  await expect(connect({ ...target, user: 'nobody-of-that-name' })).rejects.toMatchObject({ code: 'AUTHENTICATION' });
  expect(connections()).toBe(1);
});

test('cancelling ends the waiting for a busy host', async () => {
  const cancel = new AbortController();
  const { target } = await busy(
    Infinity,
    (socket) => socket.end(),
    (count) => count === 2 && cancel.abort(),
  );
  await expect(connect({ ...target, connectTimeoutMs: 3_600_000 }, cancel.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
    message: 'alpha: cancelled while connecting.',
  });
});
