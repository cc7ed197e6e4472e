import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

export type TreeContent = { folders: string[]; files: Map<string, string> };

const LINKS = 'for each; do sum=$(readlink "$each" | sha1sum); printf "%.40s  %s\\n" "$sum" "$each"; done';

/** Folders below a folder and the SHA-1 of each file, for a link that of its target's name, by relative path; undefined when it is no folder. */
export function treeContent(folder: string): Fact<TreeContent | undefined> {
  const word = quote(folder);
  return {
    script: `if [ -d ${word} ]; then cd ${word} && echo folder && find . -type d && echo files && find . -type f -exec sha1sum {} + && find . -type l -exec sh -c ${quote(LINKS)} sh {} +; fi`,
    parse({ stdout }) {
      if (!stdout.startsWith('folder\n')) return undefined;
      const [folders = '', files = ''] = stdout.slice('folder\n'.length).split(/^files\n/m);
      const pairs = files
        .split('\n')
        .flatMap((line) => (line.length > 44 ? [[line.slice(44), line.slice(0, 40)] as const] : []));
      const names = folders.split('\n').flatMap((line) => (line.length > 2 ? [line.slice(2)] : []));
      return { folders: names.sort(), files: new Map(pairs) };
    },
  };
}

/** Whether all of a folder is the user's and the group's. */
export function isOwnedBy(
  folder: string,
  { owner, group }: { owner?: string | undefined; group?: string | undefined },
): Fact<boolean> {
  const tests = [
    ...(owner === undefined ? [] : [`! -user ${quote(owner)}`]),
    ...(group === undefined ? [] : [`! -group ${quote(group)}`]),
  ];
  return {
    script: tests.length === 0 ? ':' : `find ${quote(folder)} \\( ${tests.join(' -o ')} \\) | head -n 1`,
    parse: ({ stdout }) => stdout === '',
  };
}
