import { StarsError } from '../../src/errors.js';
import { createJinja } from '../../src/jinja/jinja.js';
import type { Value } from '../../src/jinja/value.js';

const templates: Record<string, string> = {
  'part.j2': 'part of {{ who }}\n',
  'macros.j2': '{% macro greet(name) %}Hello {{ name }}{{ who is defined }}{% endmacro %}{% set number = 7 %}',
  'broken.j2': 'fine\n{{ nope }}\n',
  'self.j2': '{% include "self.j2" %}',
};
const jinja = createJinja({
  load: (name) => (name in templates ? { source: templates[name] ?? '', file: name } : undefined),
});
const render = (source: string, variables: Record<string, Value> = { who: 'world' }) =>
  jinja.render(source, (name) => variables[name], { file: 'page.j2' });

function failure(source: string): StarsError {
  try {
    render(source);
  } catch (thrown) {
    if (thrown instanceof StarsError) return thrown;
    throw thrown;
  }
  throw new Error('It was rendered without complaint.');
}

test.each([
  ['include sees the variables of its place', '{% set who = "set" %}{% include "part.j2" %}!', 'part of set!'],
  ['include without context sees none', '{% include "part.j2" ignore missing without context %}', undefined],
  ['a missing include may be ignored', 'a{% include "none.j2" ignore missing %}b', 'ab'],
  ['the first existing include of a list is taken', '{% include ["none.j2", "part.j2"] %}', 'part of world'],
  [
    'import gives a namespace without variables',
    '{% import "macros.j2" as m %}{{ m.greet("A") }} {{ m.number }}',
    'Hello AFalse 7',
  ],
  ['import can be given the variables', '{% import "macros.j2" as m with context %}{{ m.greet("A") }}', 'Hello ATrue'],
  [
    'from takes names, also under others',
    '{% from "macros.j2" import greet as hi, number %}{{ hi("B") }}{{ number }}',
    'Hello BFalse7',
  ],
])('%s', (_title, source, text) => {
  if (text === undefined) expect(failure(source).code).toBe('UNDEFINED_VARIABLE');
  else expect(render(source)).toBe(text);
});

test.each([
  [
    'an undefined variable',
    'one\ntwo {{ missing }}',
    'UNDEFINED_VARIABLE',
    "'missing' is undefined",
    { file: 'page.j2', line: 2 },
  ],
  [
    'a missing attribute',
    '{{ {"a": 1}.b }}',
    'UNDEFINED_VARIABLE',
    "'dict object' has no attribute 'b'",
    { file: 'page.j2', line: 1 },
  ],
  [
    'a fault in an included template',
    '\n\n{% include "broken.j2" %}',
    'UNDEFINED_VARIABLE',
    "'nope' is undefined",
    { file: 'broken.j2', line: 2 },
  ],
  ['an unclosed block', 'a\n{% if true %}\nb', 'TEMPLATE', '{% endif %} is missing.', { file: 'page.j2', line: 2 }],
  ['an unknown filter', '\n{{ 1 | uper }}', 'UNSUPPORTED', 'There is no filter "uper".', { file: 'page.j2', line: 2 }],
  ['an unknown test', '{{ 1 is definde }}', 'UNSUPPORTED', 'There is no test "definde".', { file: 'page.j2', line: 1 }],
  [
    'an unknown statement',
    '{% fro x in y %}',
    'UNSUPPORTED',
    'The statement {% fro %} is not known.',
    { file: 'page.j2', line: 1 },
  ],
  [
    'a missing include',
    '{% include "none.j2" %}',
    'TEMPLATE',
    'The template none.j2 was not found.',
    { file: 'page.j2', line: 1 },
  ],
])('%s is an error with its place', (_title, source, code, message, where) => {
  expect(failure(source)).toMatchObject({ code, message, where });
});

test('a mistyped name comes with names that are near', () => {
  expect(failure('{{ 1 | uper }}').hint).toBe('Did you mean upper?');
});

test.each([
  [
    'a loop in a loop in a loop',
    '{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}',
  ],
  ['a huge range', '{{ range(100000000) | list | length }}'],
  ['a huge text', '{{ "x" * 100000000 }}'],
  ['a huge list', '{{ [1] * 100000000 }}'],
  ['a huge number', '{{ 9 ** (9 ** 9) }}'],
  ['wide padding', '{{ "%1000000000d" % 1 }}{{ "x".center(1000000000) }}'],
  ['wide braces', '{{ "{:1000000000d}".format(1) }}'],
  ['many decimals', '{{ "%.1000000000f" % 1.5 }}'],
  [
    'a text that doubles',
    '{% set n = namespace(x="ab") %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}',
  ],
  [
    'a text that doubles by adding',
    '{% set n = namespace(x="ab") %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}',
  ],
  [
    'a list that doubles in print',
    '{% set n = namespace(x=[]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}',
  ],
  [
    'a list that doubles as JSON',
    '{% set n = namespace(x=[]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}',
  ],
  ['too much output', '{% for i in range(100000) %}{{ "x" * 1000 }}{% endfor %}'],
  ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
  ['a template that includes itself', '{% include "self.j2" %}'],
  ['a list inside itself', '{% set l = [] %}{% do l.append(l) %}{{ l }}'],
  ['deep parentheses', `{{ ${'('.repeat(3000)}1${')'.repeat(3000)} }}`],
  ['many minus signs', `{{ ${'-'.repeat(5000)}1 }}`],
  ['deep blocks', '{% if true %}'.repeat(3000)],
  ['many not', `{{ ${'not '.repeat(5000)}1 }}`],
])('%s ends in a clear error', (_title, source) => {
  expect(failure(source).code).toBe('TEMPLATE');
});

test('no text whatsoever makes the engine fail in another way than with a clear error', () => {
  const pieces = [
    '{{',
    '}}',
    '{%',
    '%}',
    '{#',
    '#}',
    'if',
    'for',
    'in',
    'x',
    '1',
    '"',
    "'",
    '|',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    ':',
    '-',
    '+',
    '*',
    '\\',
    '\n',
    ' ',
    'is',
    'not',
    'else',
    'set',
    '=',
  ];
  let state = 42;
  const next = (count: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state % count;
  };
  for (let round = 0; round < 3000; round += 1) {
    const source = Array.from({ length: 1 + next(14) }, () => pieces[next(pieces.length)]).join(next(2) ? ' ' : '');
    try {
      render(source);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(StarsError);
    }
  }
});
