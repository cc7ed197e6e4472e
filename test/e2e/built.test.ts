import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireBuilt } from './support/built.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stars-built-'));
  for (const [file, second] of Object.entries({ 'commands/a.ts': 1, 'src/b/c.ts': 2, 'dist/commands/a.js': 3 }))
    write(file, second);
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, second: number): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), '');
  utimesSync(join(root, file), second, second);
}

test('code that was built after its last change is good to start', () => {
  write('dist/src/b/c.js', 3);
  expect(() => requireBuilt(root)).not.toThrow();
});

test('code that changed after it was built, or never was, is named with what to do', () => {
  expect(() => requireBuilt(root)).toThrow(/older than src\/b\/c\.ts.*npm run build/);
  write('dist/src/b/c.js', 1);
  expect(() => requireBuilt(root)).toThrow(/older than src\/b\/c\.ts.*npm run build/);
});

test('a bundle that is older than the code is as bad', () => {
  write('dist/src/b/c.js', 3);
  write('dist/bundle/main.cjs', 1);
  expect(() => requireBuilt(root)).toThrow(/older than src\/b\/c\.ts.*npm run build/);
});
