import { StarsError } from '../../errors.js';
import { readJson } from '../answer.js';
import { quoteIntegers } from '../exact-json.js';
import type { CallOptions, Http } from '../http.js';
import { MaintenanceSchedule, MaintenanceStatus, type Agent, type Machine, type MaintenanceWindow } from './schema.js';

export type Maintenance = ReturnType<typeof createMaintenance>;

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** When machines are taken out. Without a duration it is for ever. */
export type Outage = { machines: readonly Machine[]; from: Date; durationMs?: number | undefined };

const NANOSECONDS_PER_MS = 1_000_000n;

/** What Mesos knows of machines that are taken out on purpose. A machine is named by its hostname and its address together. */
export function createMaintenance(http: Http) {
  async function schedule(options?: Asking): Promise<MaintenanceWindow[]> {
    const answer = await http.send('GET', '/maintenance/schedule', options);
    return readJson(http.service, { ...answer, body: quoteIntegers(answer.body, 'nanoseconds') }, MaintenanceSchedule);
  }

  // A schedule that is posted takes the place of the whole one: what others planned goes along as it was.
  async function replace(windows: readonly MaintenanceWindow[], options?: Asking): Promise<void> {
    await http.send('POST', '/maintenance/schedule', { ...options, body: { windows } });
  }

  /** Plans an outage beside those that others have planned. Machines that are in the schedule keep the window they have. */
  async function plan({ machines, from, durationMs }: Outage, options?: Asking): Promise<void> {
    const before = await schedule(options);
    const added = machines.filter((machine) => !isIn(before, machine));
    if (added.length === 0) return;
    const start = { nanoseconds: BigInt(from.getTime()) * NANOSECONDS_PER_MS };
    const duration =
      durationMs === undefined ? {} : { duration: { nanoseconds: BigInt(durationMs) * NANOSECONDS_PER_MS } };
    await replace(
      [...before, { machine_ids: [...added], unavailability: { start, ...duration } } as MaintenanceWindow],
      options,
    );
    await requireScheduled(added, options);
  }

  // Somebody who read before our post and posted after it has taken ours away without knowing.
  async function requireScheduled(machines: readonly Machine[], options?: Asking): Promise<void> {
    const after = await schedule(options);
    const lost = machines.filter((machine) => !isIn(after, machine));
    if (lost.length === 0) return;
    throw new StarsError(
      'API_ANSWER',
      `Mesos no longer has the outage of ${lost.map(nameOf).join(', ')} that was just planned.`,
      {
        hint: 'Somebody else changed the maintenance schedule at the same time: look at it, then try again.',
      },
    );
  }

  /** Takes machines out of the schedule; the other windows stay. Mesos refuses it for a machine that is down. */
  async function cancel(machines: readonly Machine[], options?: Asking): Promise<void> {
    const before = await schedule(options);
    if (!machines.some((machine) => isIn(before, machine))) return;
    const left = before
      .map((window) => ({ ...window, machine_ids: window.machine_ids.filter((one) => !machines.some(sameAs(one))) }))
      .filter(({ machine_ids: ids }) => ids.length > 0);
    await replace(left, options);
  }

  return {
    schedule,
    plan,
    cancel,
    status: (options?: Asking) => http.get('/maintenance/status', MaintenanceStatus, options),
    /** Kills everything on the machines at once. They must be in the schedule and not down yet. */
    async down(machines: readonly Machine[], options?: Asking): Promise<void> {
      await http.send('POST', '/machine/down', { ...options, body: machines });
    },
    /** Lets agents of machines that are down register again, and takes the machines out of the schedule. */
    async up(machines: readonly Machine[], options?: Asking): Promise<void> {
      await http.send('POST', '/machine/up', { ...options, body: machines });
    },
  };
}

/** The machine of an agent, as the schedule must name it; undefined when Mesos does not tell its address. */
export function machineOf({ hostname, pid }: Pick<Agent, 'hostname' | 'pid'>): Machine | undefined {
  const ip = pid
    ?.split('@')[1]
    ?.replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  return hostname && ip ? { hostname, ip } : undefined;
}

/** Whether an outage of the machine is planned in one of them. */
export function isIn(windows: readonly MaintenanceWindow[], machine: Machine): boolean {
  return windows.some(({ machine_ids: ids }) => ids.some(sameAs(machine)));
}

/** Whether an outage of the machine has begun, and has not ended by itself. Undefined is no machine in any of them. */
export function hasBegun(windows: readonly MaintenanceWindow[], machine: Machine | undefined, now: Date): boolean {
  const nowNs = BigInt(now.getTime()) * NANOSECONDS_PER_MS;
  return windows.some(({ machine_ids: ids, unavailability: { start, duration } }) => {
    if (!machine || !ids.some(sameAs(machine)) || start.nanoseconds > nowNs) return false;
    return duration === undefined || nowNs < start.nanoseconds + duration.nanoseconds;
  });
}

/** Whether another machine is this one: Mesos wants both words exactly. */
export function sameAs(a: Machine): (b: Machine) => boolean {
  return (b) => a.hostname === b.hostname && a.ip === b.ip;
}

function nameOf({ hostname, ip }: Machine): string {
  return hostname || ip;
}
