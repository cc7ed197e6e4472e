import { quote } from '../../shell/command.js';
import type { Action } from '../module.js';
import { attributeChanges, type Attributes, modeBits } from './attributes.js';

/** Makes a folder and every missing one above it; each new one gets the attributes. */
export function makeFolders(path: string, wanted: Attributes): Action[] {
  const { command } = attributeChanges(path, undefined, { ...wanted, mode: undefined });
  const forEach = command ? ` && ${command.text.replaceAll(quote(path), '"$folder"')}` : '';
  const folders = path
    .split('/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    .filter((folder) => folder !== '' && folder !== '.');
  const list = folders.map((folder) => quote(folder)).join(' ');
  const each = `[ -d "$folder" ] || { mkdir${modeOption(wanted)} "$folder"${forEach}; } || { made=; break; }`;
  return [{ kind: 'run', command: { text: `made=yes; for folder in ${list}; do ${each}; done; [ "$made" ]` } }];
}

/** With a fifth digit, or the setgid bit of the folder above would be kept. */
function modeOption({ mode }: Attributes): string {
  if (mode === undefined || mode === 'preserve') return '';
  return ` -m ${modeBits(mode, { mode: 0o755, directory: true }).toString(8).padStart(5, '0')}`;
}
