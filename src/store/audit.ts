import { setImmediate } from 'node:timers/promises';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Clock } from '../clock.js';
import type { StarsError } from '../errors.js';
import { type AuditEntry, type AuditHead, type AuditKind, type AuditRecord, auditSeal } from '../model/audit.js';
import type { Redactor } from '../secret.js';
import { type AuditVerdict, createChainCheck } from './audit-chain.js';
import { auditBody, fromBody } from './audit-body.js';
import type { Database, Tables } from './database.js';
import { notWritten } from './trouble.js';

export type AuditFilter = {
  /** An id. */
  person?: string | undefined;
  run?: string | undefined;
  kind?: AuditKind | undefined;
  environment?: string | undefined;
  since?: Date | undefined;
  /** Stands in some part of the entry, in any case. */
  text?: string | undefined;
  limit: number;
  /** Leaves out what somebody may not read. */
  accept?: ((record: AuditRecord) => boolean) | undefined;
};

export type Audit = ReturnType<typeof createAudit>;

const COUNTER = 'audit';
const ROWS_IN_A_PAGE = 500;

/** What was asked, decided and done, as a chain of hashes to which rows are only added. */
export function createAudit(database: Database, { clock, redactor }: { clock: Clock; redactor: Redactor }) {
  /** Adds the entry. Throws STORE when it cannot be written: then nothing of what it tells may happen. */
  async function record(entry: AuditEntry): Promise<void> {
    try {
      await database.transaction().execute((transaction) => recordIn(transaction, entry));
    } catch (error) {
      throw auditError(error);
    }
  }

  /**
   * Adds the entry in the transaction that does what it tells: both happen, or neither. Let it be the transaction's last statement;
   * from it on all others who add to the audit wait, and one who already waits for this transaction would do so for ever.
   */
  async function recordIn(transaction: Transaction<Tables>, entry: AuditEntry): Promise<void> {
    // The counter's row puts writers in order: whoever holds it sees the last row, and nobody else adds one.
    const counted = await count(transaction);
    const last = await lastRow(transaction);
    const seq = Math.max(counted, (last?.seq ?? 0) + 1);
    // Somebody has put the counter back; the entry must not be lost for that.
    if (seq !== counted)
      await transaction.updateTable('fences').set({ value: seq }).where('name', '=', COUNTER).execute();
    const row = {
      seq,
      at: clock.now().toISOString(),
      kind: entry.kind,
      body: auditBody(entry, redactor),
      previous: last?.hash ?? '',
    };
    await transaction
      .insertInto('audit')
      .values({ ...row, hash: auditSeal(row) })
      .execute();
  }

  /** The last entry; undefined as long as there is none. */
  async function head(): Promise<AuditHead | undefined> {
    const row = await lastRow(database);
    return row && { seq: row.seq, hash: row.hash };
  }

  /** Recomputes the whole chain, page by page, up to its first break; with `posted` it must hold what was the head then. */
  async function verify({ posted, signal }: { posted?: AuditHead; signal?: AbortSignal } = {}): Promise<AuditVerdict> {
    const check = createChainCheck(posted);
    const before = await counter();
    let rows = 0;
    for await (const row of upwards(undefined, signal)) {
      rows += 1;
      const broken = check.next(row);
      if (broken) return { rows, head: check.head(), broken };
    }
    return { rows, head: check.head(), broken: check.end({ before, after: await counter() }) };
  }

  /** Newest first. */
  async function search(filter: AuditFilter, signal?: AbortSignal): Promise<AuditRecord[]> {
    const found: AuditRecord[] = [];
    const mayMatch = quickLook(filter);
    for await (const row of downwards(filter, signal)) {
      if (!mayMatch(row)) continue;
      const entry = toRecord(row);
      if (matches(entry, filter)) found.push(entry);
      if (found.length === filter.limit) break;
    }
    return found;
  }

  /** Every entry from that time on, oldest first, read in pages. */
  async function* records({ since, signal }: { since?: Date | undefined; signal?: AbortSignal } = {}) {
    for await (const row of upwards(since, signal)) yield toRecord(row);
  }

  async function* upwards(since: Date | undefined, signal: AbortSignal | undefined): AsyncGenerator<Row> {
    let after: number | undefined;
    for (;;) {
      await turn(signal);
      let query = database.selectFrom('audit').selectAll().orderBy('seq').limit(ROWS_IN_A_PAGE);
      if (since) query = query.where('at', '>=', since.toISOString());
      if (after !== undefined) query = query.where('seq', '>', after);
      const page = await query.execute();
      yield* page;
      after = page.at(-1)?.seq;
      if (page.length < ROWS_IN_A_PAGE) return;
    }
  }

  async function* downwards(filter: AuditFilter, signal: AbortSignal | undefined): AsyncGenerator<Row> {
    let before: number | undefined;
    for (;;) {
      await turn(signal);
      let query = database.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(ROWS_IN_A_PAGE);
      if (filter.kind) query = query.where('kind', '=', filter.kind);
      if (filter.since) query = query.where('at', '>=', filter.since.toISOString());
      if (before !== undefined) query = query.where('seq', '<', before);
      const page = await query.execute();
      yield* page;
      before = page.at(-1)?.seq;
      if (page.length < ROWS_IN_A_PAGE) return;
    }
  }

  async function counter(): Promise<number> {
    const row = await database.selectFrom('fences').select('value').where('name', '=', COUNTER).executeTakeFirst();
    return row?.value ?? 0;
  }

  return { record, recordIn, head, verify, search, records };
}

type Row = Selectable<Tables['audit']>;

async function count(transaction: Transaction<Tables>): Promise<number> {
  const { value } = await transaction
    .insertInto('fences')
    .values({ name: COUNTER, value: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql<number>`fences.value + 1` }))
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

async function lastRow(database: Pick<Database, 'selectFrom'>): Promise<AuditHead | undefined> {
  return database.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
}

function toRecord({ seq, at, kind, body, previous, hash }: Row): AuditRecord {
  return { ...fromBody(body), kind: kind as AuditKind, seq, at, previous, hash };
}

// SQLite answers without ever waiting: whoever else has something to do in this process gets their turn here.
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

/** Whether it is worth taking a row apart: what is looked for stands in its body as JSON writes it. */
function quickLook({ person, run, environment, text }: AuditFilter): (row: Row) => boolean {
  const inJson = (words: string) => JSON.stringify(words).slice(1, -1);
  const exact = [person, run, environment].filter((words) => words !== undefined).map(inJson);
  const folded = text === undefined ? '' : inJson(text).toLowerCase();
  return ({ body }) => exact.every((words) => body.includes(words)) && body.toLowerCase().includes(folded);
}

function matches(record: AuditRecord, { person, run, environment, accept }: AuditFilter): boolean {
  if (person !== undefined && record.person?.id !== person) return false;
  if (run !== undefined && !(record.run?.startsWith(run) ?? false)) return false;
  if (environment !== undefined && record.environment !== environment) return false;
  return accept?.(record) ?? true;
}

/** What the database refused, as an error for people. */
export function auditError(cause: unknown): StarsError {
  return notWritten('The audit could not be written', 'Stars changes nothing that it cannot write down.', cause);
}
