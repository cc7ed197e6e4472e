import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forgetFiles } from '../../src/runs/forget-files.js';

const NOW = new Date('2026-06-01T12:00:00.000Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);
const { signal } = new AbortController();

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stars-forget-files-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A folder with files, each so many days old; the folder is as old as the first. */
function lay(name: string, ...days: number[]): void {
  mkdirSync(join(root, name));
  for (const [index, age] of days.entries()) {
    writeFileSync(join(root, name, `${index}.png`), 'x');
    utimesSync(join(root, name, `${index}.png`), daysAgo(age), daysAgo(age));
  }
  utimesSync(join(root, name), daysAgo(days[0] ?? 0), daysAgo(days[0] ?? 0));
}

test('files of runs go when the newest of a run is old enough, and nothing else goes', async () => {
  lay('260101-0200-aaaaaa', 120, 91);
  lay('260102-0200-bbbbbb', 120, 2);
  lay('260530-0200-cccccc', 2);
  lay('notes', 500);
  writeFileSync(join(root, '260101-0200-dddddd.txt'), 'x');
  await expect(forgetFiles(root, daysAgo(90), signal)).resolves.toBe(1);
  expect(readdirSync(root).toSorted()).toEqual([
    '260101-0200-dddddd.txt',
    '260102-0200-bbbbbb',
    '260530-0200-cccccc',
    'notes',
  ]);
});

test('where there never were any there is nothing to do', async () => {
  await expect(forgetFiles(join(root, 'none'), NOW, signal)).resolves.toBe(0);
});
