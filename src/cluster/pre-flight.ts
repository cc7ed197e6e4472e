import { z } from 'zod';
import { asStarsError } from '../errors.js';
import type { Cluster } from './cluster.js';
import { generationOf } from './marathon/generation.js';
import type { App, MarathonTask } from './marathon/schema.js';
import { hasBegun, machineOf } from './mesos/maintenance.js';
import type { Agent } from './mesos/schema.js';
import { needOf } from './placing.js';
import { canRestart, hasRoomFor, Verdict } from './rolling-restart.js';
import { type Room, roomsOf } from './room.js';

type Asking = { signal?: AbortSignal | undefined; now: Date };

/** Whether there is room; `unknown`: why the agents could not be asked. */
export const PreFlight = z.union([Verdict, z.object({ unknown: z.string() })]);
export type PreFlight = z.infer<typeof PreFlight>;

/** Looks before anything is changed whether tasks of `wanted` can take the place of those that run. */
export function preFlightOfRestart(cluster: Cluster, running: App, wanted: App, asking: Asking): Promise<PreFlight> {
  return looked(cluster, running, asking, ({ rooms, withRole }) =>
    canRestart({ app: withRole(wanted), old: { need: needOf(withRole(running)), hosts: hostsOf(running) }, rooms }),
  );
}

/** The same for tasks that are added to those that run. */
export function preFlightOfScale(cluster: Cluster, app: App, instances: number, asking: Asking): Promise<PreFlight> {
  return looked(cluster, app, asking, ({ rooms, withRole }) =>
    hasRoomFor(withRole(app), Math.max(0, instances - app.tasks.length), hostsOf(app), rooms),
  );
}

/** What Marathon has to place tasks in. */
export type Ground = {
  rooms: Room[];
  /** All that Marathon lists. */
  tasks: MarathonTask[];
  /** The app with the role of its Marathon, unless it has one of its own. */
  withRole: (app: App) => App;
};

/** Reads what room there is. `beside`: tasks that Marathon may not list yet. */
export async function readGround(
  { mesos, marathon }: Cluster,
  { signal, now }: Asking,
  beside: readonly MarathonTask[] = [],
): Promise<Ground> {
  const [agents, tasks, info] = await Promise.all([
    mesos.agents({ signal }),
    marathon.tasks({ signal }),
    marathon.info({ signal }),
  ]);
  const windows = generationOf(info).heedsMaintenance ? await mesos.maintenance.schedule({ signal }) : [];
  const isInMaintenance = (agent: Agent) => hasBegun(windows, machineOf(agent), now);
  const rooms = roomsOf(agents, { held: portsByHost([...tasks, ...beside]), isInMaintenance });
  return { rooms, tasks, withRole: (app) => ({ ...app, role: app.role ?? info.role }) };
}

async function looked(
  cluster: Cluster,
  running: App,
  asking: Asking,
  judge: (ground: Ground) => Verdict,
): Promise<PreFlight> {
  if (!cluster.has('mesos')) return { unknown: `${cluster.environment} does not say where Mesos is` };
  try {
    return judge(await readGround(cluster, asking, running.tasks));
  } catch (thrown) {
    const error = asStarsError(thrown);
    if (error.code === 'CANCELLED') throw error;
    return { unknown: error.message.replace(/\.$/, '') };
  }
}

function hostsOf({ tasks }: App): string[] {
  return tasks.flatMap(({ host }) => host ?? []);
}

function portsByHost(tasks: readonly MarathonTask[]): Map<string, Set<number>> {
  const held = new Map<string, Set<number>>();
  for (const { host, ports } of tasks) {
    if (host === undefined) continue;
    const own = held.get(host) ?? new Set();
    for (const port of ports) own.add(port);
    held.set(host, own);
  }
  return held;
}
