import type { Value } from '../../jinja/value.js';
import type { FileStat } from '../facts/file-state.js';

/** What kind of file it is, as stat and find tell it. */
export function kindFields({ kind }: FileStat): Record<string, Value> {
  return {
    isdir: kind === 'directory',
    ischr: kind === 'character',
    isblk: kind === 'block',
    isreg: kind === 'file',
    isfifo: kind === 'fifo',
    islnk: kind === 'link',
    issock: kind === 'socket',
  };
}

/** Who may do what with it, a field each. */
export function permissionFields(mode: number): Record<string, Value> {
  const bits = Object.entries({ usr: 6, grp: 3, oth: 0 }).flatMap(([who, shift]) =>
    Object.entries({ r: 4, w: 2, x: 1 }).map(
      ([letter, bit]) => [`${letter}${who}`, (mode & (bit << shift)) !== 0] as const,
    ),
  );
  return { ...Object.fromEntries(bits), isuid: (mode & 0o4000) !== 0, isgid: (mode & 0o2000) !== 0 };
}
