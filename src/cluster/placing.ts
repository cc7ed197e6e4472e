import { StarsError } from '../errors.js';
import type { App } from './marathon/schema.js';
import type { Agent } from './mesos/schema.js';

/** What an agent has left, and which tasks of the app it runs. Ports are undefined when the agent tells none. */
export type Room = {
  host: string;
  attributes: Readonly<Record<string, string>>;
  cpus: number;
  mem: number;
  disk: number;
  gpus: number;
  ports: PortRange[] | undefined;
  /** Fixed ports that tasks hold there. */
  held: ReadonlySet<number>;
};

export type PortRange = { from: number; to: number };

/** What keeps a task from a host: `kind` as Marathon names it, `words` for people. */
export type Obstacle = { kind: 'constraint' | 'cpus' | 'mem' | 'disk' | 'gpus' | 'ports'; words: string };

/** What one more task of an app takes. */
export type Need = Pick<App, 'cpus' | 'mem' | 'disk' | 'gpus' | 'constraints'> & { fixedPorts: readonly number[] };

export function needOf(app: App): Need {
  const { cpus, mem, disk, gpus, constraints } = app;
  return { cpus, mem, disk, gpus, constraints, fixedPorts: fixedPortsOf(app) };
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

/** The active agents with what they have left. `held`: fixed ports of running tasks, by host. */
export function roomsOf(agents: readonly Agent[], held: ReadonlyMap<string, ReadonlySet<number>>): Room[] {
  return agents.flatMap(({ active, hostname, resources, used, attributes }) => {
    if (!active || hostname === undefined || !resources) return [];
    return [
      {
        host: hostname,
        attributes,
        cpus: resources.cpus - (used?.cpus ?? 0),
        mem: resources.mem - (used?.mem ?? 0),
        disk: resources.disk - (used?.disk ?? 0),
        gpus: resources.gpus - (used?.gpus ?? 0),
        ports: resources.ports === undefined ? undefined : rangesIn(resources.ports),
        held: held.get(hostname) ?? new Set<number>(),
      },
    ];
  });
}

/** `[31000-32000, 8080-8081]` */
function rangesIn(text: string): PortRange[] {
  return [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => ({ from: Number(from), to: Number(to) }));
}

/** Why one more task does not fit beside those on `placed`, in the order in which Marathon looks; undefined when it fits. */
export function obstacleOn(need: Need, room: Room, placed: readonly Room[]): Obstacle | undefined {
  const unfulfilled = need.constraints.find((constraint) => !fulfils(constraint, room, placed));
  if (unfulfilled) return { kind: 'constraint', words: `the constraint ${unfulfilled.join(' ')} keeps it away` };
  for (const kind of ['cpus', 'mem', 'disk', 'gpus'] as const)
    if (need[kind] > room[kind] + ROUNDING) return { kind, words: short(kind, room[kind], need[kind]) };
  const missing = need.fixedPorts.find((port) => room.held.has(port) || !isOffered(port, room.ports));
  if (missing === undefined) return undefined;
  const why = room.held.has(missing) ? `port ${missing} is taken there` : `its agent does not offer port ${missing}`;
  return { kind: 'ports', words: why };
}

const ROUNDING = 1e-6;
const UNITS = { cpus: 'CPUs', mem: 'MB of memory', disk: 'MB of disk', gpus: 'GPUs' } as const;

function short(kind: keyof typeof UNITS, free: number, wanted: number): string {
  return `${rounded(Math.max(0, free))} of the ${rounded(wanted)} ${UNITS[kind]} are free`;
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
  return {
    ...room,
    cpus: room.cpus - tasks * need.cpus,
    mem: room.mem - tasks * need.mem,
    disk: room.disk - tasks * need.disk,
    gpus: room.gpus - tasks * need.gpus,
    held,
  };
}
