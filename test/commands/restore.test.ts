import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { backup } from '../../commands/backup.js';
import { restore } from '../../commands/restore.js';
import { allGroups } from '../../src/backup/contents.js';
import { readGroups } from '../../src/backup/restore/live.js';
import { diffBackups } from '../../src/cluster/diff.js';
import type { Definition } from '../../src/cluster/normalise.js';
import { failureOf, fixture, fixtureText } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

const APPS = fixture('marathon/apps-backup-1.4.7.json') as { apps: Definition[] };
const JOBS = fixture('chronos/jobs-backup-3.0.json') as Definition[];
const SPARE = { id: '/', apps: [], pods: [], groups: [{ id: '/spare', apps: [], pods: [], groups: [] }] };
let practice: Practice;

afterEach(() => practice.stop());

const AGENTS = [1, 2, 3].map((index) => ({
  name: `stars-dw${index}`,
  address: `10.0.1.${index}`,
  cpus: 8,
  mem: 16_384,
  disk: 100_000,
}));
/** The agents that the apps of 2017 want to be on, and nothing on them. */
const EMPTY = { apps: [], jobs: [], agents: AGENTS };

/** What the cluster has. */
async function live() {
  const { marathon, chronos } = practice.cluster;
  return {
    apps: await marathon.definitions(),
    pods: await marathon.podDefinitions(),
    jobs: await chronos.definitions(),
  };
}

async function lay(name: string, files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(practice.dataFolder, 'sandbox', name, file);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
}

const ask = (input: Record<string, unknown>) => practice.perform(restore, input);

test('the files that an older tool wrote in 2017 restore into an empty cluster', async () => {
  practice = await practise(EMPTY);
  await lay('cluster-2017', {
    'apps.json': fixtureText('marathon/apps-backup-1.4.7.json'),
    'jobs.json': fixtureText('chronos/jobs-backup-3.0.json'),
  });
  await expect(ask({ backup: 'cluster-2017' })).resolves.toMatch(
    /^Restored cluster-2017 into sandbox: created 5 items, all as saved\. Undo with `restore 2026-11-22T02-00-05Z sandbox`\.$/,
  );
  expect(diffBackups({ apps: APPS.apps, pods: [], jobs: JOBS }, await live())).toEqual([]);
  const { tasksRunning, instances } = await practice.cluster.marathon.app('/chronos');
  expect(tasksRunning).toBe(instances);
});

describe('a cluster that lost much', () => {
  const web = { id: '/web', cmd: 'serve', mem: 64, dependencies: ['/data/db'] };
  const db = { id: '/data/db', cmd: 'store', mem: 64 };
  const pod = {
    id: '/mixed',
    containers: [{ name: 'a', exec: { command: { shell: 'sleep 9' } }, resources: { cpus: 0.1, mem: 32 } }],
  };
  const jobs = [
    { name: 'fetch', command: 'true', schedule: 'R/2017-09-05T03:00:00.000Z/PT24H', successCount: 41 },
    { name: 'reindex', command: 'true', parents: ['fetch'] },
    { name: 'off', command: 'true', schedule: 'R/2017-09-05T06:00:00.000Z/PT24H', disabled: true },
  ];
  let saved = '';

  async function begin(): Promise<void> {
    practice = await practise({ apps: [web, db], jobs });
    const { marathon } = practice.cluster;
    await marathon.createPod(pod);
    await marathon.createGroup({ id: '/spare', dependencies: ['/data'] });
    await practice.clock.sleep(10_000);
    saved = /as (\S+)/.exec(await practice.perform(backup))?.[1] ?? '';
  }

  async function lose(): Promise<void> {
    const { marathon, chronos } = practice.cluster;
    await marathon.remove('/web');
    await marathon.removePod('/mixed');
    await marathon.removeGroup('/spare');
    await marathon.patch('/data/db', { mem: 32 });
    await chronos.remove('reindex');
    await chronos.put({ ...(await chronos.definition('fetch')), command: 'false' });
    await practice.clock.sleep(60_000);
  }

  test('is shown what would happen, and then just that happens', async () => {
    await begin();
    await lose();
    const plan = await ask({ backup: saved, check: true });
    expect(plan.split('\n').slice(0, -1)).toEqual([
      `${saved} into sandbox: 1 as they are, 4 to create, 2 to change.`,
      '• change /data/db: mem 32 → 64',
      '• change job fetch: command changed (runs first at 2026-11-22 03:00 UTC, since 2017-09-05 03:00 UTC has passed)',
      '• create group /spare',
      '• create pod /mixed',
      '• create /web',
      '• create job reindex',
    ]);
    await expect(ask({ backup: saved })).resolves.toContain('created 4 items, changed 2 items, all as saved.');
    expect(practice.said.filter((title) => /^(Create|Change) /.test(title)).toSorted()).toEqual(
      [
        'Change /data/db',
        'Change job fetch',
        'Create group /spare',
        'Create pod /mixed',
        'Create /web',
        'Create job reindex',
      ].toSorted(),
    );
    await expect(practice.perform(backup, { action: 'diff', backup: saved })).resolves.toContain('Nothing changed');
    await expect(ask({ backup: saved })).resolves.toContain('There is nothing to do.');
  });

  test('gets what others need first, and it is well before they begin', async () => {
    await begin();
    await lose();
    await practice.cluster.marathon.remove('/data/db');
    await practice.clock.sleep(10_000);
    await ask({ backup: saved, only: 'apps' });
    const titles = practice.said;
    expect(titles.indexOf('Wait until /data/db is healthy')).toBeGreaterThan(-1);
    expect(titles.indexOf('Create /web')).toBeGreaterThan(titles.indexOf('Wait until /data/db is healthy'));
  });

  test('keeps what jobs have counted, and those that are switched off', async () => {
    await begin();
    await lose();
    const counted = (await practice.cluster.chronos.definition('fetch'))?.['successCount'];
    await ask({ backup: saved, only: 'jobs' });
    const after = await practice.cluster.chronos.definitions();
    expect(after.find(({ name }) => name === 'fetch')).toMatchObject({ command: 'true', successCount: counted });
    expect(after.find(({ name }) => name === 'off')).toMatchObject({ disabled: true });
    expect(after.find(({ name }) => name === 'reindex')).toMatchObject({ parents: ['fetch'] });
  });

  test('is as it was before when the restore is undone', async () => {
    await begin();
    await lose();
    const before = await live();
    const undo = /Undo with `restore (\S+) /.exec(await ask({ backup: saved }))?.[1] ?? '';
    expect(practice.said).toContain(`restore ${undo} sandbox`);
    await expect(ask({ backup: undo, check: true })).resolves.toContain('• remove /web (the restore had created it)');
    await ask({ backup: undo });
    expect(diffBackups(before, await live())).toEqual([]);
  });

  test('has no group more than before when the restore is undone, but for those that somebody uses by now', async () => {
    const groupIds = async () => allGroups(await readGroups(practice.cluster.marathon)).map(({ id }) => id);
    practice = await practise({ apps: [web], jobs: [] });
    await practice.cluster.marathon.createGroup({ id: '/empty' });
    const before = await groupIds();
    const apps = [
      db,
      { id: '/ops/tools/cron', cmd: 'x' },
      { id: '/ops/tools/deep/er', cmd: 'x' },
      { id: '/lab/one', cmd: 'x' },
      { id: '/empty/one', cmd: 'x' },
    ];
    await lay('old', { 'apps.json': JSON.stringify({ apps }), 'conf/marathon/groups.json': JSON.stringify(SPARE) });
    const undo = /Undo with `restore (\S+) /.exec(await ask({ backup: 'old' }))?.[1] ?? '';
    expect(await groupIds()).toEqual(
      expect.arrayContaining(['/data', '/lab', '/ops', '/ops/tools', '/ops/tools/deep', '/spare']),
    );
    await practice.cluster.marathon.create({ id: '/lab/two', cmd: 'y' });
    await practice.clock.sleep(10_000);
    const plan = await ask({ backup: undo, check: true });
    expect(plan).toContain('• remove group /ops/tools/deep (the restore had created it)');
    expect(plan).not.toContain('group /lab');
    await ask({ backup: undo });
    expect((await groupIds()).toSorted()).toEqual([...before, '/lab'].toSorted());
    await expect(practice.cluster.marathon.definition('/lab/two')).resolves.toMatchObject({ cmd: 'y' });
  });

  test('keeps a group into which somebody puts an app while it is about to be removed', async () => {
    practice = await practise({ apps: [web], jobs: [] });
    await lay('old', { 'apps.json': JSON.stringify({ apps: [{ id: '/ops/cron', cmd: 'x' }] }) });
    const undo = /Undo with `restore (\S+) /.exec(await ask({ backup: 'old' }))?.[1] ?? '';
    const { marathon } = practice.cluster;
    let putting: Promise<unknown> = Promise.resolve();
    const failure = await failureOf(
      practice.perform(restore, { backup: undo }, (title) => {
        if (title === 'Remove /ops/cron') putting = marathon.create({ id: '/ops/other', cmd: 'y' });
      }),
    );
    await putting;
    expect(failure.message).toContain('group /ops failed: The group /ops is not empty, so it stays.');
    await expect(marathon.definition('/ops/other')).resolves.toMatchObject({ cmd: 'y' });
  });

  test('keeps what somebody has changed since when the restore is undone', async () => {
    await begin();
    await lose();
    const undo = /Undo with `restore (\S+) /.exec(await ask({ backup: saved }))?.[1] ?? '';
    await practice.cluster.marathon.patch('/web', { mem: 96 });
    await practice.clock.sleep(10_000);
    expect(await failureOf(ask({ backup: undo }))).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining('it was changed since (mem 96 → 64)'),
    });
    await expect(practice.cluster.marathon.definition('/web')).resolves.toMatchObject({ mem: 96 });
  });

  test('takes one app alone', async () => {
    await begin();
    await lose();
    await expect(ask({ backup: saved, app: 'web' })).resolves.toContain('created 1 item, all as saved.');
    await expect(practice.cluster.chronos.definition('reindex')).resolves.toBeUndefined();
  });

  test('is told when the backup has no such app', async () => {
    await begin();
    expect(await failureOf(ask({ backup: saved, app: 'wob' }))).toMatchObject({
      code: 'USAGE',
      message: `The backup ${saved} has no app wob.`,
      hint: expect.stringContaining('/web'),
    });
  });

  test('is told the whole id of an app that is meant, since rights are given for that', async () => {
    await begin();
    expect(await failureOf(ask({ backup: saved, app: 'db' }))).toMatchObject({
      code: 'USAGE',
      hint: 'Did you mean /data/db?',
    });
  });

  test('is not given a job whose parents are nowhere', async () => {
    await begin();
    await lose();
    await practice.cluster.chronos.remove('fetch');
    expect(await failureOf(ask({ backup: saved, job: 'reindex' }))).toMatchObject({
      message: expect.stringContaining('refused: job reindex: its parent fetch is not there and does not come with it'),
    });
  });

  test('is left alone where somebody else deploys, unless forced', async () => {
    await begin();
    await lose();
    practice.simulated.control.hangDeployments('/data/db');
    await practice.cluster.marathon.patch('/data/db', { mem: 16 });
    await practice.clock.sleep(1_000);
    await expect(
      ask({ backup: saved, app: '/data/db', check: true }).catch((error: Error) => error.message),
    ).resolves.toContain('refused: /data/db: a deployment is at work on it');
    practice.simulated.control.hangDeployments('/data/db', false);
    await expect(ask({ backup: saved, app: '/data/db', force: true })).resolves.toContain('changed 1 item');
  });

  test('is not touched by a plan that is out of date', async () => {
    await begin();
    await lose();
    const hash = /--plan (\w+)/.exec(await ask({ backup: saved, check: true }))?.[1];
    await practice.cluster.marathon.patch('/data/db', { mem: 48 });
    await practice.clock.sleep(10_000);
    expect(await failureOf(ask({ backup: saved, plan: hash }))).toMatchObject({ code: 'PLAN_STALE' });
    const fresh = /--plan (\w+)/.exec(await ask({ backup: saved, check: true }))?.[1];
    await practice.clock.sleep(5_400_000);
    await expect(ask({ backup: saved, plan: fresh })).resolves.toContain('all as saved');
  });

  test('goes on where it stopped when Marathon dies half-way', async () => {
    await begin();
    await lose();
    let fired = false;
    const failure = await failureOf(
      practice.perform(restore, { backup: saved }, (title) => {
        if (title !== 'Create /web' || fired) return;
        fired = true;
        practice.simulated.control.fault('marathon', { close: true, times: 400 });
      }),
    );
    expect(failure).toMatchObject({ code: 'BACKUP', message: expect.stringContaining('/web failed') });
    practice.simulated.control.clearFaults('marathon');
    await expect(ask({ backup: saved })).resolves.toContain('all as saved.');
    await expect(practice.perform(backup, { action: 'diff', backup: saved })).resolves.toContain('Nothing changed');
  });

  test('is told what became of an app that does not get well, and those that need it are not begun', async () => {
    await begin();
    await lose();
    practice.simulated.control.crashLoop('/data/db');
    const failure = await failureOf(ask({ backup: saved, wait: '1m' }));
    expect(failure.message).toContain('/data/db failed: ');
    expect(failure.message).toContain('/web was not begun');
    await expect(practice.cluster.marathon.definition('/web')).resolves.toBeUndefined();
  });
});

test('production sees the plan first', async () => {
  practice = await practise({ ...EMPTY, config: { production: true } });
  await lay('old', { 'apps.json': fixtureText('marathon/apps-backup-1.4.7.json') });
  const plan = await ask({ backup: 'old' });
  expect(plan).toContain('Nothing was changed. sandbox is production, so the plan comes first.');
  await expect(practice.cluster.marathon.definitions()).resolves.toEqual([]);
  await expect(ask({ backup: 'old', plan: /--plan (\w+)/.exec(plan)?.[1] })).resolves.toContain('created 4 items');
});

test('jobs are left for later while Chronos is away, which is one of the apps', async () => {
  practice = await practise({ ...EMPTY, apps: APPS });
  await lay('old', {
    'apps.json': fixtureText('marathon/apps-backup-1.4.7.json'),
    'jobs.json': fixtureText('chronos/jobs-backup-3.0.json'),
  });
  practice.simulated.control.fault('chronos', { close: true, times: 100 });
  const failure = await failureOf(ask({ backup: 'old' }));
  expect(failure.message).toContain('refused: job test: Chronos does not answer');
  practice.simulated.control.clearFaults('chronos');
  await expect(ask({ backup: 'old' })).resolves.toContain('created 1 item, all as saved');
});

test.each(['../production/x', '/etc', 'a/b', '..', ''])('%p is no backup', (name) => {
  expect(restore.args.safeParse({ backup: name }).success).toBe(false);
});

test('a plan that is too long for a message comes whole as a file', async () => {
  practice = await practise(EMPTY);
  const apps = Array.from({ length: 30 }, (_, index) => ({ id: `/app${index}`, cmd: 'x' }));
  await lay('many', { 'apps.json': JSON.stringify({ apps }) });
  await expect(ask({ backup: 'many', check: true })).resolves.toContain('• create /app19\n• and 10 more');
  expect(practice.said).toContain('plan.txt');
});
