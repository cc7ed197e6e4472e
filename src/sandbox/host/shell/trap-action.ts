import type { Shell } from './shell.js';
import { parseAll, ShellParser } from './parser.js';
import { ShellSyntaxError } from './word-parser.js';

/** Runs a trap's text; afterwards `$?` is what it was before. */
export async function runTrapAction(interpreter: Shell, action: string): Promise<void> {
  const { state } = interpreter;
  const { status } = state;
  try {
    await interpreter.runList(parseAll(new ShellParser(), action));
  } catch (thrown) {
    if (!(thrown instanceof ShellSyntaxError)) throw thrown;
    await interpreter.complain(thrown.message);
  }
  state.status = status;
}
