import type { Become, Connection, ExecResult } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import { type Answers, createAnswers, type Touched } from './answers.js';
import { joinQuestions, type Question } from './joint-questions.js';
import { requireBasics } from './missing-program.js';
import type { Fact } from './module.js';

/** What is asked of a host, through one connection that is opened when first needed. */
export type HostSession = {
  connection(): Promise<Connection>;
  /** The answer of a fact, as it was read since the last change on the host that may have changed it. */
  fact<T>(fact: Fact<T>, become: Become | undefined, signal: AbortSignal): Promise<T>;
  /** Asks for what is needed now and for what later tasks will need, in one round trip; failures show when the answers are used. */
  prefetch(questions: readonly Question[], signal: AbortSignal): void;
  known(question: Question): boolean;
  /** How many tasks to look ahead: few after a difference, since the next one would make answers vain, more as long as there is none. */
  foresight(): Foresight;
  /** The host was not as a task wants it: the next tasks are likely to find differences too. */
  differs(touched: Touched | undefined): void;
  /** These paths as a change that leaves other answers as they are; undefined when that cannot be told. */
  bounds(paths: readonly string[] | undefined, become: Become | undefined): Touched | undefined;
  /** Something on the host changes or may have changed: forgets the answers that it concerns, all of them when that is not known. */
  forget(touched?: Touched): void;
  /** The same for a change on another host. */
  forgetShared(touched: Touched | undefined): void;
  /** Ends the connection; the next question opens a new one. */
  close(): Promise<void>;
};

/** In tasks: for any question, and for those whose answers may outlive a change elsewhere. */
export type Foresight = { any: number; lasting: number };

const FACT_TIMEOUT_MS = 120_000;
export const FARTHEST_SIGHT = 40;
const MOST_TOGETHER = 100;

export function createHostSession(connect: () => Promise<Connection>): HostSession {
  let opened: Promise<Connection> | undefined;
  const users = new Map<string, Answers>();
  let sight: Foresight = { any: FARTHEST_SIGHT, lasting: FARTHEST_SIGHT };

  function connection(): Promise<Connection> {
    opened ??= connect();
    return opened;
  }

  function answersFor(become: Become | undefined): Answers {
    const user = userOf(become);
    const answers = users.get(user) ?? createAnswers();
    users.set(user, answers);
    return answers;
  }

  function ask(question: Question, signal: AbortSignal): Promise<ExecResult> {
    const answers = answersFor(question.become);
    const known = answers.get(question.script);
    if (known) return known;
    const answer = run(question, signal);
    answers.set(question, answer);
    return answer;
  }

  async function run({ script, become }: Question, signal: AbortSignal): Promise<ExecResult> {
    return (await connection()).exec(script, { become, signal, timeoutMs: FACT_TIMEOUT_MS });
  }

  /** The questions of one user, in one script: what it leaves unanswered is asked alone. */
  function askTogether(questions: readonly Question[], signal: AbortSignal): void {
    const [first] = questions;
    if (!first) return;
    const { become } = first;
    const answers = answersFor(become);
    const ground = answers.groundOf(questions);
    if (questions.length === 1 && !ground) return void ask(first, signal);
    const groundQuestion = ground && { script: ground.script, become };
    const joint = joinQuestions([...questions, ...(groundQuestion ? [groundQuestion] : [])]);
    const told = run({ script: joint.script, become }, signal).then(joint.answers, oneByOne);
    if (ground)
      void told.then(
        (found) => ground.learn(groundQuestion && found.get(groundQuestion)),
        () => undefined,
      );
    for (const question of questions)
      answers.set(
        question,
        told.then((found) => found.get(question) ?? run(question, signal)),
      );
  }

  async function close(): Promise<void> {
    const closing = opened;
    opened = undefined;
    users.clear();
    // A connection that never opened has nothing to close, and its error was told where it was needed.
    await closing?.then(
      (host) => host.close(),
      () => undefined,
    );
  }

  const known = ({ script, become }: Question) => answersFor(become).get(script) !== undefined;

  return {
    connection,
    async fact(fact, become, signal) {
      const answer = await ask({ ...fact, become }, signal);
      requireBasics(answer);
      return fact.parse(answer);
    },
    prefetch: (questions, signal) => {
      for (const batch of batchesOf(questions.filter((question) => !known(question)))) askTogether(batch, signal);
      sight = { any: farther(sight.any), lasting: farther(sight.lasting) };
    },
    known,
    foresight: () => sight,
    differs: (touched) => {
      sight = { any: 0, lasting: touched ? sight.lasting : 0 };
    },
    bounds: (paths, become) => answersFor(become).bounds(paths),
    forget(touched) {
      for (const answers of users.values()) answers.forget(touched);
    },
    forgetShared(touched) {
      for (const answers of users.values()) answers.forgetShared(touched);
    },
    close,
  };
}

function farther(tasks: number): number {
  return Math.min(FARTHEST_SIGHT, Math.max(1, tasks * 2));
}

/** One question that takes too long must not cost the answers of the others. */
function oneByOne(error: unknown): ReadonlyMap<Question, ExecResult> {
  if (error instanceof StarsError && error.code === 'TIMEOUT') return new Map();
  throw error;
}

/** Different questions, in batches of one user and bounded size. */
function batchesOf(questions: readonly Question[]): Question[][] {
  const users = new Map<string, Map<string, Question>>();
  for (const question of questions) {
    const user = userOf(question.become);
    const own = users.get(user) ?? new Map<string, Question>();
    users.set(user, own.set(question.script, question));
  }
  return [...users.values()].flatMap((own) => {
    const all = [...own.values()];
    return Array.from({ length: Math.ceil(all.length / MOST_TOGETHER) }, (_, index) =>
      all.slice(index * MOST_TOGETHER, (index + 1) * MOST_TOGETHER),
    );
  });
}

function userOf(become: Become | undefined): string {
  return become ? `${become.method}:${become.user}:${become.flags ?? ''}:${become.exe ?? ''}` : '';
}
