import type { Kernel } from '../kernel/kernel.js';
import type { Process } from '../kernel/process.js';
import type { Command } from './ast.js';

export type Variable = { value: string | undefined; exported: boolean; readOnly: boolean };

export type Options = {
  errexit: boolean;
  nounset: boolean;
  xtrace: boolean;
  noglob: boolean;
  noexec: boolean;
  verbose: boolean;
  noclobber: boolean;
  allexport: boolean;
  monitor: boolean;
  pipefail: boolean;
};

export const OPTION_LETTERS: Record<string, keyof Options> = {
  e: 'errexit',
  u: 'nounset',
  x: 'xtrace',
  f: 'noglob',
  n: 'noexec',
  v: 'verbose',
  C: 'noclobber',
  a: 'allexport',
  m: 'monitor',
};

/** A jump out of loops or functions that is under way. */
export type Jump = { kind: 'break' | 'continue'; levels: number } | { kind: 'return' };

/** The shell is to end with this status. */
export class ShellExit extends Error {
  constructor(readonly status: number) {
    super(`exit ${status}`);
  }
}

/** Something in an expansion or assignment that ends a non-interactive shell. */
export class ExpansionFailure extends Error {
  constructor(
    message: string,
    readonly status = 1,
  ) {
    super(message);
  }
}

export type Job = { number: number; process: Process; command: string; done: boolean };

const NO_OPTIONS: Options = {
  errexit: false,
  nounset: false,
  xtrace: false,
  noglob: false,
  noexec: false,
  verbose: false,
  noclobber: false,
  allexport: false,
  monitor: false,
  pipefail: false,
};

/** Everything a shell remembers between commands. */
export class ShellState {
  readonly variables = new Map<string, Variable>();
  readonly functions = new Map<string, Command>();
  options: Options = { ...NO_OPTIONS };
  params: string[] = [];
  name = 'sh';
  status = 0;
  line = 1;
  /** `$$` stays that of the main shell in subshells. */
  mainPid: number;
  lastBackground: number | undefined;
  /** Status of the last command substitution of the command at hand. */
  substitutionStatus: number | undefined;
  readonly traps = new Map<string, string>();
  readonly pendingSignals: number[] = [];
  jobs: Job[] = [];
  jump: Jump | undefined;
  loopDepth = 0;
  callDepth = 0;
  sourceDepth = 0;
  /** More than 0 where a failing command must not end a shell with `set -e`. */
  conditionDepth = 0;
  locals: Map<string, Variable | undefined>[] = [];
  getoptsAt = 1;
  isCommandString = false;

  constructor(
    readonly proc: Process,
    readonly kernel: Kernel,
  ) {
    this.mainPid = proc.pid;
    for (const [name, value] of proc.environment) {
      if (/^[A-Za-z_]\w*$/.test(name)) this.variables.set(name, { value, exported: true, readOnly: false });
    }
    this.variables.set('IFS', { value: ' \t\n', exported: false, readOnly: false });
    this.variables.set('OPTIND', { value: '1', exported: false, readOnly: false });
    this.set('PWD', proc.cwd);
    if (proc.parent) this.set('PPID', String(proc.parent.pid));
  }

  get(name: string): string | undefined {
    return this.variables.get(name)?.value;
  }

  set(name: string, value: string): void {
    const variable = this.variables.get(name);
    if (variable?.readOnly) throw new ExpansionFailure(`${name}: readonly variable`);
    if (variable) variable.value = value;
    else this.variables.set(name, { value, exported: false, readOnly: false });
    if (this.options.allexport) this.export(name);
    if (name === 'OPTIND') this.getoptsAt = 1;
  }

  export(name: string): void {
    const variable = this.variables.get(name);
    if (variable) variable.exported = true;
    else this.variables.set(name, { value: undefined, exported: true, readOnly: false });
  }

  unset(name: string): void {
    if (this.variables.get(name)?.readOnly) throw new ExpansionFailure(`${name}: cannot unset: readonly variable`);
    this.variables.delete(name);
  }

  /** What programs started from here get. */
  environment(): Map<string, string> {
    const environment = new Map<string, string>();
    for (const [name, { value, exported }] of this.variables)
      if (exported && value !== undefined) environment.set(name, value);
    return environment;
  }

  flags(): string {
    return Object.entries(OPTION_LETTERS)
      .filter(([, option]) => this.options[option])
      .map(([letter]) => letter)
      .join('');
  }

  /** The state a subshell starts with. */
  fork(proc: Process): ShellState {
    const child = new ShellState(proc, this.kernel);
    child.variables.clear();
    for (const [name, variable] of this.variables) child.variables.set(name, { ...variable });
    for (const [name, body] of this.functions) child.functions.set(name, body);
    for (const [name, action] of this.traps) if (action === '') child.traps.set(name, '');
    child.options = { ...this.options };
    child.params = [...this.params];
    child.name = this.name;
    child.status = this.status;
    child.line = this.line;
    child.mainPid = this.mainPid;
    child.lastBackground = this.lastBackground;
    child.loopDepth = this.loopDepth;
    child.callDepth = this.callDepth;
    child.sourceDepth = this.sourceDepth;
    child.conditionDepth = this.conditionDepth;
    child.locals = this.locals.map((frame) => new Map(frame));
    child.getoptsAt = this.getoptsAt;
    child.isCommandString = this.isCommandString;
    return child;
  }
}
