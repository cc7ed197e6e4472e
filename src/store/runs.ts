import type { RunEvent, RunEventBody } from '../model/run.js';
import type { Database } from './database.js';
import { aboutRun, type AuditWriter } from './run-audit.js';
import { createRunDecisions } from './run-decisions.js';
import { createRunEnds } from './run-ends.js';
import { lock, lockOwn } from './run-locks.js';
import { type CancelWish, createRunReads } from './run-reads.js';
import { addEvents, insertEvents, type NewRun, toRow, toRun } from './run-rows.js';
import { takeUp } from './run-take-up.js';

export type { Decided, Decision } from './run-decisions.js';
export { endedNow, type RunEnd } from './run-end.js';
export type { CancelWish, RunFilter } from './run-reads.js';
export { isProposing } from './run-rows.js';
export type { Address, NewRun, Proposal, Run } from './run-rows.js';

/** A part of a run, and its first event. */
export type NewPart = { run: NewRun; first: RunEvent };

export type RunStore = ReturnType<typeof createRunStore>;

export function createRunStore(database: Database, audit: AuditWriter) {
  const { endRow, ...ends } = createRunEnds(database, audit);

  /**
   * Writes the run and its first events in one transaction: a run never exists without its `run.requested`. The request in the inbox
   * that it answers is marked with it; false when that has a run already. Throws USAGE when another run takes up, or took up, the one
   * that it takes up.
   */
  async function create(run: NewRun, events: RunEvent[]): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      if (run.requestKey !== undefined) {
        const { numUpdatedRows } = await transaction
          .updateTable('inbox')
          .set({ run_id: run.id })
          .where('key', '=', run.requestKey)
          .where('run_id', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
      }
      await transaction.insertInto('runs').values(toRow(run)).execute();
      await takeUp(transaction, run);
      await insertEvents(transaction, events);
      return true;
    });
  }

  /**
   * Makes the parts of a run that this process performs, all of them or none, each with its `run.requested`. False when the process has
   * the run no more.
   */
  async function createParts(whole: string, owner: string, parts: readonly NewPart[], now: Date): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      if (!(await lockOwn(transaction, whole, owner, now.toISOString()))) return false;
      for (const { run, first } of parts) {
        const row = toRow({ ...run, partOf: whole });
        await transaction.insertInto('runs').values(row).execute();
        await insertEvents(transaction, [first]);
        const about = aboutRun(toRun(row));
        await audit.recordIn(transaction, { ...about, kind: 'request', details: { partOf: whole } });
      }
      return true;
    });
  }

  /**
   * Adds events in the order of their `seq`; a number written before makes the whole call fail. False when the process has the run
   * no more.
   */
  async function append(events: RunEvent[], owner: string): Promise<boolean> {
    const [first] = events;
    if (!first) return true;
    return database.transaction().execute(async (transaction) => {
      if (!(await lockOwn(transaction, first.run, owner, events.at(-1)?.at ?? first.at))) return false;
      await insertEvents(transaction, events);
      return true;
    });
  }

  /** Says in a waiting run why it waits, unless that was said last. True when it was new. */
  async function sayWaiting(id: string, body: RunEventBody & { type: 'run.queued' }, now: Date): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      if (!(await lock(transaction, id, ['queued'], now))) return false;
      const last = await transaction
        .selectFrom('events')
        .select(['type', 'body'])
        .where('run_id', '=', id)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      const { type, ...rest } = body;
      if (last?.type === type && last.body === JSON.stringify(rest)) return false;
      await addEvents(transaction, id, now, [body]);
      return true;
    });
  }

  /** Asks the process that performs a run to cancel it; false when it does not run. */
  async function wishCancel({ id, reason, by }: CancelWish): Promise<boolean> {
    const { numUpdatedRows } = await database
      .updateTable('runs')
      .set({ cancel: JSON.stringify({ reason, by }) })
      .where('id', '=', id)
      .where('state', '=', 'running')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  return {
    ...createRunReads(database),
    ...createRunDecisions(database, audit, endRow),
    ...ends,
    create,
    createParts,
    append,
    sayWaiting,
    wishCancel,
  };
}
