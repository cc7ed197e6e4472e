import type { Transaction } from 'kysely';
import type { RunState } from '../model/run.js';
import type { Tables } from './database.js';
import { type Run, toRun } from './run-rows.js';

/** Takes the run for this transaction, as long as it is in one of these states. */
export async function lock(
  transaction: Transaction<Tables>,
  id: string,
  states: RunState[],
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('runs')
    .set({ heartbeat_at: now.toISOString() })
    .where('id', '=', id)
    .where('state', 'in', states)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The same, as long as this process performs the run. `at`: ISO UTC. */
export async function lockOwn(
  transaction: Transaction<Tables>,
  id: string,
  owner: string,
  at: string,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('runs')
    .set({ heartbeat_at: at })
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function runIn(transaction: Transaction<Tables>, id: string): Promise<Run> {
  return toRun(await transaction.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
}

export async function stateOf(transaction: Transaction<Tables>, id: string): Promise<RunState | undefined> {
  const row = await transaction.selectFrom('runs').select('state').where('id', '=', id).executeTakeFirst();
  return row?.state as RunState | undefined;
}
