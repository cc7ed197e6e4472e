import { dirname, join } from 'node:path';
import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import { copyOfKeys, keyPosition, positionOf } from '../yaml/position.js';
import { ROLE_KEYWORDS } from './keywords.js';
import { type Deprecated, orReport, playbookError, type Report } from './playbook-error.js';
import { argumentCheck } from './role-arguments.js';
import { findRole, loadRole, type Role, type RoleParts } from './role.js';
import { innerScope, type Scope, variablesOf } from './scope.js';
import { asSeenByPlay, type RoleVariables, seenBy, type UsedRole } from './used-role.js';
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
  /** Roles by the words they are used with. */
  uses: Map<string, UsedRole>;
  /** The task files that are being imported right now, the innermost last. */
  importing?: string[];
};

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
  /** Words of its entry that tell this use from another of the same role. */
  words?: readonly unknown[];
  /** It runs although the play had this role already. */
  again?: boolean;
  /** False when its arguments are not to be checked by its own specification. */
  validate?: boolean;
  /** Where it is put down, once its tasks are read, if the whole play is to see its variables. */
  seenIn?: RoleVariables[] | undefined;
  /** The roles that led here through dependencies, the outermost first. */
  chain?: readonly UsedRole[];
};

/** Turns the roles of a play, with their dependencies, into tasks. */
export function createRoleReader(options: RoleReaderOptions) {
  // They are the same however often a role is brought in.
  const handlersOf = new WeakMap<UsedRole, TaskNode[]>();

  function readRoles(value: Value, scope: Scope, parts: PlayParts, where: Position | undefined): TaskNode[] {
    if (value === null) return [];
    if (!Array.isArray(value)) throw playbookError('roles must be a list.', where);
    // Those that their tasks import come after all of the list.
    const listed: RoleVariables[] = [];
    const nodes = value.flatMap((entry) =>
      orReport(options.report, () =>
        readRole(entry, { scope, where: positionOf(value) ?? where, seenIn: listed }, parts),
      ),
    );
    parts.roles.unshift(...listed);
    return nodes;
  }

  function readRole(entry: Value, use: UseOfRole, play: PlayParts): TaskNode[] {
    if (typeof entry === 'string') return useRole(entry.trim(), use, play);
    const name = entry instanceof Map ? (entry.get('role') ?? entry.get('name') ?? nameOfSource(entry)) : undefined;
    const where = positionOf(entry) ?? use.where;
    if (!(entry instanceof Map) || typeof name !== 'string')
      throw playbookError('A role entry must be a name or a mapping with “role”.', where);
    const params: Dict = new Map([...entry].filter(([key]) => !ROLE_KEYWORDS.has(pythonText(key))));
    const entryVars = entry.has('vars') ? variablesOf(entry) : new Map<Value, Value>();
    const scope = innerScope(
      use.scope,
      copyOfKeys(entry, (key) => key !== 'vars'),
      options.deprecated,
    );
    const words = ['when', 'tags'].flatMap((key) => (entry.has(key) ? [key, plainOf(entry.get(key) ?? null)] : []));
    return useRole(name, { ...use, scope, where: keyPosition(entry, 'role') ?? where, params, entryVars, words }, play);
  }

  /** A role with its dependencies as task nodes; what it brings to the play (handlers, variables) goes into its parts. */
  function useRole(written: string, use: UseOfRole, play: PlayParts): TaskNode[] {
    const name = nameOf(written, use, play);
    const owner = use.chain?.at(-1);
    // What a role depends on may stand beside it, wherever that is.
    const beside = owner ? [dirname(owner.role.path)] : [];
    const folders = [join(play.folder, 'roles'), ...options.rolesFolders, ...beside, play.folder];
    const path = findRole(name, folders, use.where);
    refuseCircle(path, use);
    const role = loadRole(name, path, use, options);
    const used = usedRole(role, use, play);
    const dependencies = readDependencies(used, use, play);
    const { above } = use.scope;
    const around: Scope = { ...use.scope, role, used, use: used.use };
    const scope = { ...around, ...seenBy(used, above) };
    const { file, value } = role.tasks;
    const reader: TaskReader = { ...options.readerFor(play, file), belongs: 'tasks' };
    const tasks = readTasks(value, scope, reader, file, { file, line: 1, column: 1 });
    const handlers = handlersOf.get(used) ?? readHandlers(used, around, use.chain ?? [], play);
    handlersOf.set(used, handlers);
    play.handlers.push(...handlers);
    use.seenIn?.push(...asSeenByPlay(used, false));
    const checks = use.validate === false ? [] : argumentCheck(role, use.parts?.tasks ?? 'main', scope);
    return [...dependencies, ...checks, ...tasks, { kind: 'role-end', use: used.use }];
  }

  /** The name of a role may be a template of what is known before the play runs. */
  function nameOf(written: string, { scope, entryVars, params, where }: UseOfRole, play: PlayParts): string {
    if (!looksLikeTemplate(written)) return written;
    const own = [...(params ? [params] : []), ...(entryVars ? [entryVars] : [])];
    const around = [...scope.params, ...scope.roleParams, ...scope.vars].toReversed();
    return options.nameOf(written, [...own, ...around, play.vars, new Map([['playbook_dir', play.folder]])], where);
  }

  function refuseCircle(path: string, { chain = [], where }: UseOfRole): void {
    if (chain.every(({ role }) => role.path !== path)) return;
    const names = [...chain.map(({ role }) => role.path), path].map((one) => one.split('/').at(-1));
    throw playbookError(`The roles depend on each other in a circle: ${names.join(' → ')}.`, where);
  }

  /** The same for all uses with the same words; it knows each role that led to it. */
  function usedRole(role: Role, use: UseOfRole, play: PlayParts): UsedRole {
    const { entryVars = new Map(), params = new Map(), words = [], parts = {} } = use;
    // What a task brings in is never what an entry does.
    const byTask = use.again !== undefined;
    const key = JSON.stringify([role.name, role.path, parts, byTask, plainOf(params), plainOf(entryVars), words]);
    const ledBy = use.scope.above.at(-1);
    const used: UsedRole = play.uses.get(key) ?? {
      role,
      entryVars,
      params,
      needs: [],
      ledBy,
      parents: [],
      use: { name: role.name, again: role.allowDuplicates, ran: new Set(), completed: new Set() },
    };
    play.uses.set(key, used);
    used.use.again = use.again ?? used.use.again;
    if (ledBy && !used.parents.includes(ledBy)) used.parents.push(ledBy);
    const owner = use.chain?.at(-1);
    if (owner && !owner.needs.includes(used)) owner.needs.push(used);
    return used;
  }

  function readDependencies(used: UsedRole, use: UseOfRole, play: PlayParts): TaskNode[] {
    const { role } = used;
    const where = { file: join(role.path, 'meta', 'main.yml') };
    const scope = { ...use.scope, above: [...use.scope.above, used] };
    const chain = [...(use.chain ?? []), used];
    return role.dependencies.flatMap((entry) =>
      orReport(options.report, () => readRole(entry, { scope, where, chain }, play)),
    );
  }

  /** As in Ansible they do not see the variables of a role whose task brings theirs in. */
  function readHandlers(used: UsedRole, around: Scope, chain: readonly UsedRole[], play: PlayParts): TaskNode[] {
    const { file, value } = used.role.handlers;
    const scope = { ...around, above: chain, ...seenBy(used, chain) };
    const reader: TaskReader = { ...options.readerFor(play, file), belongs: 'handlers' };
    return readTasks(value, scope, reader, file, { file, line: 1, column: 1 });
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
