import { Errno } from '../fs/errno.js';
import { fullMode, sizeOf } from '../fs/inode.js';
import type { Inode } from '../fs/inode.js';
import { baseName, folderName } from '../kernel/path.js';
import { compilePattern, matchesPattern } from '../shell/pattern.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { changedMode } from './modes.js';
import { posixRegex } from './regex.js';

type Entry = { path: string; node: Inode; depth: number; prune: boolean };
type Test = (entry: Entry) => Promise<boolean>;
type Expression = {
  call: Call;
  tokens: string[];
  at: number;
  acts: boolean;
  minDepth: number;
  maxDepth: number;
  depthFirst: boolean;
  now: number;
  batches: { argv: string[]; paths: string[] }[];
  status: number;
  quit: boolean;
};

const KINDS: Record<string, Inode['kind']> = { f: 'file', d: 'dir', l: 'symlink', c: 'device', p: 'fifo' };
const MAX_DEPTH = 50;

export const find: Tool = async (call) => {
  const args = call.args.filter((arg, index) => !(index === 0 && /^-[HLP]$/.test(arg)));
  const follow = call.args[0] === '-L';
  const split = args.findIndex((arg) => /^(-.|[!(])/.test(arg));
  const roots = split < 0 ? args : args.slice(0, split);
  const expression: Expression = {
    call,
    tokens: split < 0 ? [] : args.slice(split),
    at: 0,
    acts: false,
    minDepth: 0,
    maxDepth: Number.POSITIVE_INFINITY,
    depthFirst: false,
    now: call.machine.clock.now().getTime(),
    batches: [],
    status: 0,
    quit: false,
  };
  const parsed = expression.tokens.length > 0 ? parseOr(expression, 0) : async () => true;
  if (expression.at < expression.tokens.length)
    throw new UsageFault(`paths must precede expression: ${expression.tokens[expression.at]}`);
  const test: Test = expression.acts
    ? parsed
    : async (entry) => (await parsed(entry)) && (await call.print(`${entry.path}\n`), true);
  for (const root of roots.length > 0 ? roots : ['.']) {
    const node = call.find(root, follow);
    if (node) await visit(expression, test, { path: root, node, depth: 0, prune: false }, follow);
    else {
      await call.complain(`'${root}': No such file or directory`);
      expression.status = 1;
    }
  }
  for (const { argv, paths } of expression.batches)
    if (paths.length > 0 && (await call.run([...argv, ...paths])) !== 0) expression.status = 1;
  return expression.status;
};

async function visit(expression: Expression, test: Test, entry: Entry, follow: boolean): Promise<void> {
  const { call } = expression;
  if (expression.quit) return;
  const pause = call.proc.step();
  if (pause) await pause;
  const judge = async () => {
    if (entry.depth >= expression.minDepth) await test(entry);
  };
  if (!expression.depthFirst) await judge();
  if (entry.node.kind === 'dir' && !entry.prune && entry.depth < expression.maxDepth && entry.depth < 200) {
    for (const name of foldersOf(call, entry)) {
      const path = `${entry.path.replace(/(.)\/$/, '$1').replace(/^\/$/, '')}/${name}`;
      const node = call.find(path, follow) ?? call.find(path, false);
      if (node) await visit(expression, test, { path, node, depth: entry.depth + 1, prune: false }, follow);
    }
  }
  if (expression.depthFirst) await judge();
}

function foldersOf(call: Call, { path }: Entry): string[] {
  try {
    return call.fs.list(call.path(path), call.user).sort();
  } catch (thrown) {
    if (thrown instanceof Errno) return [];
    throw thrown;
  }
}

function parseOr(expression: Expression, depth: number): Test {
  if (depth > MAX_DEPTH) throw new UsageFault('expression nested too deeply');
  let left = parseAnd(expression, depth);
  while (['-o', '-or', ','].includes(expression.tokens[expression.at] ?? '')) {
    const comma = expression.tokens[expression.at++] === ',';
    const [first, second] = [left, parseAnd(expression, depth)];
    left = async (entry) => ((await first(entry)) && !comma ? true : second(entry));
  }
  return left;
}

function parseAnd(expression: Expression, depth: number): Test {
  let left = parseNot(expression, depth);
  for (;;) {
    const token = expression.tokens[expression.at];
    if (token === undefined || ['-o', '-or', ',', ')'].includes(token)) return left;
    if (token === '-a' || token === '-and') expression.at++;
    const [first, second] = [left, parseNot(expression, depth)];
    left = async (entry) => (await first(entry)) && second(entry);
  }
}

function parseNot(expression: Expression, depth: number): Test {
  const token = expression.tokens[expression.at];
  if (token === '!' || token === '-not') {
    expression.at++;
    if (depth > MAX_DEPTH) throw new UsageFault('expression nested too deeply');
    const inner = parseNot(expression, depth + 1);
    return async (entry) => !(await inner(entry));
  }
  if (token === '(') {
    expression.at++;
    const inner = parseOr(expression, depth + 1);
    if (expression.tokens[expression.at++] !== ')')
      throw new UsageFault("invalid expression; I was expecting to find a ')' somewhere but did not see one.");
    return inner;
  }
  expression.at++;
  return parsePrimary(expression, token);
}

function parsePrimary(expression: Expression, token: string | undefined): Test {
  const { call, now } = expression;
  const argument = () => {
    const value = expression.tokens[expression.at++];
    if (value === undefined) throw new UsageFault(`missing argument to '${token}'`);
    return value;
  };
  const glob = (flags: string, of: (entry: Entry) => string): Test => {
    const text = argument();
    const pattern = compilePattern(flags ? text.toLowerCase() : text);
    return async (entry) => matchesPattern(pattern, flags ? of(entry).toLowerCase() : of(entry));
  };
  switch (token) {
    case '-name':
      return glob('', ({ path }) => baseName(path));
    case '-iname':
      return glob('i', ({ path }) => baseName(path));
    case '-path':
    case '-wholename':
      return glob('', ({ path }) => path);
    case '-lname':
      return glob('', ({ node }) => (node.kind === 'symlink' ? node.target : ''));
    case '-regex':
    case '-iregex': {
      const regex = posixRegex(argument(), { extended: false, flags: token === '-iregex' ? 'i' : '' });
      const whole = new RegExp(`^(?:${regex.source})$`, regex.flags);
      return async ({ path }) => whole.test(path);
    }
    case '-regextype':
      argument();
      return async () => true;
    case '-type': {
      const kinds = argument()
        .split(',')
        .map((letter) => KINDS[letter]);
      return async ({ node }) => kinds.includes(node.kind);
    }
    case '-user':
    case '-uid': {
      const text = argument();
      const uid = call.machine.users.find(text)?.uid ?? Number(text);
      if (Number.isNaN(uid)) throw new UsageFault(`'${text}' is not the name of a known user`);
      return async ({ node }) => node.uid === uid;
    }
    case '-group':
    case '-gid': {
      const text = argument();
      const gid = call.machine.users.findGroup(text)?.gid ?? Number(text);
      if (Number.isNaN(gid)) throw new UsageFault(`'${text}' is not the name of an existing group`);
      return async ({ node }) => node.gid === gid;
    }
    case '-nouser':
      return async ({ node }) => call.machine.users.userName(node.uid) === undefined;
    case '-perm':
      return permission(argument());
    case '-size':
      return size(argument());
    case '-empty':
      return async ({ node }) =>
        node.kind === 'dir' ? node.entries.size === 0 : node.kind === 'file' && node.size === 0;
    case '-mtime':
      return age(argument(), 86_400_000, ({ node }) => now - node.mtimeMs);
    case '-mmin':
      return age(argument(), 60_000, ({ node }) => now - node.mtimeMs);
    case '-atime':
      return age(argument(), 86_400_000, ({ node }) => now - node.atimeMs);
    case '-ctime':
      return age(argument(), 86_400_000, ({ node }) => now - node.ctimeMs);
    case '-newer': {
      const reference = call.stat(argument());
      return async ({ node }) => node.mtimeMs > reference.mtimeMs;
    }
    case '-links':
      return age(argument(), 1, ({ node }) => node.nlink);
    case '-samefile': {
      const reference = call.stat(argument());
      return async ({ node }) => node.ino === reference.ino;
    }
    case '-maxdepth':
      expression.maxDepth = Number(argument());
      return async () => true;
    case '-mindepth':
      expression.minDepth = Number(argument());
      return async () => true;
    case '-depth':
      expression.depthFirst = true;
      return async () => true;
    case '-xdev':
    case '-mount':
    case '-noleaf':
    case '-true':
      return async () => true;
    case '-false':
      return async () => false;
    default:
      return parseAction(expression, token, argument);
  }
}

function parseAction(expression: Expression, token: string | undefined, argument: () => string): Test {
  const { call } = expression;
  if (token !== '-prune') expression.acts = true;
  switch (token) {
    case '-prune':
      return async (entry) => (entry.prune = true);
    case '-print':
      return async ({ path }) => (await call.print(`${path}\n`), true);
    case '-print0':
      return async ({ path }) => (await call.print(`${path}\0`), true);
    case '-printf': {
      const format = argument();
      return async (entry) => (await call.print(formatEntry(call, format, entry)), true);
    }
    case '-ls':
      return async ({ path, node }) => (await call.print(`${node.ino} ${path}\n`), true);
    case '-quit':
      return async () => (expression.quit = true);
    case '-delete':
      expression.depthFirst = true;
      return async ({ path, node }) => {
        if (path === '.') return true;
        const status = await call.each(
          [path],
          () =>
            node.kind === 'dir'
              ? call.fs.rmdir(call.path(path), call.user)
              : call.fs.unlink(call.path(path), call.user),
          () => `cannot delete '${path}'`,
        );
        expression.status ||= status;
        return status === 0;
      };
    case '-exec':
    case '-execdir':
    case '-ok':
      return parseExec(expression, token);
    default:
      throw new UsageFault(`unknown predicate '${token ?? ''}'`);
  }
}

function parseExec(expression: Expression, token: string): Test {
  const { call, tokens } = expression;
  const end = tokens.findIndex(
    (text, index) => index >= expression.at && (text === ';' || (text === '+' && tokens[index - 1] === '{}')),
  );
  if (end < 0) throw new UsageFault(`missing argument to '${token}'`);
  const argv = tokens.slice(expression.at, end);
  expression.at = end + 1;
  if (tokens[end] === '+') {
    const batch = { argv: argv.slice(0, -1), paths: [] as string[] };
    expression.batches.push(batch);
    return async ({ path }) => batch.paths.push(path) > 0;
  }
  return async ({ path }) => (await call.run(argv.map((word) => word.replaceAll('{}', path)))) === 0;
}

function permission(text: string): Test {
  const exact = /^[-/+]/.test(text) ? text.slice(1) : text;
  const wanted = changedMode(exact, 0, false, 0);
  if (text.startsWith('-')) return async ({ node }) => (node.mode & wanted) === wanted;
  if (/^[/+]/.test(text)) return async ({ node }) => wanted === 0 || (node.mode & wanted) !== 0;
  return async ({ node }) => node.mode === wanted;
}

function size(text: string): Test {
  const found = /^([-+]?)(\d+)([cwbkMG]?)$/.exec(text);
  if (!found) throw new UsageFault(`invalid argument '${text}' to '-size'`);
  const unit = { c: 1, w: 2, b: 512, '': 512, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }[found[3] as 'c'] ?? 512;
  return compared(found[1] as string, Number(found[2]), ({ node }) => Math.ceil(sizeOf(node) / unit));
}

function age(text: string, unit: number, of: (entry: Entry) => number): Test {
  const found = /^([-+]?)(\d+(?:\.\d+)?)$/.exec(text);
  if (!found) throw new UsageFault(`invalid argument '${text}'`);
  return compared(found[1] as string, Number(found[2]), (entry) => Math.floor(of(entry) / unit));
}

function compared(sign: string, wanted: number, of: (entry: Entry) => number): Test {
  if (sign === '+') return async (entry) => of(entry) > wanted;
  return sign === '-' ? async (entry) => of(entry) < wanted : async (entry) => of(entry) === wanted;
}

function formatEntry({ machine: { users } }: Call, format: string, { path, node, depth }: Entry): string {
  const values: Record<string, () => string> = {
    p: () => path,
    P: () => path.replace(/^[^/]*\/?/, ''),
    f: () => baseName(path),
    h: () => folderName(path),
    s: () => String(sizeOf(node)),
    m: () => node.mode.toString(8),
    u: () => users.userName(node.uid) ?? String(node.uid),
    g: () => users.groupName(node.gid) ?? String(node.gid),
    U: () => String(node.uid),
    G: () => String(node.gid),
    y: () => ({ file: 'f', dir: 'd', symlink: 'l', device: 'c', fifo: 'p' })[node.kind],
    l: () => (node.kind === 'symlink' ? node.target : ''),
    i: () => String(node.ino),
    n: () => String(node.nlink),
    d: () => String(depth),
    M: () => fullMode(node).toString(8),
    '%': () => '%',
  };
  return format
    .replace(/%T@/g, () => (node.mtimeMs / 1000).toFixed(10))
    .replace(/%(?:-?\d+)?([a-zA-Z%])/g, (whole, letter: string) => values[letter]?.() ?? whole)
    .replace(/\\([nt0\\])/g, (_, letter: string) => ({ n: '\n', t: '\t', 0: '\0', '\\': '\\' })[letter as 'n']);
}
