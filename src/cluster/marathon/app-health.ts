import type { App, MarathonTask } from './schema.js';
import { counted } from '../../model/figures.js';

/**
 * How an app stands: `healthy` (as many tasks of its newest definition as it wants run, and every check passes), `running` (the same
 * without health checks: nothing more can be known), `suspended` (it wants none), `starting`, `unhealthy` or `down`.
 */
export type AppState = 'healthy' | 'running' | 'suspended' | 'starting' | 'unhealthy' | 'down';

export type AppHealth = { state: AppState; words: string };

export const GOOD_STATES: ReadonlySet<AppState> = new Set(['healthy', 'running', 'suspended']);

/** From the counts of an app in a list, where tasks are not included. */
export function healthByCounts(app: App): AppHealth {
  const { instances, tasksRunning: running, tasksHealthy: healthy, tasksUnhealthy: unhealthy } = app;
  const checked = app.healthChecks.length > 0;
  if (instances === 0 && running === 0) return { state: 'suspended', words: 'suspended (0 instances)' };
  const words = checked
    ? `${healthy} of ${instances} healthy, ${running} running`
    : `${running} of ${instances} running, no health check`;
  if (unhealthy > 0) return { state: 'unhealthy', words: `${words}, ${unhealthy} failing their health check` };
  if (running === 0 && app.tasksStaged === 0) return { state: 'down', words };
  if (running < instances || (checked && healthy < instances)) return { state: 'starting', words };
  return { state: checked ? 'healthy' : 'running', words };
}

// What Mesos says of a task that went with its agent.
const LOST: ReadonlySet<string> = new Set([
  'TASK_LOST',
  'TASK_UNREACHABLE',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_DROPPED',
  'TASK_UNKNOWN',
]);
const RECENT_MS = 10 * 60_000;

/** Whether an app lacks tasks though none of its own failed of late: they have no place to run. */
export function waitsForPlace({ instances, tasksRunning, tasksUnhealthy, lastTaskFailure }: App, now: Date): boolean {
  if (tasksRunning >= instances || tasksUnhealthy > 0) return false;
  if (!lastTaskFailure || LOST.has(lastTaskFailure.state ?? '')) return true;
  return now.getTime() - Date.parse(lastTaskFailure.timestamp) > RECENT_MS;
}

/** From the tasks of one app: only those of its newest definition count, so that a half-done deployment is not taken for a done one. */
export function healthByTasks(app: App): AppHealth {
  if (app.instances === 0)
    return app.tasks.length === 0
      ? { state: 'suspended', words: 'suspended (0 instances)' }
      : { state: 'starting', words: stopping(app) };
  const current = app.tasks.filter((task) => isCurrent(app, task) && task.state !== 'TASK_UNREACHABLE');
  const running = current.filter(({ startedAt, state }) =>
    state ? state === 'TASK_RUNNING' : startedAt !== undefined,
  );
  const checked = app.healthChecks.length > 0;
  const passing = running.filter(passes);
  const good = checked ? passing.length : running.length;
  const words = `${good} of ${counted(app.instances, 'new task')} ${checked ? 'healthy' : 'running'}`;
  const old = app.tasks.length - current.length;
  if (good >= app.instances && old > 0)
    return { state: 'starting', words: `${words}, ${counted(old, 'old task')} still there` };
  if (good >= app.instances) return { state: checked ? 'healthy' : 'running', words };
  const failing = running.filter(fails);
  if (failing.length > 0)
    return { state: 'unhealthy', words: `${words}, ${failing.length} failing the health check${cause(failing)}` };
  return { state: current.length > 0 ? 'starting' : 'down', words };
}

/** Whether a task has the newest definition. */
// Scaling makes a new version but leaves the tasks as they are, so a task is up to date from the last change of the definition on.
export function isCurrent({ version = '', versionInfo }: App, task: MarathonTask): boolean {
  return (task.version ?? '') >= (versionInfo?.lastConfigChangeAt ?? version);
}

function passes({ healthCheckResults: results }: MarathonTask): boolean {
  return results.length > 0 && results.every(({ alive }) => alive);
}

// Not alive and never yet: it may still be inside its grace period.
function fails({ healthCheckResults: results }: MarathonTask): boolean {
  return results.some(
    ({ alive, firstSuccess, lastFailureCause }) =>
      !alive && (firstSuccess !== undefined || lastFailureCause !== undefined),
  );
}

function cause(failing: MarathonTask[]): string {
  const words = failing
    .flatMap(({ healthCheckResults }) => healthCheckResults)
    .find(({ lastFailureCause }) => lastFailureCause)?.lastFailureCause;
  return words ? ` (${words})` : '';
}

function stopping({ tasks }: App): string {
  return `${counted(tasks.length, 'task')} still to be stopped`;
}
