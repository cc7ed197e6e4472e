import { StarsError } from '../errors.js';
import type { Cluster } from './cluster.js';
import type { App, MarathonTask } from './marathon/schema.js';
import { describeFailure } from './marathon/waiting.js';

/** A task whose files can be read; `words` tell how it stands. */
export type LoggedTask = { id: string; agentId: string; host: string; words: string };

/**
 * The task of an app that is meant: the newest that runs, or the last that failed when none does; by a part of its id also one that
 * ended long ago, as far as Mesos knows it. USAGE lists what there is.
 */
export async function findTask(
  cluster: Cluster,
  app: App,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<LoggedTask> {
  const failed = failedTask(app);
  if (name === 'failed') {
    if (failed) return failed;
    throw new StarsError('USAGE', `Marathon knows of no task of ${app.id} that failed.`, { hint: known(app) });
  }
  const live = newestFirst(app.tasks);
  const found =
    name === undefined
      ? (live[0] ?? failed)
      : (live.find(({ id }) => id.includes(name)) ??
        [failed].find((one) => one?.id.includes(name)) ??
        (await endedTask(cluster, app, name, signal)));
  if (found) return found;
  throw new StarsError(
    'USAGE',
    name === undefined ? `${app.id} has no task, and none that failed.` : `${app.id} has no task ${name}.`,
    {
      hint: known(app),
    },
  );
}

function newestFirst(tasks: readonly MarathonTask[]): LoggedTask[] {
  return tasks
    .toSorted(
      (a, b) =>
        Number(isRunning(b)) - Number(isRunning(a)) ||
        (b.startedAt ?? b.stagedAt ?? '').localeCompare(a.startedAt ?? a.stagedAt ?? ''),
    )
    .flatMap(({ id, agentId, host, state, startedAt }) =>
      agentId === undefined
        ? []
        : [
            {
              id,
              agentId,
              host: host ?? agentId,
              words: (state ?? (startedAt ? 'TASK_RUNNING' : 'TASK_STAGING')).replace('TASK_', '').toLowerCase(),
            },
          ],
    );
}

function isRunning({ state, startedAt }: MarathonTask): boolean {
  return state === undefined ? startedAt !== undefined : state === 'TASK_RUNNING';
}

function failedTask({ lastTaskFailure: failure }: App): LoggedTask | undefined {
  if (failure?.agentId === undefined) return undefined;
  return {
    id: failure.taskId,
    agentId: failure.agentId,
    host: failure.host ?? failure.agentId,
    words: `failed: ${describeFailure(failure)}`,
  };
}

/** The ids of an app's tasks begin with its own, with `_` in place of slashes. */
export function taskPrefixOf({ id }: Pick<App, 'id'>): string {
  return `${id.slice(1).replaceAll('/', '_')}.`;
}

/** One that Marathon has forgotten. */
async function endedTask(
  cluster: Cluster,
  app: App,
  name: string,
  signal?: AbortSignal,
): Promise<LoggedTask | undefined> {
  const prefix = taskPrefixOf(app);
  const task = (await cluster.mesos.tasks({ signal })).find(
    (one) => one.id.startsWith(prefix) && one.id.includes(name),
  );
  if (task?.agentId === undefined) return undefined;
  return {
    id: task.id,
    agentId: task.agentId,
    host: task.agentId,
    words: task.state.replace('TASK_', '').toLowerCase(),
  };
}

function known({ id, tasks, lastTaskFailure }: App): string {
  const names = [...tasks.map((task) => task.id), ...(lastTaskFailure ? [`${lastTaskFailure.taskId} (failed)`] : [])];
  return names.length === 0
    ? `${id} is suspended, or waits to be launched.`
    : `There are: ${names.slice(0, 10).join(', ')}.`;
}
