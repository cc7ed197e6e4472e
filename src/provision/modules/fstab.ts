import { linesOf } from './text-file.js';

export type FstabEntry = {
  name: string;
  src: string | undefined;
  fstype: string | undefined;
  opts: string;
  dump: string;
  passno: string;
};

/** The file with this entry added or made equal; other lines stay as they are. */
export function withEntry(text: string, entry: FstabEntry): string {
  const wanted = escaped(entry);
  let found = false;
  let differs = false;
  const lines = linesOf(text).map((line) => {
    const has = entryOf(line);
    if (!has || !isSame(has, wanted)) return line;
    found = true;
    // Ansible writes anew every entry of this mount point that follows one which differed.
    differs ||= written(has) !== written(wanted);
    return differs ? written(wanted) : line;
  });
  return joined(text, found ? lines : [...lines, written(wanted)], differs || !found);
}

/** The file without the entries of this mount point. */
export function withoutEntry(text: string, entry: Pick<FstabEntry, 'name' | 'src'>): string {
  const wanted = { ...entry, name: escape(entry.name), src: entry.src === undefined ? undefined : escape(entry.src) };
  const lines = linesOf(text);
  const kept = lines.filter((line) => {
    const has = entryOf(line);
    return !has || !isSame(has, wanted);
  });
  return joined(text, kept, kept.length < lines.length);
}

function joined(text: string, lines: string[], changed: boolean): string {
  return changed ? lines.map((line) => `${line}\n`).join('') : text;
}

/** The entry of a line; undefined for comments and lines that are none. Its last two fields may be missing. */
function entryOf(line: string): FstabEntry | undefined {
  const fields = line.trim().split(/\s+/);
  if (line.trim().startsWith('#') || fields.length < 4 || fields.length > 6) return undefined;
  const [src, name = '', fstype, opts = '', dump = '', passno = ''] = fields;
  return { name, src, fstype, opts, dump, passno };
}

/** Swap has no mount point, so there the source tells entries apart. */
function isSame(has: FstabEntry, wanted: Pick<FstabEntry, 'name' | 'src'>): boolean {
  const otherSwap = has.name === 'none' && has.fstype === 'swap' && wanted.src !== undefined && has.src !== wanted.src;
  return has.name === wanted.name && !otherSwap;
}

function written({ name, src, fstype, opts, dump, passno }: FstabEntry): string {
  return [src, name, fstype, opts, dump, passno].join(' ');
}

function escaped(entry: FstabEntry): FstabEntry {
  const [name = '', src = '', fstype = '', opts = ''] = [entry.name, entry.src, entry.fstype, entry.opts].map((word) =>
    escape(word ?? ''),
  );
  return { ...entry, name, src, fstype, opts };
}

function escape(word: string): string {
  return word.replaceAll('\\', '\\134').replaceAll(' ', '\\040').replaceAll('&', '\\046');
}
