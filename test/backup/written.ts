import type { BackupFolder, Taken } from '../../src/backup/folder.js';

export const APPS = JSON.stringify({ apps: [{ id: '/zeppelin', mem: 2048 }, { id: '/livy' }] });
export const JOBS = JSON.stringify([{ name: 'reindex', schedule: 'R/2026-11-22T02:00:00.000Z/P1D' }]);

/** Lays a backup of that day of November 2026, 02:00, into a folder. */
export function writeBackup(
  folder: BackupFolder,
  day: number,
  { apps = APPS, before = undefined as undefined | { restore: string; creates: [] } } = {},
): Promise<Taken> {
  const takenAt = `2026-11-${String(day).padStart(2, '0')}T02:00:00.000Z`;
  const manifest = {
    format: 1 as const,
    environment: 'production',
    takenAt,
    run: `r${day}`,
    person: { id: 'U1', name: 'ann' },
    versions: { marathon: '1.4.7', chronos: '3' },
    counts: { apps: 2, pods: 0, jobs: 1 },
    before,
  };
  return folder.write({
    manifest,
    files: new Map([
      ['conf/marathon/apps.json', apps],
      ['conf/chronos/jobs.json', JOBS],
    ]),
  });
}
