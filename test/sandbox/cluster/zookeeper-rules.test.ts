import { readFileSync } from 'node:fs';
import { systemClock } from '../../../src/clock.js';
import { askAdmin } from '../../../src/cluster/zookeeper/admin.js';
import { createZooKeeper } from '../../../src/cluster/zookeeper/client.js';
import { ask } from '../../../src/cluster/zookeeper/four-letter-word.js';
import { judgeEnsemble } from '../../../src/cluster/probes.js';
import { failureOf, httpTo } from '../../cluster/serve.js';
import { asker, startPractice, type Practice } from './support.js';

let practice: Practice;
afterEach(() => practice.stop());

const say = (word: Parameters<typeof ask>[1]) =>
  ask(practice.zookeeper[0] ?? '', word, { clock: systemClock, timeoutMs: 5_000 });
const admin = (path: string) => asker(practice.zookeeperAdmin[0] ?? '')('GET', path);
const fixture = (name: string) => JSON.parse(readFileSync(`test/fixtures/cluster/zookeeper/${name}`, 'utf8')) as object;

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
