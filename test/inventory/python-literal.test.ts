import fc from 'fast-check';
import { parsePythonLiteral } from '../../src/inventory/python-literal.js';
import { Float, Tuple } from '../../src/jinja/value.js';

test.each([
  ['1', 1],
  ['-1', -1],
  ['1_000', 1000],
  ['0x1F', 31],
  ['0o17', 15],
  ['00', 0],
  ['1.50', new Float(1.5)],
  ['1e3', new Float(1000)],
  ['.5', new Float(0.5)],
  ['123456789012345678901', 123456789012345678901n],
  ['True', true],
  ['None', null],
  ["'a' 'b'", 'ab'],
  ['"it\'s"', "it's"],
  [String.raw`'a\tb\x41\u00fc\101'`, 'a\tbAüA'],
  [String.raw`r'a\tb'`, String.raw`a\tb`],
  ['[1, [2,],]', [1, [2]]],
  ['(1)', 1],
  ['(1,)', Tuple.from([1])],
  ['1, 2', Tuple.from([1, 2])],
  ['{}', new Map()],
  [
    "{'a': 1, 2: [None]}",
    new Map<unknown, unknown>([
      ['a', 1],
      [2, [null]],
    ]),
  ],
  ['[1, 2]  # a comment', [1, 2]],
])('%s is a literal', (text, value) => {
  expect(parsePythonLiteral(text)).toEqual(value);
});

test.each([
  '',
  'word',
  'true',
  '0755',
  '1.2.3',
  '192.0.2.1',
  '1-2',
  '--1',
  '1+1',
  '[1',
  '[1 2]',
  '[,]',
  "'open",
  '{{ x }}',
  '{1: 2',
  '{[1]: 2}',

  'f(1)',
  'a=b',
  "'a' b",
  '1j',
  '# only',
  "f'x'",
  'Truely',
  '/etc/x',
  '[a]',
  String.raw`'\x4'`,
  '('.repeat(5_000),
  `${'['.repeat(300)}${']'.repeat(300)}`,
])('%s is text', (text) => {
  expect(parsePythonLiteral(text)).toBeUndefined();
});

test('any text gives a literal or nothing, never an error', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    ',',
    ':',
    "'",
    '"',
    '\\',
    '1',
    '.',
    'e',
    '-',
    'r',
    'None',
    ' ',
    '#',
    '"""',
    '\\x',
    'ü',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 24 }), (parts) => void parsePythonLiteral(parts.join(''))),
    { numRuns: 3_000 },
  );
});
