import pLimit, { type LimitFunction } from 'p-limit';
import type { HostRun } from './host-run.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';
import type { Task } from './task.js';
import { keywordOf } from './task-keywords.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

/** Who may run a task when: as many hosts at once as `forks` lets, and of them as many as the task's `throttle` lets. */
export function createThrottle(world: VariableWorld, forks: LimitFunction) {
  const limits = new WeakMap<Task, LimitFunction>();

  function numberOf(task: Task, host: HostRun, play: PlayRun): number {
    const given = task.keywords.get('throttle') ?? task.scope.keywords.get('throttle') ?? 0;
    if (given === 0) return 0;
    const value = pythonText(keywordOf(task, templarFor(world, play, host, task), 'throttle') ?? 0);
    if (/^\d+$/.test(value.trim())) return Number(value);
    throw playbookError(`throttle must be a number of hosts, not “${value}”.`, task.where);
  }

  return (task: Task, host: HostRun, play: PlayRun): (<T>(act: () => Promise<T>) => Promise<T>) => {
    const known = limits.get(task);
    const most = known ? 0 : numberOf(task, host, play);
    if (!known && most === 0) return (act) => forks(act);
    const limit = known ?? pLimit(most);
    limits.set(task, limit);
    return (act) => limit(() => forks(act));
  };
}
