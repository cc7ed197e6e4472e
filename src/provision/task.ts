import { formatPosition, type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { parseKeyValues } from './key-value.js';
import { BLOCK_KEYWORDS, INHERITED, REFUSED_KEYWORDS, TASK_KEYWORDS } from './keywords.js';
import type { Role } from './role.js';

/** What surrounds a task hands down: conditions, tags, variables and keywords, outermost first. */
export type Scope = {
  when: readonly Value[];
  tags: readonly string[];
  /** Variables of blocks, of the task, of an include; later ones win. */
  vars: readonly Dict[];
  environment: readonly Value[];
  notify: readonly string[];
  keywords: ReadonlyMap<string, Value>;
  role: Role | undefined;
  /** Parameters of the role's entry or of an include: they win over facts that tasks set. */
  params: readonly Dict[];
};

export type Loop = { kind: string; value: Value };

export type Task = {
  kind: 'task';
  /** As written, templated when it runs; undefined when the task has no name. */
  name: string | undefined;
  /** Short module name. */
  module: string;
  /** Raw arguments; `rawText` is what a free-form module takes. */
  args: Dict;
  /** `args: "{{ dict }}"`, merged below the others when it runs. */
  argsTemplate: string | undefined;
  rawText: string | undefined;
  loop: Loop | undefined;
  loopControl: Dict | undefined;
  keywords: ReadonlyMap<string, Value>;
  listen: readonly string[];
  scope: Scope;
  where: Position | undefined;
};

export type Block = {
  kind: 'block';
  name: string | undefined;
  block: TaskNode[];
  rescue: TaskNode[];
  always: TaskNode[];
  scope: Scope;
};

export type TaskNode = Task | Block;

/** Which module names exist; what is not among them is refused with near names. */
export type KnownModules = { has(name: string): boolean; names(): Iterable<string>; freeForm(name: string): boolean };

/** Called for `import_tasks` and its kin, which are replaced by what they import while the play is read. */
export type Importer = (task: Task) => TaskNode[] | undefined;

export type TaskReader = {
  known: KnownModules;
  importer: Importer;
  deprecated(message: string, where: Position | undefined): void;
};

const LEGACY_KEYWORDS: Record<string, string> = {
  sudo: 'become',
  sudo_user: 'become_user',
  su: 'become',
  su_user: 'become_user',
};
const RAW_MODULES = new Set(['command', 'shell', 'raw', 'script']);

/** A list of tasks and blocks as a file or a play holds it. */
export function readTasks(value: Value, scope: Scope, reader: TaskReader, what: string, where?: Position): TaskNode[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw playbookError(`${what} must be a list of tasks.`, positionOf(value) ?? where);
  return value.flatMap((entry) => readNode(entry, scope, reader, positionOf(value) ?? where));
}

function readNode(entry: Value, scope: Scope, reader: TaskReader, near: Position | undefined): TaskNode[] {
  if (!(entry instanceof Map))
    throw playbookError(`A task must be a mapping such as “name: …”, not ${shown(entry)}.`, positionOf(entry) ?? near);
  if (entry.has('block')) return [readBlock(entry, scope, reader)];
  const task = readTask(entry, scope, reader);
  return reader.importer(task) ?? [task];
}

function readBlock(entry: Dict, outer: Scope, reader: TaskReader): Block {
  checkKeywords(entry, BLOCK_KEYWORDS, 'block');
  const scope = innerScope(outer, entry, reader);
  const part = (name: string) => readTasks(entry.get(name) ?? null, scope, reader, name, keyPosition(entry, name));
  return {
    kind: 'block',
    name: textOr(entry.get('name')),
    block: part('block'),
    rescue: part('rescue'),
    always: part('always'),
    scope,
  };
}

export function readTask(entry: Dict, outer: Scope, reader: TaskReader): Task {
  const where = positionOf(entry);
  refuseKeywords(entry);
  const { module, value, moduleWhere } = findModule(entry, reader, where);
  const loop = findLoop(entry);
  const { args, rawText } = readArguments(module, value, entry.get('args'), moduleWhere ?? where, reader);
  const control = entry.get('loop_control');
  if (entry.has('local_action')) entry.set('delegate_to', 'localhost');
  return {
    kind: 'task',
    name: textOr(entry.get('name')),
    module,
    args,
    argsTemplate: textOr(entry.get('args')),
    rawText,
    loop,
    loopControl: control instanceof Map ? control : undefined,
    keywords: new Map([...entry].filter((pair): pair is [string, Value] => typeof pair[0] === 'string')),
    listen: textList(entry.get('listen')),
    scope: innerScope(outer, entry, reader),
    where,
  };
}

type FoundModule = { module: string; value: Value; moduleWhere: Position | undefined };

function findModule(entry: Dict, reader: TaskReader, where: Position | undefined): FoundModule {
  const candidates = [...entry.keys()].filter((key) => typeof key === 'string' && !isKeyword(key, reader)) as string[];
  const action = entry.get('action') ?? entry.get('local_action');
  if (action !== undefined) return findAction(action, reader, where);
  const [name, second] = candidates;
  if (name === undefined)
    throw playbookError(
      'This task names no module.',
      where,
      'Write one, for example “file: path=/opt/app state=directory”.',
    );
  if (second !== undefined) {
    const unknown = candidates.find((candidate) => !reader.known.has(shortName(candidate)));
    const near = unknown && didYouMean(unknown, [...TASK_KEYWORDS, ...reader.known.names()]);
    throw playbookError(
      unknown
        ? `“${unknown}” is neither a keyword of tasks nor a module that Stars runs.`
        : `This task names two modules, ${name} and ${second}.`,
      keyPosition(entry, unknown ?? second) ?? where,
      near ?? 'Check the spelling and the indentation.',
      unknown ? 'UNSUPPORTED' : 'PLAYBOOK',
    );
  }
  return known(name, entry.get(name) ?? null, reader, keyPosition(entry, name) ?? where);
}

function findAction(action: Value, reader: TaskReader, where: Position | undefined): FoundModule {
  if (action instanceof Map) {
    const name = action.get('module');
    if (typeof name !== 'string') throw playbookError('action: names no module.', where);
    return known(name, new Map([...action].filter(([key]) => key !== 'module')), reader, where);
  }
  const [, name = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(String(action)) ?? [];
  return known(name, rest, reader, where);
}

function known(name: string, value: Value, reader: TaskReader, where: Position | undefined): FoundModule {
  const module = shortName(name);
  if (!reader.known.has(module)) {
    const near = didYouMean(module, reader.known.names());
    throw new StarsError('UNSUPPORTED', `The module ${name} is not one that Stars runs.`, {
      hint: near ?? 'Use a supported module, or command or shell. docs/ansible.md lists what runs.',
      ...(where ? { where } : {}),
    });
  }
  return { module, value, moduleWhere: where };
}

export function shortName(name: string): string {
  return name.replace(/^ansible\.(builtin|legacy)\./, '');
}

function isKeyword(key: string, _reader: TaskReader): boolean {
  return TASK_KEYWORDS.has(key) || key.startsWith('with_');
}

function findLoop(entry: Dict): Loop | undefined {
  for (const [key, value] of entry) {
    if (key === 'loop') return { kind: 'loop', value };
    if (typeof key === 'string' && key.startsWith('with_')) return { kind: key.slice('with_'.length), value };
  }
  return undefined;
}

type Arguments = { args: Dict; rawText: string | undefined };

function readArguments(
  module: string,
  value: Value,
  extra: Value | undefined,
  where: Position | undefined,
  reader: TaskReader,
): Arguments {
  const args: Dict = new Map();
  let rawText: string | undefined;
  if (value instanceof Map) {
    for (const [key, inner] of value) args.set(key, inner);
  } else if (typeof value === 'string') {
    const { named, rest } = parseKeyValues(value, { where, onlyCommandOptions: RAW_MODULES.has(module) });
    for (const [key, inner] of named) args.set(key, inner);
    if (rest !== '') rawText = rest;
    if (rawText !== undefined && !reader.known.freeForm(module) && !isLoneTemplate(rawText)) {
      throw playbookError(
        `${module} does not take the free text “${rest.slice(0, 60)}”.`,
        where,
        `Write its arguments as name=value.`,
      );
    }
  } else if (value !== null) {
    rawText = String(value);
  }
  if (extra instanceof Map) for (const [key, inner] of extra) if (!args.has(key)) args.set(key, inner);
  return { args, rawText };
}

function isLoneTemplate(text: string): boolean {
  return /^\{\{[\s\S]*\}\}$/.test(text.trim());
}

/** The scope inside an entry that has conditions, tags, variables and keywords of its own. */
export function innerScope(outer: Scope, entry: Dict, reader: Pick<TaskReader, 'deprecated'>): Scope {
  const where = positionOf(entry);
  const keywords = new Map(outer.keywords);
  for (const [legacy, modern] of Object.entries(LEGACY_KEYWORDS)) {
    const value = entry.get(legacy);
    if (value === undefined) continue;
    reader.deprecated(`${legacy} is an old word for ${modern}.`, keyPosition(entry, legacy) ?? where);
    keywords.set(modern, value);
    if (modern === 'become_user') keywords.set('become', keywords.get('become') ?? true);
  }
  for (const name of INHERITED) if (entry.has(name)) keywords.set(name, entry.get(name) ?? null);
  const vars = entry.get('vars');
  return {
    ...outer,
    when: entry.has('when') ? [...outer.when, entry.get('when') ?? null] : outer.when,
    tags: entry.has('tags') ? [...outer.tags, ...textList(entry.get('tags'))] : outer.tags,
    vars: vars instanceof Map ? [...outer.vars, vars] : outer.vars,
    environment: entry.has('environment')
      ? [...outer.environment, entry.get('environment') ?? null]
      : outer.environment,
    notify: entry.has('notify') ? [...outer.notify, ...textList(entry.get('notify'))] : outer.notify,
    keywords,
  };
}

/** Refuses keywords that would change the meaning of the entry if they were left out. */
function refuseKeywords(entry: Dict): void {
  for (const key of entry.keys()) {
    const advice = REFUSED_KEYWORDS.get(String(key));
    const where = keyPosition(entry, key) ?? positionOf(entry);
    if (advice !== undefined) throw playbookError(`${String(key)} is not run by Stars.`, where, advice, 'UNSUPPORTED');
  }
}

/** Refuses what stands where it may not. */
export function checkKeywords(entry: Dict, allowed: ReadonlySet<string>, what: string): void {
  refuseKeywords(entry);
  for (const key of entry.keys()) {
    const name = String(key);
    const where = keyPosition(entry, key) ?? positionOf(entry);
    if (!allowed.has(name))
      throw playbookError(
        `“${name}” is not a keyword of a ${what}.`,
        where,
        didYouMean(name, allowed) ?? 'Check the spelling and the indentation.',
      );
  }
}

/** `a, b` or a list, as tags, notify and listen are written. */
export function textList(value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((entry) => textList(entry));
  return String(value)
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

export function playbookError(
  message: string,
  where: Position | undefined,
  hint?: string,
  code: 'PLAYBOOK' | 'UNSUPPORTED' = 'PLAYBOOK',
): StarsError {
  return new StarsError(code, message, { ...(hint ? { hint } : {}), ...(where ? { where } : {}) });
}

/** What a person calls the task: its name, or its module. */
export function titleOf({ name, module }: Pick<Task, 'name' | 'module'>): string {
  return name ?? module;
}

export function placeOf({ where }: Pick<Task, 'where'>): string {
  return where ? formatPosition(where) : '';
}

function textOr(value: Value | undefined): string | undefined {
  return value === undefined || value === null || value instanceof Map || Array.isArray(value)
    ? undefined
    : String(value);
}

function shown(value: Value): string {
  return value instanceof Map ? 'a mapping' : Array.isArray(value) ? 'a list' : `“${String(value).slice(0, 40)}”`;
}
