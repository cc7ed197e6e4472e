import { formatPosition, type StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { TaskStatus } from '../model/run.js';
import type { Templar } from '../templating/templar.js';
import { flagOf } from './task-keywords.js';
import { dictOf, type Include, isTrue, type ItemOutcome, messageOf, type TaskOutcome } from './task-result.js';
import type { Task } from './task.js';

/** What running a task once came to. */
export type Once = {
  result: Dict;
  includes: Include[];
  diff: string | undefined;
  notify?: string[];
  /** What a person reads, where the result does not say it. */
  words?: string | undefined;
};

/** The same for a whole task with its loop. */
export type Draft = Once & {
  items: ItemOutcome[];
  /** Whether no_log hides it, where that was asked for each item of a loop. */
  hidden?: boolean;
};

export function once(result: Dict): Once {
  return { result, includes: [], diff: undefined };
}

export function skipped(): Once {
  return once(dictOf({ changed: false, skipped: true, skip_reason: 'Conditional result was False' }));
}

/** Ansible's result of a loop: changed if one item changed, failed if one failed, skipped if all were. */
export function loopResult(results: Value[]): Dict {
  if (results.length === 0)
    return dictOf({ changed: false, skipped: true, skipped_reason: 'No items in the list', results });
  const any = (name: string) => results.some((one) => one instanceof Map && isTrue(one.get(name)));
  const skipped = results.every((one) => one instanceof Map && isTrue(one.get('skipped')));
  return dictOf({ results, skipped, ...endOfLoop(any('failed'), skipped), changed: any('changed') });
}

/** That nothing failed is not said of a loop. */
function endOfLoop(failed: boolean, skipped: boolean): Record<string, Value> {
  if (failed) return { failed, msg: 'One or more items failed' };
  return { msg: skipped ? 'All items skipped' : 'All items completed' };
}

/** The outcome as everybody sees it: failures that are ignored are marked, and no_log hides all words. */
export function outcomeOf(task: Task, templar: Templar, draft: Draft): TaskOutcome {
  const { result, includes, diff, items, notify = [], words } = draft;
  const hidden = draft.hidden ?? isHidden(task, templar);
  const ignored = statusOf(result) === 'failed' && flagOf(task, templar, 'ignore_errors');
  const status: TaskStatus = ignored ? 'ignored' : statusOf(result);
  return {
    status,
    changed: isTrue(result.get('changed')),
    result,
    message: hidden ? censored(status) : wordsOf(task, status, { result, items, words }),
    diff: hidden ? undefined : diff,
    items: hidden ? items.map(hideItem) : items,
    includes: statusOf(result) === 'failed' ? [] : includes,
    notify,
  };
}

/** Modules that are there to say something. */
const TALKING: ReadonlySet<string> = new Set(['debug', 'assert']);

/** What a person wants to read: why it failed, or what debug says; another task that went well needs no words. */
function wordsOf(
  { module }: Task,
  status: TaskStatus,
  { result, items, words }: Pick<Draft, 'result' | 'items' | 'words'>,
): string | undefined {
  if (status === 'ok' && !TALKING.has(module)) return undefined;
  if (items.length === 0) return words ?? messageOf(result);
  return firstFailure(items) ?? (items.flatMap(({ message }) => message ?? []).join('\n') || undefined);
}

/** The outcome of a task that could not be run to its end: a mistake in it, or a host that cannot be reached. */
export function failedOutcome(task: Task, templar: Templar, error: StarsError): TaskOutcome {
  if (isUnreachable(error)) return unreachableOutcome(task, templar, error);
  const result = failedResult(task, error);
  // No task may ignore that a host is not what was approved, or another run's.
  if (NEVER_IGNORED.has(error.code)) return { ...plainOutcome('failed', result), message: messageOf(result) };
  try {
    return outcomeOf(task, templar, { ...once(result), items: [] });
  } catch {
    // A keyword that cannot be templated is the mistake: nothing may be shown or ignored because of it.
    return { ...plainOutcome('failed', result), message: hasNoLog(task) ? censored('failed') : messageOf(result) };
  }
}

const NEVER_IGNORED: ReadonlySet<string> = new Set(['DRIFT', 'LOCKED', 'LOCK_LOST']);

function unreachableOutcome(task: Task, templar: Templar, error: StarsError): TaskOutcome {
  const message = error.describe();
  const result = dictOf({ unreachable: true, changed: false, msg: message });
  const ignored = flagOf(task, templar, 'ignore_unreachable');
  return { ...plainOutcome(ignored ? 'ignored' : 'unreachable', result), message };
}

function plainOutcome(status: TaskStatus, result: Dict): TaskOutcome {
  return { status, changed: false, result, message: undefined, diff: undefined, items: [], includes: [], notify: [] };
}

/** The result of a task, or of one item, that ended with an error. */
export function failedResult(task: Task, error: StarsError): Dict {
  const place = MISTAKES.has(error.code) && task.where && !error.where ? `${formatPosition(task.where)}: ` : '';
  const changed = endedBeforeModule(task, error) ? undefined : false;
  return dictOf({ failed: true, changed, msg: `${place}${error.describe()}` });
}

/** As in Ansible nothing is said about changes where the task itself could not be templated; a file that it fills is the module's. */
function endedBeforeModule({ module, where }: Task, error: StarsError): boolean {
  const isItsFile = module === 'template' && error.where?.file !== where?.file;
  return !isItsFile && (error.code === 'TEMPLATE' || error.code === 'UNDEFINED_VARIABLE');
}

/** What is wrong in the files rather than on a host. */
const MISTAKES = new Set<string>(['PLAYBOOK', 'UNSUPPORTED', 'SYNTAX', 'TEMPLATE', 'UNDEFINED_VARIABLE', 'VAULT']);

export function isUnreachable({ code }: StarsError): boolean {
  return code === 'UNREACHABLE' || code === 'HOST_KEY' || code === 'AUTHENTICATION';
}

/** As Ansible judges: what failed_when said goes before what was registered, also for the items of a loop. */
export function statusOf(result: Dict): TaskStatus {
  if (hasFailed(result)) return 'failed';
  return isTrue(result.get('skipped')) ? 'skipped' : 'ok';
}

function hasFailed(result: Dict): boolean {
  const judged = result.get('failed_when_result');
  if (judged !== undefined) return isTrue(judged);
  const items = result.get('results');
  const judgedItems = Array.isArray(items)
    ? items.flatMap((item) => (item instanceof Map ? (item.get('failed_when_result') ?? []) : []))
    : [];
  return judgedItems.length > 0 ? judgedItems.some(isTrue) : isTrue(result.get('failed'));
}

/** Whether no_log is set on the task or around it. */
export function isHidden(task: Task, templar: Templar): boolean {
  return hasNoLog(task) && flagOf(task, templar, 'no_log');
}

function hasNoLog(task: Task): boolean {
  return task.keywords.has('no_log') || task.scope.keywords.has('no_log');
}

function hideItem(item: ItemOutcome): ItemOutcome {
  return { ...item, label: '(hidden)', message: censored(item.status), diff: undefined };
}

function censored(status: TaskStatus): string | undefined {
  return status === 'failed' || status === 'ignored'
    ? 'The output is hidden because no_log is set on this task.'
    : undefined;
}

function firstFailure(items: readonly ItemOutcome[]): string | undefined {
  const bad = items.filter(({ status }) => status === 'failed');
  const [first] = bad;
  return first && `${bad.length} of ${items.length} items failed; ${first.label}: ${first.message ?? ''}`;
}
