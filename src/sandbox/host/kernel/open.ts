import { Errno } from '../fs/errno.js';
import type { FileSystem } from '../fs/file-system.js';
import { allowed, READ, WRITE } from '../fs/inode.js';
import type { FileNode, Inode } from '../fs/inode.js';
import { DeviceFile, DirectoryFile, RegularFile } from './open-file.js';
import type { OpenFile } from './open-file.js';
import { absolutePath } from './path.js';
import { Pipe } from './pipe.js';
import type { Process } from './process.js';

export type OpenFlags = {
  read?: boolean;
  write?: boolean;
  append?: boolean;
  create?: boolean;
  truncate?: boolean;
  exclusive?: boolean;
  mode?: number;
};

const OWN_DESCRIPTOR = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d+)$/;
const STANDARD = new Map([
  ['/dev/stdin', 0],
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);
const fifos = new WeakMap<FileSystem, Map<number, Pipe>>();

/** open(2) for a process: by its working directory, user and umask. */
export function openFile(proc: Process, fs: FileSystem, path: string, flags: OpenFlags): OpenFile {
  const full = absolutePath(path, proc.cwd);
  const descriptor = STANDARD.get(full) ?? OWN_DESCRIPTOR.exec(full)?.[1];
  if (descriptor !== undefined) return reopen(proc, fs, proc.file(Number(descriptor)), flags);
  const { node, created } = findOrCreate(proc, fs, full, flags);
  // The maker of a file may write it even when its own mode forbids that.
  return openNode(fs, node, flags, proc, created);
}

function findOrCreate(
  proc: Process,
  fs: FileSystem,
  path: string,
  { create, exclusive, mode = 0o666 }: OpenFlags,
): { node: Inode; created: boolean } {
  const place = fs.walk(path, proc.user);
  if (place.node) {
    if (create && exclusive) throw new Errno('EEXIST');
    return { node: place.node, created: false };
  }
  if (!create) throw new Errno('ENOENT');
  if (path.endsWith('/')) throw new Errno('EISDIR');
  // Through the canonical path, so that a dangling link creates what it points to.
  return { node: fs.createFile(place.path, mode & ~proc.umask, proc.user), created: true };
}

function openNode(fs: FileSystem, node: Inode, flags: OpenFlags, proc: Process, created = false): OpenFile {
  if (flags.read && !created && !allowed(node, proc.user, READ)) throw new Errno('EACCES');
  if (flags.write && !created && !allowed(node, proc.user, WRITE)) throw new Errno('EACCES');
  switch (node.kind) {
    case 'dir':
      if (flags.write) throw new Errno('EISDIR');
      return new DirectoryFile(node);
    case 'device':
      if (node.device === 'tty') throw new Errno('ENXIO');
      return new DeviceFile(node);
    case 'fifo':
      return openFifo(fs, node.ino, flags);
    case 'symlink':
      throw new Errno('ELOOP');
    default:
      if (flags.truncate && flags.write && !node.generate) fs.truncate(node, 0);
      return new RegularFile(fs, node, {
        read: flags.read ?? false,
        write: flags.write ?? false,
        append: flags.append ?? false,
      });
  }
}

function reopen(proc: Process, fs: FileSystem, file: OpenFile, flags: OpenFlags): OpenFile {
  // Linux opens a regular file anew, with an offset of its own; pipes are shared.
  return file instanceof RegularFile
    ? openNode(fs, file.node satisfies FileNode, { ...flags, create: false }, proc)
    : file.share();
}

function openFifo(fs: FileSystem, ino: number, flags: OpenFlags): OpenFile {
  const pipes = fifos.get(fs) ?? new Map<number, Pipe>();
  fifos.set(fs, pipes);
  const pipe = pipes.get(ino) ?? new Pipe();
  pipes.set(ino, pipe);
  return flags.write ? pipe.writer() : pipe.reader();
}
