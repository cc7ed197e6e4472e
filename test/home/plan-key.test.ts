import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPlanKey } from '../../src/home/plan-key.js';
import { Secret } from '../../src/secret.js';

let folders: string[];

beforeEach(() => {
  folders = ['one', 'two'].map((name) => mkdtempSync(join(tmpdir(), `stars-key-${name}-`)));
});
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The keys of two processes, each with a data folder of its own. */
const keysWith = (...urls: (string | undefined)[]) =>
  folders.map((dataFolder, index) =>
    createPlanKey({ databaseUrl: urls[index] === undefined ? undefined : new Secret(urls[index]), dataFolder })(),
  );

test('processes that share a database with a password have one key without copying anything', () => {
  const [one, two] = keysWith('postgresql://a:hunter2!@db-1/stars', 'postgresql://b:hunter2!@10.0.0.7:5432/stars');
  expect(one).toHaveLength(32);
  expect(one).toEqual(two);
});

test('another password is another key, and none can be told from the other', () => {
  const [one, two] = keysWith('postgresql://a:hunter2!@db/stars', 'postgresql://a:hunter3!@db/stars');
  expect(one).not.toEqual(two);
});

test.each([undefined, 'postgresql://postgres@/stars?host=%2Frun%2Fpostgresql'])(
  'with %s the key is a file of each data folder, made once and readable by its owner alone',
  (url) => {
    const [one, two] = keysWith(url, url);
    expect(one).not.toEqual(two);
    expect(keysWith(url, url)).toEqual([one, two]);
    expect(readFileSync(join(folders[0] ?? '', 'plan-key'), 'utf8')).toBe(one?.toString('hex'));
  },
);
