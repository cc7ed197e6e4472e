import type { Database } from './database.js';

export type DailyJobs = ReturnType<typeof createDailyJobs>;

const CLAIM_HOLDS_MS = 15 * 60_000;

/** Work that is done once a day, whichever process comes first. */
export function createDailyJobs(database: Database) {
  /**
   * Whether the caller is to do it now. False when it is done for this day, and while somebody else is at it; one who has not called `done`
   * after a quarter of an hour has failed or died, and it is free again.
   */
  async function claim(name: string, now: Date): Promise<boolean> {
    const row = { name, day: dayOf(now), claimed_at: now.toISOString(), done_at: null };
    const free = new Date(now.getTime() - CLAIM_HOLDS_MS).toISOString();
    const claimed = await database
      .insertInto('daily_jobs')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet(row)
          .where((where) =>
            where.or([
              where('daily_jobs.day', '<', row.day),
              where.and([where('daily_jobs.done_at', 'is', null), where('daily_jobs.claimed_at', '<=', free)]),
            ]),
          ),
      )
      .returning('name')
      .executeTakeFirst();
    return claimed !== undefined;
  }

  async function done(name: string, now: Date): Promise<void> {
    await database.updateTable('daily_jobs').set({ done_at: now.toISOString() }).where('name', '=', name).execute();
  }

  return { claim, done };
}

/** In UTC. */
function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10);
}
