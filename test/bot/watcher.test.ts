import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupAge } from '../../src/backup/backup-age.js';
import { createBackupFolder } from '../../src/backup/folder.js';
import { createIncidentPresenter } from '../../src/bot/incident-presenter.js';
import { createWatcher } from '../../src/bot/watcher.js';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import { type Home, openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import { type FakeSlack, startFakeSlack } from '../../src/sandbox/fake-slack/fake-slack.js';
import { createRedactor, Secret } from '../../src/secret.js';
import { createSlackClient } from '../../src/slack/client.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createThreads } from '../../src/slack/thread.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createIncidentStore } from '../../src/store/incidents.js';
import { createSampleStore } from '../../src/store/samples.js';
import { practise, type Practice } from '../commands/practice.js';
import { advancingUntil } from '../slack/eventually.js';

const MINUTE_MS = 60_000;

let folder: string;
let home: Home;
let practice: Practice;
let slack: FakeSlack;
let slackClock: ManualClock;
let database: Database;
let watching: Watching;

type Watching = { owner: string; look(): Promise<void>; stop(): void };

async function open(alerts: string): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'stars-watcher-'));
  mkdirSync(join(folder, 'inventories', 'staging'), { recursive: true });
  const marathon = 'marathon: {url: "http://127.0.0.1:9"}';
  const text = `slack: {channel: C0DEPLOYS}\n${marathon}\nalerts: ${alerts}\n`;
  writeFileSync(join(folder, 'inventories', 'staging', 'environment.yml'), text);
  home = await openHome({ env: { STARS_HOME: folder, HOME: folder, TZ: 'UTC' }, cwd: folder });
  practice = await practise({ jobs: [] });
  slackClock = createManualClock();
  slack = await startFakeSlack({ clock: slackClock, log: silentLog });
  database = await openDatabase({ dataFolder: home.dataFolder });
  watching = watch('first');
}

afterEach(async () => {
  watching.stop();
  await database.destroy();
  await Promise.all([slack.stop(), practice.stop()]);
  rmSync(folder, { recursive: true });
});

/** A process that watches; a new one knows nothing but what is in the store. */
function watch(owner: string): Watching {
  const { clock } = practice;
  const client = createSlackClient(new Secret(slack.botToken), { apiUrl: slack.url, log: silentLog });
  const threads = createThreads({ client, clock: slackClock, log: silentLog });
  const incidents = createIncidentStore(database);
  const audit = createAudit(database, { clock, redactor: createRedactor() });
  const { look } = createWatcher({
    home,
    clock,
    incidents,
    owner,
    log: silentLog,
    environmentOf: (name) => home.environment(name),
    clusterOf: () => Promise.resolve(practice.cluster),
    hostsOf: () => Promise.resolve([]),
    backupAge: (path, now) => backupAge(createBackupFolder(path), now),
    claims: createClaimStore(database, audit),
    samples: createSampleStore(database),
    presenter: createIncidentPresenter({ home, threads, incidents, clock, log: silentLog }),
  });
  const lookAndShow = async () => {
    await advancingUntil(slackClock, 500, look());
    await advancingUntil(slackClock, 500, threads.idle());
  };
  return { owner, look: lookAndShow, stop: () => threads.stop() };
}

async function pass(minutes: number, who = watching): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await practice.clock.sleep(MINUTE_MS);
    await who.look();
  }
}

const messages = () => slack.messages('deploys').filter(({ threadTs }) => threadTs === undefined);
const texts = () => messages().map((message) => toPlain(message));
const replies = () => slack.messages('deploys').filter(({ threadTs }) => threadTs !== undefined);
const control = () => practice.simulated.control;

const QUICK = '{afterMinutes: 1, clearMinutes: 2, backupHours: false}';

test('an incident is one message, which is edited while it changes and says when it is over; a new process finds it again', async () => {
  await open(QUICK);
  control().crashLoop('/zeppelin');
  await pass(6);
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toMatch(/^[🟡🔴] staging · since 2026-11-22 02:0\d UTC.*\n\/zeppelin is /u);
  watching.stop();
  watching = watch('second');
  // The place of a process that is gone is free after three minutes.
  await pass(5);
  control().loseQuorum();
  await pass(3);
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toMatch(/\nZooKeeper is down: has no quorum/);
  expect(texts()[0]).toMatch(/because of this: .*Marathon/);
  control().returnQuorum();
  control().crashLoop('/zeppelin', false);
  await pass(10);
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toMatch(/^✅ staging .* over since/);
  expect(messages()[0]?.text).toMatch(/^staging: over after \d+ m/);
  expect(replies()).toHaveLength(1);
  expect(toPlain(replies()[0] ?? { text: '' })).toMatch(/^🔴 It has become worse: /);
});

test('of two processes one looks, and the other one when that is gone', async () => {
  await open(QUICK);
  control().loseQuorum();
  const second = watch('second');
  await watching.look();
  await pass(2, second);
  expect(texts()).toEqual([]);
  await pass(4, second);
  expect(texts()).toHaveLength(1);
  second.stop();
});

test('what is muted is told when that ends', async () => {
  await open(QUICK);
  const incidents = createIncidentStore(database);
  const now = practice.clock.now();
  const until = new Date(now.getTime() + 10 * MINUTE_MS).toISOString();
  const who = { id: 'U1', name: 'Ada' };
  await incidents.mute({ environment: 'staging', until, reason: 'a test', person: who, since: now.toISOString() });
  control().loseQuorum();
  await pass(9);
  expect(texts()).toEqual([]);
  await pass(2);
  expect(texts()).toHaveLength(1);
});

test('in quiet hours only what is down is told', async () => {
  await open('{afterMinutes: 1, backupHours: false, quiet: {from: "22:00", until: "02:15", timeZone: UTC}}');
  await control().serviceOn('master3', 'mesos-master', false);
  await pass(10);
  expect(texts()).toEqual([]);
  await pass(6);
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toContain('Mesos masters are degraded: 2 of 3 masters answer');
});

test('who is to be called is called once when it lasts, also by another process', async () => {
  await open('{afterMinutes: 1, backupHours: false, escalate: {afterMinutes: 10, mention: S012ONCALL}}');
  control().loseQuorum();
  await pass(11);
  expect(replies()).toEqual([]);
  await pass(2);
  watching.stop();
  watching = watch('second');
  await pass(10);
  expect(replies().map(({ text }) => text)).toEqual([
    expect.stringMatching(/^<!subteam\^S012ONCALL> ZooKeeper is down: .* has lasted 1\d m\.$/),
  ]);
});

test('without a good backup there is an alarm', async () => {
  await open('{afterMinutes: 0}');
  await pass(1);
  expect(texts()).toEqual([expect.stringContaining('Backup is missing: there is no good backup of this environment')]);
});

test('samples are kept, also for charts, and one picture a day', async () => {
  await open(QUICK);
  await pass(3);
  const samples = createSampleStore(database);
  const minutes = await samples.since('staging', '1m', new Date(0));
  expect(minutes).toHaveLength(3);
  expect(minutes[0]?.states).toMatchObject({ zookeeper: 'up', marathon: 'up' });
  expect(minutes[0]?.figures).toMatchObject({ agents: 3, appsInTrouble: 0 });
  expect(minutes[0]?.figures['cpus']).toBeGreaterThan(0);
  expect(await samples.since('staging', '6h', new Date(0))).toMatchObject([{ count: 3 }]);
  expect(await samples.pictureBefore('staging', practice.clock.now())).toMatchObject({
    picture: { layers: { ZooKeeper: 'up' } },
  });
});
