import { route, type Handler, type Route } from '../http.js';
import type { Masters } from './masters.js';
import type { Timers } from '../timing.js';
import type { Agent, Mesos } from './mesos.js';

export type MachineId = { hostname?: string; ip?: string };
export type Window = {
  machine_ids: MachineId[];
  unavailability: { start: { nanoseconds: bigint }; duration?: { nanoseconds: bigint } };
};
export type Maintenance = ReturnType<typeof createMaintenance>;

/** Machines taken out on purpose. Each change gives undefined, or what Mesos says against it. */
export function createMaintenance({ masters, mesos, timers }: { masters: Masters; mesos: Mesos; timers: Timers }) {
  let windows: Window[] = [];
  mesos.tellOfOutages((agent) =>
    windows.some((window) => isUnderWay(window, timers) && window.machine_ids.map(agentAt).includes(agent)),
  );
  let downMachines: MachineId[] = [];

  const isDown = (machine: MachineId) => downMachines.some((one) => sameMachine(one, machine));

  function replace(text: string): string | undefined {
    const wanted = parseSchedule(text);
    if (typeof wanted === 'string') return wanted;
    const lost = downMachines.find((one) => !isScheduled(wanted, one));
    if (lost) return `Machine '${describe(lost)}' is deactivated and cannot be removed from the schedule`;
    windows = wanted;
    return undefined;
  }

  /** Kills what runs there at once. */
  function start(text: string): string | undefined {
    const machines = parseMachines(text);
    if (typeof machines === 'string') return machines;
    for (const machine of machines) {
      if (!isScheduled(windows, machine)) return `Machine '${describe(machine)}' is not part of a maintenance schedule`;
      if (isDown(machine)) return `Machine '${describe(machine)}' is not in DRAINING mode and cannot be brought down`;
    }
    downMachines.push(...machines);
    for (const agent of machines.map(agentAt)) if (agent) masters.machineDown(agent);
    return undefined;
  }

  /** Takes them out of the schedule as well. */
  function stop(text: string): string | undefined {
    const machines = parseMachines(text);
    if (typeof machines === 'string') return machines;
    const notDown = machines.find((machine) => !isDown(machine));
    if (notDown) return `Machine '${describe(notDown)}' is not in DOWN mode and cannot be brought up`;
    const comesUp = (one: MachineId) => machines.some((machine) => sameMachine(one, machine));
    downMachines = downMachines.filter((one) => !comesUp(one));
    windows = windows
      .map((window) => ({ ...window, machine_ids: window.machine_ids.filter((one) => !comesUp(one)) }))
      .filter((window) => window.machine_ids.length > 0);
    for (const agent of machines.map(agentAt)) if (agent) masters.machineUp(agent);
    return undefined;
  }

  function agentAt({ hostname, ip }: MachineId): Agent | undefined {
    return mesos.agents.find((agent) => agent.name === hostname || (hostname === undefined && agent.address === ip));
  }

  return {
    replace,
    start,
    stop,
    scheduleText: () => scheduleText(windows),
    statusJson: () => statusJson(windows, downMachines),
  };
}

function isUnderWay({ unavailability: { start, duration } }: Window, timers: Timers): boolean {
  const nowNs = BigInt(timers.nowMs()) * 1_000_000n;
  return start.nanoseconds <= nowNs && (!duration || nowNs < start.nanoseconds + duration.nanoseconds);
}

export function maintenanceRoutes(maintenance: Maintenance): Route[] {
  const change =
    (how: (text: string) => string | undefined): Handler =>
    ({ body }) => {
      const refusal = how(body.toString());
      return refusal === undefined ? { status: 200 } : { status: 400, text: refusal };
    };
  const schedule: Handler = () => ({
    bytes: Buffer.from(maintenance.scheduleText()),
    headers: { 'Content-Type': 'application/json' },
  });
  return [
    route('GET', /^\/maintenance\/schedule$/, schedule),
    route('POST', /^\/maintenance\/schedule$/, change(maintenance.replace)),
    route('GET', /^\/maintenance\/status$/, () => ({ json: maintenance.statusJson() })),
    route('POST', /^\/machine\/down$/, change(maintenance.start)),
    route('POST', /^\/machine\/up$/, change(maintenance.stop)),
  ];
}

/** The schedule's JSON with its nanoseconds digit for digit; `{}` when nothing is scheduled. */
function scheduleText(windows: readonly Window[]): string {
  if (windows.length === 0) return '{}';
  const text = JSON.stringify({ windows }, (_key, value: unknown) =>
    typeof value === 'bigint' ? `bigint:${value}` : value,
  );
  return text.replaceAll(/"bigint:(-?\d+)"/g, '$1');
}

function statusJson(windows: readonly Window[], down: readonly MachineId[]): Record<string, unknown> {
  const machines = windows.flatMap(({ machine_ids }) => machine_ids);
  const draining = machines.filter((machine) => !down.some((one) => sameMachine(one, machine)));
  return {
    ...(draining.length > 0 && { draining_machines: draining.map((id) => ({ id })) }),
    ...(down.length > 0 && { down_machines: down }),
  };
}

function isScheduled(windows: readonly Window[], machine: MachineId): boolean {
  return windows.some(({ machine_ids }) => machine_ids.some((one) => sameMachine(one, machine)));
}

// Both parts must be exactly as scheduled.
function sameMachine(a: MachineId, b: MachineId): boolean {
  return (a.hostname ?? '') === (b.hostname ?? '') && (a.ip ?? '') === (b.ip ?? '');
}

function describe({ hostname = '', ip = '' }: MachineId): string {
  return `${hostname} (${ip})`;
}

/** Windows of a posted schedule, or what Mesos says against it. */
function parseSchedule(text: string): Window[] | string {
  try {
    // Numbers beyond 2^53 must keep their last digits.
    const json = JSON.parse(text.replaceAll(/("nanoseconds"\s*:\s*)(-?\d+)/g, '$1"$2"')) as { windows?: unknown };
    const windows = (json.windows ?? []) as {
      machine_ids?: MachineId[];
      unavailability?: { start?: { nanoseconds: string }; duration?: { nanoseconds: string } };
    }[];
    return checkWindows(windows);
  } catch {
    return 'Failed to convert JSON into Protobuf: syntax error';
  }
}

function checkWindows(
  windows: {
    machine_ids?: MachineId[];
    unavailability?: { start?: { nanoseconds: string }; duration?: { nanoseconds: string } };
  }[],
): Window[] | string {
  const result: Window[] = [];
  const seen: MachineId[] = [];
  for (const { machine_ids = [], unavailability } of windows) {
    if (!unavailability?.start)
      return 'Failed to convert JSON into Protobuf: Missing required field: unavailability.start';
    if (machine_ids.length === 0) return 'List of machines in the maintenance window is empty';
    for (const machine of machine_ids) {
      if (!machine.hostname && !machine.ip) return "Both 'hostname' and 'ip' for a machine are empty";
      if (seen.some((one) => sameMachine(one, machine)))
        return `Machine '${describe(machine)}' appears more than once in the schedule`;
      seen.push(machine);
    }
    const { start, duration } = unavailability;
    if (duration && BigInt(duration.nanoseconds) < 0n) return "Unavailability 'duration' is negative";
    result.push({
      machine_ids,
      unavailability: {
        start: { nanoseconds: BigInt(start.nanoseconds) },
        ...(duration && { duration: { nanoseconds: BigInt(duration.nanoseconds) } }),
      },
    });
  }
  return result;
}

function parseMachines(text: string): MachineId[] | string {
  try {
    const json: unknown = JSON.parse(text);
    if (!Array.isArray(json)) return 'Failed to convert JSON into Protobuf: Not a JSON array';
    return json.length > 0 ? (json as MachineId[]) : 'List of machines is empty';
  } catch {
    return 'Failed to parse JSON: syntax error';
  }
}
