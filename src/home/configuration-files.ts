import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Home } from './home.js';

/** A file that says where and by whom something is done; `stamp` changes whenever it is written. */
export type ConfigurationFile = { path: string; file: string; stamp: string };

const MOST_FILES = 10_000;
const HASH_DIGITS = 16;

/** stars.yml and everything below inventories/ as it stands now, by path from the home; sources that lie elsewhere by their whole path. */
export async function configurationFiles(home: Home): Promise<ConfigurationFile[]> {
  const found = new Map<string, ConfigurationFile>();

  async function add(file: string): Promise<void> {
    // What goes away while it is looked at is not there.
    const stats = await stat(file).catch(() => undefined);
    if (!stats?.isFile() || found.size >= MOST_FILES) return;
    const inside = relative(home.folder, file);
    const path = inside.startsWith('..') ? file : inside;
    found.set(path, { path, file, stamp: [stats.mtimeMs, stats.ctimeMs, stats.size, stats.ino].join(' ') });
  }

  await add(join(home.folder, 'stars.yml'));
  for (const name of home.environments()) {
    for (const file of await filesBelow(join(home.folder, 'inventories', name))) await add(file);
    // An environment.yml that cannot be read is told to whoever uses it.
    const environment = await home.environment(name).catch(() => undefined);
    for (const source of environment?.inventorySources ?? []) await add(source);
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !relative(folder, file)
          .split('/')
          .some((part) => part.startsWith('.')),
    );
}

/** The start of the SHA-256 of what is in it; undefined when it cannot be read. */
export async function hashOfFile({ file }: ConfigurationFile): Promise<string | undefined> {
  const content = await readFile(file).catch(() => undefined);
  return content && createHash('sha256').update(content).digest('hex').slice(0, HASH_DIGITS);
}
