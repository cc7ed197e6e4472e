import type { OwedHandler } from '../model/remainder.js';
import type { Handlers } from './handlers.js';
import type { HostRun } from './host-run.js';
import { playbookError } from './playbook-error.js';
import { titleOf, type Task } from './task.js';

type Notice = { handlers: Handlers; names: readonly string[] };

/** Names of the handlers that the host owes from now on, undefined when there are none; PLAYBOOK for one that nobody defines. */
export function notifyHandlers(task: Task, host: HostRun, { handlers, names }: Notice): string[] | undefined {
  const meant = names.map((name) => handlers.notify(name, host));
  const unknown = names.find((_, index) => meant[index]?.length === 0);
  const owed = [...new Set(meant.flat())];
  if (unknown === undefined) return owed.length > 0 ? owed : undefined;
  throw playbookError(
    `The task “${titleOf(task)}” notifies the handler “${unknown}”, which no role or play defines.`,
    task.where,
    `Handlers: ${handlers.names().join(', ') || 'none'}.`,
  );
}

/** Names of the handlers of a play by the hosts that owe them from an earlier run. */
export function owedIn(play: string, owed: readonly OwedHandler[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const one of owed) if (one.play === play) names.set(one.host, [...(names.get(one.host) ?? []), one.handler]);
  return names;
}

type Owing = { handlers: Handlers; owing: Map<string, string[]> };

/** Once: what an earlier run notified and did not come to. A handler that is gone since then is owed by nobody. */
export function oweFromBefore(members: readonly HostRun[], { handlers, owing }: Owing): void {
  for (const host of members) {
    for (const name of owing.get(host.name) ?? []) handlers.notify(name, host);
    owing.delete(host.name);
  }
}
