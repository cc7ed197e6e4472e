import { readLine } from '../kernel/io.js';
import type { OpenFile } from '../kernel/open-file.js';
import type { Shell } from './shell.js';
import { ShellParser } from './parser.js';
import { ShellExit } from './state.js';
import { ShellSyntaxError } from './word-parser.js';
import type { List } from './ast.js';

/** Hands out a script piece by piece; undefined at its end. */
export type Source = () => Promise<string | undefined>;

export function textSource(text: string): Source {
  let rest: string | undefined = text;
  return async () => {
    const piece = rest;
    rest = undefined;
    return piece;
  };
}

/** A script that arrives line by line, so that commands may read what comes after their own line. */
export function fileSource(shell: Shell, file: OpenFile): Source {
  return async () => {
    const line = await shell.patiently(() => readLine(shell.proc, file));
    return line === '' ? undefined : line;
  };
}

export type SourceOptions = {
  /** The last command of the whole script may take the shell's place. */
  replaceShell?: boolean;
  /** Every command gets the whole budget of steps: for scripts that arrive over a connection. */
  renewSteps?: boolean;
};

/** Runs each complete command as soon as it is there. A syntax error ends the shell with status 2. */
export async function runSource(
  shell: Shell,
  source: Source,
  { replaceShell = false, renewSteps = false }: SourceOptions = {},
): Promise<number> {
  const { state } = shell;
  const parser = new ShellParser();
  let ended = false;
  for (;;) {
    const list = await nextCommand(shell, parser, source, () => {
      ended = true;
    });
    if (!list) break;
    if (renewSteps) shell.proc.budget.renew();
    const [only] = list;
    if (replaceShell && list.length === 1 && only && !only.background && (ended || parser.isAtEnd()))
      await shell.runInPlace(only.command);
    else await shell.runList(list);
    if (state.jump) break;
  }
  return state.status;
}

async function nextCommand(
  shell: Shell,
  parser: ShellParser,
  source: Source,
  end: () => void,
): Promise<List | undefined> {
  try {
    const parsing = parser.completeCommand();
    let step = parsing.next();
    while (!step.done) {
      const piece = await source();
      if (piece === undefined) end();
      else if (shell.state.options.verbose) await shell.complain(piece.trimEnd());
      step = parsing.next(piece);
    }
    return step.value;
  } catch (thrown) {
    if (!(thrown instanceof ShellSyntaxError)) throw thrown;
    shell.state.line = thrown.line;
    await shell.complain(
      thrown.message.startsWith('syntax error') ? thrown.message : `syntax error: ${thrown.message}`,
    );
    throw new ShellExit(2);
  }
}
