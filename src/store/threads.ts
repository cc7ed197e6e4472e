import type { Database } from './database.js';
import { type Run, toRun } from './run-rows.js';

const MOST_SHOWN = 200;

export type ThreadStore = ReturnType<typeof createThreadStore>;

/** Where the messages of runs stand in the chat, and which are not shown to their end. */
export function createThreadStore(database: Database) {
  /** Says that this process is about to post the message of a run; false when another one did or has. */
  async function reserve(run: string, channel: string): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await database
      .insertInto('threads')
      .values({ run_id: run, channel, ts: '', shown_at: null })
      .onConflict((conflict) => conflict.column('run_id').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** Remembers the message of a run, so that a later process goes on editing it. */
  async function remember(run: string, channel: string, ts: string): Promise<void> {
    await database
      .insertInto('threads')
      .values({ run_id: run, channel, ts, shown_at: null })
      .onConflict((conflict) => conflict.column('run_id').doUpdateSet({ channel, ts }))
      .execute();
  }

  /** Runs with a message in the chat that changed since `since` while nobody performs them, or whose end was not shown yet. */
  async function toShow(since: Date, oldest: Date): Promise<Run[]> {
    const rows = await database
      .selectFrom('runs')
      .leftJoin('threads', 'threads.run_id', 'runs.id')
      .selectAll('runs')
      .where((where) => where.or([where('address', 'is not', null), where('threads.run_id', 'is not', null)]))
      .where('state', '!=', 'running')
      .where('requested_at', '>=', oldest.toISOString())
      .where('shown_at', 'is', null)
      .where((where) =>
        where.or([where('heartbeat_at', '>=', since.toISOString()), where('finished_at', 'is not', null)]),
      )
      .orderBy('requested_at')
      .limit(MOST_SHOWN)
      .execute();
    return rows.map(toRun);
  }

  /** The end of a run has been shown in its message: nothing more happens there. */
  async function wasShown(run: string, now: Date): Promise<void> {
    await database.updateTable('threads').set({ shown_at: now.toISOString() }).where('run_id', '=', run).execute();
  }

  /** Where the message of a run stands; `ts` is empty as long as somebody is about to post it. */
  async function find(run: string): Promise<{ channel: string; ts: string } | undefined> {
    return database.selectFrom('threads').select(['channel', 'ts']).where('run_id', '=', run).executeTakeFirst();
  }

  /** The id of the run whose message stands there. */
  async function runAt(channel: string, ts: string): Promise<string | undefined> {
    const row = await database
      .selectFrom('threads')
      .select('run_id')
      .where('channel', '=', channel)
      .where('ts', '=', ts)
      .executeTakeFirst();
    return row?.run_id;
  }

  return { reserve, remember, toShow, wasShown, find, runAt };
}
