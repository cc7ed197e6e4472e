import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { systemClock } from '../../../src/clock.js';
import { askAdmin } from '../../../src/cluster/zookeeper/admin.js';
import { createZooKeeper } from '../../../src/cluster/zookeeper/client.js';
import { ask } from '../../../src/cluster/zookeeper/four-letter-word.js';
import { judgeEnsemble } from '../../../src/cluster/probes.js';
import { frameReader, juteReader, juteWriter, type JuteReader, NO_NODE } from '../../../src/cluster/zookeeper/jute.js';
import { failureOf, httpTo } from '../../cluster/serve.js';
import { asker, startPractice, type Practice } from './support.js';

let practice: Practice;
afterEach(() => practice.stop());

const say = (word: Parameters<typeof ask>[1]) =>
  ask(practice.zookeeper[0] ?? '', word, { clock: systemClock, timeoutMs: 5_000 });
const admin = (path: string) => asker(practice.zookeeperAdmin[0] ?? '')('GET', path);
const fixture = (name: string) => JSON.parse(readFileSync(`test/fixtures/cluster/zookeeper/${name}`, 'utf8')) as object;

const CREATE = 1;
const EXISTS = 3;
const SET_DATA = 5;
const SET_WATCHES = 101;
const CLOSE = -11;
const BAD_VERSION = -103;

/** A client that speaks for itself, greeted; its session is a new one unless it names one. */
async function clientOf(address: string, wanted = { id: 0n, password: Buffer.alloc(16), grantedMs: 8_000 }) {
  const [host = '', port] = address.split(':');
  const socket = connect(Number(port), host);
  const frames = frameReader(1_000_000);
  const waiting: JuteReader[] = [];
  let wake = () => {};
  socket.on('data', (chunk) => {
    waiting.push(...frames(chunk).map(juteReader));
    wake();
  });
  async function read(): Promise<JuteReader> {
    while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return waiting.shift()!;
  }
  const next = async () => {
    const reader = await read();
    const [xid] = [reader.int(), reader.long()];
    return { xid, error: reader.int(), reader };
  };
  await once(socket, 'connect');
  const greeting = juteWriter()
    .int(0)
    .long(0n)
    .int(wanted.grantedMs)
    .long(wanted.id)
    .buffer(wanted.password)
    .bool(false);
  socket.write(greeting.frame());
  const welcome = await read();
  welcome.int();
  const session = { grantedMs: welcome.int(), id: welcome.long(), password: Buffer.from(welcome.buffer()) };
  type Writer = ReturnType<typeof juteWriter>;
  return {
    session,
    ask: (xid: number, operation: number, fill: (request: Writer) => Writer) =>
      void socket.write(fill(juteWriter().int(xid).int(operation)).frame()),
    next,
    async event() {
      const { xid, reader } = await next();
      if (xid !== -1) throw new Error(`An answer to ${xid}, not an event.`);
      const [type] = [reader.int(), reader.int()];
      return { type, path: reader.text() };
    },
    close: () => socket.destroy(),
  };
}

test('one server alone serves as standalone', async () => {
  practice = await startPractice({ masters: [{ name: 'stars-dc0', address: '127.0.0.1' }] });
  expect(await say('srvr')).toContain('Mode: standalone');
  const servers = await createZooKeeper({ hosts: practice.zookeeper, clock: systemClock }).eachServer();
  expect(judgeEnsemble(servers)).toMatchObject({ state: 'up' });
});

test('who leads goes on leading until it ends, and follows when it is back', async () => {
  practice = await startPractice();
  const leader = async () => {
    const servers = await createZooKeeper({ hosts: practice.zookeeper, clock: systemClock }).eachServer();
    return servers.findIndex(({ said }) => said.kind === 'serving' && said.mode === 'leader');
  };
  expect(await leader()).toBe(2);
  await practice.control.serviceOn('stars-dc2', 'zookeeper', false);
  expect(await leader()).toBe(1);
  await practice.control.serviceOn('stars-dc2', 'zookeeper', true);
  expect(await leader()).toBe(1);
});

test('a client is told once of what it watches, and what it made goes with its session', async () => {
  practice = await startPractice();
  const one = await clientOf(practice.zookeeper[0] ?? '');
  const other = await clientOf(practice.zookeeper[1] ?? '');
  one.ask(1, EXISTS, (request) => request.text('/mine').bool(true));
  expect(await one.next()).toMatchObject({ xid: 1, error: NO_NODE });
  other.ask(1, CREATE, (request) => request.text('/mine').buffer(Buffer.from('a')).int(0).int(1));
  expect(await other.next()).toMatchObject({ xid: 1, error: 0 });
  expect(await one.event()).toEqual({ type: 1, path: '/mine' });
  one.ask(2, EXISTS, (request) => request.text('/mine').bool(true));
  expect(await one.next()).toMatchObject({ xid: 2, error: 0 });
  other.ask(2, SET_DATA, (request) => request.text('/mine').buffer(Buffer.from('b')).int(3));
  expect(await other.next()).toMatchObject({ xid: 2, error: BAD_VERSION });
  other.ask(3, CLOSE, (request) => request);
  expect(await one.event()).toEqual({ type: 2, path: '/mine' });
  one.close();
});

test('a session goes on over another server, with what it watched, and with no other password', async () => {
  practice = await startPractice();
  const first = await clientOf(practice.zookeeper[0] ?? '');
  first.ask(1, CREATE, (request) => request.text('/mine').buffer(Buffer.alloc(0)).int(0).int(1));
  await first.next();
  first.close();
  const stranger = await clientOf(practice.zookeeper[2] ?? '', { ...first.session, password: Buffer.alloc(16, 1) });
  expect(stranger.session).toMatchObject({ id: 0n, grantedMs: 0 });
  const again = await clientOf(practice.zookeeper[1] ?? '', first.session);
  expect(again.session).toEqual(first.session);
  again.ask(2, SET_WATCHES, (request) => request.long(0n).int(0).int(1).text('/mine').int(0));
  expect(await again.next()).toMatchObject({ xid: 2, error: 0 });
  expect(await again.event()).toEqual({ type: 1, path: '/mine' });
  again.close();
});

test('3.4 has no AdminServer, and counts followers where 3.8 counts learners', async () => {
  practice = await startPractice();
  await expect(admin('/commands/ruok')).rejects.toThrow('socket hang up');
  const leader = practice.zookeeper[2] ?? '';
  expect(await ask(leader, 'mntr', { clock: systemClock, timeoutMs: 5_000 })).toContain('zk_followers\t2');
  practice.control.setZooKeeperVersion('3.8');
  const newer = await ask(leader, 'mntr', { clock: systemClock, timeoutMs: 5_000 });
  expect(newer).toContain('zk_learners\t2');
  expect(newer).not.toContain('zk_followers');
});

test('an AdminServer answers 200 to everything but monitor without a quorum', async () => {
  practice = await startPractice();
  practice.control.setZooKeeperVersion('3.8');
  expect((await admin('/commands/none')).data).toMatchObject({
    command: 'none',
    error: expect.stringContaining('Unknown'),
  });
  for (const [command, file] of [
    ['ruok', 'admin-ruok-leader'],
    ['leader', 'admin-leader-follower'],
  ] as const)
    expect(Object.keys((await admin(`/commands/${command}`)).data as object).sort()).toEqual(
      Object.keys(fixture(`${file}.json`)).sort(),
    );
  practice.control.loseQuorum();
  const { status, data } = await admin('/commands/leader');
  expect([status, data]).toEqual([200, { command: 'leader', error: expect.stringContaining('not currently serving') }]);
  const monitor = await admin('/commands/monitor');
  expect([monitor.status, String(monitor.headers['content-type'])]).toEqual([
    500,
    expect.stringContaining('text/html'),
  ]);
  expect((await admin('/commands/ruok')).data).toEqual({ command: 'ruok', error: null });
});

test('servers that may only say ruok are known through their AdminServers', async () => {
  practice = await startPractice();
  practice.control.setZooKeeperVersion('3.8');
  practice.control.zookeeperWhitelist(['ruok']);
  const clientOf = (admins: string[]) =>
    createZooKeeper({ hosts: practice.zookeeper, admin: admins.map((url) => httpTo(url)), clock: systemClock });
  expect(judgeEnsemble(await clientOf([]).eachServer())).toMatchObject({ state: 'unknown' });
  expect(judgeEnsemble(await clientOf(practice.zookeeperAdmin).eachServer())).toMatchObject({
    state: 'up',
    reason: expect.stringContaining('leads'),
  });
  practice.control.loseQuorum();
  expect(judgeEnsemble(await clientOf(practice.zookeeperAdmin).eachServer())).toMatchObject({ state: 'down' });
});

test('what is no AdminServer is not taken for one', async () => {
  practice = await startPractice();
  expect(await failureOf(askAdmin(httpTo(practice.urls.marathon)))).toMatchObject({ code: 'API_REFUSED' });
});

test.each([
  ['admin-monitor-leader.json', { kind: 'serving', mode: 'leader', syncedFollowers: 2, version: '3.8.0' }],
  ['admin-ruok-leader.json', { kind: 'unknown', words: 'no state' }],
])('a captured %s is read', async (file, said) => {
  practice = await startPractice();
  practice.control.fault('marathon', { status: 200, body: fixture(file) });
  expect(await askAdmin(httpTo(practice.urls.marathon))).toEqual(said);
});
