import type { Transaction } from 'kysely';
import type { AuditEntry } from '../model/audit.js';
import type { Person, RunEvent, RunSource, RunState } from '../model/run.js';
import type { Database, Tables } from './database.js';
import { hadEffect, noteEffect } from './inbox.js';
import { releaseLeases } from './claims.js';
import { aboutRun, type AuditWriter, endEntry } from './run-audit.js';
import { endedNow } from './run-end.js';
import type { RunEnds } from './run-ends.js';
import { lock, runIn, stateOf } from './run-locks.js';
import { addEvents, insertEvents, type Proposal, type Run } from './run-rows.js';

export type Decision = {
  id: string;
  person: Person;
  /** From where they decided. */
  source?: RunSource | undefined;
  /** Under which id it counts, where somebody has several; their own when left out. */
  countsAs?: string | undefined;
  decision: 'approve' | 'deny';
  reason?: string | undefined;
  /** Of what was asked, so that it is done once. */
  requestKey?: string | undefined;
};

/** `state`: that of the run when it does not wait for a decision (any more). */
export type Decided =
  | { counted: true; given: number; needed: number }
  | { counted: false; state: RunState | undefined };

type Asking = { proposal: Proposal; waitUntil: string; keep: boolean };

/** What runs propose to people, and what these decide. */
export function createRunDecisions(database: Database, audit: AuditWriter, endRow: RunEnds['endRow']) {
  /** Lets a run that this process performs wait for people, with the events that say so; what it held is free. False when it has the run no more. */
  async function awaitApproval(
    id: string,
    owner: string,
    events: RunEvent[],
    asking: Asking,
    now: Date,
  ): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('runs')
        .set({
          state: 'awaiting-approval',
          heartbeat_at: now.toISOString(),
          owner: asking.keep ? owner : '',
          proposal: JSON.stringify(asking.proposal),
          wait_until: asking.waitUntil,
        })
        .where('id', '=', id)
        .where('owner', '=', owner)
        .where('state', '=', 'running')
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await releaseLeases(transaction, id);
      await insertEvents(transaction, events);
      const { needed, hash = null } = asking.proposal;
      const run = aboutRun(await runIn(transaction, id));
      await audit.recordIn(transaction, {
        ...run,
        kind: 'proposal',
        details: { hash, needed, until: asking.waitUntil },
      });
      return true;
    });
  }

  /** Writes what a person decided about what a run proposes. With enough approvals the run is queued; one denial ends it. */
  async function decide(decided: Decision, now: Date): Promise<Decided> {
    const { id, person, countsAs, decision, reason, requestKey } = decided;
    return database.transaction().execute(async (transaction) => {
      if (await hadEffect(transaction, requestKey)) return countedBefore(transaction, id);
      if (!(await lock(transaction, id, ['awaiting-approval'], now)))
        return { counted: false, state: await stateOf(transaction, id) };
      const run = await runIn(transaction, id);
      const values = {
        run_id: id,
        person_id: countsAs ?? person.id,
        person_name: person.name,
        proposal: asked(run).hash,
        decision,
        reason: reason ?? null,
        at: now.toISOString(),
      };
      await transaction
        .insertInto('decisions')
        .values(values)
        .onConflict((conflict) => conflict.columns(['run_id', 'person_id', 'proposal']).doUpdateSet(values))
        .execute();
      await noteEffect(transaction, requestKey, now);
      return decision === 'deny' ? deny(transaction, run, decided, now) : approve(transaction, run, decided, now);
    });
  }

  async function deny(transaction: Transaction<Tables>, run: Run, decided: Decision, now: Date): Promise<Decided> {
    const { id, person, reason } = decided;
    const { hash, needed } = asked(run);
    const message = `${person.name} denied it${reason === undefined ? '' : `: ${reason}`}.`;
    const end = endedNow(run, now, 'denied', { code: 'DENIED', message });
    await endRow(transaction, id, end, now, { anyone: true });
    await addEvents(transaction, id, now, [
      { type: 'run.denied', ...said(decided) },
      { type: 'run.finished', ...end },
    ]);
    await audit.recordIn(transaction, { ...told(run, decided), kind: 'denial', details: { hash } });
    await audit.recordIn(transaction, endEntry(run, end));
    return { counted: true, given: 0, needed };
  }

  async function approve(transaction: Transaction<Tables>, run: Run, decided: Decision, now: Date): Promise<Decided> {
    const { id } = decided;
    const { hash, needed } = asked(run);
    const given = await approvalsOf(transaction, id, hash);
    await addEvents(transaction, id, now, [{ type: 'run.approved', ...said(decided), given, needed }]);
    if (given >= needed)
      await transaction.updateTable('runs').set({ state: 'queued', wait_until: null }).where('id', '=', id).execute();
    await audit.recordIn(transaction, { ...told(run, decided), kind: 'approval', details: { hash, given, needed } });
    return { counted: true, given, needed };
  }

  /** What a decision that is asked for again, since nobody knows that it was heard, came to. */
  async function countedBefore(transaction: Transaction<Tables>, id: string): Promise<Decided> {
    const { hash, needed } = asked(await runIn(transaction, id));
    return { counted: true, given: await approvalsOf(transaction, id, hash), needed };
  }

  return { awaitApproval, decide };
}

async function approvalsOf(transaction: Transaction<Tables>, id: string, hash: string): Promise<number> {
  const approvals = await transaction
    .selectFrom('decisions')
    .select('person_id')
    .where('run_id', '=', id)
    .where('proposal', '=', hash)
    .where('decision', '=', 'approve')
    .execute();
  return approvals.length;
}

function asked({ proposal }: Run): { hash: string; needed: number } {
  return { hash: proposal?.hash ?? '', needed: proposal?.needed ?? 1 };
}

function said({ person, reason }: Decision): { by: Person; reason?: string } {
  return { by: person, ...(reason === undefined ? {} : { reason }) };
}

function told(run: Run, { person, source, reason }: Decision): Omit<AuditEntry, 'kind'> {
  return { ...aboutRun(run), person, source, reason };
}
