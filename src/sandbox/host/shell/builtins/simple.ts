import { print } from '../../kernel/io.js';
import type { Builtin } from './builtin.js';
import { backslashes } from './escapes.js';

export const yes: Builtin = async () => 0;
export const no: Builtin = async () => 1;

/** As bash's: -n, -e and -E count, backslashes mean nothing without -e. */
export const echo: Builtin = async ({ proc }, args) => {
  let newline = true;
  let escapes = false;
  let at = 0;
  for (; /^-[neE]+$/.test(args[at] ?? ''); at++) {
    if (args[at]?.includes('n')) newline = false;
    if (args[at]?.includes('e')) escapes = true;
    if (args[at]?.includes('E')) escapes = false;
  }
  let text = args.slice(at).join(' ');
  if (escapes) {
    const expanded = backslashes(text, 'echo');
    text = expanded.text;
    if (expanded.stop) newline = false;
  }
  await print(proc, newline ? `${text}\n` : text);
  return 0;
};

export const umask: Builtin = async (shell, args) => {
  const { proc } = shell;
  const [first] = args.filter((arg) => arg !== '-p');
  if (first === undefined) await print(proc, `${proc.umask.toString(8).padStart(4, '0')}\n`);
  else if (first === '-S') await print(proc, `${symbolic(proc.umask)}\n`);
  else if (/^[0-7]{1,4}$/.test(first)) proc.umask = Number.parseInt(first, 8) & 0o777;
  else {
    const mask = fromSymbolic(first, proc.umask);
    if (mask === undefined) {
      await shell.complain(`umask: ${first}: octal number out of range`);
      return 1;
    }
    proc.umask = mask;
  }
  return 0;
};

function symbolic(umask: number): string {
  const bits = (shift: number) =>
    ['r', 'w', 'x'].filter((_, index) => ((umask >> shift) & (4 >> index)) === 0).join('');
  return `u=${bits(6)},g=${bits(3)},o=${bits(0)}`;
}

function fromSymbolic(text: string, umask: number): number | undefined {
  let mask = umask;
  for (const clause of text.split(',')) {
    const found = /^([ugoa]*)([-+=])([rwx]*)$/.exec(clause);
    if (!found) return undefined;
    const [, who = '', operator = '', what = ''] = found;
    const bits = what.split('').reduce((sum, letter) => sum | { r: 4, w: 2, x: 1 }[letter as 'r' | 'w' | 'x'], 0);
    for (const [letter, shift] of [
      ['u', 6],
      ['g', 3],
      ['o', 0],
    ] as const) {
      if (who !== '' && !who.includes('a') && !who.includes(letter)) continue;
      if (operator === '+') mask &= ~(bits << shift);
      else if (operator === '-') mask |= bits << shift;
      else mask = (mask & ~(7 << shift)) | ((7 & ~bits) << shift);
    }
  }
  return mask;
}
