import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import { AgentState, FileRead } from './schema.js';

/** The end of a file in a task's sandbox. `from` is the byte at which `text` begins; 0 is the whole file. */
export type LogTail = { path: string; text: string; from: number; size: number };

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

// An agent gives out 16 pages at most in one answer, whatever is asked for.
const MAX_BYTES = 65_536;
const DEFAULT_BYTES = 8_192;

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
  if (newest) return newest.directory;
  throw new StarsError('API_ANSWER', `${agent.service} knows nothing of the task ${taskId}.`, {
    hint: 'It may never have started there, or Mesos has cleaned up after it.',
  });
}

/** The last `bytes` (at most 64 KiB) of a file, from the first whole line on. */
export async function readTail(
  agent: Http,
  path: string,
  { bytes = DEFAULT_BYTES, ...options }: Asking & { bytes?: number | undefined },
): Promise<LogTail> {
  const read = (query: Record<string, string | number>) =>
    agent.get('/files/read', FileRead, { ...options, query: { path, ...query } });
  try {
    const { offset: size } = await read({ offset: -1 });
    const from = Math.max(0, size - Math.min(bytes, MAX_BYTES));
    const { data } = await read({ offset: from, length: size - from });
    return { path, size, from, text: from === 0 ? data : fromWholeLine(data) };
  } catch (error) {
    if (refusalOf(error)?.status !== 404) throw error;
    throw new StarsError('API_ANSWER', `${agent.service} no longer has ${path}.`, {
      hint: 'Mesos removes the files of an ended task after about a week, or when the disk is full.',
      cause: error,
    });
  }
}

// Offsets are bytes, so a tail may begin inside a character.
function fromWholeLine(data: string): string {
  const end = data.indexOf('\n');
  return end === -1 ? data.replace(/^\uFFFD+/, '') : data.slice(end + 1);
}
