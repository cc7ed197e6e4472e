import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { Database } from './database.js';

/** Runs that ended before `events` lose their events; those that ended before `runs` are forgotten. */
export type RetentionLimits = { events: Date; runs: Date };

export type Swept = { events: number; runs: number };

export type Retention = ReturnType<typeof createRetention>;

const RUNS_AT_ONCE = 50;
const EVENTS_AT_ONCE = 1_000;
const LONGEST_CHAIN = 20;

/** Forgets what is old, in small transactions so that nobody waits for long. The audit is not its business. */
export function createRetention(database: Database) {
  /** What has not ended stays, and so does what that was made from: its plan, the run that it continues. */
  async function sweep(limits: RetentionLimits, signal: AbortSignal): Promise<Swept> {
    const kept = await runsInUse();
    const swept: Swept = { events: 0, runs: 0 };
    for (;;) {
      const old = await endedBefore(limits.events, kept)
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('events').select('seq').whereRef('events.run_id', '=', 'runs.id')),
        )
        .execute();
      if (old.length === 0) break;
      for (const { id } of old) swept.events += await deleteEvents(id, signal);
    }
    for (;;) {
      const old = await endedBefore(limits.runs, kept).execute();
      if (old.length === 0) break;
      for (const { id } of old) swept.events += await deleteEvents(id, signal);
      swept.runs += await deleteRuns(old.map(({ id }) => id));
    }
    return swept;
  }

  function endedBefore(before: Date, kept: ReadonlySet<string>) {
    return database
      .selectFrom('runs')
      .select('id')
      .where('finished_at', '<', before.toISOString())
      .where('id', 'not in', ['', ...kept])
      .limit(RUNS_AT_ONCE);
  }

  /** The oldest first: a run without its first event is known to be incomplete, should this be broken off. */
  async function deleteEvents(run: string, signal: AbortSignal): Promise<number> {
    for (let all = 0; ; ) {
      // SQLite never waits: others in this process get their turn here.
      await setImmediate();
      signal.throwIfAborted();
      const oldest = database
        .selectFrom('events')
        .select('seq')
        .where('run_id', '=', run)
        .orderBy('seq')
        .limit(EVENTS_AT_ONCE);
      const { numDeletedRows } = await database
        .deleteFrom('events')
        .where('run_id', '=', run)
        .where('seq', 'in', oldest)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return all;
      all += Number(numDeletedRows);
    }
  }

  async function deleteRuns(ids: string[]): Promise<number> {
    return database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('decisions').where('run_id', 'in', ids).execute();
      await transaction.deleteFrom('files').where('run_id', 'in', ids).execute();
      await transaction.deleteFrom('threads').where('run_id', 'in', ids).execute();
      const { numDeletedRows } = await transaction.deleteFrom('runs').where('id', 'in', ids).executeTakeFirst();
      return Number(numDeletedRows);
    });
  }

  async function runsInUse(): Promise<ReadonlySet<string>> {
    const unfinished = await database
      .selectFrom('runs')
      .select(['id', 'proposal'])
      .where('finished_at', 'is', null)
      .execute();
    const used = new Set(await runsHeld());
    let names = unfinished.flatMap(({ proposal }) => hashIn(proposal));
    let runs = unfinished.map(({ id }) => id);
    for (let link = 0; link < LONGEST_CHAIN && (runs.length > 0 || names.length > 0); link += 1) {
      names.push(...(await namesIn(runs)));
      runs = (await runsNamed(names)).filter((id) => !used.has(id));
      for (const id of runs) used.add(id);
      names = [];
    }
    return used;
  }

  /** Runs that hold a lock, or to which something that is due later belongs. */
  async function runsHeld(): Promise<string[]> {
    const leases = await database.selectFrom('leases').select('run_id').where('run_id', 'is not', null).execute();
    const timers = await database
      .selectFrom('timers')
      .select('run_id')
      .where('run_id', 'is not', null)
      .where('ended_at', 'is', null)
      .execute();
    return [...leases, ...timers].flatMap(({ run_id: id }) => (id === null ? [] : [id]));
  }

  /** The words of these runs that may name another run or a plan. */
  async function namesIn(runs: readonly string[]): Promise<string[]> {
    const names: string[] = [];
    for (const run of runs) {
      const first = await database
        .selectFrom('events')
        .select('body')
        .where('run_id', '=', run)
        .where('type', '=', 'run.requested')
        .executeTakeFirst();
      if (!first) continue;
      const { args, resumes, retries } = Requested.parse(JSON.parse(first.body));
      names.push(...[...Object.values(args), resumes, retries].filter(isName));
    }
    return names;
  }

  /** Runs whose id starts so, or that made the plan whose hash starts so. */
  async function runsNamed(names: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const name of new Set(names)) {
      const rows = isHash(name) ? await makersOf(name) : await startingWith(name);
      found.push(...rows.map(({ id }) => id));
    }
    return found;
  }

  function makersOf(hash: string) {
    return database
      .selectFrom('events')
      .select('run_id as id')
      .where('type', '=', 'plan.made')
      .where('body', 'like', `{"hash":"${hash}%`)
      .execute();
  }

  function startingWith(id: string) {
    return database.selectFrom('runs').select('id').where('id', 'like', `${id}%`).execute();
  }

  return { sweep };
}

/** Of the plan that people are asked to approve. */
function hashIn(proposal: string | null): string[] {
  const read = proposal === null ? undefined : Proposed.safeParse(JSON.parse(proposal));
  return read?.success && read.data.hash ? [read.data.hash] : [];
}

const Proposed = z.looseObject({ hash: z.string().optional() });
const Requested = z.looseObject({
  args: z.record(z.string(), z.unknown()).catch({}),
  resumes: z.string().optional(),
  retries: z.string().optional(),
});

function isName(value: unknown): value is string {
  return typeof value === 'string' && (isHash(value) || /^\d{6}-[a-z\d-]*$/.test(value));
}

function isHash(name: string): boolean {
  return /^[\da-f]{8,}$/.test(name);
}
