import { gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { Errno } from '../fs/errno.js';
import { fileBytes, ROOT, sizeOf } from '../fs/inode.js';
import type { Inode } from '../fs/inode.js';
import { absolutePath, folderName } from '../kernel/path.js';
import { compilePattern, matchesPattern } from '../shell/pattern.js';
import { descendants } from './attributes.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { makeParents } from './files.js';
import { modeText } from './modes.js';
import { parseOptions } from './options.js';
import type { Options } from './options.js';

const BLOCK = 512;
const MAX_UNPACKED = 512 * 1024 * 1024;

type Entry = {
  name: string;
  kind: 'file' | 'dir' | 'symlink' | 'link';
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  user: string;
  group: string;
  target: string;
  bytes: Buffer;
};

const TAR_LONG = {
  create: 'c',
  extract: 'x',
  get: 'x',
  list: 't',
  file: 'f',
  gzip: 'z',
  bzip2: 'j',
  xz: 'J',
  directory: 'C',
  verbose: 'v',
  'strip-components': 's',
  'no-same-owner': 'o',
  'same-owner': 'S',
  'preserve-permissions': 'p',
  'keep-old-files': 'k',
  exclude: 'e',
  overwrite: 'V',
  diff: 'd',
  compare: 'd',
  owner: 'W',
  group: 'G',
  mode: 'M',
  'no-same-permissions': 'V',
  'show-transformed-names': 'V',
  'files-from': 'T',
  wildcards: 'V',
  'keep-newer-files': 'k',
  warning: 'Z',
  'auto-compress': 'a',
  dereference: 'h',
  'skip-old-files': 'k',
  'no-overwrite-dir': 'V',
  'numeric-owner': 'V',
  touch: 'm',
  'absolute-names': 'P',
  'to-stdout': 'O',
};

/** -c -x -t -d with -z, -C, --strip-components, --exclude, owners and modes; bzip2 and xz are not there. */
export const tar: Tool = async (call) => {
  const args = call.args[0] && !call.args[0].startsWith('-') ? expandOldStyle(call.args) : [...call.args];
  const options = parseOptions(args, { letters: 'cxtf:zjJC:vs:oSpke:VdW:G:M:T:Z:ahmPO', long: TAR_LONG, status: 2 });
  const folder = call.path(options.value('C') ?? '.');
  if (call.find(folder)?.kind !== 'dir')
    throw new UsageFault(
      `${options.value('C')}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now`,
      2,
    );
  if (options.has('c')) return create(call, options, folder);
  const entries = readTar(unpack(await call.content(options.value('f') ?? '-')));
  const chosen = entries.filter(({ name }) => wanted(name, options));
  if (options.has('t')) {
    await call.print(
      chosen
        .map(
          (entry) =>
            `${options.has('v') ? `${entryMode(entry)} ${entry.user || entry.uid}/${entry.group || entry.gid} ${String(entry.bytes.length).padStart(9)} ${new Date(entry.mtimeMs).toISOString().slice(0, 16).replace('T', ' ')} ` : ''}${entry.name}${options.has('v') && entry.kind === 'symlink' ? ` -> ${entry.target}` : ''}\n`,
        )
        .join(''),
    );
    return 0;
  }
  if (options.has('d')) return compare(call, chosen, folder, options);
  if (!options.has('x')) throw new UsageFault("You must specify one of the '-Acdtrux' options", 2);
  return extract(call, chosen, folder, options);
};

function expandOldStyle(args: readonly string[]): string[] {
  const [letters = '', ...rest] = args;
  const result: string[] = [];
  for (const letter of letters) {
    result.push(`-${letter}`);
    if ('fCT'.includes(letter)) result.push(rest.shift() ?? '');
  }
  return [...result, ...rest];
}

function unpack(bytes: Buffer): Buffer {
  const magic = bytes.subarray(0, 6).toString('latin1');
  if (magic.startsWith('BZh') || magic.startsWith('\xfd7zXZ'))
    throw new UsageFault('this compression is not supported by the simulated host', 2);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED });
  } catch {
    throw new UsageFault('Child returned status 1\ntar: Error is not recoverable: exiting now', 2);
  }
}

function wanted(name: string, options: Options): boolean {
  const bare = name.replace(/\/$/, '');
  const excluded = (options.values.get('e') ?? []).some(
    (pattern) =>
      matchesPattern(compilePattern(pattern), bare) ||
      matchesPattern(compilePattern(pattern), bare.split('/').at(-1) ?? ''),
  );
  const { operands } = options;
  return (
    !excluded &&
    (operands.length === 0 ||
      operands.some(
        (operand) =>
          bare === operand.replace(/\/$/, '') ||
          bare.startsWith(`${operand.replace(/\/$/, '')}/`) ||
          (/[*?[]/.test(operand) && matchesPattern(compilePattern(operand), bare)),
      ))
  );
}

function entryMode({ kind, mode }: Entry): string {
  return modeText({ kind: kind === 'link' ? 'file' : kind, mode } as Inode).replace(/^-/, kind === 'link' ? 'h' : '-');
}

function readTar(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const text = (from: number, length: number) =>
      header
        .subarray(from, from + length)
        .toString('latin1')
        .replace(/\0.*$/s, '');
    const octal = (from: number, length: number) => Number.parseInt(text(from, length).trim() || '0', 8) || 0;
    const checksum = header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
    if (octal(148, 8) !== checksum)
      throw new UsageFault(
        'This does not look like a tar archive\ntar: Exiting with failure status due to previous errors',
        2,
      );
    const size = octal(124, 12);
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size)
      throw new UsageFault('Unexpected EOF in archive\ntar: Error is not recoverable: exiting now', 2);
    const type = text(156, 1);
    const prefix = text(345, 155);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L' || type === 'K') {
      const value = content.toString('latin1').replace(/\0.*$/s, '');
      if (type === 'L') longName = value;
      else longLink = value;
      continue;
    }
    if (type === 'x' || type === 'g') {
      longName = /\d+ path=(.*)\n/.exec(content.toString('latin1'))?.[1] ?? longName;
      longLink = /\d+ linkpath=(.*)\n/.exec(content.toString('latin1'))?.[1] ?? longLink;
      continue;
    }
    const kind = type === '5' ? 'dir' : type === '2' ? 'symlink' : type === '1' ? 'link' : 'file';
    entries.push({
      name: longName ?? (prefix && text(257, 5) === 'ustar' ? `${prefix}/${text(0, 100)}` : text(0, 100)),
      kind,
      mode: octal(100, 8) & 0o7777,
      uid: octal(108, 8),
      gid: octal(116, 8),
      mtimeMs: octal(136, 12) * 1000,
      user: text(265, 32),
      group: text(297, 32),
      target: longLink ?? text(157, 100),
      bytes: kind === 'file' ? content : Buffer.alloc(0),
    });
    longName = longLink = undefined;
  }
  return entries;
}

function destination(entry: Entry, folder: string, options: Options): string | undefined {
  const strip = Number(options.value('s') ?? 0);
  const parts = entry.name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .slice(strip);
  // Members may not leave the folder.
  if (parts.length === 0 || parts.includes('..')) return undefined;
  return `${folder.replace(/\/$/, '')}/${parts.join('/')}`;
}

async function extract(call: Call, entries: readonly Entry[], folder: string, options: Options): Promise<number> {
  const { fs, user } = call;
  const later: (() => void)[] = [];
  for (const entry of entries) {
    const path = destination(entry, folder, options);
    const pause = call.proc.step();
    if (pause) await pause;
    if (path === undefined) continue;
    if (options.has('O')) {
      await call.proc.file(1).write(entry.bytes, call.proc);
      continue;
    }
    if (options.has('v')) await call.print(`${entry.name}\n`);
    makeParents(call, folderName(path));
    const existing = fs.find(path, user, false);
    if (existing && existing.kind !== 'dir') {
      if (options.has('k')) continue;
      fs.unlink(path, user);
    }
    if (entry.kind === 'dir') {
      if (!existing) fs.mkdir(path, 0o700, user);
    } else if (entry.kind === 'symlink') fs.symlink(entry.target, path, user);
    else if (entry.kind === 'link')
      fs.link(destination({ ...entry, name: entry.target }, folder, options) ?? entry.target, path, user);
    else fs.writeAt(fs.createFile(path, 0o600, user), 0, entry.bytes);
    const dress = () => dressEntry(call, entry, path, options);
    if (entry.kind === 'dir') later.unshift(dress);
    else if (entry.kind !== 'link') dress();
  }
  for (const dress of later) dress();
  return 0;
}

function dressEntry(call: Call, entry: Entry, path: string, options: Options): void {
  const { fs, user, machine } = call;
  const node = fs.stat(path, user, false);
  if (user.uid === 0 && !options.has('o')) {
    fs.chown(
      node,
      machine.users.find(entry.user)?.uid ?? entry.uid,
      machine.users.findGroup(entry.group)?.gid ?? entry.gid,
      user,
    );
  }
  const current = fs.current(node);
  if (entry.kind !== 'symlink')
    fs.chmod(current, user.uid === 0 || options.has('p') ? entry.mode : entry.mode & ~call.proc.umask, ROOT);
  if (!options.has('m')) fs.utimes(current, entry.mtimeMs, entry.mtimeMs);
}

async function compare(call: Call, entries: readonly Entry[], folder: string, options: Options): Promise<number> {
  let status = 0;
  for (const entry of entries) {
    const path = destination(entry, folder, options);
    if (path === undefined) continue;
    const node = call.find(path, false);
    const faults = node ? differences(call, entry, node) : ['Warning: Cannot stat: No such file or directory'];
    for (const fault of faults) await call.print(`${entry.name}: ${fault}\n`);
    if (faults.length > 0) status = 1;
  }
  return status;
}

function differences({ machine: { users } }: Call, entry: Entry, node: Inode): string[] {
  const faults: string[] = [];
  if (entry.kind !== 'symlink' && node.mode !== entry.mode) faults.push('Mode differs');
  if (node.uid !== (users.find(entry.user)?.uid ?? entry.uid)) faults.push('Uid differs');
  if (node.gid !== (users.findGroup(entry.group)?.gid ?? entry.gid)) faults.push('Gid differs');
  if (entry.kind === 'file' && node.kind === 'file') {
    if (Math.floor(node.mtimeMs / 1000) !== Math.floor(entry.mtimeMs / 1000)) faults.push('Mod time differs');
    if (sizeOf(node) !== entry.bytes.length) faults.push('Size differs');
    else if (!fileBytes(node).equals(entry.bytes)) faults.push('Contents differ');
  }
  return faults;
}

async function create(call: Call, options: Options, folder: string): Promise<number> {
  const blocks: Buffer[] = [];
  let status = 0;
  for (const operand of options.operands) {
    const start = absolutePath(operand, folder);
    const node = call.find(start, options.has('h'));
    if (!node) {
      await call.complain(`${operand}: Cannot stat: No such file or directory`);
      status = 2;
      continue;
    }
    for (const entry of [{ path: start, node }, ...descendants(call, start, node)]) {
      const name = operand.replace(/^\/+/, '').replace(/\/$/, '') + entry.path.slice(start.replace(/\/$/, '').length);
      if (!wanted(name, { ...options, operands: [] })) continue;
      blocks.push(...entryBlocks(call, name.replace(/\/$/, ''), entry.node));
      if (options.has('v')) await call.print(`${name}\n`);
    }
  }
  const archive = Buffer.concat([...blocks, Buffer.alloc(BLOCK * 2)]);
  const file = options.value('f') ?? '-';
  const packed = options.has('z') || (options.has('a') && /\.t?gz$/.test(file)) ? gzipSync(archive) : archive;
  if (file === '-') await call.proc.file(1).write(packed, call.proc);
  else await call.write(file, packed);
  return status;
}

function entryBlocks({ machine: { users } }: Call, name: string, node: Inode): Buffer[] {
  const bytes = node.kind === 'file' ? fileBytes(node) : Buffer.alloc(0);
  const type = node.kind === 'dir' ? '5' : node.kind === 'symlink' ? '2' : '0';
  const full = node.kind === 'dir' ? `${name}/` : name;
  const long =
    full.length > 100
      ? [header('././@LongLink', full.length + 1, 'L', 0o644), padded(Buffer.from(`${full}\0`, 'latin1'))]
      : [];
  const own = header(full.slice(0, 100), bytes.length, type, node.mode, {
    node,
    target: node.kind === 'symlink' ? node.target : '',
    user: users.userName(node.uid) ?? '',
    group: users.groupName(node.gid) ?? '',
  });
  return [...long, own, padded(bytes)];
}

function header(
  name: string,
  size: number,
  type: string,
  mode: number,
  extra?: { node: Inode; target: string; user: string; group: string },
): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0, 'latin1');
  octal(mode, 100, 8);
  octal(extra?.node.uid ?? 0, 108, 8);
  octal(extra?.node.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor((extra?.node.mtimeMs ?? 0) / 1000), 136, 12);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write((extra?.target ?? '').slice(0, 100), 157, 'latin1');
  block.write('ustar  \0', 257, 'latin1');
  block.write((extra?.user ?? '').slice(0, 31), 265, 'latin1');
  block.write((extra?.group ?? '').slice(0, 31), 297, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

export const gzip: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'cdfkqvn123456789t',
    long: { stdout: 'c', decompress: 'd', force: 'f', keep: 'k', test: 't' },
  });
  const unzipping = options.has('d') || call.name !== 'gzip';
  const toOutput = options.has('c') || call.name === 'zcat';
  const convert = (bytes: Buffer, name: string) => {
    try {
      return unzipping ? gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED }) : gzipSync(bytes);
    } catch {
      throw new UsageFault(`${name}: not in gzip format`);
    }
  };
  if (options.operands.length === 0) {
    await call.proc.file(1).write(convert(await call.content('-'), 'stdin'), call.proc);
    return 0;
  }
  return call.each(options.operands, async (operand) => {
    const bytes = convert(await call.content(operand), operand);
    if (options.has('t')) return;
    if (toOutput) return call.proc.file(1).write(bytes, call.proc);
    const target = unzipping
      ? operand.replace(/\.t?gz$/, (suffix) => (suffix === '.tgz' ? '.tar' : ''))
      : `${operand}.gz`;
    if (target === operand) throw new UsageFault(`${operand}: unknown suffix -- ignored`, 2);
    if (call.find(target) && !options.has('f')) throw new UsageFault(`${target} already exists;\tnot overwritten`, 2);
    const node = call.stat(operand);
    await call.write(target, bytes);
    call.fs.chmod(call.stat(target), node.mode, ROOT);
    if (!options.has('k')) call.fs.unlink(call.path(operand), call.user);
  });
};

/** -d folder, -o, -q, -l; stored and deflated members. */
export const unzip: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'd:oqnlpjZ1' });
  const [archive, ...names] = options.operands;
  if (archive === undefined) throw new UsageFault('usage: unzip [-opts] file[.zip] [list] [-d exdir]', 10);
  let bytes: Buffer;
  try {
    bytes = await call.content(archive);
  } catch (thrown) {
    if (thrown instanceof Errno)
      throw new UsageFault(`cannot find or open ${archive}, ${archive}.zip or ${archive}.ZIP.`, 9);
    throw thrown;
  }
  const members = readZip(bytes).filter(
    ({ name }) => names.length === 0 || names.some((pattern) => matchesPattern(compilePattern(pattern), name)),
  );
  const folder = call.path(options.value('d') ?? '.');
  makeParents(call, folder);
  for (const { name, mode, content } of members) {
    if (options.has('l') || options.has('Z')) {
      await call.print(`${name}\n`);
      continue;
    }
    if (name.split('/').includes('..') || name.startsWith('/')) continue;
    const path = `${folder}/${name}`;
    makeParents(call, name.endsWith('/') ? path.replace(/\/$/, '') : folderName(path));
    if (name.endsWith('/')) continue;
    const body = content();
    if (options.has('p')) await call.proc.file(1).write(body, call.proc);
    else if (!call.find(path) || options.has('o')) {
      await call.write(path, body);
      if (mode !== 0) call.fs.chmod(call.stat(path), mode & ~call.proc.umask, ROOT);
      if (!options.has('q')) await call.print(`  inflating: ${name}\n`);
    }
  }
  return 0;
};

function readZip(bytes: Buffer): { name: string; mode: number; content: () => Buffer }[] {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > bytes.length) throw new UsageFault('End-of-central-directory signature not found.', 9);
  const members: { name: string; mode: number; content: () => Buffer }[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let count = bytes.readUInt16LE(end + 10); count > 0 && at + 46 <= bytes.length; count--) {
    const method = bytes.readUInt16LE(at + 10);
    const packed = bytes.readUInt32LE(at + 20);
    const nameLength = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.subarray(at + 46, at + 46 + nameLength).toString('latin1');
    const mode = (bytes.readUInt32LE(at + 38) >>> 16) & 0o7777;
    if (local + 30 > bytes.length) throw new UsageFault('invalid zip file', 3);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + packed);
    members.push({ name, mode, content: () => (method === 0 ? data : inflate(data)) });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

function inflate(data: Buffer): Buffer {
  try {
    return inflateRawSync(data, { maxOutputLength: MAX_UNPACKED });
  } catch {
    throw new UsageFault('invalid compressed data to inflate', 3);
  }
}
