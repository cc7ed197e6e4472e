import type { DieAt } from './die-at-commit.js';
import { type Service, startService } from './services.js';
import type { World } from './world.js';

export type Crew = ReturnType<typeof createCrew>;

/** The processes of Stars that serve at a time. */
export function createCrew(world: World, size: number) {
  const services: Service[] = [];
  let started = 0;

  function living(): Service[] {
    for (const dead of services.filter((service) => !service.isAlive())) services.splice(services.indexOf(dead), 1);
    return services;
  }

  /** Starts what is missing; resolves when all serve. */
  async function complete(): Promise<void> {
    while (living().length < size) {
      const service = await start();
      if (!service.isAlive()) throw new Error(`Stars did not start:\n${service.log(3_000)}`);
    }
  }

  /** Starts one that is to die while it starts; whether it did. */
  async function startToDie(plan: DieAt): Promise<boolean> {
    const service = await start(plan);
    const died = !service.isAlive();
    service.dieAt({ at: 0, side: 'before' });
    return died;
  }

  async function start(dieAt?: DieAt): Promise<Service> {
    const service = startService({ name: `stars-${(started += 1)}`, folder: world.folder, env: world.env, dieAt });
    services.push(service);
    await service.ready;
    return service;
  }

  /** The last of what each has logged. */
  function log(chars: number): string {
    return services.map((service) => `--- ${service.name}\n${service.log(chars)}`).join('\n');
  }

  async function kill(): Promise<void> {
    for (const service of services) service.kill();
    await Promise.all(services.map(({ dead }) => dead));
  }

  return { living, complete, startToDie, log, kill };
}
