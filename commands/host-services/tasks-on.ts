import type { Cluster } from '../../src/cluster/cluster.js';
import type { App } from '../../src/cluster/marathon/schema.js';
import type { Agent } from '../../src/cluster/mesos/schema.js';

type Asking = { signal?: AbortSignal | undefined };

/** What runs on an agent. */
export type TasksOn = {
  /** Tasks of Marathon, which starts others in the place of those that end. */
  ofApps: { id: string; app: App }[];
  /** Names of tasks of other frameworks: whether those start them again is theirs to know. */
  others: string[];
};

const ENDED: ReadonlySet<string> = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_LOST',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
]);

/** As Mesos and Marathon tell it now. Without Marathon in the environment every task is one of others. */
export async function tasksOn(cluster: Cluster, agent: Agent, options: Asking): Promise<TasksOn> {
  const [tasks, apps] = await Promise.all([cluster.mesos.tasks(options), appsOf(cluster, options)]);
  const here = tasks.filter(({ agentId, state }) => agentId === agent.id && !ENDED.has(state));
  const ofApps = here.flatMap(({ id }) => {
    const app = apps.get(id);
    return app ? [{ id, app }] : [];
  });
  const others = here.filter(({ id }) => !apps.has(id)).map(({ name, id }) => name ?? id);
  return { ofApps, others };
}

/** Its app by the id of a task. */
async function appsOf(cluster: Cluster, options: Asking): Promise<Map<string, App>> {
  if (!cluster.has('marathon')) return new Map();
  const [apps, tasks] = await Promise.all([cluster.marathon.apps(options), cluster.marathon.tasks(options)]);
  const byId = new Map(apps.map((app) => [app.id, app]));
  return new Map(
    tasks.flatMap(({ id, appId }) => {
      const app = byId.get(appId);
      return app ? [[id, app] as const] : [];
    }),
  );
}

/** `/zeppelin, /livy (2)`, and how many belong to others. */
export function describeTasks({ ofApps, others }: TasksOn): string {
  const counts = new Map<string, number>();
  for (const { app } of ofApps) counts.set(app.id, (counts.get(app.id) ?? 0) + 1);
  const apps = [...counts].map(([id, number]) => (number === 1 ? id : `${id} (${number})`));
  const rest =
    others.length === 0 ? [] : [`${others.slice(0, 5).join(', ')}${others.length > 5 ? ' …' : ''} of other frameworks`];
  return [...apps, ...rest].join(', ');
}
