import type { Transaction } from 'kysely';
import type { HostRecap, Person, RunError, RunEvent, RunEventBody, RunSource, RunState } from '../model/run.js';
import type { Database, Tables } from './database.js';

/** A run as the history shows it. */
export type Run = {
  id: string;
  command: string;
  text: string;
  environment: string | null;
  person: Person;
  source: RunSource;
  state: RunState;
  requestedAt: string;
  finishedAt: string | undefined;
  ms: number | undefined;
  summary: string | undefined;
  error: RunError | undefined;
  hosts: Record<string, HostRecap> | undefined;
};

export type NewRun = Omit<Run, 'state' | 'finishedAt' | 'ms' | 'summary' | 'error' | 'hosts'> & { owner: string };

export type RunEnd = {
  state: RunState;
  ms: number;
  summary?: string | undefined;
  error?: RunError | undefined;
  hosts?: Record<string, HostRecap> | undefined;
};

export type RunFilter = { environment?: string | undefined; limit: number };

export type RunStore = ReturnType<typeof createRunStore>;

// SQLite takes 32,766 values in one statement, PostgreSQL 65,535; an event has five.
const MOST_EVENTS_IN_ONE_STATEMENT = 500;

export function createRunStore(database: Database) {
  /** Writes the run and its first events in one transaction: a run never exists without its `run.requested`. */
  async function create(run: NewRun, events: RunEvent[]): Promise<void> {
    await database.transaction().execute(async (transaction) => {
      await transaction.insertInto('runs').values(toRow(run)).execute();
      await insertEvents(transaction, events);
    });
  }

  /** Adds events in the order of their `seq`; a number written before makes the whole call fail. */
  async function append(events: RunEvent[]): Promise<void> {
    if (events.length > 0) await database.transaction().execute((transaction) => insertEvents(transaction, events));
  }

  async function setState(id: string, state: RunState, now: Date): Promise<void> {
    await database.updateTable('runs').set({ state, heartbeat_at: now.toISOString() }).where('id', '=', id).execute();
  }

  /** Ends the run with its last events in one transaction. A run that has ended already stays as it ended: false. */
  async function finish(id: string, end: RunEnd, events: RunEvent[], now: Date): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('runs')
        .set({
          state: end.state,
          ms: end.ms,
          finished_at: now.toISOString(),
          summary: end.summary ?? null,
          error: end.error ? JSON.stringify(end.error) : null,
          hosts: end.hosts ? JSON.stringify(end.hosts) : null,
        })
        .where('id', '=', id)
        .where('finished_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await insertEvents(transaction, events);
      return true;
    });
  }

  /** Says that the runs of this process are alive. */
  async function beat(owner: string, now: Date): Promise<void> {
    await database
      .updateTable('runs')
      .set({ heartbeat_at: now.toISOString() })
      .where('owner', '=', owner)
      .where('finished_at', 'is', null)
      .execute();
  }

  /** Runs that have not ended and whose process has not said a word since `before`, or is known to be gone. */
  async function stale(before: Date, isGone: (owner: string) => boolean = () => false): Promise<Run[]> {
    const rows = await database.selectFrom('runs').selectAll().where('finished_at', 'is', null).execute();
    return rows.filter(({ heartbeat_at, owner }) => heartbeat_at < before.toISOString() || isGone(owner)).map(toRun);
  }

  /** The run whose id is or starts with `id`; undefined when none or several do. */
  async function find(id: string): Promise<Run | undefined> {
    const prefix = id.replaceAll(/[^a-z0-9-]/gi, '');
    if (prefix === '') return undefined;
    const rows = await database.selectFrom('runs').selectAll().where('id', 'like', `${prefix}%`).limit(2).execute();
    const exact = rows.find((row) => row.id === id);
    const row = exact ?? (rows.length === 1 ? rows[0] : undefined);
    return row && toRun(row);
  }

  /** Newest first. */
  async function list({ environment, limit }: RunFilter): Promise<Run[]> {
    let query = database
      .selectFrom('runs')
      .selectAll()
      .orderBy('requested_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit);
    if (environment !== undefined) query = query.where('environment', '=', environment);
    return (await query.execute()).map(toRun);
  }

  async function events(id: string): Promise<RunEvent[]> {
    const rows = await database.selectFrom('events').selectAll().where('run_id', '=', id).orderBy('seq').execute();
    return rows.map(toEvent);
  }

  /** Remembers the message of a run, so that a later process goes on editing it. */
  async function rememberThread(id: string, channel: string, ts: string): Promise<void> {
    await database
      .insertInto('threads')
      .values({ run_id: id, channel, ts })
      .onConflict((conflict) => conflict.column('run_id').doUpdateSet({ channel, ts }))
      .execute();
  }

  async function thread(id: string): Promise<{ channel: string; ts: string } | undefined> {
    return database.selectFrom('threads').select(['channel', 'ts']).where('run_id', '=', id).executeTakeFirst();
  }

  return { create, append, setState, finish, beat, stale, find, list, events, rememberThread, thread };
}

async function insertEvents(transaction: Transaction<Tables>, events: RunEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += MOST_EVENTS_IN_ONE_STATEMENT) {
    const rows = events.slice(start, start + MOST_EVENTS_IN_ONE_STATEMENT).map(toEventRow);
    await transaction.insertInto('events').values(rows).execute();
  }
}

function toRow(run: NewRun): Tables['runs'] {
  return {
    id: run.id,
    command: run.command,
    text: run.text,
    environment: run.environment,
    person_id: run.person.id,
    person_name: run.person.name,
    source: run.source,
    state: 'queued',
    requested_at: run.requestedAt,
    finished_at: null,
    ms: null,
    summary: null,
    error: null,
    hosts: null,
    owner: run.owner,
    heartbeat_at: run.requestedAt,
  };
}

function toRun(row: Tables['runs']): Run {
  return {
    id: row.id,
    command: row.command,
    text: row.text,
    environment: row.environment,
    person: { id: row.person_id, name: row.person_name },
    source: row.source as RunSource,
    state: row.state as RunState,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at ?? undefined,
    ms: row.ms ?? undefined,
    summary: row.summary ?? undefined,
    error: row.error === null ? undefined : (JSON.parse(row.error) as RunError),
    hosts: row.hosts === null ? undefined : (JSON.parse(row.hosts) as Record<string, HostRecap>),
  };
}

function toEventRow({ run, seq, at, type, ...body }: RunEvent): Tables['events'] {
  return { run_id: run, seq, at, type, body: JSON.stringify(body) };
}

function toEvent({ run_id, seq, at, type, body }: Tables['events']): RunEvent {
  return { run: run_id, seq, at, type, ...(JSON.parse(body) as object) } as RunEvent & RunEventBody;
}
