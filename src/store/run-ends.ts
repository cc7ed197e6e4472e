import type { Transaction } from 'kysely';
import type { RunEvent, RunEventBody, RunState } from '../model/run.js';
import { NEXT_STATES, WAITING } from '../model/run-states.js';
import { releaseLeases } from './claims.js';
import type { Database, Tables } from './database.js';
import { type AuditWriter, endEntry } from './run-audit.js';
import { endedNow, type RunEnd } from './run-end.js';
import { runIn } from './run-locks.js';
import { addEvents, insertEvents, toRun } from './run-rows.js';

/** Whom the end has to belong to: the process that has the run, or nobody, as long as it waits. */
type Ender = { owner: string } | { waiting: true } | { anyone: true };

export type RunEnds = ReturnType<typeof createRunEnds>;

/** Ends runs, with what hangs on them: their parts, and what they held. */
export function createRunEnds(database: Database, audit: AuditWriter) {
  /** Ends the run with its last events in one transaction, and frees what it held. A run that has ended already stays as it ended: false. */
  async function finish(id: string, end: RunEnd, events: RunEvent[], now: Date, ender: Ender): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      if (!(await endRow(transaction, id, end, now, ender))) return false;
      await insertEvents(transaction, events);
      await recordEnd(transaction, id, end);
      return true;
    });
  }

  /** The same with events that are numbered here: for runs that this process does not perform. */
  async function finishFor(id: string, end: RunEnd, bodies: RunEventBody[], now: Date, ender: Ender): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      if (!(await endRow(transaction, id, end, now, ender))) return false;
      await addEvents(transaction, id, now, [...bodies, { type: 'run.finished', ...end }]);
      await recordEnd(transaction, id, end);
      return true;
    });
  }

  async function endRow(
    transaction: Transaction<Tables>,
    id: string,
    end: RunEnd,
    now: Date,
    ender: Ender,
  ): Promise<boolean> {
    let update = transaction
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
      .where('state', 'in', statesBefore(end.state))
      .where('finished_at', 'is', null);
    if ('owner' in ender) update = update.where('owner', '=', ender.owner);
    if ('waiting' in ender) update = update.where('state', 'in', WAITING);
    const { numUpdatedRows } = await update.executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await releaseLeases(transaction, id);
    // So a part waits only while its whole runs. What those under way hold stays theirs until they have stopped.
    await endParts(transaction, id, `The run ${id} that it is a part of was ${end.state}.`, now);
    return true;
  }

  async function endParts(transaction: Transaction<Tables>, whole: string, reason: string, now: Date): Promise<void> {
    const rows = await transaction
      .selectFrom('runs')
      .selectAll()
      .where('part_of', '=', whole)
      .where('finished_at', 'is', null)
      .orderBy('id')
      .execute();
    for (const part of rows.map(toRun)) {
      const end = endedNow(part, now, 'cancelled', { code: 'CANCELLED', message: reason });
      if (await endRow(transaction, part.id, end, now, { waiting: true })) {
        await addEvents(transaction, part.id, now, [{ type: 'run.finished', ...end }]);
        await recordEnd(transaction, part.id, end);
      } else {
        await transaction
          .updateTable('runs')
          .set({ cancel: JSON.stringify({ reason }) })
          .where('id', '=', part.id)
          .where('state', '=', 'running')
          .execute();
      }
    }
  }

  /** Ends those parts of a run that wait, and asks for the end of those under way. */
  async function cancelParts(whole: string, reason: string, now: Date): Promise<void> {
    await database.transaction().execute(async (transaction) => {
      await transaction.updateTable('runs').set({ heartbeat_at: now.toISOString() }).where('id', '=', whole).execute();
      await endParts(transaction, whole, reason, now);
    });
  }

  async function recordEnd(transaction: Transaction<Tables>, id: string, end: RunEnd): Promise<void> {
    await audit.recordIn(transaction, endEntry(await runIn(transaction, id), end));
  }

  return { finish, finishFor, cancelParts, endRow };
}

/** The states that such an end may follow. */
function statesBefore(end: RunState): RunState[] {
  return (Object.keys(NEXT_STATES) as RunState[]).filter((state) => NEXT_STATES[state].includes(end));
}
