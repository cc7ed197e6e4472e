import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Secret } from '../../src/secret.js';
import { openDatabase } from '../../src/store/database.js';
import { postgresTrouble } from '../../src/store/trouble.js';

const PLACE = 'The PostgreSQL database stars at db:5432';

async function served(onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const opened = (port: number) =>
  openDatabase({
    databaseUrl: new Secret(`postgresql://stars:tell-nobody@127.0.0.1:${port}/runs`),
    dataFolder: '/nowhere',
  });

test('a PostgreSQL that does not answer is told by where it should be, without the password', async () => {
  const { server, port } = await served(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  const error = await opened(port).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'STORE',
    message: `The PostgreSQL database runs at 127.0.0.1:${port} could not be used: connect ECONNREFUSED 127.0.0.1:${port}.`,
    hint: expect.stringContaining('See that PostgreSQL runs there'),
  });
  expect(JSON.stringify(error)).not.toContain('tell-nobody');
});

test('so is one that breaks the connection', async () => {
  const { server, port } = await served((socket) => socket.destroy());
  await expect(opened(port)).rejects.toMatchObject({
    code: 'STORE',
    message: expect.stringContaining(`runs at 127.0.0.1:${port} could not be used: `),
    hint: expect.stringContaining('See that PostgreSQL runs there'),
  });
  await new Promise((resolve) => server.close(resolve));
});

test.each([
  ['57P01', 'terminating connection due to administrator command', 'wait until it runs again'],
  ['57014', 'canceling statement due to statement timeout', 'pg_stat_activity'],
  ['28P01', 'password authentication failed for user "stars"', 'user and the password'],
  ['3D000', 'database "stars" does not exist', 'Make the database'],
  ['25006', 'cannot execute INSERT in a read-only transaction', 'no standby'],
  ['53100', 'could not extend file: No space left on device', 'Make room'],
  ['53300', 'sorry, too many clients already', 'how many connections'],
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND db', 'this machine reaches it'],
])('%s is told with what to do about it', (code, message, hint) => {
  expect(postgresTrouble(PLACE, Object.assign(new Error(message), { code }))).toMatchObject({
    code: 'STORE',
    message: `${PLACE} could not be used: ${message}.`,
    hint: expect.stringContaining(hint),
  });
});

test('a name whose addresses all refuse is told by the first of them', () => {
  const refused = new Error('connect ECONNREFUSED ::1:5432');
  const error = Object.assign(new AggregateError([refused], ''), { code: 'ECONNREFUSED' });
  expect(postgresTrouble(PLACE, error)).toMatchObject({ message: `${PLACE} could not be used: ${refused.message}.` });
});

test('a mistake in a statement stays what it is', () => {
  const error = Object.assign(new Error('syntax error at or near "selekt"'), { code: '42601' });
  expect(postgresTrouble(PLACE, error)).toBe(error);
});
