import { dirname, join } from 'node:path';
import { StarsError } from '../errors.js';
import { type Contents, type Part, placesOf, readPart, type ShapeOf } from './contents.js';
import { type Disk, realDisk } from './disk.js';
import { byAge, isDated, isInside, Manifest, momentIn, NAME, namesAt, sha256 } from './manifest.js';

/** One backup on disk. One that Stars did not take has no manifest: nothing vouches for its files. */
export type Backup = Contents & { name: string; path: string; manifest: Manifest | undefined; bytes: number };

/** One that Stars took. */
export type Taken = Backup & { manifest: Manifest };

export type NewBackup = {
  manifest: Omit<Manifest, 'files'>;
  /** By path inside of the backup. */
  files: ReadonlyMap<string, string>;
};

export type BackupFolder = ReturnType<typeof createBackupFolder>;

const MANIFEST = 'manifest.json';
const LEFT_BEHIND = /^\.(.+)\.(?:partial|removed)$/;
const LEFT_FOR_MS = 86_400_000;

/** The backups of one environment in `path`. All functions reject with BACKUP. */
export function createBackupFolder(path: string, disk: Disk = realDisk) {
  /**
   * Writes a backup so that it is there whole or not at all, also when the power is cut: beside its place, onto the disk, read back
   * and compared, and only then under its name.
   */
  async function write({ manifest, files }: NewBackup): Promise<Taken> {
    const contents = new Map([...files].map(([file, text]): [string, Uint8Array] => [file, Buffer.from(text)]));
    const listed = [...contents].map(([file, content]) => ({
      path: file,
      bytes: content.length,
      sha256: sha256(content),
    }));
    contents.set(MANIFEST, Buffer.from(`${JSON.stringify({ ...manifest, files: listed }, null, 2)}\n`));
    return lay(contents, { names: namesAt(manifest.takenAt), by: manifest.run });
  }

  /** Lays down a backup that was taken before, as it is and under its own name. */
  async function adopt(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<Taken> {
    if (!isDated(name)) throw unknown(name);
    return lay(files, { names: [name], by: 'copy' });
  }

  /** `names`: those it may have, best first; `by` tells processes apart that write at the same time. */
  async function lay(
    files: ReadonlyMap<string, Uint8Array>,
    { names, by }: { names: string[]; by: string },
  ): Promise<Taken> {
    const beside = join(path, `.${names[0]}-${by}.partial`);
    try {
      await disk.remove(beside);
      await fill(beside, files);
      await verify(beside, await manifestIn(beside, 'just written'), 'just written');
      const name = await place(beside, names);
      await disk.syncFolder(path);
      return (await read(name)) as Taken;
    } catch (cause) {
      await disk.remove(beside).catch(() => undefined);
      if (cause instanceof StarsError) throw cause;
      throw unwritten(path, cause);
    }
  }

  async function fill(beside: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const [file, content] of files) await writeFile(join(beside, file), content);
    for (const folder of foldersOf([...files.keys()])) await disk.syncFolder(join(beside, folder));
    // The folder of the environment may be new, and so may be the one of all environments.
    for (const above of [path, dirname(path), dirname(dirname(path))]) await disk.syncFolder(above);
  }

  async function writeFile(file: string, content: Uint8Array): Promise<void> {
    await disk.makeFolder(dirname(file));
    const created = await disk.create(file);
    try {
      await created.write(content);
      await created.sync();
    } finally {
      await created.close();
    }
  }

  /** Gives what lies beside its name; two that are ready in the same second get two names. */
  async function place(beside: string, names: readonly string[]): Promise<string> {
    const there = new Set((await disk.list(path)).map(({ name }) => name));
    for (const name of names) {
      if (there.has(name)) continue;
      const placed = await disk.rename(beside, join(path, name)).then(() => true, orTaken);
      if (placed) return name;
    }
    throw new StarsError('BACKUP', `There is a backup of the name ${names.at(-1)} already.`);
  }

  /** Names of all backups, whole or not, oldest first; those of other tools come before all that tell their time. */
  async function list(): Promise<string[]> {
    const entries = await disk.list(path).catch((cause: unknown) => {
      throw unlisted(path, cause);
    });
    const names = entries.filter(({ name, folder }) => folder && NAME.test(name)).map(({ name }) => name);
    return [...names.filter((name) => !isDated(name)).sort(), ...names.filter(isDated).sort(byAge)];
  }

  /** A backup with every file checked against its manifest, and for its shape; BACKUP says which file is missing or differs. */
  async function read(name: string): Promise<Backup> {
    const place = join(path, name);
    if (!NAME.test(name) || !(await list()).includes(name)) throw unknown(name);
    const manifest = await manifestOrNone(place, name);
    if (manifest) await verify(place, manifest, name);
    else if (isDated(name)) throw damaged(name, `${MANIFEST} is missing`);
    const has = (file: string) => manifest?.files.some((listed) => listed.path === file) ?? true;
    let bytes = 0;
    const part = async <P extends Part>(kind: P): Promise<ShapeOf<P> | undefined> => {
      for (const file of placesOf(kind).filter(has)) {
        const content = await contentOf(place, file, name);
        if (content === undefined) continue;
        bytes += content.length;
        const found = readPart(kind, Buffer.from(content).toString('utf8'));
        if ('wrong' in found) throw damaged(name, `${file} ${found.wrong}`);
        return found.value;
      }
      return undefined;
    };
    const [apps, groups, pods, jobs, nodes] = [
      await part('apps'),
      await part('groups'),
      await part('pods'),
      await part('jobs'),
      await part('nodes'),
    ];
    if (!manifest && !apps && !jobs) throw unknown(name);
    return {
      name,
      path: place,
      manifest,
      bytes,
      apps: apps ?? [],
      groups,
      pods: pods ?? [],
      jobs: jobs ?? [],
      nodes: nodes ?? [],
    };
  }

  /** What a backup says of itself, unchecked; undefined when it says nothing. BACKUP when what it says cannot be read. */
  async function label(name: string): Promise<Manifest | undefined> {
    if (isDated(name)) return manifestIn(join(path, name), name);
    return manifestOrNone(join(path, name), name);
  }

  /** The bytes of one file of a backup. */
  async function fileOf(name: string, file: string): Promise<Uint8Array> {
    const content = NAME.test(name) && isInside(file) ? await contentOf(join(path, name), file, name) : undefined;
    if (content) return content;
    throw damaged(name, `${file} is missing`);
  }

  /** Undefined when there is none; what the disk cannot read is damaged. */
  async function contentOf(place: string, file: string, name: string): Promise<Uint8Array | undefined> {
    return disk.read(join(place, file)).catch((error: unknown) => {
      throw damaged(name, `${file} cannot be read (${(error as Error).message})`);
    });
  }

  async function verify(place: string, { files }: Manifest, name: string): Promise<void> {
    for (const file of files) {
      const content = await contentOf(place, file.path, name);
      if (content === undefined) throw damaged(name, `${file.path} is missing`);
      if (sha256(content) !== file.sha256) throw damaged(name, `${file.path} is not what was written`);
    }
  }

  async function manifestIn(place: string, name: string): Promise<Manifest> {
    const manifest = await manifestOrNone(place, name);
    if (manifest) return manifest;
    throw damaged(name, `${MANIFEST} is missing`);
  }

  async function manifestOrNone(place: string, name: string): Promise<Manifest | undefined> {
    const content = await contentOf(place, MANIFEST, name);
    if (content === undefined) return undefined;
    const parsed = Manifest.safeParse(parseJson(Buffer.from(content).toString('utf8')));
    if (!parsed.success) throw damaged(name, 'its manifest cannot be read');
    if (parsed.data.files.some((file) => !isInside(file.path)))
      throw damaged(name, 'its manifest names files outside of it');
    return parsed.data;
  }

  /** The newest whole one that was taken for its own sake, not by a restore; damaged ones are passed over. */
  async function newestGood(): Promise<Taken | undefined> {
    for (const name of (await list()).filter(isDated).toReversed()) {
      const backup = await read(name).catch(ifDamaged);
      if (backup?.manifest && !backup.manifest.before) return backup as Taken;
    }
    return undefined;
  }

  /** Takes a backup away: first its name, so that half of it is never taken for one. */
  async function remove(name: string): Promise<void> {
    const gone = join(path, `.${name}.removed`);
    await disk.remove(gone);
    await disk.rename(join(path, name), gone);
    await disk.syncFolder(path);
    await disk.remove(gone);
  }

  /** Takes away what processes left that died while they wrote or removed, once nobody can be at it any more. */
  async function tidy(now: Date): Promise<void> {
    for (const { name } of await disk.list(path)) {
      const [, begun = ''] = LEFT_BEHIND.exec(name) ?? [];
      if (begun && !(now.getTime() - momentIn(begun).getTime() < LEFT_FOR_MS)) await disk.remove(join(path, name));
    }
  }

  return { path, write, adopt, list, label, read, contentOf: fileOf, newestGood, remove, tidy };
}

/** Every folder of the files, the innermost first, the backup's own last. */
function foldersOf(files: readonly string[]): string[] {
  const all = new Set<string>();
  for (const file of files) for (let at = dirname(file); !all.has(at); at = dirname(at)) all.add(at);
  return [...all].sort((a, b) => b.split('/').length - a.split('/').length || (a === '.' ? 1 : -1));
}

function orTaken(error: unknown): false {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
  throw error;
}

function ifDamaged(error: unknown): undefined {
  if (error instanceof StarsError && error.code === 'BACKUP') return undefined;
  throw error;
}

function unknown(name: string): StarsError {
  return new StarsError('BACKUP', `There is no backup ${name.slice(0, 100)} of this environment.`, {
    hint: '“backup list” shows what there is.',
  });
}

function damaged(name: string, what: string): StarsError {
  return new StarsError('BACKUP', `The backup ${name} is damaged: ${what}.`, {
    hint: 'Use an older one; “backup list” shows them.',
  });
}

function unlisted(path: string, cause: unknown): StarsError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = WHY_NOT[code ?? ''] ?? (code === 'EACCES' ? 'Stars may not look there' : message);
  return new StarsError('BACKUP', `The folder of backups ${path} cannot be read: ${why}.`, {
    hint: 'What it holds is not known before that is mended.',
    cause,
  });
}

const WHY_NOT: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a file is where a folder should be',
};

function unwritten(path: string, cause: unknown): StarsError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = WHY_NOT[code ?? ''] ?? (code === 'EACCES' ? 'Stars may not write there' : message);
  return new StarsError('BACKUP', `The backup could not be written to ${path}: ${why}.`, {
    hint: 'Those that were there are untouched.',
    cause,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
