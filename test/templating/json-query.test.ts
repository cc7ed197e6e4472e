import { describe, expect, test } from '@jest/globals';
import { toJson } from '../../src/jinja/json.js';
import type { Value } from '../../src/jinja/value.js';
import { createTemplar } from '../../src/templating/templar.js';
import { loadYaml } from '../../src/yaml/load-yaml.js';

const DATA = `
places: [{name: foo, n: 1, state: WA, a-b: 1}, {name: bar, n: null, state: NY}]
s: text é
o: {}
f: 1.5
`;

function ask(expression: string, filter = 'json_query'): Value {
  const variables = new Map<string, Value>([
    ['data', loadYaml(DATA, { file: 'data' })],
    ['expression', expression],
  ]);
  return createTemplar({ lookup: (name) => variables.get(name) }).evaluate(`data | ${filter}(expression)`);
}

describe('json_query answers as the jmespath of Python does', () => {
  test.each([
    ['places[?name==`foo`].state', '["WA"]'],
    ["places[?name=='foo'] | [0].n", '1'],
    ['places[?name == `"foo"`].state', '["WA"]'],
    ['places[*].{n: name, s: state}', '[{"n": "foo", "s": "WA"}, {"n": "bar", "s": "NY"}]'],
    ['sort_by(places, &name)[].name', '["bar", "foo"]'],
    ['places[].[name, state]', '[["foo", "WA"], ["bar", "NY"]]'],
    ["places[?contains(name, 'o')].name", '["foo"]'],
    ['places[?n > `0`].name', '["foo"]'],
    ['places[]."a-b"', '[1]'],
    ['map(&n, places)', '[1, null]'],
    ['places[::-1].name', '["bar", "foo"]'],
    ["join(', ', places[].name)", '"foo, bar"'],
    ['length(s)', '6'],
    ['f', '1.5'],
    ['merge(places[0], `{"x": 1}`).x', '1'],
    ['nothing.here', 'null'],
    ['constructor', 'null'],
    ['places[5]', 'null'],
    ["not_null(x, 'y')", '"y"'],
    ['avg(`[1, 2]`)', '1.5'],
  ])('%s', (expression, answer) => {
    expect(toJson(ask(expression), { ascii: false })).toBe(answer);
  });
});

test('json_query is found under its full name too', () => {
  expect(ask('s', 'community.general.json_query')).toBe('text é');
});

test.each([
  ['an expression that is none', 'places[', /^json_query cannot answer “places\[”: /],
  ['a function that is none', 'nope(@)', /nope/],
  ['a function on what it does not take', 'length(f)', /length/],
])('%s is a mistake in the template', (_what, expression, words) => {
  expect(() => ask(expression)).toThrow(words);
});
