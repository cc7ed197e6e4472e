import type { Dict, Value } from '../jinja/value.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { INHERITED } from './keywords.js';
import { type Deprecated, nameList, playbookError, textList } from './playbook-error.js';
import type { Role, RoleUse } from './role.js';

/** What surrounds a task hands down: conditions, tags, variables and keywords, outermost first. */
export type Scope = {
  when: readonly Value[];
  tags: readonly string[];
  /** Variables of blocks, of the task, of an import; later ones win. */
  vars: readonly Dict[];
  environment: readonly Value[];
  notify: readonly string[];
  keywords: ReadonlyMap<string, Value>;
  role: Role | undefined;
  /** The use of the role by the play, which counts whether it ran already. */
  use: RoleUse | undefined;
  /** Variables of the role, of those that depend on it and of those it depends on; later ones win. */
  roleVars: readonly Dict[];
  roleDefaults: readonly Dict[];
  /** Parameters of the role's entry or of an include: they win over facts that tasks set. */
  params: readonly Dict[];
};

export const EMPTY_SCOPE: Scope = {
  when: [],
  tags: [],
  vars: [],
  environment: [],
  notify: [],
  keywords: new Map(),
  role: undefined,
  use: undefined,
  roleVars: [],
  roleDefaults: [],
  params: [],
};

const LEGACY_KEYWORDS: Record<string, string> = {
  sudo: 'become',
  sudo_user: 'become_user',
  su: 'become',
  su_user: 'become_user',
};

/** The scope inside an entry that has conditions, tags, variables and keywords of its own. */
export function innerScope(outer: Scope, entry: Dict, deprecated: Deprecated): Scope {
  return {
    ...outer,
    when: added(outer.when, entry, 'when'),
    tags: entry.has('tags') ? [...outer.tags, ...textList(entry.get('tags'))] : outer.tags,
    vars: entry.has('vars') ? [...outer.vars, variablesOf(entry)] : outer.vars,
    environment: added(outer.environment, entry, 'environment'),
    notify: entry.has('notify') ? [...outer.notify, ...nameList(entry.get('notify'))] : outer.notify,
    keywords: innerKeywords(outer, entry, deprecated),
  };
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
