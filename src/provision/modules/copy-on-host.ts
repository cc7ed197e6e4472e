import { posix } from 'node:path';
import { quote, sequence, sh, type ShellCommand } from '../../shell/command.js';
import { fileContent } from '../facts/file-content.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { isOwnedBy, type TreeContent, treeContent } from '../facts/tree-content.js';
import type { ModuleContext, Plan } from '../module.js';
import { attributeChanges } from './attributes.js';
import { contentDiff } from './content-diff.js';
import type { CopyArgs } from './copy-arguments.js';
import { makeFolders } from './make-folders.js';
import {
  backupName,
  cleanly,
  finalStat,
  missingParent,
  moveIntoPlace,
  reportIfSeen,
  reportStat,
} from './place-file.js';
import { dict, fileFields } from './result.js';

/** `remote_src`: from one place of the host to another. */
export async function copyOnHost(given: CopyArgs & { src: string }, context: ModuleContext): Promise<Plan> {
  const src = await hostPath(context, given.src);
  const dest = await hostPath(context, given.dest);
  const [from, base] = await Promise.all([
    context.fact(fileState(src, { sha1: true, md5: true })),
    context.fact(fileState(dest.replace(/(?<=.)\/+$/, ''), { sha1: true })),
  ]);
  const source = resolved(from).stat;
  if (!source) return { actions: [], failed: `Source ${src} not found` };
  const there = resolved(base).stat;
  const isFolder = there?.kind === 'directory';
  if (there && !isFolder && !given.force && !dest.endsWith('/'))
    return left(from, given.follow ? resolved(base) : base);
  if (there && !isFolder && (dest.endsWith('/') || source.kind === 'directory'))
    return { actions: [], failed: `${base.path} is no folder` };
  if (!there && context.checkMode && dest.endsWith('/')) {
    const msg = `dest directory ${dest.replace(/\/$/, '')} would be created`;
    return { actions: [], changed: true, result: dict({ msg, src }) };
  }
  const wanted = given.mode === 'preserve' ? { ...given, mode: { octal: source.mode } } : given;
  if (source.kind === 'directory') return copyTree(wanted, { src, dest, base }, context);
  const inside = isFolder || dest.endsWith('/');
  const end = inside ? await context.fact(fileState(posix.join(dest, posix.basename(src)), { sha1: true })) : base;
  return copyOne(wanted, { from, end, makesParent: dest.endsWith('/') }, context);
}

function left(from: Pick<FileState, 'path'>, { path: dest, stat }: Pick<FileState, 'path' | 'stat'>): Plan {
  return { actions: [], result: dict({ msg: 'file already exists', src: from.path, dest, ...fileFields(stat) }) };
}

async function copyOne(
  given: CopyArgs,
  { from, end, makesParent }: { from: FileState; end: FileState; makesParent: boolean },
  context: ModuleContext,
): Promise<Plan> {
  const known = { dest: end.path, src: from.path, checksum: from.sha1, md5sum: from.md5 };
  const target = given.follow && resolved(end).stat ? resolved(end) : { path: end.path, stat: end.stat };
  if (given.checksum !== undefined && given.checksum !== from.sha1) {
    return {
      actions: [],
      failed: 'Copied file does not match the expected checksum. Transfer failed.',
      result: dict(known),
    };
  }
  if (resolved(end).stat && !given.force) return left(from, target);
  const missing = makesParent || context.checkMode ? undefined : missingParent(end);
  if (missing) return { actions: [], failed: missing, result: dict(known) };
  const fields = (stat: FileStat | undefined, backup?: string) =>
    dict({ ...known, backup_file: backup, ...fileFields(stat) });
  if (target.stat?.kind === 'file' && end.sha1 === from.sha1) {
    const { command } = attributeChanges(target.path, target.stat, given);
    const actions = command
      ? [{ kind: 'run' as const, command: sequence([command, ...reportIfSeen(context, target.path)]) }]
      : [];
    return {
      actions,
      result: fields(target.stat),
      finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? target.stat),
    };
  }
  const temporary = context.temporaryPath(target.path);
  const placement = { state: end, wanted: given, backup: given.backup, validate: given.validate };
  const command = cleanly(temporary, [
    sh`( umask 077 && cat <${from.path} >${temporary} )`,
    ...moveIntoPlace(temporary, target.path, placement),
    ...reportIfSeen(context, target.path),
  ]);
  const folders = end.parentExists
    ? []
    : makeFolders(posix.dirname(end.path), { ...given, mode: given.directory_mode });
  const finish: Plan['finish'] = (results) => {
    const stdout = results.at(-1)?.stdout;
    return fields(finalStat(stdout), backupName(stdout));
  };
  return {
    actions: [...folders, { kind: 'run', command }],
    result: fields(end.stat),
    finish,
    ...(await diffOf(context, from, end)),
  };
}

async function diffOf(context: ModuleContext, from: FileState, end: FileState): Promise<Pick<Plan, 'diff'>> {
  if (!context.diffMode) return {};
  const [before, after] = await Promise.all([
    context.fact(fileContent(end.path)),
    context.fact(fileContent(from.path)),
  ]);
  return { diff: contentDiff(end.path, before, after ?? Buffer.alloc(0), from.path) };
}

type Tree = { src: string; dest: string; base: FileState };

async function copyTree(given: CopyArgs, { src, dest, base }: Tree, context: ModuleContext): Promise<Plan> {
  const name = src.endsWith('/') ? '' : posix.basename(src);
  const root = posix.join(base.path, name);
  const isThere = resolved(base).stat !== undefined;
  const makes = dest.endsWith('/') && !isThere;
  // Owner and permissions of the task are for what Ansible names in the end, be it the folder around the copy.
  const named = isThere || makes ? `${dest.replace(/\/$/, '')}/${name}` : dest;
  const [from, to, state] = await Promise.all([
    context.fact(treeContent(src)),
    context.fact(treeContent(root)),
    context.fact(fileState(named.replace(/(?<=.)\/+$/, ''))),
  ]);
  if (resolved(state).stat && !given.force) return left({ path: src }, { path: named, stat: state.stat });
  const copies = copyCommands(given, { src, root, from, to });
  const owned = to !== undefined && (await context.fact(isOwnedBy(root, given)));
  const owner = `${given.owner ?? ''}${given.group === undefined ? '' : `:${given.group}`}`;
  const attributes = attributeChanges(state.path, resolved(state).stat, given, {
    mode: 0o755,
    directory: true,
  }).command;
  const commands = [
    ...copies,
    ...(owner === '' || owned ? [] : [sh`chown -R -h ${owner} ${root}`]),
    ...(attributes ? [attributes] : []),
  ];
  const known = { dest: named, src: given.src, md5sum: null, checksum: null };
  const fields = (now: FileStat | undefined) => dict({ ...known, ...fileFields(now) });
  if (commands.length === 0) return { actions: [], result: fields(state.stat) };
  const folders = makes ? makeFolders(base.path, { ...given, mode: given.directory_mode }) : [];
  return {
    actions: [...folders, { kind: 'run', command: sequence([...commands, reportStat(state.path)]) }],
    result: fields(state.stat),
    finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? state.stat),
  };
}

type Trees = { src: string; root: string; from: TreeContent | undefined; to: TreeContent | undefined };

function copyCommands(given: CopyArgs, { src, root, from, to }: Trees): ShellCommand[] {
  const has = to ?? { folders: [], files: new Map<string, string>() };
  const files = [...(from?.files ?? [])].filter(([name, sum]) => has.files.get(name) !== sum);
  const folders = (from?.folders ?? []).filter((name) => !has.folders.includes(name));
  return [
    ...(to ? [] : [sh`mkdir -p ${root}`]),
    ...folders.map((name) => sh`mkdir -p ${posix.join(root, name)}`),
    // Files become the user's own, as with Ansible.
    ...files.flatMap(([name]) => [
      sh`cp -p${given.local_follow ? 'L' : 'P'}f ${posix.join(src, name)} ${posix.join(root, name)}`,
      { text: `chown -h "$(id -u):$(id -g)" ${quote(posix.join(root, name))}` },
    ]),
  ];
}
