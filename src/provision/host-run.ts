import type { Become, Connection, ExecResult } from '../connection/connection.js';
import type { Dict } from '../jinja/value.js';
import type { HostRecap } from '../model/run.js';
import { emptyRecap } from '../model/run-view.js';
import type { Fact } from './module.js';

/** `failed` and `unreachable` hosts take no further part; `ended` ones left the play by meta: end_host. */
export type HostStatus = 'active' | 'failed' | 'unreachable' | 'ended';

/** One host during a run: its variables, what it has been told, and how it fares. */
export type HostRun = {
  name: string;
  /** From the inventory, group_vars and host_vars. */
  inventoryVars: Dict;
  facts: Dict;
  includedVars: Dict;
  /** Facts that tasks set, and registered results. */
  setFacts: Dict;
  status: HostStatus;
  recap: HostRecap;
  notified: Set<string>;
  session: HostSession;
};

/** What is asked of a host, through one connection that is opened when first needed. */
export type HostSession = {
  connection(): Promise<Connection>;
  /** The answer of a fact, as it was read since the last change on the host. */
  fact<T>(fact: Fact<T>, become: Become | undefined, signal: AbortSignal): Promise<T>;
  /** Asks for facts that later tasks will need, in the same round trip as what is asked next; failures show when they are used. */
  prefetch(scripts: readonly { script: string; become: Become | undefined }[], signal: AbortSignal): void;
  known(script: string, become: Become | undefined): boolean;
  /** Forgets all facts: something on the host changes now. */
  changed(): void;
  close(): Promise<void>;
};

export function createHostRun(name: string, inventoryVars: Dict, connect: () => Promise<Connection>): HostRun {
  return {
    name,
    inventoryVars,
    facts: new Map(),
    includedVars: new Map(),
    setFacts: new Map(),
    status: 'active',
    recap: emptyRecap(),
    notified: new Set(),
    session: createHostSession(connect),
  };
}

export function createHostSession(connect: () => Promise<Connection>): HostSession {
  let opened: Promise<Connection> | undefined;
  let answers = new Map<string, Promise<ExecResult>>();

  function connection(): Promise<Connection> {
    opened ??= connect();
    return opened;
  }

  function ask(script: string, become: Become | undefined, signal: AbortSignal): Promise<ExecResult> {
    const key = keyOf(script, become);
    const known = answers.get(key);
    if (known) return known;
    const answer = connection().then((host) => host.exec(script, { become, signal, timeoutMs: 120_000 }));
    // The failure belongs to whoever asks for this fact, which may be much later or nobody.
    answer.catch(() => answers.delete(key));
    answers.set(key, answer);
    return answer;
  }

  return {
    connection,
    fact: async (fact, become, signal) => fact.parse(await ask(fact.script, become, signal)),
    prefetch: (scripts, signal) => {
      for (const { script, become } of scripts) void ask(script, become, signal);
    },
    known: (script, become) => answers.has(keyOf(script, become)),
    changed: () => {
      answers = new Map();
    },
    // A connection that never opened has nothing to close, and its error was told where it was needed.
    close: async () =>
      opened?.then(
        (host) => host.close(),
        () => undefined,
      ),
  };
}

function keyOf(script: string, become: Become | undefined): string {
  return `${become ? `${become.method}:${become.user}` : ''}\n${script}`;
}
