import { posix } from 'node:path';
import { fileState } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import type { ModuleContext, Plan } from '../module.js';
import { fileOf, resolveMode, type CopyArgs } from './copy-arguments.js';
import { ensureContent } from './ensure-content.js';
import { planFor } from './file.js';
import { dict } from './result.js';

/** A folder of this side: its content when `src` ends in a slash, the folder itself otherwise. */
export async function copyFolder(given: CopyArgs & { src: string }, context: ModuleContext): Promise<Plan> {
  const { path: folder, entries } = await context.listLocal(given.src);
  const dest = (await hostPath(context, given.dest)).replace(/\/+$/, '') || '/';
  const root = given.src.endsWith('/') ? dest : posix.join(dest, posix.basename(given.src));
  const folders = entries.filter(({ directory }) => directory).map(({ relative }) => posix.join(root, relative));
  const folderPlans = await Promise.all([root, ...folders.sort()].map((each) => folderPlan(given, each, context)));
  const files = entries.filter(({ directory }) => !directory);
  const filePlans = await Promise.all(
    files.map(async ({ relative }) =>
      filePlan({ given, from: posix.join(folder, relative), to: posix.join(root, relative) }, context),
    ),
  );
  return merge([...folderPlans, ...filePlans], dict({ dest: `${dest.replace(/\/$/, '')}/`, src: given.src }));
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
  const { content } = await context.readLocal(from, 'files');
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
