import type { ExecResult } from '../connection/connection.js';
import { createNonce } from '../connection/frame.js';
import { quote, type ShellCommand } from '../shell/command.js';

/** One script for several commands, and what each of those that ran came to. */
export type JointAction = { script: string; results(result: ExecResult): ExecResult[] };

/** Puts commands into one script that ends with the first that fails, each in a shell of its own. */
export function joinActions(commands: readonly ShellCommand[]): JointAction {
  const last = commands.at(-1)?.text ?? ':';
  if (commands.length < 2) return { script: last, results: (result) => [result] };
  const mark = createNonce();
  const before = commands.slice(0, -1).map(({ text }, index) => {
    const end = `printf '${mark} ${index}\\n';printf '${mark} ${index}\\n' >&2`;
    return `(eval ${quote(text)})||exit\n${end}\n`;
  });
  return {
    script: `${before.join('')}eval ${quote(last)}`,
    results: (result) => resultsOf(result, mark, before.length),
  };
}

/** Those before the last mark succeeded; the one behind it is the last that ran. */
function resultsOf({ code, stdout, stderr, truncated }: ExecResult, mark: string, marks: number): ExecResult[] {
  const outputs = pieces(stdout, mark);
  const complaints = pieces(stderr, mark);
  // A mark may have been left out of the middle of much output, but hardly out of both.
  const reached = code === 0 ? marks : Math.max(lastOf(outputs), lastOf(complaints));
  return Array.from({ length: reached + 1 }, (_, index) => ({
    code: index === reached ? code : 0,
    stdout: outputs.get(index === reached ? LAST : index) ?? '',
    stderr: complaints.get(index === reached ? LAST : index) ?? '',
    truncated,
  }));
}

const LAST = -1;

/** What stands before each mark, by its number, and behind the last. */
function pieces(text: string, mark: string): Map<number, string> {
  const [first = '', ...others] = text.split(`${mark} `);
  const found = new Map<number, string>();
  let rest = first;
  for (const other of others) {
    const end = other.indexOf('\n');
    found.set(Number(other.slice(0, end)), rest);
    rest = other.slice(end + 1);
  }
  return found.set(LAST, rest);
}

function lastOf(found: ReadonlyMap<number, string>): number {
  return Math.max(...found.keys()) + 1;
}
