import { clearFacts, type HostRun } from './host-run.js';
import { type Batch, hostsLeft, progressOf } from './play-batch.js';
import { beginHandlers, clearErrors } from './progress.js';
import type { Task } from './task.js';
import { holds, reachOf } from './task-keywords.js';
import { nearConnectionVariables, type PlayRun, templarFor, type VariableWorld } from './variables.js';

export type MetaOptions = {
  world: VariableWorld;
  refreshInventory(): Promise<void>;
};

/** What concerns a host alone; anything else is asked of the first host and done for all. */
const OF_EACH_HOST = new Set(['flush_handlers', 'end_host', 'reset_connection', 'noop']);

/** As in Ansible they know no condition. */
const UNCONDITIONAL = new Set(['refresh_inventory', 'reset_connection', 'noop']);

export function isForAll(task: Task): boolean {
  return !OF_EACH_HOST.has(actionOf(task));
}

/** Performs a meta task, which no host counts. */
export async function runMeta(
  task: Task,
  hosts: readonly HostRun[],
  batch: Batch,
  { world, refreshInventory }: MetaOptions,
): Promise<void> {
  const action = actionOf(task);
  const { play } = batch;
  const asked = isForAll(task) ? hosts.slice(0, 1) : hosts;
  const willing = UNCONDITIONAL.has(action)
    ? asked
    : asked.filter((host) => holds(task, templarFor(world, play, host, task)));
  if (willing.length === 0) return;
  switch (action) {
    case 'flush_handlers':
      for (const host of willing) if (host.status !== 'unreachable') beginHandlers(progressOf(batch, host));
      return;
    case 'refresh_inventory':
      return refreshInventory();
    case 'end_play':
    case 'end_batch':
      for (const host of hostsLeft(batch)) progressOf(batch, host).phase = 'complete';
      batch.playEnded ||= action === 'end_play';
      return;
    case 'end_host':
      for (const host of willing) {
        progressOf(batch, host).phase = 'complete';
        host.status = 'ended';
      }
      return;
    case 'clear_facts':
      for (const host of play.batch) clearFacts(host);
      return;
    case 'clear_host_errors':
      return forgive(batch);
    case 'reset_connection':
      await Promise.all(willing.map((host) => resetConnection(task, host, { world, play })));
  }
}

function actionOf({ rawText }: Task): string {
  return (rawText ?? '').trim();
}

/** Hosts that failed take part in the plays that follow, and in this one where they can go on. */
function forgive(batch: Batch): void {
  for (const host of batch.play.batch) {
    batch.out.delete(host);
    clearErrors(progressOf(batch, host));
    // Variables keep it out of the hosts of this play.
    if (host.status === 'failed' || host.status === 'unreachable') host.status = 'ended';
  }
}

type Around = { world: VariableWorld; play: PlayRun };

async function resetConnection(task: Task, host: HostRun, { world, play }: Around): Promise<void> {
  const templar = templarFor(world, play, host, task);
  const said = nearConnectionVariables({ world, run: play, host, task }, templar);
  await host.session(reachOf(task, templar, said)).close();
}
