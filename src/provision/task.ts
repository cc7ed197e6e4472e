import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { checkInclude } from './include-words.js';
import { BLOCK_KEYWORDS, LOOP_CONTROL_KEYWORDS, META_ACTIONS } from './keywords.js';
import { checkKeywords, type Deprecated, nameList, orReport, playbookError, type Report } from './playbook-error.js';
import type { RoleUse } from './role.js';
import { innerScope, type Scope } from './scope.js';
import { findModule, type KnownModules, readArguments } from './task-module.js';
import { pythonText } from './python-text.js';

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
  /** What surrounds the task, without its own words: what `include_tasks` hands down. */
  outer: Scope;
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

/** Here a role of the play is through: hosts on which it ran do not run it again. */
export type RoleEnd = { kind: 'role-end'; use: RoleUse };

export type TaskNode = Task | Block | RoleEnd;

/** Called for `import_tasks` and its kin, which are replaced by what they import while the play is read. */
export type Importer = (task: Task, reader: TaskReader) => TaskNode[] | undefined;

/** Where a list of tasks stands; unknown of a file that a run includes, in a task or in a handler. */
export type Belongs = 'tasks' | 'handlers';

export type TaskReader = {
  known: KnownModules;
  importer: Importer;
  deprecated: Deprecated;
  report: Report;
  belongs?: Belongs | undefined;
};

/** A list of tasks and blocks as a file or a play holds it. */
export function readTasks(value: Value, scope: Scope, reader: TaskReader, what: string, where?: Position): TaskNode[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw playbookError(`${what} must be a list of tasks.`, positionOf(value) ?? where);
  return value.flatMap((entry) =>
    orReport(reader.report, () => readNode(entry, scope, reader, positionOf(value) ?? where), positionOf(entry)),
  );
}

function readNode(entry: Value, scope: Scope, reader: TaskReader, near: Position | undefined): TaskNode[] {
  if (!(entry instanceof Map))
    throw playbookError(`A task must be a mapping such as “name: …”, not ${shown(entry)}.`, positionOf(entry) ?? near);
  if (entry.has('block')) return [readBlock(entry, scope, reader)];
  const task = readTask(entry, scope, reader);
  checkPlace(task, entry, reader);
  return reader.importer(task, reader) ?? [task];
}

function checkPlace({ module, where }: Task, entry: Dict, { belongs, report }: TaskReader): void {
  if (belongs === 'handlers' && module.endsWith('_role'))
    throw playbookError(`${module} cannot be a handler.`, where, 'Include tasks in place of a role.');
  if (belongs === 'tasks' && entry.has('listen'))
    report(playbookError('Only handlers can listen.', keyPosition(entry, 'listen') ?? where), where);
}

function readBlock(entry: Dict, outer: Scope, reader: TaskReader): Block {
  checkKeywords(entry, BLOCK_KEYWORDS, 'block', reader.report);
  const scope = innerScope(outer, entry, reader.deprecated);
  const part = (name: string, within = scope) =>
    readTasks(entry.get(name) ?? null, within, reader, name, keyPosition(entry, name));
  return {
    kind: 'block',
    name: textOr(entry.get('name')),
    block: part('block'),
    rescue: part('rescue', { ...scope, part: 'rescue' }),
    always: part('always', { ...scope, part: scope.part ?? 'always' }),
    scope,
  };
}

function readTask(given: Dict, outer: Scope, reader: TaskReader): Task {
  const where = positionOf(given);
  const report: Report = (error) => reader.report(error, where);
  const { module, value, moduleWhere } = findModule(given, reader.known, where);
  const { args, rawText } = readArguments(module, value, given.get('args'), moduleWhere ?? where, {
    modules: reader.known,
    report,
  });
  checkRegister(given, where);
  checkInclude(given, { module, args, where: moduleWhere ?? where }, report);
  remarkOldWords(module, args, reader.deprecated, moduleWhere ?? where);
  if (module === 'meta') checkMeta(rawText, moduleWhere ?? where);
  const scope = innerScope(outer, given, reader.deprecated);
  const local = given.has('local_action');
  return {
    kind: 'task',
    // As in Ansible a number or yes is no name.
    name: nameOf(given),
    module,
    args,
    argsTemplate: textOr(given.get('args')),
    rawText,
    loop: findLoop(given, where),
    loopControl: loopControlOf(given),
    keywords: new Map([...given].filter((pair): pair is [string, Value] => typeof pair[0] === 'string')),
    listen: nameList(given.get('listen')),
    scope: local ? { ...scope, keywords: new Map([...scope.keywords, ['delegate_to', 'localhost']]) } : scope,
    outer,
    where,
  };
}

function nameOf(entry: Dict): string | undefined {
  const name = entry.get('name');
  return typeof name === 'string' ? name : undefined;
}

function findLoop(entry: Dict, where: Position | undefined): Loop | undefined {
  const loops = [...entry].filter(
    (pair): pair is [string, Value] =>
      typeof pair[0] === 'string' && (pair[0] === 'loop' || pair[0].startsWith('with_')),
  );
  const [first, second] = loops;
  if (!first) return undefined;
  const [name, value] = first;
  if (second)
    throw playbookError(
      `This task has two loops, ${name} and ${second[0]}.`,
      keyPosition(entry, second[0]) ?? where,
      'Keep one of them.',
    );
  if (value === null) throw playbookError(`${name} has no value.`, keyPosition(entry, name) ?? where);
  return { kind: name === 'loop' ? 'loop' : name.slice('with_'.length), value };
}

function loopControlOf(entry: Dict): Dict | undefined {
  const control = entry.get('loop_control');
  if (control === undefined || control === null) return undefined;
  if (!(control instanceof Map))
    throw playbookError('loop_control must be a mapping.', keyPosition(entry, 'loop_control') ?? positionOf(entry));
  checkKeywords(control, LOOP_CONTROL_KEYWORDS, 'loop_control');
  return control;
}

/** What Ansible no longer takes for these arguments, and what it means. */
const OLD_WORDS: Record<string, Record<string, string>> = {
  apt: { installed: 'present', removed: 'absent' },
  service: { running: 'started' },
};

function remarkOldWords(module: string, args: Dict, deprecated: Deprecated, where: Position | undefined): void {
  const state = args.get('state');
  const meant = typeof state === 'string' ? OLD_WORDS[module]?.[state] : undefined;
  if (meant !== undefined) deprecated(`${module} state=${pythonText(state)} is an old word for ${meant}.`, where);
  if (args.has('warn') && (module === 'command' || module === 'shell'))
    deprecated(`${module} warn is an old argument that means nothing any more.`, where);
}

function checkRegister(entry: Dict, where: Position | undefined): void {
  const name = entry.get('register');
  if (name === undefined || (typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name))) return;
  throw playbookError(
    `register needs the name of a variable, not ${shown(name)}.`,
    keyPosition(entry, 'register') ?? where,
    'A name holds letters, digits and underscores and starts with no digit.',
  );
}

function checkMeta(action: string | undefined, where: Position | undefined): void {
  const name = (action ?? '').trim();
  if (META_ACTIONS.has(name)) return;
  throw playbookError(
    `meta knows no action “${name}”.`,
    where,
    didYouMean(name, META_ACTIONS) ?? `It knows ${[...META_ACTIONS].join(', ')}.`,
  );
}

/** What a person calls the task: its name, or its module. */
export function titleOf({ name, module, args }: Pick<Task, 'name' | 'module' | 'args'>): string {
  if (name !== undefined) return name;
  const role = args.get('name') ?? args.get('role');
  return module.endsWith('_role') && typeof role === 'string' ? `${module} : ${role}` : module;
}

/** The tasks of nodes without the blocks around them. */
export function flatTasks(nodes: readonly TaskNode[]): Task[] {
  return nodes.flatMap((node) => {
    if (node.kind === 'task') return [node];
    return node.kind === 'block' ? flatTasks([...node.block, ...node.rescue, ...node.always]) : [];
  });
}

function textOr(value: Value | undefined): string | undefined {
  return value === undefined || value === null || value instanceof Map || Array.isArray(value)
    ? undefined
    : pythonText(value);
}

function shown(value: Value): string {
  return value instanceof Map ? 'a mapping' : Array.isArray(value) ? 'a list' : `“${pythonText(value).slice(0, 40)}”`;
}

/** A task that stands in no file: the play itself puts it in. */
export function ownTask(given: Pick<Task, 'name' | 'module' | 'args' | 'scope' | 'outer' | 'where'>): Task {
  return {
    kind: 'task',
    argsTemplate: undefined,
    rawText: undefined,
    loop: undefined,
    loopControl: undefined,
    keywords: new Map(),
    listen: [],
    ...given,
  };
}
