import { quote, type ShellCommand } from '../../shell/command.js';
import type { Action, Fact, ModuleContext } from '../module.js';

/** Shell lines that set the task's environment; `export` is a builtin, so values stay out of process arguments. */
export function exported({ environment }: Pick<ModuleContext, 'environment'>): string {
  return [...environment]
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `export ${name}=${value === '' ? "''" : quote(value)}\n`)
    .join('');
}

type Environment = Pick<ModuleContext, 'environment'>;

/** The fact as it is read with the task's environment: with its PATH, other programs may answer. */
export function factWithin<T>(context: Environment, { script, parse }: Fact<T>): Fact<T> {
  return { script: exported(context) + script, parse };
}

/** Runs a command with the task's environment. */
export function runWithin(context: Environment, { text }: ShellCommand): Action {
  return { kind: 'run', command: { text: exported(context) + text } };
}
