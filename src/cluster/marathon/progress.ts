import { healthByTasks, isCurrent } from './app-health.js';
import type { App, MarathonTask } from './schema.js';
import { describeFailure, failureSince, type Waiting } from './waiting.js';

const MOST_TASKS = 6;

/** How far a deployment has come: why it waits, how many tasks are there, where they are, and what failed last. */
export function progressOf(app: App, version: string, waiting: Waiting | undefined): Waiting {
  const { words } = healthByTasks(app);
  const failure = failureSince(app, version);
  const parts = [
    ...(waiting ? [waiting.words] : []),
    words,
    ...(app.tasks.length > 0 ? [tasksInWords(app)] : []),
    ...(failure ? [`last failure: ${describeFailure(failure)}`] : []),
  ];
  return { kind: `${waiting?.kind ?? ''} ${words.replaceAll(/\(.*\)/g, '')}`, words: parts.join('; ') };
}

/** `new on worker1 healthy, old on worker2 running` */
function tasksInWords(app: App): string {
  const shown = app.tasks.slice(0, MOST_TASKS).map((task) => taskInWords(app, task));
  const more = app.tasks.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function taskInWords(app: App, task: MarathonTask): string {
  const age = isCurrent(app, task) ? 'new' : 'old';
  return `${age} on ${task.host ?? 'no host yet'} ${stateInWords(task)}`;
}

function stateInWords({ state, startedAt, healthCheckResults }: MarathonTask): string {
  const name = (state ?? (startedAt ? 'TASK_RUNNING' : 'TASK_STAGING')).replace('TASK_', '').toLowerCase();
  if (name !== 'running' || healthCheckResults.length === 0) return name;
  return healthCheckResults.every(({ alive }) => alive) ? 'healthy' : 'not healthy';
}
