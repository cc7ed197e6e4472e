import type { Connection } from '../connection/connection.js';
import type { Dict, Value } from '../jinja/value.js';
import type { HostRecap } from '../model/run.js';
import { emptyRecap } from '../model/run-view.js';
import { createHostSession, type HostSession } from './host-session.js';
import { pythonText } from './python-text.js';

/** `failed` and `unreachable` hosts take no further part; `ended` ones left the play by meta: end_host. */
export type HostStatus = 'active' | 'failed' | 'unreachable' | 'ended';

/** How a play or task wants its hosts reached, where their variables do not say. */
export type Reach = { connection?: string; user?: string; port?: string };

/** One host during a run: its variables, what it has been told, and how it fares. */
export type HostRun = {
  readonly name: string;
  /** From the inventory, group_vars and host_vars. */
  readonly inventoryVars: Dict;
  readonly facts: Dict;
  readonly includedVars: Dict;
  /** Facts that tasks set, and registered results. */
  readonly setFacts: Dict;
  status: HostStatus;
  recap: HostRecap;
  session(reach: Reach): HostSession;
  /** Something may have changed on this host: what was read before counts no more. */
  forget(): void;
  close(): Promise<void>;
};

export function createHostRun(
  name: string,
  inventoryVars: Dict,
  connect: (host: HostRun, reach: Reach) => Promise<Connection>,
): HostRun {
  const sessions = new Map<string, HostSession>();
  const host: HostRun = {
    name,
    inventoryVars,
    facts: new Map<Value, Value>([['ansible_facts', new Map()]]),
    includedVars: new Map(),
    setFacts: new Map(),
    status: 'active',
    recap: emptyRecap(),
    session(reach) {
      const key = JSON.stringify([reach.connection, reach.user, reach.port]);
      const session = sessions.get(key) ?? createHostSession(() => connect(host, reach));
      sessions.set(key, session);
      return session;
    },
    forget() {
      for (const session of sessions.values()) session.forget();
    },
    async close() {
      await Promise.allSettled([...sessions.values()].map((session) => session.close()));
    },
  };
  return host;
}

/** Facts that a module found: each as a variable and, without its prefix, in `ansible_facts`. */
export function addFacts({ facts }: HostRun, found: Dict): void {
  const known = facts.get('ansible_facts');
  const all: Dict = new Map(known instanceof Map ? known : []);
  for (const [name, value] of found) {
    facts.set(name, value);
    all.set(pythonText(name).replace(/^ansible_/, ''), value);
  }
  facts.set('ansible_facts', all);
}

export function clearFacts({ facts }: HostRun): void {
  facts.clear();
  facts.set('ansible_facts', new Map());
}
