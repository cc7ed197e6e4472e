import pLimit from 'p-limit';
import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Emit } from '../model/run.js';
import { count } from '../model/run-view.js';
import type { HostRun } from './host-run.js';
import { partsOf, type PlayContext, type PlaybookLoader, resolveTaskFile } from './playbook.js';
import { selectedByTags } from './tags.js';
import { type Include, isTrue, type TaskOutcome } from './task-result.js';
import type { TaskRunner } from './task-runner.js';
import { type Block, type Scope, type Task, type TaskNode, titleOf } from './task.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

export type PlayRunnerOptions = {
  world: VariableWorld;
  runner: TaskRunner;
  loader: PlaybookLoader;
  emit: Emit;
  signal: AbortSignal;
  forks: number;
  tags: readonly string[];
  skipTags: readonly string[];
  /** Tasks before the one of this name are left out. */
  startAt: { name: string | undefined };
  now(): number;
};

/** Where in the play the tasks stand: in the body of a block with a rescue, a failure is not the host's end yet. */
type Surroundings = { play: PlayRun; context: PlayContext; rescuable: boolean; handlers: boolean };

const FORESEEN_TASKS = 20;

/**
 * Runs the tasks of one batch of a play in Ansible's linear order: every task on all hosts at once before the next task begins.
 * A host that fails leaves the others to go on.
 */
export function createPlayRunner(options: PlayRunnerOptions) {
  const { world, runner, loader, emit, signal } = options;
  const limit = pLimit(options.forks);

  async function runBatch(play: PlayRun): Promise<void> {
    const context: PlayContext = {
      file: play.play.file,
      folder: world.playbookFolder,
      roles: play.roles,
      handlers: play.play.handlers,
      done: new Set(),
    };
    const around: Surroundings = { play, context, rescuable: false, handlers: false };
    try {
      for (const section of [play.play.preTasks, play.play.tasks, play.play.postTasks]) {
        await runNodes(section, active(play.batch), around);
        await flushHandlers(around);
      }
    } catch (thrown) {
      if (!(thrown instanceof EndPlay)) throw thrown;
    }
  }

  async function runNodes(nodes: readonly TaskNode[], hosts: readonly HostRun[], around: Surroundings): Promise<void> {
    for (const [index, node] of nodes.entries()) {
      const here = active(hosts);
      if (here.length === 0) return;
      if (node.kind === 'block') await runBlock(node, here, around);
      else await runTask(node, here, around, nodes.slice(index + 1, index + 1 + FORESEEN_TASKS));
    }
  }

  async function runBlock(block: Block, hosts: readonly HostRun[], around: Surroundings): Promise<void> {
    const rescuable = block.rescue.length > 0;
    await runNodes(block.block, hosts, { ...around, rescuable: rescuable || around.rescuable });
    const fallen = hosts.filter(({ status }) => status === 'failed');
    if (rescuable && fallen.length > 0) {
      for (const host of fallen) host.status = 'active';
      await runNodes(block.rescue, fallen, around);
    }
    if (block.always.length === 0) return;
    const stillFailed = hosts.filter(({ status }) => status === 'failed');
    for (const host of stillFailed) host.status = 'active';
    await runNodes(block.always, hosts, around);
    for (const host of stillFailed) if (host.status === 'active') host.status = 'failed';
  }

  async function runTask(
    task: Task,
    hosts: readonly HostRun[],
    around: Surroundings,
    next: readonly TaskNode[],
  ): Promise<void> {
    signal.throwIfAborted();
    const title = headline(task, hosts[0], around.play);
    if (!around.handlers && !selectedByTags(tagsOf(task, hosts[0], around.play), options.tags, options.skipTags))
      return;
    if (!reached(title)) return;
    if (task.module === 'meta' && (await runMeta(task, hosts, around))) return;

    const names = { play: around.play.play.name, role: task.scope.role?.name ?? null, task: title };
    emit({ type: 'task.started', ...names });
    const once = isTrue(templatedKeyword(task, hosts[0], around.play, 'run_once'));
    const doers = once ? hosts.slice(0, 1) : hosts;
    const outcomes = await Promise.all(doers.map((host) => limit(() => runOnHost(task, host, around, names, next))));
    if (once) shareResult(task, hosts, outcomes[0]);
    await runIncludes(task, doers, outcomes, around);
    stopIfTooManyFailed(task, hosts, around);
  }

  async function runOnHost(
    task: Task,
    host: HostRun,
    around: Surroundings,
    names: { play: string; role: string | null; task: string },
    next: readonly TaskNode[],
  ): Promise<TaskOutcome> {
    const startedAt = options.now();
    await foresee([task, ...next], host, around.play);
    const doer = delegateOf(task, host, around.play);
    const outcome = await runner.run(task, doer ? { ...host, session: doer.session } : host, around.play);
    signal.throwIfAborted();
    settle(task, host, outcome, around);
    for (const { label, ...item } of outcome.items)
      emit({ type: 'task.result', ...names, host: host.name, item: label, ...item, ms: 0 });
    emit({
      type: 'task.result',
      ...names,
      host: host.name,
      status: outcome.status,
      changed: outcome.changed,
      ms: options.now() - startedAt,
      message: outcome.message,
      diff: outcome.diff,
    });
    return outcome;
  }

  /** Reads what this and the following tasks will ask in one round trip, as long as nothing between them changes the host. */
  async function foresee(tasks: readonly TaskNode[], host: HostRun, play: PlayRun): Promise<void> {
    const [first, ...others] = tasks;
    if (first?.kind !== 'task') return;
    const now = await runner.foreseeFacts(first, host, play);
    if (now.length === 0 || now.every(({ script, become }) => host.session.known(script, become))) return;
    const ahead = [...now];
    for (const task of others) {
      if (task.kind !== 'task' || task.module === 'meta' || task.module.startsWith('include')) break;
      ahead.push(...(await runner.foreseeFacts(task, host, play)));
    }
    host.session.prefetch(ahead, signal);
  }

  /** Puts the outcome into the host's state: its recap, whether it goes on, and which handlers it owes. */
  function settle(task: Task, host: HostRun, outcome: TaskOutcome, { play, rescuable }: Surroundings): void {
    const rescued = outcome.status === 'failed' && rescuable;
    host.recap = rescued ? { ...host.recap, rescued: host.recap.rescued + 1 } : count(host.recap, outcome);
    if (outcome.status === 'failed') host.status = 'failed';
    if (outcome.status === 'unreachable') {
      const ignored = isTrue(templatedKeyword(task, host, play, 'ignore_unreachable'));
      if (!ignored) host.status = 'unreachable';
    }
    if (outcome.endHost) host.status = 'ended';
    if (outcome.status === 'failed' && rescuable) {
      host.setFacts.set('ansible_failed_result', outcome.result);
      host.setFacts.set(
        'ansible_failed_task',
        new Map<Value, Value>([
          ['name', task.name ?? ''],
          ['action', task.module],
        ]),
      );
    }
    if (outcome.changed && outcome.status !== 'failed') notify(task, host, play);
  }

  function notify(task: Task, host: HostRun, play: PlayRun): void {
    for (const raw of task.scope.notify) {
      const templar = templarFor(world, play, host, task);
      const value = templar.template(raw, task.where);
      for (const name of Array.isArray(value) ? value.map(String) : [String(value)]) {
        if (handlersNamed(play, name).length === 0) {
          throw new StarsError(
            'PLAYBOOK',
            `The task “${titleOf(task)}” notifies the handler “${name}”, which no role or play defines.`,
            {
              hint: `Handlers: ${play.play.handlers.flatMap((one) => (one.kind === 'task' && one.name ? [one.name] : [])).join(', ') || 'none'}.`,
              ...(task.where ? { where: task.where } : {}),
            },
          );
        }
        host.notified.add(name);
      }
    }
  }

  /** Handlers run once, in the order of their definition; of two with one name the last defined is meant. */
  function handlersNamed(play: PlayRun, name: string): Task[] {
    const tasks = play.play.handlers.filter((node): node is Task => node.kind === 'task');
    const byName = tasks.findLast(
      (handler) =>
        handlerName(handler, play) === name || `${handler.scope.role?.name} : ${handlerName(handler, play)}` === name,
    );
    return [...new Set([...(byName ? [byName] : []), ...tasks.filter(({ listen }) => listen.includes(name))])];
  }

  function handlerName(handler: Task, play: PlayRun): string | undefined {
    const host = play.batch[0];
    return handler.name?.includes('{{') && host ? headline(handler, host, play) : handler.name;
  }

  async function flushHandlers(around: Surroundings): Promise<void> {
    const force = isTrue(around.play.play.keywords.get('force_handlers') ?? false);
    const able = around.play.batch.filter(({ status }) => status === 'active' || (force && status === 'failed'));
    for (let round = 0; round < 20; round += 1) {
      const owed = new Map<Task, HostRun[]>();
      for (const host of able) {
        for (const name of host.notified)
          for (const handler of handlersNamed(around.play, name))
            owed.set(handler, [...(owed.get(handler) ?? []), host]);
        host.notified.clear();
      }
      if (owed.size === 0) return;
      for (const handler of around.play.play.handlers) {
        const hosts = handler.kind === 'task' ? [...new Set(owed.get(handler))] : [];
        if (handler.kind !== 'task' || hosts.length === 0) continue;
        await runNodes([handler], hosts, { ...around, handlers: true });
      }
    }
  }

  /** The actions of meta that concern the whole play; false for those that each host performs. */
  async function runMeta(task: Task, hosts: readonly HostRun[], around: Surroundings): Promise<boolean> {
    const action = (task.rawText ?? '').trim();
    const willing = hosts.filter((host) => conditionsHold(task, host, around.play));
    if (action === 'flush_handlers') {
      if (willing.length > 0) await flushHandlers(around);
      return true;
    }
    if (action === 'end_play' || action === 'end_batch') {
      if (willing.length > 0) throw new EndPlay();
      return true;
    }
    if (action === 'clear_host_errors') {
      for (const host of around.play.all)
        if (host.status === 'failed' || host.status === 'unreachable') host.status = 'active';
      return true;
    }
    return action !== 'end_host' && action !== 'clear_facts';
  }

  function conditionsHold(task: Task, host: HostRun, play: PlayRun): boolean {
    const templar = templarFor(world, play, host, task);
    return task.scope.when.every((condition) => templar.condition(condition, task.where));
  }

  async function runIncludes(
    task: Task,
    hosts: readonly HostRun[],
    outcomes: readonly TaskOutcome[],
    around: Surroundings,
  ): Promise<void> {
    const groups = new Map<string, { include: Include; hosts: HostRun[] }>();
    for (const [index, outcome] of outcomes.entries()) {
      for (const include of outcome.includes) {
        const key = JSON.stringify([include.kind, include.target, [...include.vars].map(String)]);
        const group = groups.get(key) ?? { include, hosts: [] };
        const host = hosts[index];
        if (host) group.hosts.push(host);
        groups.set(key, group);
      }
    }
    for (const { include, hosts: members } of groups.values()) {
      await runNodes(loadInclude(task, include, around), members, around);
    }
  }

  function loadInclude(task: Task, include: Include, { context }: Surroundings): TaskNode[] {
    const scope = scopeOfInclude(task, include);
    if (include.kind === 'role')
      return loader.useRole(
        include.target,
        { scope, parts: partsOf(include.args), where: task.where },
        { ...context, done: new Set() },
      );
    const file = resolveTaskFile(include.target, task.where?.file ?? context.file, task.scope.role, context.folder);
    if (!file) {
      throw new StarsError(
        'PLAYBOOK',
        `The task file ${include.target} was not found.`,
        task.where ? { where: task.where } : {},
      );
    }
    return loader.loadTaskFile(file, scope, context);
  }

  function reached(title: string): boolean {
    const { startAt } = options;
    if (startAt.name === undefined) return true;
    const pattern = new RegExp(
      `^${startAt.name
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
    if (!pattern.test(title)) return false;
    startAt.name = undefined;
    return true;
  }

  function stopIfTooManyFailed(task: Task, hosts: readonly HostRun[], { play, rescuable }: Surroundings): void {
    const down = ({ status }: HostRun) => status === 'failed' || status === 'unreachable';
    if (rescuable || !hosts.some(down)) return;
    const anyFatal = isTrue(
      templatedKeyword(task, hosts[0], play, 'any_errors_fatal') ?? play.play.keywords.get('any_errors_fatal') ?? false,
    );
    const most = play.play.keywords.get('max_fail_percentage');
    const share = (100 * play.batch.filter(down).length) / play.batch.length;
    if (!anyFatal && !(most !== undefined && most !== null && share > Number(most))) return;
    for (const host of active(play.batch)) host.status = 'failed';
  }

  function delegateOf(task: Task, host: HostRun, play: PlayRun): HostRun | undefined {
    const to = templatedKeyword(task, host, play, 'delegate_to');
    if (to === undefined || to === host.name) return undefined;
    const other = world.hostRun(String(to));
    if (!other)
      throw new StarsError(
        'PLAYBOOK',
        `delegate_to names ${String(to)}, which is not a host of the inventory.`,
        task.where ? { where: task.where } : {},
      );
    return other;
  }

  function templatedKeyword(task: Task, host: HostRun | undefined, play: PlayRun, name: string): Value | undefined {
    const raw = task.keywords.get(name) ?? task.scope.keywords.get(name);
    if (raw === undefined || !host) return undefined;
    return typeof raw === 'string' ? templarFor(world, play, host, task).template(raw, task.where) : raw;
  }

  function headline(task: Task, host: HostRun | undefined, play: PlayRun): string {
    const title = titleOf(task);
    if (!host || !title.includes('{{')) return title;
    try {
      return String(templarFor(world, play, host, task).template(title, task.where));
    } catch {
      return title;
    }
  }

  function tagsOf(task: Task, host: HostRun | undefined, play: PlayRun): string[] {
    if (!host || !task.scope.tags.some((tag) => tag.includes('{{'))) return [...task.scope.tags];
    const value = templarFor(world, play, host, task).template([...task.scope.tags], task.where);
    return Array.isArray(value) ? value.flat().map(String) : [];
  }

  return { runBatch };
}

/** meta: end_play. */
class EndPlay extends Error {}

function active(hosts: readonly HostRun[]): HostRun[] {
  return hosts.filter(({ status }) => status === 'active');
}

/** With run_once every host of the batch knows the result. */
function shareResult(task: Task, hosts: readonly HostRun[], outcome: TaskOutcome | undefined): void {
  const register = task.keywords.get('register');
  if (!outcome) return;
  for (const host of hosts.slice(1)) {
    if (typeof register === 'string') host.setFacts.set(register, outcome.result);
    const facts = outcome.result.get('ansible_facts');
    if (task.module === 'set_fact' && facts instanceof Map)
      for (const [name, value] of facts) host.setFacts.set(name, value);
    if (outcome.status === 'failed') host.status = 'failed';
  }
}

/** include_tasks hands down its variables only; the old include and imports hand down conditions and tags as well. */
function scopeOfInclude(task: Task, { kind, args, vars }: Include): Scope {
  const legacy = task.module === 'include' || task.module.startsWith('import_');
  const named: Dict = new Map(
    [...args].filter(([name]) => legacy && !['file', '_raw_params', 'name'].includes(String(name))),
  );
  const apply = args.get('apply');
  const extra = apply instanceof Map ? apply : new Map<Value, Value>();
  const scope: Scope = {
    ...task.scope,
    when: legacy ? task.scope.when : withApplied(extra, 'when'),
    tags: legacy ? task.scope.tags : [...inheritedTags(task), ...withApplied(extra, 'tags').flat().map(String)],
    notify: legacy ? task.scope.notify : [],
    keywords: new Map([
      ...task.scope.keywords,
      ...[...extra].filter(
        (pair): pair is [string, Value] => typeof pair[0] === 'string' && pair[0] !== 'when' && pair[0] !== 'tags',
      ),
    ]),
    params: [...task.scope.params, ...(named.size > 0 ? [named] : []), ...(vars.size > 0 ? [vars] : [])],
  };
  return kind === 'role' ? { ...scope, role: undefined } : scope;
}

function inheritedTags(task: Task): string[] {
  // The include's own tags decide whether it runs; its tasks keep only those they have themselves, plus always when the include had it.
  return task.scope.tags.includes('always') ? ['always'] : [];
}

function withApplied(apply: Dict, name: string): Value[] {
  const value = apply.get(name);
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
