import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');

/** Throws when what `bin/stars.js` starts was not built from the code as it stands: such a test would tell of an older Stars. */
export function requireBuilt(root = ROOT): void {
  const stale = ['src', 'commands'].flatMap((folder) => sources(root, folder)).find((file) => isStale(root, file));
  if (stale !== undefined)
    throw new Error(`dist is older than ${stale}, and these tests start Stars from dist: run “npm run build” first.`);
}

function sources(root: string, folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts')).map((file) => join(folder, file));
}

function isStale(root: string, file: string): boolean {
  const madeMs = timeOf(join(root, 'dist', file.replace(/\.ts$/, '.js')));
  const bundledMs = timeOf(join(root, 'dist/bundle/main.cjs'));
  const writtenMs = timeOf(join(root, file)) ?? 0;
  return madeMs === undefined || madeMs < writtenMs || (bundledMs !== undefined && bundledMs < writtenMs);
}

function timeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
