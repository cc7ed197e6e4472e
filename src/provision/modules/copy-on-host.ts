import { posix } from 'node:path';
import { sequence, sh } from '../../shell/command.js';
import { fileContent } from '../facts/file-content.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { treeContent } from '../facts/tree-content.js';
import type { ModuleContext, Plan } from '../module.js';
import { attributeChanges } from './attributes.js';
import { contentDiff } from './content-diff.js';
import type { CopyArgs } from './copy-arguments.js';
import { makeFolders } from './make-folders.js';
import { backupName, cleanly, finalStat, missingParent, moveIntoPlace, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';

/** `remote_src`: from one place of the host to another. */
export async function copyOnHost(given: CopyArgs & { src: string }, context: ModuleContext): Promise<Plan> {
  const src = await hostPath(context, given.src);
  const dest = await hostPath(context, given.dest);
  const [from, to] = await Promise.all([
    context.fact(fileState(src, { sha1: true })),
    context.fact(fileState(dest.endsWith('/') ? dest + posix.basename(src) : dest, { sha1: true })),
  ]);
  const source = resolved(from).stat;
  if (!source) return { actions: [], failed: `Source ${src} not found` };
  if (source.kind === 'directory') return copyTree(given, { src, dest }, context);
  const intoFolder = !dest.endsWith('/') && resolved(to).stat?.kind === 'directory';
  const end = intoFolder ? await context.fact(fileState(posix.join(dest, posix.basename(src)), { sha1: true })) : to;
  const wanted = given.mode === 'preserve' ? { ...given, mode: { octal: source.mode } } : given;
  return copyOne(wanted, { from, end, makesParent: dest.endsWith('/') }, context);
}

async function copyOne(
  given: CopyArgs,
  { from, end, makesParent }: { from: FileState; end: FileState; makesParent: boolean },
  context: ModuleContext,
): Promise<Plan> {
  const known = { dest: end.path, src: from.path, checksum: from.sha1 };
  const target = given.follow ? resolved(end) : { path: end.path, stat: end.stat };
  if (given.checksum !== undefined && given.checksum !== from.sha1) {
    return {
      actions: [],
      failed: 'Copied file does not match the expected checksum. Transfer failed.',
      result: dict(known),
    };
  }
  if (end.stat && !given.force) return { actions: [], result: dict({ ...known, ...fileFields(end.stat) }) };
  const missing = makesParent || context.checkMode ? undefined : missingParent(end);
  if (missing) return { actions: [], failed: missing, result: dict(known) };
  const fields = (stat: FileStat | undefined, backup?: string) =>
    dict({ ...known, backup_file: backup, ...fileFields(stat) });
  if (target.stat?.kind === 'file' && end.sha1 === from.sha1) {
    const { command } = attributeChanges(target.path, target.stat, given);
    const actions = command ? [{ kind: 'run' as const, command: sequence([command, reportStat(target.path)]) }] : [];
    return { actions, result: fields(target.stat), finish: (results) => fields(finalStat(results.at(-1)?.stdout)) };
  }
  const temporary = context.temporaryPath(target.path);
  const placement = { state: end, wanted: given, backup: given.backup, validate: given.validate };
  const command = cleanly(temporary, [
    sh`( umask 077 && cat <${from.path} >${temporary} )`,
    ...moveIntoPlace(temporary, target.path, placement),
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

async function copyTree(
  given: CopyArgs,
  { src, dest }: { src: string; dest: string },
  context: ModuleContext,
): Promise<Plan> {
  const root = src.endsWith('/') ? dest.replace(/(?<=.)\/+$/, '') : posix.join(dest, posix.basename(src));
  const [from, to] = await Promise.all([context.fact(treeContent(src)), context.fact(treeContent(root))]);
  const has = to ?? { folders: [], files: new Map<string, string>() };
  const files = [...(from?.files ?? [])].filter(([name, sha1]) =>
    given.force ? has.files.get(name) !== sha1 : !has.files.has(name),
  );
  const folders = (from?.folders ?? []).filter((name) => !has.folders.includes(name));
  const commands = [
    ...(to ? [] : [sh`mkdir -p ${root}`]),
    ...folders.map((name) => sh`mkdir -p ${posix.join(root, name)}`),
    ...files.map(([name]) => sh`cp -pf ${posix.join(src, name)} ${posix.join(root, name)}`),
  ];
  const owner = `${given.owner ?? ''}${given.group === undefined ? '' : `:${given.group}`}`;
  if (commands.length > 0 && owner !== '') commands.push(sh`chown -R -h ${owner} ${root}`);
  const actions = commands.length === 0 ? [] : [{ kind: 'run' as const, command: sequence(commands) }];
  return { actions, result: dict({ dest: src.endsWith('/') ? `${root}/` : root, src: given.src }) };
}
