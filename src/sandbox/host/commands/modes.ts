import type { Inode } from '../fs/inode.js';
import { UsageFault } from './call.js';

const BITS: Record<string, number> = { r: 4, w: 2, x: 1 };

/** The mode that an octal or symbolic text makes of a file's present one. */
export function changedMode(text: string, present: number, directory: boolean, umask: number): number {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8) & 0o7777;
    // chmod keeps setuid and setgid of folders unless five digits say otherwise.
    return directory && text.length < 5 ? mode | (present & 0o6000) : mode;
  }
  return text.split(',').reduce((mode, clause) => applyClause(clause, mode, directory, umask), present);
}

function applyClause(clause: string, present: number, directory: boolean, umask: number): number {
  const found = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause);
  if (!found) throw new UsageFault(`invalid mode: '${clause}'`);
  const [, who = '', actions = ''] = found;
  let mode = present;
  for (const [, operator = '', what = ''] of actions.matchAll(/([-+=])([rwxXstugo]*)/g))
    mode = applyAction({ who, operator, what, mode, directory, umask });
  return mode;
}

type Action = { who: string; operator: string; what: string; mode: number; directory: boolean; umask: number };

function applyAction({ who, operator, what, mode, directory, umask }: Action): number {
  const everyone = who === '' || who.includes('a');
  let bits = 0;
  let affected = 0;
  for (const [letter, shift, special] of [
    ['u', 6, 0o4000],
    ['g', 3, 0o2000],
    ['o', 0, 0],
  ] as const) {
    if (!everyone && !who.includes(letter)) continue;
    affected |= (7 << shift) | special;
    bits |= permissionBits(what, mode, directory) << shift;
    if (what.includes('s')) bits |= special;
  }
  if (what.includes('t') && (everyone || who.includes('o'))) bits |= 0o1000;
  if (who === '') bits &= ~umask | 0o7000;
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  const kept = directory ? mode & 0o6000 : 0;
  return (mode & ~affected) | bits | (what.includes('s') ? 0 : kept);
}

function permissionBits(what: string, mode: number, directory: boolean): number {
  let bits = 0;
  for (const letter of what) {
    if (letter === 'X') bits |= directory || (mode & 0o111) !== 0 ? 1 : 0;
    else if (letter === 'u') bits |= (mode >> 6) & 7;
    else if (letter === 'g') bits |= (mode >> 3) & 7;
    else if (letter === 'o') bits |= mode & 7;
    else bits |= BITS[letter] ?? 0;
  }
  return bits;
}

const KIND_LETTERS = { file: '-', dir: 'd', symlink: 'l', device: 'c', fifo: 'p' };

/** `drwxr-xr-x` */
export function modeText(node: Inode): string {
  const { mode } = node;
  const triple = (shift: number, special: boolean, letter: string) => {
    const x = (mode >> shift) & 1;
    return `${(mode >> shift) & 4 ? 'r' : '-'}${(mode >> shift) & 2 ? 'w' : '-'}${special ? (x ? letter : letter.toUpperCase()) : x ? 'x' : '-'}`;
  };
  return (
    KIND_LETTERS[node.kind] +
    triple(6, (mode & 0o4000) !== 0, 's') +
    triple(3, (mode & 0o2000) !== 0, 's') +
    triple(0, (mode & 0o1000) !== 0, 't')
  );
}
