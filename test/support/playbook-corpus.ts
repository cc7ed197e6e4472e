import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { splitWords } from '../../src/provision/split-words.js';
import type { Played, Project, RunOptions } from './run-playbook.js';

export type Case = {
  name: string;
  /** Options of ansible-playbook. */
  args: string[];
  /** Its hosts do not wait for each other: only what each of them does is compared, not when. */
  unordered: boolean;
  project: Project;
};

/** What a run came to, in the words that Ansible and Stars share. */
export type Account = {
  tasks: { task: string; hosts: Record<string, TaskAccount> }[];
  recap: Record<string, Record<string, number>>;
  /** Below the folder the run writes to: mode and content of files, targets of links. */
  files: Record<string, string>;
};

export type TaskAccount = { status: string; changed: boolean; said?: unknown; items?: ItemAccount[] };
export type ItemAccount = { status: string; changed: boolean; said?: unknown };

export const CORPUS = join(import.meta.dirname, '..', 'fixtures', 'playbooks');

/** The cases of the corpus: one text file each, with words, options and the files of a project. */
export function readCases(): Case[] {
  const names = readdirSync(CORPUS).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => readCase(name.replace(/\.txt$/, ''), readFileSync(join(CORPUS, name), 'utf8')));
}

function readCase(name: string, text: string): Case {
  const [head = '', ...parts] = text.split(/^-- (.+) --\n/m);
  const project: Project = {};
  for (let index = 0; index + 1 < parts.length; index += 2) project[parts[index] ?? ''] = parts[index + 1] ?? '';
  const args = /^args: (.*)$/m.exec(head)?.[1] ?? '';
  return { name, args: splitWords(args), unordered: /^unordered: yes$/m.test(head), project };
}

/** The account of an unordered case with what the hosts did to one task put together. */
export function inOrder({ unordered }: Case, account: Account): Account {
  if (!unordered) return account;
  const together = new Map<string, Record<string, TaskAccount>>();
  for (const { task, hosts } of account.tasks) together.set(task, { ...together.get(task), ...hosts });
  const tasks = [...together].map(([task, hosts]) => ({ task, hosts: sorted(hosts) }));
  return { ...account, tasks: tasks.sort((a, b) => (a.task < b.task ? -1 : 1)) };
}

/** What the options of ansible-playbook are for us. */
export function requestOf({ args }: Case): RunOptions {
  const request: RunOptions = {};
  const words = [...args];
  const list = () => (words.shift() ?? '').split(',');
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--tags') request.tags = list();
    else if (word === '--skip-tags') request.skipTags = list();
    else if (word === '--limit') request.limit = words.shift();
    else if (word === '--start-at-task') request.startAt = words.shift();
    else if (word === '--check') request.check = true;
    else if (word === '-f') request.forks = Number(words.shift());
    else if (word === '-e') request.extraVars = [...(request.extraVars ?? []), words.shift() ?? ''];
    else throw new Error(`The corpus has no option ${word}.`);
  }
  return request;
}

const TALKING = new Set(['debug', 'fail', 'assert']);

/** Our events as an account. */
export function accountOf(played: Played): Account {
  const tasks: Account['tasks'] = [];
  for (const event of played.events) {
    if (event.type === 'task.started') {
      tasks.push({ task: titleOf(event), hosts: {} });
    }
    if (event.type !== 'task.result') continue;
    const hosts = tasks.findLast(({ task }) => task === titleOf(event))?.hosts ?? {};
    const one = { status: event.status === 'ignored' ? 'failed' : event.status, changed: event.changed };
    const host = (hosts[event.host] ??= { status: '', changed: false });
    if (event.item !== undefined) {
      // A handler that a host runs once more in a free play, where it is not announced again.
      if (host.status !== '') Object.assign(host, { status: '', items: [] });
      (host.items ??= []).push({ ...one, said: event.message });
    } else Object.assign(host, one, host.items ? {} : { said: event.message });
  }
  return finished(tasks, { ...played.result?.hosts }, played.folder);
}

function titleOf({ role, task }: { role: string | null; task: string }): string {
  return role === null ? task : `${role} : ${task}`;
}

type AnsibleResult = Record<string, unknown> & { results?: AnsibleResult[] };
export type AnsibleOutput = {
  plays: { tasks: { task: { name: string }; hosts: Record<string, AnsibleResult> }[] }[];
  stats: Record<string, Record<string, number>>;
};

/** Our account without the words of modules that talk in their own way: those on which the other account is silent. */
export function withoutOwnWords(ours: Account, theirs: Account): Account {
  const tasks = ours.tasks.map((task, index) => ({
    ...task,
    hosts: mapNamed(task.hosts, (host, name) => quietAs(host, theirs.tasks[index]?.hosts[name])),
  }));
  return { ...ours, tasks };
}

function quietAs({ said, items, ...rest }: TaskAccount, theirs: TaskAccount | undefined): TaskAccount {
  return {
    ...rest,
    ...(said === undefined || theirs?.said === undefined ? {} : { said }),
    ...(items ? { items: items.map((item, index) => quietAs(item, theirs?.items?.[index])) } : {}),
  };
}

/** What the callback plugin of the oracle printed as an account. */
export function accountOfAnsible({ plays, stats }: AnsibleOutput, folder: string): Account {
  const tasks = plays.flatMap((play) =>
    play.tasks
      // The tasks of the play itself, which no host counts.
      .filter(({ hosts }) => Object.values(hosts).every(({ action }) => action !== 'meta'))
      .map(({ task, hosts }) => ({ task: shortName(task.name), hosts: mapValues(hosts, taskOfAnsible) })),
  );
  const recap = mapValues(stats, ({ failures, ...rest }) => ({ ...rest, failed: failures ?? 0 }));
  return finished(tasks, recap, folder);
}

function taskOfAnsible(result: AnsibleResult): TaskAccount {
  const whole = itemOfAnsible(result, result);
  if (!Array.isArray(result.results)) return whole;
  const items = result.results.map((item) => itemOfAnsible(item, { ...item, action: result.action }));
  return { status: whole.status, changed: whole.changed, items };
}

function itemOfAnsible(result: AnsibleResult, { action }: AnsibleResult): ItemAccount {
  // What is ignored counts as failed in both accounts.
  const failed = result.failed || (result.unreachable && result.ignored);
  const status = failed ? 'failed' : result.unreachable ? 'unreachable' : result.skipped ? 'skipped' : 'ok';
  const name = String(action).replace('ansible.builtin.', '');
  const said = TALKING.has(name) && status !== 'skipped' ? saidIn(result) : undefined;
  return { status, changed: result.changed === true, ...(said === undefined ? {} : { said: textOf(said) }) };
}

const OTHER_FIELDS =
  /^(changed|failed|ignored|action|_.*|ansible_loop.*|item|msg|assertion|evaluated_to|skipped.*|invocation)$/;

function saidIn(result: AnsibleResult): unknown {
  if (result.msg !== undefined) return result.msg === '' ? undefined : result.msg;
  const [name, value] = Object.entries(result).find(([key]) => !OTHER_FIELDS.test(key)) ?? [];
  return name === undefined ? undefined : `${name}: ${String(textOf(value))}`;
}

function textOf(value: unknown): unknown {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function finished(tasks: Account['tasks'], recap: Account['recap'], folder: string): Account {
  const quiet = tasks.filter(({ hosts }) => Object.keys(hosts).length > 0).map(onlyTalk);
  const account = { tasks: quiet, recap: mapValues(recap, countsOf), files: filesIn(join(folder, 'out')) };
  return JSON.parse(JSON.stringify(account).replaceAll(folder, '@')) as Account;
}

const COUNTS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'];

function countsOf(recap: Record<string, number>): Record<string, number> {
  return Object.fromEntries(COUNTS.map((name) => [name, recap[name] ?? 0]));
}

/** Only words that both sides would say alike: those of debug, as a rule; failures are worded by each in its own way. */
function onlyTalk({ task, hosts }: Account['tasks'][number]): Account['tasks'][number] {
  return {
    task,
    hosts: mapValues(sorted(hosts), (host) => ({
      ...withoutFailureWords(host),
      ...(host.items ? { items: host.items.map(withoutFailureWords) } : {}),
    })),
  };
}

function withoutFailureWords<T extends ItemAccount>({ said, ...rest }: T) {
  return rest.status !== 'ok' || said === undefined ? rest : { ...rest, said };
}

function filesIn(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    paths.map((name) => {
      const path = join(folder, name);
      const info = lstatSync(path);
      const mode = (info.mode & 0o7777).toString(8);
      if (info.isSymbolicLink()) return [relative(folder, path), `link ${readlinkSync(path)}`];
      return [relative(folder, path), info.isDirectory() ? `folder ${mode}` : `${mode} ${readFileSync(path, 'utf8')}`];
    }),
  );
}

function mapValues<T, U>(dict: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return mapNamed(dict, change);
}

function mapNamed<T, U>(dict: Record<string, T>, change: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(dict).map(([key, value]) => [key, change(value, key)]));
}

function shortName(task: string): string {
  return task.replace(/^ansible\.builtin\./, '');
}

function sorted<T>(dict: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(dict).sort(([a], [b]) => (a < b ? -1 : 1)));
}
