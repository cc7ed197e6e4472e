import type { Become, ExecResult } from '../connection/connection.js';
import { createNonce } from '../connection/frame.js';
import type { Fact, FactKind } from './module.js';

/** A fact's script, who reads it, and how it may be read with others. */
export type Question = Pick<Fact<unknown>, 'script' | 'together' | 'about'> & { become: Become | undefined };

type Answers = ReadonlyMap<Question, ExecResult>;
type Part = { script: string; read(result: ExecResult): Answers; ofKind?: true };

/** One script for many questions, and what its output says to each of them. */
export type JointQuestion = { script: string; answers(result: ExecResult): Answers };

/**
 * Puts questions together into one script: those of one kind become few processes, the others follow one after another.
 * A question that the output leaves out (the shell ended early, too much was printed) has to be asked alone.
 */
export function joinQuestions(questions: readonly Question[]): JointQuestion {
  const mark = createNonce();
  const parts = partsOf(questions);
  const end = `printf '\\n${mark} %s\\n' "$?";printf '\\n${mark}\\n' >&2`;
  return {
    script: parts.map((part, index) => `\n${alone(part, index === parts.length - 1)}\n${end}`).join(''),
    answers: (result) => new Map(parts.flatMap((part, index) => readPart(part, result, mark, index))),
  };
}

/**
 * In a subshell, so that nothing it does reaches those after it; on a line of its own, since "((" would be arithmetic. A fork less where nothing
 * comes after it that could be reached; not for questions of other kinds, which may `exit`.
 */
function alone({ script, ofKind }: Part, isLast: boolean): string {
  return isLast && ofKind ? script : `(:\n${script}\n)`;
}

function partsOf(questions: readonly Question[]): Part[] {
  const kinds = new Map<FactKind, Question[]>();
  const others: Part[] = [];
  for (const question of questions) {
    const kind = question.together?.kind;
    if (kind) kinds.set(kind, [...(kinds.get(kind) ?? []), question]);
    else others.push(otherKind(question));
  }
  return [...others, ...[...kinds].map(([kind, members]) => oneKind(kind, members))];
}

function otherKind(question: Question): Part {
  return { script: question.script, read: (result) => new Map([[question, result]]) };
}

function oneKind(kind: FactKind, questions: readonly Question[]): Part {
  const subjects = questions.map(({ together }) => together?.subject ?? '');
  return {
    ofKind: true,
    script: kind.script(subjects),
    read({ stdout, stderr }) {
      const answers = kind.answers(stdout, subjects);
      return new Map(questions.flatMap((question, index) => answered(question, answers[index], stderr)));
    },
  };
}

function answered(question: Question, stdout: string | undefined, stderr: string): [Question, ExecResult][] {
  return stdout === undefined ? [] : [[question, { code: 0, stdout, stderr, truncated: false }]];
}

function readPart(part: Part, result: ExecResult, mark: string, index: number): [Question, ExecResult][] {
  // Where something was left out of the middle, two answers may have run together.
  if (result.truncated) return [];
  const outputs = result.stdout.split(`\n${mark} `);
  const complaints = result.stderr.split(`\n${mark}\n`);
  const [next, stderr] = [outputs[index + 1], complaints[index]];
  if (next === undefined || stderr === undefined) return [];
  const stdout = index === 0 ? outputs[0] : afterFirstLine(outputs[index]);
  return [...part.read({ code: Number.parseInt(next, 10), stdout: stdout ?? '', stderr, truncated: false })];
}

function afterFirstLine(text: string | undefined): string | undefined {
  return text?.slice(text.indexOf('\n') + 1);
}
