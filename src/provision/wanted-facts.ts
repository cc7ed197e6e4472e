import type { HostRun } from './host-run.js';
import { asStarsError } from '../errors.js';

/** Facts of hosts that a limit keeps out of the run, once a template looks at them through `hostvars`. */
export type WantedFacts = {
  /** A template asked for a fact of the host; counts when the host is out of the limit and its facts are not known. */
  ask(host: HostRun): void;
  /** Whether facts are to be gathered before what asked for them can be right. */
  any(): boolean;
  /** Gathers what is wanted, each host once a run; a host that cannot be asked has no facts, and a remark tells why. */
  gather(read: (host: HostRun) => Promise<unknown>): Promise<void>;
};

type Options = { outside(host: string): boolean; remark(message: string): void };

export function createWantedFacts({ outside, remark }: Options): WantedFacts {
  const wanted = new Set<HostRun>();
  const gathered = new Map<HostRun, Promise<void>>();

  function ask(host: HostRun): void {
    const facts = host.facts.get('ansible_facts');
    const known = facts instanceof Map && facts.size > 0;
    if (!known && !gathered.has(host) && outside(host.name)) wanted.add(host);
  }

  async function gather(read: (host: HostRun) => Promise<unknown>): Promise<void> {
    for (const host of wanted) gathered.set(host, gatherOne(host, read));
    wanted.clear();
    await Promise.all(gathered.values());
  }

  async function gatherOne(host: HostRun, read: (host: HostRun) => Promise<unknown>): Promise<void> {
    try {
      await read(host);
    } catch (thrown) {
      const { code, message } = asStarsError(thrown);
      if (code === 'CANCELLED') throw thrown;
      remark(`The facts of ${host.name}, which the limit leaves out, could not be gathered: ${message}`);
    }
  }

  return { ask, any: () => wanted.size > 0, gather };
}
