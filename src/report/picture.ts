import { z } from 'zod';
import { jobState } from '../cluster/chronos/job-health.js';
import { healthByCounts } from '../cluster/marathon/app-health.js';
import type { Reading } from './reading.js';

/** What an environment consists of, as one day remembers it for the next. */
export const Picture = z.object({
  apps: z.record(z.string(), z.object({ state: z.string(), instances: z.number(), version: z.string() })).optional(),
  jobs: z.record(z.string(), z.string()).optional(),
  layers: z.record(z.string(), z.string()),
});

export type Picture = z.infer<typeof Picture>;

export function pictureOf({ apps, jobs, health }: Reading): Picture {
  return {
    ...(apps && {
      apps: Object.fromEntries(
        apps.map((app) => [
          app.id,
          {
            state: healthByCounts(app).state,
            instances: app.instances,
            version: app.versionInfo?.lastConfigChangeAt ?? '',
          },
        ]),
      ),
    }),
    ...(jobs && { jobs: Object.fromEntries(jobs.map((job) => [job.name, jobState(job)])) }),
    layers: Object.fromEntries(health.layers.map(({ title, state }) => [title, state])),
  };
}

const MOST = 12;

/** What became different in between, in words. */
export function changesBetween(before: Picture, now: Picture): string[] {
  const changes = [
    ...layerChanges(before, now),
    ...(before.apps && now.apps ? appChanges(before.apps, now.apps) : []),
    ...(before.jobs && now.jobs ? jobChanges(before.jobs, now.jobs) : []),
  ];
  return changes.length > MOST ? [...changes.slice(0, MOST), `and ${changes.length - MOST} more changes`] : changes;
}

function layerChanges(before: Picture, now: Picture): string[] {
  return Object.entries(now.layers).flatMap(([title, state]) => {
    const earlier = before.layers[title];
    return earlier === undefined || earlier === state ? [] : [`${title}: ${earlier} → ${state}`];
  });
}

type Apps = NonNullable<Picture['apps']>;

function appChanges(before: Apps, now: Apps): string[] {
  const changed = Object.entries(now).flatMap(([id, app]) => {
    const earlier = before[id];
    if (!earlier) return [`${id} is new`];
    const what = [
      ...(earlier.instances === app.instances ? [] : [`instances ${earlier.instances} → ${app.instances}`]),
      ...(earlier.version === app.version ? [] : ['another version']),
      ...(earlier.state === app.state ? [] : [`${earlier.state} → ${app.state}`]),
    ];
    return what.length === 0 ? [] : [`${id}: ${what.join(', ')}`];
  });
  return [...changed, ...gone(before, now).map((id) => `${id} is gone`)];
}

function jobChanges(before: Record<string, string>, now: Record<string, string>): string[] {
  const changed = Object.entries(now).flatMap(([name, state]) => {
    const earlier = before[name];
    if (earlier === undefined) return [`job ${name} is new`];
    return earlier === state ? [] : [`job ${name}: ${earlier} → ${state}`];
  });
  return [...changed, ...gone(before, now).map((name) => `job ${name} is gone`)];
}

function gone(before: object, now: object): string[] {
  return Object.keys(before).filter((key) => !(key in now));
}
