import { print } from '../../kernel/io.js';
import { signalName, signalNumber } from '../../kernel/signals.js';
import type { Shell } from '../shell.js';
import type { Builtin } from './builtin.js';

export const trap: Builtin = async (shell, args) => {
  const operands = args[0] === '--' ? args.slice(1) : args;
  const [first] = operands;
  if (first === undefined || first === '-p') {
    for (const [name, action] of shell.state.traps) {
      await print(shell.proc, `trap -- '${action.replaceAll("'", `'\\''`)}' ${name}\n`);
    }
    return 0;
  }
  const resetOnly = operands.length === 1 || /^\d+$/.test(first);
  const action = resetOnly || first === '-' ? undefined : first;
  let status = 0;
  for (const text of resetOnly ? operands : operands.slice(1)) {
    if (!setTrap(shell, text, action)) {
      await shell.complain(`trap: ${text}: invalid signal specification`);
      status = 1;
    }
  }
  return status;
};

function setTrap({ state, proc }: Shell, text: string, action: string | undefined): boolean {
  const exit = text === '0' || text.toUpperCase() === 'EXIT';
  const number = signalNumber(text);
  const name = exit ? 'EXIT' : number === undefined ? undefined : signalName(number);
  if (!name) return false;
  if (action === undefined) state.traps.delete(name);
  else state.traps.set(name, action);
  if (number !== undefined && !exit) {
    if (action === '') proc.ignored.add(number);
    else proc.ignored.delete(number);
  }
  return true;
}
