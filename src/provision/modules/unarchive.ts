import { posix } from 'node:path';
import { quote, sequence } from '../../shell/command.js';
import { args, bool, list, mode, path, text } from '../arguments.js';
import { fileState, resolved, type FileStat } from '../facts/file-state.js';
import { pathExists } from '../facts/glob.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { attributeArgs } from './attributes.js';
import { downloadScript } from './download.js';
import { exported } from './environment.js';
import { dict, fileFields } from './result.js';

const schema = args({
  src: path(),
  dest: path(),
  remote_src: bool().optional(),
  copy: bool().optional(),
  creates: path().optional(),
  list_files: bool().default(false),
  keep_newer: bool().default(false),
  exclude: list().default([]),
  include: list().default([]),
  extra_opts: list().default([]),
  validate_certs: bool().default(true),
  decrypt: bool().default(true),
  io_buffer_size: text().optional(),
  ...attributeArgs,
  mode: mode().optional(),
});
type Args = ReturnType<typeof schema.parse>;

export const unarchive = defineModule<Args>({
  name: 'unarchive',
  summary: 'Unpack a tar or zip archive on a host.',
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (given.creates !== undefined && (await context.fact(pathExists(await hostPath(context, given.creates))))) {
      return { actions: [], skipped: `skipped, since ${given.creates} exists`, result: dict({ dest: given.dest }) };
    }
    const dest = (await hostPath(context, given.dest)).replace(/(?<=.)\/+$/, '');
    const folder = resolved(await context.fact(fileState(dest))).stat;
    if (folder?.kind !== 'directory' && !context.checkMode) {
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
  const archive = await context.fact({
    script: `if [ -r ${quote(src)} ]; then echo there; ${different(src, dest, given)} || echo same; fi; :`,
    parse: ({ stdout }) => ({ there: stdout.startsWith('there'), same: /^same$/m.test(stdout) }),
  });
  if (!archive.there && !context.checkMode)
    return { actions: [], failed: `Source '${src}' does not exist`, result: dict({ dest }) };
  if (archive.same) return { actions: [], result: resultOf(target, src) };
  const command = { text: sequence([{ text: extraction(src, dest, given) }, { text: listing(src, given) }]).text };
  return {
    actions: [{ kind: 'run', command }],
    result: resultOf(target, src),
    finish: (results) => withFiles(given, target, src, results.at(-1)?.stdout),
  };
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
    : { kind: 'upload', content: (await context.readLocal(given.src, 'files')).content, path: temporary };
  const unpack = `if ${different(temporary, dest, given)}; then ${extraction(temporary, dest, given)} && ${listing(temporary, given)}; else echo stars-same; fi`;
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
  const own = given.owner !== undefined || given.group !== undefined;
  // GNU tar compares; where it cannot, every name being there has to do.
  const ignored = [
    ...(own ? ['Uid differs', 'Gid differs'] : []),
    ...(given.mode === undefined ? [] : ['Mode differs']),
  ];
  const filter = ignored.length > 0 ? ` | grep -v ${ignored.map((words) => `-e ${quote(words)}`).join(' ')}` : '';
  const compare = `LC_ALL=C tar -d${compression(src)} -f ${quote(src)} -C ${quote(dest)} ${words(tarOptions(given))} 2>&1`;
  const names = `LC_ALL=C tar -t${compression(src)} -f ${quote(src)} | while IFS= read -r name; do [ -e ${quote(dest)}/"$name" ] || [ -L ${quote(dest)}/"$name" ] || echo missing; done`;
  return `[ -n "$(if tar --version 2>/dev/null | grep -q GNU; then ${compare}${filter}; else ${names}; fi)" ]`;
}

/** busybox's tar does not find out by itself. */
function compression(src: string): string {
  if (/\.(tgz|gz)$/i.test(src)) return 'z';
  if (/\.(tbz2?|bz2)$/i.test(src)) return 'j';
  return /\.(txz|xz)$/i.test(src) ? 'J' : '';
}

function zipDiffers(src: string, dest: string, { exclude }: Args): string {
  const skip = exclude.length > 0 ? ` | grep -v ${exclude.map((name) => `-e ${quote(name)}`).join(' ')}` : '';
  // Columns of unzip -l: length, date, time, name.
  return `[ -n "$(unzip -l ${quote(src)} | sed -n 's/^ *\\([0-9][0-9]*\\) *[0-9-]* *[0-9:]* *\\(.*\\)$/\\1 \\2/p'${skip} | sed '$d' | while read -r size name; do
case $name in */) [ -d ${quote(dest)}/"$name" ] || echo missing;; *) [ -f ${quote(dest)}/"$name" ] && [ "$(stat -c %s ${quote(dest)}/"$name")" = "$size" ] || echo differs;; esac; done)" ]`;
}

function extraction(src: string, dest: string, given: Args): string {
  const unpack = isZip(src)
    ? `unzip -q ${given.keep_newer ? '-uo' : '-o'} ${words(given.extra_opts)} ${quote(src)} ${words(given.include)} -d ${quote(dest)}${given.exclude.length > 0 ? ` -x ${words(given.exclude)}` : ''}`
    : `tar -x${compression(src)} -f ${quote(src)} -C ${quote(dest)} ${given.keep_newer ? '--keep-newer-files ' : ''}${words(tarOptions(given))} ${words(given.include)}`;
  const own = `${given.owner ?? ''}${given.group === undefined ? '' : `:${given.group}`}`;
  const each = (program: string) =>
    `( cd ${quote(dest)} && ${names(src, given)} | tr '\\n' '\\0' | xargs -0 ${program} )`;
  const chmod =
    given.mode === undefined || given.mode === 'preserve'
      ? undefined
      : 'octal' in given.mode
        ? given.mode.octal.toString(8).padStart(4, '0')
        : given.mode.symbolic;
  return [
    unpack,
    ...(own === '' ? [] : [each(`chown -h ${quote(own)}`)]),
    ...(chmod === undefined ? [] : [each(`chmod ${quote(chmod)}`)]),
  ].join(' && ');
}

/** The names the archive unpacks to, one a line. */
function names(src: string, given: Args): string {
  if (isZip(src)) return `unzip -Z1 ${quote(src)}`;
  const options = tarOptions(given);
  const transformed = options.length > 0 ? '--show-transformed-names ' : '';
  return `tar -t${compression(src)} -f ${quote(src)} ${transformed}${words(options)} | sed '/^\\.\\{0,1\\}\\/*$/d'`;
}

function listing(src: string, given: Args): string {
  return given.list_files ? `{ echo stars-files; ${names(src, given)}; }` : ':';
}

function tarOptions({ extra_opts: extra, exclude }: Args): string[] {
  return [...extra, ...exclude.map((name) => `--exclude=${name}`)];
}

function words(list: readonly string[]): string {
  return list.map((word) => quote(word)).join(' ');
}

function resultOf({ dest, folder }: Target, src: string) {
  return dict({ dest, src, handler: isZip(src) ? 'ZipArchive' : 'TgzArchive', ...fileFields(folder) });
}

function withFiles(given: Args, target: Target, src: string, stdout = '') {
  const result = resultOf(target, src);
  const files = stdout.split(/^stars-files\n/m)[1];
  if (given.list_files && files !== undefined) result.set('files', files.split('\n').filter(Boolean));
  return result;
}
