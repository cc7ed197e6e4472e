import { StarsError } from '../errors.js';
import { hasEnded } from '../model/run-states.js';
import type { Run } from '../store/runs.js';
import type { ReadableRuns } from './readable-runs.js';

const LOOKED_AT = 1_000;

/**
 * The run that somebody wants to resume or retry. `last` is the newest that ended and not well, unless what was asked with it was done since:
 * by a run that took it up, or by the same words asked anew. Throws USAGE when that is under way, or when no run is left.
 */
export async function runToTakeUp(id: string, runs: ReadableRuns): Promise<Run> {
  if (id !== 'last') return runs.find(id);
  const all = await runs.list({ limit: LOOKED_AT });
  const byId = new Map(all.map((run) => [run.id, run]));
  const first = firstWords(all);
  const through = new Set<string>();
  const done = new Set<string>();
  for (const run of all) {
    const wish = wishOf(first(run));
    const next = byId.get(run.takenUpBy ?? '');
    if (next && !hasEnded(next.state)) throw underWay(run, next);
    if (run.state === 'succeeded') done.add(wish);
    if (run.state === 'succeeded' || done.has(wish) || (next && through.has(next.id))) through.add(run.id);
    else if (hasEnded(run.state) && !(await onlyPlanned(run, runs))) return run;
  }
  throw new StarsError('USAGE', 'There is nothing to take up: what failed or was cut short has been done since.', {
    hint: '“history” lists the runs with their ids.',
  });
}

/** From a run to the first of those that each took up the one before: its words say what was wanted. */
function firstWords(all: readonly Run[]): (run: Run) => Run {
  const before = new Map(all.map((run) => [run.takenUpBy, run]));
  return function first(run: Run): Run {
    const earlier = before.get(run.id);
    return earlier && earlier.requestedAt <= run.requestedAt && earlier.id !== run.id ? first(earlier) : run;
  };
}

function wishOf({ text, environment }: Run): string {
  return JSON.stringify([text, environment]);
}

/** Whether it was to change nothing, so that nothing of it is left to do. */
async function onlyPlanned(run: Run, runs: ReadableRuns): Promise<boolean> {
  if (run.command === 'plan') return true;
  if (run.command !== 'deploy') return false;
  return (await runs.request(run))?.args['check'] === true;
}

function underWay({ id, text }: Run, next: Run): StarsError {
  return new StarsError(
    'USAGE',
    `The last run that is not done, ${id} (${text}), is taken up already: by run ${next.id} of ${next.person.name}, ${next.state}.`,
    { hint: `“show ${next.id}” tells how that stands. To take up an older one, name it: “history” lists them.` },
  );
}
