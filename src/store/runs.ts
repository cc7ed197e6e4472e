import type { Transaction } from 'kysely';
import type { Person, RunEvent, RunEventBody, RunRequest, RunSource, RunState } from '../model/run.js';
import { StarsError } from '../errors.js';
import { releaseLeases } from './claims.js';
import { endedNow, type RunEnd } from './run-end.js';
import { aboutRun, type AuditWriter, endEntry } from './run-audit.js';
import { hasEnded, NEXT_STATES } from '../model/run-states.js';
import { hadEffect, noteEffect } from './inbox.js';
import type { Database, Tables } from './database.js';
import {
  addEvents,
  insertEvents,
  isProposing,
  type NewRun,
  type Proposal,
  type Run,
  toEvent,
  toRow,
  toRun,
} from './run-rows.js';

export { endedNow, type RunEnd } from './run-end.js';
export { isProposing } from './run-rows.js';
export type { Address, NewRun, Proposal, Run } from './run-rows.js';

export type RunFilter = { environment?: string | undefined; command?: string | undefined; limit: number };

/** A part of a run, and its first event. */
export type NewPart = { run: NewRun; first: RunEvent };

/** Who asked a running run to stop, and why. */
export type CancelWish = { id: string; reason: string; by: Person | undefined };

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

const WAITING: RunState[] = ['queued', 'awaiting-approval'];

export type RunStore = ReturnType<typeof createRunStore>;

export function createRunStore(database: Database, audit: AuditWriter) {
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

  /** The parts of a run, in their order. */
  async function partsOf(whole: string): Promise<Run[]> {
    const rows = await database.selectFrom('runs').selectAll().where('part_of', '=', whole).execute();
    return rows.map(toRun).sort((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
  }

  /** Ends those parts of a run that wait, and asks for the end of those under way. */
  async function cancelParts(whole: string, reason: string, now: Date): Promise<void> {
    await database.transaction().execute(async (transaction) => {
      await transaction.updateTable('runs').set({ heartbeat_at: now.toISOString() }).where('id', '=', whole).execute();
      await endParts(transaction, whole, reason, now);
    });
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

  /** Whom the end has to belong to: the process that has the run, or nobody, as long as it waits. */
  type Ender = { owner: string } | { waiting: true } | { anyone: true };

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

  async function recordEnd(transaction: Transaction<Tables>, id: string, end: RunEnd): Promise<void> {
    await audit.recordIn(transaction, endEntry(await runIn(transaction, id), end));
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

  type Asking = { proposal: Proposal; waitUntil: string; keep: boolean };

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
    const { id, person, source, countsAs, decision, reason, requestKey } = decided;
    return database.transaction().execute(async (transaction) => {
      if (await hadEffect(transaction, requestKey)) return countedBefore(transaction, id);
      if (!(await lock(transaction, id, ['awaiting-approval'], now)))
        return { counted: false, state: await stateOf(transaction, id) };
      const run = await runIn(transaction, id);
      const { proposal } = run;
      const hash = proposal?.hash ?? '';
      const needed = proposal?.needed ?? 1;
      const values = {
        run_id: id,
        person_id: countsAs ?? person.id,
        person_name: person.name,
        proposal: hash,
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
      const told = { ...aboutRun(run), person, source, reason };
      const said = { by: person, ...(reason === undefined ? {} : { reason }) };
      if (decision === 'deny') {
        const message = `${person.name} denied it${reason === undefined ? '' : `: ${reason}`}.`;
        const end = endedNow(run, now, 'denied', { code: 'DENIED', message });
        await endRow(transaction, id, end, now, { anyone: true });
        await addEvents(transaction, id, now, [
          { type: 'run.denied', ...said },
          { type: 'run.finished', ...end },
        ]);
        await audit.recordIn(transaction, { ...told, kind: 'denial', details: { hash } });
        await audit.recordIn(transaction, endEntry(run, end));
        return { counted: true, given: 0, needed };
      }
      const given = await approvalsOf(transaction, id, hash);
      await addEvents(transaction, id, now, [{ type: 'run.approved', ...said, given, needed }]);
      if (given >= needed)
        await transaction.updateTable('runs').set({ state: 'queued', wait_until: null }).where('id', '=', id).execute();
      await audit.recordIn(transaction, { ...told, kind: 'approval', details: { hash, given, needed } });
      return { counted: true, given, needed };
    });
  }

  /** What a decision that is asked for again, since nobody knows that it was heard, came to. */
  async function countedBefore(transaction: Transaction<Tables>, id: string): Promise<Decided> {
    const { proposal } = await runIn(transaction, id);
    const given = await approvalsOf(transaction, id, proposal?.hash ?? '');
    return { counted: true, given, needed: proposal?.needed ?? 1 };
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

  /** The runs that this process performs, with what is wished of them. */
  async function performedBy(owner: string): Promise<{ id: string; cancel: CancelWish | undefined }[]> {
    const rows = await database
      .selectFrom('runs')
      .select(['id', 'cancel'])
      .where('owner', '=', owner)
      .where('state', '=', 'running')
      .execute();
    return rows.map(({ id, cancel }) => ({
      id,
      cancel: cancel === null ? undefined : { id, ...(JSON.parse(cancel) as Omit<CancelWish, 'id'>) },
    }));
  }

  /** Runs that wait: for their turn, or for people. Oldest first. */
  async function waiting(): Promise<Run[]> {
    const rows = await database
      .selectFrom('runs')
      .selectAll()
      .where('state', 'in', WAITING)
      .orderBy('requested_at')
      .orderBy('id')
      .execute();
    return rows.map(toRun);
  }

  /** Runs that have not ended and whose process is not among the living. */
  async function abandoned(isAlive: (owner: string) => boolean): Promise<Run[]> {
    const rows = await database
      .selectFrom('runs')
      .selectAll()
      .where('finished_at', 'is', null)
      .where('owner', '!=', '')
      .execute();
    return rows.filter(({ owner }) => !isAlive(owner)).map(toRun);
  }

  /** The run whose id is or starts with `id`; undefined when none or several do. Parts of runs are only found by their whole ids. */
  async function find(id: string): Promise<Run | undefined> {
    const prefix = id.replaceAll(/[^a-z0-9-]/gi, '');
    if (prefix === '') return undefined;
    const exact = await database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
    if (exact) return toRun(exact);
    const rows = await database
      .selectFrom('runs')
      .selectAll()
      .where('id', 'like', `${prefix}%`)
      .where('part_of', 'is', null)
      .limit(2)
      .execute();
    const [row] = rows;
    return row && rows.length === 1 ? toRun(row) : undefined;
  }

  /** Newest first, without the parts of runs. */
  async function list({ environment, command, limit }: RunFilter): Promise<Run[]> {
    let query = database
      .selectFrom('runs')
      .selectAll()
      .where('part_of', 'is', null)
      .orderBy('requested_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit);
    if (environment !== undefined) query = query.where('environment', '=', environment);
    if (command !== undefined) query = query.where('command', '=', command);
    return (await query.execute()).map(toRun);
  }

  /** The id of the run that made the plan of this hash, which may be shortened; undefined when none or several did. */
  async function planMaker(hash: string): Promise<string | undefined> {
    const prefix = hash.replaceAll(/[^0-9a-f]/g, '');
    const rows = await database
      .selectFrom('events')
      .select('run_id')
      .where('type', '=', 'plan.made')
      .where('body', 'like', `{"hash":"${prefix}%`)
      .limit(2)
      .execute();
    return prefix !== '' && rows.length === 1 ? rows[0]?.run_id : undefined;
  }

  /** What was asked for with a run; undefined when that was deleted. */
  async function request(id: string): Promise<RunRequest | undefined> {
    const row = await database
      .selectFrom('events')
      .selectAll()
      .where('run_id', '=', id)
      .where('type', '=', 'run.requested')
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    const event = row && toEvent(row);
    return event?.type === 'run.requested' ? event : undefined;
  }

  /** Those behind the event of this number. */
  async function events(id: string, behind = 0): Promise<RunEvent[]> {
    const rows = await database
      .selectFrom('events')
      .selectAll()
      .where('run_id', '=', id)
      .where('seq', '>', behind)
      .orderBy('seq')
      .execute();
    return rows.map(toEvent);
  }

  return {
    create,
    createParts,
    partsOf,
    cancelParts,
    append,
    sayWaiting,
    finish,
    finishFor,
    awaitApproval,
    decide,
    wishCancel,
    performedBy,
    waiting,
    abandoned,
    find,
    list,
    planMaker,
    request,
    events,
  };
}

/** The states that such an end may follow. */
function statesBefore(end: RunState): RunState[] {
  return (Object.keys(NEXT_STATES) as RunState[]).filter((state) => NEXT_STATES[state].includes(end));
}

/** Takes the run for this transaction, as long as it is in one of these states. */
async function lock(transaction: Transaction<Tables>, id: string, states: RunState[], now: Date): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('runs')
    .set({ heartbeat_at: now.toISOString() })
    .where('id', '=', id)
    .where('state', 'in', states)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The same, as long as this process performs the run. `at`: ISO UTC. */
async function lockOwn(transaction: Transaction<Tables>, id: string, owner: string, at: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('runs')
    .set({ heartbeat_at: at })
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
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

async function runIn(transaction: Transaction<Tables>, id: string): Promise<Run> {
  return toRun(await transaction.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

async function stateOf(transaction: Transaction<Tables>, id: string): Promise<RunState | undefined> {
  const row = await transaction.selectFrom('runs').select('state').where('id', '=', id).executeTakeFirst();
  return row?.state as RunState | undefined;
}

/**
 * Marks the run that this one takes up, unless another one does or did so: of all that took up the same run only the last that did anything
 * can be taken up. The first write makes two that come at once follow each other.
 */
async function takeUp(transaction: Transaction<Tables>, { id, takesUp }: NewRun): Promise<void> {
  if (takesUp === undefined) return;
  const before = await transaction.selectFrom('runs').select('family').where('id', '=', takesUp).executeTakeFirst();
  const family = before?.family ?? takesUp;
  await transaction.updateTable('runs').set({ family }).where('id', '=', family).execute();
  const all = await transaction
    .selectFrom('runs')
    .selectAll()
    .where('family', '=', family)
    .where('id', '!=', id)
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  const asked = all.findIndex((run) => run.id === takesUp);
  for (const [index, row] of all.entries()) {
    const run = toRun(row);
    if (index === asked) continue;
    if (!isOver(run) || (index < asked && (await hasWorked(transaction, run)))) throw takenUp(takesUp, run);
  }
  await transaction.updateTable('runs').set({ resumed_by: id }).where('id', '=', takesUp).execute();
  await transaction.updateTable('runs').set({ family }).where('id', '=', id).execute();
}

/** Ended, and not well. */
function isOver({ state }: Pick<Run, 'state'>): boolean {
  return hasEnded(state) && state !== 'succeeded';
}

/** Whether it did anything but find out what it would do. */
async function hasWorked(transaction: Transaction<Tables>, run: Run): Promise<boolean> {
  if (isProposing(run)) return false;
  const rows = await transaction
    .selectFrom('events')
    .select('type')
    .where('run_id', '=', run.id)
    .where('type', 'in', ['approval.asked', 'task.started', 'step.started', 'part.made'])
    .orderBy('seq', 'desc')
    .limit(1)
    .execute();
  return rows.some(({ type }) => type !== 'approval.asked');
}

function takenUp(before: string, { id, person, state }: Run): StarsError {
  const goOn = isOver({ state }) ? ` “resume ${id}” goes on where that stopped.` : '';
  return new StarsError('USAGE', `The run ${before} is taken up already: by run ${id} of ${person.name}, ${state}.`, {
    hint: `“show ${id}” tells how that stands.${goOn}`,
  });
}
