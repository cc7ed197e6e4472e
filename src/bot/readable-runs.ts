import { join } from 'node:path';
import { StarsError } from '../errors.js';
import type { Home } from '../home/home.js';
import type { Person, RunEvent } from '../model/run.js';
import type { Run, RunFilter, RunStore } from '../store/runs.js';
import { type Access, accessOf, mayRun, notPermitted } from './permission.js';

/** The recorded runs as far as one person may read them. */
export type ReadableRuns = {
  /** Newest first; runs of environments that the person may not read are left out. */
  list(filter: RunFilter): Promise<Run[]>;
  /** The run whose id is or starts with `id`, or the `last` one that may be read. Throws UNKNOWN_RUN or NOT_PERMITTED. */
  find(id: string): Promise<Run>;
  events(run: Run): Promise<RunEvent[]>;
};

// Behind so many runs that one may not read, nobody looks for older ones.
const LOOKED_AT = 1_000;

export function createReadableRuns(store: RunStore, home: Home, person: Person): ReadableRuns {
  async function list({ environment, limit }: RunFilter): Promise<Run[]> {
    const runs = await store.list({ environment, limit: LOOKED_AT });
    const readable = new Map<string | null, boolean>();
    for (const name of new Set(runs.map((run) => run.environment))) {
      // A file that cannot be read may well close its environment.
      const access = await accessOf(home, name).catch((): Access => ({ read: [] }));
      readable.set(name, mayRun(access, 'read', person));
    }
    return runs.filter((run) => readable.get(run.environment)).slice(0, limit);
  }

  async function find(id: string): Promise<Run> {
    const run = id === 'last' ? (await list({ limit: 1 }))[0] : await store.find(id);
    if (!run) {
      throw new StarsError('UNKNOWN_RUN', `There is no run ${id}, or several start so.`, {
        hint: '“history” lists the runs with their ids.',
      });
    }
    if (mayRun(await accessOf(home, run.environment), 'read', person)) return run;
    const file = join(home.folder, 'inventories', run.environment ?? '', 'environment.yml');
    throw notPermitted(`read the runs of ${run.environment}`, 'read', file, person);
  }

  return { list, find, events: ({ id }) => store.events(id) };
}
