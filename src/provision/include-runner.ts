import type { HostRecap } from '../model/run.js';
import type { HostRun } from './host-run.js';
import { mayRepeat, ownVariables, partsOf, resolveTaskFile, scopeOfInclude, validates } from './includes.js';
import type { Play, PlaybookLoader } from './playbook.js';
import { playbookError } from './playbook-error.js';
import { isTrue, plainOf, type Include, type TaskOutcome } from './task-result.js';
import type { Task, TaskNode } from './task.js';

/** What one include brings to one host; hosts with the same key run the same nodes together. */
export type IncludedNodes = { key: string; host: HostRun; nodes: TaskNode[] };

/** Loads what tasks include at run time and puts hosts that include the same together. */
export function createIncludeRunner(loader: PlaybookLoader) {
  // Hosts that include the same come one after another, so the last few are enough.
  let recent: { task: Task; play: Play; loaded: Map<string, TaskNode[]> } | undefined;

  /** Throws PLAYBOOK, SYNTAX or UNSUPPORTED with file and line. */
  function load(task: Task, include: Include, host: HostRun, play: Play): IncludedNodes {
    const key = JSON.stringify([include.kind, include.target, plainOf(include.args), plainOf(include.vars)]);
    if (recent?.task !== task || recent.play !== play) recent = { task, play, loaded: new Map() };
    const nodes = recent.loaded.get(key) ?? read(task, include, play);
    recent.loaded.set(key, nodes);
    return { key, host, nodes };
  }

  function read(task: Task, include: Include, play: Play): TaskNode[] {
    const scope = scopeOfInclude(task, include);
    if (include.kind === 'role') {
      return loader.useRole(
        include.target,
        {
          scope,
          parts: partsOf(include.args),
          entryVars: ownVariables(task),
          where: task.where,
          again: mayRepeat(include.args),
          seenIn: isTrue(include.args.get('public') ?? false) ? play.roles : undefined,
          validate: validates(include.args),
        },
        play,
      );
    }
    const file = resolveTaskFile(include.target, task.where?.file ?? play.file, task.scope.role, play.folder);
    if (file) return loader.loadTaskFile(file, scope, play);
    throw playbookError(`The task file ${include.target} was not found.`, task.where);
  }

  /** The included nodes in order, each with the hosts that run them together; one host runs the same twice if it says so twice. */
  function grouped(found: readonly (readonly IncludedNodes[])[]): { nodes: TaskNode[]; hosts: HostRun[] }[] {
    const groups: { key: string; nodes: TaskNode[]; hosts: HostRun[] }[] = [];
    for (const { key, host, nodes } of found.flat()) {
      const group = groups.find((one) => one.key === key && !one.hosts.includes(host));
      if (group) group.hosts.push(host);
      else groups.push({ key, nodes: groups.some((one) => one.key === key) ? copyOf(nodes) : nodes, hosts: [host] });
    }
    return groups;
  }

  /** As Ansible counts: an include of tasks once for each file, that of a role not at all; undefined for other tasks. */
  function recapOf(
    task: Task,
    { status }: TaskOutcome,
    included: readonly IncludedNodes[],
    recap: HostRecap,
  ): HostRecap | undefined {
    if (status !== 'ok' || !/^(include|include_tasks|import_tasks|include_role)$/.test(task.module)) return undefined;
    return task.module === 'include_role' ? recap : { ...recap, ok: recap.ok + included.length };
  }

  return { load, grouped, recapOf };
}

/** The same tasks once more, which are tasks of their own. */
function copyOf(nodes: readonly TaskNode[]): TaskNode[] {
  return nodes.map((node) =>
    node.kind === 'block'
      ? { ...node, block: copyOf(node.block), rescue: copyOf(node.rescue), always: copyOf(node.always) }
      : { ...node },
  );
}
