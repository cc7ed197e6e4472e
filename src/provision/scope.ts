import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { INHERITED } from './keywords.js';
import { type Deprecated, nameList, playbookError, textList } from './playbook-error.js';
import { pythonText } from './python-text.js';
import type { Role, RoleUse } from './role.js';

/** What surrounds a task hands down: conditions, tags, variables and keywords, outermost first. */
export type Scope = {
  when: readonly Value[];
  tags: readonly string[];
  /** Variables of blocks, of the task, of an import; later ones win. */
  vars: readonly Dict[];
  environment: readonly Value[];
  /** Arguments by the short name of the module they are for. */
  moduleDefaults: readonly Dict[];
  /** What the innermost says that says anything. */
  notify: readonly string[];
  keywords: ReadonlyMap<string, Value>;
  role: Role | undefined;
  /** Roles whose tasks included this one, the nearest first. */
  parentRoles: readonly Role[];
  /** Roles whose folders are searched after the role's own: those that depend on it or include it, the nearest first. */
  dependents: readonly Role[];
  /** The use of the role by the play, which counts whether it ran already. */
  use: RoleUse | undefined;
  /** Variables of the role, of those that depend on it and of those it depends on; later ones win. */
  roleVars: readonly Dict[];
  roleDefaults: readonly Dict[];
  /** Parameters of the role's entry or of an include: they win over facts that tasks set. */
  params: readonly Dict[];
  /** It stands in the rescue or the always of a block; in a rescue, whatever else it stands in. */
  part?: 'rescue' | 'always' | undefined;
};

export const EMPTY_SCOPE: Scope = {
  when: [],
  tags: [],
  vars: [],
  environment: [],
  moduleDefaults: [],
  notify: [],
  keywords: new Map(),
  role: undefined,
  parentRoles: [],
  dependents: [],
  use: undefined,
  roleVars: [],
  roleDefaults: [],
  params: [],
};

/** The roles that what a task brings in has above it. */
export function parentRolesOf({ role, parentRoles }: Scope): readonly Role[] {
  return role ? [role, ...parentRoles] : parentRoles;
}

/** The roles whose folders what a task brings in searches: Ansible goes on by one role from the one that includes. */
export function dependentsOf({ role, dependents }: Scope): readonly Role[] {
  return role ? [role, ...dependents.slice(0, 1)] : dependents;
}

const LEGACY_KEYWORDS: Record<string, string> = {
  sudo: 'become',
  sudo_user: 'become_user',
  su: 'become',
  su_user: 'become_user',
};

/** The scope inside an entry that has conditions, tags, variables and keywords of its own. */
export function innerScope(outer: Scope, entry: Dict, deprecated: Deprecated): Scope {
  remarkDebugger(entry, deprecated);
  return {
    ...outer,
    when: added(outer.when, entry, 'when'),
    tags: entry.has('tags') ? [...outer.tags, ...textList(entry.get('tags'))] : outer.tags,
    vars: entry.has('vars') ? [...outer.vars, variablesOf(entry)] : outer.vars,
    environment: added(outer.environment, entry, 'environment'),
    moduleDefaults: [...outer.moduleDefaults, ...defaultsOf(entry)],
    notify: entry.has('notify') ? nameList(entry.get('notify')) : outer.notify,
    keywords: innerKeywords(outer, entry, deprecated),
  };
}

/** There is no terminal to debug in, and nothing else changes by it. */
function remarkDebugger(entry: Dict, deprecated: Deprecated): void {
  if (entry.has('debugger'))
    deprecated('debugger is left out: there is no terminal to debug in.', keyPosition(entry, 'debugger'));
}

/** `module_defaults`: a mapping, or a list of mappings of which the last counts. */
export function defaultsOf(entry: Dict): Dict[] {
  const value = entry.get('module_defaults') ?? null;
  const where = keyPosition(entry, 'module_defaults') ?? positionOf(value) ?? positionOf(entry);
  if (value === null) return [];
  const defaults: Dict = new Map();
  for (const layer of Array.isArray(value) ? value : [value]) {
    if (!(layer instanceof Map))
      throw playbookError('module_defaults must be a mapping of modules to their arguments.', where);
    for (const [name, args] of layer) defaults.set(moduleOf(pythonText(name), where), args);
  }
  return [defaults];
}

function moduleOf(name: string, where: Position | undefined): string {
  if (!name.startsWith('group/')) return name.split('.').at(-1) ?? name;
  throw playbookError(
    `module_defaults for ${name} is not run by Stars: it knows no groups of modules.`,
    where,
    'Name each module of the group.',
    'UNSUPPORTED',
  );
}

function added(outer: readonly Value[], entry: Dict, name: string): readonly Value[] {
  return entry.has(name) ? [...outer, entry.get(name) ?? null] : outer;
}

function innerKeywords(outer: Scope, entry: Dict, deprecated: Deprecated): Map<string, Value> {
  const keywords = new Map(outer.keywords);
  for (const [legacy, modern] of Object.entries(LEGACY_KEYWORDS)) {
    const value = entry.get(legacy);
    if (value === undefined) continue;
    deprecated(`${legacy} is an old word for ${modern}.`, keyPosition(entry, legacy) ?? positionOf(entry));
    keywords.set(modern, value);
    if (legacy.startsWith('su_') || legacy === 'su') keywords.set('become_method', 'su');
    if (modern === 'become_user' && !entry.has('become')) keywords.set('become', keywords.get('become') ?? true);
  }
  for (const name of INHERITED) if (entry.has(name)) keywords.set(name, entry.get(name) ?? null);
  return keywords;
}

/** The `vars` of an entry: a mapping, or a list of mappings as old playbooks have it. */
export function variablesOf(entry: Dict): Dict {
  const value = entry.get('vars') ?? null;
  if (value === null) return new Map();
  if (value instanceof Map) return value;
  if (Array.isArray(value) && value.every((one) => one instanceof Map))
    return new Map(value.flatMap((one) => [...one]));
  throw playbookError('vars must be a mapping of names to values.', keyPosition(entry, 'vars') ?? positionOf(entry));
}
