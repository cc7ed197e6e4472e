import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes the files that runs left in `folder`, below a folder for each run, where the newest of a run was written before that moment; of how
 * many runs. What it does not know it leaves alone.
 */
export async function forgetFiles(folder: string, before: Date, signal: AbortSignal): Promise<number> {
  let forgotten = 0;
  for (const name of await namesIn(folder)) {
    signal.throwIfAborted();
    const path = join(folder, name);
    if (!RUN.test(name) || (await newestIn(path)) >= before.getTime()) continue;
    await rm(path, { recursive: true, force: true });
    forgotten += 1;
  }
  return forgotten;
}

const RUN = /^\d{6}-\d{4}-[a-z\d]+(-\d+)?$/;

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

async function newestIn(path: string): Promise<number> {
  const paths = [path, ...(await namesIn(path)).map((name) => join(path, name))];
  // Another process may be removing it too.
  const times = await Promise.all(
    paths.map((one) =>
      stat(one).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
