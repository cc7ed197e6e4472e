import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Seal } from './approval.js';
import { isFolder } from '../path-kind.js';

/** The content of files by their paths, sealed. */
export type FileSeals = Record<string, string>;

const MOST_FILES = 20_000;

export function sealFiles(files: Iterable<string>, seal: Seal): FileSeals {
  const sorted = [...new Set(files)].sort().slice(0, MOST_FILES);
  return Object.fromEntries(sorted.map((file) => [file, sealOf(file, seal)]));
}

/** Files that have changed, are gone, or have come since they were sealed. */
export function changedFiles(sealed: FileSeals, now: Iterable<string>, seal: Seal): string[] {
  const known = Object.entries(sealed).filter(([file, was]) => sealOf(file, seal) !== was);
  const added = [...now].filter((file) => !Object.hasOwn(sealed, file));
  return [...new Set([...known.map(([file]) => file), ...added])].sort();
}

function sealOf(file: string, seal: Seal): string {
  try {
    return seal(readFileSync(file)).slice(0, 32);
  } catch {
    return 'missing';
  }
}

/** Every file that an inventory is made of: its sources, and the group_vars and host_vars beside them and beside the playbooks. */
export function inventoryFiles(sources: readonly string[], folders: readonly string[]): string[] {
  const beside = sources.filter((source) => !isFolder(source)).map((source) => dirname(source));
  const variables = [...folders, ...beside].flatMap((folder) => [
    join(folder, 'group_vars'),
    join(folder, 'host_vars'),
  ]);
  return [...new Set([...sources, ...variables].flatMap((path) => filesBelow(path)))];
}

function filesBelow(path: string): string[] {
  if (!isFolder(path)) return statSync(path, { throwIfNoEntry: false }) ? [path] : [];
  const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  return entries.flatMap((entry) => filesBelow(join(path, basename(entry.name))));
}
