import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backup } from '../../commands/backup.js';
import { restore } from '../../commands/restore.js';
import { diffBackups, type Definitions } from '../../src/cluster/diff.js';
import type { Definition } from '../../src/cluster/normalise.js';
import { practise, type Practice } from '../commands/practice.js';
import { fixture } from '../cluster/serve.js';
import { someCluster } from './arbitrary-cluster.js';

async function live({ cluster: { marathon, chronos } }: Practice): Promise<Definitions> {
  return {
    apps: await marathon.definitions(),
    pods: await marathon.podDefinitions(),
    jobs: await chronos.definitions(),
  };
}

async function wipe({ cluster: { marathon, chronos }, clock }: Practice): Promise<void> {
  // Jobs first, since Chronos may be one of the apps, and from the last to the first, so that no child is changed by the end of its parent.
  for (const { name } of (await chronos.jobs()).toReversed()) await chronos.remove(name);
  expect(await chronos.definitions()).toEqual([]);
  for (const { id } of await marathon.apps()) await marathon.remove(id, { force: true });
  for (const { id } of await marathon.pods()) await marathon.removePod(id, { force: true });
  await clock.sleep(30_000);
  expect(await marathon.definitions()).toEqual([]);
}

/** Saved, wiped, planned, restored and compared; the plan said beforehand just what then happened. */
async function comesBack(practice: Practice): Promise<void> {
  const saved = /as (\S+) /.exec(await practice.perform(backup))?.[1] ?? '';
  const before = await live(practice);
  await wipe(practice);
  const all = before.apps.length + (before.pods?.length ?? 0) + before.jobs.length;
  let done = 0;
  for (const only of before.apps.some(({ id }) => id === '/chronos') ? ['apps', 'jobs'] : [undefined]) {
    const plan = await practice.perform(restore, { backup: saved, only, check: true });
    await practice.perform(restore, { backup: saved, only });
    const happened = practice.said.flatMap((title) => /^(?:Create|Change|Remove) (.+)$/.exec(title)?.[1] ?? []);
    const planned = [...plan.matchAll(/^• create ((?:job |pod |group )?\S+)/gm)].map(([, name]) => name);
    expect(happened).toEqual(planned);
    done += happened.length;
  }
  expect(done).toBe(all);
  expect(diffBackups(before, await live(practice))).toEqual([]);
  await expect(practice.perform(backup, { action: 'diff', backup: saved })).resolves.toBe(
    `Nothing changed since ${saved}.`,
  );
}

test('apps and jobs of any kind come back as they were', async () => {
  const property = fc.asyncProperty(someCluster, async ({ apps, jobs }) => {
    const practice = await practise({ apps, jobs });
    try {
      await comesBack(practice);
    } finally {
      await practice.stop();
    }
  });
  await fc.assert(property, { numRuns: Number(process.env['ROUND_TRIPS'] ?? 6) });
});

const agents = (...names: string[]) =>
  names.map((name, index) => ({ name, address: `10.0.1.${index + 1}`, cpus: 64, mem: 20_000_000, disk: 1_000_000 }));

test.each<[string, { apps?: unknown; jobs?: unknown; chronosVersion?: '2.5' }]>([
  [
    'the apps of Marathon 1.4.7 of 2017',
    { apps: fixture('marathon/apps-backup-1.4.7.json'), jobs: fixture('chronos/jobs-backup-3.0.json') },
  ],
  ['the demo', {}],
  ['a job of Chronos 3 in a container', { jobs: [fixture('chronos/job-purge-logs-3.0.json')] }],
  ['jobs of Chronos 2', { jobs: fixture('chronos/jobs-2.x.json'), chronosVersion: '2.5' }],
])('captured: %s', async (_title, content) => {
  const practice = await practise({ agents: agents('stars-dw1', 'stars-dw2', 'stars-dw3'), ...content });
  try {
    await comesBack(practice);
  } finally {
    await practice.stop();
  }
});

test('groups that were captured with their apps and tasks come back', async () => {
  const flat = (group: { apps?: Definition[]; groups?: never[] }): Definition[] => [
    ...(group.apps ?? []),
    ...(group.groups ?? []).flatMap(flat),
  ];
  const practice = await practise({
    apps: flat(fixture('marathon/groups-tasks-health.json') as never),
    agents: agents('a1', 'a2', 'a3'),
  });
  try {
    await comesBack(practice);
  } finally {
    await practice.stop();
  }
});
