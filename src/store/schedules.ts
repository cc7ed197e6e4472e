import type { Transaction } from 'kysely';
import type { RunState } from '../model/run.js';
import type { Database, Tables } from './database.js';

export type ScheduleKey = { environment: string; schedule: string };

/**
 * What became of an occurrence: its request was made (`asked`), no Stars was there (`missed`), another one stood for it (`skipped`), or the
 * run of the time before still went on (`overlapped`).
 */
export type OccurrenceState = 'asked' | 'missed' | 'skipped' | 'overlapped';

export type Occurrence = {
  /** ISO UTC, as all times here. */
  dueAt: string;
  state: OccurrenceState;
  says: string | undefined;
  /** What came of its request; undefined before there is a run, and for words that are only answered. */
  run: { id: string; state: RunState } | undefined;
  /** What the inbox says of its request. */
  outcome: string | undefined;
};

export type Decision = ScheduleKey & {
  definition: string;
  /** Up to where it was decided when this was thought out, and up to where it is now. */
  from: string;
  until: string;
  occurrences: readonly { dueAt: string; state: OccurrenceState; says?: string | undefined }[];
  /** What is asked for the one whose state is `asked`. */
  request?: { key: string; body: unknown } | undefined;
};

export type ScheduleStore = ReturnType<typeof createScheduleStore>;

const KEEP_MS = 400 * 86_400_000;

export function createScheduleStore(database: Database) {
  /** Up to where each schedule of an environment has been decided. */
  async function marks(environment: string): Promise<Map<string, { definition: string; until: string }>> {
    const rows = await database
      .selectFrom('schedule_marks')
      .selectAll()
      .where('environment', '=', environment)
      .execute();
    return new Map(rows.map(({ schedule, definition, decided_until: until }) => [schedule, { definition, until }]));
  }

  /** Begins with a schedule that is new or other than before: what was due until now is none of its business. */
  async function begin(
    { environment, schedule, definition }: ScheduleKey & { definition: string },
    now: Date,
  ): Promise<void> {
    const row = { environment, schedule, definition, decided_until: now.toISOString() };
    await database
      .insertInto('schedule_marks')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(['environment', 'schedule'])
          .doUpdateSet(row)
          .where('schedule_marks.definition', '!=', definition),
      )
      .execute();
  }

  /** Forgets where a schedule was that is no more, so that it begins anew should it come back. */
  async function end({ environment, schedule }: ScheduleKey): Promise<void> {
    await database
      .deleteFrom('schedule_marks')
      .where('environment', '=', environment)
      .where('schedule', '=', schedule)
      .execute();
  }

  /**
   * Notes what becomes of the occurrences since the last time and writes the request, in one transaction: of several processes that come to
   * the same decision one does it. The state of the request's occurrence, which is `overlapped` when the one before still goes on; `skipped`
   * when there is no request, and undefined when somebody else was quicker.
   */
  async function decide(decision: Decision, owner: string, now: Date): Promise<OccurrenceState | undefined> {
    const { environment, schedule, request } = decision;
    return database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('schedule_marks')
        .set({ decided_until: decision.until })
        .where('environment', '=', environment)
        .where('schedule', '=', schedule)
        .where('definition', '=', decision.definition)
        .where('decided_until', '=', decision.from)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return undefined;
      const before = request && (await goingOn(transaction, decision));
      const asked = request ? (before === undefined ? 'asked' : 'overlapped') : 'skipped';
      for (const { dueAt, state, says } of decision.occurrences) {
        const own = state === 'asked';
        await transaction
          .insertInto('occurrences')
          .values({
            environment,
            schedule,
            due_at: dueAt,
            state: own ? asked : state,
            decided_at: now.toISOString(),
            request_key: own && asked === 'asked' ? (request?.key ?? null) : null,
            says: (own ? before : undefined) ?? says ?? null,
          })
          .onConflict((conflict) => conflict.columns(['environment', 'schedule', 'due_at']).doNothing())
          .execute();
      }
      if (request && asked === 'asked') await insertRequest(transaction, request, owner, now);
      await forgetOld(transaction, decision, now);
      return asked;
    });
  }

  /** The newest occurrence of each schedule of an environment about which something was decided, by name. */
  async function last(environment: string, schedules: readonly string[]): Promise<Map<string, Occurrence>> {
    const found = new Map<string, Occurrence>();
    for (const schedule of schedules) {
      const row = await database
        .selectFrom('occurrences')
        .leftJoin('runs', 'runs.request_key', 'occurrences.request_key')
        .leftJoin('inbox', 'inbox.key', 'occurrences.request_key')
        .select(['due_at', 'occurrences.state', 'says', 'runs.id as run', 'runs.state as run_state', 'inbox.outcome'])
        .where('occurrences.environment', '=', environment)
        .where('schedule', '=', schedule)
        .orderBy('due_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (row) found.set(schedule, toOccurrence(row));
    }
    return found;
  }

  /** Notes in words what became of a request that is no run. */
  async function tell(requestKey: string, says: string): Promise<void> {
    await database.updateTable('occurrences').set({ says }).where('request_key', '=', requestKey).execute();
  }

  return { marks, begin, end, decide, last, tell };
}

type Write = Transaction<Tables>;

/** In words, what of this schedule has been asked before and is not over; undefined when nothing is. */
async function goingOn(transaction: Write, { environment, schedule }: ScheduleKey): Promise<string | undefined> {
  const row = await transaction
    .selectFrom('occurrences')
    .leftJoin('runs', 'runs.request_key', 'occurrences.request_key')
    .leftJoin('inbox', 'inbox.key', 'occurrences.request_key')
    .select(['due_at', 'runs.id as run', 'runs.finished_at', 'inbox.settled_at', 'inbox.key'])
    .where('occurrences.environment', '=', environment)
    .where('schedule', '=', schedule)
    .where('occurrences.state', '=', 'asked')
    .orderBy('due_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.run !== null) return row.finished_at === null ? `the run ${row.run} still goes on` : undefined;
  return row.key !== null && row.settled_at === null ? 'what was asked the time before is still being done' : undefined;
}

async function insertRequest(
  transaction: Write,
  { key, body }: NonNullable<Decision['request']>,
  owner: string,
  now: Date,
): Promise<void> {
  const row = { key, kind: 'schedule', body: JSON.stringify(body), received_at: now.toISOString(), owner, tries: 1 };
  await transaction
    .insertInto('inbox')
    .values({ ...row, run_id: null, settled_at: null, outcome: null })
    .execute();
}

async function forgetOld(transaction: Write, { environment, schedule }: ScheduleKey, now: Date): Promise<void> {
  await transaction
    .deleteFrom('occurrences')
    .where('environment', '=', environment)
    .where('schedule', '=', schedule)
    .where('due_at', '<', new Date(now.getTime() - KEEP_MS).toISOString())
    .execute();
}

type Row = {
  due_at: string;
  state: string;
  says: string | null;
  run: string | null;
  run_state: string | null;
  outcome: string | null;
};

function toOccurrence({ due_at: dueAt, state, says, run, run_state: runState, outcome }: Row): Occurrence {
  return {
    dueAt,
    state: state as OccurrenceState,
    says: says ?? undefined,
    run: run === null || runState === null ? undefined : { id: run, state: runState as RunState },
    outcome: outcome ?? undefined,
  };
}
