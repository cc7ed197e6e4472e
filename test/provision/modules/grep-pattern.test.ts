import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { contentTest } from '../../../src/provision/modules/find-contents.js';
import { grepPattern } from '../../../src/provision/modules/grep-pattern.js';

const TEXTS = [
  '',
  '\n',
  'a',
  'ab\n',
  'b a\n',
  'a\nb\n',
  'b\n\na-b',
  'xa\r\nb\r\n',
  '  a=b\n#a\n',
  'aab\nABA\n',
  '12^a]\n',
  'é a\n',
];
const GREPS = [['grep'], ['busybox', 'grep']].filter(
  ([program = '']) => spawnSync(program, ['--help']).error === undefined,
);

const ACCENTED = TEXTS.length - 1;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stars-grep-'));
  for (const [index, text] of TEXTS.entries()) writeFileSync(join(folder, String(index)), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function grepFinds([program = '', ...args]: readonly string[], flags: string, words: string): number[] {
  const names = TEXTS.map((_text, index) => String(index));
  const { stdout, stderr } = spawnSync(program, [...args, '-l', flags, '-e', words, ...names], {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const found = stdout.split('\n').filter(Boolean).map(Number);
  return found.filter((index) => args.length === 0 || index !== ACCENTED);
}

function pythonFinds(pattern: string, whole: boolean): number[] {
  const contains = contentTest({ pattern, whole });
  return [...TEXTS.keys()].filter((index) => contains(Buffer.from(TEXTS[index] ?? '')));
}

const ATOMS = [
  'a',
  'b',
  '.',
  '\\s',
  '\\S',
  '\\d',
  '\\w',
  '\\W',
  '[ab]',
  '[^a]',
  '[^\\s]',
  '[\\]^]',
  '[^-]',
  '[a-z0-9_-]',
  '=',
  '#',
  '\\.',
  '\\^',
  'é',
  '\\n',
];
const atom = fc.constantFrom(...ATOMS);
const times = fc.constantFrom('', '', '', '*', '+', '?', '*?', '{2}', '{1,}', '{,1}');
const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { weight: 5, arbitrary: fc.tuple(atom, times).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\A', '|') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('(', '(?:', '(?P<n>'), tie('pattern'), fc.constant(')'), times)
        .map((parts) => parts.join('')),
    },
  ),
  pattern: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
}));

test('what grep is given finds the files that Python finds, by the line and in the whole file', () => {
  let translated = 0;
  fc.assert(
    fc.property(pattern, fc.boolean(), fc.boolean(), (words, whole, ignoreCase) => {
      const given = `${ignoreCase ? '(?i)' : ''}${words}`;
      const grep = readable(() => grepPattern(given, whole));
      if (!grep) return;
      translated += 1;
      for (const program of GREPS)
        expect([given, grepFinds(program, grep.flags, grep.words)]).toEqual([
          given,
          // busybox knows bytes alone.
          pythonFinds(given, whole).filter((index) => program.length === 1 || index !== ACCENTED),
        ]);
    }),
    { numRuns: 400, seed: Number(process.env.STARS_TEST_SEED ?? 3) },
  );
  expect(translated).toBeGreaterThan(100);
});

/** Undefined for what is no pattern. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

test.each([
  ['^PermitRootLogin\\s+yes', false],
  ['(?i)error', true],
  ['.*(ERROR|FATAL)', false],
  ['\\s*#?Port [0-9]+', false],
])('%s is looked for by the host itself', (given, whole) => {
  expect(grepPattern(given, whole)).toBeDefined();
});

test.each([
  ['a\\nb', true],
  ['a\\s', false],
  ['a(?!b)', false],
  ['\\bword\\b', false],
  ['(a)\\1', false],
  ['^a', true],
  ['', true],
])('%s is more than grep can tell', (given, whole) => {
  expect(grepPattern(given, whole)).toBeUndefined();
});
