import { EndOfPlay } from './end-of-play.js';
import { clearFacts, type HostRun } from './host-run.js';
import type { Task } from './task.js';
import { holds, reachOf } from './task-keywords.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

export type MetaOptions = {
  world: VariableWorld;
  refreshInventory(): Promise<void>;
  flushHandlers(hosts: readonly HostRun[]): Promise<void>;
};

/** What concerns a host alone; anything else is asked of the first host and done for all. */
const OF_EACH_HOST = new Set(['flush_handlers', 'end_host', 'reset_connection', 'noop']);

/** Performs a meta task, which no host counts. Throws EndOfPlay for end_play and end_batch. */
export async function runMeta(
  task: Task,
  hosts: readonly HostRun[],
  play: PlayRun,
  { world, refreshInventory, flushHandlers }: MetaOptions,
): Promise<void> {
  const action = (task.rawText ?? '').trim();
  const asked = OF_EACH_HOST.has(action) ? hosts : hosts.slice(0, 1);
  const willing = asked.filter((host) => holds(task, templarFor(world, play, host, task)));
  if (willing.length === 0) return;
  switch (action) {
    case 'flush_handlers':
      return flushHandlers(willing);
    case 'refresh_inventory':
      return refreshInventory();
    case 'end_play':
      throw new EndOfPlay('play-ended');
    case 'end_batch':
      throw new EndOfPlay('done');
    case 'end_host':
      for (const host of willing) host.status = 'ended';
      return;
    case 'clear_facts':
      for (const host of play.all) clearFacts(host);
      return;
    case 'clear_host_errors':
      return clearErrors(play);
    case 'reset_connection':
      await Promise.all(willing.map((host) => resetConnection(task, host, { world, play })));
  }
}

/** Hosts that failed take part in the plays that follow; this one they have left. */
function clearErrors(play: PlayRun): void {
  for (const host of play.all) if (host.status === 'failed' || host.status === 'unreachable') host.status = 'ended';
}

type Around = { world: VariableWorld; play: PlayRun };

async function resetConnection(task: Task, host: HostRun, { world, play }: Around): Promise<void> {
  await host.session(reachOf(task, templarFor(world, play, host, task))).close();
}
