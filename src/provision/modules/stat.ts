import type { Dict, Value } from '../../jinja/value.js';
import { Float } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, path } from '../arguments.js';
import { parseStat, STAT_FORMAT, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { formatMode } from '../file-mode.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { dict } from './result.js';

export const stat = defineModule({
  name: 'stat',
  summary: 'Read what is known about a file.',
  aliases: { name: 'path', dest: 'path', checksum: 'checksum_algorithm', checksum_algo: 'checksum_algorithm' },
  args: args({
    path: path(),
    follow: bool().default(false),
    get_checksum: bool().default(true),
    checksum_algorithm: choice('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512').default('sha1'),
    // Accepted for the sake of playbooks; what `file` and `lsattr` would say is not read.
    get_mime: bool().default(true),
    get_attributes: bool().default(true),
    get_md5: bool().default(false),
  }),

  async plan(given, context): Promise<Plan> {
    const dest = await hostPath(context, given.path);
    const fields = await context.fact(
      statFields(dest, given.follow, given.get_checksum ? given.checksum_algorithm : undefined),
    );
    return { actions: [], changed: false, result: dict({ stat: fields }) };
  },
});

/** Everything the module tells about a path, under Ansible's names. */
export function statFields(path: string, follow: boolean, algorithm: string | undefined): Fact<Dict> {
  const word = quote(path);
  const option = follow ? '-L ' : '';
  const exists = follow ? `[ -e ${word} ]` : `[ -e ${word} ] || [ -L ${word} ]`;
  const link = follow
    ? ''
    : `if [ -L ${word} ]; then printf 'target '; readlink ${word}; printf 'real '; readlink -f ${word} || echo; fi\n`;
  const plain = follow ? `[ -f ${word} ]` : `[ -f ${word} ] && [ ! -L ${word} ]`;
  const sum =
    algorithm === undefined ? '' : `if ${plain} && [ -r ${word} ]; then printf 'sum '; ${algorithm}sum <${word}; fi\n`;
  const access = `for may in r w x; do [ -$may ${word} ] && printf 'may-%s yes\\n' "$may"; done`;
  return {
    script: `if ${exists}; then
stat ${option}-c 'self ${STAT_FORMAT}
blocks %b %o' ${word}
${link}${sum}${access}
fi
:`,
    parse: ({ stdout }) => toFields(path, stdout),
  };
}

function toFields(path: string, stdout: string): Dict {
  const lines = new Map(
    stdout.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)] as const),
  );
  const found = parseStat(lines.get('self'));
  if (!found) return dict({ exists: false });
  const [blocks, blockSize] = (lines.get('blocks') ?? '').split(' ');
  return dict({
    exists: true,
    path,
    mode: formatMode(found.mode),
    ...kinds(found),
    uid: found.uid,
    gid: found.gid,
    size: found.size,
    inode: found.inode,
    dev: found.device,
    nlink: found.links,
    atime: new Float(found.accessTime),
    mtime: new Float(found.modifyTime),
    ctime: new Float(found.changeTime),
    ...permissions(found.mode),
    blocks: Number(blocks),
    block_size: Number(blockSize),
    pw_name: known(found.owner),
    gr_name: known(found.group),
    readable: lines.has('may-r'),
    writeable: lines.has('may-w'),
    executable: lines.has('may-x'),
    checksum: lines.get('sum')?.split(' ')[0],
    lnk_target: lines.get('target'),
    lnk_source: lines.has('target') ? lines.get('real') : undefined,
  });
}

function kinds({ kind }: FileStat): Record<string, Value> {
  return {
    isdir: kind === 'directory',
    ischr: kind === 'character',
    isblk: kind === 'block',
    isreg: kind === 'file',
    isfifo: kind === 'fifo',
    islnk: kind === 'link',
    issock: kind === 'socket',
  };
}

function permissions(mode: number): Record<string, Value> {
  const bits = Object.entries({ usr: 6, grp: 3, oth: 0 }).flatMap(([who, shift]) =>
    Object.entries({ r: 4, w: 2, x: 1 }).map(
      ([letter, bit]) => [`${letter}${who}`, (mode & (bit << shift)) !== 0] as const,
    ),
  );
  return { ...Object.fromEntries(bits), isuid: (mode & 0o4000) !== 0, isgid: (mode & 0o2000) !== 0 };
}

function known(name: string): string | undefined {
  return name === 'UNKNOWN' ? undefined : name;
}
