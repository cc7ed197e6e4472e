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
  { now, ...asking }: Looking,
): Promise<RecentFailures | undefined> {
  if (!cluster.has('mesos')) return undefined;
  const tasks = await cluster.mesos.tasks(asking).catch(() => []);
  asking.signal?.throwIfAborted();
  const from = Math.max(now.getTime() - WINDOW_MS, Date.parse(app.versionInfo?.lastConfigChangeAt ?? '') || 0);
  const times = tasks
    .filter(({ id, state }) => id.startsWith(taskPrefixOf(app)) && FAILED.has(state))
    .map(changedAt)
    .filter((at) => at >= from);
  return times.length < SEVERAL ? undefined : { count: times.length, since: new Date(Math.min(...times)) };
}
