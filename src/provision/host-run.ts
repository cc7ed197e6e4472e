import type { Connection } from '../connection/connection.js';
import type { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { HostRecap } from '../model/run.js';
import { emptyRecap } from '../model/run-view.js';
import type { Touched } from './answers.js';
import { createHostSession, type HostSession } from './host-session.js';
import { pythonJson, pythonText } from './python-text.js';
import { createUnitFiles, type UnitFiles } from './unit-files.js';

/** `failed` and `unreachable` hosts take no further part; `ended` ones left the play by meta: end_host. */
export type HostStatus = 'active' | 'failed' | 'unreachable' | 'ended';

/** How a play or task wants its hosts reached, where their variables do not say. */
export type Reach = {
  connection?: string;
  user?: string;
  port?: string;
  /** Variables of connections that plays, roles, tasks or set_fact say over the inventory; they count more than these words. */
  variables?: Dict;
  /** Nothing is changed there, so that the host need not be locked. */
  onlyReads?: true;
};

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
  /** Another run had the host, or one that a task was delegated to. */
  locked: boolean;
  /** It was reached ahead of its first task, and why it is not to be tried again. */
  reached: boolean;
  lockedOut: StarsError | undefined;
  recap: HostRecap;
  readonly unitFiles: UnitFiles;
  session(reach: Reach): HostSession;
  /** Something may have changed on this host: what it concerns of what was read before counts no more, all of it when that is not known. */
  forget(touched?: Touched): void;
  /** The same for a change on another host. */
  forgetShared(touched: Touched | undefined): void;
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
    locked: false,
    reached: false,
    lockedOut: undefined,
    recap: emptyRecap(),
    unitFiles: createUnitFiles(),
    session(reach) {
      const key = keyOf(reach);
      const session = sessions.get(key) ?? createHostSession(() => connect(host, reach));
      sessions.set(key, session);
      return session;
    },
    forget(touched) {
      for (const session of sessions.values()) session.forget(touched);
    },
    forgetShared(touched) {
      for (const session of sessions.values()) session.forgetShared(touched);
    },
    async close() {
      // One after another: the last one takes the host's lock away.
      for (const session of sessions.values()) await session.close().catch(() => undefined);
    },
  };
  return host;
}

/** The same for ways to reach a host that lead to one connection. */
function keyOf({ connection, user, port, onlyReads, variables = new Map() }: Reach): string {
  return pythonJson([connection, user, port, onlyReads, ...[...variables].flat()]);
}

/** Facts that a module found: each as a variable and, without its prefix, in `ansible_facts`. */
export function addFacts({ facts }: HostRun, found: Dict): void {
  const known = facts.get('ansible_facts');
  const all: Dict = new Map(known instanceof Map ? known : []);
  for (const [name, value] of found) {
    facts.set(name, value);
    // The one fact that keeps its prefix.
    all.set(name === 'ansible_local' ? name : pythonText(name).replace(/^ansible_/, ''), value);
  }
  facts.set('ansible_facts', all);
}

export function clearFacts({ facts }: HostRun): void {
  facts.clear();
  facts.set('ansible_facts', new Map());
}
