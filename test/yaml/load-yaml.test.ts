import { StarsError } from '../../src/errors.js';
import { Float, Unsafe, VaultText } from '../../src/jinja/value.js';
import { loadYaml, loadYamlDocuments } from '../../src/yaml/load-yaml.js';
import { keyPosition, positionOf } from '../../src/yaml/position.js';

const file = 'site.yml';
const load = (text: string) => loadYaml(text, { file });

function failure(text: string): StarsError {
  try {
    load(text);
  } catch (thrown) {
    if (thrown instanceof StarsError) return thrown;
    throw thrown;
  }
  throw new Error('It was read without complaint.');
}

test('scalars mean what they mean to PyYAML', () => {
  expect(load('[5319e7, 1e3, 08, 0755, 10:30, 1_000, yes, ~, 2017-01-01, 1.0]')).toEqual([
    '5319e7',
    '1e3',
    '08',
    493,
    630,
    1000,
    true,
    null,
    '2017-01-01',
    new Float(1),
  ]);
});

test('a dict keeps the order and type of its keys', () => {
  expect([...(load('6: a\n"6": b\n1: c') as Map<unknown, unknown>).keys()]).toEqual([6, '6', 1]);
});

test('an empty document is null', () => {
  expect([load(''), load('# nothing\n'), loadYamlDocuments('', { file })]).toEqual([null, null, []]);
});

test('vaulted and unsafe values are kept apart from text', () => {
  expect(load('a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: !unsafe "{{ x }}"')).toEqual(
    new Map<string, unknown>([
      ['a', new VaultText('$ANSIBLE_VAULT;1.1;AES256\n6162\n')],
      ['b', new Unsafe('{{ x }}')],
    ]),
  );
});

test('lists, dicts and keys know where they stand', () => {
  const plays = load('# play\n- hosts: all\n  tasks:\n    - name: x\n      command: ls\n') as Map<string, unknown>[];
  const play = plays[0] as Map<string, unknown[]>;
  const task = play.get('tasks')?.[0] as Map<string, string>;
  expect(positionOf(task)).toEqual({ file, line: 4, column: 7 });
  expect(keyPosition(task, 'command')).toEqual({ file, line: 5, column: 7 });
  expect(positionOf('text')).toBeUndefined();
});

test.each([
  ['a tab as indentation', 'a:\n\tb: 1\n', /tabs/, 2],
  ['an unquoted variable', 'a: 1\nb: {{ var }}\n', /quoted/, 2],
  ['an unquoted variable with more text', 'a: {{ var }}/x\n', /quoted/, 1],
  ['a missing space after the colon', 'a: 1\nb:2\nc: 3\n', /space/, 2],
  ['text after the closing quote', 'a: "x" y\n', /closing quote/, 1],
  ['two colons in one line', 'a: b: c\n', /second/, 1],
  ['a wrong indentation', 'a: 1\n  b: 2\n', /second|indentation|key/, 1],
  ['a bracket that is not closed', 'a: { url: ["x" }\nb: 1\n', /“\[” or “\{” .* is not closed/, 1],
  ['an unknown tag', 'a: !thing x\n', /!thing/, 1],
  ['an alias without anchor', 'a: *nope\n', /alias|anchor/i, 1],
  ['a list as key', '? [1]\n: 2\n', /key/, 1],
  ['a second document', '---\na: 1\n---\nb: 2\n', /more than one/, undefined],
])('%s is a syntax error in plain words with its line', (_title, text, words, line) => {
  const error = failure(text);
  expect(error.code).toBe('SYNTAX');
  expect(error.message).toMatch(words);
  expect(error.where).toMatchObject(line === undefined ? { file } : { file, line });
});

test('aliases cannot grow a small text into a huge value', () => {
  const levels = Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`);
  expect(failure(['a0: &a0 x', ...levels].join('\n')).message).toMatch(/grows beyond/);
});

test('an alias inside its own anchor and endless nesting are errors', () => {
  expect(failure('a: &a [*a]').code).toBe('SYNTAX');
  expect(failure('['.repeat(5_000)).code).toBe('SYNTAX');
  expect(failure(`${'['.repeat(300)}${']'.repeat(300)}`).message).toMatch(/deep/);
});
