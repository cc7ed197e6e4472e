import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { StarsError } from '../errors.js';

type Kind = 'files' | 'templates';

/** Files of the stack, found by Ansible's search order. */
export function createLocalFiles(folders: (kind: Kind) => readonly string[]) {
  async function find(src: string, kind: Kind): Promise<string> {
    const candidates = isAbsolute(src) ? [src] : folders(kind).map((folder) => resolve(folder, src));
    for (const candidate of candidates) {
      if (
        await stat(candidate).then(
          () => true,
          () => false,
        )
      )
        return candidate;
    }
    throw new StarsError('PLAYBOOK', `Could not find ${src}.`, {
      hint: `It was looked for as ${candidates.slice(0, 6).join(', ')}.`,
    });
  }

  async function read(src: string, kind: Kind): Promise<{ path: string; content: Buffer }> {
    const path = await find(src, kind);
    return { path, content: await readFile(path) };
  }

  async function list(
    src: string,
  ): Promise<{ path: string; entries: { relative: string; directory: boolean; mode: number }[] }> {
    const path = await find(src, 'files');
    const names = (await readdir(path, { recursive: true })).sort();
    const entries = await Promise.all(
      names.map(async (name) => {
        const info = await lstat(join(path, name));
        return { relative: relative(path, join(path, name)), directory: info.isDirectory(), mode: info.mode & 0o7777 };
      }),
    );
    return { path, entries };
  }

  return { read, list };
}
