import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { isFile } from '../path-kind.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { copyOfKeys, keyPosition, positionOf } from '../yaml/position.js';
import { type AdHocPlay, entryOf } from './ad-hoc.js';
import {
  importTarget,
  mayRepeat,
  ownVariables,
  partsOfImport,
  resolveTaskFile,
  scopeOfImport,
  validates,
} from './includes.js';
import { PLAY_KEYWORDS } from './keywords.js';
import { checkKeywords, type Deprecated, orReport, playbookError, type Report, textList } from './playbook-error.js';
import { createRoleReader, type PlayParts, type StaticName } from './role-reader.js';
import { EMPTY_SCOPE, innerScope, type Scope, scopeOfRole, variablesOf } from './scope.js';
import { type Belongs, readTasks, type Task, type TaskNode, type TaskReader } from './task.js';
import type { KnownModules } from './task-module.js';
import { pythonText } from './python-text.js';
import type { ReadVariables } from './variables-reader.js';

/** A play ready to run: imports and roles are resolved, everything else is still untemplated. */
export type Play = PlayParts & {
  name: string;
  /** Its name in events. */
  shown: string;
  hosts: Value;
  keywords: ReadonlyMap<string, Value>;
  scope: Scope;
  varsFiles: Value[];
  preTasks: TaskNode[];
  /** Roles with their dependencies, then the play's tasks. */
  tasks: TaskNode[];
  postTasks: TaskNode[];
  where: Position | undefined;
};

export type PlaybookOptions = {
  known: KnownModules;
  /** What plays say unless they say otherwise. */
  keywords: ReadonlyMap<string, Value>;
  /** Folders of roles besides `roles/` next to the playbook. */
  rolesFolders: readonly string[];
  decrypt(text: string, file: string): string;
  readVariables: ReadVariables;
  deprecated: Deprecated;
  /** Told about each mistake below the playbook itself; what it belongs to is left out when it does not throw. */
  report: Report;
  nameOf: StaticName;
};

export type PlaybookLoader = ReturnType<typeof createPlaybookLoader>;

const MOST_IMPORTS = 100;

const PLAYBOOK_IMPORTS = [
  'import_playbook',
  'ansible.builtin.import_playbook',
  'ansible.legacy.import_playbook',
  'include',
];

type Importing = { parts: PlayParts; file: string; belongs: Belongs | undefined };

/** Reads playbooks, roles and task files. Everything wrong with them is a StarsError with file, line and column. */
export function createPlaybookLoader(options: PlaybookOptions) {
  const roles = createRoleReader({ ...options, readerFor });

  /** The plays of a playbook and of those it imports, in order. */
  function loadPlaybook(file: string, seen: readonly string[] = [], importedAt?: Position): Play[] {
    if (seen.includes(file))
      throw playbookError(
        `The playbook imports itself: ${[...seen, file].map((one) => basename(one)).join(' → ')}.`,
        importedAt ?? { file },
      );
    const value = loadFile(file, importedAt);
    if (!Array.isArray(value) || value.length === 0)
      throw playbookError(
        value === null || Array.isArray(value)
          ? 'This playbook is empty.'
          : 'A playbook must be a list of plays, each starting with “- hosts:”.',
        positionOf(value) ?? { file, line: 1, column: 1 },
      );
    return value.flatMap((entry) =>
      orReport(options.report, () => loadEntry(entry, file, [...seen, file], positionOf(value))),
    );
  }

  function loadEntry(entry: Value, file: string, seen: readonly string[], near: Position | undefined): Play[] {
    if (!(entry instanceof Map))
      throw playbookError('A play must be a mapping with “hosts”.', positionOf(entry) ?? near ?? { file });
    const name = PLAYBOOK_IMPORTS.find((one) => entry.has(one));
    if (name === undefined) return [readPlay(entry, file)];
    const where = keyPosition(entry, name) ?? positionOf(entry);
    if (name === 'include') options.deprecated('include of a playbook is an old word for import_playbook.', where);
    const plays = loadPlaybook(resolve(dirname(file), importedFile(entry, name, file)), seen, where);
    return plays.map((play) => withImported(play, entry));
  }

  /** Its first word, by what the entry and extra variables say. */
  function importedFile(entry: Dict, name: string, file: string): string {
    const written = pythonText(entry.get(name));
    const [word = ''] = /(?:\{\{[^]*?\}\}|\S)+/.exec(written) ?? [];
    if (!looksLikeTemplate(word)) return word;
    const own = entry.has('vars') ? variablesOf(entry) : new Map<Value, Value>();
    const magic = new Map<Value, Value>([['playbook_dir', dirname(file)]]);
    return options.nameOf(word, [own, magic], keyPosition(entry, name));
  }

  /** `when` and `tags` of an import go to every task of the plays it brings, its variables go before the plays' own. */
  function withImported(play: Play, entry: Dict): Play {
    const inner = (scope: Scope) => innerScope(scope, onlyOf(entry, ['when', 'tags']), options.deprecated);
    const change = (nodes: TaskNode[]): TaskNode[] =>
      nodes.map((node) => {
        if (node.kind === 'role-end') return node;
        if (node.kind === 'task') return { ...node, scope: inner(node.scope), outer: inner(node.outer) };
        const { block, rescue, always } = node;
        return { ...node, block: change(block), rescue: change(rescue), always: change(always) };
      });
    const given = entry.has('vars') ? variablesOf(entry) : new Map<Value, Value>();
    const vars: Dict = new Map([...play.vars, ...given]);
    if (!entry.has('when') && !entry.has('tags')) return { ...play, vars };
    return {
      ...play,
      vars,
      scope: inner(play.scope),
      preTasks: change(play.preTasks),
      tasks: change(play.tasks),
      postTasks: change(play.postTasks),
    };
  }

  /** A play of one role, for `deploy role:name`. */
  function playOfRole(name: string, { hosts, folder }: { hosts: string; folder: string }): Play {
    const entry: Dict = new Map<Value, Value>([
      ['name', `Role ${name}`],
      ['hosts', hosts],
      ['become', true],
      ['roles', [name]],
    ]);
    return readPlay(entry, join(folder, `role-${name}.yml`));
  }

  /** A play that stands in no file. */
  function playOf(play: AdHocPlay, folder: string): Play {
    return readPlay(entryOf(play), join(folder, 'ad-hoc.yml'));
  }

  function readPlay(entry: Dict, file: string): Play {
    checkKeywords(entry, PLAY_KEYWORDS, 'play', options.report);
    if (entry.get('hosts') === undefined || entry.get('hosts') === null)
      throw playbookError(
        'This play has no “hosts”.',
        positionOf(entry) ?? { file },
        'Say on which hosts or groups it runs.',
      );
    const scope = innerScope({ ...EMPTY_SCOPE, keywords: options.keywords }, withoutVars(entry), options.deprecated);
    const vars = entry.has('vars') ? variablesOf(entry) : new Map<Value, Value>();
    const parts: PlayParts = { file, folder: dirname(file), vars, roles: [], handlers: [], uses: new Map() };
    const section = (name: string) =>
      readTasks(
        entry.get(name) ?? null,
        scope,
        { ...readerFor(parts, file), belongs: name === 'handlers' ? 'handlers' : 'tasks' },
        name,
        keyPosition(entry, name),
      );
    // In Ansible's order: of two roles that tasks import the variables of the later one count.
    const tasks = [...roles.readRoles(entry.get('roles') ?? null, scope, parts, keyPosition(entry, 'roles'))];
    const ofRoles = parts.handlers.splice(0);
    const preTasks = section('pre_tasks');
    const postTasks = section('post_tasks');
    tasks.push(...section('tasks'));
    const imported = parts.handlers.splice(0);
    // Of lists with a handler of the name the last one counts: that of a role that a task imports before the play's own.
    parts.handlers.push(...ofRoles, ...section('handlers'), ...imported);
    const given = entry.get('name');
    const name = typeof given === 'string' ? given : textList(entry.get('hosts')).join(', ');
    return {
      ...parts,
      name,
      shown: name,
      hosts: entry.get('hosts') ?? null,
      keywords: new Map([
        ...options.keywords,
        ...[...entry].filter((pair): pair is [string, Value] => typeof pair[0] === 'string'),
      ]),
      scope,
      varsFiles: listOf(entry.get('vars_files')),
      preTasks,
      tasks,
      postTasks,
      where: positionOf(entry),
    };
  }

  /** Task nodes of a file, as an include at run time needs them. */
  function loadTaskFile(file: string, scope: Scope, parts: PlayParts, belongs?: Belongs): TaskNode[] {
    const reader = { ...readerFor(parts, file), belongs };
    return readTasks(loadFile(file), scope, reader, 'A task file', { file, line: 1, column: 1 });
  }

  function readerFor(parts: PlayParts, file: string): TaskReader {
    return {
      known: options.known,
      deprecated: options.deprecated,
      report: options.report,
      importer: (task, reader) => importStatically(task, { parts, file, belongs: reader.belongs }),
    };
  }

  /** Imports are replaced by what they import; an include whose file is known only at run time stays a task. */
  function importStatically(task: Task, importing: Importing): TaskNode[] | undefined {
    const { parts, file } = importing;
    if (task.module.startsWith('import_') && task.loop)
      throw playbookError(`${task.module} cannot loop.`, task.where, 'Use include_tasks or include_role instead.');
    if (task.module === 'import_role') return importRole(task, parts);
    const legacy = task.module === 'include';
    if (legacy) options.deprecated('include is an old word for import_tasks or include_tasks.', task.where);
    const target = importTarget(task);
    if (!legacy && task.module !== 'import_tasks') return undefined;
    if (target === undefined || task.loop || target.includes('{{')) return undefined;
    const found = resolveTaskFile(target, file, task.scope.role, parts.folder);
    // The old include may stand under a condition that keeps it from ever looking for its file.
    if (!found && legacy) return undefined;
    if (!found) throw missingTaskFile(target, file, task);
    return imported(found, target, task, importing);
  }

  function importRole(task: Task, parts: PlayParts): TaskNode[] {
    const name = task.args.get('name') ?? task.args.get('role');
    if (typeof name !== 'string' || name === '')
      throw playbookError('import_role needs the name of a role.', task.where, 'Write “name: <role>” below it.');
    const use = {
      scope: scopeOfRole(scopeOfImport(task), task.scope, 'import'),
      seenIn: parts.roles,
      parts: partsOfImport(task.args),
      entryVars: ownVariables(task),
      where: task.where,
      validate: validates(task.args),
    };
    return roles.useRole(name, { ...use, again: mayRepeat(task.args) }, parts);
  }

  function imported(found: string, target: string, task: Task, { parts, belongs }: Importing): TaskNode[] {
    const open = (parts.importing ??= []);
    if (open.includes(found) || open.length >= MOST_IMPORTS)
      throw playbookError(`The task files import each other in a circle at ${target}.`, task.where);
    open.push(found);
    try {
      return loadTaskFile(found, scopeOfImport(task), parts, belongs);
    } finally {
      open.pop();
    }
  }

  function loadFile(file: string, where: Position = { file }): Value {
    if (!isFile(file)) throw new StarsError('PLAYBOOK', `There is no file ${file}.`, { where });
    return loadYaml(options.decrypt(readFileSync(file, 'utf8'), file), { file });
  }

  return { loadPlaybook, playOfRole, playOf, loadTaskFile, useRole: roles.useRole };
}

function missingTaskFile(target: string, file: string, { where, scope }: Task): StarsError {
  return playbookError(
    `The task file ${target} was not found.`,
    where,
    `It was looked for beside ${basename(file)}${scope.role ? ` and in the role ${scope.role.name}` : ''}.`,
  );
}

function withoutVars(entry: Dict): Dict {
  const copy = onlyOf(
    entry,
    [...entry.keys()].filter((key) => key !== 'vars'),
  );
  const user = entry.get('user');
  if (user !== undefined && !entry.has('remote_user')) copy.set('remote_user', user);
  return copy;
}

function onlyOf(entry: Dict, names: readonly Value[]): Dict {
  return copyOfKeys(entry, (key) => names.includes(key));
}

function listOf(value: Value | undefined): Value[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}
