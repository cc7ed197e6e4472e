import type { Database } from './database.js';

export type ProcessStore = ReturnType<typeof createProcessStore>;

/** The processes of Stars that work on this database; runs and requests name theirs. */
export function createProcessStore(database: Database) {
  /** Says that the process lives. `says`: what it is, for people. */
  async function beat(id: string, says: string, now: Date): Promise<void> {
    const at = now.toISOString();
    await database
      .insertInto('processes')
      .values({ id, started_at: at, beat_at: at, says })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ beat_at: at }))
      .execute();
  }

  /** Those that have been heard of since `since`. */
  async function living(since: Date): Promise<string[]> {
    const rows = await database
      .selectFrom('processes')
      .select('id')
      .where('beat_at', '>=', since.toISOString())
      .execute();
    return rows.map(({ id }) => id);
  }

  /** What a process is, for people; undefined when it has ended. */
  async function wordsFor(id: string): Promise<string | undefined> {
    const row = await database.selectFrom('processes').select('says').where('id', '=', id).executeTakeFirst();
    return row?.says;
  }

  /** Forgets a process that ended, and those not heard of since `before`. */
  async function forget(id: string | undefined, before: Date): Promise<void> {
    await database
      .deleteFrom('processes')
      .where((where) =>
        where.or([where('beat_at', '<', before.toISOString()), ...(id === undefined ? [] : [where('id', '=', id)])]),
      )
      .execute();
  }

  return { beat, living, wordsFor, forget };
}
