import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { createManualClock } from '../../src/clock.js';
import { readCertificates } from '../../src/report/certificates.js';

const TLS = join(import.meta.dirname, '..', 'fixtures', 'cluster', 'tls');
const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((done) => server.listen(0, host, done));
  return (server.address() as AddressInfo).port;
}

const tlsServer = () =>
  createServer({ key: readFileSync(join(TLS, 'server.key')), cert: readFileSync(join(TLS, 'server.pem')) });

const clock = createManualClock();

test('the certificate of each https address is read once, whoever signed it', async () => {
  let connections = 0;
  const server = tlsServer().on('connection', () => void (connections += 1));
  const port = await listening(server);
  const address = `127.0.0.1:${port}`;
  const found = await readCertificates([`https://${address}/a`, `https://${address}/b`, `http://${address}`], clock);
  expect(found).toEqual([{ what: `the certificate of ${address}`, validUntil: expect.any(Date) }]);
  // What openssl says of the fixture.
  expect(found[0]?.validUntil.toISOString()).toBe('2126-11-05T19:39:12.000Z');
  expect(connections).toBe(1);
});

test('a host is asked by its name, and an address of IPv6 without its brackets', async () => {
  const names: string[] = [];
  const named = createServer({
    key: readFileSync(join(TLS, 'server.key')),
    cert: readFileSync(join(TLS, 'server.pem')),
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  });
  const port = await listening(named, 'localhost');
  const other = await listening(tlsServer(), '::1');
  const found = await readCertificates([`https://localhost:${port}`, `https://[::1]:${other}`], clock);
  expect(found.map(({ what }) => what)).toEqual([
    `the certificate of localhost:${port}`,
    `the certificate of [::1]:${other}`,
  ]);
  expect(names).toEqual(['localhost']);
});

test('who shows none, or is not there, is left out', async () => {
  const plain = createTcpServer((socket) => void socket.end('HTTP/1.1 400 no\r\n\r\n'));
  const port = await listening(plain);
  await expect(readCertificates([`https://127.0.0.1:${port}`, 'https://127.0.0.1:1'], clock)).resolves.toEqual([]);
});

test('who takes a connection and says nothing is waited for five seconds', async () => {
  const time = createManualClock();
  let arrived: () => void = () => undefined;
  const someone = new Promise<void>((done) => (arrived = done));
  const silent = createTcpServer(() => arrived());
  const port = await listening(silent);
  const reading = readCertificates([`https://127.0.0.1:${port}`], time);
  await someone;
  await time.advance(5_000);
  await expect(reading).resolves.toEqual([]);
});
