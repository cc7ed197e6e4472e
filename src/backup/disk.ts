import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';

export type NewFile = {
  write(content: Uint8Array): Promise<void>;
  /** Resolves when what was written stands on the disk itself. */
  sync(): Promise<void>;
  close(): Promise<void>;
};

export type Entry = { name: string; folder: boolean };

/** The few things that backups do with a disk; a test can cut the power between any two of them. */
export type Disk = {
  /** With the folders above it that are missing, readable for its owner alone. */
  makeFolder(path: string): Promise<void>;
  /** A new file, readable for its owner alone; rejects when there is one. */
  create(path: string): Promise<NewFile>;
  /** Resolves when the names in a folder stand on the disk itself. */
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Empty when there is no such folder. Links are left out. */
  list(path: string): Promise<Entry[]>;
  /** With all that it holds; nothing happens when it is not there. */
  remove(path: string): Promise<void>;
};

export const realDisk: Disk = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 }).catch(sayWhy);
  },
  async create(path) {
    const file = await open(path, 'wx', 0o600);
    return { write: (content) => file.writeFile(content), sync: () => file.sync(), close: () => file.close() };
  },
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  rename,
  read: (path) => readFile(path).catch((error: unknown) => missing(error, undefined)),
  async list(path) {
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
};

/** Where the disk is read-only Node says ENOENT for a folder with those above it; for the folder alone it says why. */
async function sayWhy(thrown: unknown): Promise<never> {
  const { code, path } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== undefined) await mkdir(path, { mode: 0o700 });
  throw thrown;
}

function missing<T>(error: unknown, instead: T): T {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return instead;
  throw error;
}
