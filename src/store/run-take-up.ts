import type { Transaction } from 'kysely';
import { StarsError } from '../errors.js';
import { hasEnded } from '../model/run-states.js';
import type { Tables } from './database.js';
import { isProposing, type NewRun, type Run, toRun } from './run-rows.js';

/**
 * Marks the run that this one takes up, unless another one does or did so: of all that took up the same run only the last that did anything
 * can be taken up. The first write makes two that come at once follow each other.
 */
export async function takeUp(transaction: Transaction<Tables>, { id, takesUp }: NewRun): Promise<void> {
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
