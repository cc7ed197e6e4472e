import { route, type Handler, type Route } from '../http.js';
import type { Timers } from '../timing.js';
import type { Masters } from './masters.js';
import type { Agent, Mesos } from './mesos.js';

export type MachineId = { hostname?: string; ip?: string };
export type Window = {
  machine_ids: MachineId[];
  unavailability: { start: { nanoseconds: bigint }; duration?: { nanoseconds: bigint } };
};
export type Maintenance = { windows: Window[]; down: MachineId[] };

export function createMaintenance(): Maintenance {
  return { windows: [], down: [] };
}

type MaintenanceDeps = { maintenance: Maintenance; masters: Masters; mesos: Mesos; timers: Timers };

/** Machines taken out on purpose. Nanoseconds go in and out with every digit, as Mesos keeps them. */
export function maintenanceRoutes({ maintenance, masters, mesos }: MaintenanceDeps): Route[] {
  const schedule: Handler = () => ({
    bytes: Buffer.from(scheduleText(maintenance)),
    headers: { 'Content-Type': 'application/json' },
  });

  const replace: Handler = ({ body }) => {
    const windows = parseSchedule(body.toString());
    if (typeof windows === 'string') return { status: 400, text: windows };
    const kept = maintenance.down.filter(
      (one) => !windows.some((window) => window.machine_ids.some((other) => sameMachine(one, other))),
    );
    if (kept.length > 0)
      return {
        status: 400,
        text: `Machine '${describe(kept[0]!)}' is deactivated and cannot be removed from the schedule`,
      };
    maintenance.windows = windows;
    return { status: 200 };
  };

  const status: Handler = () => ({ json: statusJson(maintenance) });

  const down: Handler = ({ body }) => {
    const machines = parseMachines(body.toString());
    if (typeof machines === 'string') return { status: 400, text: machines };
    for (const machine of machines) {
      if (!isScheduled(maintenance, machine))
        return { status: 400, text: `Machine '${describe(machine)}' is not part of a maintenance schedule` };
      if (maintenance.down.some((one) => sameMachine(one, machine))) {
        return {
          status: 400,
          text: `Machine '${describe(machine)}' is not in DRAINING mode and cannot be brought down`,
        };
      }
    }
    maintenance.down.push(...machines);
    for (const agent of machines.map(agentAt)) if (agent) masters.machineDown(agent);
    return { status: 200 };
  };

  const up: Handler = ({ body }) => {
    const machines = parseMachines(body.toString());
    if (typeof machines === 'string') return { status: 400, text: machines };
    const notDown = machines.find((machine) => !maintenance.down.some((one) => sameMachine(one, machine)));
    if (notDown)
      return { status: 400, text: `Machine '${describe(notDown)}' is not in DOWN mode and cannot be brought up` };
    const comesUp = (one: MachineId) => machines.some((machine) => sameMachine(one, machine));
    maintenance.down = maintenance.down.filter((one) => !comesUp(one));
    maintenance.windows = maintenance.windows
      .map((window) => ({ ...window, machine_ids: window.machine_ids.filter((one) => !comesUp(one)) }))
      .filter((window) => window.machine_ids.length > 0);
    for (const agent of machines.map(agentAt)) if (agent) masters.agentBack(agent);
    return { status: 200 };
  };

  function agentAt({ hostname, ip }: MachineId): Agent | undefined {
    return mesos.agents.find((agent) => agent.name === hostname || (hostname === undefined && agent.address === ip));
  }

  return [
    route('GET', /^\/maintenance\/schedule$/, schedule),
    route('POST', /^\/maintenance\/schedule$/, replace),
    route('GET', /^\/maintenance\/status$/, status),
    route('POST', /^\/machine\/down$/, down),
    route('POST', /^\/machine\/up$/, up),
  ];
}

/** The schedule's JSON with its nanoseconds digit for digit; `{}` when nothing is scheduled. */
export function scheduleText({ windows }: Maintenance): string {
  if (windows.length === 0) return '{}';
  const text = JSON.stringify({ windows }, (_key, value: unknown) =>
    typeof value === 'bigint' ? `bigint:${value}` : value,
  );
  return text.replaceAll(/"bigint:(-?\d+)"/g, '$1');
}

export function statusJson({ windows, down }: Maintenance): Record<string, unknown> {
  const machines = windows.flatMap(({ machine_ids }) => machine_ids);
  const draining = machines.filter((machine) => !down.some((one) => sameMachine(one, machine)));
  return {
    ...(draining.length > 0 && { draining_machines: draining.map((id) => ({ id })) }),
    ...(down.length > 0 && { down_machines: down }),
  };
}

export function isScheduled({ windows }: Maintenance, machine: MachineId): boolean {
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
export function parseSchedule(text: string): Window[] | string {
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
