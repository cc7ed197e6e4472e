import { print } from '../../kernel/io.js';
import { OPTION_LETTERS } from '../state.js';
import type { Options, ShellState } from '../state.js';
import type { Builtin } from './builtin.js';

export const set: Builtin = async (shell, args) => {
  const { state, proc } = shell;
  if (args.length === 0) {
    const lines = [...state.variables]
      .filter(([, { value }]) => value !== undefined)
      .map(([name, { value }]) => `${name}=${quoted(value as string)}\n`);
    await print(proc, lines.sort().join(''));
    return 0;
  }
  const rest = [...args];
  while (rest.length > 0 && /^[-+]/.test(rest[0] as string)) {
    const option = rest.shift() as string;
    if (option === '--' || option === '-') {
      state.params = rest;
      return 0;
    }
    if (option === '-o' && rest.length === 0) {
      for (const [name, on] of Object.entries(state.options))
        await print(proc, `${name.padEnd(15)}\t${on ? 'on' : 'off'}\n`);
      return 0;
    }
    const fault = setOptions(state, option.slice(1), option.startsWith('-'), rest);
    if (fault) {
      await shell.complain(`set: ${fault}`);
      return 2;
    }
  }
  if (rest.length > 0) state.params = rest;
  return 0;
};

/** Switches the options of these letters; `o` takes its name from `rest`. Says which one it does not know. */
export function setOptions(state: ShellState, letters: string, on: boolean, rest: string[]): string | undefined {
  for (const letter of letters) {
    const option = letter === 'o' ? longOption(rest.shift() ?? '') : OPTION_LETTERS[letter];
    if (option === 'accepted' || 'bhiklpqrst'.includes(letter)) continue;
    if (!option) return `-${letter}: invalid option`;
    state.options[option] = on;
  }
  return undefined;
}

function longOption(name: string): keyof Options | 'accepted' | undefined {
  if (
    ['posix', 'vi', 'emacs', 'hashall', 'braceexpand', 'nolog', 'notify', 'ignoreeof', 'history', 'physical'].includes(
      name,
    )
  )
    return 'accepted';
  const known = ['pipefail', ...Object.values(OPTION_LETTERS)];
  return known.includes(name) ? (name as keyof Options) : undefined;
}

export function quoted(value: string): string {
  return /^[\w@%+=:,./-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
