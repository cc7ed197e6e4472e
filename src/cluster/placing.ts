import { StarsError } from '../errors.js';
import type { App } from './marathon/schema.js';
import { AMOUNTS, type Amounts, combined, lesser, NOTHING, type PortRange, type Room } from './room.js';

/** What keeps a task from a host: `kind` as Marathon names it, `words` for people. */
export type Obstacle = {
  kind: 'maintenance' | 'role' | 'constraint' | keyof Amounts | 'ports';
  words: string;
};

/** What one more task of an app takes. */
export type Need = Pick<App, 'cpus' | 'mem' | 'disk' | 'gpus' | 'constraints'> & {
  fixedPorts: readonly number[];
  /** Whose resources it may take. */
  roles: readonly string[];
};

/** `role`: the app's own, or the one that its Marathon has. */
export function needOf(app: App): Need {
  const { cpus, mem, disk, gpus, constraints, acceptedResourceRoles, role } = app;
  const usual = [...new Set([...(role === undefined ? [] : [role]), '*'])];
  const roles = acceptedResourceRoles.length > 0 ? acceptedResourceRoles : usual;
  return { cpus, mem, disk, gpus, constraints, fixedPorts: fixedPortsOf(app), roles };
}

/** The ports of a host that a task of the app must have and no other. */
function fixedPortsOf({ container, networks, requirePorts, portDefinitions, ports }: App): number[] {
  const mappings = [...(container?.portMappings ?? []), ...(container?.docker?.portMappings ?? [])];
  const isBridged =
    /^(BRIDGE|USER)$/i.test(container?.docker?.network ?? '') || networks.some(({ mode }) => mode?.endsWith('bridge'));
  if (isBridged || mappings.length > 0) return mappings.flatMap(({ hostPort }) => hostPort || []);
  if (requirePorts !== true) return [];
  const own = portDefinitions.length > 0 ? portDefinitions.map(({ port }) => port) : ports;
  return own.filter((port) => port > 0);
}

/** Why one more task does not fit beside those on `placed`, in the order in which Marathon looks; undefined when it fits. */
export function obstacleOn(need: Need, room: Room, placed: readonly Room[]): Obstacle | undefined {
  if (room.inMaintenance)
    return { kind: 'maintenance', words: 'its maintenance has begun, so nothing is started there' };
  if (!need.roles.some((role) => room.free[role] !== undefined))
    return { kind: 'role', words: `it holds nothing for the role ${need.roles.join(' or ')}` };
  const unfulfilled = need.constraints.find((constraint) => !fulfils(constraint, room, placed));
  if (unfulfilled) return { kind: 'constraint', words: `the constraint ${unfulfilled.join(' ')} keeps it away` };
  const free = freeFor(need, room);
  for (const kind of AMOUNTS)
    if (need[kind] > free[kind] + ROUNDING) return { kind, words: shortOf(kind, { need, room, free: free[kind] }) };
  const missing = need.fixedPorts.find((port) => room.held.has(port) || !isOffered(port, room.ports));
  if (missing === undefined) return undefined;
  const why = room.held.has(missing) ? `port ${missing} is taken there` : `its agent does not offer port ${missing}`;
  return { kind: 'ports', words: why };
}

const ROUNDING = 1e-6;
const UNITS = { cpus: 'CPUs', mem: 'MB of memory', disk: 'MB of disk', gpus: 'GPUs' } as const;

function freeFor({ roles }: Need, { free }: Room): Amounts {
  return roles.reduce<Amounts>((sum, role) => combined(sum, free[role] ?? NOTHING, 1), NOTHING);
}

function shortOf(kind: keyof Amounts, { need, room, free }: { need: Need; room: Room; free: number }): string {
  const short = `${rounded(Math.max(0, free))} of the ${rounded(need[kind])} ${UNITS[kind]} are free`;
  const others = Object.keys(room.free).filter(
    (role) => !need.roles.includes(role) && (room.free[role]?.[kind] ?? 0) > 0,
  );
  const kept = others.reduce((sum, role) => sum + (room.free[role]?.[kind] ?? 0), 0);
  return others.length === 0
    ? short
    : `${short} (${rounded(kept)} more ${kept === 1 ? 'is' : 'are'} reserved for ${others.join(', ')})`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function isOffered(port: number, ranges: PortRange[] | undefined): boolean {
  return ranges === undefined || ranges.some(({ from, to }) => from <= port && port <= to);
}

function fulfils([field = '', operator, value = '']: string[], room: Room, placed: readonly Room[]): boolean {
  const own = valueOf(room, field);
  if (own === undefined) return operator === 'UNLIKE';
  const others = placed.map((other) => valueOf(other, field));
  const same = others.filter((other) => other === own).length;
  switch (operator) {
    case 'UNIQUE':
      return same === 0;
    case 'CLUSTER':
    case 'IS':
      return value === '' ? others.every((other) => other === own) : own === value;
    case 'LIKE':
      return matches(value, own);
    case 'UNLIKE':
      return !matches(value, own);
    case 'MAX_PER':
      return same < Number(value);
    case 'GROUP_BY':
      return isEven(others, own, Number(value) || 1);
    default:
      // What Stars does not know of keeps nothing away.
      return true;
  }
}

function valueOf({ host, attributes }: Room, field: string): string | undefined {
  return field === 'hostname' || field === '@hostname' ? host : attributes[field.replace(/^@/, '')];
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch (cause) {
    throw new StarsError('API_ANSWER', `The app has a constraint with a broken pattern: ${pattern}.`, { cause });
  }
}

function isEven(others: readonly (string | undefined)[], own: string, groups: number): boolean {
  const counts = new Map<string | undefined, number>();
  for (const other of others) counts.set(other, (counts.get(other) ?? 0) + 1);
  const least = counts.size < groups ? 0 : Math.min(...counts.values());
  return (counts.get(own) ?? 0) <= least;
}

/** The room after one more task; with `-1` after one less. */
export function taken(room: Room, need: Need, tasks: 1 | -1): Room {
  const held = new Set(room.held);
  for (const port of need.fixedPorts) {
    if (tasks === 1) held.add(port);
    else held.delete(port);
  }
  return { ...room, free: tasks === 1 ? lessBy(need, room) : moreBy(need, room), held };
}

/** Takes what is reserved for it first. */
function lessBy(need: Need, { free }: Room): Room['free'] {
  const after = { ...free };
  let left: Amounts = need;
  need.roles.forEach((role, at) => {
    const own = after[role] ?? NOTHING;
    const taking = at === need.roles.length - 1 ? left : lesser(own, left);
    after[role] = combined(own, taking, -1);
    left = combined(left, taking, -1);
  });
  return after;
}

// Whose it was is not known; for whoever may take of all these roles it makes no difference.
function moreBy(need: Need, { free }: Room): Room['free'] {
  const role = need.roles.at(-1) ?? '*';
  return { ...free, [role]: combined(free[role] ?? NOTHING, need, 1) };
}
