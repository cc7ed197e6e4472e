import { fullMode, sizeOf } from '../fs/inode.js';
import type { Inode } from '../fs/inode.js';
import type { Machine } from '../machine.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { changedMode, modeText } from './modes.js';
import { parseOptions } from './options.js';

export const chmod: Tool = async (call) => {
  // A mode such as -x or -rw looks like an option.
  const args = call.args.map((arg, index) =>
    index < 2 && /^-[rwxXst]+$/.test(arg) && !/^-[R]$/.test(arg) ? `a${arg}` : arg,
  );
  const options = parseOptions(args, {
    letters: 'Rcfvr:',
    long: { recursive: 'R', changes: 'c', silent: 'f', quiet: 'f', verbose: 'v', reference: 'r' },
  });
  const operands = [...options.operands];
  const reference = options.value('r');
  const mode = reference === undefined ? operands.shift() : call.stat(reference).mode.toString(8);
  if (mode === undefined || operands.length === 0) throw new UsageFault('missing operand');
  changedMode(mode, 0, false, 0);
  return walkOperands(call, operands, {
    recursive: options.has('R'),
    follow: true,
    change: (node) =>
      call.fs.chmod(node, changedMode(mode, node.mode, node.kind === 'dir', call.proc.umask), call.user),
    changing: 'changing permissions of',
  });
};

export const chown: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'RhcfvHLPr:',
    long: {
      recursive: 'R',
      'no-dereference': 'h',
      changes: 'c',
      silent: 'f',
      verbose: 'v',
      reference: 'r',
      dereference: 'c',
    },
  });
  const operands = [...options.operands];
  const reference = options.value('r');
  const group = call.name === 'chgrp';
  const owner = reference === undefined ? operands.shift() : `${call.stat(reference).uid}:${call.stat(reference).gid}`;
  if (owner === undefined || operands.length === 0)
    throw new UsageFault(owner === undefined ? 'missing operand' : `missing operand after '${owner}'`);
  const { uid, gid } =
    group && reference === undefined
      ? { uid: undefined, gid: groupId(call.machine, owner) }
      : parseOwner(call.machine, owner);
  return walkOperands(call, operands, {
    recursive: options.has('R'),
    follow: !options.has('h') && !options.has('R'),
    change: (node) => call.fs.chown(node, uid ?? node.uid, gid ?? node.gid, call.user),
    changing: `changing ${group ? 'group' : 'ownership'} of`,
  });
};

/** `user`, `user:group`, `user:`, `:group`, by name or number. */
export function parseOwner(machine: Machine, text: string): { uid: number | undefined; gid: number | undefined } {
  const [userText = '', groupText] = text.split(/[:.](.*)/s);
  const user = userText === '' ? undefined : machine.users.find(userText);
  if (userText !== '' && !user && !/^\d+$/.test(userText)) throw new UsageFault(`invalid user: '${text}'`);
  const uid = userText === '' ? undefined : (user?.uid ?? Number(userText));
  if (groupText === undefined) return { uid, gid: undefined };
  if (groupText === '') return { uid, gid: user?.gid };
  return { uid, gid: groupId(machine, groupText, text) };
}

function groupId(machine: Machine, text: string, shown = text): number {
  const group = machine.users.findGroup(text);
  if (!group && !/^\d+$/.test(text)) throw new UsageFault(`invalid group: '${shown}'`);
  return group?.gid ?? Number(text);
}

type Walk = { recursive: boolean; follow: boolean; change: (node: Inode) => void; changing: string };

/** Changes every operand, and with `recursive` all below it; what fails is named and makes the status 1. */
async function walkOperands(
  call: Call,
  operands: readonly string[],
  { recursive, follow, change, changing }: Walk,
): Promise<number> {
  let failures = 0;
  for (const operand of operands) {
    const status = await call.each(
      [operand],
      async () => {
        const target = call.stat(operand, follow);
        const below = recursive ? descendants(call, operand, target) : [];
        for (const { path, node } of [{ path: operand, node: target }, ...below]) {
          const pause = call.proc.step();
          if (pause) await pause;
          if (node.kind === 'symlink' && call.name === 'chmod') continue;
          const changed = await call.each(
            [path],
            () => change(call.fs.current(node)),
            () => `${changing} '${path}'`,
          );
          failures += changed;
        }
      },
      () => `cannot access '${operand}'`,
    );
    failures += status;
  }
  return failures === 0 ? 0 : 1;
}

/** Everything below a folder, folders before what is in them; symbolic links are not followed. */
export function descendants(call: Call, path: string, folder: Inode): { path: string; node: Inode }[] {
  if (folder.kind !== 'dir') return [];
  const result: { path: string; node: Inode }[] = [];
  const pending = [{ path, node: folder as Inode }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.node.kind !== 'dir') continue;
    for (const name of call.fs.names(next.node)) {
      const node = call.fs.child(next.node, name);
      if (!node) continue;
      const entry = { path: `${next.path.replace(/\/$/, '')}/${name}`, node };
      result.push(entry);
      pending.push(entry);
    }
  }
  return result;
}

const KIND_NAMES = {
  file: 'regular file',
  dir: 'directory',
  symlink: 'symbolic link',
  device: 'character special file',
  fifo: 'fifo',
};

export const stat: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'Lfc:tp:',
    long: { dereference: 'L', 'file-system': 'f', format: 'c', printf: 'p', terse: 't' },
  });
  if (options.operands.length === 0) throw new UsageFault('missing operand');
  const format = options.value('c') ?? options.value('p');
  return call.each(
    options.operands,
    async (operand) => {
      if (options.has('f'))
        return call.print(
          format
            ? `${fileSystemField(format)}\n`
            : `  File: "${operand}"\n    ID: fd0000000000 Namelen: 255     Type: xfs\n`,
        );
      const node = call.stat(operand, options.has('L'));
      const text =
        format === undefined ? longStat(call.machine, operand, node) : formatStat(call.machine, format, operand, node);
      await call.print(
        options.has('p') ? text.replaceAll('\\n', '\n').replaceAll('\\t', '\t').replaceAll('\\0', '\0') : `${text}\n`,
      );
    },
    (operand) => `cannot stat '${operand}'`,
  );
};

function fileSystemField(format: string): string {
  const values: Record<string, string> = {
    T: 'xfs',
    S: '4096',
    s: '4096',
    b: '10475520',
    f: '9000000',
    a: '9000000',
    c: '20956160',
    d: '20900000',
    t: '58465342',
    n: '/',
  };
  return format.replace(/%([a-zA-Z])/g, (_, letter: string) => values[letter] ?? '?');
}

/** `stat -c` */
function formatStat({ users }: Machine, format: string, path: string, node: Inode): string {
  const quoted = node.kind === 'symlink' ? `'${path}' -> '${node.target}'` : `'${path}'`;
  const values: Record<string, () => string> = {
    a: () => node.mode.toString(8),
    A: () => modeText(node),
    b: () => String(Math.ceil(sizeOf(node) / 4096) * 8),
    B: () => '512',
    d: () => '64768',
    D: () => 'fd00',
    f: () => fullMode(node).toString(16),
    F: () => (node.kind === 'file' && sizeOf(node) === 0 ? 'regular empty file' : KIND_NAMES[node.kind]),
    g: () => String(node.gid),
    G: () => users.groupName(node.gid) ?? 'UNKNOWN',
    h: () => String(node.nlink),
    i: () => String(node.ino),
    m: () => '/',
    n: () => path,
    N: () => quoted,
    o: () => '4096',
    s: () => String(sizeOf(node)),
    t: () => '0',
    T: () => '0',
    u: () => String(node.uid),
    U: () => users.userName(node.uid) ?? 'UNKNOWN',
    w: () => '-',
    W: () => '0',
    x: () => longTime(node.atimeMs),
    X: () => seconds(node.atimeMs),
    y: () => longTime(node.mtimeMs),
    Y: () => seconds(node.mtimeMs),
    z: () => longTime(node.ctimeMs),
    Z: () => seconds(node.ctimeMs),
    C: () => '?',
    '%': () => '%',
  };
  return format.replace(/%[-0#+ ]*(\d*)(?:\.\d+)?([a-zA-Z%])/g, (whole, width: string, letter: string) =>
    (values[letter]?.() ?? whole).padStart(Number(width || 0)),
  );
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}

function longTime(ms: number): string {
  return `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '000000')} +0000`;
}

function longStat(machine: Machine, path: string, node: Inode): string {
  return formatStat(
    machine,
    '  File: %N\n  Size: %s\t\tBlocks: %b          IO Block: %o   %F\nDevice: fd00h/64768d\tInode: %i\tLinks: %h\nAccess: (0%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: -',
    path,
    node,
  );
}
