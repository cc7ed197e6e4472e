import { posix } from 'node:path';
import { quote } from '../../shell/command.js';
import type { Fact, FactKind, Together } from '../module.js';

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
  /** The same with MD5. */
  md5?: string | undefined;
  /** Whether the folder that holds the path exists. */
  parentExists: boolean;
  /** A directory without entries. */
  empty: boolean;
};

// A name cannot hold a colon, so it stands between the fields; %f is the raw mode in hexadecimal.
export const STAT_FORMAT = '%f:%h:%i:%d:%s:%X:%Y:%Z:%u:%g:%U:%G';

/** What stands at a path, with the checksums of its content that are asked for. */
export function fileState(
  path: string,
  { sha1 = false, md5 = false }: { sha1?: boolean; md5?: boolean } = {},
): Fact<FileState> {
  const word = quote(path);
  const sums = [
    ...(sha1 ? [`printf 'sha1 '; sha1sum <${word}`] : []),
    ...(md5 ? [`printf 'md5 '; md5sum <${word}`] : []),
  ];
  const checksum = sums.length > 0 ? `if [ -f ${word} ] && [ -r ${word} ]; then ${sums.join('; ')}; fi\n` : '';
  const script = `if [ -e ${word} ] || [ -L ${word} ]; then
stat -c 'self ${STAT_FORMAT}' ${word}
if [ -L ${word} ]; then
printf 'target '; readlink ${word}
printf 'real '; ${realPath(word)}
if [ -e ${word} ]; then stat -L -c 'real-stat ${STAT_FORMAT}' ${word}; fi
elif [ -d ${word} ]; then
for entry in ${word}/* ${word}/.[!.]* ${word}/..?*; do if [ -e "$entry" ] || [ -L "$entry" ]; then echo filled; break; fi; done
fi
${checksum}elif [ -d ${quote(posix.dirname(path))} ]; then echo parent
fi`;
  return {
    script,
    parse: ({ stdout }) => parseFileState(path, stdout),
    together: md5 ? undefined : together(path, sha1),
    about: path,
  };
}

/** Where a link ends. One that leads into itself (`a` to `a/b`) would keep some readlinks busy for ever, and it is none that exists. */
export function realPath(word: string): string {
  return `if [ -e ${word} ]; then readlink -f ${word} || echo; else ( ulimit -t 1 2>/dev/null; readlink -f ${word} ) || echo; fi`;
}

// Names in which the output of stat or sha1sum cannot be taken apart are asked for alone.
function together(path: string, sha1: boolean): Together | undefined {
  const plain = /^\.?\/[^\n\t\\]*[^\n\t\\/]$/.test(path);
  return plain ? { kind: FILE_STATES, subject: `${sha1 ? SUMMED : UNSUMMED}${path}` } : undefined;
}

const SUMMED = 's';
const UNSUMMED = '-';

/** Many paths by one `stat` and one `sha1sum`; what is special about links and folders is for the shell itself to say. */
const FILE_STATES: FactKind = {
  script(subjects) {
    const words = (list: readonly string[]) => [...new Set(list)].map((subject) => quote(subject.slice(1))).join(' ');
    return `set --
for path in ${words(subjects)}; do
if [ -L "$path" ]; then
printf 'target '; readlink "$path"
printf 'real '; ${realPath('"$path"')}
if [ -e "$path" ]; then stat -L -c 'real-stat ${STAT_FORMAT}' "$path"; fi
elif [ -d "$path" ]; then
for entry in "$path"/* "$path"/.[!.]* "$path"/..?*; do if [ -e "$entry" ] || [ -L "$entry" ]; then echo filled; break; fi; done
elif ! [ -e "$path" ]; then
folder=\${path%/*}
if [ -d "\${folder:-/}" ]; then echo parent; fi
echo "nothing	$path"
continue
fi
set -- "$@" "$path"
echo "something	$path"
done
if [ $# -gt 0 ]; then stat -c '${STAT_FORMAT}	%n' "$@"; fi
set --
for path in ${words(subjects.filter((subject) => subject.startsWith(SUMMED)))}; do if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"; fi; done
if [ $# -gt 0 ]; then sha1sum "$@"; fi`;
  },
  answers(stdout, subjects) {
    const known = readStates(stdout);
    return subjects.map((subject) => known(subject.slice(1), subject.startsWith(SUMMED)));
  },
  isFirm(answer) {
    const stat = parseStat(/^self (.*)$/m.exec(answer)?.[1]);
    return stat === undefined || stat.kind === 'directory' || (stat.kind === 'file' && stat.links === 1);
  },
  isLost: (answer) => !/^(self |parent$)/m.test(answer),
  inNewFolder: 'parent',
};

/** By path and whether its sum is asked for: the lines that its own script would print. */
function readStates(stdout: string): (path: string, summed: boolean) => string | undefined {
  const about = new Map<string, { there: boolean; lines: string[] }>();
  const stats = new Map<string, string>();
  const sums = new Map<string, string>();
  let lines: string[] = [];
  for (const line of stdout.split('\n')) {
    const [, first = '', path = ''] = /^([^\t]*)\t(.*)$/.exec(line) ?? [];
    if (first === 'something' || first === 'nothing') {
      about.set(path, { there: first === 'something', lines });
      lines = [];
    } else if (path) stats.set(path, first);
    else if (/^[0-9a-f]{40} [ *]/.test(line)) sums.set(line.slice(42), line.slice(0, 40));
    else lines.push(line);
  }
  return (path, summed) => {
    const found = about.get(path);
    const stat = stats.get(path);
    if (!found || found.there !== (stat !== undefined)) return undefined;
    const sum = summed ? sums.get(path) : undefined;
    return [...found.lines, ...(stat ? [`self ${stat}`] : []), ...(sum ? [`sha1 ${sum}`] : [])].join('\n');
  };
}

/** The lines of `fileState`'s script, also of one that a change ends with. */
function parseFileState(path: string, stdout: string): FileState {
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
    md5: lines.get('md5')?.slice(0, 32),
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
