import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

/** Whether a path, or any path that a pattern with `*`, `?` and `[]` matches, exists. */
export function pathExists(pattern: string): Fact<boolean> {
  return {
    script: `for found in ${globWord(pattern)}; do if [ -e "$found" ]; then echo yes; break; fi; done`,
    parse: ({ stdout }) => stdout.startsWith('yes'),
  };
}

/** Whether a folder is at a path. */
export function isFolder(path: string): Fact<boolean> {
  return { script: `if [ -d ${quote(path)} ]; then echo yes; fi`, parse: ({ stdout }) => stdout.startsWith('yes') };
}

function globWord(pattern: string): string {
  return pattern.replaceAll(/[^\w@%+=:,./*?[\]-]/g, (char) => (char === '\n' ? "'\n'" : `\\${char}`));
}
