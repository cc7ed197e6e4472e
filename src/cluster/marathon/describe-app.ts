import { utcWords } from '../../model/utc-words.js';
import { GOOD_STATES, healthByTasks } from './app-health.js';
import type { App, MarathonTask, QueueItem } from './schema.js';
import { describeFailure, explainWaiting } from './waiting.js';

/** Tasks of an app that failed of late, when it was several. */
export type RecentFailures = { count: number; since: Date };

const MAX_TASKS = 10;

/** An app in words: how it stands, what it waits for, where its tasks run, what failed last. */
export function describeApp(app: App, queue: QueueItem[], failures?: RecentFailures): string {
  const health = healthByTasks(app);
  const good = GOOD_STATES.has(health.state);
  const waiting = good ? undefined : explainWaiting({ app, queue });
  const shown = app.tasks.slice(0, MAX_TASKS);
  return [
    `${good && !failures ? '🟢' : '🟡'} *${app.id}* ${health.words}${failureWords(failures)}; wants ${app.cpus} CPUs and ${app.mem} MB for each`,
    ...(waiting ? [`      • waits: ${waiting.words}`] : []),
    ...app.deployments.map(({ id }) => `      • deployment ${id} works at it`),
    ...shown.map((task) => `      • ${describeTask(task)}`),
    ...(app.tasks.length > MAX_TASKS ? [`      • and ${app.tasks.length - MAX_TASKS} more tasks`] : []),
    ...(app.lastTaskFailure
      ? [
          `      • last failure on ${app.lastTaskFailure.timestamp.slice(0, 10)}: ${describeFailure(app.lastTaskFailure)}`,
        ]
      : []),
  ].join('\n');
}

/** The rest of a sentence that says how an app stands. */
export function failureWords(failures: RecentFailures | undefined): string {
  return failures ? `, but ${failures.count} tasks failed since ${utcWords(failures.since.toISOString())}` : '';
}

function describeTask({ host = 'an unknown host', state, startedAt, healthCheckResults }: MarathonTask): string {
  const sick = healthCheckResults.some(({ alive }) => !alive);
  const health = healthCheckResults.length === 0 ? '' : sick ? ', fails its health check' : ', healthy';
  const since = startedAt ? ` since ${utcWords(startedAt)}` : '';
  return `${host}: ${(state ?? (startedAt ? 'TASK_RUNNING' : 'TASK_STAGING')).replace('TASK_', '').toLowerCase()}${since}${health}`;
}
