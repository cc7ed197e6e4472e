import type { Agent } from './mesos/schema.js';

export const AMOUNTS = ['cpus', 'mem', 'disk', 'gpus'] as const;
export type Amounts = Readonly<Record<(typeof AMOUNTS)[number], number>>;

/** What an agent has left, and which tasks of the app it runs. Ports are undefined when the agent tells none. */
export type Room = {
  host: string;
  attributes: Readonly<Record<string, string>>;
  /** By the role that it is reserved for, `*` for none. */
  free: Readonly<Record<string, Amounts>>;
  ports: PortRange[] | undefined;
  /** Ports that tasks hold there. */
  held: ReadonlySet<number>;
  /** Nothing new is started there: its maintenance has begun. */
  inMaintenance: boolean;
};

export type PortRange = { from: number; to: number };

export type Taken = {
  /** Ports of running tasks, by host. */
  held: ReadonlyMap<string, ReadonlySet<number>>;
  /** Whether nothing new is started on the agent because of its maintenance. */
  isInMaintenance?: ((agent: Agent) => boolean) | undefined;
};

/** The active agents with what they have left. */
export function roomsOf(agents: readonly Agent[], { held, isInMaintenance }: Taken): Room[] {
  return agents.flatMap((agent) => {
    const { active, hostname, resources, attributes } = agent;
    if (!active || hostname === undefined || !resources) return [];
    return [
      {
        host: hostname,
        attributes,
        free: freeByRole(agent),
        ports: resources.ports === undefined ? undefined : rangesIn(resources.ports),
        held: new Set([...(held.get(hostname) ?? []), ...portsIn(agent.used?.ports)]),
        inMaintenance: isInMaintenance?.(agent) ?? false,
      },
    ];
  });
}

export const NOTHING: Amounts = { cpus: 0, mem: 0, disk: 0, gpus: 0 };

function freeByRole({ resources, used, reserved, usedByRole }: Agent): Record<string, Amounts> {
  const reservedInAll = Object.values(reserved).reduce<Amounts>((sum, one) => combined(sum, one, 1), NOTHING);
  const owned: Record<string, Amounts> = { ...reserved, '*': combined(resources ?? NOTHING, reservedInAll, -1) };
  if (usedByRole.length > 0) {
    for (const { name, role, value } of usedByRole)
      if (isAmount(name)) owned[role] = combined(owned[role] ?? NOTHING, { ...NOTHING, [name]: value }, -1);
    return owned;
  }
  // Where nobody tells whose it is, what is used counts as reserved as far as that goes: no room is denied that there may be.
  let left: Amounts = used ?? NOTHING;
  for (const role of [...Object.keys(reserved), '*']) {
    const own = owned[role] ?? NOTHING;
    const taking = role === '*' ? left : lesser(own, left);
    owned[role] = combined(own, taking, -1);
    left = combined(left, taking, -1);
  }
  return owned;
}

function isAmount(name: string): name is (typeof AMOUNTS)[number] {
  return AMOUNTS.some((one) => one === name);
}

export function combined(a: Amounts, b: Amounts, sign: 1 | -1): Amounts {
  return {
    cpus: a.cpus + sign * b.cpus,
    mem: a.mem + sign * b.mem,
    disk: a.disk + sign * b.disk,
    gpus: a.gpus + sign * b.gpus,
  };
}

export function lesser(a: Amounts, b: Amounts): Amounts {
  return {
    cpus: Math.min(a.cpus, b.cpus),
    mem: Math.min(a.mem, b.mem),
    disk: Math.min(a.disk, b.disk),
    gpus: Math.min(a.gpus, b.gpus),
  };
}

/** Each port by itself; of what is used there are few. */
function portsIn(text: string | undefined): number[] {
  const ranges = rangesIn(text ?? '').filter(({ from, to }) => to - from < MOST_PORTS);
  return ranges.flatMap(({ from, to }) => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at));
}

const MOST_PORTS = 65_536;

/** `[31000-32000, 8080-8081]` */
function rangesIn(text: string): PortRange[] {
  return [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => ({ from: Number(from), to: Number(to) }));
}
