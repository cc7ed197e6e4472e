import { forcesHandlers } from './end-of-play.js';
import { bodiesOf, blocksOf, type Body } from './progress.js';
import { EMPTY_SCOPE, type Scope } from './scope.js';
import { ownTask, type Task, type TaskNode } from './task.js';
import type { PlayRun } from './variables.js';

/** What the hosts of a play come by, as Ansible compiles it: facts, then each section with the handlers that it notified. */
export function courseOf(run: PlayRun, setup: Task | undefined): Body[] {
  const { preTasks, tasks, postTasks } = run.play;
  const section = (nodes: readonly TaskNode[], scope: Scope): Body[] => {
    const flush = [flushTask(scope)];
    return forcesHandlers(run)
      ? [{ block: blocksOf(nodes), rescue: [], always: blocksOf(flush) }]
      : [...bodiesOf(nodes), { block: flush, rescue: [], always: [] }];
  };
  return [
    ...(setup ? bodiesOf([setup]) : []),
    ...(preTasks.length > 0 ? section(preTasks, AHEAD_OF_TASKS) : []),
    ...section(tasks, AFTER_TASKS),
    ...section(postTasks, AFTER_TASKS),
  ];
}

// They tell the flushes of a play itself from those that somebody wrote.
const AHEAD_OF_TASKS: Scope = { ...EMPTY_SCOPE };
const AFTER_TASKS: Scope = { ...EMPTY_SCOPE };

function flushTask(scope: Scope): Task {
  const task = { name: undefined, module: 'meta', args: new Map(), scope, outer: EMPTY_SCOPE, where: undefined };
  return { ...ownTask(task), rawText: 'flush_handlers' };
}

export function isFlush({ module, rawText }: Task): boolean {
  return module === 'meta' && rawText?.trim() === 'flush_handlers';
}

/** Whether the play flushes here by itself; no tag and no `--start-at` leaves that out. */
export function isOwnFlush({ scope }: Task): boolean {
  return scope === AHEAD_OF_TASKS || scope === AFTER_TASKS;
}

export function isAheadOfTasks({ scope }: Task): boolean {
  return scope === AHEAD_OF_TASKS;
}
