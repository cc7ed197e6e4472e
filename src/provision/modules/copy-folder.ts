import { posix } from 'node:path';
import { fileState, resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import type { ModuleContext, Plan } from '../module.js';
import { fileOf, resolveMode, type CopyArgs } from './copy-arguments.js';
import { ensureContent } from './ensure-content.js';
import { planFor } from './file.js';
import { dict } from './result.js';

/** A folder of this side: its content when `src` ends in a slash, the folder itself otherwise. */
export async function copyFolder(given: CopyArgs & { src: string }, context: ModuleContext): Promise<Plan> {
  const { folders, files, links } = await treeOf(given, context);
  folders.sort((one, other) => (one.relative < other.relative ? -1 : 1));
  const dest = (await hostPath(context, given.dest)).replace(/\/+$/, '') || '/';
  const root = given.src.endsWith('/') ? dest : posix.join(dest, posix.basename(given.src));
  const inTheWay = resolved(await context.fact(fileState(dest))).stat;
  if (inTheWay && inTheWay.kind !== 'directory') return { actions: [], failed: `${dest} is no folder` };
  const place = ({ relative }: { relative: string }) => posix.join(root, relative);
  const plans = await Promise.all([
    rootPlan(given, root, context),
    ...folders.map((folder) => folderPlan(given, place(folder), context)),
    ...files.map((file) => filePlan({ given, from: file.from, to: place(file) }, context)),
    ...links.map((link) => linkPlan(given, { ...link, path: place(link), alone: folders.length === 0 }, context)),
  ]);
  return merge(plans, dict({ dest: `${dest.replace(/\/$/, '')}/`, src: given.src }));
}

type LocalTree = {
  folders: { relative: string }[];
  files: { relative: string; from: string }[];
  links: { relative: string; target: string }[];
};

/** With `local_follow` links are what they point to, but for those to nowhere and those to a folder that holds them. */
async function treeOf({ src, local_follow: follow = true }: CopyArgs & { src: string }, context: ModuleContext) {
  const tree: LocalTree = { folders: [], files: [], links: [] };
  async function collect(folder: string, below: string, within: readonly string[]): Promise<void> {
    const { path, entries } = await context.listLocal(folder);
    for (const { relative, directory, link } of entries) {
      const [place, from] = [posix.join(below, relative), posix.join(path, relative)];
      const inside = [...within, ...parentsOf(from)];
      if (directory) tree.folders.push({ relative: place });
      else if (!link || (follow && link.kind === 'file')) tree.files.push({ relative: place, from });
      else if (follow && link.kind === 'directory' && link.real !== undefined && !inside.includes(link.real)) {
        tree.folders.push({ relative: place });
        await collect(link.real, place, inside);
      } else tree.links.push({ relative: place, target: link.target });
    }
  }
  await collect(src, '', []);
  return tree;
}

function parentsOf(path: string): string[] {
  const parent = posix.dirname(path);
  return parent === path ? [] : [parent, ...parentsOf(parent)];
}

type WantedLink = { path: string; target: string; alone: boolean };

async function linkPlan({ owner, group, mode }: CopyArgs, { path, target, alone }: WantedLink, context: ModuleContext) {
  const state = await context.fact(fileState(path));
  const wanted = { owner, group, mode: mode === 'preserve' ? undefined : mode, recurse: false, force: true };
  return planFor({ ...wanted, path, src: target, state: 'link', follow: alone }, state, context);
}

/** One that is there stays as it is. */
async function rootPlan(given: CopyArgs, path: string, context: ModuleContext): Promise<Plan> {
  const isThere = resolved(await context.fact(fileState(path))).stat?.kind === 'directory';
  return isThere ? { actions: [] } : folderPlan(given, path, context);
}

async function folderPlan(given: CopyArgs, path: string, context: ModuleContext): Promise<Plan> {
  const state = await context.fact(fileState(path));
  const { owner, group, directory_mode: mode } = given;
  return planFor(
    { path, state: 'directory', owner, group, mode, recurse: false, force: false, follow: true },
    state,
    context,
  );
}

async function filePlan(
  { given, from, to }: { given: CopyArgs; from: string; to: string },
  context: ModuleContext,
): Promise<Plan> {
  const { content } = await context.readLocal(from, 'files', { vaulted: !given.decrypt });
  const wanted = { ...given, mode: await resolveMode(given.mode, from) };
  return ensureContent(context, {
    ...fileOf(wanted),
    content,
    dest: to,
    basename: posix.basename(from),
    src: from,
    parentComes: true,
  });
}

function merge(plans: Plan[], result: Plan['result']): Plan {
  const failed = plans.find((plan) => plan.failed !== undefined);
  if (failed) return failed;
  const diffs = plans.flatMap(({ diff }) => diff ?? []);
  return {
    actions: plans.flatMap(({ actions }) => actions),
    ...(result ? { result } : {}),
    ...(diffs.length > 0
      ? {
          diff: { before: diffs.map(({ before }) => before).join(''), after: diffs.map(({ after }) => after).join('') },
        }
      : {}),
  };
}
