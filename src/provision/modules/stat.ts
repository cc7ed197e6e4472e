import { posix } from 'node:path';
import type { Dict, Value } from '../../jinja/value.js';
import { Float } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, path } from '../arguments.js';
import { parseStat, realPath, STAT_FORMAT } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { formatMode } from '../file-mode.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { dict } from './result.js';
import { kindFields, permissionFields } from './stat-fields.js';

export const stat = defineModule({
  name: 'stat',
  summary: 'Read what is known about a file.',
  checkMode: 'Reads only, so it does the same in check mode.',
  aliases: {
    name: 'path',
    dest: 'path',
    checksum: 'checksum_algorithm',
    checksum_algo: 'checksum_algorithm',
    attr: 'get_attributes',
    attributes: 'get_attributes',
    mime: 'get_mime',
    mime_type: 'get_mime',
    'mime-type': 'get_mime',
  },
  args: args({
    path: path().describe('The file.'),
    follow: bool().default(false).describe('Look at what a link points to.'),
    get_checksum: bool().default(true).describe('Tell the checksum.'),
    checksum_algorithm: choice('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512')
      .default('sha1')
      .describe('Which checksum.'),
    get_mime: bool().default(true).describe('Tell the kind of content, where the program `file` is there.'),
    get_attributes: bool().default(true).describe('Tell the attributes of the file system, where `lsattr` is there.'),
    get_md5: bool().default(false).describe('Accepted and without effect: ask with `checksum_algorithm`.'),
  }),

  async plan(given, context): Promise<Plan> {
    const dest = await hostPath(context, given.path);
    const algorithm = given.get_checksum ? given.checksum_algorithm : undefined;
    const { follow, get_mime: mime, get_attributes: attributes } = given;
    const fields = await context.fact(statFields(dest, { follow, algorithm, mime, attributes }));
    return { actions: [], changed: false, result: dict({ stat: fields }) };
  },
});

type Wanted = { follow: boolean; algorithm: string | undefined; mime: boolean; attributes: boolean };

/** Everything the module tells about a path, under Ansible's names. */
export function statFields(path: string, wanted: Wanted): Fact<Dict> {
  const word = quote(path);
  const option = wanted.follow ? '-L ' : '';
  const exists = wanted.follow ? `[ -e ${word} ]` : `[ -e ${word} ] || [ -L ${word} ]`;
  return {
    script: `if ${exists}; then
stat ${option}-c 'self ${STAT_FORMAT}
blocks %b %o %t %T' ${word}
${[linkLines(word, wanted), sumLine(word, wanted), mimeLine(word, wanted), attributeLine(word, wanted)].join('')}for may in r w x; do [ -$may ${word} ] && printf 'may-%s yes\\n' "$may"; done
fi
:`,
    parse: ({ stdout }) => toFields(path, stdout, wanted),
  };
}

function linkLines(word: string, { follow }: Wanted): string {
  if (follow) return '';
  return `if [ -L ${word} ]; then printf 'target '; readlink ${word}; printf 'real '; ${realPath(word)}; fi\n`;
}

function sumLine(word: string, { follow, algorithm }: Wanted): string {
  if (algorithm === undefined) return '';
  const plain = follow ? `[ -f ${word} ]` : `[ -f ${word} ] && [ ! -L ${word} ]`;
  return `if ${plain} && [ -r ${word} ]; then printf 'sum '; ${algorithm}sum <${word}; fi\n`;
}

function mimeLine(word: string, { mime }: Wanted): string {
  return mime
    ? `if command -v file >/dev/null; then printf 'mime '; file --mime-type --mime-encoding ${word}; fi\n`
    : '';
}

function attributeLine(word: string, { attributes }: Wanted): string {
  if (!attributes) return '';
  return `printf 'lsattr %s\\n' "$(lsattr -vd ${word} 2>/dev/null)"\n`;
}

function toFields(path: string, stdout: string, { mime }: Wanted): Dict {
  const lines = new Map(
    stdout.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)] as const),
  );
  const found = parseStat(lines.get('self'));
  if (!found) return dict({ exists: false });
  const target = lines.get('target');
  const [blocks, blockSize, major, minor] = (lines.get('blocks') ?? '').split(' ');
  return dict({
    exists: true,
    path,
    mode: formatMode(found.mode),
    ...kindFields(found),
    uid: found.uid,
    gid: found.gid,
    size: found.size,
    inode: found.inode,
    dev: found.device,
    nlink: found.links,
    atime: new Float(found.accessTime),
    mtime: new Float(found.modifyTime),
    ctime: new Float(found.changeTime),
    ...permissionFields(found.mode),
    blocks: Number(blocks),
    block_size: Number(blockSize),
    device_type: deviceNumber(major, minor),
    pw_name: known(found.owner),
    gr_name: known(found.group),
    readable: lines.has('may-r'),
    writeable: lines.has('may-w'),
    executable: lines.has('may-x'),
    checksum: lines.get('sum')?.split(' ')[0],
    lnk_target: lines.get('target'),
    lnk_source: target === undefined ? undefined : lines.get('real') || posix.resolve(posix.dirname(path), target),
    ...(mime ? mimeFields(lines.get('mime')) : {}),
    ...attributeFields(lines.get('lsattr')),
  });
}

/** A device's number as Linux puts both halves into one; other files have none. */
function deviceNumber(major = '0', minor = '0'): number {
  const [high, low] = [Number.parseInt(major, 16) || 0, Number.parseInt(minor, 16) || 0];
  return (high & 0xfff) * 0x100 + (low & 0xff) + (low >> 8) * 0x100000;
}

function mimeFields(line: string | undefined): Record<string, Value> {
  const [, mimetype = 'unknown', charset = 'unknown'] = /: (\S+); charset=(\S+)$/.exec(line ?? '') ?? [];
  return { mimetype, charset };
}

/** `lsattr -v`: a number, then a letter or a dash for each attribute. */
function attributeFields(line: string | undefined): Record<string, Value> {
  if (line === undefined) return {};
  if (line.trim() === '') return { version: null, attr_flags: '', attributes: [] };
  const [version = '', letters = ''] = line.trim().split(/\s+/);
  const flags = letters.replaceAll('-', '');
  return { version, attr_flags: flags, attributes: flags.split('').flatMap((letter) => ATTRIBUTES[letter] ?? []) };
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  A: 'noatime',
  a: 'append',
  c: 'compressed',
  C: 'nocow',
  d: 'nodump',
  D: 'dirsync',
  e: 'extents',
  E: 'encrypted',
  h: 'blocksize',
  i: 'immutable',
  I: 'indexed',
  j: 'journalled',
  N: 'inline',
  s: 'zero',
  S: 'synchronous',
  t: 'notail',
  T: 'blockroot',
  u: 'undelete',
  X: 'compressedraw',
  Z: 'compresseddirty',
};

function known(name: string): string | undefined {
  return name === 'UNKNOWN' ? undefined : name;
}
