import type { Templar } from '../templating/templar.js';
import type { AsyncWish } from './async-jobs.js';
import { controlModules } from './control/index.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';
import type { Task } from './task.js';
import { keywordOf } from './task-keywords.js';
import { isTrue } from './task-result.js';

const DEFAULT_POLL_SECONDS = 15;

/** The task's `async` and `poll`; undefined when it is an ordinary task. */
export function asyncWish(task: Task, templar: Templar): AsyncWish | undefined {
  if (!task.keywords.has('async')) return undefined;
  const seconds = secondsOf('async', task, templar) ?? 0;
  return seconds > 0 ? { seconds, pollSeconds: secondsOf('poll', task, templar) ?? DEFAULT_POLL_SECONDS } : undefined;
}

/** Modules of which a part runs on the controller, so that they cannot go on alone on the host. */
const NEVER_ASYNC = new Set([
  'assemble',
  'copy',
  'fetch',
  'raw',
  'script',
  'template',
  'unarchive',
  'wait_for_connection',
]);

/** Why the task cannot be a job; undefined when it can or is not to be one. */
export function asyncRefusal(task: Task, templar: Templar, checkMode: boolean): string | undefined {
  if (!asyncWish(task, templar)) return undefined;
  if (NEVER_ASYNC.has(task.module) || controlModules.has(task.module)) return 'async is not supported for this task.';
  const checked = isTrue(keywordOf(task, templar, 'check_mode') ?? checkMode);
  return checked ? 'check mode and async cannot be used on same task.' : undefined;
}

function secondsOf(name: string, task: Task, templar: Templar): number | undefined {
  const value = keywordOf(task, templar, name);
  if (value === undefined) return undefined;
  const seconds = Number(pythonText(value));
  if (Number.isInteger(seconds) && seconds >= 0) return seconds;
  throw playbookError(`${name} must be a number of seconds, not “${pythonText(value)}”.`, task.where);
}
