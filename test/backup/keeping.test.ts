import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { backupAge } from '../../src/backup/backup-age.js';
import { type BackupFolder, createBackupFolder, type Taken } from '../../src/backup/folder.js';
import { forgetOld } from '../../src/backup/retention.js';
import { lossesOf, noticeOf } from '../../src/backup/words.js';
import { failureOf } from '../cluster/serve.js';
import { writeBackup } from './written.js';

let root = '';
let folder: BackupFolder;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stars-keeping-'));
  folder = createBackupFolder(join(root, 'production'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

const days = async () => (await folder.list()).map((name) => Number(name.slice(8, 10)));
const at = (text: string) => new Date(`2026-11-${text}:00Z`);

async function write(...wanted: number[]): Promise<void> {
  for (const day of wanted) await writeBackup(folder, day);
}

async function damage(day: number): Promise<void> {
  await writeFile(join(folder.path, `2026-11-${day}T02-00-00Z`, 'conf/marathon/apps.json'), '{"apps":[]}');
}

describe('old backups', () => {
  test('go by their number', async () => {
    await write(10, 11, 12, 13);
    await expect(forgetOld(folder, { count: 2, days: 365 }, at('14T00:00'))).resolves.toEqual([
      '2026-11-11T02-00-00Z',
      '2026-11-10T02-00-00Z',
    ]);
    await expect(days()).resolves.toEqual([12, 13]);
  });

  test('go by their age', async () => {
    await write(10, 11, 12, 13);
    await forgetOld(folder, { count: 100, days: 2 }, at('13T02:30'));
    await expect(days()).resolves.toEqual([12, 13]);
  });

  test('stay when they are the last that is good', async () => {
    await write(10, 11, 12);
    await damage(11);
    await damage(12);
    await forgetOld(folder, { count: 1, days: 1 }, at('28T00:00'));
    await expect(days()).resolves.toEqual([10]);
  });

  test('all stay when none is good', async () => {
    await write(10, 11);
    await damage(10);
    await damage(11);
    await expect(forgetOld(folder, { count: 1, days: 1 }, at('28T00:00'))).resolves.toEqual([]);
    await expect(days()).resolves.toEqual([10, 11]);
  });

  test('of before a restore are not what is kept in the end', async () => {
    await write(10);
    await writeBackup(folder, 12, { before: { restore: '2026-11-10T02-00-00Z', creates: [] } });
    await expect(folder.newestGood()).resolves.toMatchObject({ name: '2026-11-10T02-00-00Z' });
    await forgetOld(folder, { count: 1, days: 365 }, at('13T00:00'));
    await expect(days()).resolves.toEqual([10, 12]);
  });
});

describe('the age of the newest good backup', () => {
  test.each([
    ['22T02:30', false, 'The newest good backup is less than an hour old: 2026-11-22T02-00-00Z.'],
    ['23T03:59', false, 'The newest good backup is 25 hours old: 2026-11-22T02-00-00Z.'],
    ['23T04:01', true, 'No good backup for 26 hours: the newest is 2026-11-22T02-00-00Z.'],
    ['26T04:00', true, 'No good backup for 4 days: the newest is 2026-11-22T02-00-00Z.'],
  ])('at %s', async (now, late, words) => {
    await write(21, 22);
    await expect(backupAge(folder, at(now))).resolves.toMatchObject({ late, words });
  });

  test('counts no damaged one, and none that a restore took', async () => {
    await write(20, 21);
    await damage(21);
    await writeBackup(folder, 22, { before: { restore: 'x', creates: [] } });
    await expect(backupAge(folder, at('22T03:00'))).resolves.toMatchObject({
      late: true,
      words: 'No good backup for 49 hours: the newest is 2026-11-20T02-00-00Z.',
    });
  });

  test('is none where there is none', async () => {
    await expect(backupAge(folder, at('22T03:00'))).resolves.toEqual({
      newest: undefined,
      ageMs: undefined,
      late: true,
      words: 'There is no good backup of this environment.',
    });
  });
});

describe('the notice', () => {
  const taken = (apps: number, jobs: number, name = 'new') =>
    ({
      name,
      bytes: 23_456,
      apps: Array.from({ length: apps }),
      jobs: Array.from({ length: jobs }),
      pods: [],
      nodes: [],
      manifest: { counts: { apps, pods: 0, jobs } },
    }) as unknown as Taken;

  test('says what was saved, what changed, its size and how long it took', () => {
    const words = noticeOf(
      {
        backup: taken(4, 1),
        previous: taken(4, 2, 'old'),
        changes: ['zeppelin: mem 2048 → 4096', 'job reindex gone'],
        warnings: ['ZooKeeper does not let Stars read /x, so it was not saved.'],
        ms: 1_234,
      },
      { warnAtLossPercent: 60 },
    );
    expect(words).toBe(
      'Saved 4 apps, 1 job as new (23 kB, 1.2 s).\n⚠️ ZooKeeper does not let Stars read /x, so it was not saved.\nSince old:\n• zeppelin: mem 2048 → 4096\n• job reindex gone',
    );
  });

  test('counts changes that are too many to tell', () => {
    const changes = Array.from({ length: 25 }, (_, index) => `a${index} new`);
    expect(
      noticeOf(
        { backup: taken(30, 0), previous: taken(5, 0), changes, warnings: [], ms: 0 },
        { warnAtLossPercent: 20 },
      ),
    ).toMatch(/• a19 new\n• and 5 more$/);
  });

  test.each([
    ['a loss beyond the threshold', taken(7, 1), taken(10, 1, 'old'), ['3 of 10 apps are gone since old.']],
    ['a loss of just that', taken(8, 1), taken(10, 1, 'old'), ['2 of 10 apps are gone since old.']],
    ['a loss below it', taken(9, 1), taken(10, 1, 'old'), []],
    ['one that is gone of few', taken(4, 0), taken(4, 1, 'old'), ['There are no jobs at all; there were 1.']],
    ['none at all', taken(0, 1), undefined, ['There are no apps at all.']],
    ['more than before', taken(20, 2), taken(10, 1, 'old'), []],
  ])('warns of %s', (_title, backup, previous, words) => {
    expect(lossesOf({ backup, previous }, 20)).toEqual(words);
  });
});

describe('a folder of other hands', () => {
  const lay = async (name: string, files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder.path, name, file)), { recursive: true });
      await writeFile(join(folder.path, name, file), text);
    }
  };

  test.each(['apps.json', 'marathon/apps.json', 'conf/marathon/apps.json'])(
    'is read where its apps lie in %s',
    async (file) => {
      await lay('by-hand', { [file]: '{"apps":[{"id":"/a"}]}' });
      await expect(folder.read('by-hand')).resolves.toMatchObject({
        manifest: undefined,
        apps: [{ id: '/a' }],
        jobs: [],
      });
    },
  );

  test.each<[string, Record<string, string>, string]>([
    ['nothing of a backup', { 'notes.txt': 'x' }, 'There is no backup by-hand'],
    ['apps that are cut off', { 'apps.json': '{"apps":[{"id":"/a"}' }, 'apps.json is not whole JSON'],
    [
      'apps of another shape',
      { 'apps.json': '{"apps":[{"name":"a"}]}' },
      'apps.json has another shape than it should (at apps.0.id)',
    ],
  ])('with %s is refused', async (_title, files, words) => {
    await lay('by-hand', files);
    expect(await failureOf(folder.read('by-hand'))).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining(words),
    });
  });

  test.each(['..', '../x', '/etc', 'a/b', '.hidden', ''])('%p names none', async (name) => {
    await write(22);
    expect(await failureOf(folder.read(name))).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining('There is no backup'),
    });
  });

  test('one that tells a time but has no manifest is damaged', async () => {
    await write(22);
    await rm(join(folder.path, '2026-11-22T02-00-00Z', 'manifest.json'));
    expect(await failureOf(folder.read('2026-11-22T02-00-00Z'))).toMatchObject({
      message: expect.stringContaining('manifest.json is missing'),
    });
  });
});
