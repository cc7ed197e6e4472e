import { existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { StarsError } from '../errors.js';
import { candidate } from '../templating/controller-files.js';
import type { LocalEntry } from './module.js';

type Kind = 'files' | 'templates';

const VAULT_MARK = Buffer.from('$ANSIBLE_VAULT;');

export type LocalFilesOptions = {
  folders(kind: Kind): readonly string[];
  /** The bytes of a vaulted file, as `latin1`. */
  decrypt(text: string, file: string, encoding: 'latin1'): string;
  onRead(file: string): void;
};

/** Files of the stack, found by Ansible's search order. */
export function createLocalFiles({ folders, decrypt, onRead }: LocalFilesOptions) {
  function find(src: string, kind: Kind): string {
    const candidates = isAbsolute(src) ? [src] : folders(kind).map((folder) => candidate(folder, src));
    // For each host and task again: asking another thread whether it is there would cost many times as much.
    const found = candidates.find((one) => existsSync(one));
    if (found !== undefined) return found;
    throw new StarsError('PLAYBOOK', `Could not find ${src}.`, {
      hint: `It was looked for as ${candidates.slice(0, 6).join(', ')}.`,
    });
  }

  async function read(
    src: string,
    kind: Kind,
    { vaulted = false }: { vaulted?: boolean } = {},
  ): Promise<{ path: string; content: Buffer }> {
    const path = find(src, kind);
    onRead(path);
    const content = await contentOf(path);
    if (vaulted || !content.subarray(0, VAULT_MARK.length).equals(VAULT_MARK)) return { path, content };
    return { path, content: Buffer.from(decrypt(content.toString('latin1'), path, 'latin1'), 'latin1') };
  }

  async function list(src: string): Promise<{ path: string; entries: LocalEntry[] }> {
    const path = find(src, 'files');
    const names = (await readdir(path, { recursive: true })).sort();
    return { path, entries: await Promise.all(names.map((name) => entryOf(path, join(path, name)))) };
  }

  return { read, list };
}

async function entryOf(folder: string, file: string): Promise<LocalEntry> {
  const info = await lstat(file);
  return {
    relative: relative(folder, file),
    directory: info.isDirectory(),
    mode: info.mode & 0o7777,
    link: info.isSymbolicLink() ? await linkOf(file) : undefined,
  };
}

async function linkOf(file: string): Promise<LocalEntry['link']> {
  const end = await stat(file).catch(() => undefined);
  return {
    target: await readlink(file),
    real: end ? await realpath(file) : undefined,
    kind: end?.isDirectory() ? 'directory' : end?.isFile() ? 'file' : 'other',
  };
}

/** Above this, a file is read by another thread, which for a small one costs many times as much. */
const SMALL_BYTES = 256 * 1024;

async function contentOf(path: string): Promise<Buffer> {
  const info = statSync(path);
  requireReadable(path, info);
  return info.size <= SMALL_BYTES ? readFileSync(path) : await readFile(path);
}

/** A pipe or a device would never come to an end. */
function requireReadable(path: string, info: Stats): void {
  if (info.isFile() || info.isDirectory()) return;
  throw new StarsError('PLAYBOOK', `${path} is neither a file nor a folder.`, {
    hint: 'A pipe, a socket or a device cannot be sent to a host: name an ordinary file.',
  });
}
