import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Dict } from '../../jinja/value.js';
import { looksLikeTemplate } from '../../templating/unsafe.js';
import { importTarget, partsOf, resolveTaskFile, scopeOfInclude } from '../includes.js';
import type { Play, PlaybookLoader } from '../playbook.js';
import type { Task, TaskNode } from '../task.js';
import type { Include } from '../task-result.js';

/** A task file or role that a task brings in while the play runs. `fixed` is false for one of several that a template may name. */
export type FoundInclude = { key: string; fixed: boolean; load(): TaskNode[] };

/** What can be known now of what an include will bring; a file that is not there is left to the run. */
export function includesOf(task: Task, play: Play, loader: PlaybookLoader): FoundInclude[] {
  if (task.module === 'include_role') return roleOf(task, play, loader);
  if (task.module !== 'include_tasks' && task.module !== 'include') return [];
  const target = importTarget(task);
  if (target === undefined || target === '') return [];
  const fixed = !looksLikeTemplate(target);
  const find = (name: string) => resolveTaskFile(name, task.where?.file ?? play.file, task.scope.role, play.folder);
  const files = fixed ? [find(target)] : namesLike(target, task, play).map(find);
  return files.flatMap((file) =>
    file === undefined ? [] : [{ key: file, fixed, load: () => loader.loadTaskFile(file, scopeOf(task), apart(play)) }],
  );
}

function roleOf(task: Task, play: Play, loader: PlaybookLoader): FoundInclude[] {
  const name = task.args.get('name') ?? task.args.get('role');
  const parts = partsOf(task.args);
  if (typeof name !== 'string' || [name, ...Object.values(parts)].some(looksLikeTemplate)) return [];
  const scope = scopeOf(task);
  const use = { scope, parts, where: task.where, again: true };
  const load = () => {
    const alone = apart(play);
    const nodes = loader.useRole(name, use, alone);
    return [...nodes, ...alone.handlers];
  };
  return [{ key: `role ${name} ${JSON.stringify(parts)}`, fixed: true, load }];
}

/** The names of the files that a template such as `install-{{ os }}.yml` may mean, beside the task or in its role. */
function namesLike(target: string, task: Task, play: Play): string[] {
  const name = basename(target);
  const pattern = name
    .split(/\{\{.*?\}\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+');
  if (!/\w/.test(name.replaceAll(/\{\{.*?\}\}|\.ya?ml$/g, '')) || looksLikeTemplate(dirname(target))) return [];
  const folders = [
    dirname(task.where?.file ?? play.file),
    ...(task.scope.role ? [join(task.scope.role.path, 'tasks')] : []),
  ];
  const names = folders.flatMap((folder) => filesIn(join(folder, dirname(target))));
  return [...new Set(names)]
    .filter((one) => new RegExp(`^${pattern}$`).test(one))
    .map((one) => join(dirname(target), one));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function scopeOf(task: Task) {
  const vars: Dict = new Map();
  const include: Include = {
    kind: task.module === 'include_role' ? 'role' : 'tasks',
    target: '',
    args: task.args,
    vars,
  };
  return scopeOfInclude(task, include);
}

/** The play's parts without what reading a file would add to them. */
function apart(play: Play): Play {
  return { ...play, roles: [...play.roles], handlers: [], uses: new Map(), importing: [] };
}
