import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';
import { STAT_FORMAT, parseStat, type FileStat } from './file-state.js';

export type TreeEntry = { path: string; stat: FileStat };

/** Every file and folder below a folder with its attributes; `follow` goes through links as well. */
export function treeAttributes(folder: string, follow: boolean): Fact<TreeEntry[]> {
  const word = quote(folder);
  return {
    // `-exec … +` keeps it at one process for many files; links themselves are left out: they have no permissions.
    script: `find ${follow ? '-L ' : ''}${word} ! -path ${word} ! -type l -exec stat ${follow ? '-L ' : ''}-c '${STAT_FORMAT}:%n' {} +`,
    parse: ({ stdout }) => stdout.split('\n').flatMap((line) => toEntry(line)),
  };
}

function toEntry(line: string): TreeEntry[] {
  const fields = line.split(':');
  const stat = fields.length > 12 ? parseStat(fields.slice(0, 12).join(':')) : undefined;
  return stat ? [{ path: fields.slice(12).join(':'), stat }] : [];
}
