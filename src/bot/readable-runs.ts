import { StarsError } from '../errors.js';
import type { Person, RunEvent, RunRequest, RunSource } from '../model/run.js';
import type { Run, RunFilter, RunStore } from '../store/runs.js';
import type { Rights } from './rights.js';

/** The recorded runs as far as one person may read them. */
export type ReadableRuns = {
  /** Newest first; runs of environments that the person may not read are left out. */
  list(filter: RunFilter): Promise<Run[]>;
  /** The run whose id is or starts with `id`, that made the plan of this hash, or the `last` one that may be read. Throws UNKNOWN_RUN or NOT_PERMITTED. */
  find(id: string): Promise<Run>;
  /** What was asked for with it; undefined when that was deleted. */
  request(run: Run): Promise<RunRequest | undefined>;
  events(run: Run): Promise<RunEvent[]>;
  /** The parts of a run that was split by its hosts, in their order; none of any other. */
  partsOf(run: Run): Promise<Run[]>;
};

// Behind so many runs that one may not read, nobody looks for older ones.
const LOOKED_AT = 1_000;

export function createReadableRuns(
  store: RunStore,
  rights: Rights,
  asker: { person: Person; source: RunSource },
): ReadableRuns {
  async function list({ limit, ...which }: RunFilter): Promise<Run[]> {
    const runs = await store.list({ ...which, limit: LOOKED_AT });
    const readable = new Map<string | null, boolean>();
    for (const name of new Set(runs.map((run) => run.environment))) {
      // A file that cannot be read may well close its environment.
      const verdict = await rights.mayReadRuns(asker, name).catch(() => ({ allowed: false }));
      readable.set(name, verdict.allowed);
    }
    return runs.filter((run) => readable.get(run.environment)).slice(0, limit);
  }

  async function find(id: string): Promise<Run> {
    const run = id === 'last' ? (await list({ limit: 1 }))[0] : ((await store.find(id)) ?? (await ofPlan(id)));
    if (!run) {
      throw new StarsError('UNKNOWN_RUN', `There is no run ${id}, or several start so.`, {
        hint: '“history” lists the runs with their ids.',
      });
    }
    const verdict = await rights.mayReadRuns(asker, run.environment);
    if (verdict.allowed) return run;
    throw new StarsError('NOT_PERMITTED', verdict.reason, { hint: verdict.hint });
  }

  async function ofPlan(hash: string): Promise<Run | undefined> {
    const id = /^[0-9a-f]{8,}$/.test(hash) ? await store.planMaker(hash) : undefined;
    return id === undefined ? undefined : store.find(id);
  }

  return {
    list,
    find,
    request: ({ id }) => store.request(id),
    events: ({ id }) => store.events(id),
    partsOf: ({ id }) => store.partsOf(id),
  };
}
