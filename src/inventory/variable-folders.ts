import { existsSync, readdirSync } from 'node:fs';
import { dirname, extname, isAbsolute, join } from 'node:path';
import type { Dict } from '../jinja/value.js';
import { loadVariablesFile, type SecretTools } from './variables-file.js';
import { isFolder } from '../path-kind.js';

const EXTENSIONS = ['', '.yml', '.yaml', '.json'];
const MAX_DEPTH = 20;

export type VariableFolders = ReturnType<typeof createVariableFolders>;

/** Reads `group_vars` and `host_vars` below given folders, every file once. */
export function createVariableFolders(tools: SecretTools) {
  const loaded = new Map<string, Dict>();

  /** The variables of one group or host in one folder, none when there is no such file. Throws INVENTORY, SYNTAX or VAULT. */
  function variablesIn(folder: string, kind: 'group_vars' | 'host_vars', name: string): Dict {
    // A host may be called after a path of a chroot; that is no file of variables.
    if (isAbsolute(name) || name.split('/').includes('..')) return new Map();
    const key = join(folder, kind, name);
    const known = loaded.get(key);
    if (known) return known;
    const merged: Dict = new Map();
    for (const file of filesOf(key))
      for (const [variable, value] of loadVariablesFile(file, tools)) merged.set(variable, value);
    loaded.set(key, merged);
    return merged;
  }

  return { variablesIn };
}

/** Where a source's `group_vars` and `host_vars` are looked for. */
export function folderOf(source: string): string | undefined {
  if (source.includes(',') && !existsSync(source)) return undefined;
  return isFolder(source) ? source : dirname(source);
}

/** The first of `name`, `name.yml`, `name.yaml`, `name.json` that exists; of a folder all its files, in order. */
function filesOf(path: string): string[] {
  const found = EXTENSIONS.map((extension) => path + extension).find((candidate) => existsSync(candidate));
  if (found === undefined) return [];
  return isFolder(found) ? variablesFilesBelow(found) : [found];
}

/** Of a folder of variables the files that count, in order. */
export function variablesFilesBelow(folder: string, depth = 0): string[] {
  if (depth > MAX_DEPTH) return [];
  const names = readdirSync(folder).filter((name) => !name.startsWith('.') && !name.endsWith('~'));
  return names.sort(byCodePoint).flatMap((name) => {
    const path = join(folder, name);
    const extension = extname(name);
    if (isFolder(path)) return extension === '' ? variablesFilesBelow(path, depth + 1) : [];
    return EXTENSIONS.includes(extension) && existsSync(path) ? [path] : [];
  });
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
