import { asStarsError, StarsError } from '../errors.js';
import { becomeOf } from './become.js';
import type { HostRun } from './host-run.js';
import type { Fact } from './module.js';
import { templarFor } from './variables.js';
import { createWorld, type WorldOptions } from './world.js';

export type Asked<T> = {
  /** Patterns of the inventory. */
  hosts: string | readonly string[];
  /** A script that only reads, and what it tells. */
  fact: Pick<Fact<T>, 'script' | 'parse'>;
  /** As root, where the host lets us. */
  become?: boolean;
  /** For all of it, connecting included. */
  timeoutMs: number;
};

export type HostAnswer<T> = { host: string; told: T } | { host: string; error: StarsError };

/** Rejects with UNKNOWN_HOST_PATTERN, CANCELLED, or for a mistake in the inventory. */
export async function askHosts<T>(options: WorldOptions, asked: Asked<T>): Promise<HostAnswer<T>[]> {
  const deadline = new AbortController();
  const stopTimer = options.clock.after(asked.timeoutMs, () => deadline.abort());
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  const inventory = await options.inventory(options.stackFolder);
  const hosts = new Map<string, HostRun>();
  const { world } = createWorld(
    { ...options, signal },
    { check: true },
    {
      inventory,
      playbookFolder: options.stackFolder,
      hosts,
      deprecated: () => undefined,
      onRead: () => undefined,
    },
  );

  async function askOne(name: string): Promise<HostAnswer<T>> {
    try {
      return { host: name, told: await tellOf(name) };
    } catch (thrown) {
      options.signal.throwIfAborted();
      const error = deadline.signal.aborted ? tooSlow(name, asked.timeoutMs) : asStarsError(thrown);
      return { host: name, error };
    }
  }

  async function tellOf(name: string): Promise<T> {
    const host = world.hostRun(name);
    if (!host) throw new StarsError('UNKNOWN_HOST_PATTERN', `${name} is not in the inventory any more.`);
    const templar = templarFor(world, undefined, host);
    const become = asked.become
      ? becomeOf(
          (keyword) => (keyword === 'become' ? true : undefined),
          (variable) => templar.variable(variable),
        )
      : undefined;
    return host.session({ onlyReads: true }).fact({ ...asked.fact, together: undefined }, become, signal);
  }

  try {
    return await Promise.all(inventory.requireHosts(asked.hosts).map(askOne));
  } finally {
    stopTimer();
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
}

function tooSlow(host: string, timeoutMs: number): StarsError {
  return new StarsError('TIMEOUT', `${host}: gave no answer within ${timeoutMs / 1000} s.`, {
    hint: `See whether it can be reached: ssh ${host}`,
  });
}
