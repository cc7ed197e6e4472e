import fc, { type Arbitrary } from 'fast-check';

/** Pieces in any order. */
export function soup(pieces: readonly string[], maxLength: number): Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength }).map((parts) => parts.join(''));
}

/** `k=v` text as tasks have it: quotes, templates, continued lines. */
export const keyValueText: Arbitrary<string> = fc.oneof(
  soup(
    [
      'a',
      'b=1',
      'creates=/x',
      'chdir=',
      '=',
      ' ',
      ' ',
      '  ',
      '\n',
      '\\\n',
      '"',
      "'",
      '\\',
      '\\"',
      '{{',
      '}}',
      '{{ x }}',
      "{{ x | join(' ') }}",
      '{%',
      '%}',
      '{#',
      '#}',
      'c="d e"',
      "f='g h'",
      'FOO=bar',
      '\t',
      '☃',
      '#',
      '$(x)',
      '|',
      '\\n',
      '\\u00e9',
      '\\1',
      '\\101',
    ],
    10,
  ),
  fc
    .array(
      fc
        .tuple(
          fc.constantFrom('name', 'path', 'mode', 'creates', 'x'),
          fc.constantFrom(
            'a',
            '"a b"',
            "'a b'",
            '{{ x }}',
            '{{ x y }}',
            '"{{ x }} y"',
            'a=b=c',
            '',
            '""',
            "a'b c'd",
            'a\\ b',
            '"a\\"b"',
            '{{ d["k v"] }}',
            '\\\\',
            'C:\\new',
          ),
        )
        .map(([name, value]) => `${name}=${value}`),
      { minLength: 1, maxLength: 4 },
    )
    .map((pairs) => pairs.join(' ')),
);

/** Command lines for the shell's splitting. */
export const commandLine: Arbitrary<string> = soup(
  [
    'a',
    'bc',
    ' ',
    '  ',
    '"',
    "'",
    '\\',
    '\\\\',
    '\\"',
    '\n',
    '\t',
    '#',
    '$x',
    '"d e"',
    "'f g'",
    '""',
    "''",
    '☃',
    '\u00a0',
    '\r',
    '\f',
    ';',
    '=',
  ],
  9,
);

/** Python literals and what nearly is one. */
export const pythonLiteral: Arbitrary<string> = fc.letrec<{ value: string; scalar: string }>((tie) => ({
  scalar: fc.constantFrom(
    '1',
    '-1',
    '+2',
    '0',
    '007',
    '0o17',
    '0x1F',
    '0b11',
    '1_000',
    '1__0',
    '1.5',
    '.5',
    '5.',
    '1e5',
    '1E-5',
    '-1.5e+3',
    'True',
    'False',
    'None',
    'true',
    'null',
    "'a'",
    '"b"',
    "''",
    "'it\\'s'",
    "'a' 'b'",
    "r'\\n'",
    "u'x'",
    "f'x'",
    "'''t'''",
    '"\\x41\\u00e9\\n\\q"',
    'abc',
    'inf',
    '1 + 2',
    '- 1',
    '--1',
    '"\\101"',
    '١',
    '0777',
    '1L',
    '1.',
    '1_0.0_1',
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    tie('scalar'),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom('', ',', ' ', '\n', ' # c\n'))
      .map(([items, end]) => `[${items.join(', ')}${end}]`),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom('', ','))
      .map(([items, end]) => `(${items.join(',')}${end})`),
    fc
      .array(fc.tuple(tie('scalar'), tie('value')), { maxLength: 3 })
      .map((pairs) => `{${pairs.map(([key, value]) => `${key}: ${value}`).join(', ')}}`),
    tie('scalar').map((item) => `{${item}, ${item}}`),
    fc.tuple(tie('value'), fc.constantFrom(' ', '\n', '\t', ' #x', ')', ', 1', ' 2')).map((parts) => parts.join('')),
  ),
})).value;

// Python and Node know Unicode of different years, so these come from what both know.
const knownCharacter = fc
  .oneof(
    fc.integer({ min: 0, max: 0x5ff }),
    fc.integer({ min: 0x2000, max: 0x20bf }),
    fc.constantFrom(0x3000, 0xfeff, 0xfffd, 0x1f389, 0xe000, 0x10ffff, 0xe0001),
  )
  .map((code) => String.fromCodePoint(code));

/** Values whose Python text is asked for, as JSON. */
export const jsonText: Arbitrary<string> = fc
  .jsonValue({ maxDepth: 3, stringUnit: knownCharacter })
  .map((value) => JSON.stringify(value));
