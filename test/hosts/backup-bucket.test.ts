import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3mini } from 's3mini';
import { type BucketConfig, createBucket } from '../../src/backup/bucket.js';
import { type BackupFolder, createBackupFolder } from '../../src/backup/folder.js';
import { Secret } from '../../src/secret.js';
import { writeBackup } from '../backup/written.js';
import { failureOf } from '../cluster/serve.js';
import { startSwift, type Swift } from './support/swift.js';

let swift: Swift;
let root = '';
let folder: BackupFolder;

beforeAll(async () => {
  swift = await startSwift();
  root = await mkdtemp(join(tmpdir(), 'stars-bucket-'));
  folder = createBackupFolder(join(root, 'production'));
}, 90_000);
afterAll(async () => {
  await swift.stop();
  await rm(root, { recursive: true, force: true });
});

function bucketWith(config: Partial<BucketConfig> = {}) {
  const keys = { accessKeyId: new Secret(swift.accessKeyId), secretAccessKey: new Secret(swift.secretAccessKey) };
  const { signal } = new AbortController();
  return createBucket({
    config: { endpoint: swift.url, name: 'our-backups', region: 'us-east-1', prefix: 'a/b', ...keys, ...config },
    environment: 'production',
    signal,
  });
}

test('a bucket of OpenStack Swift takes backups, lists them and gives a lost one back', async () => {
  const first = await writeBackup(folder, 20);
  expect((await failureOf(bucketWith().store(first, folder))).message).toContain('NoSuchBucket');
  const { accessKeyId, secretAccessKey, url } = swift;
  await new S3mini({
    accessKeyId,
    secretAccessKey,
    endpoint: `${url}/our-backups`,
    region: 'us-east-1',
  }).createBucket();
  const second = await writeBackup(folder, 21);
  for (const taken of [first, second]) await bucketWith().store(taken, folder);
  await expect(bucketWith().list()).resolves.toEqual([first.name, second.name]);
  await rm(folder.path, { recursive: true });
  await bucketWith().fetchInto(folder, first.name);
  await expect(folder.read(first.name)).resolves.toEqual(first);
});

test('old copies are taken out of it, with every file', async () => {
  const [first = '', second = ''] = await bucketWith().list();
  const keep = { count: 1, days: 36_500 };
  await expect(bucketWith().forgetOld(keep, { newest: second, now: new Date() })).resolves.toEqual([first]);
  await expect(bucketWith().list()).resolves.toEqual([second]);
  await expect(bucketWith().forgetOld(keep, { newest: second, now: new Date() })).resolves.toEqual([]);
});

test('a wrong secret is told apart from a missing bucket', async () => {
  const { message, hint } = await failureOf(bucketWith({ secretAccessKey: new Secret('wrong') }).list());
  expect(message).toContain('SignatureDoesNotMatch (403)');
  expect(hint).toContain('secretAccessKey');
});
