import { diffBackups } from '../cluster/diff.js';
import type { Person } from '../model/run.js';
import type { BackupFolder, Taken } from './folder.js';
import type { Manifest } from './manifest.js';
import { type ReadRequest, readCluster } from './read-cluster.js';

export type BackupRequest = ReadRequest & {
  environment: string;
  folder: BackupFolder;
  run: { id: string };
  person: Person;
  /** Set by a restore that saves what it is about to change. */
  before?: Manifest['before'];
};

/** What was saved, and how it differs from the last good backup; `previous` and `changes` are undefined for the first. */
export type TakenBackup = {
  backup: Taken;
  previous: Taken | undefined;
  changes: string[] | undefined;
  warnings: string[];
  ms: number;
};

/** Reads the cluster, writes a backup and compares it with the last good one. Rejects with BACKUP, or as the clients do. */
export async function takeBackup(request: BackupRequest): Promise<TakenBackup> {
  const { environment, clock, run, person, folder, before } = request;
  const begunMs = clock.now().getTime();
  const { files, counts, versions, warnings } = await readCluster(request);
  const previous = await folder.newestGood();
  await folder.tidy(clock.now());
  const takenAt = clock.now().toISOString();
  const manifest = { format: 1 as const, environment, takenAt, run: run.id, person, versions, counts, before };
  const backup = await folder.write({ manifest, files });
  const changes = previous && diffBackups(previous, backup);
  return { backup, previous, changes, warnings, ms: clock.now().getTime() - begunMs };
}
