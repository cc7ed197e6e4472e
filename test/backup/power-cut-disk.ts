import { dirname, basename } from 'node:path';
import type { Disk } from '../../src/backup/disk.js';

/** What is thrown by every call from the moment on at which the power is cut. */
export class PowerCut extends Error {}

type Node =
  | { kind: 'file'; content: Uint8Array; synced: Uint8Array | undefined }
  | { kind: 'folder'; names: Map<string, Node>; synced: Map<string, Node> };
type Folder = Extract<Node, { kind: 'folder' }>;
type File = Extract<Node, { kind: 'file' }>;

/** What a disk makes of writes that nobody has synced: all of them are there, none is, or of each file only the first half. */
export const FATES = ['kept', 'lost', 'torn'] as const;
export type Fate = (typeof FATES)[number];

export type PowerCutDisk = Disk & {
  /** How many moments there were at which the power could be cut. */
  moments(): number;
  /** The power is cut at this moment, counted from now; `full` lets writes fail instead, as on a full disk. */
  cutAt(moment: number, how?: 'cut' | 'full'): void;
  /** What is there after the power is back. */
  reboot(fate: Fate): PowerCutDisk;
};

/** A disk in memory that forgets what was not synced, as a real one does: the content of files, and the names in folders. */
export function createPowerCutDisk(root: Folder = folder()): PowerCutDisk {
  let moments = 0;
  let cut = { at: Number.POSITIVE_INFINITY, how: 'cut' as 'cut' | 'full' };

  /** A moment at which the power may go: before anything of the call has happened, after a part, or after all of it. */
  function moment(): void {
    moments += 1;
    if (moments === cut.at || (moments > cut.at && cut.how === 'cut')) throw failure();
  }

  function failure(): Error {
    if (cut.how === 'cut') return new PowerCut('the power is cut');
    return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }

  function find(path: string): Node | undefined {
    return parts(path).reduce<Node | undefined>(
      (at, name) => (at?.kind === 'folder' ? at.names.get(name) : undefined),
      root,
    );
  }

  function parentOf(path: string): Folder {
    const parent = find(dirname(path));
    if (parent?.kind === 'folder') return parent;
    throw Object.assign(new Error(`ENOENT: no such file or directory, ${path}`), { code: 'ENOENT' });
  }

  return {
    moments: () => moments,
    cutAt(at, how = 'cut') {
      moments = 0;
      cut = { at, how };
    },
    reboot: (fate) => createPowerCutDisk(afterwards(root, fate)),
    async makeFolder(path) {
      moment();
      let at = root;
      for (const name of parts(path)) {
        const next = at.names.get(name) ?? folder();
        if (next.kind !== 'folder') throw new Error('ENOTDIR');
        at.names.set(name, next);
        at = next;
      }
    },
    async create(path) {
      moment();
      const parent = parentOf(path);
      if (parent.names.has(basename(path))) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
      const file: File = { kind: 'file', content: new Uint8Array(), synced: undefined };
      parent.names.set(basename(path), file);
      return {
        async write(content) {
          moment();
          file.content = content.slice(0, Math.floor(content.length / 2));
          moment();
          file.content = content.slice(0, content.length - 1);
          moment();
          file.content = content.slice();
        },
        async sync() {
          moment();
          file.synced = file.content;
          moment();
        },
        close: async () => moment(),
      };
    },
    async syncFolder(path) {
      moment();
      const found = find(path);
      if (found?.kind === 'folder') found.synced = new Map(found.names);
      moment();
    },
    async rename(from, to) {
      moment();
      const [source, target] = [parentOf(from), parentOf(to)];
      const moved = source.names.get(basename(from));
      if (!moved) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      const there = target.names.get(basename(to));
      if (there?.kind === 'folder' && there.names.size > 0)
        throw Object.assign(new Error('ENOTEMPTY'), { code: 'ENOTEMPTY' });
      source.names.delete(basename(from));
      target.names.set(basename(to), moved);
      moment();
    },
    async read(path) {
      moment();
      const found = find(path);
      return found?.kind === 'file' ? found.content : undefined;
    },
    async list(path) {
      moment();
      const found = find(path);
      return found?.kind === 'folder'
        ? [...found.names].map(([name, { kind }]) => ({ name, folder: kind === 'folder' }))
        : [];
    },
    async remove(path) {
      moment();
      const parent = find(dirname(path));
      if (parent?.kind !== 'folder') return;
      const doomed = parent.names.get(basename(path));
      // Its files go one by one.
      if (doomed?.kind === 'folder')
        for (const name of doomed.names.keys()) {
          doomed.names.delete(name);
          moment();
        }
      parent.names.delete(basename(path));
    },
  };
}

function afterwards(node: Folder, fate: Fate): Folder {
  const names = [...(fate === 'lost' ? node.synced : node.names)].map(([name, inner]): [string, Node] => [
    name,
    inner.kind === 'folder' ? afterwards(inner, fate) : fileAfterwards(inner, fate),
  ]);
  return { kind: 'folder', names: new Map(names), synced: new Map(names) };
}

function fileAfterwards({ content, synced }: File, fate: Fate): File {
  const half = content.slice(0, Math.floor(content.length / 2));
  const unsynced = { kept: content, lost: new Uint8Array(), torn: half }[fate];
  const left = synced ?? unsynced;
  return { kind: 'file', content: left, synced: left };
}

function folder(): Folder {
  return { kind: 'folder', names: new Map(), synced: new Map() };
}

function parts(path: string): string[] {
  return path.split('/').filter(Boolean);
}
