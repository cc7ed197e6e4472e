import { ShellExit } from '../state.js';
import type { Builtin } from './builtin.js';

export const breakLoop: Builtin = (shell, args) => leaveLoop(shell, args, 'break');
export const continueLoop: Builtin = (shell, args) => leaveLoop(shell, args, 'continue');

async function leaveLoop(shell: Parameters<Builtin>[0], args: string[], kind: 'break' | 'continue'): Promise<number> {
  const { state } = shell;
  const levels = Number(args[0] ?? 1);
  if (!Number.isInteger(levels) || levels < 1) {
    await shell.complain(`${kind}: ${args[0]}: loop count out of range`);
    return 1;
  }
  if (state.loopDepth === 0) return 0;
  state.jump = { kind, levels: Math.min(levels, state.loopDepth) };
  return 0;
}

export const returnFrom: Builtin = async (shell, args) => {
  const { state } = shell;
  const status = statusOf(args[0]) ?? state.status;
  if (args[0] !== undefined && statusOf(args[0]) === undefined) {
    await shell.complain(`return: ${args[0]}: numeric argument required`);
    return 2;
  }
  if (state.callDepth === 0 && state.sourceDepth === 0) {
    await shell.complain("return: can only `return' from a function or sourced script");
    return 1;
  }
  state.jump = { kind: 'return' };
  return status;
};

export const exit: Builtin = async (shell, args) => {
  const status = args[0] === undefined ? shell.state.status : statusOf(args[0]);
  if (status === undefined) {
    await shell.complain(`exit: ${args[0]}: numeric argument required`);
    throw new ShellExit(2);
  }
  throw new ShellExit(status);
};

export const shift: Builtin = async (shell, args) => {
  const count = Number(args[0] ?? 1);
  if (!Number.isInteger(count) || count < 0) {
    await shell.complain(`shift: ${args[0]}: numeric argument required`);
    throw new ShellExit(1);
  }
  if (count > shell.state.params.length) return 1;
  shell.state.params = shell.state.params.slice(count);
  return 0;
};

function statusOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) & 255 : undefined;
}
