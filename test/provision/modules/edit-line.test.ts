import { expect, test } from '@jest/globals';
import { editBlock } from '../../../src/provision/modules/blockinfile.js';
import { editCrontab } from '../../../src/provision/modules/crontab.js';
import { editLine, type LineEdit } from '../../../src/provision/modules/edit-line.js';
import { editIni } from '../../../src/provision/modules/ini-file.js';
import { bytePattern } from '../../../src/provision/modules/python-pattern.js';

const edit = (given: Partial<LineEdit>): LineEdit => ({
  state: 'present',
  regexp: undefined,
  search: undefined,
  line: '',
  backrefs: false,
  firstMatch: false,
  after: undefined,
  before: undefined,
  ...given,
});

test.each<[string, string, Partial<LineEdit>, string]>([
  ['adds a line at the end', 'a\n', { line: 'b' }, 'a\nb\n'],
  ['ends an unfinished last line first', 'a', { line: 'b' }, 'a\nb\n'],
  ['leaves a line that is there', 'a\nb\n', { line: 'a' }, 'a\nb\n'],
  ['replaces the last match', 'x=1\nx=2\n', { regexp: bytePattern('^x='), line: 'x=3' }, 'x=1\nx=3\n'],
  [
    'replaces the first match',
    'x=1\nx=2\n',
    { regexp: bytePattern('^x='), line: 'x=3', firstMatch: true },
    'x=3\nx=2\n',
  ],
  ['takes a dollar as the end before the line break', 'x=1\n', { regexp: bytePattern('^x=1$'), line: 'y' }, 'y\n'],
  [
    'fills in groups',
    'x = 1\n',
    { regexp: bytePattern('^(x) = (?P<v>\\d)'), line: '\\1=\\g<v>0', backrefs: true },
    'x=10\n',
  ],
  [
    'does nothing with groups that have no match',
    'a\n',
    { regexp: bytePattern('^x'), line: '\\1', backrefs: true },
    'a\n',
  ],
  ['inserts after a match', 'a\nb\n', { line: 'n', after: bytePattern('^a') }, 'a\nn\nb\n'],
  ['inserts before a match', 'a\nb\n', { line: 'n', before: bytePattern('^b') }, 'a\nn\nb\n'],
  ['inserts at the beginning', 'a\n', { line: 'n', before: 'BOF' }, 'n\na\n'],
  ['removes what matches', 'a1\nb\na2\n', { state: 'absent', regexp: bytePattern('^a') }, 'b\n'],
  ['removes an exact line', 'a\nab\n', { state: 'absent', line: 'a' }, 'ab\n'],
])('lineinfile %s', (_, before, given, after) => {
  expect(editLine(before, edit(given)).content).toBe(after);
  // What is done stays done.
  if (given.state !== 'absent')
    expect(editLine(after, edit(given)).content).toBe(given.backrefs && before !== after ? after : after);
});

test('blockinfile replaces what stands between its markers', () => {
  const given = {
    path: '/f',
    state: 'present',
    block: 'one',
    marker: '# {mark} X',
    marker_begin: 'BEGIN',
    marker_end: 'END',
    create: false,
    backup: false,
    follow: true,
    unsafe_writes: false,
  } as const;
  const once = editBlock('a\nz', given).content;
  expect(once).toBe('a\nz\n# BEGIN X\none\n# END X\n');
  expect(editBlock(once, { ...given, block: 'two\n' }).content).toBe('a\nz\n# BEGIN X\ntwo\n# END X\n');
  expect(editBlock(once, { ...given, state: 'absent' }).content).toBe('a\nz\n');
});

test.each([
  ['[a]\nx = 1\n\n[b]\ny=2\n', { section: 'a', option: 'z', values: ['3'] }, '[a]\nx = 1\nz = 3\n\n[b]\ny=2\n'],
  ['[a]\nx=1\n', { section: 'a', option: 'x', values: ['2'], no_extra_spaces: true }, '[a]\nx=2\n'],
  ['', { section: 'new', option: 'x', values: ['1'] }, '\n[new]\nx = 1\n'],
  ['[a]\n#x = 0\n', { section: 'a', option: 'x', values: ['1'] }, '[a]\nx = 1\n'],
  ['[a]\nx = 1\ny = 2\n', { section: 'a', option: 'x', state: 'absent' }, '[a]\ny = 2\n'],
  ['[a]\nx = 1\n[b]\n', { section: 'a', state: 'absent' }, '[b]\n'],
  ['x = 1\nx = 2\n', { option: 'x', values: ['2', '3'] }, 'x = 3\nx = 2\n'],
  ['[a]\nx = 1\n', { section: 'a', option: 'x', values: ['2'], exclusive: false }, '[a]\nx = 1\nx = 2\n'],
  [
    '[a]\nx = 1\nx = 2\n',
    { section: 'a', option: 'x', values: ['2'], exclusive: false, state: 'absent' },
    '[a]\nx = 1\n',
  ],
] as const)('ini_file turns %j by %j into %j', (before, given, after) => {
  const settings = {
    state: 'present',
    no_extra_spaces: false,
    ignore_spaces: false,
    allow_no_value: false,
    section: undefined,
    option: undefined,
    values: [],
    exclusive: true,
    ...given,
  } as const;
  expect(editIni(before, settings).text).toBe(after);
  expect(editIni(after, settings).text).toBe(after);
});

test('cron replaces the entry of its name only', () => {
  const one = editCrontab('MAILTO=me\n', 'job', '* * * * * a').after;
  expect(one).toBe('MAILTO=me\n#Ansible: job\n* * * * * a\n');
  expect(editCrontab(one, 'job', '5 * * * * b').after).toBe('MAILTO=me\n#Ansible: job\n5 * * * * b\n');
  expect(editCrontab(one, 'job', undefined).after).toBe('MAILTO=me\n');
});
