import { posix } from 'node:path';
import { Float, type Dict } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, int, list, text } from '../arguments.js';
import { parseStat, STAT_FORMAT, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { formatMode } from '../file-mode.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { bytePattern, toBytes } from './python-pattern.js';
import { dict } from './result.js';

const schema = args({
  paths: list(),
  patterns: list().optional(),
  excludes: list().optional(),
  use_regex: bool().default(false),
  file_type: choice('any', 'directory', 'file', 'link').default('file'),
  recurse: bool().default(false),
  hidden: bool().default(false),
  follow: bool().default(false),
  depth: int().optional(),
  age: text().optional(),
  age_stamp: choice('atime', 'ctime', 'mtime').default('mtime'),
  size: text().optional(),
  contains: text().optional(),
  get_checksum: bool().default(false),
});
type Args = ReturnType<typeof schema.parse>;

export const find = defineModule<Args>({
  name: 'find',
  summary: 'List files of a host by name, age, size or content.',
  aliases: { name: 'paths', path: 'paths', pattern: 'patterns', exclude: 'excludes' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    const folders = await Promise.all(given.paths.map((path) => hostPath(context, path)));
    const found = (await Promise.all(folders.map((folder) => context.fact(entries(folder, given))))).flat();
    const files = found.filter((entry) => matches(entry, given)).map(fields);
    return {
      actions: [],
      changed: false,
      result: dict({ files, matched: files.length, examined: found.length, msg: 'All paths examined' }),
    };
  },
});

type Entry = { path: string; folder: string; stat: FileStat; now: number };

function entries(folder: string, { recurse, depth, follow, contains, file_type: type }: Args): Fact<Entry[]> {
  const word = quote(folder.replace(/(?<=.)\/+$/, ''));
  const limit = recurse ? (depth === undefined ? '' : `-maxdepth ${depth}`) : '-maxdepth 1';
  const kind = { any: '', directory: '-type d', file: '-type f', link: '-type l' }[type];
  const only = contains === undefined ? '' : `-exec grep -q -e ${quote(contains)} {} \\;`;
  return {
    script: `date +%s; [ ! -d ${word} ] || find ${follow ? '-L ' : ''}${word} ${limit} ! -path ${word} ${kind} ${only} -exec stat -c '${STAT_FORMAT}:%n' {} +`,
    parse({ stdout }) {
      const [now, ...lines] = stdout.split('\n');
      return lines.flatMap((line) => {
        const parts = line.split(':');
        const stat = parts.length > 12 ? parseStat(parts.slice(0, 12).join(':')) : undefined;
        return stat ? [{ path: parts.slice(12).join(':'), folder, stat, now: Number(now) }] : [];
      });
    },
  };
}

function matches({ path, stat, now, folder }: Entry, given: Args): boolean {
  const name = posix.basename(path);
  const hidden = path
    .slice(folder.length)
    .split('/')
    .some((part) => part.startsWith('.'));
  const time = { atime: stat.accessTime, ctime: stat.changeTime, mtime: stat.modifyTime }[given.age_stamp];
  return (
    (given.hidden || !hidden) &&
    (given.patterns === undefined || named(name, given.patterns, given.use_regex)) &&
    !(given.excludes !== undefined && named(name, given.excludes, given.use_regex)) &&
    (given.age === undefined || beyond(now - time, given.age, { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 })) &&
    (given.size === undefined ||
      beyond(stat.size, given.size, { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }))
  );
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

/** `2d` means at least, `-2d` at most. */
function beyond(amount: number, limit: string, units: Record<string, number>): boolean {
  const [, sign, number = '0', unit = ''] = /^(-?)(\d+)([a-z]?)$/i.exec(limit.trim()) ?? [];
  const value = Number(number) * (units[unit.toLowerCase()] ?? 1);
  return sign === '-' ? amount <= value : amount >= value;
}

function fields({ path, stat }: Entry): Dict {
  return dict({
    path,
    mode: formatMode(stat.mode),
    isdir: stat.kind === 'directory',
    isreg: stat.kind === 'file',
    islnk: stat.kind === 'link',
    uid: stat.uid,
    gid: stat.gid,
    pw_name: stat.owner,
    gr_name: stat.group,
    size: stat.size,
    inode: stat.inode,
    dev: stat.device,
    nlink: stat.links,
    atime: new Float(stat.accessTime),
    mtime: new Float(stat.modifyTime),
    ctime: new Float(stat.changeTime),
  });
}
