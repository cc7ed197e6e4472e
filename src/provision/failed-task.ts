import type { Value } from '../jinja/value.js';
import { plain, protect } from '../templating/unsafe.js';
import type { HostRun } from './host-run.js';
import { dictOf, type TaskOutcome } from './task-result.js';
import type { Task } from './task.js';

const TOLD = [
  'become',
  'become_method',
  'become_user',
  'changed_when',
  'check_mode',
  'delay',
  'delegate_facts',
  'delegate_to',
  'diff',
  'failed_when',
  'ignore_errors',
  'ignore_unreachable',
  'no_log',
  'poll',
  'register',
  'retries',
  'run_once',
  'until',
];

/** What the rescue and the tasks after it may know of the task that failed: `ansible_failed_task` and `ansible_failed_result`. */
export function rememberFailure(
  task: Task,
  host: HostRun,
  { result, name }: Pick<TaskOutcome, 'result'> & { name: string },
): void {
  const { keywords, scope } = task;
  const known = dictOf({
    ...Object.fromEntries(
      TOLD.map((word): [string, Value] => [word, keywords.get(word) ?? scope.keywords.get(word) ?? null]),
    ),
    name: task.name === undefined ? '' : name,
    action: task.module,
    args: task.rawText === undefined ? task.args : new Map<Value, Value>([['_raw_params', task.rawText], ...task.args]),
    tags: [...scope.tags],
    when: [...scope.when].flat(),
    notify: [...scope.notify],
    environment: [...scope.environment],
    loop: task.loop?.value ?? null,
  });
  host.setFacts.set('ansible_failed_result', protect(plain(result)));
  host.setFacts.set('ansible_failed_task', protect(known));
}
