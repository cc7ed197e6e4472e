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
