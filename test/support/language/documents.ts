import fc, { type Arbitrary } from 'fast-check';

const SCALARS = [
  '1',
  'yes',
  'No',
  '~',
  '',
  'null',
  'a',
  "'a'",
  '"a\\tb"',
  '0755',
  '0o17',
  '1_000',
  '1.5',
  '1e3',
  '1.0e+3',
  '.5',
  '10:30',
  '1:2:3.5',
  '2020-01-02',
  '2020-01-02 03:04:05',
  '2020-01-02T03:04:05Z',
  '!!str 5',
  '!!int "5"',
  '!unsafe x',
  '08',
  '0x1F',
  '0b101',
  '-.inf',
  '.NaN',
  '+1',
  '=',
  '<<',
  'a: b'.slice(0, 1),
  "'it''s'",
  '"é\\u2603"',
  'a b  c',
  '{{ x }}'.slice(0, 0),
  '"{{ x }}"',
  '*a',
  '&a 1',
  '!!float 3',
  '!!binary aGk=',
  '!!bool yes',
  '-',
  '- x',
  '? x',
  '@x',
  '`x',
  '%x',
  '[]',
  '{}',
  '[a, b]',
  '{a: 1, b: [c]}',
  '[a, {b: c}]',
  '"a\n  b"',
  "'a\n\n  b'",
  '|\n  x\n  y\n',
  '>-\n  x\n  y\n\n  z\n',
  '|+\n  x\n\n',
  '>\n  a\n   b\n  c\n',
  '|2\n   x\n',
  '# c',
  'a #b',
  'a#b',
  '"\\x41\\/"',
  '0.1.2',
  '1,5',
  '"a\\\n  b"',
  'on',
  'y',
  'n',
  'True',
  'NULL',
  '0_7',
  '00',
  '-0',
  '1__1',
  '0.',
  '.',
  '..',
  '1e+3',
  '1.e+3',
  '6.02e23',
  '3:60',
  '190:20:30',
  '!!null ""',
];

/** YAML documents: nested lists and dicts with every kind of scalar. */
export const yamlDocument: Arbitrary<string> = fc
  .letrec<{ node: string[] }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      { weight: 4, arbitrary: fc.constantFrom(...SCALARS).map((text) => text.split('\n')) },
      {
        weight: 2,
        arbitrary: fc
          .array(tie('node'), { minLength: 1, maxLength: 3 })
          .map((items) => items.flatMap((lines) => below('-', lines))),
      },
      {
        weight: 3,
        arbitrary: fc
          .array(
            fc.tuple(
              fc.constantFrom('a', 'b', '1', 'yes', '"q"', '<<', '? x', '1.0', 'a b', '~', '[k]', "'1'", '0x1', 'é'),
              tie('node'),
            ),
            { minLength: 1, maxLength: 3 },
          )
          .map((pairs) => pairs.flatMap(([key, lines]) => below(`${key}:`, lines))),
      },
    ),
  }))
  .node.chain((lines) =>
    fc.constantFrom('', '---\n', '--- # c\n', '%YAML 1.1\n---\n').map((head) => `${head}${lines.join('\n')}\n`),
  );

/** Lines that belong to what `lead` begins. */
export function below(lead: string, [first = '', ...rest]: string[]): string[] {
  return rest.length === 0 || /^[|>"'[{]/.test(first)
    ? [`${lead} ${first}`, ...rest.map((line) => `  ${line}`)]
    : [lead, ...[first, ...rest].map((line) => `  ${line}`)];
}
