import { dirname, join } from 'node:path';
import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import { copyOfKeys, keyPosition, positionOf } from '../yaml/position.js';
import { ROLE_KEYWORDS } from './keywords.js';
import { type Deprecated, orReport, playbookError, type Report } from './playbook-error.js';
import { argumentCheck } from './role-arguments.js';
import { findRole, loadRole, type Role, type RoleParts, type RoleUse } from './role.js';
import { innerScope, type Scope, variablesOf } from './scope.js';
import { readTasks, type TaskNode, type TaskReader } from './task.js';
import { plainOf } from './task-result.js';
import { pythonText } from './python-text.js';
import type { ReadVariables } from './variables-reader.js';

/** What the parts of one play share while it is read and while it runs. */
export type PlayParts = {
  file: string;
  folder: string;
  vars: Dict;
  /** Roles whose variables the whole play sees, in the order in which they were loaded. */
  roles: RoleVariables[];
  /** In the order in which they run; of two with one name the later counts. */
  handlers: TaskNode[];
  /** Hosts on which a role, used in one way, ran and was through. */
  uses: Map<string, Set<string>>;
  /** The task files that are being imported right now, the innermost last. */
  importing?: string[];
};

export type RoleVariables = { name: string; vars: Dict; entryVars: Dict; defaults: Dict; dependency: boolean };

export type RoleReaderOptions = {
  rolesFolders: readonly string[];
  decrypt(text: string, file: string): string;
  readVariables: ReadVariables;
  deprecated: Deprecated;
  report: Report;
  readerFor(parts: PlayParts, file: string): TaskReader;
  nameOf: StaticName;
};

/** A templated name, by extra variables and these, the strongest first; throws where it needs what only a host knows. */
export type StaticName = (text: string, variables: readonly Dict[], where: Position | undefined) => string;

export type UseOfRole = {
  scope: Scope;
  parts?: RoleParts;
  where?: Position | undefined;
  /** `vars` and parameters of the role's entry. */
  entryVars?: Dict;
  params?: Dict;
  /** What tells this use from another of the same role. */
  identity?: unknown;
  /** It runs although the play had this role already. */
  again?: boolean;
  /** False when its arguments are not to be checked by its own specification. */
  validate?: boolean;
  /** Only its own tasks see its variables. */
  secret?: boolean;
  /** Names of the roles that led here through dependencies. */
  chain?: readonly string[];
};

/** Turns the roles of a play, with their dependencies, into tasks. */
export function createRoleReader(options: RoleReaderOptions) {
  function readRoles(value: Value, scope: Scope, parts: PlayParts, where: Position | undefined): TaskNode[] {
    if (value === null) return [];
    if (!Array.isArray(value)) throw playbookError('roles must be a list.', where);
    return value.flatMap((entry) =>
      orReport(options.report, () => readRole(entry, { scope, where: positionOf(value) ?? where }, parts)),
    );
  }

  function readRole(entry: Value, use: UseOfRole, play: PlayParts): TaskNode[] {
    if (typeof entry === 'string') return useRole(entry.trim(), use, play);
    const name = entry instanceof Map ? (entry.get('role') ?? entry.get('name') ?? nameOfSource(entry)) : undefined;
    const where = positionOf(entry) ?? use.where;
    if (!(entry instanceof Map) || typeof name !== 'string')
      throw playbookError('A role entry must be a name or a mapping with “role”.', where);
    const params: Dict = new Map([...entry].filter(([key]) => !ROLE_KEYWORDS.has(pythonText(key))));
    const entryVars = entry.has('vars') ? variablesOf(entry) : new Map<Value, Value>();
    const words = copyOfKeys(entry, (key) => key !== 'vars');
    const scope = innerScope(use.scope, words, options.deprecated);
    const identity = [
      plainOf(params),
      plainOf(entryVars),
      ...['when', 'tags'].map((key) => plainOf(entry.get(key) ?? null)),
    ];
    return useRole(
      name,
      { ...use, scope, where: keyPosition(entry, 'role') ?? where, params, entryVars, identity },
      play,
    );
  }

  /** A role with its dependencies as task nodes; what it brings to the play (handlers, variables) goes into its parts. */
  function useRole(written: string, use: UseOfRole, play: PlayParts): TaskNode[] {
    const name = nameOf(written, use, play);
    const owner = use.chain?.at(-1);
    // What a role depends on may stand beside it, wherever that is.
    const beside = owner === undefined ? [] : [dirname(owner)];
    const folders = [join(play.folder, 'roles'), ...options.rolesFolders, ...beside, play.folder];
    const path = findRole(name, folders, use.where);
    const chain = [...(use.chain ?? []), path];
    if (use.chain?.includes(path))
      throw playbookError(
        `The roles depend on each other in a circle: ${chain.map((one) => one.split('/').at(-1)).join(' → ')}.`,
        use.where,
      );
    const role = loadRole(name, path, use.parts ?? {}, options);
    const own: RoleVariables = {
      name: role.name,
      vars: role.vars,
      entryVars: use.entryVars ?? new Map(),
      defaults: role.defaults,
      dependency: use.chain !== undefined,
    };
    const params = use.params && use.params.size > 0 ? [...use.scope.params, use.params] : use.scope.params;
    const parent: Scope = {
      ...use.scope,
      params,
      roleVars: [...use.scope.roleVars, own.entryVars, own.vars],
      roleDefaults: [...use.scope.roleDefaults, own.defaults],
    };
    const below: PlayParts = { ...play, roles: [] };
    const dependencies = role.dependencies.flatMap((entry) =>
      orReport(options.report, () =>
        readRole(
          entry,
          {
            scope: { ...parent, dependents: [role, ...use.scope.dependents] },
            where: { file: join(path, 'meta', 'main.yml') },
            chain,
          },
          below,
        ),
      ),
    );
    const roleUse = useOf(role, use, play);
    const scope: Scope = {
      ...parent,
      role,
      use: roleUse,
      roleVars: [
        ...use.scope.roleVars,
        ...below.roles.flatMap((one) => [one.entryVars, one.vars]),
        own.entryVars,
        own.vars,
      ],
      roleDefaults: [...below.roles.map((one) => one.defaults), ...use.scope.roleDefaults, own.defaults],
    };
    if (!use.secret) play.roles.push(...below.roles, own);
    const { file, value } = role.tasks;
    const reader: TaskReader = { ...options.readerFor(play, file), belongs: 'tasks' };
    const tasks = readTasks(value, scope, reader, file, { file, line: 1, column: 1 });
    addHandlers(role, scope, play);
    const checks = use.validate === false ? [] : argumentCheck(role, use.parts?.tasks ?? 'main', scope);
    return [...dependencies, ...checks, ...tasks, { kind: 'role-end', use: roleUse }];
  }

  /** The name of a role may be a template of what is known before the play runs. */
  function nameOf(written: string, { scope, entryVars, params, where }: UseOfRole, play: PlayParts): string {
    if (!looksLikeTemplate(written)) return written;
    const own = [...(params ? [params] : []), ...(entryVars ? [entryVars] : [])];
    const around = [...scope.params.toReversed(), ...scope.vars.toReversed()];
    return options.nameOf(written, [...own, ...around, play.vars, new Map([['playbook_dir', play.folder]])], where);
  }

  function useOf(role: Role, use: UseOfRole, play: PlayParts): RoleUse {
    const key = JSON.stringify([role.path, use.parts ?? {}, use.identity ?? null]);
    const completed = play.uses.get(key) ?? new Set<string>();
    play.uses.set(key, completed);
    return { name: role.name, again: use.again ?? role.allowDuplicates, ran: new Set(), completed };
  }

  function addHandlers(role: Role, scope: Scope, play: PlayParts): void {
    const { file, value } = role.handlers;
    const reader: TaskReader = { ...options.readerFor(play, file), belongs: 'handlers' };
    const handlers = readTasks(value, scope, reader, file, { file, line: 1, column: 1 });
    play.handlers.push(...handlers);
  }

  return { readRoles, useRole };
}

/** Of a dependency as ansible-galaxy has it: `src: https://host/ansible-role.git` is the role ansible-role. */
function nameOfSource(entry: Dict): string | undefined {
  const src = entry.get('src');
  if (typeof src !== 'string') return undefined;
  const [address = '', , name] = src.split(',');
  if (name !== undefined) return name;
  if (!address.includes('://') && !address.includes('@')) return address;
  return (address.split('/').at(-1) ?? '').replace(/\.git$|\.tar\.gz$/, '');
}
