import fc, { type Arbitrary } from 'fast-check';
import { below } from './documents.js';
import { soup } from './texts.js';

const WORDS = [
  'web',
  'db',
  'web1',
  'db[1:3]',
  'n[01:03].example.org',
  'x[a:c]',
  '10.0.0.[1:2]',
  'h:2222',
  '[2001:db8::1]',
  '::1',
  'bad name',
  'web[1:0]',
  'w[1:9:4]',
  'a-b_c.d',
  'é',
  '-x',
  'localhost',
];
const VALUES = [
  '1',
  '01',
  "'quoted'",
  '"a b"',
  'a b',
  '[1, 2]',
  "{'k': 1}",
  'True',
  'true',
  'None',
  'yes',
  '1.5',
  '-3',
  '#x',
  "it's",
  '',
  '1 # c',
  '"#"',
  '\\',
  'a=b',
  '{{ x }}',
  '0x10',
  '"1"',
  "'[1]'",
  '1e3',
  'é',
];

/** INI inventories, mostly right. */
export const iniInventory: Arbitrary<string> = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .tuple(
            fc.constantFrom('web', 'db', 'all', 'ungrouped', 'app', 'g-x', 'g.y'),
            fc.constantFrom('', '', ':children', ':vars', ':hosts', ':x'),
            fc.constantFrom(']', ']', ']', '] # c', ' ]', ''),
          )
          .map(([name, kind, end]) => `[${name}${kind}${end}`),
      },
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.constantFrom(...WORDS),
            fc.array(
              fc.tuple(
                fc.constantFrom('a', 'ansible_port', 'b'),
                fc.constantFrom('1', "'x y'", '"z"', 'True', '[1,2]', '#c', 'a=b', "x'y'", ''),
              ),
              { maxLength: 2 },
            ),
          )
          .map(([host, vars]) => [host, ...vars.map(([key, value]) => `${key}=${value}`)].join(' ')),
      },
      {
        weight: 3,
        arbitrary: fc
          .tuple(
            fc.constantFrom('k', 'v', 'ansible_group_priority', 'a b', ''),
            fc.constantFrom('=', ' = ', ': ', ''),
            fc.constantFrom(...VALUES),
          )
          .map((parts) => parts.join('')),
      },
      { weight: 1, arbitrary: fc.constantFrom('', '# c', '; c', '  ', 'web', 'db', 'app', '  web  # c', '---', '\t') },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((lines) => `${lines.join('\n')}\n`);

/** YAML inventories, mostly right. */
export const yamlInventory: Arbitrary<string> = fc
  .letrec<{ group: string[] }>((tie) => {
    const hosts = fc
      .array(
        fc.tuple(
          fc.constantFrom(...WORDS.filter((word) => !word.includes('::'))),
          fc.constantFrom('', '{a: 1}', '{b: yes, ansible_port: 22}', '{}', 'x'),
        ),
        { maxLength: 3 },
      )
      .map((list) => ['hosts:', ...list.map(([name, vars]) => `  "${name}": ${vars}`)]);
    const vars = fc
      .array(
        fc.tuple(
          fc.constantFrom('k', 'v', 'ansible_group_priority'),
          fc.constantFrom('1', 'yes', '"a"', '[1]', '{x: y}', ''),
        ),
        { maxLength: 2 },
      )
      .map((list) => ['vars:', ...list.map(([key, value]) => `  ${key}: ${value}`)]);
    return {
      group: fc.oneof(
        { depthSize: 'small' },
        {
          weight: 1,
          arbitrary: fc
            .constantFrom('', '{}', '{hosts: {}}', 'hosts: one', 'children:', 'odd: 1')
            .map((line) => [line]),
        },
        { weight: 2, arbitrary: hosts },
        { weight: 1, arbitrary: fc.tuple(hosts, vars).map((parts) => parts.flat()) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(
              vars,
              fc.array(fc.tuple(fc.constantFrom('web', 'db', 'app'), tie('group')), { minLength: 1, maxLength: 2 }),
            )
            .map(([more, children]) => [
              ...more,
              'children:',
              ...children.flatMap(([name, lines]) =>
                below(`${name}:`, lines.length === 1 ? [...lines, ''] : lines).map((line) => `  ${line}`),
              ),
            ]),
        },
      ),
    };
  })
  .group.chain((lines) =>
    fc
      .constantFrom('all', 'web', 'ungrouped')
      .map((name) => `${name}:\n${lines.map((line) => `  ${line}`).join('\n')}\n`),
  );

/** An inventory for patterns to choose from. */
export const INVENTORY_OF_PATTERNS = `lonely ansible_host=10.0.0.9
[web]
web[1:4]
shared
[db]
db1
db2
shared
[app]
app.example.org
10.0.0.1
[site:children]
web
app
[empty]
`;

/** Host patterns of all kinds. */
export const hostPattern: Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      fc.array(
        fc
          .tuple(
            fc.constantFrom('', '', '', '!', '&'),
            fc.constantFrom(
              'all',
              '*',
              'web',
              'db',
              'site',
              'app',
              'empty',
              'web1',
              'shared',
              'lonely',
              'w*',
              '*.org',
              'db?',
              'web[12]',
              'web[0]',
              'web[-1]',
              'web[1:2]',
              'web[1:]',
              'web[0-1]',
              'web[9]',
              'all[2]',
              '~web\\d',
              '~(web|db)[12]',
              '~^sha',
              'nobody',
              'localhost',
              '10.0.0.1',
              '10.0.0.*',
              'app.example.org',
              'ungrouped',
              '::1',
              'web[:2]',
              'site[0:1]',
              'w*[1]',
              '~.*[0]',
            ),
          )
          .map((parts) => parts.join('')),
        { minLength: 1, maxLength: 4 },
      ),
      fc.constantFrom(':', ',', ', ', ' , '),
    )
    .map(([parts, separator]) => parts.join(separator)),
  soup(['web', 'db', '1', ':', ',', '!', '&', '[', ']', '*', '?', '~', '-', '0', '.', ' ', '(', ')', '|'], 6),
);
