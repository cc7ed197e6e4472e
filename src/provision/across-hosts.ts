import { formatPosition, type Position, StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import type { Uses } from '../templating/uses.js';
import { controlModules } from './control/index.js';
import { isForAll } from './meta.js';
import type { Play } from './playbook.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';
import { isTrue } from './task-result.js';
import type { Task } from './task.js';

/** Something that speaks of all hosts of a play at once, and where. */
export type Crossing = { what: string; where: Position | undefined };

/** What the survey of plays tells about. */
export type Crossings = {
  task(task: Task): void;
  uses(uses: Uses, task: Task): void;
};

const OF_PLAYS = ['serial', 'max_fail_percentage', 'any_errors_fatal', 'run_once', 'throttle'];
const FLAGS = ['run_once', 'any_errors_fatal'];
const OWN_NAME = /^\{\{\s*inventory_hostname\s*\}\}$/;
const NO_LIMIT = new Set<Value>([null, 0, '0', '']);
const MOST_SHOWN = 10;

/** Why the task cannot be done by parts of its hosts that know nothing of each other; undefined when it can. */
export function acrossHosts(task: Task): string | undefined {
  const { module } = task;
  const keyword = (name: string) => task.keywords.get(name) ?? task.scope.keywords.get(name) ?? null;
  const flag = FLAGS.find((name) => maybeTrue(keyword(name)));
  if (flag !== undefined) return flag;
  const delegate = keyword('delegate_to');
  if (delegate !== null && !OWN_NAME.test(pythonText(delegate).trim())) return 'delegate_to';
  if (!NO_LIMIT.has(keyword('throttle'))) return 'throttle';
  const connection = keyword('connection');
  if (connection === 'local' || (typeof connection === 'string' && looksLikeTemplate(connection))) return 'connection';
  if (module === 'meta') return isForAll(task) ? `meta: ${task.rawText?.trim() ?? ''}` : undefined;
  const isShared = controlModules.get(module)?.forAll === true || module === 'group_by' || module === 'fetch';
  return isShared ? module : undefined;
}

/** UNSUPPORTED for a task that a part of a run comes by and that was not known before, such as one of a file with a templated name. */
export function requireWithinPart(task: Task): void {
  const what = acrossHosts(task);
  if (what === undefined) return;
  throw playbookError(
    `${what} speaks of all hosts of the play at once, and this run is a part that has some of them.`,
    task.where,
    'Deploy it without --split.',
    'UNSUPPORTED',
  );
}

export function playsAcrossHosts({ keywords, where }: Pick<Play, 'keywords' | 'where'>): Crossing[] {
  const told = OF_PLAYS.filter((name) => {
    const value = keywords.get(name) ?? null;
    return FLAGS.includes(name) ? maybeTrue(value) : !NO_LIMIT.has(value);
  });
  return told.map((what) => ({ what, where }));
}

/** A value that is true, or is only known when the task runs. */
function maybeTrue(value: Value): boolean {
  return isTrue(value) || (typeof value === 'string' && looksLikeTemplate(value));
}

/** Gathers what tasks say and read across hosts. `inInventory`: whether a variable is one of the inventory. */
export function createCrossings(inInventory: (variable: string) => boolean) {
  const found: Crossing[] = [];
  const reads: (Crossing & { variable: string | undefined })[] = [];
  const set = new Set<string>();

  function task(one: Task): void {
    const what = acrossHosts(one);
    if (what !== undefined) found.push({ what, where: one.where });
    const register = one.keywords.get('register');
    if (typeof register === 'string') set.add(register);
    if (one.module === 'set_fact') for (const name of one.args.keys()) set.add(pythonText(name));
    if (one.module === 'include_vars') set.add('*');
  }

  function uses({ others }: Uses, one: Task): void {
    for (const { what, variable, where } of others) reads.push({ what, variable, where: where ?? one.where });
  }

  /** What is the same for all parts: what the inventory says and no task changes. */
  function isHarmless({ what, variable }: { what: string; variable: string | undefined }): boolean {
    if (what !== 'hostvars' || variable === undefined || set.has(variable) || set.has('*')) return false;
    return inInventory(variable);
  }

  function all(): Crossing[] {
    return [...found, ...reads.filter((read) => !isHarmless(read))];
  }

  return { task, uses, all };
}

/** UNSUPPORTED with each place that keeps a run from being split by hosts. */
export function notToBeSplit(
  name: string,
  crossings: readonly Crossing[],
  shown: (place: string) => string,
): StarsError {
  const lines = [
    ...new Set(crossings.map(({ what, where }) => `• ${what}${where ? ` at ${shown(formatPosition(where))}` : ''}`)),
  ];
  const more = lines.length - MOST_SHOWN;
  return new StarsError(
    'UNSUPPORTED',
    [
      `${name} cannot be split by hosts: it speaks of all of them at once.`,
      ...lines.slice(0, MOST_SHOWN),
      ...(more > 0 ? [`• and ${more} more`] : []),
    ].join('\n'),
    { hint: 'Nothing was touched. Deploy it without --split: one process keeps such promises.' },
  );
}
