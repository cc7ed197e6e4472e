import { print } from '../../kernel/io.js';
import type { Shell } from '../shell.js';
import type { Builtin } from './builtin.js';
import { quoted } from './set.js';

export const exportVariables: Builtin = async (shell, args) => {
  const remove = args[0] === '-n';
  return declare(shell, 'export', remove ? args.slice(1) : args, (name) => {
    if (!remove) return shell.state.export(name);
    const variable = shell.state.variables.get(name);
    if (variable) variable.exported = false;
  });
};

export const makeReadOnly: Builtin = (shell, args) =>
  declare(shell, 'readonly', args, (name) => {
    const variable = shell.state.variables.get(name) ?? { value: undefined, exported: false, readOnly: true };
    variable.readOnly = true;
    shell.state.variables.set(name, variable);
  });

async function declare(
  shell: Shell,
  command: 'export' | 'readonly',
  args: string[],
  mark: (name: string) => void,
): Promise<number> {
  const { state, proc } = shell;
  const operands = args.filter((arg) => arg !== '-p' && arg !== '--');
  if (operands.length === 0) {
    for (const [name, { value, exported, readOnly }] of [...state.variables].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (command === 'export' ? exported : readOnly)
        await print(proc, `${command} ${name}${value === undefined ? '' : `=${quoted(value)}`}\n`);
    }
    return 0;
  }
  for (const operand of operands) {
    const [name, value] = split(operand);
    if (!isName(name)) {
      await shell.complain(`${command}: \`${operand}': not a valid identifier`);
      return 1;
    }
    if (value !== undefined) state.set(name, value);
    mark(name);
  }
  return 0;
}

export const local: Builtin = async (shell, args, command) => {
  const { state } = shell;
  const frame = state.locals.at(-1);
  if (!frame && command === 'local') {
    await shell.complain('local: can only be used in a function');
    return 1;
  }
  for (const operand of args.filter((arg) => !arg.startsWith('-'))) {
    const [name, value] = split(operand);
    if (!isName(name)) {
      await shell.complain(`${command}: \`${operand}': not a valid identifier`);
      return 1;
    }
    if (frame && !frame.has(name)) {
      const outer = state.variables.get(name);
      frame.set(name, outer);
      state.variables.set(name, { value: undefined, exported: outer?.exported ?? false, readOnly: false });
    }
    if (value !== undefined) state.set(name, value);
    if (args.includes('-x')) state.export(name);
  }
  return 0;
};

export const unset: Builtin = async ({ state }, args) => {
  const functions = args[0] === '-f';
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    if (functions || (args[0] !== '-v' && !state.variables.has(name))) state.functions.delete(name);
    if (!functions) state.unset(name);
  }
  return 0;
};

function split(operand: string): [string, string | undefined] {
  const equals = operand.indexOf('=');
  return equals < 0 ? [operand, undefined] : [operand.slice(0, equals), operand.slice(equals + 1)];
}

function isName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text);
}
