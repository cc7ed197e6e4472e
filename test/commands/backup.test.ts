import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { backup } from '../../commands/backup.js';
import { diffBackups } from '../../src/cluster/diff.js';
import { normaliseApp, normaliseJob, type Definition } from '../../src/cluster/normalise.js';
import { failureOf, fixture } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

const saved = fixture('marathon/apps-backup-1.4.7.json') as { apps: Definition[] };
const savedJobs = fixture('chronos/jobs-backup-3.0.json') as Definition[];
let practice: Practice;

beforeEach(async () => {
  practice = await practise({ apps: saved, jobs: savedJobs });
});

afterEach(() => practice.stop());

const ask = (input: Record<string, unknown> = {}) => practice.perform(backup, input);

async function written(name: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(practice.dataFolder, 'sandbox', name, file), 'utf8'));
}

test('saves the apps and jobs of the cluster as they were loaded into it', async () => {
  await expect(ask()).resolves.toBe(
    'Saved 4 apps, 1 job as 2026-11-22T02-00-05Z.\nIt is the first of this environment.',
  );
  const { apps } = (await written('2026-11-22T02-00-05Z', 'conf/marathon/apps.json')) as { apps: Definition[] };
  const jobs = (await written('2026-11-22T02-00-05Z', 'conf/chronos/jobs.json')) as Definition[];
  const byId = (list: readonly Definition[]) => new Map(list.map((app) => [app['id'], normaliseApp(app)]));
  expect(byId(apps)).toEqual(byId(saved.apps));
  expect(jobs.map(normaliseJob)).toEqual(
    savedJobs.map(normaliseJob).map((job) => ({ ...job, schedule: expect.anything() })),
  );
  expect(diffBackups({ apps: saved.apps, jobs: savedJobs }, { apps, jobs })).toEqual([]);
});

test('says what changed since the last one', async () => {
  await ask();
  await practice.clock.sleep(60_000);
  await expect(ask()).resolves.toContain('Nothing changed since 2026-11-22T02-00-05Z.');
  await practice.cluster.marathon.scale('/chronos', 2);
  await practice.clock.sleep(60_000);
  await expect(ask()).resolves.toContain('• chronos: instances 1 → 2');
});

test('lists, shows and compares what was saved', async () => {
  await expect(ask({ action: 'list' })).resolves.toBe('There is no backup of this environment yet.');
  await ask();
  await expect(ask({ action: 'list' })).resolves.toContain('1 backup, the newest first:\n• 2026-11-22T02-00-05Z');
  await expect(ask({ action: 'show' })).resolves.toMatch(
    /^2026-11-22T02-00-05Z: 4 apps, 1 job from Marathon 1\.4\.7, taken by ann/,
  );
  await expect(ask({ action: 'verify' })).resolves.toContain('is whole');
  await expect(ask({ action: 'diff' })).resolves.toContain('Nothing changed');
});

test('finds a file that was changed behind its back', async () => {
  await ask();
  await writeFile(join(practice.dataFolder, 'sandbox/2026-11-22T02-00-05Z/conf/marathon/apps.json'), '{"apps":[]}');
  expect(await failureOf(ask({ action: 'verify', backup: '2026-11-22T02-00-05Z' }))).toMatchObject({
    code: 'BACKUP',
    message: expect.stringContaining('damaged'),
  });
});

test('saves nothing when the answer is cut off', async () => {
  practice.simulated.control.fault('marathon', { truncate: true, path: '/v2/apps', times: 3 });
  expect(await failureOf(ask())).toMatchObject({ code: 'API_UNREACHABLE' });
  await expect(ask({ action: 'list' })).resolves.toContain('no backup');
});
