import type { FileSystem } from '../fs/file-system.js';
import { Errno } from '../fs/errno.js';
import { absolutePath } from '../kernel/path.js';
import type { Process } from '../kernel/process.js';
import { compilePattern, isPattern, matchesPattern } from './pattern.js';

const MAX_RESULTS = 100_000;

/** The paths that match a pattern, sorted; none when nothing does. */
export function expandGlob(pattern: string, proc: Process, fs: FileSystem): string[] {
  let found = pattern.startsWith('/') ? ['/'] : [''];
  const parts = pattern.split('/').filter((part, index, all) => part !== '' || index === all.length - 1);
  const wantsFolders = parts.at(-1) === '';
  if (wantsFolders) parts.pop();
  for (const [index, part] of parts.entries()) {
    const folderNeeded = index < parts.length - 1 || wantsFolders;
    found = found.flatMap((prefix) => matchesIn(prefix, part, folderNeeded, proc, fs)).slice(0, MAX_RESULTS);
  }
  return found.sort((a, b) => (a < b ? -1 : Number(a > b)));
}

function matchesIn(prefix: string, part: string, folderNeeded: boolean, proc: Process, fs: FileSystem): string[] {
  const suffix = folderNeeded ? '/' : '';
  if (!isPattern(part)) {
    const path = prefix + part.replace(/\\(.)/gs, '$1');
    const node = fs.find(absolutePath(path, proc.cwd), proc.user, folderNeeded);
    return node && (!folderNeeded || node.kind === 'dir') ? [path + suffix] : [];
  }
  const compiled = compilePattern(part);
  const names = namesIn(prefix, proc, fs).filter(
    (name) => (!name.startsWith('.') || part.startsWith('.')) && matchesPattern(compiled, name),
  );
  if (!folderNeeded) return names.map((name) => prefix + name);
  return names
    .filter((name) => fs.find(absolutePath(prefix + name, proc.cwd), proc.user)?.kind === 'dir')
    .map((name) => `${prefix}${name}/`);
}

function namesIn(prefix: string, proc: Process, fs: FileSystem): string[] {
  try {
    const names = fs.list(prefix === '' ? proc.cwd : absolutePath(prefix, proc.cwd), proc.user);
    return ['.', '..', ...names];
  } catch (thrown) {
    if (thrown instanceof Errno) return [];
    throw thrown;
  }
}
