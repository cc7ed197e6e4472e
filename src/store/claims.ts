import type { Transaction } from 'kysely';
import { type Blockers, blockersOf } from '../model/blockers.js';
import type { Lease } from '../model/lease.js';
import type { Person, RunEventBody, RunSource } from '../model/run.js';
import type { Database, Tables } from './database.js';
import { hadEffect, noteEffect } from './inbox.js';
import { type AuditWriter, startEntry } from './run-audit.js';
import { addEvents, isProposing, type Run, toRun } from './run-rows.js';

export type Claim =
  | { claimed: true; run: Run; fence: number; seq: number }
  | { claimed: false; blockers: Blockers<Run> }
  /** It has begun elsewhere, or has ended. */
  | { claimed: false; gone: true };

export type ClaimRequest = {
  id: string;
  environment: string | null;
  owner: string;
  leases: boolean;
  now: Date;
  started: RunEventBody;
};

export type ClaimStore = ReturnType<typeof createClaimStore>;

// A transaction that finds out it came too late is rolled back, and its answer goes on this way.
class Undone<T> extends Error {
  constructor(readonly answer: T) {
    super('rolled back');
  }
}

/** Who works on which run, and what of an environment a run holds meanwhile. */
export function createClaimStore(database: Database, audit: AuditWriter) {
  /**
   * Gives a queued run to this process, with the leases of its resources, in one transaction; of several that try, one gets it.
   * Without `leases` it only looks, such as for a plan, and takes none.
   */
  async function claim({ id, environment, owner, leases, now, started }: ClaimRequest): Promise<Claim> {
    const at = now.toISOString();
    return undoable<Claim>((transaction) => async (undo) => {
      // First of all a write: from here on no other process claims anything in this environment.
      const fence = await raise(transaction, environment ?? '');
      const row = await transaction
        .selectFrom('runs')
        .selectAll()
        .where('id', '=', id)
        .where('state', '=', 'queued')
        .where('owner', 'in', ['', owner])
        .executeTakeFirst();
      if (!row) return undo({ claimed: false, gone: true });
      const run = toRun(row);
      const wanted = leases ? run.resources : [];
      const blockers = wanted.length === 0 ? undefined : await keptBy(transaction, run, at);
      if (blockers) return undo({ claimed: false, blockers });
      const { person } = run;
      if (environment !== null && wanted.length > 0) {
        const own = { environment, holder: id, run_id: id, owner, fence, since: at, until: null, reason: run.text };
        const rows = wanted.map((resource) => ({
          ...own,
          resource,
          person_id: person.id,
          person_name: person.name,
        }));
        await transaction.insertInto('leases').values(rows).execute();
      }
      // Asked once more: with PostgreSQL it may have been cancelled or denied since it was read, and must not come back to life.
      const { numUpdatedRows } = await transaction
        .updateTable('runs')
        .set({ state: 'running', owner, fence, heartbeat_at: at })
        .where('id', '=', id)
        .where('state', '=', 'queued')
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return undo({ claimed: false, gone: true });
      const seq = await addEvents(transaction, id, now, [started]);
      await audit.recordIn(transaction, startEntry(run, fence));
      return { claimed: true, run: { ...run, state: 'running' }, fence, seq };
    });
  }

  async function undoable<T>(
    work: (transaction: Transaction<Tables>) => (undo: (answer: T) => never) => Promise<T>,
  ): Promise<T> {
    const undo = (answer: T): never => {
      throw new Undone(answer);
    };
    try {
      return await database.transaction().execute((transaction) => work(transaction)(undo));
    } catch (error) {
      if (error instanceof Undone) return error.answer as T;
      throw error;
    }
  }

  type Freeze = Unfreeze & { reason: string; until?: string | undefined };

  /**
   * Keeps new runs away from an environment. False when something of that name holds already. The same request done anew gives what holds by
   * now, `ended` when nothing does any more.
   */
  async function freeze(asked: Freeze, now: Date): Promise<Lease | 'ended' | false> {
    const { environment, name, person, source, reason, until, requestKey } = asked;
    return database.transaction().execute(async (transaction) => {
      if (await hadEffect(transaction, requestKey))
        return (await list(environment, now, transaction)).find(({ holder }) => holder === name) ?? 'ended';
      const fence = await raise(transaction, environment);
      await dropEnded(transaction, environment, now.toISOString());
      const row = await transaction
        .insertInto('leases')
        .values({
          environment,
          resource: `freeze:${name}`,
          holder: name,
          run_id: null,
          owner: '',
          person_id: person.id,
          person_name: person.name,
          reason,
          fence,
          since: now.toISOString(),
          until: until ?? null,
        })
        .onConflict((conflict) => conflict.columns(['environment', 'resource']).doNothing())
        .returningAll()
        .executeTakeFirst();
      if (!row) return false;
      const details = { name, until: until ?? null };
      await audit.recordIn(transaction, { kind: 'lock', person, source, environment, reason, details });
      await noteEffect(transaction, requestKey, now);
      return toLease(row);
    });
  }

  /** Lets a freeze hold until somebody ends it. */
  async function holdOn(environment: string, name: string): Promise<void> {
    await database
      .updateTable('leases')
      .set({ until: null })
      .where('environment', '=', environment)
      .where('resource', '=', `freeze:${name}`)
      .execute();
  }

  /** Ends a freeze, and what was to tell of its end; undefined when there is none, `before` when the same request has done so already. */
  async function unfreeze(asked: Unfreeze, now: Date): Promise<Lease | 'before' | undefined> {
    const { environment, name, person, source, requestKey } = asked;
    return database.transaction().execute(async (transaction) => {
      if (await hadEffect(transaction, requestKey)) return 'before';
      const ended = await transaction
        .deleteFrom('leases')
        .where('environment', '=', environment)
        .where('resource', '=', `freeze:${name}`)
        .returningAll()
        .executeTakeFirst();
      if (!ended) return undefined;
      // Else somebody would be told of an end that is over, maybe while the next lock holds.
      await transaction
        .updateTable('timers')
        .set({ state: 'cancelled', ended_at: now.toISOString() })
        .where('environment', '=', environment)
        .where('subject', '=', name)
        .where('state', '=', 'waiting')
        .execute();
      await audit.recordIn(transaction, { kind: 'unlock', person, source, environment, details: { name } });
      await noteEffect(transaction, requestKey, now);
      return toLease(ended);
    });
  }

  type Unfreeze = {
    environment: string;
    name: string;
    person: Person;
    source?: RunSource | undefined;
    /** Of what was asked, so that it is done once. */
    requestKey?: string | undefined;
  };

  /** What is held now, oldest first; freezes that are over are left out. */
  async function list(environment: string | undefined, now: Date, from: Database = database): Promise<Lease[]> {
    let query = from
      .selectFrom('leases')
      .selectAll()
      .where('environment', '!=', '')
      .orderBy('since')
      .orderBy('resource');
    if (environment !== undefined) query = query.where('environment', '=', environment);
    const rows = await query.execute();
    return rows.filter(({ until }) => until === null || until > now.toISOString()).map(toLease);
  }

  /** Holds a place that one process has at a time, until `until`: whose it is already, or that nobody holds any more. False when another has it. */
  async function hold(place: string, owner: string, until: Date, now: Date): Promise<boolean> {
    const own = { holder: owner, owner, until: until.toISOString(), since: now.toISOString(), fence: 1 };
    const row = await database
      .insertInto('leases')
      .values({ ...own, environment: '', resource: place, run_id: null, person_id: '', person_name: '', reason: '' })
      .onConflict((conflict) =>
        conflict
          .columns(['environment', 'resource'])
          .doUpdateSet(({ eb, ref }) => ({ ...own, fence: eb(ref('leases.fence'), '+', 1) }))
          .where(({ or, eb }) => or([eb('leases.owner', '=', owner), eb('leases.until', '<', now.toISOString())])),
      )
      .returning('owner')
      .executeTakeFirst();
    return row?.owner === owner;
  }

  /** Who has a place; undefined when nobody does. */
  async function whoHolds(place: string): Promise<string | undefined> {
    const row = await database
      .selectFrom('leases')
      .select('owner')
      .where('environment', '=', '')
      .where('resource', '=', place)
      .executeTakeFirst();
    return row?.owner;
  }

  /** Gives a place back. */
  async function letGo(place: string, owner: string): Promise<void> {
    await database
      .deleteFrom('leases')
      .where('environment', '=', '')
      .where('resource', '=', place)
      .where('owner', '=', owner)
      .execute();
  }

  return {
    claim,
    freeze,
    holdOn,
    unfreeze,
    list: (environment: string | undefined, now: Date) => list(environment, now),
    hold,
    whoHolds,
    letGo,
  };
}

/** Frees what a run held; part of the transaction that ends the run or lets it wait. */
export async function releaseLeases(transaction: Transaction<Tables>, run: string): Promise<void> {
  await transaction.deleteFrom('leases').where('run_id', '=', run).execute();
}

async function raise(transaction: Transaction<Tables>, environment: string): Promise<number> {
  const { value } = await transaction
    .insertInto('fences')
    .values({ name: `environment ${environment}`, value: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet(({ eb, ref }) => ({ value: eb(ref('fences.value'), '+', 1) })),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

async function dropEnded(transaction: Transaction<Tables>, environment: string, at: string): Promise<void> {
  await transaction.deleteFrom('leases').where('environment', '=', environment).where('until', '<=', at).execute();
}

/** What keeps a run from beginning; undefined when nothing does. */
async function keptBy(transaction: Transaction<Tables>, run: Run, at: string): Promise<Blockers<Run> | undefined> {
  const held = await transaction
    .selectFrom('leases')
    .selectAll()
    .where('environment', '=', run.environment ?? '')
    .execute();
  const queued = await transaction
    .selectFrom('runs')
    .selectAll()
    .where('environment', '=', run.environment)
    .where('state', '=', 'queued')
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
  const before = queued.slice(
    0,
    queued.findIndex(({ id }) => id === run.id),
  );
  const leases = held.filter(({ until }) => until === null || until > at).map(toLease);
  const blockers = blockersOf(
    run,
    leases,
    before.map(toRun).filter((other) => !isProposing(other)),
  );
  return blockers.leases.length + blockers.runs.length > 0 ? blockers : undefined;
}

function toLease(row: Tables['leases']): Lease {
  return {
    environment: row.environment,
    resource: row.resource,
    holder: row.holder,
    run: row.run_id ?? undefined,
    person: { id: row.person_id, name: row.person_name },
    reason: row.reason,
    fence: row.fence,
    since: row.since,
    until: row.until ?? undefined,
  };
}
