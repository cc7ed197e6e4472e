import { FACT_TASK } from './fact-gathering.js';
import pLimit from 'p-limit';
import { asStarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import type { Emit } from '../model/run.js';
import { count } from '../model/run-view.js';
import { plain, protect } from '../templating/unsafe.js';
import { createHandlers, type Handlers } from './handlers.js';
import { clearFacts, type HostRun } from './host-run.js';
import { createIncludeRunner, type IncludedNodes } from './include-runner.js';
import { failedOutcome, isHidden } from './outcome.js';
import type { PlaybookLoader } from './playbook.js';
import { playbookError } from './playbook-error.js';
import { selectedByTags } from './tags.js';
import { flagOf, holds, reachOf } from './task-keywords.js';
import { isTrue, type TaskOutcome } from './task-result.js';
import type { TaskRunner } from './task-runner.js';
import { type Block, type Task, type TaskNode, titleOf } from './task.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';
import { pythonText } from './python-text.js';

export type PlayRunnerOptions = {
  world: VariableWorld;
  runner: TaskRunner;
  loader: PlaybookLoader;
  emit: Emit;
  signal: AbortSignal;
  forks: number;
  tags: readonly string[];
  skipTags: readonly string[];
  /** Tasks before the one of this name are left out; undefined from that task on. */
  startAt: { name: string | undefined };
  /** How many tasks acted on a host so far. */
  actions(): number;
  now(): number;
};

/** How the tasks of a batch ended: by themselves, with meta: end_play, or so that nothing after them may run. */
export type BatchEnd = 'done' | 'play-ended' | 'broken';

/** Where in the play the tasks stand: in the body of a block with a rescue, a failure is not the host's end yet. */
type Surroundings = { play: PlayRun; handlers: Handlers; rescuable: boolean; inHandlers: boolean; depth: number };

type Names = { play: string; role: string | null; task: string };

const FORESEEN_TASKS = 20;
const DEEPEST_INCLUDE = 100;

/**
 * Runs the tasks of one batch of a play in Ansible's linear order: every task on all hosts at once before the next task begins.
 * A host that fails leaves the others to go on.
 */
export function createPlayRunner(options: PlayRunnerOptions) {
  const { world, runner, emit, signal } = options;
  const limit = pLimit(options.forks);
  const includes = createIncludeRunner(options.loader);

  async function runBatch(play: PlayRun, setup: Task | undefined): Promise<BatchEnd> {
    const handlers = createHandlers(play.play.handlers, (handler) => handlerName(handler, play));
    const around: Surroundings = { play, handlers, rescuable: false, inHandlers: false, depth: 0 };
    const { preTasks, tasks, postTasks } = play.play;
    try {
      if (setup) await runTask(setup, active(play.batch), around, [...preTasks, ...tasks].slice(0, FORESEEN_TASKS));
      for (const section of [preTasks, tasks, postTasks]) {
        await runNodes(section, active(play.batch), around);
        await flushHandlers(play.batch, around);
      }
      return 'done';
    } catch (thrown) {
      if (thrown instanceof EndOfPlay) return thrown.end;
      throw thrown;
    }
  }

  async function runNodes(nodes: readonly TaskNode[], hosts: readonly HostRun[], around: Surroundings): Promise<void> {
    for (const [index, node] of nodes.entries()) {
      const here = active(hosts);
      if (here.length === 0) return;
      if (node.kind === 'block') await runBlock(node, here, around);
      else if (node.kind === 'task')
        await runTask(node, here, around, nodes.slice(index + 1, index + 1 + FORESEEN_TASKS));
      else for (const host of here) if (node.use.ran.has(host.name)) node.use.completed.add(host.name);
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
    if (block.always.length > 0) await withFailed(hosts, () => runNodes(block.always, hosts, around));
  }

  /** Lets failed hosts take part once more; they stay failed. */
  async function withFailed(hosts: readonly HostRun[], act: () => Promise<void>): Promise<void> {
    const failed = hosts.filter(({ status }) => status === 'failed');
    for (const host of failed) host.status = 'active';
    await act();
    for (const host of failed) if (host.status !== 'unreachable') host.status = 'failed';
  }

  async function runTask(
    task: Task,
    given: readonly HostRun[],
    around: Surroundings,
    next: readonly TaskNode[],
  ): Promise<void> {
    signal.throwIfAborted();
    const hosts = around.inHandlers ? given : given.filter((host) => !hadRole(task, host));
    const [first] = hosts;
    if (!first || !selected(task, first, around)) return;
    if (task.module === 'meta') return runMeta(task, hosts, around);

    for (const host of hosts) world.hidePasswords(templarFor(world, around.play, host, task));
    const names = {
      play: around.play.play.name,
      role: task.scope.role?.name ?? null,
      task: shownName(task, first, around.play),
    };
    emit({ type: 'task.started', ...names });
    const once = keywordFlag(task, first, around.play, 'run_once');
    const doers = once ? [first] : hosts;
    const before = options.actions();
    const found = await Promise.all(
      doers.map((host) => limit(() => runOnHost(task, host, { around, names, next, once }))),
    );
    // A change on one host may show on others: a service that answers there, a file on a shared disk.
    if (options.actions() > before) for (const host of around.play.all) host.forget();
    stopIfTooManyFailed(task, first, around);
    for (const { nodes, hosts: members } of includes.grouped(found))
      await runNodes(nodes, members, { ...around, depth: around.depth + 1 });
  }

  /** A role that ran on a host does not run again. */
  function hadRole({ scope: { use } }: Task, host: HostRun): boolean {
    return use !== undefined && !use.again && use.completed.has(host.name);
  }

  function selected(task: Task, host: HostRun, { play, inHandlers }: Surroundings): boolean {
    if (inHandlers) return true;
    if (!selectedByTags(tagsOf(task, host, play), options.tags, options.skipTags)) return false;
    return task.module === 'setup' && task.name === FACT_TASK ? true : reached(task, host, play);
  }

  type Turn = { around: Surroundings; names: Names; next: readonly TaskNode[]; once: boolean };

  async function runOnHost(task: Task, host: HostRun, { around, names, next, once }: Turn): Promise<IncludedNodes[]> {
    const startedAt = options.now();
    const { play } = around;
    await runner.foresee(task, next, host, play);
    const sharers = once ? play.batch.filter(({ status }) => status !== 'unreachable') : [host];
    const ran = await runner.run({ task, host, play, sharers });
    signal.throwIfAborted();
    const { outcome, included } = settle(task, host, ran, around);
    if (outcome.status !== 'skipped') task.scope.use?.ran.add(host.name);
    if (once && outcome.status === 'failed') for (const other of active(play.batch)) other.status = 'failed';
    for (const { label, ...item } of outcome.items)
      emit({ type: 'task.result', ...names, host: host.name, item: label, ...item, ms: 0 });
    const { status, changed, message, diff } = outcome;
    const ms = options.now() - startedAt;
    emit({ type: 'task.result', ...names, host: host.name, status, changed, ms, message, diff });
    return included;
  }

  /** Puts the outcome into the host's state: its recap, whether it goes on, which handlers it owes and what it includes. */
  function settle(task: Task, host: HostRun, given: TaskOutcome, around: Surroundings) {
    const { outcome, included } = withConsequences(task, host, given, around);
    const { status } = outcome;
    const rescued = status === 'failed' && around.rescuable;
    if (rescued) host.recap = { ...host.recap, rescued: host.recap.rescued + 1 };
    else host.recap = includes.recapOf(task, outcome, included, host.recap) ?? count(host.recap, outcome);
    if (status === 'failed' || status === 'unreachable') host.status = status;
    if (rescued) rememberFailure(task, host, outcome);
    return { outcome, included };
  }

  /** The outcome after notifying handlers, finding included files and reading variables files, each of which may fail. */
  function withConsequences(task: Task, host: HostRun, outcome: TaskOutcome, around: Surroundings) {
    const templar = templarFor(world, around.play, host, task);
    try {
      if (outcome.status === 'ok' && outcome.changed) notify(task, host, around);
      if (task.module === 'setup' && outcome.status === 'ok') around.play.varsFiles.read(host.name, templar, true);
      if (outcome.includes.length > 0 && around.depth >= DEEPEST_INCLUDE)
        throw playbookError(`The task files include each other more than ${DEEPEST_INCLUDE} levels deep.`, task.where);
      return { outcome, included: outcome.includes.map((one) => includes.load(task, one, host, around.play.play)) };
    } catch (thrown) {
      return { outcome: failedOutcome(task, templar, asStarsError(thrown)), included: [] };
    }
  }

  function rememberFailure(task: Task, host: HostRun, outcome: TaskOutcome): void {
    host.setFacts.set('ansible_failed_result', protect(plain(outcome.result)));
    const told: [Value, Value][] = [
      ['name', task.name ?? ''],
      ['action', task.module],
    ];
    host.setFacts.set('ansible_failed_task', new Map(told));
  }

  function notify(task: Task, host: HostRun, { play, handlers }: Surroundings): void {
    for (const raw of task.scope.notify) {
      const value = templarFor(world, play, host, task).template(raw, task.where);
      for (const name of Array.isArray(value) ? value.map(String) : [pythonText(value)]) {
        if (handlers.notify(name, host)) continue;
        throw playbookError(
          `The task “${titleOf(task)}” notifies the handler “${name}”, which no role or play defines.`,
          task.where,
          `Handlers: ${handlers.names().join(', ') || 'none'}.`,
        );
      }
    }
  }

  /** Handlers run once each, in the order of their definition; one that notifies another further down takes that along. */
  async function flushHandlers(members: readonly HostRun[], around: Surroundings): Promise<void> {
    const { play, handlers } = around;
    const force = keywordFlagOfPlay(play, 'force_handlers');
    const act = async () => {
      for (let index = 0; index < handlers.all().length; index += 1) {
        const handler = handlers.all()[index];
        const owing = handler ? handlers.take(handler) : new Set<HostRun>();
        const hosts = members.filter((host) => owing.has(host) && host.status === 'active');
        for (const host of owing) if (handler && !members.includes(host)) handlers.owe(handler, host);
        if (handler && hosts.length > 0)
          await runNodes([handler], hosts, { ...around, inHandlers: true, rescuable: false });
      }
    };
    await (force ? withFailed(play.batch, act) : act());
  }

  /** Meta tasks are the play's own: no host counts them. */
  async function runMeta(task: Task, hosts: readonly HostRun[], around: Surroundings): Promise<void> {
    const action = (task.rawText ?? '').trim();
    const willing = hosts.filter((host) => holds(task, templarFor(world, around.play, host, task)));
    if (willing.length === 0) return;
    if (action === 'flush_handlers') return flushHandlers(willing, around);
    if (action === 'end_play') throw new EndOfPlay('play-ended');
    if (action === 'end_batch') throw new EndOfPlay('done');
    if (action === 'end_host') for (const host of willing) host.status = 'ended';
    if (action === 'clear_facts') for (const host of around.play.batch) clearFacts(host);
    if (action === 'clear_host_errors') clearErrors(around.play);
    if (action === 'reset_connection')
      await Promise.all(willing.map((host) => resetConnection(task, host, around.play)));
  }

  async function resetConnection(task: Task, host: HostRun, play: PlayRun): Promise<void> {
    await host.session(reachOf(task, templarFor(world, play, host, task))).close();
  }

  function reached(task: Task, host: HostRun, play: PlayRun): boolean {
    const { startAt } = options;
    if (startAt.name === undefined) return true;
    const title = headline(task, host, play);
    const titles = [title, titleOf(task), `${task.scope.role?.name} : ${title}`];
    if (!titles.some((one) => matchesName(one, startAt.name ?? ''))) return false;
    startAt.name = undefined;
    return true;
  }

  function stopIfTooManyFailed(task: Task, host: HostRun, { play, rescuable }: Surroundings): void {
    const down = play.batch.filter(({ status }) => status === 'failed' || status === 'unreachable');
    if (rescuable || down.length === 0) return;
    const fatal = keywordFlag(task, host, play, 'any_errors_fatal') || keywordFlag(task, host, play, 'run_once');
    const most = play.play.keywords.get('max_fail_percentage') ?? null;
    const failed = play.batch.filter(({ status }) => status === 'failed').length;
    if (!fatal && (most === null || (100 * failed) / play.batch.length <= Number(most))) return;
    for (const other of active(play.batch)) other.status = 'failed';
    throw new EndOfPlay('broken');
  }

  function keywordFlag(task: Task, host: HostRun, play: PlayRun, name: string): boolean {
    if (!task.keywords.has(name) && !task.scope.keywords.has(name)) return false;
    return flagOf(task, templarFor(world, play, host, task), name);
  }

  function keywordFlagOfPlay(play: PlayRun, name: string): boolean {
    return isTrue(play.play.keywords.get(name) ?? false);
  }

  function handlerName(handler: Task, play: PlayRun): string | undefined {
    const host = play.batch[0];
    return handler.name?.includes('{{') && host ? headline(handler, host, play) : handler.name;
  }

  /** The name for events; templating it would show what no_log is to hide. */
  function shownName(task: Task, host: HostRun, play: PlayRun): string {
    try {
      return isHidden(task, templarFor(world, play, host, task)) ? titleOf(task) : headline(task, host, play);
    } catch {
      // The task itself tells what is wrong with its no_log.
      return titleOf(task);
    }
  }

  function headline(task: Task, host: HostRun, play: PlayRun): string {
    const title = titleOf(task);
    if (!title.includes('{{')) return title;
    try {
      return pythonText(templarFor(world, play, host, task).template(title, task.where));
    } catch {
      return title;
    }
  }

  function tagsOf(task: Task, host: HostRun, play: PlayRun): string[] {
    if (!task.scope.tags.some((tag) => tag.includes('{{'))) return [...task.scope.tags];
    const value = templarFor(world, play, host, task).template([...task.scope.tags], task.where);
    return Array.isArray(value) ? value.flat().map(String) : [];
  }

  return { runBatch };
}

/** The play, or what is left of the whole playbook, does not go on. */
class EndOfPlay extends Error {
  constructor(readonly end: BatchEnd) {
    super(end);
  }
}

function active(hosts: readonly HostRun[]): HostRun[] {
  return hosts.filter(({ status }) => status === 'active');
}

function clearErrors(play: PlayRun): void {
  for (const host of play.all) if (host.status === 'failed' || host.status === 'unreachable') host.status = 'active';
}

function matchesName(title: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return title === pattern || new RegExp(`^${source}$`, 's').test(title);
}
