import { fromArguments, normalise, splitWords } from '../../src/bot/words.js';

test.each([
  ['curly quotes', 'run all lab -- echo “hi”', 'run all lab -- echo "hi"'],
  [
    'single curly quotes',
    'deploy workers lab --start-at ‘Install Docker’',
    "deploy workers lab --start-at 'Install Docker'",
  ],
  ['non-breaking spaces', 'deploy\u00a0workers\u202flab', 'deploy workers lab'],
  ['an em dash before a flag', 'deploy workers lab —check', 'deploy workers lab --check'],
  ['an en dash before a flag', 'deploy workers lab –limit web', 'deploy workers lab --limit web'],
  ['a dash inside a word', 'restart a—b', 'restart a—b'],
  [
    'a link that Slack made of a host',
    'status <http://stars-c1.edc.example.org|stars-c1.edc.example.org>',
    'status stars-c1.edc.example.org',
  ],
  ['a link without a label', 'logs <https://example.org/x?a=1&amp;b=2>', 'logs https://example.org/x?a=1&b=2'],
  ['a mail address', 'lock <mailto:ada@example.org|ada@example.org>', 'lock ada@example.org'],
  ['a person', 'approve <@U123|ada>', 'approve <@U123>'],
  ['entities', 'run all lab -- test 1 &lt; 2 &amp;&amp; echo &gt;x', 'run all lab -- test 1 < 2 && echo >x'],
  ['an entity that was typed as such', 'echo &amp;lt;', 'echo &lt;'],
  ['invisible characters', 'sta\u200btus\ufeff', 'status'],
])('%s are undone', (_what, typed, expected) => {
  expect(normalise(typed)).toBe(expected);
});

test.each([
  ['plain words', 'deploy workers lab', { words: ['deploy', 'workers', 'lab'], rest: undefined }],
  [
    'quotes group',
    `deploy x --start-at "Install 'it'" -e a='b c'`,
    { words: ['deploy', 'x', '--start-at', "Install 'it'", '-e', 'a=b c'], rest: undefined },
  ],
  ['a backslash takes the next character', 'a\\ b "c\\"d"', { words: ['a b', 'c"d'], rest: undefined }],
  ['an empty word', 'a ""', { words: ['a', ''], rest: undefined }],
  [
    'what follows -- is left as it is',
    `run web lab --  echo "a  b" | wc -l`,
    { words: ['run', 'web', 'lab'], rest: 'echo "a  b" | wc -l' },
  ],
  ['nothing', '   ', { words: [], rest: undefined }],
])('%s', (_what, line, expected) => {
  expect(splitWords(line)).toEqual(expected);
});

test('a quote that is never closed is named with its place', () => {
  expect(() => splitWords('deploy "workers lab')).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('character 8') }),
  );
});

test('words from a shell are taken as they are', () => {
  expect(fromArguments(['run', 'web', '--', 'df', '-h'])).toEqual({ words: ['run', 'web'], rest: 'df -h' });
  expect(fromArguments(['deploy', "it's"])).toEqual({ words: ['deploy', "it's"], rest: undefined });
});
