import { quote } from '../../shell/command.js';
import type { Action } from '../module.js';
import { attributeChanges, type Attributes } from './attributes.js';

/** Makes a folder and every missing one above it; each new one gets the attributes. */
export function makeFolders(path: string, wanted: Attributes): Action[] {
  const { command } = attributeChanges(path, undefined, wanted, { mode: 0o755, directory: true });
  const forEach = command ? ` && ${command.text.replaceAll(quote(path), '"$folder"')}` : '';
  const folders = path
    .split('/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    .filter((folder) => folder !== '' && folder !== '.');
  const list = folders.map((folder) => quote(folder)).join(' ');
  const each = `[ -d "$folder" ] || { mkdir "$folder"${forEach}; } || { made=; break; }`;
  return [{ kind: 'run', command: { text: `made=yes; for folder in ${list}; do ${each}; done; [ "$made" ]` } }];
}
