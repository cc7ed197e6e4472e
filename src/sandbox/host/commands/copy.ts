import { Errno } from '../fs/errno.js';
import type { Inode } from '../fs/inode.js';
import { baseName, folderName } from '../kernel/path.js';
import { descendants, parseOwner } from './attributes.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { makeParents } from './files.js';
import { changedMode } from './modes.js';
import { parseOptions } from './options.js';
import type { Options } from './options.js';

const CP_LONG = {
  recursive: 'r',
  archive: 'a',
  force: 'f',
  preserve: 'p',
  'no-target-directory': 'T',
  'target-directory': 't',
  'no-dereference': 'P',
  dereference: 'L',
  link: 'l',
  'symbolic-link': 's',
  update: 'u',
  'no-clobber': 'n',
  backup: 'b',
  verbose: 'v',
  'attributes-only': 'O',
  parents: 'E',
  'remove-destination': 'D',
  sparse: 'v',
  reflink: 'v',
};

/** Where each source goes: into a folder or onto the one target. */
function destinations(call: Call, options: Options): { source: string; target: string }[] {
  const operands = [...options.operands];
  if (operands.length === 0) throw new UsageFault('missing file operand');
  const folder = options.value('t');
  const last = folder ?? operands.pop();
  if (last === undefined || operands.length === 0)
    throw new UsageFault(`missing destination file operand after '${last}'`);
  const into = folder !== undefined || (!options.has('T') && call.find(last)?.kind === 'dir');
  if (!into && operands.length > 1) throw new UsageFault(`target '${last}' is not a directory`);
  return operands.map((source) => ({ source, target: into ? `${last.replace(/\/$/, '')}/${baseName(source)}` : last }));
}

export const cp: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'rRafpdTt:PLHlsunbviOEDxZ', long: CP_LONG });
  const recursive = options.has('r') || options.has('R') || options.has('a');
  let status = 0;
  for (const { source, target } of destinations(call, options)) {
    status |= await call.each(
      [source],
      async () => {
        const follow =
          options.has('L') ||
          options.has('H') ||
          !(options.has('P') || options.has('a') || options.has('d') || recursive);
        const node = call.stat(source, follow);
        if (node.kind === 'dir' && !recursive) throw new UsageFault(`omitting directory '${source}'`);
        if (node.kind === 'dir' && `${call.path(target)}/`.startsWith(`${call.path(source).replace(/\/$/, '')}/`))
          throw new UsageFault(`cannot copy a directory, '${source}', into itself, '${target}'`);
        await copyNode(call, node, target, options, source);
        if (node.kind !== 'dir') return;
        for (const inner of descendants(call, source.replace(/\/+$/, ''), node)) {
          const below = inner.path.slice(source.replace(/\/+$/, '').length);
          const content = options.has('L') ? call.stat(inner.path) : inner.node;
          await copyNode(call, content, target.replace(/\/+$/, '') + below, options, inner.path);
          const pause = call.proc.step();
          if (pause) await pause;
        }
      },
      () => (call.find(source, false) ? `cannot create regular file '${target}'` : `cannot stat '${source}'`),
    );
  }
  return status;
};

async function copyNode(call: Call, node: Inode, target: string, options: Options, source: string): Promise<void> {
  const { fs, user } = call;
  const path = call.path(target);
  const existing = fs.find(path, user, node.kind !== 'symlink' && !options.has('a'));
  if (existing && existing.ino === node.ino) throw new UsageFault(`'${source}' and '${target}' are the same file`);
  if (existing && options.has('n')) return;
  if (existing && options.has('u') && existing.mtimeMs >= node.mtimeMs) return;
  if (node.kind === 'dir') {
    if (existing && existing.kind !== 'dir')
      throw new UsageFault(`cannot overwrite non-directory '${target}' with directory '${source}'`);
    if (!existing) fs.mkdir(path, (node.mode & ~call.proc.umask) | 0o700, user);
  } else if (node.kind === 'symlink' || options.has('s') || options.has('l')) {
    if (existing) fs.unlink(path, user);
    if (options.has('l')) fs.link(call.path(source), path, user);
    else fs.symlink(node.kind === 'symlink' && !options.has('s') ? node.target : source, path, user);
  } else {
    if (existing?.kind === 'dir') throw new UsageFault(`cannot overwrite directory '${target}' with non-directory`);
    if (existing && options.has('b')) fs.rename(path, `${path}~`, user);
    if (existing && options.has('D')) fs.unlink(path, user);
    if (!options.has('O')) await writeCopy(call, source, target, node, options);
  }
  preserve(call, node, path, options);
}

async function writeCopy(call: Call, source: string, target: string, node: Inode, options: Options): Promise<void> {
  const bytes = node.kind === 'file' ? await readable(call, source) : Buffer.alloc(0);
  try {
    await call.write(target, bytes, node.mode & 0o777);
  } catch (thrown) {
    if (!(thrown instanceof Errno) || thrown.code !== 'EACCES' || !options.has('f')) throw thrown;
    call.fs.unlink(call.path(target), call.user);
    await call.write(target, bytes, node.mode & 0o777);
  }
}

async function readable(call: Call, source: string): Promise<Buffer> {
  try {
    return await call.content(source);
  } catch (thrown) {
    if (thrown instanceof Errno) throw new UsageFault(`cannot open '${source}' for reading: ${thrown.message}`);
    throw thrown;
  }
}

function preserve(call: Call, node: Inode, path: string, options: Options): void {
  const kept = options.values.get('p')?.at(-1);
  if (!options.has('p') && !options.has('a') && !options.has('O')) return;
  const copy = call.fs.find(path, call.user, false);
  if (!copy || copy.ino === node.ino) return;
  const wants = (what: string) =>
    options.has('a') || kept === undefined || kept === '' || kept.includes(what) || kept.includes('all');
  if (wants('ownership') && call.user.uid === 0) call.fs.chown(copy, node.uid, node.gid, call.user);
  if (copy.kind === 'symlink') return;
  if (wants('mode')) call.fs.chmod(call.fs.current(copy), node.mode, call.user);
  if (wants('timestamps')) call.fs.utimes(call.fs.current(copy), node.atimeMs, node.mtimeMs);
}

export const mv: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'fTt:nuvibZ',
    long: {
      force: 'f',
      'no-target-directory': 'T',
      'target-directory': 't',
      'no-clobber': 'n',
      backup: 'b',
      verbose: 'v',
      update: 'u',
    },
  });
  let status = 0;
  for (const { source, target } of destinations(call, options)) {
    status |= await call.each(
      [source],
      () => {
        call.stat(source, false);
        const existing = call.find(target, false);
        if (existing && options.has('n')) return;
        if (existing?.kind === 'dir' && call.find(source, false)?.kind !== 'dir')
          throw new UsageFault(`cannot overwrite directory '${target}' with non-directory`);
        if (existing && existing.kind !== 'dir' && call.find(source, false)?.kind === 'dir')
          throw new UsageFault(`cannot overwrite non-directory '${target}' with directory '${source}'`);
        if (existing && options.has('b')) call.fs.rename(call.path(target), `${call.path(target)}~`, call.user);
        call.fs.rename(call.path(source), call.path(target), call.user);
      },
      () => (call.find(source, false) ? `cannot move '${source}' to '${target}'` : `cannot stat '${source}'`),
    );
  }
  return status;
};

export const install: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'dDm:o:g:t:Tpcvs',
    long: {
      directory: 'd',
      mode: 'm',
      owner: 'o',
      group: 'g',
      'target-directory': 't',
      'no-target-directory': 'T',
      'preserve-timestamps': 'p',
      compare: 'c',
    },
  });
  const mode = changedMode(options.value('m') ?? '0755', 0, options.has('d'), 0);
  const owner = parseOwner(
    call.machine,
    `${options.value('o') ?? ''}${options.value('g') === undefined ? '' : `:${options.value('g')}`}`,
  );
  const dress = (path: string) => {
    const node = call.stat(path);
    call.fs.chown(node, owner.uid ?? node.uid, owner.gid ?? node.gid, call.user);
    call.fs.chmod(call.stat(path), mode, call.user);
  };
  if (options.has('d')) {
    return call.each(
      options.operands,
      (operand) => {
        makeParents(call, call.path(operand));
        dress(operand);
      },
      (operand) => `cannot create directory '${operand}'`,
    );
  }
  if (options.has('D')) makeParents(call, folderName(call.path(options.operands.at(-1) ?? '')));
  let status = 0;
  for (const { source, target } of destinations(call, options)) {
    status |= await call.each(
      [source],
      async () => {
        const node = call.stat(source);
        if (node.kind === 'dir') throw new UsageFault(`omitting directory '${source}'`);
        const bytes = await call.content(source);
        if (call.find(target, false)) call.fs.unlink(call.path(target), call.user);
        await call.write(target, bytes, 0o600);
        dress(target);
        if (options.has('p')) call.fs.utimes(call.stat(target), node.atimeMs, node.mtimeMs);
      },
      () => (call.find(source) ? `cannot create regular file '${target}'` : `cannot stat '${source}'`),
    );
  }
  return status;
};
