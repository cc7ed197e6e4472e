import type { Transaction } from 'kysely';
import type { Database, Tables } from './database.js';

/** Something that was asked, written before it was acknowledged. */
export type InboxItem = {
  key: string;
  kind: string;
  /** JSON, without secrets. */
  body: unknown;
  receivedAt: string;
  owner: string;
  tries: number;
  /** The run that came of it. */
  run: string | undefined;
  settledAt: string | undefined;
  outcome: string | undefined;
};

export type InboxStore = ReturnType<typeof createInboxStore>;

type Row = Tables['inbox'];
type Arrival = {
  row: Row;
  signal: AbortSignal | undefined;
  resolve(isNew: boolean): void;
  reject(error: unknown): void;
};

const MOST_AT_ONCE = 200;

export function createInboxStore(database: Database) {
  const arrivals: Arrival[] = [];
  let isWriting = false;

  /**
   * Writes it under its key; the item that stands there already when it is a repetition. What has waited for its turn until the signal
   * is not written any more.
   */
  async function receive(
    { key, kind, body }: { key: string; kind: string; body: unknown },
    owner: string,
    now: Date,
    signal?: AbortSignal,
  ): Promise<InboxItem | undefined> {
    const row = { key, kind, body: JSON.stringify(body), received_at: now.toISOString(), owner, tries: 1 };
    const isNew = await write({ ...row, run_id: null, settled_at: null, outcome: null, effect_at: null }, signal);
    return isNew ? undefined : find(key);
  }

  /** True when it did not stand there. What arrives at the same time is written together: each write waits for the disk, and with SQLite all else does too. */
  function write(row: Row, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      arrivals.push({ row, signal, resolve, reject });
      if (!isWriting) void writeArrivals();
    });
  }

  async function writeArrivals(): Promise<void> {
    isWriting = true;
    while (arrivals.length > 0) {
      // Until everything that has come over the wire by now is here.
      await new Promise((resolve) => setImmediate(resolve));
      await writeTogether(arrivals.splice(0, MOST_AT_ONCE));
    }
    isWriting = false;
  }

  async function writeTogether(together: readonly Arrival[]): Promise<void> {
    try {
      const written = await database.transaction().execute((transaction) => writeRows(transaction, together));
      const keys = new Set(written.map(({ key }) => key));
      // The first of those with the same key is the one that was written.
      for (const { row, resolve } of together) resolve(keys.delete(row.key));
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  async function writeRows(transaction: Transaction<Tables>, together: readonly Arrival[]) {
    // Only now, when the database has let it begin: until then it may have been given up.
    const rows = together.filter(({ signal }) => signal?.aborted !== true).map(({ row }) => row);
    if (rows.length === 0) return [];
    return transaction
      .insertInto('inbox')
      .values(rows)
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returning('key')
      .execute();
  }

  async function find(key: string): Promise<InboxItem | undefined> {
    const row = await database.selectFrom('inbox').selectAll().where('key', '=', key).executeTakeFirst();
    return row && toItem(row);
  }

  /** It has been answered, or has become a run. */
  async function settle(key: string, outcome: string, now: Date): Promise<void> {
    await database
      .updateTable('inbox')
      .set({ settled_at: now.toISOString(), outcome })
      .where('key', '=', key)
      .execute();
  }

  /** Opens again what was settled with this outcome; false when another was quicker. */
  async function reopen(key: string, outcome: string, owner: string): Promise<boolean> {
    const { numUpdatedRows } = await database
      .updateTable('inbox')
      .set(({ eb }) => ({ settled_at: null, outcome: null, owner, tries: eb('tries', '+', 1) }))
      .where('key', '=', key)
      .where('outcome', '=', outcome)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** What is neither answered nor a run, oldest first. */
  async function open(): Promise<InboxItem[]> {
    const rows = await database
      .selectFrom('inbox')
      .selectAll()
      .where('settled_at', 'is', null)
      .orderBy('received_at')
      .limit(1_000)
      .execute();
    return rows.map(toItem);
  }

  /** Gives what another process has left to this one; false when somebody was quicker. */
  async function takeOver({ key, owner: from }: Pick<InboxItem, 'key' | 'owner'>, owner: string): Promise<boolean> {
    const { numUpdatedRows } = await database
      .updateTable('inbox')
      .set(({ eb }) => ({ owner, tries: eb('tries', '+', 1) }))
      .where('key', '=', key)
      .where('owner', '=', from)
      .where('settled_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Leaves it to whoever looks first, because this process cannot do it. */
  async function letGo(key: string, owner: string): Promise<void> {
    await database
      .updateTable('inbox')
      .set({ owner: '' })
      .where('key', '=', key)
      .where('owner', '=', owner)
      .where('settled_at', 'is', null)
      .execute();
  }

  /** Forgets what was settled and came before `before`. */
  async function sweep(before: Date): Promise<void> {
    await database
      .deleteFrom('inbox')
      .where('settled_at', 'is not', null)
      .where('received_at', '<', before.toISOString())
      .execute();
  }

  return { receive, find, settle, reopen, open, takeOver, letGo, sweep };
}

/**
 * Whether a request that is done anew after a death has had its effect before, so that it must not have it twice; one without a key cannot
 * come again. Part of the transaction of the effect, which no other of the same request can overtake.
 */
export async function hadEffect(transaction: Transaction<Tables>, key: string | undefined): Promise<boolean> {
  if (key === undefined) return false;
  const row = await transaction
    .updateTable('inbox')
    .set(({ ref }) => ({ effect_at: ref('effect_at') }))
    .where('key', '=', key)
    .returning('effect_at')
    .executeTakeFirst();
  return row !== undefined && row.effect_at !== null;
}

/** Notes with the effect of a request that it had it. */
export async function noteEffect(transaction: Transaction<Tables>, key: string | undefined, now: Date): Promise<void> {
  if (key === undefined) return;
  await transaction.updateTable('inbox').set({ effect_at: now.toISOString() }).where('key', '=', key).execute();
}

function toItem(row: Tables['inbox']): InboxItem {
  return {
    key: row.key,
    kind: row.kind,
    body: JSON.parse(row.body) as unknown,
    receivedAt: row.received_at,
    owner: row.owner,
    tries: row.tries,
    run: row.run_id ?? undefined,
    settledAt: row.settled_at ?? undefined,
    outcome: row.outcome ?? undefined,
  };
}
