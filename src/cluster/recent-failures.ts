import type { Cluster } from './cluster.js';
import { taskPrefixOf } from './logged-task.js';
import type { RecentFailures } from './marathon/describe-app.js';
import type { App } from './marathon/schema.js';
import { changedAt } from './mesos/changed-at.js';

type Looking = { now: Date; signal?: AbortSignal | undefined; timeoutMs?: number };

const WINDOW_MS = 10 * 60_000;
const FAILED: ReadonlySet<string> = new Set(['TASK_FAILED', 'TASK_ERROR']);
// One alone happens to everybody.
const SEVERAL = 2;

/**
 * How often tasks of an app's newest definition failed within the last minutes, as Mesos remembers them: between two crashes everything
 * that Marathon tells looks well. Undefined when it was not several times, or when Mesos cannot be asked.
 */
export async function recentFailures(
  cluster: Cluster,
  app: App,
  looking: Looking,
): Promise<RecentFailures | undefined> {
  return (await recentFailuresOf(cluster, [app], looking)).get(app.id);
}

/** The same for many apps, by their ids; Mesos is asked once, and not at all when none of them failed of late. */
export async function recentFailuresOf(
  cluster: Cluster,
  apps: readonly App[],
  { now, ...asking }: Looking,
): Promise<ReadonlyMap<string, RecentFailures>> {
  const start = now.getTime() - WINDOW_MS;
  const failed = apps.filter(
    ({ lastTaskFailure }) => lastTaskFailure && Date.parse(lastTaskFailure.timestamp) >= start,
  );
  if (failed.length === 0 || !cluster.has('mesos')) return new Map();
  const tasks = await cluster.mesos.tasks(asking).catch(() => []);
  asking.signal?.throwIfAborted();
  const crashed = tasks.filter(({ state }) => FAILED.has(state));
  return new Map(
    failed.flatMap((app) => {
      const from = Math.max(start, Date.parse(app.versionInfo?.lastConfigChangeAt ?? '') || 0);
      const own = crashed.filter(({ id }) => id.startsWith(taskPrefixOf(app)));
      const times = own.map(changedAt).filter((at) => at >= from);
      return times.length < SEVERAL ? [] : [[app.id, { count: times.length, since: new Date(Math.min(...times)) }]];
    }),
  );
}
