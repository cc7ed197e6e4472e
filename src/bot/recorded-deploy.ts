import { StarsError } from '../errors.js';
import { type Remainder, remainderOf, remainderOfParts } from '../model/remainder.js';
import type { RunEvent } from '../model/run.js';
import { workOf } from '../model/work-of.js';
import { isProposing, type Run } from '../store/runs.js';
import type { StandIn } from './command.js';
import type { ReadableRuns } from './readable-runs.js';

/** A recorded deploy: what was asked for, and what it left undone. */
export type RecordedDeploy = Remainder & {
  run: Run;
  events: RunEvent[];
  /** Words and flags by name, secrets redacted. */
  input: Record<string, unknown>;
  environment: string;
  /** Where it was to start before any run that failed was resumed. */
  startAsked: unknown;
  /** False when any of it came from a chat. */
  trusted: boolean;
};

const LONGEST_CHAIN = 20;
const REDACTED = '[REDACTED]';

/** The deploy of this id, which may be shortened or `last`. Throws UNKNOWN_RUN, NOT_PERMITTED or USAGE. */
export async function recordedDeploy(runs: ReadableRuns, id: string): Promise<RecordedDeploy> {
  const run = await runs.find(id);
  const events = await runs.events(run);
  const [first] = events;
  if (!['deploy', 'plan'].includes(run.command) || run.environment === null || first?.type !== 'run.requested')
    throw new StarsError('USAGE', `The run ${run.id} is no deploy: ${run.text}.`, {
      hint: '“history” lists the runs with their ids.',
    });
  const input = first.args;
  const trusted = (run.source === 'terminal' || run.source === 'schedule') && input['asData'] !== true;
  const done = await doneBy(runs, run, events);
  const left = done.length === 1 ? remainderOf(done.flat()) : remainderOfParts(done);
  const startAsked = await startAskedFor(runs, first);
  const { owed } = remainderOf([...(await eventsBefore(runs, input)), ...done.flat()]);
  return { ...left, owed, run, events, input, environment: run.environment, startAsked, trusted };
}

async function startAskedFor(
  runs: ReadableRuns,
  asked: Extract<RunEvent, { type: 'run.requested' }>,
): Promise<unknown> {
  let request = asked;
  for (let links = 0; request.resumes !== undefined && links < LONGEST_CHAIN; links += 1) {
    const [first] = await runs.events(await runs.find(request.resumes));
    if (first?.type !== 'run.requested') break;
    request = first;
  }
  return request.args['startAt'];
}

/** What it did itself, or each of the parts that it was split into. Nothing, when it ended before it knew what it would do. */
async function doneBy(
  runs: ReadableRuns,
  run: Run,
  events: readonly RunEvent[],
): Promise<readonly (readonly RunEvent[])[]> {
  const parts = await runs.partsOf(run);
  if (parts.length > 0) return Promise.all(parts.map((part) => runs.events(part)));
  return [isProposing(run) ? [] : workOf(events)];
}

/** The events of the runs that a run continues, oldest first. */
async function eventsBefore(runs: ReadableRuns, input: Record<string, unknown>): Promise<RunEvent[]> {
  const found: (readonly RunEvent[])[] = [];
  let earlier = input['continues'];
  while (typeof earlier === 'string' && found.length < LONGEST_CHAIN) {
    const run = await runs.find(earlier);
    const events = await runs.events(run);
    found.unshift((await doneBy(runs, run, events)).flat());
    earlier = events[0]?.type === 'run.requested' ? events[0].args['continues'] : undefined;
  }
  return found.flat();
}

/**
 * The same request again with other words in it. Secrets were not kept: USAGE when the run had some with `-e` that are not among
 * `extraVars` now.
 */
export function asked(
  { run, input, environment, trusted }: RecordedDeploy,
  changes: Record<string, unknown>,
  extraVars: readonly string[],
): StandIn {
  const kept = Array.isArray(input['extraVars']) ? input['extraVars'].map(String) : [];
  const missing = kept.filter((text) => text.includes(REDACTED)).filter((text) => !isGivenAgain(text, extraVars));
  if (missing.length > 0)
    throw new StarsError(
      'USAGE',
      `The run ${run.id} was given secrets with -e, which Stars does not keep: ${missing.join(', ')}.`,
      {
        hint: 'Give them again with -e.',
      },
    );
  const all = [...kept.filter((text) => !text.includes(REDACTED)), ...extraVars];
  const { partOf, ...words } = input;
  // What is left of a part is no part of anything any more, and is not split once more.
  const whole = partOf === undefined ? words : { ...words, split: undefined };
  const entries = Object.entries({ ...whole, ...changes, extraVars: all, asData: !trusted });
  const known = entries.filter(([, value]) => value !== undefined);
  return { command: 'deploy', input: Object.fromEntries(known), environment, trusted };
}

/** By its name when that is known; a text that is hidden as a whole counts as given when anything is. */
function isGivenAgain(text: string, extraVars: readonly string[]): boolean {
  const names = [...text.matchAll(/([A-Za-z_]\w*)\s*=/g)].map(([, name]) => name ?? '');
  if (names.length === 0) return extraVars.length > 0;
  return names.every((name) => extraVars.some((given) => given.includes(name)));
}

/** USAGE for a run that still goes on, or that was only a plan. */
export function requireEnded({ run, input }: RecordedDeploy): void {
  if (input['check'] === true || run.command === 'plan')
    throw new StarsError('USAGE', `The run ${run.id} was only a plan: it changed nothing.`, { hint: 'Run it again.' });
  if (input['plan'] !== undefined)
    throw new StarsError('USAGE', `The run ${run.id} applied a plan, part of which is done now.`, {
      hint: 'Make a new plan of what is left.',
    });
  if (run.state === 'running' || run.state === 'queued')
    throw new StarsError('USAGE', `The run ${run.id} is still ${run.state}.`, { hint: 'Wait for its end.' });
  if (run.state === 'succeeded')
    throw new StarsError('USAGE', `The run ${run.id} succeeded: nothing of it is left to do.`);
}
