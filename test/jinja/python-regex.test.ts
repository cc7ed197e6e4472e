import { replaceAll, toJsRegExp } from '../../src/jinja/python-regex.js';

test.each([
  ['inline flags', '(?i)abc', '', 'xABC', 'ABC'],
  ['a named group', '(?P<n>b+)(?P=n)', '', 'abbbb', 'bbbb'],
  ['the end before a final line break', 'c$', '', 'abc\n', 'c'],
  ['no line end in the middle', 'b$', '', 'ab\ncd', undefined],
  ['line ends with the multi-line flag', 'b$', 'm', 'ab\ncd', 'b'],
  ['the very end', 'c\\Z', '', 'abc\n', undefined],
  ['the very start also with the multi-line flag', '\\Ac', 'm', 'ab\ncd', undefined],
  ['a dot that matches line breaks', '(?s)a.b', '', 'a\nb', 'a\nb'],
  ['a verbose expression', '(?x) a b # letters\n c', '', 'abc', 'abc'],
  ['letters of other alphabets as word characters', '\\w+', '', 'Zürich', 'Zürich'],
  ['a bracket that stands first in a class', '[]x]+', '', 'a]x', ']x'],
  ['a hyphen after a class', '[\\w-]+', '', 'a-b', 'a-b'],
  ['a brace that is no quantifier', 'a{b}', '', 'a{b}', 'a{b}'],
])('%s means what it means in Python', (_title, pattern, flags, text, match) => {
  expect(toJsRegExp(pattern, flags).exec(text)?.[0]).toBe(match);
});

test('groups are put into replacements by number and name', () => {
  expect(replaceAll(toJsRegExp('(?P<a>x)(y)?'), '[\\1\\g<a>\\g<2>\\\\]', 'xxy')).toBe('[xx\\][xxy\\]');
});

test.each(['(', '[a', 'a**', '\\q', '(?P<1>x)', 'a\\'])('%s is refused with a clear error', (pattern) => {
  expect(() => toJsRegExp(pattern)).toThrow(expect.objectContaining({ code: 'TEMPLATE' }));
});

test.each([
  ['a repeated group', '(a+)+$', `${'a'.repeat(60)}b`],
  ['choices that overlap', '(a|a|aa)*c', `${'a'.repeat(60)}b`],
  ['many repetitions on a long text', 'a*a*a*a*a*c', `${'a'.repeat(5000)}b`],
])('%s that finds no end is stopped, as the rest of the program has to go on', (_title, pattern, text) => {
  const stopped = expect.objectContaining({
    code: 'TEMPLATE',
    message: expect.stringContaining('found no end within'),
  });
  expect(() => toJsRegExp(pattern).test(text)).toThrow(stopped);
  expect(() => replaceAll(toJsRegExp(pattern, 'g'), '', text)).toThrow(stopped);
});

test('an expression that is watched finds the same matches', () => {
  const watched = toJsRegExp('(?:(ab)+c*)+', 'g');
  expect([...'ababc ab x abcab'.matchAll(watched)].map((match) => [match[0], match[1], match.index])).toEqual([
    ['ababc', 'ab', 0],
    ['ab', 'ab', 6],
    ['abcab', 'ab', 11],
  ]);
  expect('abab-ab'.replace(watched, '.')).toBe('.-.');
  expect(watched.test('xab') && watched.lastIndex).toBe(3);
});
