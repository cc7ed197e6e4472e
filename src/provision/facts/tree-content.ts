import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

export type TreeContent = { folders: string[]; files: Map<string, string> };

/** Folders below a folder and the SHA-1 of each file, by relative path; undefined when it is no folder. */
export function treeContent(folder: string): Fact<TreeContent | undefined> {
  const word = quote(folder);
  return {
    script: `if [ -d ${word} ]; then cd ${word} && echo folder && find . -type d && echo files && find . ! -type d -exec sha1sum {} +; fi`,
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
