import { globExpression } from '../inventory/host-pattern.js';
import type { HostRun } from './host-run.js';
import { isHidden } from './outcome.js';
import { pythonText } from './python-text.js';
import { titleOf, type Task } from './task.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

export type TaskNames = ReturnType<typeof createTaskNames>;

/** What tasks are called, with the variables of a host in their names. */
export function createTaskNames(world: VariableWorld) {
  /** The name for events; templating it would show what no_log is to hide. */
  function shown(task: Task, host: HostRun, play: PlayRun): string {
    try {
      return isHidden(task, templarFor(world, play, host, task)) ? titleOf(task) : cleaned(task, host, play);
    } catch {
      // The task itself tells what is wrong with its no_log.
      return titleOf(task);
    }
  }

  /** What the files say is no secret, though a vault may hold the same word; what was put into it, or was typed, may be one. */
  function cleaned(task: Task, host: HostRun, play: PlayRun): string {
    const title = headline(task, host, play);
    return task.where && title === titleOf(task) ? title : world.redact(title);
  }

  /** Names of handlers for events. */
  function ofOwed(names: readonly string[], handlers: readonly Task[]): string[] {
    const written = new Set(handlers.map(({ name }) => name));
    return names.map((name) => (written.has(name) ? name : world.redact(name)));
  }

  function headline(task: Task, host: HostRun, play: PlayRun): string {
    const title = titleOf(task);
    if (!task.name?.includes('{{')) return title;
    try {
      return pythonText(templarFor(world, play, host, task).template(title, task.where));
    } catch {
      return title;
    }
  }

  /** The name that tasks notify; undefined when the handler has none. */
  function ofHandler(handler: Task, play: PlayRun): string | undefined {
    const [host] = play.batch;
    return handler.name?.includes('{{') && host ? headline(handler, host, play) : handler.name;
  }

  /** Whether `--start-at` means this task: by its name as written or as shown, with or without its role. */
  function matches(task: Task, host: HostRun, { play, pattern }: { play: PlayRun; pattern: string }): boolean {
    const title = headline(task, host, play);
    return [title, titleOf(task), `${task.scope.role?.name} : ${title}`].some((one) => matchesName(one, pattern));
  }

  /** The role to show with the task; an include that has no name of its own tells the role that it includes. */
  function roleOf(task: Task): string | null {
    return task.module === 'include_role' ? null : (task.scope.role?.name ?? null);
  }

  return { shown, headline, roleOf, ofHandler, ofOwed, matches };
}

/** As Ansible's `--start-at-task`: by the name itself or as a wildcard. A range that is none, such as [z-a], matches nothing. */
function matchesName(title: string, pattern: string): boolean {
  try {
    return title === pattern || new RegExp(globExpression(pattern), 'su').test(title);
  } catch {
    return false;
  }
}
