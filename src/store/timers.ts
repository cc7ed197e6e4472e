import type { Person } from '../model/run.js';
import type { Database, Tables } from './database.js';
import type { Address } from './run-rows.js';

/** Something that is to happen later, in place of whoever asked for it. */
export type Timer = {
  id: string;
  environment: string | undefined;
  /** What it is about, such as `app:/zeppelin`: a new timer about the same takes the place of the old one. */
  subject: string;
  /** The command that is run then; empty when the moment is only told. */
  words: string;
  /** In words, what happens then: "zeppelin goes back to 2 instances". */
  says: string;
  person: Person;
  run: string | undefined;
  address: Address | undefined;
  remindAt: string | undefined;
  dueAt: string;
};

export type TimerStore = ReturnType<typeof createTimerStore>;

type Ending = 'done' | 'cancelled' | 'replaced' | 'failed';

export function createTimerStore(database: Database) {
  /** Writes it, in the place of one that waits about the same. */
  async function add(timer: Timer, now: Date): Promise<void> {
    await database.transaction().execute(async (transaction) => {
      let replaced = transaction
        .updateTable('timers')
        .set({ state: 'replaced', ended_at: now.toISOString() })
        .where('state', '=', 'waiting')
        .where('subject', '=', timer.subject);
      replaced =
        timer.environment === undefined
          ? replaced.where('environment', 'is', null)
          : replaced.where('environment', '=', timer.environment);
      await replaced.execute();
      await transaction.insertInto('timers').values(toRow(timer, now)).execute();
    });
  }

  /** Those that wait, the next one first. */
  async function waiting(environment?: string): Promise<Timer[]> {
    let query = database.selectFrom('timers').selectAll().where('state', '=', 'waiting').orderBy('due_at');
    if (environment !== undefined) query = query.where('environment', '=', environment);
    return (await query.execute()).map(toTimer);
  }

  /** Ends it; false when it waits no more. */
  async function end(id: string, how: Ending, now: Date): Promise<boolean> {
    const { numUpdatedRows } = await database
      .updateTable('timers')
      .set({ state: how, ended_at: now.toISOString() })
      .where('id', '=', id)
      .where('state', '=', 'waiting')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Whether the caller is the one who reminds of it: once, of all processes. */
  async function takeReminder(id: string): Promise<boolean> {
    const { numUpdatedRows } = await database
      .updateTable('timers')
      .set({ remind_at: null })
      .where('id', '=', id)
      .where('state', '=', 'waiting')
      .where('remind_at', 'is not', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  return { add, waiting, end, takeReminder };
}

function toRow(timer: Timer, now: Date): Tables['timers'] {
  return {
    id: timer.id,
    environment: timer.environment ?? null,
    subject: timer.subject,
    words: timer.words,
    says: timer.says,
    person_id: timer.person.id,
    person_name: timer.person.name,
    run_id: timer.run ?? null,
    address: timer.address ? JSON.stringify(timer.address) : null,
    made_at: now.toISOString(),
    remind_at: timer.remindAt ?? null,
    due_at: timer.dueAt,
    state: 'waiting',
    ended_at: null,
  };
}

function toTimer(row: Tables['timers']): Timer {
  return {
    id: row.id,
    environment: row.environment ?? undefined,
    subject: row.subject,
    words: row.words,
    says: row.says,
    person: { id: row.person_id, name: row.person_name },
    run: row.run_id ?? undefined,
    address: row.address === null ? undefined : (JSON.parse(row.address) as Address),
    remindAt: row.remind_at ?? undefined,
    dueAt: row.due_at,
  };
}
