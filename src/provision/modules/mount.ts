import { posix } from 'node:path';
import { sequence, sh, quote, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { mountPoint, type MountPoint } from '../facts/mount-point.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { type FstabEntry, withEntry, withoutEntry } from './fstab.js';
import { makeFolders } from './make-folders.js';
import { backupName } from './place-file.js';
import { dict } from './result.js';
import { asBytes, readTextFile, rewriteTextFile, type Rewrite, type TextFile } from './text-file.js';

const schema = args({
  path: path().describe('The mount point; `none` for swap.'),
  src: path().optional().describe('What is mounted: a device, a share, LABEL= or UUID=, or a folder.'),
  fstype: text().optional().describe('Type of the file system.'),
  opts: text().optional().describe('Mount options, separated by commas.'),
  dump: text().default('0').describe('The fifth field of the fstab, for dump.'),
  passno: text().default('0').describe('The sixth field of the fstab, the order of checks at boot.'),
  state: choice('absent', 'absent_from_fstab', 'mounted', 'present', 'unmounted', 'remounted', 'ephemeral').describe(
    'Where it is to be: `mounted` and `absent` mean the fstab and the mount, `present` and `absent_from_fstab` only the fstab, the others only the mount.',
  ),
  fstab: text().default('/etc/fstab').describe('The file to use in place of /etc/fstab.'),
  boot: bool().default(true).describe('Mount it at boot; no adds the option noauto.'),
  backup: bool().default(false).describe('Keep a copy of the fstab before it is changed.'),
});
type Args = ReturnType<typeof schema.parse>;
type Given = Args & { opts: string; warnings: string[] };

export const mount = defineModule<Args>({
  name: 'mount',
  collection: 'ansible.posix',
  summary: 'Have a file system mounted, and in the fstab.',
  aliases: { name: 'path' },
  args: schema,
  differences: ['Check mode makes no empty fstab and no folders on the way to it.'],

  async plan(asked, context): Promise<Plan> {
    const problem = missingArguments(asked);
    if (problem !== undefined) return { actions: [], failed: problem };
    const given: Given = { ...asked, ...optionsOf(asked), path: await hostPath(context, asked.path) };
    const [fstab, point] = await Promise.all([
      readTextFile(context, await hostPath(context, given.fstab)),
      context.fact(mountPoint(given.path)),
    ]);
    const plan = STATES[given.state]({ given, fstab, point, context });
    const fields = (saved: string) => resultOf(given, saved);
    return {
      ...plan,
      result: fields(''),
      finish: (results) =>
        results.some(({ code }) => code !== 0)
          ? new Map()
          : fields(results.map(({ stdout }) => backupName(stdout) ?? '').join('')),
    };
  },
});

function missingArguments({ state, src, fstype }: Args): string | undefined {
  if (!['mounted', 'present', 'ephemeral'].includes(state)) return undefined;
  const missing = [...(src === undefined ? ['src'] : []), ...(fstype === undefined ? ['fstype'] : [])];
  return missing.length > 0
    ? `state is ${state} but all of the following are missing: ${missing.join(', ')}`
    : undefined;
}

function optionsOf({ opts = 'defaults', boot }: Args): Pick<Given, 'opts' | 'warnings'> {
  const words = opts.split(',');
  const ignored = (option: string) => [`Ignore the 'boot' due to 'opts' contains '${option}'.`];
  if (words.includes('noauto')) return { opts, warnings: ignored('noauto') };
  if (boot) return { opts, warnings: [] };
  return words.includes('defaults')
    ? { opts, warnings: ignored('defaults') }
    : { opts: [...words, 'noauto'].join(','), warnings: [] };
}

type Situation = { given: Given; fstab: TextFile; point: MountPoint; context: ModuleContext };

const STATES: Record<Args['state'], (situation: Situation) => Plan> = {
  present: (situation) => inFstab(situation),
  absent_from_fstab: (situation) => outOfFstab(situation),
  mounted,
  absent,
  unmounted: ({ given, point }) => ({ actions: isMounted(point) ? [unmountAction(given)] : [] }),
  remounted: ({ given }) => ({ actions: [saying(`Error remounting ${given.path}`, remountCommand(given))] }),
  ephemeral,
};

function inFstab({ given, fstab, context }: Situation): Rewrite {
  const text = fstab.text ?? '';
  return written(fstab, withEntry(text, entryOf(given)), { given, context });
}

function outOfFstab({ given, fstab, context }: Situation): Rewrite {
  return written(fstab, withoutEntry(fstab.text ?? '', entryOf(given)), { given, context });
}

function written(fstab: TextFile, after: string, { given, context }: Pick<Situation, 'given' | 'context'>): Rewrite {
  if ((fstab.text ?? '') === after) return { actions: [] };
  const folders = fstab.state.parentExists ? [] : makeFolders(posix.dirname(fstab.path), {});
  const rewrite = rewriteTextFile(context, fstab, after, { backup: given.backup });
  return { ...rewrite, actions: [...folders, ...rewrite.actions] };
}

function mounted(situation: Situation): Plan {
  const { given, point, fstab } = situation;
  const rewrite = inFstab(situation);
  const there = isMounted(point);
  if (there && rewrite.actions.length === 0) return rewrite;
  const act = there ? remountCommand(given) : mountCommand(given);
  const undo = [...(rewrite.actions.length > 0 ? [restored(fstab)] : []), ...removed(point)];
  return {
    ...rewrite,
    actions: [...made(point), ...rewrite.actions, saying(`Error mounting ${given.path}`, act, undo)],
  };
}

function absent(situation: Situation): Plan {
  const { given, point } = situation;
  const rewrite = outOfFstab(situation);
  if (rewrite.actions.length === 0) return rewrite;
  const folder = saying(`Error rmdir ${given.path}`, sh`rmdir ${given.path}`);
  return {
    ...rewrite,
    actions: [
      ...rewrite.actions,
      ...(isMounted(point) ? [unmountAction(given)] : []),
      ...(point.exists ? [folder] : []),
    ],
  };
}

function ephemeral({ given, point }: Situation): Plan {
  const [top] = point.mounts;
  if (!top)
    return { actions: [...made(point), saying(`Error mounting ${given.path}`, mountCommand(given), removed(point))] };
  if (top.source !== given.src && top.root !== given.src)
    return {
      actions: [],
      failed:
        'Ephemeral mount point is already mounted with a different source than the specified one. Failing in order to prevent an unwanted unmount or override operation. Try replacing this command with a "state: unmounted" followed by a "state: ephemeral", or use a different destination path.',
    };
  return { actions: [saying(`Error mounting ${given.path}`, remountCommand(given))] };
}

function isMounted({ mounts }: MountPoint): boolean {
  return mounts.length > 0;
}

/** What `mount` has to be told beside the mount point. */
function mountWords({ state, fstab, opts, fstype = '', src = '' }: Given): string[] {
  if (state === 'ephemeral') return ['-o', opts, '-t', fstype, src];
  return fstab === '/etc/fstab' ? [] : ['-T', fstab];
}

function mountCommand(given: Given): ShellCommand {
  return sh`LC_ALL=C mount ${mountWords(given)} ${given.path}`;
}

/** Where the file system cannot be remounted in place, it is taken away and mounted anew. */
function remountCommand(given: Given): ShellCommand {
  const { state, opts, path: point } = given;
  const again =
    state === 'ephemeral'
      ? sh`LC_ALL=C mount -o ${`remount,${opts}`} ${point}`
      : sh`LC_ALL=C mount -o remount ${mountWords(given)} ${point}`;
  return {
    text: `{ ${again.text} 2>/dev/null || { ${sh`LC_ALL=C umount ${point}`.text} && ${mountCommand(given).text}; }; }`,
  };
}

function unmountAction({ path: point }: Given): Action {
  return saying(`Error unmounting ${point}`, sh`LC_ALL=C umount ${point}`);
}

/** A command whose words come after ours when it fails, and what is then to be undone. */
function saying(words: string, { text }: ShellCommand, undo: ShellCommand[] = []): Action {
  const undoing = undo.map((command) => `${command.text}; `).join('');
  const failed = `{ code=$?; ${undoing}printf '%s: %s\\n' ${quote(words)} "$said" >&2; exit "$code"; }`;
  return { kind: 'run', command: { text: `said=$(${text} 2>&1) || ${failed}` } };
}

function made({ missing }: MountPoint): Action[] {
  return missing.length === 0 ? [] : [{ kind: 'run', command: sequence(missing.map((folder) => sh`mkdir ${folder}`)) }];
}

function removed({ missing }: MountPoint): ShellCommand[] {
  return missing.toReversed().map((folder) => sh`rmdir ${folder}`);
}

function restored({ path: file, text }: TextFile): ShellCommand {
  if (text === undefined) return sh`rm -f ${file}`;
  return { text: `printf %s ${quote(Buffer.from(text, 'latin1').toString('utf8')) || "''"} >${quote(file)}` };
}

function entryOf({ path: name, src, fstype, opts, dump, passno }: Given): FstabEntry {
  return {
    name: asBytes(name),
    src: src === undefined ? undefined : asBytes(src),
    fstype,
    opts: asBytes(opts),
    dump,
    passno,
  };
}

function resultOf({ path: name, opts, dump, passno, fstab, boot, src, fstype, warnings }: Given, saved: string) {
  return dict({
    name,
    opts,
    dump,
    passno,
    fstab,
    boot: boot ? 'yes' : 'no',
    backup_file: saved,
    src,
    fstype,
    ...(warnings.length > 0 ? { warnings } : {}),
  });
}
