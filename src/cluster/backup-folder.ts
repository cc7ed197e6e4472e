import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StarsError } from '../errors.js';
import type { Definitions } from './diff.js';

export const Manifest = z.object({
  /** Of this file's own form. */
  format: z.literal(1),
  environment: z.string(),
  /** ISO UTC. */
  takenAt: z.string(),
  run: z.string(),
  person: z.object({ id: z.string(), name: z.string() }),
  /** What was asked, as it called itself. */
  versions: z.record(z.string(), z.string()),
  counts: z.record(z.string(), z.number()),
  files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof Manifest>;

/** One backup on disk. `name` is its UTC time, and so its place in the order. */
export type Backup = Definitions & { name: string; path: string; manifest: Manifest };

export type NewBackup = {
  folder: string;
  name: string;
  manifest: Omit<Manifest, 'files'>;
  files: ReadonlyMap<string, string>;
};

const APPS = 'conf/marathon/apps.json';
const JOBS = 'conf/chronos/jobs.json';
const AppsFile = z.object({ apps: z.array(z.looseObject({ id: z.string() })) });
const JobsFile = z.array(z.looseObject({ name: z.string() }));

/**
 * Writes a backup so that it is there whole or not at all: beside its place, on the disk, renamed, read back and compared. Returns
 * the path. Only its owner may read it, since environments of apps hold passwords. Throws BACKUP.
 */
export async function writeBackup({ folder, name, manifest, files }: NewBackup): Promise<string> {
  const beside = join(folder, `.${name}.partial`);
  const place = join(folder, name);
  try {
    await rm(beside, { recursive: true, force: true });
    for (const [path, content] of files) await writeDurably(join(beside, path), content);
    const listed = [...files].map(([path, content]) => ({
      path,
      bytes: Buffer.byteLength(content),
      sha256: sha256(content),
    }));
    await writeDurably(join(beside, 'manifest.json'), `${JSON.stringify({ ...manifest, files: listed }, null, 2)}\n`);
    await rename(beside, place);
    await syncFolder(folder);
  } catch (cause) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined);
    throw new StarsError('BACKUP', `The backup could not be written to ${place}: ${(cause as Error).message}.`, {
      cause,
    });
  }
  for (const [path, content] of files) {
    if ((await readFile(join(place, path), 'utf8')) !== content) {
      throw new StarsError(
        'BACKUP',
        `${path} of the backup ${name} came back from the disk other than it was written.`,
        {
          hint: 'Look at the disk and take the backup again; do not trust this one.',
        },
      );
    }
  }
  return place;
}

async function writeDurably(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Names of all whole backups in the folder of one environment, oldest first. */
export async function listBackups(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && /^\d{4}-\d\d-\d\dT/.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** A backup with every file checked against its manifest; BACKUP says which file is missing or differs. */
export async function readBackup(folder: string, name: string): Promise<Backup> {
  const path = join(folder, name);
  const manifest = await readManifest(path, name);
  for (const file of manifest.files) {
    const content = await readFile(join(path, file.path), 'utf8').catch(() => undefined);
    if (content === undefined) throw damaged(name, `${file.path} is missing`);
    if (sha256(content) !== file.sha256) throw damaged(name, `${file.path} is not what was written`);
  }
  const { apps } = await readPart(path, name, APPS, AppsFile, manifest, { apps: [] });
  const jobs = await readPart(path, name, JOBS, JobsFile, manifest, []);
  return { name, path, manifest, apps, jobs };
}

/** The newest backup that is whole, or undefined; damaged ones are passed over. */
export async function lastGoodBackup(folder: string): Promise<Backup | undefined> {
  for (const name of (await listBackups(folder)).toReversed()) {
    const backup = await readBackup(folder, name).catch(() => undefined);
    if (backup) return backup;
  }
  return undefined;
}

async function readManifest(path: string, name: string): Promise<Manifest> {
  const text = await readFile(join(path, 'manifest.json'), 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new StarsError('BACKUP', `There is no backup ${name} with a manifest.`, {
      hint: '`backup list` shows what there is.',
    });
  const parsed = Manifest.safeParse(parseJson(text));
  if (!parsed.success) throw damaged(name, 'its manifest cannot be read');
  if (parsed.data.files.some((file) => file.path.split('/').includes('..')))
    throw damaged(name, 'its manifest names files outside of it');
  return parsed.data;
}

async function readPart<T>(
  path: string,
  name: string,
  part: string,
  schema: z.ZodType<T>,
  { files }: Manifest,
  none: T,
): Promise<T> {
  if (!files.some((file) => file.path === part)) return none;
  const parsed = schema.safeParse(parseJson(await readFile(join(path, part), 'utf8')));
  if (!parsed.success) throw damaged(name, `${part} has another shape than the API gives`);
  return parsed.data;
}

function damaged(name: string, what: string): StarsError {
  return new StarsError('BACKUP', `The backup ${name} is damaged: ${what}.`, {
    hint: 'Use an older one; `backup list` shows them.',
  });
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
