import type { Person, RunEvent, RunRequest } from '../model/run.js';
import { WAITING } from '../model/run-states.js';
import type { Database } from './database.js';
import { type Run, toEvent, toRun } from './run-rows.js';

export type RunFilter = { environment?: string | undefined; command?: string | undefined; limit: number };

/** Who asked a running run to stop, and why. */
export type CancelWish = { id: string; reason: string; by: Person | undefined };

/** What can be asked of the runs in the store. */
export function createRunReads(database: Database) {
  /** The runs that this process performs, with what is wished of them. */
  async function performedBy(owner: string): Promise<{ id: string; cancel: CancelWish | undefined }[]> {
    const rows = await database
      .selectFrom('runs')
      .select(['id', 'cancel'])
      .where('owner', '=', owner)
      .where('state', '=', 'running')
      .execute();
    return rows.map(({ id, cancel }) => ({
      id,
      cancel: cancel === null ? undefined : { id, ...(JSON.parse(cancel) as Omit<CancelWish, 'id'>) },
    }));
  }

  /** Runs that wait: for their turn, or for people. Oldest first. */
  async function waiting(): Promise<Run[]> {
    const rows = await database
      .selectFrom('runs')
      .selectAll()
      .where('state', 'in', WAITING)
      .orderBy('requested_at')
      .orderBy('id')
      .execute();
    return rows.map(toRun);
  }

  /** Runs that have not ended and whose process is not among the living. */
  async function abandoned(isAlive: (owner: string) => boolean): Promise<Run[]> {
    const rows = await database
      .selectFrom('runs')
      .selectAll()
      .where('finished_at', 'is', null)
      .where('owner', '!=', '')
      .execute();
    return rows.filter(({ owner }) => !isAlive(owner)).map(toRun);
  }

  /** The run whose id is or starts with `id`; undefined when none or several do. Parts of runs are only found by their whole ids. */
  async function find(id: string): Promise<Run | undefined> {
    const prefix = id.replaceAll(/[^a-z0-9-]/gi, '');
    if (prefix === '') return undefined;
    const exact = await database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
    if (exact) return toRun(exact);
    const rows = await database
      .selectFrom('runs')
      .selectAll()
      .where('id', 'like', `${prefix}%`)
      .where('part_of', 'is', null)
      .limit(2)
      .execute();
    const [row] = rows;
    return row && rows.length === 1 ? toRun(row) : undefined;
  }

  /** Newest first, without the parts of runs. */
  async function list({ environment, command, limit }: RunFilter): Promise<Run[]> {
    let query = database
      .selectFrom('runs')
      .selectAll()
      .where('part_of', 'is', null)
      .orderBy('requested_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit);
    if (environment !== undefined) query = query.where('environment', '=', environment);
    if (command !== undefined) query = query.where('command', '=', command);
    return (await query.execute()).map(toRun);
  }

  /** The parts of a run, in their order. */
  async function partsOf(whole: string): Promise<Run[]> {
    const rows = await database.selectFrom('runs').selectAll().where('part_of', '=', whole).execute();
    return rows.map(toRun).sort((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
  }

  /** The id of the run that made the plan of this hash, which may be shortened; undefined when none or several did. */
  async function planMaker(hash: string): Promise<string | undefined> {
    const prefix = hash.replaceAll(/[^0-9a-f]/g, '');
    const rows = await database
      .selectFrom('events')
      .select('run_id')
      .where('type', '=', 'plan.made')
      .where('body', 'like', `{"hash":"${prefix}%`)
      .limit(2)
      .execute();
    return prefix !== '' && rows.length === 1 ? rows[0]?.run_id : undefined;
  }

  /** What was asked for with a run; undefined when that was deleted. */
  async function request(id: string): Promise<RunRequest | undefined> {
    const row = await database
      .selectFrom('events')
      .selectAll()
      .where('run_id', '=', id)
      .where('type', '=', 'run.requested')
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    const event = row && toEvent(row);
    return event?.type === 'run.requested' ? event : undefined;
  }

  /** Those behind the event of this number. */
  async function events(id: string, behind = 0): Promise<RunEvent[]> {
    const rows = await database
      .selectFrom('events')
      .selectAll()
      .where('run_id', '=', id)
      .where('seq', '>', behind)
      .orderBy('seq')
      .execute();
    return rows.map(toEvent);
  }

  return { performedBy, waiting, abandoned, find, list, partsOf, planMaker, request, events };
}
