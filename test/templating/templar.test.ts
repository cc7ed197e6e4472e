import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StarsError } from '../../src/errors.js';
import { str } from '../../src/jinja/python-text.js';
import { LazyDict } from '../../src/jinja/lazy-dict.js';
import { Unsafe, type Value, VaultText } from '../../src/jinja/value.js';
import { dropOmitted, OMIT } from '../../src/templating/omit.js';
import { createTemplar, type TemplarOptions } from '../../src/templating/templar.js';
import { plain, protect } from '../../src/templating/unsafe.js';

const home = mkdtempSync(join(tmpdir(), 'templar-'));
mkdirSync(join(home, 'files'));
mkdirSync(join(home, 'templates'));
writeFileSync(join(home, 'files/a.txt'), 'content {{ x }}\n');
writeFileSync(join(home, 'files/b.txt'), 'second\n');
writeFileSync(join(home, 'files/list.json'), '[1, 2]\n');
writeFileSync(join(home, 'files/table.csv'), 'name,port\nweb,80\n"db, main",5432\n');
writeFileSync(join(home, 'files/settings.ini'), '[main]\nuser = root\n[other]\nuser=x\n');
writeFileSync(join(home, 'templates/t.j2'), 'Hello {{ name }}{% include "part.j2" %}\n');
writeFileSync(join(home, 'templates/part.j2'), ' and {{ 1 + 1 }}\n');
afterAll(() => rmSync(home, { recursive: true }));

function templar(variables: Record<string, Value>, options: Partial<TemplarOptions> = {}) {
  return createTemplar({
    lookup: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    variableNames: () => Object.keys(variables),
    searchFolders: (kind) => [join(home, kind), home],
    environment: { HOME: '/home/me', COLOUR: 'blue' },
    ...options,
  });
}

function failure(action: () => unknown): StarsError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof StarsError) return thrown;
    throw thrown;
  }
  throw new Error('It went through without complaint.');
}

test('lists and dicts are templated deeply and lone variables keep their type', () => {
  const value = templar({ n: 5, list: [1] }).template(
    new Map<Value, Value>([
      ['a', ['{{ n }}', 'x{{ n }}']],
      ['b', '{{ list }}'],
    ]),
  );
  expect(value).toEqual(
    new Map<Value, Value>([
      ['a', [5, 'x5']],
      ['b', [1]],
    ]),
  );
});

test('variables that refer to each other in a circle are named', () => {
  const error = failure(() =>
    templar({ a: '{{ b }}', b: '{{ c }}', c: '{{ a }}' }).template('{{ a }}', { file: 'site.yml', line: 3 }),
  );
  expect(error.message).toContain('a -> b -> c -> a');
  expect(error.where).toEqual({ file: 'site.yml', line: 3 });
});

test('an undefined variable behind another one is named with both', () => {
  const error = failure(() =>
    templar({ url: 'http://{{ host }}' }).template('{{ url }}', { file: 'site.yml', line: 3 }),
  );
  expect(error).toMatchObject({ code: 'UNDEFINED_VARIABLE', where: { file: 'site.yml', line: 3 } });
  expect(error.message).toContain('"url"');
  expect(error.message).toContain("'host' is undefined");
});

test('text from a host is never templated, whatever it passes through', () => {
  const answer = protect(new Map<Value, Value>([['stdout', '{{ lookup("file", "/etc/passwd") }}']]));
  const engine = templar({ result: answer, copy: '{{ result.stdout }}', both: 'a {{ copy }}' });
  const once = engine.template('{{ both }}');
  expect(plain(once)).toBe('a {{ lookup("file", "/etc/passwd") }}');
  expect(plain(engine.template(once))).toBe(plain(once));
  expect(failure(() => engine.condition('{{ result.stdout }}')).message).toContain('not evaluated');
});

test('a condition put together by a template cannot look things up', () => {
  const engine = templar({ expression: "lookup('env', 'COLOUR') == 'blue'" });
  expect(engine.condition("lookup('env', 'COLOUR') == 'blue'")).toBe(true);
  expect(failure(() => engine.condition('{{ expression }}')).message).toContain('Lookups are not allowed');
});

test('a vaulted variable is decrypted when used, and needs the password', () => {
  const secret = new VaultText('$ANSIBLE_VAULT;…');
  expect(templar({ secret }, { vault: () => 's3cret' }).template('x{{ secret }}')).toBe('xs3cret');
  expect(failure(() => templar({ secret }).template('{{ secret }}')).code).toBe('VAULT');
});

test('omitted arguments are dropped', () => {
  const engine = templar({ omit: OMIT, mode: '0644' });
  const value = engine.template(
    new Map([
      ['owner', '{{ owner | default(omit) }}'],
      ['mode', '{{ mode | default(omit) }}'],
    ]),
  );
  expect(dropOmitted(value)).toEqual(new Map([['mode', '0644']]));
});

test('changing a list in a template does not change the variable', () => {
  const list = [1];
  const engine = templar({ list });
  expect(engine.template('{% set _ = list.append(2) %}{{ list }}')).toEqual([1, 2]);
  expect(list).toEqual([1]);
});

test('values of a lazy dict are made when asked for', () => {
  const asked: string[] = [];
  const hostvars = new LazyDict(
    () => ['web1', 'db1'],
    (name) => {
      asked.push(name);
      return name === 'web1' ? new Map([['port', 80]]) : undefined;
    },
  );
  const engine = templar({ hostvars });
  expect(engine.template("{{ hostvars['web1'].port }}/{{ hostvars | length }}/{{ 'db1' in hostvars }}")).toBe(
    '80/2/True',
  );
  expect(asked).toEqual(['web1']);
});

test('item and task variables come before the others', () => {
  expect(
    templar({ item: 1, other: '{{ item }}' })
      .withVariables(new Map([['item', 2]]))
      .template('{{ item }}{{ other }}'),
  ).toBe('22');
});

test('old test filters and braces in conditions work and are told as deprecated', () => {
  const told: string[] = [];
  const engine = templar(
    { r: new Map<Value, Value>([['failed', true]]), v: '2.4' },
    { onDeprecation: (message) => told.push(message) },
  );
  expect(engine.condition("r|failed and not r|skipped and v|version_compare('2.0', '>=')")).toBe(true);
  expect(engine.condition(['{{ r.failed }}', 'true'])).toBe(true);
  expect(told).toHaveLength(4);
});

test.each([
  ["lookup('file', 'a.txt')", 'content {{ x }}'],
  ["lookup('file', 'list.json')", [1, 2]],
  ["lookup('file', 'a.txt', 'b.txt')", 'content {{ x }},second'],
  ["lookup('template', 't.j2')", 'Hello me and 2\n'],
  ["lookup('template', 't.j2', template_vars={'name': 'you'})", 'Hello you and 2\n'],
  ["lookup('env', 'COLOUR')", 'blue'],
  ["lookup('csvfile', 'web file=table.csv delimiter=,')", '80'],
  ["lookup('csvfile', 'none', file='table.csv', delimiter=',', default='x')", 'x'],
  ["lookup('ini', 'user section=main file=settings.ini')", 'root'],
  ["lookup('first_found', ['nope.txt', 'b.txt']) | basename", 'b.txt'],
  ["lookup('first_found', {'files': ['no', 'b.txt'], 'paths': ['x', 'files']}) | basename", 'b.txt'],
  ["query('first_found', {'files': ['no'], 'skip': true})", []],
  ["query('fileglob', '*.txt') | map('basename') | list", ['a.txt', 'b.txt']],
  ["query('varnames', 'am')", ['name']],
  ["'~/x' | expanduser", '/home/me/x'],
  ["'$COLOUR/${COLOUR}' | expandvars", 'blue/blue'],
])('%s', (expression, value) => {
  expect(plain(templar({ name: 'me' }).template(`{{ ${expression} }}`))).toEqual(value);
});

test('lookups run no program where nobody runs it for them, and unknown ones are told with near names', () => {
  expect(
    failure(() => templar({}).template("{{ lookup('pipe', 'id') }}", { file: 'site.yml', line: 9 })),
  ).toMatchObject({
    code: 'TEMPLATE',
    message: 'lookup pipe(id) cannot be asked here.',
    where: { file: 'site.yml', line: 9 },
  });
  expect(failure(() => templar({}).template("{{ lookup('fil', 'id') }}")).hint).toContain('file');
});

test('a password is made once, kept for its owner only, and read afterwards', () => {
  const path = join(home, 'passwords/db');
  const engine = templar({ path });
  const first = engine.template("{{ lookup('password', path ~ ' length=30 chars=digits') }}");
  expect(str(first)).toMatch(/^\d{30}$/);
  expect(engine.template("{{ lookup('password', path) }}")).toBe(first);
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual([`${str(first)}\n`, 0o600]);
});

test('a password is not encrypted where it is made, and the filter for that is named', () => {
  const engine = templar({});
  for (const term of ["'/dev/null encrypt=sha512_crypt'", "'/dev/null', encrypt='sha512_crypt'"])
    expect(() => engine.template(`{{ lookup('password', ${term}) }}`)).toThrow(
      expect.objectContaining({ code: 'TEMPLATE', hint: expect.stringContaining('password_hash') as unknown }),
    );
});

test('what a loop goes over is a list of its terms', () => {
  const engine = templar({});
  expect(engine.runLookup('items', [[1, [2, 3]], 4])).toEqual([1, [2, 3], 4]);
  expect(engine.runLookup('dict', [new Map([['a', 1]])])).toEqual([
    new Map<string, Value>([
      ['key', 'a'],
      ['value', 1],
    ]),
  ]);
  expect(engine.runLookup('sequence', ['start=1 end=3 format=web%02d'])).toEqual(['web01', 'web02', 'web03']);
});

test('marks for unsafe text are taken off deeply', () => {
  expect(plain([new Unsafe('{{ x }}'), new Map([['a', new Unsafe('y')]])])).toEqual(['{{ x }}', new Map([['a', 'y']])]);
});
