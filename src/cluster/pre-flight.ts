import { z } from 'zod';
import { asStarsError } from '../errors.js';
import type { Cluster } from './cluster.js';
import type { App, MarathonTask } from './marathon/schema.js';
import { needOf, type Room, roomsOf } from './placing.js';
import { canRestart, hasRoomFor, Verdict } from './rolling-restart.js';

type Asking = { signal?: AbortSignal | undefined };

/** Whether there is room; `unknown`: why the agents could not be asked. */
export const PreFlight = z.union([Verdict, z.object({ unknown: z.string() })]);
export type PreFlight = z.infer<typeof PreFlight>;

/** Looks before anything is changed whether tasks of `wanted` can take the place of those that run. */
export function preFlightOfRestart(cluster: Cluster, running: App, wanted: App, asking: Asking): Promise<PreFlight> {
  return looked(cluster, running, asking, (rooms) =>
    canRestart({ app: wanted, old: { need: needOf(running), hosts: hostsOf(running) }, rooms }),
  );
}

/** The same for tasks that are added to those that run. */
export function preFlightOfScale(cluster: Cluster, app: App, instances: number, asking: Asking): Promise<PreFlight> {
  return looked(cluster, app, asking, (rooms) =>
    hasRoomFor(app, Math.max(0, instances - app.tasks.length), hostsOf(app), rooms),
  );
}

async function looked(
  cluster: Cluster,
  running: App,
  { signal }: Asking,
  judge: (rooms: Room[]) => Verdict,
): Promise<PreFlight> {
  if (!cluster.has('mesos')) return { unknown: `${cluster.environment} does not say where Mesos is` };
  try {
    const [agents, tasks] = await Promise.all([cluster.mesos.agents({ signal }), cluster.marathon.tasks({ signal })]);
    return judge(roomsOf(agents, portsByHost([...tasks, ...running.tasks])));
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
