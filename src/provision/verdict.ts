import type { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { protect } from '../templating/unsafe.js';
import { keywordOf } from './task-keywords.js';
import { dictOf, isTrue } from './task-result.js';
import type { Task } from './task.js';

/** changed_when and failed_when see the result under its registered name. */
export function judge(task: Task, templar: Templar, result: Dict): void {
  if (isTrue(result.get('skipped'))) return;
  const changedWhen = task.keywords.get('changed_when');
  const failedWhen = task.keywords.get('failed_when');
  if (changedWhen !== undefined)
    result.set('changed', withResult(task, templar, result).condition(changedWhen, task.where));
  if (failedWhen === undefined) return;
  const failed = withResult(task, templar, result).condition(failedWhen, task.where);
  result.set('failed', failed);
  result.set('failed_when_result', failed);
}

export function judgedByMistake(result: Dict, error: StarsError): void {
  result.set('failed', true);
  result.set('msg', error.describe());
}

export function withResult(task: Task, templar: Templar, result: Dict): Templar {
  const name = task.keywords.get('register');
  return typeof name === 'string' ? templar.withVariables(new Map<string, Value>([[name, protect(result)]])) : templar;
}

/** What became of a task that its `timeout` ended. */
export function tookTooLong(task: Task, templar: Templar, { code }: StarsError): Dict | undefined {
  const seconds = code === 'TIMEOUT' ? Number(keywordOf(task, templar, 'timeout') ?? 0) : 0;
  if (!(seconds > 0)) return undefined;
  const msg = `The ${task.module} action failed to execute in the expected time frame (${seconds}) and was terminated`;
  return dictOf({ failed: true, changed: false, msg });
}

export function attemptsOf(task: Task, templar: Templar): number {
  const retries = Number(keywordOf(task, templar, 'retries') ?? 3);
  return retries > 0 ? retries + 1 : 1;
}
