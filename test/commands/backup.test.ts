import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { backup } from '../../commands/backup.js';
import { restore } from '../../commands/restore.js';
import { createBackupFolder } from '../../src/backup/folder.js';
import type { Fault } from '../../src/sandbox/cluster/fault.js';
import { writeBackup } from '../backup/written.js';
import { KEY, type S3Server, startS3 } from '../support/s3-server.js';
import { diffBackups } from '../../src/cluster/diff.js';
import { normaliseApp, normaliseJob, type Definition } from '../../src/cluster/normalise.js';
import { failureOf, fixture } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

const saved = fixture('marathon/apps-backup-1.4.7.json') as { apps: Definition[] };
const savedJobs = fixture('chronos/jobs-backup-3.0.json') as Definition[];
let practice: Practice;

beforeEach(async () => {
  practice = await practise({ apps: saved, jobs: savedJobs });
});

afterEach(() => practice.stop());

const ask = (input: Record<string, unknown> = {}) => practice.perform(backup, input);

async function written(name: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(practice.dataFolder, 'sandbox', name, file), 'utf8'));
}

test('saves the apps and jobs of the cluster as they were loaded into it', async () => {
  await expect(ask()).resolves.toBe(
    'Saved 4 apps, 1 job as 2026-11-22T02-00-05Z (10 kB, 0.0 s).\nIt is the first of this environment.',
  );
  const { apps } = (await written('2026-11-22T02-00-05Z', 'conf/marathon/apps.json')) as { apps: Definition[] };
  const jobs = (await written('2026-11-22T02-00-05Z', 'conf/chronos/jobs.json')) as Definition[];
  const byId = (list: readonly Definition[]) => new Map(list.map((app) => [app['id'], normaliseApp(app)]));
  expect(byId(apps)).toEqual(byId(saved.apps));
  expect(jobs.map(normaliseJob)).toEqual(
    savedJobs.map(normaliseJob).map((job) => ({ ...job, schedule: expect.anything() })),
  );
  expect(diffBackups({ apps: saved.apps, jobs: savedJobs }, { apps, jobs })).toEqual([]);
});

test('says what changed since the last one', async () => {
  await ask();
  await practice.clock.sleep(60_000);
  await expect(ask()).resolves.toContain('Nothing changed since 2026-11-22T02-00-05Z.');
  await practice.cluster.marathon.scale('/chronos', 2);
  await practice.clock.sleep(60_000);
  await expect(ask()).resolves.toContain('• chronos: instances 1 → 2');
});

test('lists, shows and compares what was saved', async () => {
  await expect(ask({ action: 'list' })).resolves.toBe('There is no backup of this environment yet.');
  await ask();
  await expect(ask({ action: 'list' })).resolves.toContain('1 backup, the newest first:\n• 2026-11-22T02-00-05Z');
  await expect(ask({ action: 'show' })).resolves.toMatch(
    /^2026-11-22T02-00-05Z: 4 apps, 1 job from Marathon 1\.4\.7, taken by ann/,
  );
  await expect(ask({ action: 'verify' })).resolves.toContain('is whole');
  await expect(ask({ action: 'diff' })).resolves.toContain('Nothing changed');
});

test('the list says what each holds, which were taken before a restore, and which are damaged', async () => {
  await ask();
  await practice.clock.sleep(60_000);
  await practice.cluster.marathon.remove('/greent');
  await practice.clock.sleep(10_000);
  await practice.perform(restore, { backup: 'last' });
  await mkdir(join(practice.dataFolder, 'sandbox', '2026-11-21T02-00-00Z'));
  const [, , ...lines] = (await ask({ action: 'list' })).split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^• \S+Z · 3 apps, 1 job, what was there before 2026-11-22T02-00-05Z was restored$/),
    '• 2026-11-22T02-00-05Z · 4 apps, 1 job, by ann',
    '• 2026-11-21T02-00-00Z · ⚠️ damaged: manifest.json is missing.',
  ]);
});

test('last is the newest one wherever a backup can be named', async () => {
  await ask();
  for (const action of ['show', 'verify', 'diff'])
    await expect(ask({ action, backup: 'last' })).resolves.toContain('2026-11-22T02-00-05Z');
});

test('a folder that cannot be looked into is not called empty', async () => {
  await writeFile(join(practice.dataFolder, 'sandbox'), 'in the way');
  const failure = {
    code: 'BACKUP',
    message: expect.stringContaining('cannot be read: a file is where a folder should be'),
  };
  for (const action of ['list', 'verify', 'show']) expect(await failureOf(ask({ action }))).toMatchObject(failure);
  expect(await failureOf(practice.perform(restore, { backup: 'last' }))).toMatchObject(failure);
});

test('finds a file that was changed behind its back', async () => {
  await ask();
  await writeFile(join(practice.dataFolder, 'sandbox/2026-11-22T02-00-05Z/conf/marathon/apps.json'), '{"apps":[]}');
  expect(await failureOf(ask({ action: 'verify', backup: '2026-11-22T02-00-05Z' }))).toMatchObject({
    code: 'BACKUP',
    message: expect.stringContaining('damaged'),
  });
});

test('saves nothing when the answer is cut off', async () => {
  practice.simulated.control.fault('marathon', { truncate: true, path: '/v2/apps', times: 3 });
  expect(await failureOf(ask())).toMatchObject({ code: 'API_UNREACHABLE' });
  await expect(ask({ action: 'list' })).resolves.toContain('no backup');
});

test('a drill restores the newest one elsewhere and leaves the cluster alone', async () => {
  await ask();
  const before = await practice.cluster.marathon.definitions();
  await expect(ask({ action: 'drill' })).resolves.toMatch(
    /^2026-11-22T02-00-05Z would come back: 4 apps, 1 job restored into an empty practice cluster of 3 agents and found as they were saved\.\n⚠️ \/zeppelin came back as it was, but did not start there: .*no agent fits its constraints/,
  );
  expect(await practice.cluster.marathon.definitions()).toEqual(before);
});

test('a drill restores what a newer Marathon had into one of its kind, also when nothing but the apps says so', async () => {
  await practice.stop();
  const container = { type: 'DOCKER', docker: { image: 'run' }, portMappings: [{ containerPort: 80, name: 'web' }] };
  const networks = ['one', 'two'].map((name) => ({ mode: 'container', name }));
  const apps = [
    { id: '/both', container, networks },
    { id: '/bridged', container, networks: [{ mode: 'container/bridge' }] },
  ];
  practice = await practise({ marathonVersion: '1.10', apps, jobs: [] });
  await ask({ allowEmpty: true });
  await expect(ask({ action: 'drill' })).resolves.toContain('would come back: 2 apps');
  const marathon = await written('2026-11-22T02-00-05Z', 'conf/marathon/apps.json');
  await mkdir(join(practice.dataFolder, 'sandbox', 'by-hand'), { recursive: true });
  await writeFile(join(practice.dataFolder, 'sandbox', 'by-hand', 'apps.json'), JSON.stringify(marathon));
  await expect(ask({ action: 'drill', backup: 'by-hand' })).resolves.toContain('would come back: 2 apps');
});

test('a drill says what would not come back', async () => {
  const apps = { apps: [...saved.apps, { id: '/both', cmd: 'x', args: ['y'] }] };
  await mkdir(join(practice.dataFolder, 'sandbox', 'by-hand'), { recursive: true });
  await writeFile(join(practice.dataFolder, 'sandbox', 'by-hand', 'apps.json'), JSON.stringify(apps));
  expect(await failureOf(ask({ action: 'drill', backup: 'by-hand' }))).toMatchObject({
    code: 'BACKUP',
    message:
      'by-hand would not come back whole: 1 of 5 are missing or otherwise.\n• /both: it has both a command and arguments',
  });
});

describe('copies elsewhere', () => {
  async function withBucket(config: object = {}): Promise<S3Server> {
    const s3 = await startS3();
    await practice.stop();
    const bucket = {
      endpoint: s3.url,
      name: 'backups',
      accessKeyId: { env: 'ID' },
      secretAccessKey: { env: 'SECRET' },
      ...config,
    };
    practice = await practise({
      apps: saved,
      jobs: savedJobs,
      config: { backups: { bucket } },
      secrets: { ID: KEY.id, SECRET: KEY.secret },
    });
    return s3;
  }

  test('that a bucket does not tell of hide no backup that is here', async () => {
    const s3 = await withBucket();
    await ask();
    await s3.close();
    const list = await ask({ action: 'list' });
    expect(list).toContain('⚠️ The bucket cannot be looked into: ');
    expect(list).toContain('• 2026-11-22T02-00-05Z · 4 apps, 1 job, by ann');
  });

  test('go to the bucket, from which a lost one is restored', async () => {
    const s3 = await withBucket();
    try {
      await expect(ask()).resolves.toContain('Saved 4 apps, 1 job');
      await rm(join(practice.dataFolder, 'sandbox'), { recursive: true });
      await expect(ask({ action: 'list' })).resolves.toContain('• 2026-11-22T02-00-05Z (only in the bucket)');
      await practice.cluster.marathon.remove('/greent');
      await practice.clock.sleep(10_000);
      await expect(practice.perform(restore, { backup: '2026-11-22T02-00-05Z', app: 'greent' })).resolves.toContain(
        'created 1 item, all as saved',
      );
    } finally {
      await s3.close();
    }
  });

  test('that fail are no success, though the backup is whole here', async () => {
    const s3 = await withBucket({ name: 'nowhere' });
    try {
      expect(await failureOf(ask())).toMatchObject({
        code: 'BACKUP',
        message: expect.stringMatching(
          /^2026-11-22T02-00-05Z is whole on this disk, but not everywhere it should be: .*NoSuchBucket/,
        ),
      });
      expect(practice.said).toContainEqual(expect.stringContaining('Saved 4 apps, 1 job'));
    } finally {
      await s3.close();
    }
  });

  test('are commits where the environment says so', async () => {
    await practice.stop();
    practice = await practise({ apps: saved, jobs: savedJobs, config: { backups: { git: true } } });
    await ask();
    const log = execFileSync('git', ['-C', practice.dataFolder, 'log', '--format=%s'], { encoding: 'utf8' });
    expect(log).toBe('sandbox: 4 apps, 1 job\n');
    await writeFile(join(practice.dataFolder, '.git/index.lock'), '');
    await practice.clock.sleep(60_000);
    const { message } = await failureOf(ask());
    expect(message).toMatch(/git add failed: fatal: .*index\.lock.*: File exists\./);
  });
});

describe('what is kept for a time', () => {
  let s3: S3Server;
  let remote = '';

  beforeEach(async () => {
    s3 = await startS3();
    remote = await mkdtemp(join(tmpdir(), 'stars-backup-remote-'));
    execFileSync('git', ['init', '--quiet', '--bare', remote]);
    await begin({ push: remote });
  });
  afterEach(async () => {
    await s3.close();
    await rm(remote, { recursive: true, force: true });
  });

  async function begin(git: object): Promise<void> {
    await practice.stop();
    const keys = { accessKeyId: { env: 'ID' }, secretAccessKey: { env: 'SECRET' } };
    const bucket = { endpoint: s3.url, name: 'backups', keep: { count: 1 }, ...keys };
    practice = await practise({
      apps: saved,
      jobs: savedJobs,
      config: { backups: { git, bucket, keep: { count: 1 } } },
      secrets: { ID: KEY.id, SECRET: KEY.secret },
    });
  }

  const pushed = () =>
    execFileSync('git', ['-C', remote, 'ls-tree', '-r', '--name-only', 'main'], { encoding: 'utf8' });

  test('is pushed, and old ones go here and in the bucket', async () => {
    await ask();
    await practice.clock.sleep(60_000);
    await expect(ask()).resolves.toMatch(/Took away 1 old backup\.\nTook 1 old copy out of the bucket\.$/);
    expect([...s3.objects.keys()].every((key) => key.startsWith('sandbox/2026-11-22T02-01-05Z/'))).toBe(true);
    expect(pushed()).toContain('sandbox/2026-11-22T02-01-05Z/manifest.json');
  });

  test('stays everywhere when much of it is gone in the new one', async () => {
    await ask();
    await practice.cluster.marathon.remove('/zeppelin', { force: true });
    await practice.clock.sleep(60_000);
    await expect(ask()).resolves.toContain('1 of 4 apps is gone');
    expect([...s3.objects.keys()].filter((key) => key.endsWith('manifest.json'))).toHaveLength(2);
    await expect(ask({ action: 'list' })).resolves.toContain('2 backups');
  });

  test('stays in the bucket when that refuses to take it away, which is told and no failure', async () => {
    await ask();
    await practice.clock.sleep(60_000);
    s3.fault({ method: 'DELETE', status: 403, times: 9 });
    await expect(ask()).resolves.toContain('Took away 1 old backup.');
    expect(practice.said).toContainEqual(
      expect.stringMatching(/^⚠️ Old copies stay: .*AccessDenied \(403\)[^]*DeleteObject/),
    );
  });

  test('is a failure when it cannot be pushed, though it is whole here', async () => {
    await begin({ push: join(remote, 'nothing') });
    expect(await failureOf(ask())).toMatchObject({
      code: 'BACKUP',
      message: expect.stringMatching(/^2026-11-22T02-00-05Z is whole on this disk, but not .*could not be pushed to/),
    });
    await expect(ask({ action: 'verify' })).resolves.toContain('is whole');
  });
});

test('verify looks at all of them and names the damaged ones', async () => {
  await ask();
  await practice.clock.sleep(60_000);
  await ask();
  await expect(ask({ action: 'verify' })).resolves.toContain('All 2 backups are whole.');
  await writeFile(join(practice.dataFolder, 'sandbox/2026-11-22T02-00-05Z/conf/chronos/jobs.json'), '[]');
  expect(await failureOf(ask({ action: 'verify' }))).toMatchObject({
    code: 'BACKUP',
    message:
      '1 of 2 backups cannot be used.\n• The backup 2026-11-22T02-00-05Z is damaged: conf/chronos/jobs.json is not what was written.',
    hint: expect.stringContaining('is whole'),
  });
});

test('says when there has been no good one for too long', async () => {
  await writeBackup(createBackupFolder(join(practice.dataFolder, 'sandbox')), 20);
  await expect(ask({ action: 'list' })).resolves.toMatch(/^⚠️ No good backup for 48 hours/);
});

test('whatever goes wrong between, a backup is whole or there is none', async () => {
  const faults: Fault[] = [
    { truncate: true },
    { close: true },
    { status: 503 },
    { html: true },
    { status: 200, body: { apps: [] } },
    { status: 200, body: '' },
    { status: 200, body: [] },
  ];
  const paths = ['/v2/apps', '/v2/groups', '/v2/pods', '/v2/info'];
  const { control } = practice.simulated;
  const codes = new Set<string | undefined>();
  for (const fault of faults)
    for (const path of paths)
      for (const times of [1, 9]) {
        control.fault('marathon', { ...fault, path, times });
        codes.add(
          await ask().then(
            () => 'ok',
            ({ code }: { code?: string }) => code,
          ),
        );
        control.clearFaults('marathon');
      }
  expect(codes).toEqual(new Set(['API_ANSWER', 'API_UNREACHABLE', 'BACKUP', 'ok']));
  const folder = createBackupFolder(join(practice.dataFolder, 'sandbox'));
  for (const name of await folder.list()) {
    const { apps, jobs } = await folder.read(name);
    expect(diffBackups({ apps, jobs }, { apps: saved.apps, jobs: savedJobs })).toEqual([]);
  }
});

test('saves the paths of ZooKeeper that the environment names', async () => {
  await practice.stop();
  practice = await practise({ apps: saved, jobs: savedJobs, config: { backups: { zookeeper: ['/stars'] } } });
  practice.simulated.control.setNode('/stars', 'root');
  practice.simulated.control.setNode('/stars/leader', 'me');
  await expect(ask()).resolves.toContain('Saved 4 apps, 1 job, 2 ZooKeeper nodes as');
  await expect(written('2026-11-22T02-00-05Z', 'conf/zookeeper/nodes.json')).resolves.toEqual([
    { path: '/stars', data: Buffer.from('root').toString('base64') },
    { path: '/stars/leader', data: Buffer.from('me').toString('base64') },
  ]);
});
