import type { App } from './app.js';
import { healthOf, isRunning, taskJson, type Instance } from './instance.js';
import type { Marathon } from './marathon.js';

export type AppParts = {
  counts: boolean;
  deployments: boolean;
  tasks: boolean;
  lastTaskFailure: boolean;
  readiness: boolean;
  taskStats: boolean;
};

/** What one app comes with: more than a list, whatever was asked for. */
export function partsOfOneApp(embed: string[]): AppParts {
  return { ...listParts(embed), tasks: true, lastTaskFailure: true };
}

/** An app with the run-time parts that were asked for. */
export function appJson(marathon: Marathon, app: App, parts: AppParts): Record<string, unknown> {
  const runtime = marathon.launcher.runtimes.get(app.id);
  const instances = marathon.isLoading() ? [] : [...(runtime?.instances.values() ?? [])];
  const readiness = () => marathon.deployments.active.flatMap((one) => marathon.deployments.readiness(one, app.id));
  return {
    ...marathon.print(app),
    ...(parts.counts && counts(app, instances)),
    ...(parts.deployments && { deployments: marathon.deployments.touching([app.id]).map(({ id }) => ({ id })) }),
    ...(parts.readiness && app.readinessChecks.length > 0 && { readinessCheckResults: readiness() }),
    ...(parts.tasks && { tasks: instances.map(taskJson) }),
    ...(parts.lastTaskFailure && runtime?.lastTaskFailure && { lastTaskFailure: runtime.lastTaskFailure }),
    ...(parts.taskStats && { taskStats: taskStats(app, instances) }),
  };
}

function counts(app: App, instances: Instance[]): Record<string, number> {
  const checks = app.healthChecks.length;
  const withHealth = (health: string) =>
    instances.filter((one) => isRunning(one) && healthOf(one, checks) === health).length;
  return {
    tasksStaged: instances.filter(({ task }) => task.state === 'TASK_STAGING' || task.state === 'TASK_STARTING').length,
    tasksRunning: instances.filter(isRunning).length,
    tasksHealthy: withHealth('healthy'),
    tasksUnhealthy: withHealth('unhealthy'),
  };
}

function taskStats(app: App, instances: Instance[]): Record<string, unknown> {
  if (instances.length === 0) return {};
  const { tasksStaged, tasksRunning, tasksHealthy, tasksUnhealthy } = counts(app, instances);
  const stats = {
    stats: { counts: { staged: tasksStaged, running: tasksRunning, healthy: tasksHealthy, unhealthy: tasksUnhealthy } },
  };
  return { startedAfterLastScaling: stats, totalSummary: stats };
}

/** The parts of a list that `embed` asks for; prefixes are accepted, unknown values ignored. */
export function listParts(embed: string[]): AppParts {
  const asked = new Set(embed.map((one) => one.replace(/^(group\.)?(apps|app)\./, '')));
  return {
    counts: true,
    deployments: true,
    tasks: asked.has('tasks') || asked.has('failures'),
    lastTaskFailure: asked.has('lastTaskFailure') || asked.has('failures'),
    readiness: asked.has('readiness'),
    taskStats: asked.has('taskStats'),
  };
}
