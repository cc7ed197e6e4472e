import { StarsError } from '../../errors.js';
import type { CallOptions, Http } from '../http.js';
import { browse } from './files.js';
import { AgentState } from './schema.js';

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** Where the agent keeps what the task wrote; of several runs the newest. */
export async function taskDirectory(agent: Http, taskId: string, options?: Asking): Promise<string> {
  const { frameworks, completed_frameworks: completed } = await agent.get('/state', AgentState, options);
  const executors = [...completed, ...frameworks].flatMap((framework) => [
    ...framework.completed_executors,
    ...framework.executors,
  ]);
  const newest = executors.findLast(
    ({ id, tasks, queued_tasks: queued, completed_tasks: done }) =>
      id === taskId || [...tasks, ...queued, ...done].some((task) => task.id === taskId),
  );
  if (newest) return newest.id === taskId ? newest.directory : ownDirectory(agent, newest.directory, taskId, options);
  throw new StarsError('API_ANSWER', `${agent.service} knows nothing of the task ${taskId}.`, {
    hint: 'It may never have started there, or Mesos has cleaned up after it.',
  });
}

// The default executor, which runs pods, gives each of its tasks a folder; other executors let them share one.
async function ownDirectory(agent: Http, shared: string, taskId: string, options?: Asking): Promise<string> {
  const own = `${shared}/tasks/${taskId}`;
  return browse(agent, own, options).then(
    (entries) => (entries.length > 0 ? own : shared),
    (error: unknown) => {
      if (error instanceof StarsError && (error.code === 'API_ANSWER' || error.code === 'API_REFUSED')) return shared;
      throw error;
    },
  );
}
