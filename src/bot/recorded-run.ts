import { StarsError } from '../errors.js';
import { hasEnded } from '../model/run-states.js';
import type { RunEvent } from '../model/run.js';
import type { Run } from '../store/runs.js';
import type { AnyCommand, StandIn } from './command.js';
import type { ReadableRuns } from './readable-runs.js';
import { keptSteps } from './step.js';

const LONGEST_CHAIN = 20;

/** Whether hosts went through it task by task, so that it can go on in the middle. */
export function isDeploy({ command }: Pick<Run, 'command'>): boolean {
  return command === 'deploy' || command === 'plan';
}

/**
 * The command of a run that has ended without success, once more; with `resumes` what it did once and noted is not done again.
 * USAGE says why there is nothing to do again.
 */
export async function againAsRecorded(
  run: Run,
  { runs, commands }: { runs: ReadableRuns; commands: readonly AnyCommand[] },
  { resumes }: { resumes: boolean },
): Promise<StandIn> {
  if (!hasEnded(run.state))
    throw new StarsError('USAGE', `The run ${run.id} is still ${run.state}.`, { hint: 'Wait for its end.' });
  if (run.state === 'succeeded')
    throw new StarsError('USAGE', `The run ${run.id} succeeded: nothing of it is left to do.`);
  const why = commands.find(({ name }) => name === run.command)?.notAgain;
  if (why !== undefined) throw new StarsError('USAGE', `The run ${run.id} cannot be done again: ${why}`);
  const first = (await runs.events(run)).find((event) => event.type === 'run.requested');
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
    resumes: resumes ? run.id : undefined,
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

/** How a run goes on with another one. */
export function resumeWords(resumes: string, earlier: readonly RunEvent[]): string {
  const done = [...new Set(keptSteps(earlier).map(({ step }) => `“${step}”`))];
  if (done.length === 0) return `Runs again from its start: nothing of run ${resumes} can be left out.`;
  return `Goes on with run ${resumes}: ${done.join(', ')} ${done.length === 1 ? 'is' : 'are'} not done again, everything else is looked at anew.`;
}
