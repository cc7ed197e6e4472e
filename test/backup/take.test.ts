import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createBackupFolder } from '../../src/backup/folder.js';
import { takeBackup } from '../../src/backup/take.js';
import { createChronos } from '../../src/cluster/chronos/client.js';
import { createMarathon } from '../../src/cluster/marathon/client.js';
import {
  closeServers,
  failureOf,
  fixture,
  fixtureText,
  hurryingClock,
  httpTo,
  routes,
  serve,
  type Reply,
} from '../cluster/serve.js';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stars-backup-'));
});

afterEach(async () => {
  await closeServers();
  await rm(folder, { recursive: true, force: true });
});

const APPS = fixtureText('marathon/apps-backup-1.4.7.json');
const JOBS = fixtureText('chronos/jobs-backup-3.0.json');
const apps = (fixture('marathon/apps-backup-1.4.7.json') as { apps: { id: string }[] }).apps;
const groups = { id: '/', apps: apps.slice(1), groups: [{ id: '/sub', apps: apps.slice(0, 1), groups: [] }] };
const job = { name: 'test', status: 'success', state: 'idle' };

/** What the cluster answers; any part may be replaced. */
const answers = (replaced: Record<string, Reply> = {}) =>
  routes({
    '/v2/apps': { body: APPS },
    '/v2/groups': { body: groups },
    '/v2/info': { body: fixture('marathon/info-doc-1.4.7.json') },
    '/v1/scheduler/jobs': { body: JOBS },
    '/v1/scheduler/jobs/summary': { body: { jobs: [job] } },
    ...replaced,
  });

async function take(replaced: Record<string, Reply> = {}, options: { allowEmpty?: boolean } = {}) {
  const { url } = await serve(answers(replaced));
  const clock = hurryingClock();
  return takeBackup({
    marathon: createMarathon({ http: httpTo(url), clock }),
    chronos: createChronos({ http: httpTo(url, { service: 'Chronos' }), clock: hurryingClock() }),
    environment: 'production',
    folder: home(),
    clock,
    run: { id: 'r1' },
    person: { id: 'U1', name: 'ann' },
    ...options,
  });
}

const home = () => createBackupFolder(join(folder, 'production'));

describe('a good backup', () => {
  test('holds the bodies as they came, and who took them', async () => {
    const { backup, previous } = await take();
    expect(previous).toBeUndefined();
    expect(backup.name).toBe('2017-09-04T14-00-00Z');
    await expect(readFile(join(backup.path, 'conf/marathon/apps.json'), 'utf8')).resolves.toBe(APPS);
    await expect(readFile(join(backup.path, 'conf/chronos/jobs.json'), 'utf8')).resolves.toBe(JOBS);
    await expect(readFile(join(backup.path, 'conf/marathon/pods.json'), 'utf8')).resolves.toBe('[]');
    expect(backup.manifest).toMatchObject({
      run: 'r1',
      person: { name: 'ann' },
      counts: { apps: 4, pods: 0, jobs: 1 },
      versions: { marathon: '0.13.0-SNAPSHOT' },
    });
    expect(backup.manifest.files.map(({ path }) => path)).toContain('conf/marathon/groups.json');
  });

  test('can be read by its owner only', async () => {
    const { backup } = await take();
    expect((await stat(backup.path)).mode & 0o077).toBe(0);
    expect((await stat(join(backup.path, 'conf/marathon/apps.json'))).mode & 0o077).toBe(0);
  });

  test('says what changed since the last good one, passing over a damaged one', async () => {
    const first = await take();
    const changed = { apps: apps.map((app) => (app.id === '/chronos' ? { ...app, mem: 256 } : app)) };
    const second = await take({ '/v2/apps': { body: changed } });
    expect(second.backup.name).toBe('2017-09-04T14-00-00Z-2');
    expect(second.changes).toEqual(['chronos: mem 128 → 256']);
    await writeFile(join(second.backup.path, 'conf/marathon/apps.json'), APPS);
    const third = await take();
    expect(third.previous?.name).toBe(first.backup.name);
    expect(third.changes).toEqual([]);
  });
});

describe('an answer that is no backup', () => {
  test.each([
    [
      'no apps',
      { '/v2/apps': { body: '{"apps":[]}' }, '/v2/groups': { body: { id: '/', apps: [], groups: [] } } },
      'says that it has no apps',
    ],
    [
      'no jobs',
      { '/v1/scheduler/jobs': { body: '[]' }, '/v1/scheduler/jobs/summary': { body: { jobs: [] } } },
      'says that it has no jobs',
    ],
    ['nothing', { '/v2/apps': { body: '' } }, 'is not whole JSON'],
    ['half a list', { '/v2/apps': { body: APPS.slice(0, 3000) } }, 'is not whole JSON'],
    ['a web page', { '/v2/apps': { body: '<html>login</html>' } }, 'is not whole JSON'],
    ['another shape', { '/v2/apps': { body: { apps: [{ name: 'x' }] } } }, 'has another shape'],
    [
      'fewer apps than the groups hold',
      { '/v2/apps': { body: { apps: apps.slice(1) } } },
      'Marathon contradicts itself',
    ],
    [
      'fewer jobs than the summary holds',
      { '/v1/scheduler/jobs/summary': { body: { jobs: [job, { name: 'two' }] } } },
      'Chronos contradicts itself',
    ],
    [
      'a job listed twice',
      { '/v1/scheduler/jobs': { body: [{ name: 'test' }, { name: 'test' }] } },
      'one is listed twice',
    ],
  ])('%s', async (_title, replaced, words) => {
    expect(await failureOf(take(replaced))).toMatchObject({ code: 'BACKUP', message: expect.stringContaining(words) });
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  test('Marathon down', async () => {
    expect(await failureOf(take({ '/v2/apps': { status: 503 } }))).toMatchObject({ code: 'API_UNREACHABLE' });
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  test('no jobs, unless somebody says that this is right', async () => {
    const none = { '/v1/scheduler/jobs': { body: '[]' }, '/v1/scheduler/jobs/summary': { body: { jobs: [] } } };
    expect((await take(none, { allowEmpty: true })).backup.manifest.counts).toMatchObject({ jobs: 0 });
  });
});

describe('reading', () => {
  test.each([
    [
      'a changed file',
      async (path: string) => writeFile(join(path, 'conf/chronos/jobs.json'), '[]'),
      'conf/chronos/jobs.json is not what was written',
    ],
    [
      'a missing file',
      async (path: string) => rm(join(path, 'conf/chronos/jobs.json')),
      'conf/chronos/jobs.json is missing',
    ],
    [
      'a broken manifest',
      async (path: string) => writeFile(join(path, 'manifest.json'), '{'),
      'its manifest cannot be read',
    ],
  ])('finds %s', async (_title, damage, words) => {
    const { backup } = await take();
    await damage(backup.path);
    expect(await failureOf(home().read(backup.name))).toMatchObject({
      code: 'BACKUP',
      message: expect.stringContaining(words),
    });
    await expect(home().newestGood()).resolves.toBeUndefined();
  });

  test('lists nothing that was never finished', async () => {
    const { backup } = await take();
    await writeFile(join(home().path, 'notes.txt'), '');
    await mkdir(join(home().path, '.2017-09-05T00-00-00Z-r2.partial'));
    await expect(home().list()).resolves.toEqual([backup.name]);
    await expect(createBackupFolder(join(folder, 'none')).list()).resolves.toEqual([]);
  });
});
