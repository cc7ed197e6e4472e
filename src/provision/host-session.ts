import type { Become, Connection, ExecResult } from '../connection/connection.js';
import type { Fact } from './module.js';

export type Question = { script: string; become: Become | undefined };

/** What is asked of a host, through one connection that is opened when first needed. */
export type HostSession = {
  connection(): Promise<Connection>;
  /** The answer of a fact, as it was read since the last change on the host. */
  fact<T>(fact: Fact<T>, become: Become | undefined, signal: AbortSignal): Promise<T>;
  /** Asks for facts that later tasks will need, in the same round trip as what is asked next; failures show when they are used. */
  prefetch(questions: readonly Question[], signal: AbortSignal): void;
  known(question: Question): boolean;
  /** How many tasks to look ahead: few after a change, since the next one would make that vain, more as long as nothing changes. */
  foresight(): number;
  /** Forgets all answers: something on the host changes or may have changed. */
  forget(): void;
  /** Ends the connection; the next question opens a new one. */
  close(): Promise<void>;
};

const FACT_TIMEOUT_MS = 120_000;
const FARTHEST_SIGHT = 20;

export function createHostSession(connect: () => Promise<Connection>): HostSession {
  let opened: Promise<Connection> | undefined;
  let answers = new Map<string, Promise<ExecResult>>();
  let sight = FARTHEST_SIGHT;

  function connection(): Promise<Connection> {
    opened ??= connect();
    return opened;
  }

  function ask(question: Question, signal: AbortSignal): Promise<ExecResult> {
    const key = keyOf(question);
    const known = answers.get(key);
    if (known) return known;
    const { script, become } = question;
    const answer = connection().then((host) => host.exec(script, { become, signal, timeoutMs: FACT_TIMEOUT_MS }));
    const asked = answers;
    // The failure belongs to whoever asks for this fact, which may be much later or nobody.
    answer.catch(() => asked.delete(key));
    answers.set(key, answer);
    return answer;
  }

  async function close(): Promise<void> {
    const closing = opened;
    opened = undefined;
    answers = new Map();
    // A connection that never opened has nothing to close, and its error was told where it was needed.
    await closing?.then(
      (host) => host.close(),
      () => undefined,
    );
  }

  return {
    connection,
    fact: async (fact, become, signal) => fact.parse(await ask({ script: fact.script, become }, signal)),
    prefetch: (questions, signal) => {
      for (const question of questions) void ask(question, signal);
      sight = Math.min(FARTHEST_SIGHT, Math.max(1, sight * 2));
    },
    known: (question) => answers.has(keyOf(question)),
    foresight: () => sight,
    forget: () => {
      if (answers.size > 0) sight = 0;
      answers = new Map();
    },
    close,
  };
}

function keyOf({ script, become }: Question): string {
  return `${become ? `${become.method}:${become.user}:${become.flags ?? ''}` : ''}\n${script}`;
}
