import type { Dict } from '../jinja/value.js';
import type { Role, RoleUse } from './role.js';

/** A role as a play uses it: uses with the same words are one and the same, whatever leads to them. */
export type UsedRole = {
  role: Role;
  /** `vars` of its entry or of the task that brings it in. */
  entryVars: Dict;
  /** Words of its entry that are no keywords. */
  params: Dict;
  /** What it depends on. */
  needs: UsedRole[];
  /** The role that led to it first, and all that did so far: it sees the variables of these. */
  ledBy: UsedRole | undefined;
  parents: UsedRole[];
  use: RoleUse;
};

/** What a whole play sees of a role. */
export type RoleVariables = { name: string; vars: Dict; entryVars: Dict; defaults: Dict; dependency: boolean };

/** What the tasks of a role see of roles, below those of their own chain; later ones win. */
export type SeenOfRoles = { roleVars: readonly Dict[]; roleDefaults: readonly Dict[]; roleParams: readonly Dict[] };

/** `above`: the roles that led to this one, the outermost first. */
export function seenBy(used: UsedRole, above: readonly UsedRole[]): SeenOfRoles {
  const needed = used.needs.flatMap((one) => asSeenByPlay(one));
  return {
    roleVars: [
      ...above.flatMap(({ entryVars, role }) => [entryVars, role.vars]),
      ...needed.flatMap(({ entryVars, vars }) => [entryVars, vars]),
      used.entryVars,
      used.role.vars,
    ],
    roleDefaults: [
      ...needed.map(({ defaults }) => defaults),
      ...above.map(({ role }) => role.defaults),
      used.role.defaults,
    ],
    roleParams: [...above, used].map(({ params }) => params).filter(({ size }) => size > 0),
  };
}

/** A role after what it depends on, as the whole play sees it. */
export function asSeenByPlay({ role, entryVars, needs }: UsedRole, dependency = true): RoleVariables[] {
  const { name, vars, defaults } = role;
  return [...needs.flatMap((one) => asSeenByPlay(one)), { name, vars, entryVars, defaults, dependency }];
}
