import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createManualClock, systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { poll } from '../../src/poll.js';
import type { RunEvent } from '../../src/model/run.js';
import { hasEnded } from '../../src/model/run-states.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createRunStore, type Run } from '../../src/store/runs.js';
import { requireBuilt } from '../e2e/support/built.js';
import { startPostgres } from './support/postgres.js';

// Two processes of Stars, as people start them, on one PostgreSQL.

const STARS = resolve(import.meta.dirname, '..', '..', 'bin', 'stars.js');
const WORKERS = ['stars-c3', 'stars-c4', 'stars-c5', 'stars-c6'];

const server = startPostgres();
let folder: string;
let sandbox: Sandbox;
let fresh: ReturnType<typeof server.freshDatabase>;
let database: Database;
let services: ChildProcess[];

const store = () => createRunStore(database, audit());
const audit = () => createAudit(database, { clock: createManualClock(new Date()), redactor: createRedactor() });

beforeAll(async () => {
  requireBuilt();
  folder = mkdtempSync(join(tmpdir(), 'stars-split-'));
  mkdirSync(join(folder, 'stack'));
  const stackFolder = join(folder, 'stack');
  sandbox = await startSandbox({ clock: systemClock, log: silentLog, stackFolder, workers: WORKERS.length });
});
beforeEach(async () => {
  fresh = server.freshDatabase();
  database = await openDatabase(fresh.settings);
  approvers(undefined);
  playbook('"true"');
  services = [start(), start()];
  await until(async () => (await database.selectFrom('processes').select('id').execute()).length === 2);
  await sandbox.slack.until(() => sandbox.slack.sockets() === 1);
});
afterEach(async () => {
  await Promise.all(services.map(kill));
  await database.destroy();
  await fresh.remove();
});
afterAll(async () => {
  await sandbox.stop();
  server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A playbook with a step in which all hosts are told the same. */
function playbook(command: string): void {
  const tasks = [
    '    - name: Note who works here\n      shell: head -n 1 /dev/shm/.stars-lock/holder >> /tmp/holders\n',
    `    - name: Work\n      command: ${command}\n`,
  ];
  writeFileSync(
    join(folder, 'stack', 'work.yml'),
    `- name: Work\n  hosts: workers\n  gather_facts: false\n  tasks:\n${tasks.join('')}`,
  );
}

function approvers(who: string[] | undefined): void {
  const file = join(sandbox.addresses.home, 'inventories', 'sandbox', 'environment.yml');
  const { approvals: _approvals, ...config } = JSON.parse(readFileSync(file, 'utf8').replace(/^#.*\n/, '')) as Record<
    string,
    unknown
  >;
  const approvals = who && { commands: ['deploy'], approvers: who };
  writeFileSync(file, JSON.stringify({ ...config, ...(approvals ? { approvals } : {}) }));
}

function start(): ChildProcess {
  const { PATH = '' } = process.env;
  const { botToken, appToken, url } = sandbox.slack;
  const env = {
    PATH,
    HOME: folder,
    PORT: '0',
    STARS_HOME: sandbox.addresses.home,
    DATABASE_URL: fresh.settings.databaseUrl?.reveal() ?? '',
    SLACK_BOT_TOKEN: botToken,
    SLACK_APP_TOKEN: appToken,
    SLACK_API_URL: url,
  };
  return spawn(process.execPath, [STARS, 'serve'], { env, cwd: folder, stdio: 'ignore' });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const dead = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await dead;
}

/** Kills the process of this name in the store. */
async function killOwner(owner: string): Promise<void> {
  const pid = Number(owner.split('/')[1]);
  const child = services.find((one) => one.pid === pid);
  if (!child) throw new Error(`No process is ${owner}.`);
  await kill(child);
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const what = 'What the test waits for';
  await poll(async () => (await check()) || undefined, { clock: systemClock, everyMs: 50, timeoutMs: 90_000, what });
}

/** Asks for a deploy in parts; the run, once all of its parts are in this state. */
async function asked(words: string, state?: Run['state']): Promise<Run> {
  const before = await newest();
  await sandbox.slack.say(words);
  await until(async () => (await newest())?.id !== before?.id);
  const id = (await newest())?.id ?? '';
  if (state === undefined) return ended(id);
  await until(async () => {
    const parts = await store().partsOf(id);
    return parts.length > 0 && (await working(parts)) && parts.every((part) => part.state === state);
  });
  return (await store().find(id)) as Run;
}

/** Whether all parts have come to their second task. */
async function working(parts: readonly Run[]): Promise<boolean> {
  const all = await Promise.all(parts.map(({ id }) => store().events(id)));
  return all.every((events) => events.some((event) => event.type === 'task.started' && event.task === 'Work'));
}

const newest = async () => (await store().list({ limit: 1 }))[0];

async function ended(id: string): Promise<Run> {
  await until(async () => hasEnded((await store().find(id))?.state ?? 'queued'));
  return (await store().find(id)) as Run;
}

async function allEnded(id: string): Promise<Run[]> {
  await until(async () => (await store().partsOf(id)).every(({ state }) => hasEnded(state)));
  return store().partsOf(id);
}

const leases = () => createClaimStore(database, audit()).list(undefined, new Date());

/** The runs that have held the lock of a host, in order. */
function holders(host: string): string[] {
  const text = sandbox.hosts.host(host).read('/tmp/holders') ?? '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[0] ?? '');
}

const partsIn = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'part.changed' && event.process ? [event.process] : []));

test('two processes share a split deploy: each does some of the hosts, and the end is that of all', async () => {
  playbook('sleep 3');
  const whole = await asked('deploy work sandbox');
  const split = await asked('deploy work sandbox --split 2');
  const parts = await store().partsOf(split.id);
  expect(split.state).toBe('succeeded');
  expect(split.hosts).toEqual(whole.hosts);
  expect(new Set(parts.map(({ owner }) => owner)).size).toBe(2);
  expect(parts.map(({ hosts }) => Object.keys(hosts ?? {}))).toEqual([WORKERS.slice(0, 2), WORKERS.slice(2)]);
  expect(new Set(partsIn(await store().events(split.id))).size).toBe(2);
  expect(WORKERS.map((host) => holders(host).at(-1))).toEqual([1, 1, 2, 2].map((part) => `${split.id}-${part}`));
  expect(await leases()).toEqual([]);
  expect((await audit().verify()).broken).toBeUndefined();
});

test('when the process of a part dies the others go on, the run names the part, and a resume does what is left', async () => {
  playbook('sleep 987');
  const { id, owner } = await asked('deploy work sandbox --split 2', 'running');
  const parts = await store().partsOf(id);
  const other = parts.find((part) => part.owner !== owner) as Run;
  const own = parts.find((part) => part.owner === owner) as Run;
  await killOwner(other.owner);
  await ended(other.id);
  expect((await store().find(id))?.state).toBe('running');
  expect((await store().find(own.id))?.state).toBe('running');
  await sandbox.slack.say(`cancel ${own.id}`);
  const whole = await ended(id);
  expect(whole).toMatchObject({ state: 'interrupted', error: { message: expect.stringContaining(other.id) } });
  expect(await leases()).toEqual([]);
  await sandbox.slack.say(`halt ${id}`);
  await until(async () => (await newest())?.command === 'halt' && hasEnded((await newest())?.state ?? 'queued'));
  playbook('"true"');
  const resumed = await asked(`resume ${id}`);
  expect(resumed.state).toBe('succeeded');
  expect(Object.keys(resumed.hosts ?? {})).toEqual(WORKERS);
});

test('when the process of the run dies its parts end with it, and nothing stays locked', async () => {
  playbook('sleep 987');
  const { id, owner } = await asked('deploy work sandbox --split 2', 'running');
  await killOwner(owner);
  expect((await ended(id)).state).toBe('interrupted');
  const states = (await allEnded(id)).map(({ state }) => state).sort();
  expect(states).toEqual(['cancelled', 'interrupted']);
  expect(await leases()).toEqual([]);
});

test('a cancel of the run ends its parts in both processes', async () => {
  playbook('sleep 987');
  const { id } = await asked('deploy work sandbox --split 2', 'running');
  await sandbox.slack.say(`cancel ${id}`);
  expect((await ended(id)).state).toBe('cancelled');
  expect((await store().partsOf(id)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  expect(await leases()).toEqual([]);
});

test('people approve the plan of all hosts, which its parts then do, and nothing of one that is stale', async () => {
  approvers(['U0BEN']);
  await sandbox.slack.say('deploy work sandbox --split 2');
  await until(async () => (await newest())?.state === 'awaiting-approval');
  const { id = '' } = (await newest()) ?? {};
  const plan = (await store().events(id)).find((event) => event.type === 'plan.made');
  expect(plan?.type === 'plan.made' && Object.keys(plan.hosts).sort()).toEqual(WORKERS);
  const unsplit = await asked('plan work sandbox');
  const same = (await store().events(unsplit.id)).find((event) => event.type === 'plan.made');
  expect(same?.type === 'plan.made' && same.hash).toBe(plan?.type === 'plan.made' && plan.hash);
  await approve(id);
  expect((await ended(id)).state).toBe('succeeded');
  expect((await store().partsOf(id)).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  await sandbox.slack.say('deploy work sandbox --split 2');
  await until(async () => (await newest())?.state === 'awaiting-approval');
  const { id: stale = '' } = (await newest()) ?? {};
  playbook('"false"');
  await approve(stale);
  expect(await ended(stale)).toMatchObject({ state: 'failed', error: { code: 'PLAN_STALE' } });
  expect(await store().partsOf(stale)).toEqual([]);
});

async function approve(id: string): Promise<void> {
  const ben = { id: 'U0BEN', name: 'ben' };
  expect(await store().decide({ id, person: ben, decision: 'approve' }, new Date())).toMatchObject({ counted: true });
}
