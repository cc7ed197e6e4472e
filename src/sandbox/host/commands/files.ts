import { randomInt } from 'node:crypto';
import { Errno } from '../fs/errno.js';
import { linkTarget as targetOf, sizeOf } from '../fs/inode.js';
import type { Inode } from '../fs/inode.js';
import { baseName, folderName, normalPath } from '../kernel/path.js';
import { descendants } from './attributes.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { listedDate, parseDate } from './dates.js';
import { changedMode, modeText } from './modes.js';
import { parseOptions } from './options.js';

export const ls: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'laAd1RiFhLtrSnpgGosZTQqNUkHCxw:I:',
    long: {
      all: 'a',
      'almost-all': 'A',
      directory: 'd',
      recursive: 'R',
      inode: 'i',
      'human-readable': 'h',
      'numeric-uid-gid': 'n',
      color: '1',
      reverse: 'r',
      'time-style': 'I',
    },
    status: 2,
  });
  const operands = options.operands.length > 0 ? options.operands : ['.'];
  const files: { name: string; node: Inode }[] = [];
  const folders: string[] = [];
  const status = await call.each(
    operands,
    (operand) => {
      const node = call.stat(operand, !options.has('l') || operand.endsWith('/'));
      if (node.kind === 'dir' && !options.has('d')) folders.push(operand);
      else files.push({ name: operand, node });
    },
    (operand) => `cannot access ${operand}`,
  );
  await call.print(listing(call, sorted(files, options.has), options.has));
  let first = files.length === 0;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const names = call.fs.list(call.path(folder), call.user).sort();
    const shown = names.filter((name) => options.has('a') || options.has('A') || !name.startsWith('.'));
    const all = [...(options.has('a') ? ['.', '..'] : []), ...shown];
    const entries = all.map((name) => ({ name, node: call.stat(`${folder}/${name}`, false) }));
    const titled = operands.length > 1 || options.has('R');
    await call.print(
      `${titled ? `${first ? '' : '\n'}${folder}:\n` : ''}${options.has('l') ? `total ${entries.length * 4}\n` : ''}${listing(call, sorted(entries, options.has), options.has)}`,
    );
    first = false;
    if (options.has('R'))
      folders.unshift(
        ...entries
          .filter(({ name, node }) => node.kind === 'dir' && name !== '.' && name !== '..')
          .map(({ name }) => `${folder}/${name}`),
      );
    const pause = call.proc.step();
    if (pause) await pause;
  }
  return status === 0 ? 0 : 2;
};

function sorted(
  entries: { name: string; node: Inode }[],
  has: (letter: string) => boolean,
): { name: string; node: Inode }[] {
  const order = has('t')
    ? (a: { node: Inode }, b: { node: Inode }) => b.node.mtimeMs - a.node.mtimeMs
    : has('S')
      ? (a: { node: Inode }, b: { node: Inode }) => sizeOf(b.node) - sizeOf(a.node)
      : () => 0;
  const result = entries.toSorted((a, b) => order(a, b) || (a.name < b.name ? -1 : 1));
  return has('r') ? result.toReversed() : result;
}

function listing(
  { machine: { users, clock } }: Call,
  entries: { name: string; node: Inode }[],
  has: (letter: string) => boolean,
): string {
  const mark = (node: Inode) =>
    has('F') || has('p')
      ? node.kind === 'dir'
        ? '/'
        : has('F') && node.kind === 'symlink' && !has('l')
          ? '@'
          : has('F') && node.kind === 'file' && (node.mode & 0o111) !== 0
            ? '*'
            : ''
      : '';
  const long = has('l') || has('n') || has('g') || has('o');
  const now = clock.now();
  const lines = entries.map(({ name, node }) => {
    const inode = has('i') ? `${node.ino} ` : '';
    if (!long) return `${inode}${name}${mark(node)}\n`;
    const owner = has('n') ? String(node.uid) : (users.userName(node.uid) ?? String(node.uid));
    const group = has('n') ? String(node.gid) : (users.groupName(node.gid) ?? String(node.gid));
    const date = listedDate(node.mtimeMs, now);
    const target = node.kind === 'symlink' ? ` -> ${node.target}` : '';
    return `${inode}${modeText(node)}. ${node.nlink} ${owner} ${group} ${sizeOf(node)} ${date} ${name}${mark(node)}${target}\n`;
  });
  return lines.join('');
}

export const mkdir: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'pvm:Z', long: { parents: 'p', mode: 'm', verbose: 'v' } });
  if (options.operands.length === 0) throw new UsageFault('missing operand');
  const mode = options.value('m');
  const umask = call.proc.umask;
  const wanted = mode === undefined ? 0o777 & ~umask : changedMode(mode, 0o777, true, 0);
  return call.each(
    options.operands,
    (operand) => {
      const path = call.path(operand).replace(/\/+$/, '') || '/';
      if (options.has('p')) {
        makeParents(call, folderName(path));
        if (call.fs.find(path, call.user)?.kind === 'dir') return;
      }
      const node = call.fs.mkdir(path, wanted & 0o777, call.user);
      if (mode !== undefined) call.fs.chmod(node, wanted, call.user);
    },
    (operand) => `cannot create directory '${operand}'`,
  );
};

/** Folders up to a path, as `mkdir -p` makes them: always usable by their owner. */
export function makeParents(call: Call, path: string): void {
  const parts = path.split('/').filter(Boolean);
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = `/${parts.slice(0, depth).join('/')}`;
    const node = call.fs.find(folder, call.user);
    if (node && node.kind !== 'dir') throw new Errno('ENOTDIR');
    if (!node) call.fs.mkdir(folder, (0o777 & ~call.proc.umask) | 0o300, call.user);
  }
}

export const rmdir: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'pv', long: { parents: 'p', 'ignore-fail-on-non-empty': 'v' } });
  if (options.operands.length === 0) throw new UsageFault('missing operand');
  return call.each(
    options.operands,
    (operand) => call.fs.rmdir(call.path(operand), call.user),
    (operand) => `failed to remove '${operand}'`,
  );
};

export const rm: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'rRfidv',
    long: { recursive: 'r', force: 'f', dir: 'd', 'no-preserve-root': 'v', 'preserve-root': 'v', verbose: 'v' },
  });
  const force = options.has('f');
  const recursive = options.has('r') || options.has('R');
  if (options.operands.length === 0 && !force) throw new UsageFault('missing operand');
  let status = 0;
  for (const operand of options.operands) {
    const name = baseName(operand);
    if (name === '.' || name === '..') {
      await call.complain(`cannot remove directory: '${operand}'`);
      status = 1;
      continue;
    }
    if (recursive && normalPath(call.path(operand)) === '/')
      throw new UsageFault(
        "it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe",
      );
    status |= await call.each(
      [operand],
      async () => {
        const node = force ? call.find(operand, false) : call.stat(operand, false);
        if (!node) return;
        if (node.kind !== 'dir') return call.fs.unlink(call.path(operand), call.user);
        if (!recursive && !(options.has('d') && node.entries.size === 0)) throw new Errno('EISDIR');
        for (const { path, node: inner } of descendants(call, operand, node).toReversed()) {
          const pause = call.proc.step();
          if (pause) await pause;
          if (inner.kind === 'dir') call.fs.rmdir(call.path(path), call.user);
          else call.fs.unlink(call.path(path), call.user);
        }
        call.fs.rmdir(call.path(operand), call.user);
      },
      () => `cannot remove '${operand}'`,
    );
  }
  return status;
};

export const touch: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'acmhr:d:t:',
    long: { 'no-create': 'c', reference: 'r', date: 'd', 'no-dereference': 'h' },
  });
  if (options.operands.length === 0) throw new UsageFault('missing file operand');
  const now = call.machine.clock.now().getTime();
  const reference = options.value('r');
  const model = reference === undefined ? undefined : call.stat(reference);
  const given = options.value('d') ?? stamp(options.value('t'));
  const wanted = given === undefined ? now : parseDate(given, call.machine.clock.now());
  if (wanted === undefined) throw new UsageFault(`invalid date format '${given}'`);
  return call.each(
    options.operands,
    async (operand) => {
      const exists = call.find(operand, !options.has('h'));
      if (!exists && options.has('c')) return;
      const node = exists ?? (call.fs.walk(call.path(operand), call.user), await createEmpty(call, operand));
      const both = options.has('a') === options.has('m');
      if (call.user.uid !== 0 && node.uid !== call.user.uid && given !== undefined) throw new Errno('EPERM');
      call.fs.utimes(
        node,
        both || options.has('a') ? (model?.atimeMs ?? wanted) : node.atimeMs,
        both || options.has('m') ? (model?.mtimeMs ?? wanted) : node.mtimeMs,
      );
    },
    (operand) => `cannot touch '${operand}'`,
  );
};

function stamp(text: string | undefined): string | undefined {
  const found = /^(?:(\d\d)?(\d\d))?(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d\d))?$/.exec(text ?? '');
  return found
    ? `${found[1] ?? '20'}${found[2] ?? '26'}-${found[3]}-${found[4]} ${found[5]}:${found[6]}:${found[7] ?? '00'}`
    : text;
}

async function createEmpty(call: Call, operand: string): Promise<Inode> {
  await call.write(operand, Buffer.alloc(0));
  return call.stat(operand);
}

export const ln: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'sfnTvirPLt:',
    long: {
      symbolic: 's',
      force: 'f',
      'no-dereference': 'n',
      'no-target-directory': 'T',
      relative: 'r',
      'target-directory': 't',
    },
  });
  const operands = [...options.operands];
  if (operands.length === 0) throw new UsageFault('missing file operand');
  const last = options.value('t') ?? (operands.length > 1 ? operands.pop() : undefined) ?? '.';
  const target = call.find(last, !options.has('n'));
  const into = !options.has('T') && target?.kind === 'dir';
  if (options.has('T') && operands.length > 1) throw new UsageFault(`extra operand '${operands[1]}'`);
  if (!into && operands.length > 1) throw new UsageFault(`target '${last}' is not a directory`);
  return call.each(
    operands,
    (source) => {
      const path = call.path(into ? `${last}/${baseName(source)}` : last);
      const existing = call.fs.find(path, call.user, false);
      if (existing && options.has('f')) {
        if (existing.kind === 'dir') throw new Errno('EISDIR');
        if (!options.has('s') && call.find(source, false)?.ino === existing.ino) return;
        call.fs.unlink(path, call.user);
      }
      if (options.has('s')) call.fs.symlink(source, path, call.user);
      else call.fs.link(call.path(source), path, call.user);
    },
    (source) =>
      `failed to create ${options.has('s') ? 'symbolic' : 'hard'} link '${into ? `${last}/${baseName(source)}` : last}'`,
  );
};

export const readlink: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'femnqsvz',
    long: { canonicalize: 'f', 'canonicalize-existing': 'e', 'canonicalize-missing': 'm', 'no-newline': 'n' },
  });
  if (options.operands.length === 0) throw new UsageFault('missing operand');
  let status = 0;
  for (const operand of options.operands) {
    const found =
      options.has('f') || options.has('e') || options.has('m')
        ? canonical(call, operand, options.has('e') ? 'e' : options.has('m') ? 'm' : 'f')
        : linkTarget(call, operand);
    if (found === undefined) status = 1;
    else await call.print(`${found}${options.has('n') ? '' : '\n'}`);
  }
  return status;
};

export const realpath: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'emqsLPz',
    long: { 'canonicalize-existing': 'e', 'canonicalize-missing': 'm', strip: 's' },
  });
  if (options.operands.length === 0) throw new UsageFault('missing operand');
  let status = 0;
  for (const operand of options.operands) {
    const found = options.has('s')
      ? normalPath(call.path(operand))
      : canonical(call, operand, options.has('e') ? 'e' : options.has('m') ? 'm' : 'f');
    if (found !== undefined) await call.print(`${found}\n`);
    else {
      status = 1;
      if (!options.has('q')) await call.complain(`${operand}: No such file or directory`);
    }
  }
  return status;
};

function linkTarget(call: Call, operand: string): string | undefined {
  const node = call.find(operand, false);
  return node?.kind === 'symlink' ? targetOf(node, call.user) : undefined;
}

/** The path without links: with `e` all of it must exist, with `f` all but the last part, with `m` none. */
function canonical(call: Call, operand: string, mode: 'e' | 'f' | 'm'): string | undefined {
  try {
    const { node, path } = call.fs.walk(call.path(operand), call.user);
    return node || mode !== 'e' ? path : undefined;
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    if (mode !== 'm' || thrown.code === 'ELOOP' || operand === '') return undefined;
    const parent = canonical(call, folderName(call.path(operand)), 'm') ?? '/';
    return normalPath(`${parent}/${baseName(operand)}`);
  }
}

export const basename: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'as:z', long: { multiple: 'a', suffix: 's' } });
  const [first, second] = options.operands;
  if (first === undefined) throw new UsageFault('missing operand');
  const many = options.has('a') || options.has('s');
  const suffix = options.value('s') ?? (many ? '' : (second ?? ''));
  for (const operand of many ? options.operands : [first]) {
    const name = baseName(operand);
    await call.print(
      `${suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`,
    );
  }
  return 0;
};

export const dirname: Tool = async (call) => {
  const { operands } = parseOptions(call.args, { letters: 'z' });
  if (operands.length === 0) throw new UsageFault('missing operand');
  for (const operand of operands) await call.print(`${folderName(operand)}\n`);
  return 0;
};

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const mktemp: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'dqutp:s:',
    long: { directory: 'd', quiet: 'q', 'dry-run': 'u', tmpdir: 't', suffix: 's' },
  });
  const [operand] = options.operands;
  const suffix = options.value('s') ?? '';
  const template = operand ?? 'tmp.XXXXXXXXXX';
  if (!/XXX/.test(template)) throw new UsageFault(`too few X's in template '${template}'`);
  const folder =
    options.value('p') ??
    (operand === undefined || options.has('t') ? (call.proc.environment.get('TMPDIR') ?? '/tmp') : undefined);
  const at = template.lastIndexOf('XXX') + 3;
  const count = /X+$/.exec(template.slice(0, at))?.[0].length ?? 3;
  for (let attempt = 0; attempt < 100; attempt++) {
    const random = Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    const name = template.slice(0, at - count) + random + template.slice(at) + suffix;
    const path = folder === undefined ? name : `${folder.replace(/\/$/, '')}/${name}`;
    if (call.find(path, false)) continue;
    return createTemporary(call, path, options.has('d'), options.has('u'), template);
  }
  throw new UsageFault(`failed to create file via template '${template}': File exists`);
};

async function createTemporary(
  call: Call,
  path: string,
  folder: boolean,
  dry: boolean,
  template: string,
): Promise<number> {
  try {
    if (!dry && folder) call.fs.mkdir(call.path(path), 0o700, call.user);
    else if (!dry) call.fs.createFile(call.path(path), 0o600, call.user);
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    throw new UsageFault(
      `failed to create ${folder ? 'directory' : 'file'} via template '${template}': ${thrown.message}`,
    );
  }
  await call.print(`${path}\n`);
  return 0;
}

export const mkfifo: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'm:', long: { mode: 'm' } });
  return call.each(
    options.operands,
    (operand) =>
      call.fs.fifo(
        call.path(operand),
        changedMode(options.value('m') ?? '0666', 0, false, 0) & ~call.proc.umask,
        call.user,
      ),
    (operand) => `cannot create fifo '${operand}'`,
  );
};

export const truncate: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'cs:', long: { size: 's', 'no-create': 'c' } });
  const found = /^([-+]?)(\d+)([KMG]?)B?$/.exec(options.value('s') ?? '');
  if (!found) throw new UsageFault("you must specify '--size'");
  const bytes = Number(found[2]) * { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[found[3] as '' | 'K' | 'M' | 'G'];
  return call.each(
    options.operands,
    async (operand) => {
      const node = call.find(operand) ?? (options.has('c') ? undefined : await createEmpty(call, operand));
      if (node?.kind !== 'file') return;
      call.fs.truncate(
        node,
        found[1] === '+' ? node.size + bytes : found[1] === '-' ? Math.max(0, node.size - bytes) : bytes,
      );
    },
    (operand) => `cannot open '${operand}' for writing`,
  );
};
