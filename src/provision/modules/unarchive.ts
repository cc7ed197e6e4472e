import { posix } from 'node:path';
import type { Dict } from '../../jinja/value.js';
import { quote, sequence } from '../../shell/command.js';
import { args, bool, mode, path, text, texts } from '../arguments.js';
import { fileState, parseStat, resolved, STAT_FORMAT, type FileStat } from '../facts/file-state.js';
import { pathExists } from '../facts/glob.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { attributeArgs, attributeChanges } from './attributes.js';
import { downloadScript } from './download.js';
import { exported } from './environment.js';
import { finalStat, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';

const schema = args({
  src: path().describe('The archive, in the files of the role or playbook, on the host, or an address.'),
  dest: path().describe('Folder into which it is unpacked; it must exist.'),
  remote_src: bool().optional().describe('The archive lies on the host, or is fetched by it.'),
  copy: bool().optional().describe('The opposite of `remote_src`, in its older spelling.'),
  creates: path().optional().describe('A file or pattern: when it exists, nothing is unpacked.'),
  list_files: bool().default(false).describe('Tell the names of the files.'),
  keep_newer: bool().default(false).describe("Leave files alone that are newer than the archive's."),
  exclude: texts().default([]).describe('Files to leave out.'),
  include: texts().default([]).describe('The only files to unpack.'),
  extra_opts: texts().default([]).describe('More arguments for the program that unpacks.'),
  validate_certs: bool().default(true).describe('Refuse an address whose certificate is not trusted.'),
  decrypt: bool().default(true).describe('Decrypt an archive that is a vault file.'),
  io_buffer_size: text().optional().describe('Accepted and without effect.'),
  ...attributeArgs,
  mode: mode().optional().describe('Permissions of what is unpacked.'),
});
type Args = ReturnType<typeof schema.parse>;

export const unarchive = defineModule<Args>({
  name: 'unarchive',
  summary: 'Unpack a tar or zip archive on a host.',
  differences: [
    'Check mode tells whether the archive would be unpacked; Ansible skips the task there when it works with tar.',
    'The result has no `extract_results`, since the archive is unpacked by another command line.',
  ],
  needs: 'tar with what the archive is packed with, or unzip; curl or wget for an address',
  exclusive: [['include', 'exclude']],
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (given.creates !== undefined && (await context.fact(pathExists(await hostPath(context, given.creates))))) {
      return { actions: [], skipped: `skipped, since ${given.creates} exists`, result: dict({ dest: given.dest }) };
    }
    const dest = (await hostPath(context, given.dest)).replace(/(?<=.)\/+$/, '');
    const folder = resolved(await context.fact(fileState(dest))).stat;
    if (folder?.kind !== 'directory') {
      return { actions: [], failed: `dest '${dest}' must be an existing dir`, result: dict({ dest }) };
    }
    const onHost = given.remote_src ?? (given.copy === undefined ? false : !given.copy);
    const isUrl = given.src.includes('://');
    const target = { dest, folder };
    return onHost && !isUrl
      ? fromHost(given, target, context)
      : fromElsewhere({ given, target, isUrl: isUrl && onHost }, context);
  },
});

type Target = { dest: string; folder: FileStat | undefined };

/** An archive on the host can be compared before anything is done. */
async function fromHost(given: Args, target: Target, context: ModuleContext): Promise<Plan> {
  const { dest } = target;
  const src = await hostPath(context, given.src);
  const archive = await context.fact(comparison(src, dest, given));
  if (!archive.there) return { actions: [], failed: `Source '${src}' does not exist`, result: dict({ dest }) };
  if (archive.same) return attributesOnly(given, { target, src, archive });
  const command = {
    text: sequence([{ text: extraction(src, dest, given) }, { text: listing(src, dest, given) }]).text,
  };
  return {
    actions: [{ kind: 'run', command }],
    result: withNames(given, resultOf(target, src), archive),
    finish: (results) => withFiles(given, target, src, results.at(-1)?.stdout),
  };
}

type Archive = { there: boolean; same: boolean; names: readonly string[]; stats: readonly FileStat[] };

/** Whether unpacking changes something, and what there is of the archive where it does not. */
function comparison(src: string, dest: string, given: Args): Fact<Archive> {
  const stats = eachOf(src, dest, given, `stat -c ${quote(STAT_FORMAT)}`);
  const list = given.list_files ? `${names(src, given)} | sed 's/^/name /'; ` : '';
  return {
    script: `if [ -r ${quote(src)} ]; then echo there; if ${different(src, dest, given)}; then :; else echo same; ${stats}; fi; ${list}fi; :`,
    parse({ stdout }) {
      const lines = stdout.split('\n').filter(Boolean);
      const parts = lines.filter((line) => /^[0-9a-f]+:/.test(line));
      return {
        there: lines[0] === 'there',
        same: lines[1] === 'same',
        names: lines.flatMap((line) => (line.startsWith('name ') ? [line.slice('name '.length)] : [])),
        stats: parts.flatMap((line) => parseStat(line) ?? []),
      };
    },
  };
}

/** What is unpacked already gets its owner and permissions all the same. */
function attributesOnly(
  given: Args,
  { target, src, archive }: { target: Target; src: string; archive: Archive },
): Plan {
  const result = withNames(given, resultOf(target, src), archive);
  const differ = archive.stats.some((stat) => attributeChanges(target.dest, stat, given).command !== undefined);
  const actions: Action[] = differ
    ? [{ kind: 'run', command: { text: `${owning(src, target.dest, given)} && ${listing(src, target.dest, given)}` } }]
    : [];
  return { actions, result, finish: (results) => withFiles(given, target, src, results.at(-1)?.stdout) };
}

function withNames(given: Args, result: Dict, { names: found }: Archive): Dict {
  return given.list_files ? new Map([...result, ['files', [...found]]]) : result;
}

/** From this side or the network: only after it came the host can compare it. */
async function fromElsewhere(
  { given, target, isUrl }: { given: Args; target: Target; isUrl: boolean },
  context: ModuleContext,
): Promise<Plan> {
  const { dest } = target;
  const temporary = `${context.temporaryPath('/tmp/archive')}${extensionOf(given.src)}`;
  const word = quote(temporary);
  const bring: Action = isUrl
    ? {
        kind: 'run',
        command: {
          text: `( umask 077; ${exported(context)}${downloadScript({ url: given.src, to: temporary, timeoutSeconds: 10, validateCerts: given.validate_certs })}\n)`,
        },
      }
    : {
        kind: 'upload',
        content: (await context.readLocal(given.src, 'files', { vaulted: !given.decrypt })).content,
        path: temporary,
      };
  const unpack = `if ${different(temporary, dest, given)}; then ${extraction(temporary, dest, given)} && ${listing(temporary, dest, given)}; else echo stars-same; fi`;
  return {
    actions: [bring, { kind: 'run', command: { text: `{ ${unpack}; }; code=$?; rm -f ${word}; ( exit $code )` } }],
    result: resultOf(target, given.src),
    finish(results) {
      const stdout = results.at(-1)?.stdout ?? '';
      const result = withFiles(given, target, given.src, stdout);
      if (results.at(-1)?.code === 0) result.set('changed', !/^stars-same$/m.test(stdout));
      return result;
    },
  };
}

function extensionOf(src: string): string {
  return (
    /\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst|zip|jar|war)$/i.exec(posix.basename(src.replace(/[?#].*$/, '')))?.[0] ?? '.tar'
  );
}

function isZip(src: string): boolean {
  return /\.(zip|jar|war|ear)$/i.test(src);
}

/** Shell that succeeds when unpacking would change something. */
function different(src: string, dest: string, given: Args): string {
  if (isZip(src)) return zipDiffers(src, dest, given);
  // GNU tar compares; where it cannot, every name being there has to do.
  const ignored = [
    // What --strip-components leaves of the folders at the top.
    ': : Warning: Cannot stat',
    ...(given.owner === undefined ? [] : ['Uid differs']),
    ...(given.group === undefined ? [] : ['Gid differs']),
    ...(given.mode === undefined ? [] : ['Mode differs']),
  ];
  // Only root unpacks for the owners that the archive names.
  const owners = `if [ "$(id -u)" = 0 ]; then cat; else grep -v -e 'Uid differs' -e 'Gid differs'; fi`;
  const filter = ` | grep -v ${ignored.map((words) => `-e ${quote(words)}`).join(' ')} | ${owners}`;
  const compare = `LC_ALL=C tar -d${compression(src)} -f ${quote(src)} -C ${quote(dest)} ${words(tarOptions(given))} ${words(given.include)} 2>&1`;
  const names = `LC_ALL=C tar -t${compression(src)} -f ${quote(src)} | while IFS= read -r name; do [ -e ${quote(dest)}/"$name" ] || [ -L ${quote(dest)}/"$name" ] || echo missing; done`;
  return `[ -n "$(if tar --version 2>/dev/null | grep -q GNU; then ${compare}${filter}; else ${names}; fi)" ]`;
}

/** busybox's tar does not find out by itself. */
function compression(src: string): string {
  if (/\.(tgz|gz)$/i.test(src)) return 'z';
  if (/\.(tbz2?|bz2)$/i.test(src)) return 'j';
  return /\.(txz|xz)$/i.test(src) ? 'J' : '';
}

function zipDiffers(src: string, dest: string, given: Args): string {
  return `[ -n "$(${zipEntries(src, dest, given)} | while read -r size name; do at=${quote(dest)}/"$name"
case $name in */) [ -d "$at" ] || echo missing;; *) { [ -f "$at" ] || [ -L "$at" ]; } && [ "$(stat -c %s "$at")" = "$size" ] || echo differs;; esac; done)" ]`;
}

/** Shell that prints size and name of what is in a zip archive, but for files that are kept because they are newer. */
function zipEntries(src: string, dest: string, given: Args): string {
  const newer = `[ -f ${quote(dest)}/"$name" ] && [ "$(date -r ${quote(dest)}/"$name" +%Y%m%d%H%M%S)" -gt "\${stamp%.*}\${stamp#*.}" ] && continue`;
  return `unzip -Z -T -s ${quote(src)} ${words(given.include)}${left(given)} | while read -r kind version system size text method stamp name; do
case $kind in [-dl?]*) ;; *) continue;; esac; case $stamp in *[0-9].[0-9]*) ;; *) continue;; esac
${given.keep_newer ? newer : ':'}
echo "$size $name"; done`;
}

function extraction(src: string, dest: string, given: Args): string {
  const unpack = isZip(src)
    ? `unzip -q ${given.keep_newer ? '-uo' : '-o'} ${words(given.extra_opts)} ${quote(src)} ${words(given.include)} -d ${quote(dest)}${left(given)}`
    : `tar -x${compression(src)} -f ${quote(src)} -C ${quote(dest)} ${given.keep_newer ? '--keep-newer-files ' : ''}${words(tarOptions(given))} ${words(given.include)}`;
  const known = given.include.length > 0 ? `${listed(src, given)} >/dev/null` : ':';
  return [known, unpack, owning(src, dest, given)].join(' && ');
}

/** Shell that gives all that the archive unpacks to its owner and permissions. */
function owning(src: string, dest: string, given: Args): string {
  const own = `${given.owner ?? ''}${given.group === undefined ? '' : `:${given.group}`}`;
  const chmod =
    given.mode === undefined || given.mode === 'preserve'
      ? undefined
      : 'octal' in given.mode
        ? given.mode.octal.toString(8).padStart(4, '0')
        : given.mode.symbolic;
  return [
    ':',
    ...(own === '' ? [] : [eachOf(src, dest, given, `chown -h ${quote(own)}`)]),
    ...(chmod === undefined ? [] : [eachOf(src, dest, given, `sh -c ${quote(CHMOD)} sh ${quote(chmod)}`)]),
  ].join(' && ');
}

/** Links have no permissions of their own. */
const CHMOD = 'mode=$1; shift; for file; do [ -L "$file" ] || chmod "$mode" "$file" || exit 255; done';

/** Shell that calls a program with all that the archive unpacks to, and with the folders at its top. */
function eachOf(src: string, dest: string, given: Args, program: string): string {
  const each =
    isZip(src) && given.keep_newer ? `${zipEntries(src, dest, given)} | cut -d ' ' -f 2-` : names(src, given);
  const all = `{ ${each}; ${each} | sed -n 's,/.*$,,p' | sort -u; }`;
  return `( cd ${quote(dest)} && ${all} | tr '\\n' '\\0' | xargs -0 ${program} )`;
}

/** The names the archive unpacks to, one a line. */
function names(src: string, given: Args): string {
  return isZip(src) ? listed(src, given) : `${listed(src, given)} | sed 's,^/,,; /^$/d'`;
}

/** Fails where a name of `include` is not in the archive. */
function listed(src: string, given: Args): string {
  if (isZip(src)) return `unzip -Z1 ${quote(src)} ${words(given.include)}${left(given)}`;
  const options = tarOptions(given);
  const transformed = options.length > 0 ? '--show-transformed-names ' : '';
  return `tar -t${compression(src)} -f ${quote(src)} ${transformed}${words(options)} ${words(given.include)}`;
}

function left({ exclude }: Args): string {
  return exclude.length > 0 ? ` -x ${words(exclude)}` : '';
}

/** What stands there afterwards, and the names where they are asked for. */
function listing(src: string, dest: string, given: Args): string {
  const files = given.list_files ? `; echo stars-files; ${names(src, given)}` : '';
  return `{ ${reportStat(dest).text}${files}; }`;
}

function tarOptions({ extra_opts: extra, exclude }: Args): string[] {
  return [...extra, ...exclude.map((name) => `--exclude=${name.replace(/\/+$/, '')}`)];
}

function words(list: readonly string[]): string {
  return list.map((word) => quote(word)).join(' ');
}

function resultOf({ dest, folder }: Target, src: string) {
  return dict({ dest, src, handler: handlerOf(src), ...fileFields(folder) });
}

/** Ansible's names for the ways to unpack; tar itself finds out how anything but gzip is packed. */
function handlerOf(src: string): string {
  if (isZip(src)) return 'ZipArchive';
  return compression(src) === 'z' ? 'TgzArchive' : 'TarArchive';
}

function withFiles(given: Args, target: Target, src: string, stdout = '') {
  const result = resultOf({ ...target, folder: finalStat(stdout) ?? target.folder }, src);
  const files = stdout.split(/^stars-files\n/m)[1];
  if (given.list_files && files !== undefined) result.set('files', files.split('\n').filter(Boolean));
  return result;
}
