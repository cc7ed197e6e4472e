import { describe, expect, test } from '@jest/globals';
import { type BackupFolder, createBackupFolder } from '../../src/backup/folder.js';
import { forgetOld } from '../../src/backup/retention.js';
import { StarsError } from '../../src/errors.js';
import { createPowerCutDisk, type Fate, FATES, type PowerCutDisk } from './power-cut-disk.js';

const PLACE = '/data/backups/production';
const APPS = JSON.stringify({ apps: [{ id: '/zeppelin', mem: 2048 }, { id: '/livy' }] });
const JOBS = JSON.stringify([{ name: 'reindex', schedule: 'R/2026-11-22T02:00:00.000Z/P1D' }]);

function manifestOf(day: number) {
  const takenAt = `2026-11-${day}T02:00:00.000Z`;
  const person = { id: 'U1', name: 'ann' };
  return {
    format: 1 as const,
    environment: 'production',
    takenAt,
    run: `r${day}`,
    person,
    versions: {},
    counts: { apps: 2, jobs: 1 },
  };
}

const files = new Map([
  ['conf/marathon/apps.json', APPS],
  ['conf/chronos/jobs.json', JOBS],
]);

/** A disk with a good backup of the day before. */
async function begun(): Promise<{ disk: PowerCutDisk; folder: BackupFolder }> {
  const disk = createPowerCutDisk();
  await disk.makeFolder('/data');
  await disk.syncFolder('/');
  const folder = createBackupFolder(PLACE, disk);
  await folder.write({ manifest: manifestOf(21), files });
  return { disk, folder };
}

/** Every backup that is there is whole, and the one of the day before is among them. */
async function requireNothingLost(disk: PowerCutDisk): Promise<string[]> {
  const folder = createBackupFolder(PLACE, disk);
  const names = await folder.list();
  for (const name of names)
    expect(await folder.read(name)).toMatchObject({ name, apps: [{ id: '/zeppelin' }, { id: '/livy' }] });
  expect(names).toContain('2026-11-21T02-00-00Z');
  return names;
}

async function momentsOf(work: (folder: BackupFolder) => Promise<unknown>): Promise<number> {
  const { disk, folder } = await begun();
  disk.cutAt(Number.POSITIVE_INFINITY);
  await work(folder);
  return disk.moments();
}

const write = (folder: BackupFolder) => folder.write({ manifest: manifestOf(22), files });

describe.each(FATES)('the power is cut, and what was not synced is %s', (fate: Fate) => {
  test('at any moment of writing a backup', async () => {
    const moments = await momentsOf(write);
    expect(moments).toBeGreaterThan(50);
    const outcomes = new Set<string>();
    for (let moment = 1; moment <= moments; moment += 1) {
      const { disk, folder } = await begun();
      disk.cutAt(moment);
      const ended = await write(folder).then(
        () => 'ok' as const,
        () => 'failed' as const,
      );
      const names = await requireNothingLost(disk.reboot(fate));
      if (ended === 'ok') expect(names).toContain('2026-11-22T02-00-00Z');
      outcomes.add(`${ended} ${names.length}`);
    }
    // Both came to pass: it was not there yet, and it was there although nobody heard so any more.
    expect([...outcomes].sort()).toEqual(['failed 1', 'failed 2']);
  });

  test('at any moment of taking an old one away', async () => {
    const keep = { count: 1, days: 90 };
    const both = async () => {
      const { disk, folder } = await begun();
      await folder.write({ manifest: manifestOf(20), files });
      return { disk, folder };
    };
    const now = new Date('2026-11-22T02:00:00Z');
    const { disk: whole, folder: first } = await both();
    whole.cutAt(Number.POSITIVE_INFINITY);
    expect(await forgetOld(first, keep, now)).toEqual(['2026-11-20T02-00-00Z']);
    const moments = whole.moments();
    for (let moment = 1; moment <= moments; moment += 1) {
      const { disk, folder } = await both();
      disk.cutAt(moment);
      await forgetOld(folder, keep, now).catch(() => undefined);
      const after = disk.reboot(fate);
      await requireNothingLost(after);
      await createBackupFolder(PLACE, after).tidy(new Date('2026-11-30T02:00:00Z'));
      expect((await after.list(PLACE)).filter(({ name }) => name.startsWith('.'))).toEqual([]);
    }
  });

  test('and the next backup is taken as if nothing had been', async () => {
    const moments = await momentsOf(write);
    for (let moment = 1; moment <= moments; moment += 3) {
      const { disk, folder } = await begun();
      disk.cutAt(moment);
      await write(folder).catch(() => undefined);
      const after = createBackupFolder(PLACE, disk.reboot(fate));
      await expect(after.write({ manifest: manifestOf(23), files })).resolves.toMatchObject({
        name: '2026-11-23T02-00-00Z',
      });
      await expect(after.newestGood()).resolves.toMatchObject({ name: '2026-11-23T02-00-00Z' });
    }
  });
});

test('a full disk is told of, leaves nothing behind and touches nothing that was there', async () => {
  const moments = await momentsOf(write);
  for (let moment = 1; moment <= moments; moment += 1) {
    const { disk, folder } = await begun();
    disk.cutAt(moment, 'full');
    const error = await write(folder).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    disk.cutAt(Number.POSITIVE_INFINITY);
    await requireNothingLost(disk);
    if (error === undefined) continue;
    expect(error).toBeInstanceOf(StarsError);
    expect((await disk.list(PLACE)).filter(({ name }) => name.startsWith('.'))).toEqual([]);
  }
});
