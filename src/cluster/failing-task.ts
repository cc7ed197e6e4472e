import type { Cluster } from './cluster.js';
import type { Ticket } from './marathon/follow.js';
import { failureSince } from './marathon/waiting.js';
import type { Task } from './mesos/schema.js';

/** The end of what a failing task wrote. */
export type LastWords = { taskId: string; host: string; stream: 'stdout' | 'stderr'; lines: string[] };

const LINES = 5;

/**
 * What the task that failed last since the ticket wrote at its end, or a task that fails its health check. Undefined when there is
 * none or when its agent gives nothing out: this only adds to an error that is known already.
 */
export async function lastWordsOf(
  cluster: Cluster,
  ticket: Ticket,
  signal?: AbortSignal,
): Promise<LastWords | undefined> {
  return wordsOf(cluster, () => failingTask(cluster, ticket, signal), signal);
}

/** The same of the task of this name that Mesos knew last, such as `ChronosTask:reindex`. */
export async function lastWordsOfTask(
  cluster: Cluster,
  name: string,
  signal?: AbortSignal,
): Promise<LastWords | undefined> {
  return wordsOf(cluster, () => newestTask(cluster, name, signal), signal);
}

type Found = { taskId: string; agentId: string; host: string };

async function wordsOf(
  cluster: Cluster,
  find: () => Promise<Found | undefined>,
  signal?: AbortSignal,
): Promise<LastWords | undefined> {
  if (!cluster.has('mesos')) return undefined;
  try {
    const task = await find();
    if (!task) return undefined;
    for (const stream of ['stderr', 'stdout'] as const) {
      const { text } = await cluster.mesos.taskLog({ ...task, stream }, { signal });
      const lines = text
        .trimEnd()
        .split('\n')
        .filter((line) => line.trim() !== '');
      if (lines.length > 0) return { taskId: task.taskId, host: task.host, stream, lines: lines.slice(-LINES) };
    }
    return undefined;
  } catch {
    return undefined;
  }
}

async function newestTask({ mesos }: Cluster, name: string, signal?: AbortSignal): Promise<Found | undefined> {
  const [tasks, agents] = await Promise.all([mesos.tasks({ signal }), mesos.agents({ signal })]);
  const [task] = tasks.filter((one) => one.name === name).sort((a, b) => beganAt(b) - beganAt(a));
  if (task?.agentId === undefined) return undefined;
  const host = agents.find(({ id }) => id === task.agentId)?.hostname ?? task.agentId;
  return { taskId: task.id, agentId: task.agentId, host };
}

function beganAt({ statuses }: Task): number {
  return statuses[0]?.timestamp ?? 0;
}

async function failingTask({ marathon }: Cluster, ticket: Ticket, signal?: AbortSignal): Promise<Found | undefined> {
  const app = await marathon.app(ticket.app, { signal });
  const failure = failureSince(app, ticket.version);
  if (failure?.agentId)
    return { taskId: failure.taskId, agentId: failure.agentId, host: failure.host ?? failure.agentId };
  const sick = app.tasks.find(({ healthCheckResults }) => healthCheckResults.some(({ alive }) => !alive));
  return sick?.agentId ? { taskId: sick.id, agentId: sick.agentId, host: sick.host ?? sick.agentId } : undefined;
}
