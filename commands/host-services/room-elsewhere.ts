import type { App } from '../../src/cluster/marathon/schema.js';
import type { Agent } from '../../src/cluster/mesos/schema.js';

type Room = { cpus: number; mem: number };

/** Apps with a task for which no other agent has room, the biggest first. Ports and constraints of apps are not looked at. */
export function withoutRoom(apps: readonly App[], others: readonly Agent[]): App[] {
  const rooms: Room[] = others
    .filter(({ active }) => active)
    .map(({ resources, used }) => ({
      cpus: (resources?.cpus ?? 0) - (used?.cpus ?? 0),
      mem: (resources?.mem ?? 0) - (used?.mem ?? 0),
    }));
  const biggestFirst = [...apps].sort((a, b) => b.mem - a.mem || b.cpus - a.cpus);
  return biggestFirst.filter((app) => {
    const room = rooms.find(({ cpus, mem }) => cpus >= app.cpus && mem >= app.mem);
    if (!room) return true;
    room.cpus -= app.cpus;
    room.mem -= app.mem;
    return false;
  });
}
