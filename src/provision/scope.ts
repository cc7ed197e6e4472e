import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { INHERITED } from './keywords.js';
import { type Deprecated, nameList, playbookError, textList } from './playbook-error.js';
import { pythonText } from './python-text.js';
import type { Role, RoleUse } from './role.js';
import type { SeenOfRoles, UsedRole } from './used-role.js';

/** What surrounds a task hands down: conditions, tags, variables and keywords, outermost first. */
export type Scope = SeenOfRoles & {
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
  /** The roles that led to this one, the outermost first: their variables are seen, their folders searched. */
  above: readonly UsedRole[];
  used: UsedRole | undefined;
  /** The use of the role by the play, which counts whether it ran already. */
  use: RoleUse | undefined;
  /** Variables of includes: they win over parameters of roles, and these over facts that tasks set. */
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
  above: [],
  used: undefined,
  use: undefined,
  roleVars: [],
  roleDefaults: [],
  roleParams: [],
  params: [],
};

/**
 * What surrounds a role that a task in `from` brings in, given the rest of it. As in Ansible the parameters of the task's own role win over the
 * variables beside the task.
 */
export function scopeOfRole(rest: Scope, from: Scope, when: 'import' | 'include'): Scope {
  const { role, used, parentRoles } = from;
  const ledHere = when === 'include' ? used?.parents : used?.ledBy && [used.ledBy];
  return {
    ...rest,
    role: undefined,
    used: undefined,
    use: undefined,
    parentRoles: role ? [role, ...parentRoles] : parentRoles,
    // As in Ansible those that led to the task's own role, but not what led to them.
    above: used ? [...(ledHere ?? []), used] : [],
    params: used && used.params.size > 0 ? [...rest.params, used.params] : rest.params,
  };
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
