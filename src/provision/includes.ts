import { basename, dirname, join, resolve } from 'node:path';
import type { Dict, Value } from '../jinja/value.js';
import { protect } from '../templating/unsafe.js';
import { nameList, textList } from './playbook-error.js';
import type { Role, RoleParts } from './role.js';
import { defaultsOf, type Scope, scopeOfRole } from './scope.js';
import type { Task } from './task.js';
import { type Include, isTrue } from './task-result.js';
import { pythonText } from './python-text.js';
import { isFile } from '../path-kind.js';

/** The file that an include or import names, as written. */
export function importTarget(task: Task): string | undefined {
  const value = task.args.get('_raw_params') ?? task.rawText ?? task.args.get('file');
  return typeof value === 'string' ? value.trim() : undefined;
}

/** Which files of a role `tasks_from` and its kin ask for. */
export function partsOf(args: Dict): RoleParts {
  const part = (name: string) => {
    const value = args.get(`${name}_from`);
    return typeof value === 'string' ? { [name]: value.replace(/\.(ya?ml|json)$/, '') } : {};
  };
  return { ...part('tasks'), ...part('handlers'), ...part('vars'), ...part('defaults') };
}

/** The same for an import, which as in Ansible looks for the file's name alone, without its folder. */
export function partsOfImport(args: Dict): RoleParts {
  return Object.fromEntries(Object.entries(partsOf(args)).map(([part, name]) => [part, basename(name)]));
}

/** What the task says beside a role: the whole play sees it among the role's variables, once it sees the role. */
export function ownVariables({ keywords }: Task): Dict {
  const vars = keywords.get('vars');
  return vars instanceof Map ? vars : new Map();
}

/** A role that tasks bring in runs as often as they do, unless that is not wanted. */
export function mayRepeat(args: Dict): boolean {
  return isTrue(args.get('allow_duplicates') ?? true);
}

/** Whether `rolespec_validate` lets the role check its arguments. */
export function validates(args: Dict): boolean {
  return isTrue(args.get('rolespec_validate') ?? true);
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
  return folders.map((folder) => resolve(folder, target)).find(isFile);
}

/** The scope of what an import brings: that of the task, with `include: x.yml name=value` as variables. */
export function scopeOfImport(task: Task): Scope {
  const named = namedVariables(task.args);
  const tags = named.get('tags');
  named.delete('tags');
  const scope = named.size > 0 ? { ...task.scope, vars: [...task.scope.vars, named] } : task.scope;
  return tags === undefined ? scope : { ...scope, tags: [...scope.tags, ...textList(tags)] };
}

/**
 * The scope of what an include brings at run time: `include_tasks` and `include_role` hand down their variables and `apply` only,
 * the old `include` its conditions and tags as well.
 */
export function scopeOfInclude(task: Task, { kind, args, vars }: Include): Scope {
  const own = [task.keywords.get('vars'), vars].filter((one): one is Dict => one instanceof Map && one.size > 0);
  if (task.module === 'include' || task.module.startsWith('import_')) {
    const scope = scopeOfImport(task);
    return { ...scope, params: [...scope.params, namedVariables(task.args), ...own] };
  }
  const scope = withApplied(task.outer, args.get('apply'));
  const placed = { ...scope, params: [...scope.params, ...own] };
  return kind === 'role' ? scopeOfRole(placed, task.scope, 'include') : placed;
}

function withApplied(outer: Scope, apply: Value | undefined): Scope {
  if (!(apply instanceof Map)) return outer;
  const list = (name: string): Value[] => {
    const value = apply.get(name);
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  };
  const special = new Set(['when', 'tags', 'vars', 'environment', 'notify', 'module_defaults']);
  // The arguments are templated already.
  const vars = protect(apply.get('vars') ?? null);
  return {
    ...outer,
    when: [...outer.when, ...list('when')],
    tags: [...outer.tags, ...textList(apply.get('tags'))],
    vars: vars instanceof Map ? [...outer.vars, vars] : outer.vars,
    environment: [...outer.environment, ...list('environment')],
    moduleDefaults: [...outer.moduleDefaults, ...defaultsOf(apply)],
    notify: apply.has('notify') ? nameList(apply.get('notify')) : outer.notify,
    keywords: new Map([
      ...outer.keywords,
      ...[...apply].filter((pair): pair is [string, Value] => typeof pair[0] === 'string' && !special.has(pair[0])),
    ]),
  };
}

const OWN_ARGUMENTS = new Set([
  'file',
  '_raw_params',
  'apply',
  'name',
  'role',
  'public',
  'allow_duplicates',
  'rolespec_validate',
]);

function namedVariables(args: Dict): Dict {
  return new Map(
    [...args].filter(([key]) => !OWN_ARGUMENTS.has(pythonText(key)) && !pythonText(key).endsWith('_from')),
  );
}
