import type { HostRun } from './host-run.js';
import { flatTasks, type Task, type TaskNode } from './task.js';

export type Handlers = ReturnType<typeof createHandlers>;

/**
 * Which hosts owe which handlers of a play. `nodes` may grow while the play runs; `nameOf` templates a handler's name.
 */
export function createHandlers(nodes: readonly TaskNode[], nameOf: (handler: Task) => string | undefined) {
  const owed = new Map<Task, Set<HostRun>>();

  function all(): Task[] {
    return flatTasks(nodes);
  }

  /** The host owes the handlers of this name and those that listen to it from now on; their names, none when there are none. */
  function notify(name: string, host: HostRun): string[] {
    const meant = named(name);
    for (const handler of meant) owed.set(handler, (owed.get(handler) ?? new Set()).add(host));
    return meant.map((handler) => nameOf(handler) ?? name);
  }

  /** Of handlers with one name the first of the last list that has one is meant; all that listen are. */
  function named(name: string): Task[] {
    const isMeant = (handler: Task) => {
      const own = nameOf(handler);
      return own !== undefined && (own === name || `${handler.scope.role?.name} : ${own}` === name);
    };
    const list = listsOf(nodes).findLast((tasks) => tasks.some(isMeant));
    return [
      ...new Set([
        ...(list?.filter(isMeant).slice(0, 1) ?? []),
        ...all().filter(({ listen }) => listen.includes(name)),
      ]),
    ];
  }

  function owes(handler: Task, host: HostRun): boolean {
    return owed.get(handler)?.has(host) ?? false;
  }

  /** The host has run it, however that went. */
  function settle(handler: Task, host: HostRun): void {
    owed.get(handler)?.delete(host);
  }

  /** The host owes what a handler of its own included. */
  function owe(handler: Task, host: HostRun): void {
    owed.set(handler, (owed.get(handler) ?? new Set()).add(host));
  }

  function names(): string[] {
    return all().flatMap((handler) => [...(handler.name ? [handler.name] : []), ...handler.listen]);
  }

  return { all, notify, owes, settle, owe, names };
}

/** Handlers as Ansible has them in lists: those of a role, of the play, and of each block. */
function listsOf(nodes: readonly TaskNode[]): Task[][] {
  const lists: Task[][] = [];
  let before: TaskNode | undefined;
  for (const node of nodes) {
    if (before && isOfSameList(before, node)) lists.at(-1)?.push(...flatTasks([node]));
    else lists.push(flatTasks([node]));
    before = node;
  }
  return lists;
}

function isOfSameList(before: TaskNode, node: TaskNode): boolean {
  return before.kind === 'task' && node.kind === 'task' && before.scope.use === node.scope.use;
}
