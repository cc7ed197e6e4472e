import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostReadings } from '../../src/bot/provision-of.js';
import { createWatcher } from '../../src/bot/watcher.js';
import { type Clock, createManualClock, systemClock } from '../../src/clock.js';
import { createCluster } from '../../src/cluster/cluster.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { type Home, openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import type { Incident } from '../../src/model/incident.js';
import { createIncidentStore } from '../../src/store/incidents.js';
import { createSampleStore } from '../../src/store/samples.js';
import { practise, type Practice } from '../e2e/support/practice.js';

const MINUTE_MS = 60_000;

let practice: Practice;
let home: Home;
let clock: Clock;
let asked: number;
let look: () => Promise<void>;

beforeAll(async () => {
  practice = await practise({ bareHosts: false });
  const file = join(practice.home, 'inventories', 'sandbox', 'environment.yml');
  const config = JSON.parse(readFileSync(file, 'utf8').replace(/^#.*\n/, '')) as object;
  const alerts = { enabled: true, backupHours: false, hostsMinutes: 3, clearMinutes: 1 };
  writeFileSync(file, JSON.stringify({ ...config, sandbox: false, alerts }));
  home = await openHome({ env: { STARS_HOME: practice.home, HOME: practice.home }, cwd: practice.home });
});
afterAll(() => practice.stop());

const incidents = () => createIncidentStore(practice.stars.database);
const host = (name: string) => practice.sandbox.hosts.host(name);

/** A process that watches from now on and remembers nothing. Time passes only between its looks. */
beforeEach(() => {
  const time = createManualClock(new Date(startMs));
  clock = { now: () => time.now(), sleep: (ms) => time.advance(ms), after: () => () => undefined };
  const reach = {
    home,
    clock: systemClock,
    env: {},
    connect: createSshConnect({ log: silentLog, redactor: home.redactor }),
  };
  asked = 0;
  const watcher = createWatcher({
    home,
    clock,
    log: silentLog,
    owner: 'watching',
    environmentOf: (name) => home.environment(name),
    clusterOf: async (environment) => {
      const { mesos } = await environment.endpoints();
      return createCluster({ mesos }, { environment: environment.name, clock, log: silentLog });
    },
    hostsOf(environment, asking) {
      asked += 1;
      return hostReadings(reach, environment, asking);
    },
    backupAge: () => Promise.reject(new Error('nobody asks')),
    claims: practice.stars.claims,
    incidents: incidents(),
    samples: createSampleStore(practice.stars.database),
  });
  look = () => watcher.look();
});
// Each test has a day of its own.
let startMs = Date.parse('2026-06-01T00:00:00.000Z');
afterEach(() => {
  startMs += 24 * 60 * MINUTE_MS;
});

async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await look();
    await clock.sleep(MINUTE_MS);
  }
}

async function told(): Promise<Incident[]> {
  const all = await incidents().between('sandbox', new Date(startMs));
  return all.filter(({ openedAt }) => openedAt >= new Date(startMs).toISOString());
}
const words = (all: readonly Incident[]) =>
  all.flatMap(({ causes }) => causes.map(({ title, says }) => `${title} ${says}`));

test('hosts are asked every three minutes, as configured, while nothing is new', async () => {
  await pass(7);
  expect(asked).toBe(3);
  expect(await told()).toEqual([]);
  const [sample] = await createSampleStore(practice.stars.database).since('sandbox', '1m', new Date(startMs));
  expect(sample?.states).toMatchObject({ hosts: 'up' });
});

test('a unit that does not run and a disk that fills up are told of once, and over when they are well', async () => {
  await pass(1);
  await host('stars-c3').run('systemctl stop docker');
  host('stars-c4').fillDisk(93);
  await pass(4);
  expect(await told()).toEqual([]);
  await pass(1);
  expect(words(await told())).toEqual([
    'stars-c3 is in trouble: docker does not run, though it starts with the host',
    'stars-c4 is in trouble: / is 93 % full',
  ]);
  expect(await told()).toHaveLength(1);
  // Three minutes after the first look, and once more since that was new.
  expect(asked).toBe(3);
  await host('stars-c3').run('systemctl start docker');
  host('stars-c4').fillDisk(0);
  await pass(3);
  expect((await told()).map(({ closedAt }) => closedAt !== undefined)).toEqual([true]);
});

test('what was wrong only once is never told', async () => {
  await host('stars-c3').run('systemctl stop docker');
  await pass(1);
  await host('stars-c3').run('systemctl start docker');
  await pass(4);
  expect(await told()).toEqual([]);
});

test('a host that is silent is told of; one that does not let us in any more is neither well nor wrong', async () => {
  host('stars-c3').refuseConnections();
  await pass(3);
  expect(words(await told())).toEqual([expect.stringMatching(/^stars-c3 does not answer over SSH: /)]);
  host('stars-c3').refuseConnections(false);
  host('stars-c3').refuseLogins();
  // The next look at the hosts, one more since that was new, and longer than it takes to be over.
  await pass(4);
  expect((await told()).map(({ closedAt, clearSince }) => [closedAt, clearSince])).toEqual([[undefined, undefined]]);
});
