import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

test.each<[string, { apps?: unknown; jobs?: unknown; chronosVersion?: '2.5'; marathonVersion?: '1.10' }]>([
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

type CapturedGroup = { apps?: Definition[]; groups?: CapturedGroup[] };
const flat = (group: CapturedGroup): Definition[] => [...(group.apps ?? []), ...(group.groups ?? []).flatMap(flat)];
/** As Marathon writes them since 1.9. */
const withRole = (apps: Definition[]) => apps.map((app) => ({ ...app, role: '*' }));
const goChronos = fixture('chronos/job-gochronos-1.json') as Definition & { parents: string[] };

test.each<[string, { apps?: unknown; jobs?: unknown; chronosVersion?: '2.5'; marathonVersion?: '1.10' }]>([
  ['groups with their apps, tasks and health', { apps: flat(fixture('marathon/groups-tasks-health.json') as never) }],
  [
    'groups as the documentation of Marathon shows them',
    { apps: flat(fixture('marathon/group-doc-1.4.7.json') as never) },
  ],
  [
    'apps with their tasks, of a Marathon after 1.4',
    { apps: withRole(fixture('marathon/apps-embeds-tasks.bare-array.json') as Definition[]), marathonVersion: '1.10' },
  ],
  ['an old version of an app', { apps: [fixture('marathon/app-version.json')] }],
  [
    'a job with its parents, as a client of Chronos 2 sends it',
    {
      jobs: [
        ...goChronos.parents.map((name) => ({ name, command: 'true', schedule: 'R/2014-01-01T00:00:00.000Z/PT24H' })),
        goChronos,
      ],
      chronosVersion: '2.5',
    },
  ],
])('captured elsewhere: %s', async (_title, content) => {
  const everywhere = agents('a1', 'a2', 'a3', 'srv2.example.org', 'stars-dw1').map((agent) => ({
    ...agent,
    attributes: {},
  }));
  const practice = await practise({ agents: everywhere, ...content });
  try {
    await comesBack(practice);
  } finally {
    await practice.stop();
  }
});

test('a pod as the documentation of Marathon shows it comes back', async () => {
  const practice = await practise({ apps: [{ id: '/web', cmd: 'x', cpus: 0.1, mem: 32 }] });
  try {
    await practice.cluster.marathon.createPod(fixture('marathon/pod-doc-1.4.7.json') as Definition);
    await practice.clock.sleep(60_000);
    await comesBack(practice);
  } finally {
    await practice.stop();
  }
});

test('an app that no Marathon takes as it was captured is refused in words, and the rest comes', async () => {
  const practice = await practise({ apps: [fixture('marathon/app-single-with-tasks.json')], jobs: [] });
  try {
    const saved = /as (\S+) /.exec(await practice.perform(backup, { allowEmpty: true }))?.[1] ?? '';
    await practice.cluster.marathon.remove('/dev/foo', { force: true });
    await practice.clock.sleep(30_000);
    await expect(practice.perform(restore, { backup: saved, check: true })).rejects.toThrow(
      'refused: /dev/foo: it has both a command and arguments',
    );
  } finally {
    await practice.stop();
  }
});

test('an app that Marathon 1.5 or later wrote comes back to an older one in its form, once and for all', async () => {
  // Its others have fields that only a user interface knows.
  const apps = flat(fixture('marathon/groups-one-task.json') as never).filter(({ id }) => id === '/net');
  const practice = await practise({ apps: [], jobs: [] });
  try {
    const folder = join(practice.dataFolder, 'sandbox', 'newer');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'apps.json'), JSON.stringify({ apps }));
    await expect(practice.perform(restore, { backup: 'newer', check: true })).resolves.toContain(
      '• create /net (written in the form of Marathon before 1.5)',
    );
    await expect(practice.perform(restore, { backup: 'newer' })).resolves.toContain('created 1 item, all as saved.');
    await expect(practice.cluster.marathon.definition('/net')).resolves.toMatchObject({
      container: { docker: { image: 'nginx', network: expect.any(String) } },
    });
    await expect(practice.perform(restore, { backup: 'newer' })).resolves.toContain('There is nothing to do.');
  } finally {
    await practice.stop();
  }
});
