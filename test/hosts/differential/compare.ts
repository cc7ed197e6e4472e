import type { PlacedCase } from './case.js';
import type { Account, Fields, TaskEnd } from './play.js';

/** What the two tools made of a case otherwise, one line for each field: `task 2 ([3.1] file): mode: Ansible "0644", Stars "0600"`. */
export function differencesInCase(one: PlacedCase, { ansible, stars }: { ansible: Account; stars: Account }): string[] {
  const [theirs, ours] = [ansible.get(one.index) ?? [], stars.get(one.index) ?? []];
  const count = Math.max(theirs.length, ours.length);
  return Array.from({ length: count }, (_, number) => number).flatMap((number) => {
    const [their, our] = [theirs[number], ours[number]];
    const where = `task ${number + 1} (${(their ?? our)?.title ?? ''})`;
    if (!their || !our) return [`${where}: played by ${their ? 'Ansible' : 'Stars'} alone`];
    const said = [their, our].some(({ status }) => status === 'failed')
      ? `; Ansible: ${words(their)}; Stars: ${words(our)}`
      : '';
    return differencesInTask(one, their, our).map(
      (line) => `${where}: ${line}${line.startsWith('status') ? said : ''}`,
    );
  });
}

function words({ result }: TaskEnd): string {
  return JSON.stringify([result?.msg, result?.stderr]).slice(0, 600);
}

function differencesInTask(one: PlacedCase, their: TaskEnd, our: TaskEnd): string[] {
  const outcome = [line('status', their.status, our.status), line('changed', their.changed, our.changed)];
  const fields = their.result && our.result ? differencesInFields(one, their.result, our.result) : [];
  return [...outcome, ...fields].filter((found) => found !== undefined);
}

function line(name: string, theirs: unknown, ours: unknown): string | undefined {
  const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)];
  return a === b ? undefined : `${name}: Ansible ${shown(a)}, Stars ${shown(b)}`;
}

function shown(text: string | undefined): string {
  return text === undefined ? 'nothing' : text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** Ansible's own bookkeeping, and what is of the moment. */
const BOOKKEEPING =
  /^(_ansible.*|ansible_facts\.discovered.*|invocation|warnings|deprecations|exception|module_std.*|diff|action|start|end|delta|elapsed|inode|dev|[acm]time|atime_iso|cache_update_time|finished|results_file|ansible_job_id|changed|failed|skip_reason|skipped_reason|false_condition|ansible_loop_var|.*_lines)$/;

/** When a task failed, what is left in the result is by chance: only these count. */
const OF_A_FAILURE = new Set(['rc', 'cmd', 'stdout', 'stderr', 'status', 'attempts']);

function differencesInFields(one: PlacedCase, theirs: Fields, ours: Fields): (string | undefined)[] {
  if (Array.isArray(theirs.results) && Array.isArray(ours.results) && theirs.results.some(isFields))
    return differencesInItems(one, theirs.results as Fields[], ours.results as Fields[]);
  const ignored = new Set(one.ignore?.fields);
  const failed = theirs.failed === true;
  return Object.keys(theirs)
    .filter((name) => !BOOKKEEPING.test(name) && !ignored.has(name) && (!failed || OF_A_FAILURE.has(name)))
    .filter((name) => !(typeof theirs[name] === 'string' && OF_ANSIBLE.test(theirs[name])))
    .filter((name) => !failed || name in ours)
    .flatMap((name) => differencesInValue(name, theirs[name], ours[name], ignored));
}

/** Places where Ansible keeps what it sends. */
const OF_ANSIBLE = /\/\.ansible\/|\/ansible-(local|tmp)-/;

function differencesInValue(
  name: string,
  their: unknown,
  our: unknown,
  ignored: ReadonlySet<string>,
): (string | undefined)[] {
  if (!isFields(their) || !isFields(our)) return [line(name, plainly(their, ignored), plainly(our, ignored))];
  return Object.keys(their)
    .filter((key) => !BOOKKEEPING.test(key) && !ignored.has(key))
    .flatMap((key) => differencesInValue(`${name}.${key}`, their[key], our[key], ignored));
}

function differencesInItems(
  one: PlacedCase,
  theirs: readonly Fields[],
  ours: readonly Fields[],
): (string | undefined)[] {
  return theirs.flatMap((their, index) => {
    const our = ours[index] ?? {};
    const outcome = ['failed', 'changed', 'skipped'].map((name) =>
      line(name, their[name] === true, our[name] === true),
    );
    return [...outcome, ...differencesInFields(one, their, our)].map((found) => found && `item ${index + 1}: ${found}`);
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without what is of the moment, and with keys in one order. */
function plainly(value: unknown, ignored: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return value.replace(/\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~/g, '.BACKUP~');
  if (Array.isArray(value)) return inOrder(value).map((one) => plainly(one, ignored));
  if (!isFields(value)) return value;
  const kept = Object.keys(value).filter((name) => !BOOKKEEPING.test(name) && !ignored.has(name));
  return Object.fromEntries(kept.sort().map((name) => [name, plainly(value[name], ignored)]));
}

/** Files come in the order of a disk. */
function inOrder(values: readonly unknown[]): readonly unknown[] {
  const path = (value: unknown) => (isFields(value) && typeof value.path === 'string' ? value.path : undefined);
  if (values.some((value) => path(value) === undefined)) return values;
  return values.toSorted((one, other) => String(path(one)).localeCompare(String(path(other))));
}
