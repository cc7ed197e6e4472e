import { formatPosition } from '../errors.js';
import type { Dict } from '../jinja/value.js';
import type { Action, Plan } from './module.js';
import { plainOf } from './task-result.js';
import { type Task, titleOf } from './task.js';

/** What a task is about to do on a host, or would do. The texts may hold secrets: they are compared and never shown. */
export type Change = {
  /** The host whose task it is, also when another one acts for it. */
  host: string;
  title: string;
  /** Where the task is written. */
  place: string;
  /** What was asked for, whatever the host looks like. */
  wanted: string;
  /** What becomes of the host: before and after. */
  effect: string;
  /** The diff alone; undefined when the task shows none. */
  diff: string | undefined;
  /** False for what check mode leaves out, such as commands: only running it shows what comes of it. */
  foreseen: boolean;
  /** The names by which it may be notified, and those that it notifies. */
  names: readonly string[];
  notifies: readonly string[];
  acts: boolean;
};

/** Told of every change before it is made; an error that it throws keeps the host from it. */
export type Watch = (change: Change) => void;

type Planned = { task: Task; args: Dict; plan: Plan; host: string; checkMode: boolean };

/** The change of a task that was planned; undefined when it would leave the host as it is. */
export function changeOf({ task, args, plan, host, checkMode }: Planned): Change | undefined {
  const leftOut = checkMode && plan.skipped !== undefined;
  const changed = plan.changed ?? plan.actions.length > 0;
  if (plan.failed !== undefined || !(changed || plan.actions.length > 0 || leftOut)) return undefined;
  if (!checkMode && plan.skipped !== undefined) return undefined;
  const diff = plan.diff && JSON.stringify([plan.diff.before, plan.diff.after]);
  const asked = JSON.stringify([task.module, plainOf(args)]);
  return {
    host,
    title: task.scope.role ? `${task.scope.role.name} : ${titleOf(task)}` : titleOf(task),
    place: task.where ? formatPosition(task.where) : titleOf(task),
    wanted: WHOLE_FILES.has(task.module) ? JSON.stringify([asked, plan.diff?.after]) : asked,
    effect: leftOut ? JSON.stringify([asked, plan.skipped]) : JSON.stringify([asked, diff, plan.actions.map(textOf)]),
    diff,
    foreseen: !leftOut,
    names: [...(task.name === undefined ? [] : [task.name]), ...task.listen],
    notifies: task.scope.notify.flat().map(String),
    acts: plan.actions.length > 0 && !checkMode,
  };
}

/** What they leave on the host does not depend on what was there. */
const WHOLE_FILES: ReadonlySet<string> = new Set(['copy', 'template', 'assemble']);

/** An action without what differs from one run to the next: temporary names and the time in the name of a backup. */
function textOf(action: Action): string {
  const text =
    action.kind === 'run'
      ? action.command.text
      : action.kind === 'upload'
        ? `${action.path}\n${action.content.toString('latin1')}`
        : `${action.path}\n${action.to}`;
  return text.replaceAll(/\.stars-[\w-]+-\d+/g, '.stars').replaceAll(/\d+\.\d{4}-\d{2}-\d{2}@\d{2}:\d{2}:\d{2}~/g, '~');
}
