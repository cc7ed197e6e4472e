import { StarsError } from '../errors.js';
import { hasEnded } from '../model/run-states.js';
import { takenUpBy } from '../model/taken-up.js';
import type { RunEvent, RunRequest, TakesUp } from '../model/run.js';
import type { Run } from '../store/runs.js';
import type { StandIn } from './command.js';
import type { ReadableRuns } from './readable-runs.js';
import { keptSteps } from './step.js';

const LONGEST_CHAIN = 20;

/** Whether hosts went through it task by task, so that it can go on in the middle. */
export function isDeploy({ command }: Pick<Run, 'command'>): boolean {
  return command === 'deploy' || command === 'plan';
}

/**
 * The command of a run that has ended without success, once more; as `resumes` what it did once and noted is not done again.
 * USAGE says why there is nothing to do again.
 */
export async function againAsRecorded(run: Run, runs: ReadableRuns, how: keyof TakesUp): Promise<StandIn> {
  if (!hasEnded(run.state))
    throw new StarsError('USAGE', `The run ${run.id} is still ${run.state}.`, { hint: 'Wait for its end.' });
  if (run.state === 'succeeded')
    throw new StarsError('USAGE', `The run ${run.id} succeeded: nothing of it is left to do.`);
  const first = await runs.request(run);
  if (!first)
    throw new StarsError('USAGE', `What was asked for with the run ${run.id} was deleted.`, {
      hint: 'Ask for it anew.',
    });
  const { rest, ...input } = first.args;
  if (JSON.stringify(first.args).includes('[REDACTED]'))
    throw new StarsError('USAGE', `The run ${run.id} was given secrets, which Stars does not keep.`, {
      hint: 'Ask for it anew, with them.',
    });
  return {
    command: run.command,
    input,
    rest: typeof rest === 'string' ? rest : undefined,
    environment: run.environment ?? undefined,
    trusted: (run.source === 'terminal' || run.source === 'schedule') && first.trusted !== false,
    [how]: run.id,
  };
}

type EventsOf = (run: string) => Promise<readonly RunEvent[]>;

/** The events of the runs that a run resumes, oldest first. */
export async function eventsBefore(resumes: string | undefined, eventsOf: EventsOf): Promise<RunEvent[]> {
  const found: (readonly RunEvent[])[] = [];
  let earlier = resumes;
  while (earlier !== undefined && found.length < LONGEST_CHAIN) {
    const events = await eventsOf(earlier);
    found.unshift(events);
    earlier = events[0]?.type === 'run.requested' ? events[0].resumes : undefined;
  }
  return found.flat();
}

/** Which run a run takes up, and how; undefined when it takes up none. */
export async function takeUpWords(
  request: TakesUp & { input: Record<string, unknown> },
  earlier: readonly RunEvent[],
  requestOf: (run: string) => Promise<RunRequest | undefined>,
): Promise<string | undefined> {
  const { resumes, retries } = request;
  const id = resumes ?? retries;
  if (id === undefined) return undefined;
  const run = `run ${id}${await wordsOf(id, requestOf)}`;
  if (resumes === undefined) return `Does ${run} again.`;
  const done = [...new Set(keptSteps(earlier).map(({ step }) => `“${step}”`))];
  if (done.length > 0)
    return `Goes on with ${run}: ${done.join(', ')} ${done.length === 1 ? 'is' : 'are'} not done again, everything else is looked at anew.`;
  const isDeploy = request.input['continues'] !== undefined;
  return isDeploy ? `Goes on with ${run}.` : `Runs again from its start: nothing of ${run} can be left out.`;
}

/** What was asked for first: the run itself may only have been asked to take up another one. */
async function wordsOf(id: string, requestOf: (run: string) => Promise<RunRequest | undefined>): Promise<string> {
  let words: string | undefined;
  let next: string | undefined = id;
  for (let link = 0; next !== undefined && link < LONGEST_CHAIN; link += 1) {
    const request: RunRequest | undefined = await requestOf(next);
    words = request?.text ?? words;
    next = request && takenUpBy(request);
  }
  return words === undefined ? '' : ` (${words})`;
}
