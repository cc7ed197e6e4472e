import type { Process } from '../kernel/process.js';
import type { Command, List, Redirect } from './ast.js';
import type { Expansion } from './expansion.js';
import type { Redirected } from './redirects.js';
import type { ShellState } from './state.js';

/** A shell at work, as builtins and simple commands see it. */
export type Shell = {
  readonly state: ShellState;
  readonly expansion: Expansion;
  readonly proc: Process;
  /** A line on standard error with the shell's name and the line number. */
  complain(message: string): Promise<void>;
  run(command: Command): Promise<number>;
  runList(list: List): Promise<number>;
  /** The last command of a process: a program takes its place instead of becoming its child. */
  runInPlace(command: Command): Promise<number>;
  /** Makes redirections; undefined after a complaint when one fails. */
  redirect(redirects: readonly Redirect[]): Promise<Redirected | undefined>;
  /** A subshell that is under way. */
  subshell(body: (child: Shell) => Promise<unknown>): Process;
  waitFor(child: Process): Promise<number>;
  /** Repeats a wait that trapped signals break off, running their actions in between. */
  patiently<T>(wait: () => Promise<T>): Promise<T>;
};
