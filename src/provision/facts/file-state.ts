import { posix } from 'node:path';
import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

export type FileKind = 'file' | 'directory' | 'link' | 'block' | 'character' | 'fifo' | 'socket';

/** What `stat` says of one file; times in seconds, `mode` holds the permission bits only. */
export type FileStat = {
  kind: FileKind;
  mode: number;
  uid: number;
  gid: number;
  owner: string;
  group: string;
  size: number;
  links: number;
  inode: number;
  device: number;
  accessTime: number;
  modifyTime: number;
  changeTime: number;
};

export type FileState = {
  path: string;
  /** The path itself, without following a link; undefined when there is nothing. */
  stat: FileStat | undefined;
  /** For a link: where it points, literally and resolved, and what is there. */
  link: { target: string; real: string; stat: FileStat | undefined } | undefined;
  /** SHA-1 of the content, of a link's target too; undefined when not asked for or not a readable file. */
  sha1: string | undefined;
  /** Whether the folder that holds the path exists. */
  parentExists: boolean;
  /** A directory without entries. */
  empty: boolean;
};

// A name cannot hold a colon, so it stands between the fields; %f is the raw mode in hexadecimal.
export const STAT_FORMAT = '%f:%h:%i:%d:%s:%X:%Y:%Z:%u:%g:%U:%G';

/** What stands at a path, with the SHA-1 of its content when `sha1` is set. */
export function fileState(path: string, { sha1 = false }: { sha1?: boolean } = {}): Fact<FileState> {
  const word = quote(path);
  const checksum = sha1 ? `if [ -f ${word} ] && [ -r ${word} ]; then printf 'sha1 '; sha1sum <${word}; fi\n` : '';
  const script = `if [ -e ${word} ] || [ -L ${word} ]; then
stat -c 'self ${STAT_FORMAT}' ${word}
if [ -L ${word} ]; then
printf 'target '; readlink ${word}
printf 'real '; readlink -f ${word} || echo
if [ -e ${word} ]; then stat -L -c 'real-stat ${STAT_FORMAT}' ${word}; fi
elif [ -d ${word} ]; then
for entry in ${word}/* ${word}/.[!.]* ${word}/..?*; do if [ -e "$entry" ] || [ -L "$entry" ]; then echo filled; break; fi; done
fi
${checksum}elif [ -d ${quote(posix.dirname(path))} ]; then echo parent
fi`;
  return { script, parse: ({ stdout }) => parseFileState(path, stdout) };
}

/** The lines of `fileState`'s script, also of one that a change ends with. */
export function parseFileState(path: string, stdout: string): FileState {
  const lines = new Map(stdout.split('\n').map((line) => splitOnce(line)));
  const stat = parseStat(lines.get('self'));
  const target = lines.get('target');
  return {
    path,
    stat,
    link:
      target === undefined
        ? undefined
        : { target, real: lines.get('real') || target, stat: parseStat(lines.get('real-stat')) },
    sha1: lines.get('sha1')?.slice(0, 40),
    parentExists: stat !== undefined || lines.has('parent'),
    empty: stat?.kind === 'directory' && !lines.has('filled'),
  };
}

/** One line of `stat -c STAT_FORMAT`. */
export function parseStat(line: string | undefined): FileStat | undefined {
  if (line === undefined) return undefined;
  const [raw = '0', links, inode, device, size, accessTime, modifyTime, changeTime, uid, gid, owner = '', group = ''] =
    line.split(':');
  const mode = Number.parseInt(raw, 16);
  return {
    kind: KINDS[mode & 0o170000] ?? 'file',
    mode: mode & 0o7777,
    links: Number(links),
    inode: Number(inode),
    device: Number(device),
    size: Number(size),
    accessTime: Number(accessTime),
    modifyTime: Number(modifyTime),
    changeTime: Number(changeTime),
    uid: Number(uid),
    gid: Number(gid),
    owner,
    group,
  };
}

const KINDS: Record<number, FileKind> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'link',
  0o060000: 'block',
  0o020000: 'character',
  0o010000: 'fifo',
  0o140000: 'socket',
};

/** The end of a chain of links, or the path itself. */
export function resolved(state: FileState): { path: string; stat: FileStat | undefined } {
  return state.link ? { path: state.link.real, stat: state.link.stat } : { path: state.path, stat: state.stat };
}

function splitOnce(line: string): [string, string] {
  const space = line.indexOf(' ');
  return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}
