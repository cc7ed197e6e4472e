import type { App } from '../../src/cluster/marathon/schema.js';
import { needOf, obstacleOn, taken } from '../../src/cluster/placing.js';
import type { Room } from '../../src/cluster/room.js';

/** What is to run elsewhere: an app for each of its tasks, and the hosts on which other tasks of the apps stay. */
export type Leaving = { apps: readonly App[]; staying: (app: string) => readonly string[] };

/** An app with a task that fits on no other host, and what keeps it from each. */
export type Homeless = { app: App; words: string };

/** Apps with a task for which there is no room, the biggest first. */
export function withoutRoom({ apps, staying }: Leaving, rooms: readonly Room[]): Homeless[] {
  const now = new Map(rooms.map((room) => [room.host, room]));
  const hosts = new Map(apps.map(({ id }) => [id, [...staying(id)]]));
  const biggestFirst = [...apps].sort((a, b) => b.mem - a.mem || b.cpus - a.cpus);
  return biggestFirst.flatMap((app) => {
    const need = needOf(app);
    const own = hosts.get(app.id) ?? [];
    const beside = own.flatMap((host) => now.get(host) ?? []);
    const fitting = [...now.values()].find((room) => obstacleOn(need, room, beside) === undefined);
    if (!fitting) return [{ app, words: obstacles(app, [...now.values()], beside) }];
    now.set(fitting.host, taken(fitting, need, 1));
    own.push(fitting.host);
    return [];
  });
}

const MOST_HOSTS = 3;

function obstacles(app: App, rooms: readonly Room[], beside: readonly Room[]): string {
  if (rooms.length === 0) return 'there is no other agent';
  const words = rooms.map((room) => `${room.host}: ${obstacleOn(needOf(app), room, beside)?.words ?? ''}`);
  return `${words.slice(0, MOST_HOSTS).join('; ')}${words.length > MOST_HOSTS ? ' …' : ''}`;
}
