import { complain } from '../kernel/io.js';
import { Errno } from '../fs/errno.js';
import type { Assignment, Command } from './ast.js';
import { becomeProgram } from './become-program.js';
import { builtins, specialBuiltins } from './builtins/index.js';
import type { Builtin } from './builtins/builtin.js';
import type { Shell } from './shell.js';
import { ExpansionFailure, ShellExit } from './state.js';
import type { ShellState, Variable } from './state.js';

const MAX_CALLS = 400;

type Simple = Command & { kind: 'simple' };

/** Runs assignments, a function, a builtin or a program. With `inPlace` a program replaces the shell's own process. */
export async function runSimple(interpreter: Shell, command: Simple, inPlace: boolean): Promise<number> {
  const { state, expansion } = interpreter;
  state.line = command.line;
  state.substitutionStatus = undefined;
  const argv = await expansion.arguments(command.words);
  const [name] = argv;
  if (name === undefined) return assignOnly(interpreter, command);
  const special = specialBuiltins.get(name);
  if (special) return runSpecial(interpreter, command, special, argv);
  const body = state.functions.get(name);
  const builtin = builtins.get(name);
  if (!body && !builtin) return runProgram(interpreter, command, argv, inPlace);
  return withRedirects(interpreter, command, async () => {
    const restore = await assignForNow(interpreter, command.assignments);
    try {
      await trace(interpreter, argv);
      return body
        ? await callFunction(interpreter, body, argv)
        : await callBuiltin(interpreter, builtin as Builtin, argv);
    } finally {
      restore();
    }
  });
}

async function assignOnly(interpreter: Shell, command: Simple): Promise<number> {
  const { state } = interpreter;
  const redirected = await interpreter.redirect(command.redirects);
  if (!redirected) return 1;
  redirected.undo();
  for (const assignment of command.assignments) {
    const value = await assignedValue(interpreter, assignment);
    await trace(interpreter, [`${assignment.name}=${value}`]);
    state.set(assignment.name, value);
  }
  return state.substitutionStatus ?? 0;
}

async function assignedValue({ state, expansion }: Shell, { name, value, append }: Assignment): Promise<string> {
  const text = await expansion.text(value, true);
  return append ? (state.get(name) ?? '') + text : text;
}

async function runSpecial(interpreter: Shell, command: Simple, builtin: Builtin, argv: string[]): Promise<number> {
  const { state } = interpreter;
  const redirected = await interpreter.redirect(command.redirects);
  // A special builtin whose redirection fails ends a POSIX shell.
  if (!redirected) throw new ShellExit(1);
  // What `exec` redirects stays so.
  const keep = argv[0] === 'exec' && argv.length === 1;
  try {
    for (const assignment of command.assignments)
      state.set(assignment.name, await assignedValue(interpreter, assignment));
    await trace(interpreter, argv);
    return await callBuiltin(interpreter, builtin, argv);
  } finally {
    if (keep) redirected.keep();
    else redirected.undo();
  }
}

async function withRedirects(interpreter: Shell, command: Simple, body: () => Promise<number>): Promise<number> {
  if (command.redirects.length === 0) return body();
  const redirected = await interpreter.redirect(command.redirects);
  if (!redirected) return 1;
  try {
    return await body();
  } finally {
    redirected.undo();
  }
}

async function assignForNow(interpreter: Shell, assignments: readonly Assignment[]): Promise<() => void> {
  const { state } = interpreter;
  const before = new Map<string, Variable | undefined>();
  for (const assignment of assignments) {
    const old = state.variables.get(assignment.name);
    if (!before.has(assignment.name)) before.set(assignment.name, old && { ...old });
    state.set(assignment.name, await assignedValue(interpreter, assignment));
    state.export(assignment.name);
  }
  return () => restoreVariables(state, before);
}

function restoreVariables(state: ShellState, before: ReadonlyMap<string, Variable | undefined>): void {
  for (const [name, variable] of before) {
    if (variable) state.variables.set(name, variable);
    else state.variables.delete(name);
  }
}

async function callBuiltin(interpreter: Shell, builtin: Builtin, argv: string[]): Promise<number> {
  try {
    return await builtin(interpreter, argv.slice(1), argv[0] as string);
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    await interpreter.complain(
      `${argv[0]}: ${thrown.code === 'EPIPE' || thrown.code === 'EBADF' ? 'write error: ' : ''}${thrown.message}`,
    );
    return 1;
  }
}

/** Calls a shell function with its arguments as positional parameters. */
async function callFunction(interpreter: Shell, body: Command, argv: string[]): Promise<number> {
  const { state } = interpreter;
  if (state.callDepth >= MAX_CALLS)
    throw new ExpansionFailure(`${argv[0]}: maximum function nesting level exceeded (${MAX_CALLS})`);
  const { params, loopDepth } = state;
  state.params = argv.slice(1);
  state.callDepth++;
  state.loopDepth = 0;
  state.locals.push(new Map());
  try {
    const status = await interpreter.run(body);
    return state.jump?.kind === 'return' ? state.status : status;
  } finally {
    state.jump = undefined;
    restoreVariables(state, state.locals.pop() ?? new Map());
    state.callDepth--;
    state.loopDepth = loopDepth;
    state.params = params;
  }
}

async function runProgram(interpreter: Shell, command: Simple, argv: string[], inPlace: boolean): Promise<number> {
  const { state } = interpreter;
  if (inPlace) return execProgram(interpreter, command, argv);
  let child;
  try {
    child = interpreter.subshell((shell) => execProgram(shell, command, argv));
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    throw new ExpansionFailure(`fork: retry: ${thrown.message}`, 254);
  }
  const status = await interpreter.waitFor(child);
  state.substitutionStatus = undefined;
  return status;
}

/** The shell's process becomes the program. */
async function execProgram(shell: Shell, { assignments, redirects }: Simple, argv: string[]): Promise<number> {
  const { state } = shell;
  const redirected = await shell.redirect(redirects);
  if (!redirected) return (state.status = 1);
  redirected.keep();
  for (const assignment of assignments) {
    state.set(assignment.name, await assignedValue(shell, assignment));
    state.export(assignment.name);
  }
  await trace(shell, argv);
  return (state.status = await becomeProgram(shell, argv));
}

async function trace({ state, proc }: Shell, argv: readonly string[]): Promise<void> {
  if (!state.options.xtrace) return;
  await complain(proc, `${state.get('PS4') ?? '+ '}${argv.map(traced).join(' ')}`);
}

function traced(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
