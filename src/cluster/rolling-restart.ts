import { z } from 'zod';
import type { App } from './marathon/schema.js';
import { type Need, needOf, obstacleOn, taken } from './placing.js';
import type { Room } from './room.js';
import { counted } from '../model/figures.js';

/** Whether a change of tasks can come to its end, as far as the agents can tell; if not, why, and what to change. */
export const Verdict = z.union([
  z.object({ fits: z.literal(true) }),
  z.object({ fits: z.literal(false), says: z.string(), hint: z.string() }),
]);
export type Verdict = z.infer<typeof Verdict>;

export type Rolling = {
  /** As it is to be. */
  app: App;
  /** What one of its running tasks takes, and on which hosts they run. */
  old: { need: Need; hosts: readonly string[] };
  rooms: readonly Room[];
};

/** Plays the restart through as Marathon would do it, with as much luck as there can be in the choice of hosts. */
export function canRestart(rolling: Rolling): Verdict {
  const { app } = rolling;
  const bounds = boundsOf(app, rolling.old.hosts.length);
  const end = play(rolling, bounds);
  if (end === undefined) return { fits: true };
  const kept = counted(bounds.least, 'task');
  const says =
    bounds.least === 0
      ? `The new tasks of ${app.id} do not all fit: after ${end.started} of ${app.instances} there is no room for the next. ${end.words}`
      : `${app.id} cannot finish a rolling restart: Marathon keeps ${kept} running (minimumHealthCapacity ${app.upgradeStrategy?.minimumHealthCapacity ?? 1}), and beside ${bounds.least === 1 ? 'it' : 'them'} the next new one fits nowhere. ${end.words}`;
  return { fits: false, says, hint: adviceFor(rolling, bounds.least) };
}

/** Whether so many more tasks of the app have room. */
export function hasRoomFor(app: App, more: number, hosts: readonly string[], rooms: readonly Room[]): Verdict {
  const need = needOf(app);
  const world = createWorld(rooms, hosts, need);
  for (let started = 0; started < more; started += 1) {
    if (world.launch(need)) continue;
    return {
      fits: false,
      says: `Of ${counted(more, 'more task')} of ${app.id} only ${started} ${started === 1 ? 'has' : 'have'} room. ${world.obstacles(need)}`,
      hint: 'Free resources, loosen the constraints, or ask for fewer.',
    };
  }
  return { fits: true };
}

type Bounds = { least: number; most: number };

/** How many tasks Marathon keeps healthy, and how many it has at most, while it restarts. */
function boundsOf({ instances, upgradeStrategy }: App, running: number): Bounds {
  const { minimumHealthCapacity = 1, maximumOverCapacity = 1 } = upgradeStrategy ?? {};
  const least = Math.ceil(instances * minimumHealthCapacity);
  const most = Math.floor(instances * (1 + maximumOverCapacity));
  // Where nothing could move Marathon allows one more.
  return { least, most: least === most && most <= running ? most + 1 : most };
}

/** Where it gets stuck; undefined when it comes to its end. */
function play({ app, old, rooms }: Rolling, { least, most }: Bounds): { started: number; words: string } | undefined {
  const need = needOf(app);
  const world = createWorld(rooms, old.hosts, old.need);
  let started = 0;
  while (started < app.instances) {
    if (world.count() < Math.max(most, 1) && world.launch(need)) started += 1;
    else if (world.oldCount() > 0 && world.count() - 1 >= least) world.stopOne(need);
    else return { started, words: world.obstacles(need) };
  }
  return undefined;
}

/** Hosts with tasks of one app, which come and go. */
function createWorld(initial: readonly Room[], oldHosts: readonly string[], oldNeed: Need) {
  const rooms = new Map(initial.map((room) => [room.host, room]));
  const old = oldHosts.filter((host) => rooms.has(host));
  const lost = oldHosts.length - old.length;
  const placed: string[] = [];

  const standing = () => [...old, ...placed].flatMap((host) => rooms.get(host) ?? []);

  function launch(need: Need): boolean {
    const around = standing();
    const fitting = [...rooms.values()].find((room) => obstacleOn(need, room, around) === undefined);
    if (!fitting) return false;
    rooms.set(fitting.host, taken(fitting, need, 1));
    placed.push(fitting.host);
    return true;
  }

  /** Stops an old task, one whose place a new one can take if there is any such. */
  function stopOne(need: Need): void {
    const best = [...new Set(old)].find((host) => frees(host, need)) ?? old[0];
    const room = best === undefined ? undefined : rooms.get(best);
    if (best === undefined || !room) return;
    old.splice(old.indexOf(best), 1);
    rooms.set(best, taken(room, oldNeed, -1));
  }

  function frees(host: string, need: Need): boolean {
    const room = rooms.get(host);
    if (!room) return false;
    const left = [...old];
    left.splice(left.indexOf(host), 1);
    const around = [...left, ...placed].flatMap((name) => rooms.get(name) ?? []);
    return obstacleOn(need, taken(room, oldNeed, -1), around) === undefined;
  }

  function obstacles(need: Need): string {
    const around = standing();
    const words = [...rooms.values()].flatMap((room) => {
      const obstacle = obstacleOn(need, room, around);
      return obstacle ? [`${room.host}: ${obstacle.words}`] : [];
    });
    if (words.length === 0) return 'Mesos has no agent that is active.';
    const more = words.length > MOST_HOSTS ? `; and ${words.length - MOST_HOSTS} more hosts` : '';
    return `${words.slice(0, MOST_HOSTS).join('; ')}${more}.`;
  }

  // A task on a host that Mesos does not show takes no room here, but Marathon counts it.
  return { launch, stopOne, obstacles, count: () => old.length + placed.length + lost, oldCount: () => old.length };
}

const MOST_HOSTS = 6;

/** The smallest change under which it would come to its end. */
function adviceFor(rolling: Rolling, least: number): string {
  const { app } = rolling;
  for (const kept of lowerThan(least, app.instances)) {
    if (play(rolling, { least: kept, most: app.instances }) !== undefined) continue;
    const fraction = Math.floor((kept / app.instances) * 100) / 100;
    const cost =
      kept === 0
        ? 'all tasks stop before new ones start'
        : `${counted(app.instances - kept, 'task')} at a time ${app.instances - kept === 1 ? 'stops' : 'stop'} before new ones start`;
    return `Set upgradeStrategy to {"minimumHealthCapacity": ${fraction}, "maximumOverCapacity": 0} (then ${cost}), or make room.`;
  }
  return `Even with every old task stopped there is no room for ${counted(app.instances, 'task')}: free resources, loosen the constraints or scale it down first.`;
}

/** A few numbers of kept tasks to try, the gentlest first. */
function lowerThan(least: number, instances: number): number[] {
  const tried = [least - 1, Math.floor(instances * 0.75), Math.floor(instances / 2), Math.floor(instances / 4), 0];
  return [...new Set(tried)].filter((kept) => kept >= 0 && kept < least).sort((a, b) => b - a);
}
