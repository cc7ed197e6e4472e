import { posix } from 'node:path';
import { StarsError } from '../../errors.js';
import { toJsRegExp } from '../../jinja/python-regex.js';
import { Float, type Dict } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, int, list, text } from '../arguments.js';
import { parseStat, STAT_FORMAT, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { formatMode } from '../file-mode.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { filesThatContain } from './find-contents.js';
import { type GrepPattern, grepPattern } from './grep-pattern.js';
import { bytePattern, toBytes } from './python-pattern.js';
import { dict } from './result.js';
import { kindFields, permissionFields } from './stat-fields.js';

const schema = args({
  paths: list().describe('Folders in which to look.'),
  patterns: list().optional().describe('Patterns of which a name must match one.'),
  excludes: list().optional().describe('Patterns of which a name must match none.'),
  use_regex: bool().default(false).describe('Patterns are regular expressions rather than shell patterns.'),
  file_type: choice('any', 'directory', 'file', 'link').default('file').describe('What to list.'),
  recurse: bool().default(false).describe('Look in folders of folders too.'),
  hidden: bool().default(false).describe('List names that begin with a dot too.'),
  follow: bool().default(false).describe('Follow links to folders.'),
  depth: int().optional().describe('How many folders deep to look.'),
  age: text()
    .optional()
    .describe('Only files at least this old, or with `-` at most; with s, m, h, d or w behind the number.'),
  age_stamp: choice('atime', 'ctime', 'mtime').default('mtime').describe('Which time of a file is its age.'),
  size: text()
    .optional()
    .describe('Only files at least this big, or with `-` at most; with b, k, m, g or t behind the number.'),
  contains: text().optional().describe('Regular expression that a line of the file must match.'),
  read_whole_file: bool()
    .default(false)
    .describe('Let `contains` match anywhere in the file rather than at the beginning of a line.'),
  get_checksum: bool().default(false).describe("Tell each file's SHA-1."),
});
type Args = ReturnType<typeof schema.parse>;

export const find = defineModule<Args>({
  name: 'find',
  summary: 'List files of a host by name, age, size or content.',
  checkMode: 'Reads only, so it does the same in check mode.',
  aliases: { name: 'paths', path: 'paths', pattern: 'patterns', exclude: 'excludes' },
  differences: [
    'What `contains` asks of lines one by one the host itself looks for by grep, to which a line ends at a line feed; anything else is looked for in the contents, which may have 600 kB each and 16 MB together.',
  ],
  args: schema,

  async plan(asked, context): Promise<Plan> {
    // Only files hold lines: of anything else the pattern is not even read.
    const given = asked.file_type === 'file' ? asked : { ...asked, contains: undefined };
    const wrong = unreadable(given);
    if (wrong) return { actions: [], failed: `failed to process ${wrong}`, result: dict({ [wrong]: given[wrong] }) };
    const looks = await Promise.all(given.paths.map((path) => lookThrough(path, given, context)));
    const found = looks.flatMap((look) => look.found);
    const sums = given.get_checksum ? await context.fact(checksums(found)) : new Map<string, string>();
    const skipped = looks.flatMap(({ folder, skipped }) => (skipped === undefined ? [] : [[folder, skipped] as const]));
    return {
      actions: [],
      changed: false,
      result: dict({
        files: found.map((entry) => fields(entry, sums.get(entry.path))),
        matched: found.length,
        examined: looks.reduce((sum, { examined }) => sum + examined, 0),
        skipped_paths: new Map(skipped),
        msg: skipped.length > 0 ? 'Not all paths examined, check warnings for details' : 'All paths examined',
      }),
    };
  },
});

/** What a path holds; `skipped` is why it was not looked through. */
type Finding = { folder: string; examined: number; found: readonly Entry[]; skipped?: string };

async function lookThrough(path: string, given: Args, context: ModuleContext): Promise<Finding> {
  const folder = await hostPath(context, path);
  const wrong = wrongPattern(given);
  const grep =
    wrong === undefined && given.contains !== undefined && grepPattern(given.contains, given.read_whole_file);
  const look = await context.fact(lookInto(folder, given, grep || undefined));
  const examined = look.entries.length;
  if (!look.there) return { folder, examined, found: [], skipped: `'${folder}' is not a directory` };
  if (wrong !== undefined) {
    const held = look.entries.some((entry) => matches(entry, look, { ...given, ...wrong.without }));
    return { folder, examined, found: [], ...(held ? { skipped: wrong.why } : {}) };
  }
  const named = look.entries.filter((entry) => matches(entry, look, given));
  return { folder, examined, found: await thoseThatContain(named, look, { given, context }) };
}

/** Ansible skips a folder as soon as it would use a pattern that is none. */
function wrongPattern({ patterns, excludes, contains, use_regex }: Args) {
  const expressions = use_regex ? [...(patterns ?? []), ...(excludes ?? [])] : [];
  const inNames = expressions.flatMap((pattern) => mistakeIn(pattern) ?? [])[0];
  if (inNames !== undefined) return { why: inNames, without: { patterns: undefined, excludes: undefined } };
  const inContents = contains === undefined ? undefined : mistakeIn(contains);
  return inContents === undefined ? undefined : { why: inContents, without: {} };
}

function mistakeIn(pattern: string): string | undefined {
  try {
    toJsRegExp(pattern);
    return undefined;
  } catch (error) {
    // What Python knows and we do not fails the task, since Ansible would find something.
    if (!(error instanceof StarsError) || /\(\?>|[*+?}]\+/.test(pattern)) throw error;
    return error.message;
  }
}

async function thoseThatContain(
  entries: readonly Entry[],
  { containing }: Look,
  { given, context }: { given: Args; context: ModuleContext },
): Promise<readonly Entry[]> {
  if (given.contains === undefined) return entries;
  const pattern = { pattern: given.contains, whole: given.read_whole_file };
  const files = entries.map(({ path, stat }) => ({ path, size: stat.size }));
  const paths = containing ?? (await filesThatContain(files, pattern, context));
  return entries.filter(({ path }) => paths.has(path));
}

const LIMIT = /^(-?)(\d+)([a-z]?)$/i;
const AGES: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const SIZES: Record<string, number> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function unreadable({ age, size }: Args): 'age' | 'size' | undefined {
  if (age !== undefined && limitOf(age, AGES) === undefined) return 'age';
  return size !== undefined && limitOf(size, SIZES) === undefined ? 'size' : undefined;
}

/** `2d` means at least, `-2d` at most. */
function limitOf(text: string, units: Record<string, number>): { atMost: boolean; amount: number } | undefined {
  const [, sign, number, unit = ''] = LIMIT.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  return number === undefined || factor === undefined
    ? undefined
    : { atMost: sign === '-', amount: Number(number) * factor };
}

type Entry = { path: string; stat: FileStat; depth: number };

/** What is in a folder; `containing` are the files in which grep found something, undefined when it was not asked. */
type Look = { there: boolean; now: number; entries: Entry[]; containing: ReadonlySet<string> | undefined };

function lookInto(folder: string, given: Args, grep: GrepPattern | undefined): Fact<Look> {
  const word = quote(folder);
  // One level more than is told: its names are counted too.
  const limit = !given.recurse ? '-maxdepth 1' : given.depth ? `-maxdepth ${given.depth + 1}` : '';
  const all = `find ${given.follow ? '-L' : '-H'} ${word} -mindepth 1 ${limit}`;
  const list = `${all} -exec stat -c '${STAT_FORMAT}:%n' {} +`;
  const search = grep ? `; echo ${CONTAINING}; ${all} -type f ${grepFiles(grep)}` : '';
  return {
    script: `date +%s; if [ -d ${word} ]; then echo there; ${list}${search}; fi`,
    parse({ stdout }) {
      const [now, there, ...lines] = stdout.split('\n');
      const end = grep ? lines.lastIndexOf(CONTAINING) : lines.length;
      return {
        there: there === 'there',
        now: Number(now),
        entries: lines.slice(0, end).flatMap((line) => entryOf(line, folder)),
        containing: grep && new Set(lines.slice(end + 1).map((path) => posix.normalize(path))),
      };
    },
  };
}

const CONTAINING = 'stars-containing';

/** What is no text in UTF-8 is none to Python, either; where the host has no iconv, it is searched too. */
function grepFiles({ flags, words }: GrepPattern): string {
  const text = 'iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 || ! command -v iconv >/dev/null 2>&1';
  return `-exec env LC_ALL=C.UTF-8 grep -q ${flags} -e ${quote(words)} {} \\; -exec sh -c ${quote(text)} sh {} \\; -print`;
}

function entryOf(line: string, folder: string): Entry[] {
  const parts = line.split(':');
  const stat = parts.length > 12 ? parseStat(parts.slice(0, 12).join(':')) : undefined;
  if (!stat) return [];
  const given = parts.slice(12).join(':');
  const depth = given.slice(folder.length).split('/').filter(Boolean).length;
  return [{ path: posix.normalize(given), stat, depth }];
}

function matches({ path, stat, depth }: Entry, look: Look, given: Args): boolean {
  const name = posix.basename(path);
  const time = { atime: stat.accessTime, ctime: stat.changeTime, mtime: stat.modifyTime }[given.age_stamp];
  return (
    (given.file_type === 'any' || given.file_type === stat.kind) &&
    (!given.depth || depth <= given.depth) &&
    (given.hidden || !name.startsWith('.')) &&
    (!given.patterns?.length || named(name, given.patterns, given.use_regex)) &&
    !(given.excludes !== undefined && named(name, given.excludes, given.use_regex)) &&
    within(look.now - time, given.age, AGES) &&
    (stat.kind !== 'file' || within(stat.size, given.size, SIZES))
  );
}

function within(value: number, text: string | undefined, units: Record<string, number>): boolean {
  const limit = text === undefined ? undefined : limitOf(text, units);
  if (!limit) return true;
  return limit.atMost ? value <= limit.amount : value >= limit.amount;
}

function named(name: string, patterns: readonly string[], regex: boolean): boolean {
  return patterns.some((pattern) => {
    if (!regex) return globPattern(pattern).test(name);
    return bytePattern(pattern).exec(toBytes(name))?.index === 0;
  });
}

function globPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^');
  return new RegExp(`^${source}$`, 's');
}

/** SHA-1 by path; the names go by standard input, so that there may be many. */
function checksums(entries: readonly Entry[]): Fact<Map<string, string>> {
  const files = entries.filter(({ stat }) => stat.kind === 'file').map(({ path }) => quote(path));
  return {
    script: files.length > 0 ? `printf '%s\\0' ${files.join(' ')} | xargs -0 sha1sum` : ':',
    parse: ({ stdout }) => new Map(stdout.split('\n').map((line) => [line.slice(42), line.slice(0, 40)] as const)),
  };
}

function fields({ path, stat }: Entry, checksum: string | undefined): Dict {
  return dict({
    path,
    mode: formatMode(stat.mode),
    ...kindFields(stat),
    uid: stat.uid,
    gid: stat.gid,
    pw_name: known(stat.owner),
    gr_name: known(stat.group),
    size: stat.size,
    inode: stat.inode,
    dev: stat.device,
    nlink: stat.links,
    atime: new Float(stat.accessTime),
    mtime: new Float(stat.modifyTime),
    ctime: new Float(stat.changeTime),
    ...permissionFields(stat.mode),
    checksum,
  });
}

function known(name: string): string {
  return name === 'UNKNOWN' ? '' : name;
}
