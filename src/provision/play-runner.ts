import pLimit, { type LimitFunction } from 'p-limit';
import type { OwedHandler } from '../model/remainder.js';
import type { Emit } from '../model/run.js';
import { controlModules } from './control/index.js';
import type { OnResult } from './ad-hoc.js';
import { type BatchEnd, EndOfPlay, forcesHandlers, stopIfTooManyFailed, uncountedFailures } from './end-of-play.js';
import { FACT_TASK } from './fact-gathering.js';
import type { Foresight } from './foresight.js';
import { createHandlers } from './handlers.js';
import type { HostRun } from './host-run.js';
import { createHostTurn, type Doer } from './host-turn.js';
import { createIncludeRunner } from './include-runner.js';
import { lockInOrder } from './lock-in-order.js';
import { runMeta } from './meta.js';
import type { Act } from './module-runner.js';
import { oweFromBefore, owedIn } from './notify.js';
import type { Batch, Names, Surroundings } from './play-batch.js';
import type { PlaybookLoader } from './playbook.js';
import { strategyOf } from './strategy.js';
import { selectedByTags } from './tags.js';
import { flagOf } from './task-keywords.js';
import { createTaskNames } from './task-names.js';
import type { TaskRunner } from './task-runner.js';
import type { Block, Task, TaskNode } from './task.js';
import { createThrottle } from './throttle.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

export type PlayRunnerOptions = {
  world: VariableWorld;
  runner: TaskRunner;
  foresight: Foresight;
  loader: PlaybookLoader;
  emit: Emit;
  remark(message: string): void;
  refreshInventory(): Promise<void>;
  signal: AbortSignal;
  forks: number;
  tags: readonly string[];
  skipTags: readonly string[];
  /** Tasks before the one of this name are left out; undefined from that task on. */
  startAt: { name: string | undefined };
  /** Handlers that hosts owe from an earlier run, once the first task is reached. */
  owed: readonly OwedHandler[];
  /** Told of each task that begins. */
  announced(task: Task): void;
  /** The tasks that acted on hosts so far. */
  actions: readonly Act[];
  now(): number;
  /** Told of what each host came to in each task. */
  onResult?: OnResult | undefined;
};

const FORESEEN_TASKS = 40;

/**
 * Runs the tasks of one batch of a play: in Ansible's linear order, where every task runs on all hosts at once before the next
 * task begins, or freely, each host as fast as it can. A host that fails leaves the others to go on.
 */
export function createPlayRunner(options: PlayRunnerOptions) {
  const { world, emit, signal } = options;
  const limit = pLimit(options.forks);
  const throttle = createThrottle(world, limit);
  const includes = createIncludeRunner(options.loader);
  const names = createTaskNames(world);
  const runOnHost = createHostTurn({ ...options, includes, names });

  async function runBatch(play: PlayRun, setup: Task | undefined): Promise<BatchEnd> {
    const strategy = strategyOf(play.play);
    const handlers = createHandlers(play.play.handlers, (handler) => names.ofHandler(handler, play));
    const owing = owedIn(play.play.name, options.owed);
    const free = strategy !== 'linear';
    const batch: Batch = { play, handlers, owing, free, told: new WeakMap<Task, Set<string>>(), ending: undefined };
    const around: Surroundings = { batch, rescuable: false, inHandlers: false, depth: 0 };
    const uncounted = uncountedFailures(play, free);
    if (uncounted) options.remark(uncounted);
    try {
      await lockAhead(play, setup);
      if (strategy === 'linear') await runSections(play.batch, around, setup);
      else await runFreely(around, setup, strategy === 'free' ? undefined : pLimit(options.forks));
      return 'done';
    } catch (thrown) {
      if (thrown instanceof EndOfPlay) return thrown.end;
      throw thrown;
    }
  }

  async function lockAhead(play: PlayRun, setup: Task | undefined): Promise<void> {
    const task = setup ?? firstTask(play.play.preTasks) ?? firstTask(play.play.tasks);
    if (!world.waitsForHosts || !task) return;
    await lockInOrder(play.batch, (host) => options.runner.reach(task, host, play), signal);
  }

  async function runFreely({ batch, ...around }: Surroundings, setup: Task | undefined, atOnce?: LimitFunction) {
    const runs = batch.play.batch.map((host) => {
      const run = () => runSections([host], { ...around, batch }, setup).catch(endForAll(batch));
      return atOnce ? atOnce(run) : run();
    });
    const ends = await Promise.allSettled(runs);
    const broken = ends.find((end) => end.status === 'rejected');
    if (broken) throw broken.reason;
    if (batch.ending) throw batch.ending;
  }

  function endForAll(batch: Batch) {
    return (thrown: unknown) => {
      if (!(thrown instanceof EndOfPlay)) throw thrown;
      batch.ending = thrown;
    };
  }

  async function runSections(members: readonly HostRun[], around: Surroundings, setup: Task | undefined) {
    const { preTasks, tasks, postTasks } = around.batch.play.play;
    if (setup) await runTask(setup, active(members), around, [...preTasks, ...tasks].slice(0, FORESEEN_TASKS));
    for (const section of [preTasks, tasks, postTasks]) {
      await runNodes(section, active(members), around);
      if (section !== preTasks && options.startAt.name === undefined) oweFromBefore(members, around.batch);
      await flushHandlers(members, around);
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
    const { batch } = around;
    const { play } = batch;
    if (batch.ending) throw batch.ending;
    const hosts = around.inHandlers ? given : given.filter((host) => !hadRole(task, host));
    const [first] = hosts;
    if (!first || !selected(task, first, around)) return;
    if (task.module === 'meta') return meta(task, hosts, around);

    for (const host of hosts) world.hidePasswords(templarFor(world, play, host, task));
    const called = { play: play.play.name, role: names.roleOf(task), task: names.shown(task, first, play) };
    const doers = doersOf(task, hosts, around);
    const some = !batch.free && doers.length < play.all.length ? { hosts: doers.map(({ host }) => host.name) } : {};
    announce(task, { ...called, ...some }, around);
    const before = options.actions.length;
    const turn = { around, names: called, next };
    const found = await allEnded(
      doers.map((doer) => throttle(task, doer.host, play)(() => runOnHost(task, doer, turn))),
    );
    noticeActions(options.actions.slice(before), play);
    if (!batch.free && !around.rescuable) stopIfTooManyFailed(world, task, hosts, play);
    for (const { nodes, hosts: members } of includes.grouped(found))
      await runNodes(nodes, members, { ...around, depth: around.depth + 1 });
  }

  /** A change on one host may show on others: a service that answers there, a file on a shared disk. */
  function noticeActions(actions: readonly Act[], play: PlayRun): void {
    if (actions.length === 0) return;
    const unknown = actions.some(({ touched }) => touched === undefined);
    for (const host of play.all) {
      if (unknown) host.forget();
      else for (const act of actions) if (act.host !== host) host.forgetShared(act.touched);
    }
  }

  /** In a free play each task is announced once, by the first host that comes to it. */
  function announce(
    task: Task,
    called: Names & { hosts?: string[] },
    { batch: { free, told }, inHandlers, depth }: Surroundings,
  ): void {
    const before = told.get(task) ?? new Set();
    if (free && before.has(called.task)) return;
    told.set(task, before.add(called.task));
    const kind = {
      ...(inHandlers ? { handler: true as const } : {}),
      ...(depth > 0 ? { included: true as const } : {}),
    };
    emit({ type: 'task.started', ...called, ...kind });
    options.announced(task);
  }

  /** Who runs the task, and who learns what it registers and sets: each host, or with run_once the first for all. */
  function doersOf(task: Task, hosts: readonly HostRun[], { batch: { play, free } }: Surroundings): Doer[] {
    const [first] = hosts;
    const alone = (host: HostRun): Doer => ({ host, sharers: [host], once: false });
    if (!first) return [];
    const once = keywordFlag(task, first, play, 'run_once');
    if (once && free)
      options.remark('run_once counts for nothing in a free play: the task runs on every host of it, as in Ansible.');
    if (free) return hosts.map(alone);
    if (once) return [{ host: first, sharers: play.batch.filter(({ status }) => status !== 'unreachable'), once }];
    return controlModules.get(task.module)?.forAll ? [alone(first)] : hosts.map(alone);
  }

  /** A role that ran on a host does not run again. */
  function hadRole({ scope: { use } }: Task, host: HostRun): boolean {
    return use !== undefined && !use.again && use.completed.has(host.name);
  }

  function selected(task: Task, host: HostRun, { batch: { play }, inHandlers }: Surroundings): boolean {
    if (inHandlers) return true;
    if (!selectedByTags(tagsOf(task, host, play), options.tags, options.skipTags)) return false;
    return task.module === 'setup' && task.name === FACT_TASK ? true : reached(task, host, play);
  }

  function tagsOf(task: Task, host: HostRun, play: PlayRun): string[] {
    if (!task.scope.tags.some((tag) => tag.includes('{{'))) return [...task.scope.tags];
    const value = templarFor(world, play, host, task).template([...task.scope.tags], task.where);
    return Array.isArray(value) ? value.flat().map(String) : [];
  }

  function reached(task: Task, host: HostRun, play: PlayRun): boolean {
    const { startAt } = options;
    if (startAt.name === undefined) return true;
    if (!names.matches(task, host, { play, pattern: startAt.name })) return false;
    startAt.name = undefined;
    return true;
  }

  /** Handlers run once each, in the order of their definition; one that notifies another further down takes that along. */
  async function flushHandlers(members: readonly HostRun[], around: Surroundings): Promise<void> {
    const { play, handlers } = around.batch;
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
    await (forcesHandlers(play) ? withFailed(members, act) : act());
  }

  async function meta(task: Task, hosts: readonly HostRun[], around: Surroundings): Promise<void> {
    await runMeta(task, hosts, around.batch.play, {
      world,
      refreshInventory: options.refreshInventory,
      async flushHandlers(members) {
        if (options.startAt.name === undefined) oweFromBefore(members, around.batch);
        await flushHandlers(members, around);
      },
    });
  }

  function keywordFlag(task: Task, host: HostRun, play: PlayRun, name: string): boolean {
    if (!task.keywords.has(name) && !task.scope.keywords.has(name)) return false;
    return flagOf(task, templarFor(world, play, host, task), name);
  }

  return { runBatch };
}

function firstTask(nodes: readonly TaskNode[]): Task | undefined {
  for (const node of nodes) {
    if (node.kind === 'task' && node.module !== 'meta') return node;
    const found = node.kind === 'block' ? firstTask(node.block) : undefined;
    if (found) return found;
  }
  return undefined;
}

function active(hosts: readonly HostRun[]): HostRun[] {
  return hosts.filter(({ status }) => status === 'active');
}

/** All results, or the first failure, but only when every host is through: a cancelled one still tidies up. */
async function allEnded<T>(runs: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(runs);
  return Promise.all(runs);
}
