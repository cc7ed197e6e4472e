import type { DifferentialCase } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const TREE = `mkdir -p d/sub/deep d/.hid; echo 1 >d/a.log; printf 'x\\nerror 5\\n' >d/b.log; : >d/c.txt; head -c 3000 /dev/zero >d/sub/big.log; echo 2 >d/sub/deep/z.log; echo h >d/.hidden; echo h >d/.hid/in; ln -s a.log d/l; ln -s sub d/ls; ln -s nowhere d/lost; touch -d '3 days ago' d/a.log; touch -d '2 hours ago' d/c.txt; touch -ad '1 week ago' d/b.log`;
// Folders are read in the order of the disk.
const ignore = { fields: ['atime', 'mtime', 'ctime', 'inode', 'dev'], why: 'They are of the moment and of the disk.' };
const one = (args: Arguments, more: Partial<DifferentialCase> = {}) =>
  oneTask('find', { paths: '@/d', ...args }, TREE, { ignore, ...more });
// Why it was skipped is said in other words; that it was, `msg` tells.
const WRONG = { ignore: { ...ignore, fields: [...ignore.fields, 'skipped_paths'] } };
const LINES = `mkdir -p d; printf 'one\\r\\ntwo\\r\\n' >d/windows; printf 'one\\ntwo' >d/open; printf 'ab\\303\\244\\n' >d/utf8; printf 'ab\\344\\nbin' >d/latin1; printf 'bin\\0\\n' >d/nul; printf 'bin\\377\\n' >d/bytes`;
const lines = (args: Arguments) => oneTask('find', { paths: '@/d', ...args }, LINES, { ignore });

export const cases: DifferentialCase[] = [
  one({}),
  one({ patterns: '*.log' }),
  one({ patterns: ['*.log', '*.txt'], recurse: true }),
  one({ patterns: '^.*\\.log$', use_regex: true, recurse: true }),
  one({ excludes: '*.log' }),
  one({ file_type: 'directory' }),
  one({ file_type: 'link' }),
  one({ file_type: 'any', recurse: true, hidden: true }),
  one({ contains: '.*error.*' }),
  one({ contains: 'rror' }),
  one({ contains: '^error' }),
  one({ contains: 'error', read_whole_file: true }),
  one({ contains: 'x\\nerror', read_whole_file: true }),
  one({ contains: 'x.*error', read_whole_file: true }),
  one({ contains: '(?s)x.*error', read_whole_file: true }),
  one({ contains: '^error', read_whole_file: true }),
  one({ contains: '(?m)^error', read_whole_file: true }),
  one({ contains: 'x*', read_whole_file: true }),
  one({ contains: 'x\\s' }),
  one({ contains: '(?!x)' }),
  one({ contains: 'error \\d\\b', recurse: true }),
  one({ contains: 'x$' }),
  one({ contains: '[^a]+' }),
  lines({ contains: 'one$' }),
  lines({ contains: 'two' }),
  lines({ contains: 'two$', read_whole_file: true }),
  lines({ contains: 'tw.$' }),
  lines({ contains: '(?i)ONE' }),
  lines({ contains: '.{2}ä' }),
  lines({ contains: 'ä' }),
  lines({ contains: 'bin' }),
  ...['(', '[a', '*x', 'a{2,1}', '\\q'].map((contains) => one({ contains }, WRONG)),
  one({ contains: '(', patterns: 'nothing' }),
  one({ contains: '(', file_type: 'directory' }),
  one({ patterns: ['(', '.*'], use_regex: true }, WRONG),
  one({ patterns: '.*', excludes: '[', use_regex: true }, WRONG),
  one({ age: '-1d', age_stamp: 'ctime', file_type: 'file' }),
  one({ size: '1k' }),
  one({ size: '-1k', recurse: true }),
  one({ age: '1d' }),
  one({ age: '-1d' }),
  one({ age: '1h', age_stamp: 'atime' }),
  one({ get_checksum: true }),
  one({ paths: '@/nope' }),
  one({ paths: ['@/d', '@/nope', '@/d/sub'] }),
  one({ paths: '@/d/a.log' }),
  ...generated(
    'find',
    {
      contains: ['.*error.*', 'x', '^error'],
      read_whole_file: [undefined, true],
      recurse: [undefined, true],
    },
    { always: { paths: '@/d' }, before: { tree: TREE }, more: () => ({ ignore }) },
  ),
  ...generated(
    'find',
    {
      file_type: [undefined, 'any', 'directory', 'link'],
      patterns: [undefined, '*.log', ['*.txt', 's*'], '.*'],
      excludes: [undefined, 'a*', ['b.log', 'sub']],
      recurse: [undefined, true],
      hidden: [undefined, true],
      follow: [undefined, true],
      depth: [undefined, 1, 2],
      size: [undefined, '1', '-2k'],
      age: [undefined, '1h', '-1w'],
      age_stamp: [undefined, 'mtime', 'atime'],
      get_checksum: [undefined, true],
    },
    { always: { paths: '@/d' }, before: { tree: TREE }, more: () => ({ ignore }) },
  ),
];
