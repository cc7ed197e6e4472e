import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type BucketConfig, createBucket } from '../../src/backup/bucket.js';
import { type BackupFolder, createBackupFolder, type Taken } from '../../src/backup/folder.js';
import { commitBackup, pushBackups } from '../../src/backup/git-copy.js';
import { Secret } from '../../src/secret.js';
import { failureOf } from '../cluster/serve.js';
import { KEY, type S3Server, startS3 } from '../support/s3-server.js';
import { APPS, writeBackup } from './written.js';

let root = '';
let folder: BackupFolder;
const { signal } = new AbortController();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stars-copies-'));
  folder = createBackupFolder(join(root, 'production'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe('a bucket', () => {
  let s3: S3Server;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.close());

  function bucketWith(config: Partial<BucketConfig> = {}) {
    const keys = { accessKeyId: new Secret(KEY.id), secretAccessKey: new Secret(KEY.secret) };
    return createBucket({
      config: { endpoint: s3.url, name: 'backups', region: 'eu-central-1', ...keys, ...config },
      environment: 'production',
      signal,
    });
  }

  test('holds a copy that comes back when the disk is lost', async () => {
    const taken = await writeBackup(folder, 22);
    await bucketWith({ prefix: 'stars' }).store(taken, folder);
    expect([...s3.objects.keys()]).toEqual([
      'stars/production/2026-11-22T02-00-00Z/conf/marathon/apps.json',
      'stars/production/2026-11-22T02-00-00Z/conf/chronos/jobs.json',
      'stars/production/2026-11-22T02-00-00Z/manifest.json',
    ]);
    await rm(folder.path, { recursive: true });
    await bucketWith({ prefix: 'stars' }).fetchInto(folder, taken.name);
    await expect(folder.read(taken.name)).resolves.toEqual(taken);
  });

  test('lists all that are whole, over several pages, and no other environment', async () => {
    for (const day of [20, 21, 22]) await bucketWith().store(await writeBackup(folder, day), folder);
    s3.objects.delete('production/2026-11-21T02-00-00Z/manifest.json');
    s3.objects.set('staging/2026-11-23T02-00-00Z/manifest.json', Buffer.from('{}'));
    await expect(bucketWith().list()).resolves.toEqual(['2026-11-20T02-00-00Z', '2026-11-22T02-00-00Z']);
  });

  test('that cannot be reached half-way holds no copy', async () => {
    const taken = await writeBackup(folder, 22);
    s3.fault({ method: 'GET', hangUp: true });
    expect(await failureOf(bucketWith().store(taken, folder))).toMatchObject({ code: 'BACKUP' });
    await expect(bucketWith().list()).resolves.toEqual([]);
    await bucketWith().store(taken, folder);
    await expect(bucketWith().list()).resolves.toEqual([taken.name]);
  });

  test('that keeps something else than it was sent is found out', async () => {
    const taken = await writeBackup(folder, 22);
    s3.fault({ method: 'GET', damage: true });
    expect(await failureOf(bucketWith().store(taken, folder))).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining(
        'gives conf/marathon/apps.json of 2026-11-22T02-00-00Z back other than it was sent',
      ),
    });
  });

  test('that rots gives nothing back', async () => {
    const taken = await writeBackup(folder, 22);
    await bucketWith().store(taken, folder);
    s3.objects.set(`production/${taken.name}/conf/chronos/jobs.json`, Buffer.from('[]'));
    await rm(folder.path, { recursive: true });
    expect(await failureOf(bucketWith().fetchInto(folder, taken.name))).toMatchObject({
      message: expect.stringContaining('has another conf/chronos/jobs.json'),
    });
    await expect(folder.list()).resolves.toEqual([]);
  });

  test('whose manifest leads out of the backup is not followed', async () => {
    const taken = await writeBackup(folder, 22);
    await bucketWith().store(taken, folder);
    const key = `production/${taken.name}/manifest.json`;
    const manifest = JSON.parse(String(s3.objects.get(key))) as { files: { path: string }[] };
    s3.objects.set(
      key,
      Buffer.from(JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], path: '../../../x' }] })),
    );
    expect(await failureOf(bucketWith().fetchInto(folder, taken.name))).toMatchObject({ code: 'BACKUP' });
  });

  describe('that keeps copies for a time', () => {
    const now = new Date('2026-11-22T03:00:00Z');
    const newest = '2026-11-22T02-00-00Z';
    const stored = async (...days: number[]) => {
      for (const day of days) await bucketWith().store(await writeBackup(folder, day), folder);
    };
    const left = async () => (await bucketWith().list()).map((name) => Number(name.slice(8, 10)));
    const forget = (keep: { count: number; days: number }) => bucketWith().forgetOld(keep, { newest, now });

    test('has those that are too many or too old no more, with nothing of them left', async () => {
      await stored(10, 18, 19, 20, 22);
      s3.objects.set('staging/2026-11-01T02-00-00Z/manifest.json', Buffer.from('{}'));
      s3.objects.set('production/notes/manifest.json', Buffer.from('{}'));
      await expect(forget({ count: 3, days: 365 })).resolves.toEqual(['2026-11-18T02-00-00Z', '2026-11-10T02-00-00Z']);
      await expect(left()).resolves.toEqual([19, 20, 22]);
      await expect(forget({ count: 100, days: 2 })).resolves.toEqual(
        ['2026-11-19T02-00-00Z', '2026-11-20T02-00-00Z'].toReversed(),
      );
      expect([...s3.objects.keys()].filter((key) => !key.includes('/2026-11-22T'))).toEqual([
        'staging/2026-11-01T02-00-00Z/manifest.json',
        'production/notes/manifest.json',
      ]);
    });

    test('never loses the one that was stored last, whatever its age and however many are asked for', async () => {
      await stored(22);
      await expect(
        bucketWith().forgetOld({ count: 1, days: 1 }, { newest, now: new Date('2036-01-01T00:00:00Z') }),
      ).resolves.toEqual([]);
      await expect(left()).resolves.toEqual([22]);
    });

    test('takes nothing away when it does not show what was just stored', async () => {
      await stored(10, 18, 22);
      s3.objects.delete(`production/${newest}/manifest.json`);
      expect(await failureOf(forget({ count: 1, days: 1 }))).toMatchObject({
        code: 'BACKUP',
        message: expect.stringContaining(`does not list ${newest}`),
      });
      await expect(left()).resolves.toEqual([10, 18]);
    });

    test('that is cut off half-way shows no half of a copy, and is rid of it the next time', async () => {
      await stored(10, 22);
      let deletes = 0;
      s3.onRequest((method) => {
        if (method === 'DELETE' && (deletes += 1) === 2) s3.fault({ method: 'DELETE', hangUp: true, times: 9 });
      });
      expect(await failureOf(forget({ count: 1, days: 365 }))).toMatchObject({ code: 'BACKUP' });
      await expect(left()).resolves.toEqual([22]);
      expect([...s3.objects.keys()].some((key) => key.includes('/2026-11-10T'))).toBe(true);
      s3.clearFaults();
      await expect(forget({ count: 1, days: 365 })).resolves.toEqual(['2026-11-10T02-00-00Z']);
      expect([...s3.objects.keys()].some((key) => key.includes('/2026-11-10T'))).toBe(false);
    });

    test('leaves alone what another process may be storing just now', async () => {
      await stored(22);
      s3.objects.set('production/2026-11-22T02-30-00Z/conf/marathon/apps.json', Buffer.from('{}'));
      await expect(forget({ count: 1, days: 365 })).resolves.toEqual([]);
    });

    test('says so when the key may not take anything away', async () => {
      await stored(10, 22);
      s3.fault({ method: 'DELETE', status: 403 });
      expect(await failureOf(forget({ count: 1, days: 365 }))).toMatchObject({
        code: 'BACKUP',
        hint: expect.stringContaining('DeleteObject'),
      });
      await expect(left()).resolves.toEqual([10, 22]);
    });
  });

  test.each<[string, () => Partial<BucketConfig>, string, string]>([
    ['of another name', () => ({ name: 'nowhere' }), 'NoSuchBucket (404)', 'Make it'],
    ['with another key', () => ({ accessKeyId: new Secret('AKOTHER') }), 'InvalidAccessKeyId (403)', 'accessKeyId'],
    [
      'with a wrong secret',
      () => ({ secretAccessKey: new Secret('wrong') }),
      'SignatureDoesNotMatch (403)',
      'secretAccessKey',
    ],
    ['at an address where nobody is', () => ({ endpoint: 'http://127.0.0.1:1' }), '', ''],
  ])('%s is told of without the secret', async (_title, config, words, hint) => {
    const taken = await writeBackup(folder, 22);
    const error = await failureOf(bucketWith(config()).store(taken, folder));
    expect(error).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining(words),
      hint: expect.stringContaining(hint),
    });
    expect(JSON.stringify([error.message, error.hint])).not.toContain(KEY.secret);
  });
});

describe('git', () => {
  const git = (...words: string[]) => execFileSync('git', ['-C', root, ...words], { encoding: 'utf8' });
  const commit = (taken: Taken, previous?: Taken, changes?: string[]) =>
    commitBackup(
      { backup: taken, previous, changes, warnings: [], ms: 0 },
      { root, environment: 'production', env: process.env, signal },
    );

  test('has a commit for each backup, whose message says what changed', async () => {
    const first = await writeBackup(folder, 21);
    await commit(first);
    const second = await writeBackup(folder, 22, { apps: APPS.replace('2048', '4096') });
    await folder.remove(first.name);
    await commit(second, first, ['zeppelin: mem 2048 → 4096']);
    expect(git('log', '--format=%an|%s').trim().split('\n')).toEqual([
      'ann|production: 2 apps, 1 job',
      'ann|production: 2 apps, 1 job',
    ]);
    expect(git('log', '-1', '--format=%b')).toContain(`Since ${first.name}:\n• zeppelin: mem 2048 → 4096`);
    expect(git('ls-files').trim().split('\n')).toEqual([
      `production/${second.name}/conf/chronos/jobs.json`,
      `production/${second.name}/conf/marathon/apps.json`,
      `production/${second.name}/manifest.json`,
    ]);
  });

  test('leaves alone what others are at', async () => {
    const taken = await writeBackup(folder, 21);
    await mkdir(join(folder.path, '.2026-11-21T03-00-00Z-r9.partial'));
    await writeFile(join(folder.path, '.2026-11-21T03-00-00Z-r9.partial', 'manifest.json'), '{');
    await mkdir(join(root, 'staging'));
    await writeFile(join(root, 'staging', 'x'), '');
    await commit(taken);
    expect(git('ls-files')).not.toMatch(/partial|staging/);
  });

  test('has no commit where nothing is new', async () => {
    const taken = await writeBackup(folder, 21);
    await commit(taken);
    await commit(taken);
    expect(git('rev-list', '--count', 'HEAD').trim()).toBe('1');
  });

  test('that is locked is told of', async () => {
    const taken = await writeBackup(folder, 21);
    await commit(taken);
    await appendFile(join(root, '.git', 'index.lock'), '');
    expect(await failureOf(commit(await writeBackup(folder, 22)))).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining('could not be committed'),
    });
  });

  describe('with a remote', () => {
    let remote = '';
    const push = (to = remote) => pushBackups({ root, to: { push: to, branch: 'main' }, env: process.env, signal });
    const subjects = () =>
      execFileSync('git', ['-C', remote, 'log', '--format=%s', 'main'], { encoding: 'utf8' }).trim().split('\n');

    beforeEach(async () => {
      remote = await mkdtemp(join(tmpdir(), 'stars-remote-'));
      execFileSync('git', ['init', '--quiet', '--bare', remote]);
    });
    afterEach(() => rm(remote, { recursive: true, force: true }));

    test('has every commit, also one that could not be pushed before', async () => {
      await commit(await writeBackup(folder, 21));
      expect(await failureOf(push(join(remote, 'nothing')))).toMatchObject({
        code: 'BACKUP',
        message: expect.stringMatching(
          /could not be pushed to .*nothing, branch main: git push failed: .*does not appear to be a git repository/,
        ),
        hint: expect.stringContaining('The next backup pushes this one too.'),
      });
      await commit(await writeBackup(folder, 22));
      await push();
      expect(subjects()).toEqual(['production: 2 apps, 1 job', 'production: 2 apps, 1 job']);
      await push();
    });

    test('to which somebody else pushed is left as it is, and told of', async () => {
      const other = join(root, 'other');
      await commit(await writeBackup(folder, 21));
      await push();
      const elsewhere = (...words: string[]) =>
        execFileSync('git', ['-C', other, '-c', 'user.name=x', '-c', 'user.email=x@x', ...words]);
      execFileSync('git', ['clone', '--quiet', '--branch', 'main', remote, other]);
      elsewhere('commit', '--quiet', '--allow-empty', '--message=theirs');
      elsewhere('push', '--quiet', 'origin', 'main');
      await commit(await writeBackup(folder, 22));
      expect(await failureOf(push())).toMatchObject({
        code: 'BACKUP',
        hint: expect.stringContaining('Somebody else pushed there.'),
      });
      expect(subjects()[0]).toBe('theirs');
    });

    test('is told of without the login in its address', async () => {
      await commit(await writeBackup(folder, 21));
      const error = await failureOf(push('http://ann:hunter2@127.0.0.1:1/x.git'));
      expect(error.code).toBe('BACKUP');
      expect(JSON.stringify([error.message, error.hint])).not.toContain('hunter2');
    });
  });
});
