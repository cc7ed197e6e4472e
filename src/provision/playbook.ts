import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { PLAY_KEYWORDS, ROLE_KEYWORDS } from './keywords.js';
import { findRole, loadRole, type Role, type RoleParts } from './role.js';
import {
  checkKeywords,
  innerScope,
  type KnownModules,
  playbookError,
  readTasks,
  type Scope,
  type Task,
  type TaskNode,
  type TaskReader,
  textList,
} from './task.js';

/** A play ready to run: imports and roles are resolved, everything else is still untemplated. */
export type Play = {
  name: string;
  hosts: Value;
  keywords: ReadonlyMap<string, Value>;
  vars: Dict;
  varsFiles: Value[];
  roles: Role[];
  preTasks: TaskNode[];
  /** Roles with their dependencies, then the play's tasks. */
  tasks: TaskNode[];
  postTasks: TaskNode[];
  /** In the order in which they run; of two with one name the later counts. */
  handlers: TaskNode[];
  file: string;
  where: Position | undefined;
};

export type PlaybookOptions = {
  known: KnownModules;
  /** Folders of roles besides `roles/` next to the playbook. */
  rolesFolders: readonly string[];
  decrypt(text: string, file: string): string;
  deprecated(message: string, where: Position | undefined): void;
};

export type PlaybookLoader = ReturnType<typeof createPlaybookLoader>;

const EMPTY_SCOPE: Scope = {
  when: [],
  tags: [],
  vars: [],
  environment: [],
  notify: [],
  keywords: new Map(),
  role: undefined,
  params: [],
};

/** Reads playbooks, roles and task files. Everything wrong with them is a StarsError with file, line and column. */
export function createPlaybookLoader(options: PlaybookOptions) {
  /** The plays of a playbook and of those it imports, in order. */
  function loadPlaybook(file: string, seen: readonly string[] = []): Play[] {
    if (seen.includes(file))
      throw new StarsError(
        'PLAYBOOK',
        `The playbook imports itself: ${[...seen, file].map((one) => basename(one)).join(' → ')}.`,
        { where: { file } },
      );
    const value = loadFile(file);
    if (!Array.isArray(value))
      throw playbookError(
        'A playbook must be a list of plays, each starting with “- hosts:”.',
        positionOf(value) ?? { file, line: 1 },
      );
    return value.flatMap((entry) => {
      if (!(entry instanceof Map))
        throw playbookError('A play must be a mapping with “hosts”.', positionOf(entry) ?? { file });
      const imported =
        entry.get('import_playbook') ?? entry.get('ansible.builtin.import_playbook') ?? entry.get('include');
      if (imported === undefined) return [readPlay(entry, file)];
      if (entry.has('include'))
        options.deprecated('include of a playbook is an old word for import_playbook.', positionOf(entry));
      return loadPlaybook(resolve(dirname(file), String(imported).trim().split(/\s/)[0] ?? ''), [...seen, file]);
    });
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

  function readPlay(entry: Dict, file: string): Play {
    checkKeywords(entry, PLAY_KEYWORDS, 'play');
    if (!entry.has('hosts'))
      throw playbookError(
        'This play has no “hosts”.',
        positionOf(entry) ?? { file },
        'Say on which hosts or groups it runs.',
      );
    const scope = innerScope({ ...EMPTY_SCOPE }, withoutVars(entry), options);
    const context: PlayContext = { file, folder: dirname(file), roles: [], handlers: [], done: new Set() };
    const section = (name: string) =>
      readTasks(entry.get(name) ?? null, scope, readerFor(context, file), name, keyPosition(entry, name));
    const preTasks = section('pre_tasks');
    const roles = readRoles(entry.get('roles') ?? [], scope, context, keyPosition(entry, 'roles'));
    const tasks = [...roles, ...section('tasks')];
    const postTasks = section('post_tasks');
    const handlers = [...context.handlers, ...section('handlers')];
    const name = entry.get('name');
    return {
      name: typeof name === 'string' ? name : String(textList(entry.get('hosts')).join(', ')),
      hosts: entry.get('hosts') ?? null,
      keywords: new Map([...entry].filter((pair): pair is [string, Value] => typeof pair[0] === 'string')),
      vars: dictOf(entry.get('vars')),
      varsFiles: listOf(entry.get('vars_files')),
      roles: context.roles,
      preTasks,
      tasks,
      postTasks,
      handlers,
      file,
      where: positionOf(entry),
    };
  }

  /** Task nodes of a file, as an include at run time needs them. */
  function loadTaskFile(file: string, scope: Scope, context: PlayContext): TaskNode[] {
    return readTasks(loadFile(file), scope, readerFor(context, file), 'A task file', { file, line: 1 });
  }

  /** A role with its dependencies as task nodes; what it brings to the play (handlers, variables) goes into the context. */
  function useRole(
    name: string,
    use: { scope: Scope; parts?: RoleParts; where?: Position | undefined },
    context: PlayContext,
  ): TaskNode[] {
    const folders = [join(context.folder, 'roles'), ...options.rolesFolders, context.folder];
    const role = loadRole(findRole(name, folders, use.where), use.parts ?? {}, options.decrypt);
    const scope: Scope = { ...use.scope, role };
    const key = JSON.stringify([
      role.path,
      use.parts ?? {},
      use.scope.params.map((one) => [...one]),
      use.scope.when,
      use.scope.tags,
    ]);
    if (context.done.has(key) && !role.allowDuplicates) return [];
    context.done.add(key);
    if (context.done.size > 500)
      throw playbookError(`The roles depend on each other in a circle at ${name}.`, use.where);

    const outer = { ...use.scope, params: [] };
    const dependencies = role.dependencies.flatMap((entry) =>
      readRole(entry, outer, context, { file: join(role.path, 'meta', 'main.yml') }),
    );
    context.roles.push(role);
    context.handlers.push(...readTasks(role.handlers.value, scope, readerFor(context, role.handlers.file), 'handlers'));
    return [...dependencies, ...readTasks(role.tasks.value, scope, readerFor(context, role.tasks.file), 'tasks')];
  }

  function readRoles(value: Value, scope: Scope, context: PlayContext, where: Position | undefined): TaskNode[] {
    if (value === null) return [];
    if (!Array.isArray(value)) throw playbookError('roles must be a list.', where);
    return value.flatMap((entry) => readRole(entry, scope, context, positionOf(value) ?? where));
  }

  function readRole(entry: Value, scope: Scope, context: PlayContext, near: Position | undefined): TaskNode[] {
    if (typeof entry === 'string') return useRole(entry.trim(), { scope, where: near }, context);
    const name = entry instanceof Map ? (entry.get('role') ?? entry.get('name')) : undefined;
    if (!(entry instanceof Map) || typeof name !== 'string')
      throw playbookError('A role entry must be a name or a mapping with “role”.', positionOf(entry) ?? near);
    const params: Dict = new Map([...entry].filter(([key]) => !ROLE_KEYWORDS.has(String(key))));
    const inner = innerScope(scope, entry, options);
    const own = dictOf(entry.get('vars'));
    const all: Dict = new Map([...params, ...own]);
    return useRole(
      name,
      {
        scope: { ...inner, params: all.size > 0 ? [...inner.params, all] : inner.params },
        where: positionOf(entry) ?? near,
      },
      context,
    );
  }

  function readerFor(context: PlayContext, file: string): TaskReader {
    return {
      known: options.known,
      deprecated: options.deprecated,
      importer: (task) => importStatically(task, context, file),
    };
  }

  /** Imports are replaced by what they import; an include whose file is known only at run time stays a task. */
  function importStatically(task: Task, context: PlayContext, file: string): TaskNode[] | undefined {
    const target = importTarget(task);
    if (task.module === 'import_role') {
      return useRole(
        String(task.args.get('name') ?? ''),
        { scope: withIncludeVars(task), parts: partsOf(task.args), where: task.where },
        context,
      );
    }
    const legacy = task.module === 'include';
    if (legacy) options.deprecated('include is an old word for import_tasks or include_tasks.', task.where);
    if ((!legacy && task.module !== 'import_tasks') || target === undefined || task.loop || target.includes('{{'))
      return undefined;
    const found = resolveTaskFile(target, file, task.scope.role, context.folder);
    if (!found && legacy) return undefined;
    if (!found)
      throw playbookError(
        `The task file ${target} was not found.`,
        task.where,
        `It was looked for beside ${basename(file)}${task.scope.role ? ` and in the role ${task.scope.role.name}` : ''}.`,
      );
    context.depth = (context.depth ?? 0) + 1;
    if (context.depth > 100)
      throw playbookError(`The task files import each other in a circle at ${target}.`, task.where);
    const nodes = loadTaskFile(found, withIncludeVars(task), context);
    context.depth -= 1;
    return nodes;
  }

  function loadFile(file: string): Value {
    if (!existsSync(file)) throw new StarsError('PLAYBOOK', `There is no file ${file}.`, { where: { file } });
    return loadYaml(options.decrypt(readFileSync(file, 'utf8'), file), { file });
  }

  return { loadPlaybook, playOfRole, loadTaskFile, useRole, resolveTaskFile };
}

/** What the parts of one play share while it is read. */
export type PlayContext = {
  file: string;
  folder: string;
  roles: Role[];
  handlers: TaskNode[];
  done: Set<string>;
  depth?: number;
};

export function importTarget(task: Task): string | undefined {
  const value = task.args.get('file') ?? task.args.get('_raw_params') ?? task.rawText;
  return typeof value === 'string' ? value.trim() : undefined;
}

export function partsOf(args: Dict): RoleParts {
  const part = (name: string) => {
    const value = args.get(`${name}_from`);
    return typeof value === 'string' ? { [name]: value.replace(/\.(ya?ml|json)$/, '') } : {};
  };
  return { ...part('tasks'), ...part('handlers'), ...part('vars'), ...part('defaults') };
}

/** The scope of what an import brings: that of the task, with `include: x.yml name=value` as variables. */
export function withIncludeVars(task: Task): Scope {
  const named: Dict = new Map(
    [...task.args].filter(
      ([key]) =>
        !['file', '_raw_params', 'apply', 'name', 'public', 'allow_duplicates', 'rolespec_validate'].includes(
          String(key),
        ) && !String(key).endsWith('_from'),
    ),
  );
  const tags = named.get('tags');
  named.delete('tags');
  const scope = named.size > 0 ? { ...task.scope, params: [...task.scope.params, named] } : task.scope;
  return tags === undefined ? scope : { ...scope, tags: [...scope.tags, ...textList(tags)] };
}

/** Ansible's search order of a task file: beside the including file, the role's tasks (or handlers), the role, the playbook. */
export function resolveTaskFile(
  target: string,
  from: string,
  role: Role | undefined,
  playbookFolder: string,
): string | undefined {
  const folders = [
    dirname(from),
    ...(role ? [join(role.path, 'tasks'), join(role.path, 'handlers'), role.path] : []),
    playbookFolder,
  ];
  return folders.map((folder) => resolve(folder, target)).find((file) => existsSync(file) && statSync(file).isFile());
}

function withoutVars(entry: Dict): Dict {
  const copy: Dict = new Map(entry);
  copy.delete('vars');
  const user = entry.get('user');
  if (user !== undefined && !entry.has('remote_user')) copy.set('remote_user', user);
  return copy;
}

function dictOf(value: Value | undefined): Dict {
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return new Map(value.flatMap((entry) => (entry instanceof Map ? [...entry] : [])));
  return new Map();
}

function listOf(value: Value | undefined): Value[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}
