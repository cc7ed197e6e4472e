import pLimit, { type LimitFunction } from 'p-limit';
import { truthy } from '../jinja/python-value.js';
import type { Value } from '../jinja/value.js';
import type { OwedHandler } from '../model/remainder.js';
import type { Emit } from '../model/run.js';
import { requireWithinPart } from './across-hosts.js';
import { controlModules } from './control/index.js';
import type { OnResult } from './ad-hoc.js';
import { nothingAhead } from './asking-ahead.js';
import { courseOf, isAheadOfTasks, isFlush, isOwnFlush } from './course.js';
import { type Ending, endsPlay, percentageOf, uncountedFailures } from './end-of-play.js';
import { FACT_TASK } from './fact-gathering.js';
import type { Foresight } from './foresight.js';
import { createHandlers } from './handlers.js';
import type { HostRun } from './host-run.js';
import { createHostTurn, type Doer } from './host-turn.js';
import { createIncludeRunner, type IncludedNodes } from './include-runner.js';
import { lockInOrder } from './lock-in-order.js';
import { createLockstep, type Lockstep, type Peeked } from './lockstep.js';
import { isForAll, runMeta } from './meta.js';
import type { Act } from './module-runner.js';
import { oweFromBefore, owedIn } from './notify.js';
import {
  type Batch,
  type BatchEnd,
  createBatch,
  hostsLeft,
  leaveBatch,
  type Names,
  peekOf,
  progressOf,
  type Surroundings,
} from './play-batch.js';
import type { PlaybookLoader } from './playbook.js';
import { insert, type Step } from './progress.js';
import { strategyOf } from './strategy.js';
import { selectedByTags } from './tags.js';
import { createTaskNames } from './task-names.js';
import { isTrue } from './task-result.js';
import type { TaskRunner } from './task-runner.js';
import { flatTasks, type Task, type TaskNode } from './task.js';
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
    if (!mayReachStart(play)) return gatherBeforeStart(setup, play);
    const strategy = strategyOf(play.play);
    const handlers = createHandlers(play.play.handlers, (handler) => names.ofHandler(handler, play));
    const owing = owedIn(play.play.shown, options.owed);
    const free = strategy !== 'linear';
    const course = courseOf(play, setup);
    const batch = createBatch({ play, handlers, owing, free }, course);
    const uncounted = uncountedFailures(play, free);
    if (uncounted) options.remark(uncounted);
    await lockAhead(batch, setup);
    if (strategy === 'linear') await runTogether(batch, createLockstep(course));
    else await runFreely(batch, strategy === 'free' ? undefined : pLimit(options.forks));
    leaveBatch(batch);
    return batch;
  }

  /** Whether the task to start at stands in the play, or one before it was it. */
  function mayReachStart(play: PlayRun): boolean {
    const { name } = options.startAt;
    const [host] = play.batch;
    if (name === undefined || !host) return true;
    const { preTasks, tasks, postTasks } = play.play;
    return flatTasks([...preTasks, ...tasks, ...postTasks]).some(
      // Facts may be what a template in its name waits for.
      (task) => task.name?.includes('{{') || names.matches(task, host, { play, pattern: name }),
    );
  }

  /** What follows may look at the facts of hosts whose tasks are left out. That one of these cannot be reached is not its concern. */
  async function gatherBeforeStart(setup: Task | undefined, play: PlayRun): Promise<BatchEnd> {
    const gather = async (task: Task, host: HostRun) => {
      const job = { task, host, play, sharers: [host], rescuable: false, ahead: () => nothingAhead };
      const { status, message } = await options.runner.run(job);
      if (status !== 'ok')
        options.remark(`The facts of ${host.name}, whose tasks are left out, are not known: ${message}`);
    };
    if (setup) await allEnded(play.batch.map((host) => limit(gather, setup, host)));
    return NOTHING_RUN;
  }

  async function lockAhead(batch: Batch, setup: Task | undefined): Promise<void> {
    const { play } = batch;
    const task = setup ?? firstTask(play.play.preTasks) ?? firstTask(play.play.tasks);
    if (!world.waitsForHosts || !task) return;
    const hosts = hostsLeft(batch).filter(({ status }) => status === 'active');
    await lockInOrder(hosts, (host) => options.runner.reach(task, host, play), signal);
  }

  async function runTogether(batch: Batch, lockstep: Lockstep): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const left = hostsLeft(batch);
      const peeked = new Map<HostRun, Peeked>();
      for (const host of left) {
        const { state, step } = peekOf(batch, host);
        if (step) peeked.set(host, { state, step });
      }
      if (peeked.size === 0) return;
      for (const { step, hosts, inHandlers } of lockstep.next(peeked)) {
        for (const host of hosts) batch.progress.set(host, peeked.get(host)?.state ?? progressOf(batch, host));
        const done = await runStep(step, hosts, surroundingsOf(batch, step, inHandlers));
        lockstep.include(includeAll(done.found, { batch, inHandlers }, step));
        const endings = withWaiting(done, [...peeked.keys()], hosts);
        if (endsPlay(batch, { left, endings, fatal: done.fatal, mostFailed: mostFailedOf(batch) })) return;
      }
    }
  }

  async function runFreely(batch: Batch, atOnce: LimitFunction | undefined): Promise<void> {
    const runs = batch.play.batch.map((host) => {
      const run = () => runAlone(batch, host);
      return atOnce ? atOnce(run) : run();
    });
    await allEnded(runs);
  }

  async function runAlone(batch: Batch, host: HostRun): Promise<void> {
    while (host.status !== 'unreachable') {
      signal.throwIfAborted();
      const { state, step } = peekOf(batch, host);
      if (!step) return;
      const inHandlers = state.phase === 'handlers';
      batch.progress.set(host, state);
      const { found } = await runStep(step, [host], surroundingsOf(batch, step, inHandlers));
      includeAll(found, { batch, inHandlers }, step);
    }
  }

  function surroundingsOf(batch: Batch, step: Step, inHandlers: boolean): Surroundings {
    return { batch, inHandlers, depth: step.kind === 'task' ? (batch.depths.get(step) ?? 0) : 0 };
  }

  /** Puts what a task included behind it, on the hosts that included it; what that is, for all of them. */
  function includeAll(
    found: readonly (readonly IncludedNodes[])[],
    { batch, inHandlers }: Pick<Surroundings, 'batch' | 'inHandlers'>,
    step: Step,
  ): TaskNode[] {
    const depth = step.kind === 'task' ? (batch.depths.get(step) ?? 0) + 1 : 0;
    const groups = includes.grouped(found);
    for (const { nodes } of groups) for (const task of flatTasks(nodes)) batch.depths.set(task, depth);
    const members = new Set(groups.flatMap(({ hosts }) => hosts));
    for (const host of members) {
      const own = groups.filter(({ hosts }) => hosts.includes(host)).flatMap(({ nodes }) => nodes);
      if (inHandlers) for (const task of flatTasks(own)) batch.handlers.owe(task, host);
      insert(progressOf(batch, host), own);
    }
    return inHandlers ? [] : groups.flatMap(({ nodes }) => nodes);
  }

  function mostFailedOf({ play }: Batch): number | undefined {
    const given = play.play.keywords.get('max_fail_percentage') ?? null;
    const [first] = play.batch;
    if (given === null || !first) return undefined;
    return percentageOf(templarFor(world, play, first).template(given, play.play.where), play.play.where);
  }

  async function runStep(step: Step, given: readonly HostRun[], around: Surroundings): Promise<StepDone> {
    if (step.kind === 'task') return runTask(step, given, around);
    for (const host of given) if (step.use.ran.has(host.name)) step.use.completed.add(host.name);
    return NOTHING_DONE;
  }

  async function runTask(task: Task, given: readonly HostRun[], around: Surroundings): Promise<StepDone> {
    const { batch } = around;
    const { play } = batch;
    const hosts = around.inHandlers ? given : given.filter((host) => !hadRole(task, host));
    const [first] = hosts;
    if (!first || !(isOwnFlush(task) || selected(task, first, around))) return NOTHING_DONE;
    if (world.isPart) requireWithinPart(task);
    if (task.module === 'meta') return meta(task, hosts, around);

    for (const host of hosts) world.hidePasswords(templarFor(world, play, host, task));
    const called = { play: play.play.shown, role: names.roleOf(task), task: names.shown(task, first, play) };
    const doers = doersOf(task, hosts, around);
    const some = !batch.free && doers.length < play.all.length ? { hosts: doers.map(({ host }) => host.name) } : {};
    announce(task, { ...called, ...some }, around);
    const before = options.actions.length;
    const turned = await allEnded(
      doers.map((doer) => throttle(task, doer.host, play)(() => runOnHost(task, doer, { around, names: called }))),
    );
    noticeActions(options.actions.slice(before), play);
    const once = !batch.free && goesOnce(task, first, play);
    return {
      endings: turned.map(({ ending }) => ending),
      found: turned.map(({ included }) => included),
      once,
      fatal: isFatal(task, once),
    };
  }

  function goesOnce(task: Task, host: HostRun, play: PlayRun): boolean {
    return controlModules.get(task.module)?.forAll === true || truthy(onceWord(task, host, play));
  }

  /**
   * Whether one host that fails ends the play for all. As Ansible does, this asks for the keywords as they are written: any
   * template counts as yes.
   */
  function isFatal({ keywords, scope, where }: Task, once: boolean): boolean {
    const written = (name: string) => keywords.get(name) ?? scope.keywords.get(name) ?? false;
    const fatal = written('any_errors_fatal');
    if (typeof fatal === 'string')
      world.deprecated('any_errors_fatal in a template or in quotes counts as yes, as in Ansible.', where);
    return (once || truthy(fatal)) && !truthy(written('ignore_errors'));
  }

  /** A change on one host may show on others: a service that answers there, a file on a shared disk. */
  function noticeActions(actions: readonly Act[], play: PlayRun): void {
    if (actions.length === 0) return;
    const unknown = actions.some(({ touched }) => touched === undefined);
    for (const host of play.all) {
      if (actions.some((act) => act.host !== host && act.units === undefined)) host.unitFiles.changed();
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
      ...(task.scope.part ? { part: task.scope.part } : {}),
    };
    emit({ type: 'task.started', ...called, ...kind });
    options.announced(task);
  }

  /** Who runs the task, and who learns what it registers and sets: each host, or with run_once the first for all. */
  function doersOf(task: Task, hosts: readonly HostRun[], { batch: { play, free } }: Surroundings): Doer[] {
    const [first] = hosts;
    const alone = (host: HostRun): Doer => ({ host, sharers: [host], once: false });
    if (!first) return [];
    const word = onceWord(task, first, play);
    if (truthy(word) && free)
      options.remark('run_once counts for nothing in a free play: the task runs on every host of it, as in Ansible.');
    if (free) return hosts.map(alone);
    // The text “no”, or omit, is not nothing: Ansible runs the task once, and then reads that it is for its host alone.
    if (truthy(word) && !isTrue(word)) return [alone(first)];
    if (isTrue(word))
      return [{ host: first, sharers: play.batch.filter(({ status }) => status !== 'unreachable'), once: true }];
    return controlModules.get(task.module)?.forAll ? [alone(first)] : hosts.map(alone);
  }

  /** A role that ran on a host does not run again. */
  function hadRole({ scope: { use } }: Task, host: HostRun): boolean {
    return use !== undefined && !use.again && use.completed.has(host.name);
  }

  function selected(task: Task, host: HostRun, { batch: { play }, inHandlers }: Surroundings): boolean {
    if (inHandlers) return true;
    if (!selectedByTags(tagsOf(task, host, play), options.tags, options.skipTags)) return false;
    return task.module === 'gather_facts' && task.name === FACT_TASK ? true : reached(task, host, play);
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

  async function meta(task: Task, hosts: readonly HostRun[], around: Surroundings): Promise<StepDone> {
    const { batch } = around;
    const once = isForAll(task);
    if (isFlush(task) && !isAheadOfTasks(task) && options.startAt.name === undefined) oweFromBefore(hosts, batch);
    await runMeta(task, hosts, batch, { world, refreshInventory: options.refreshInventory });
    const asked = once ? hosts.slice(0, 1) : [...hosts];
    const fatal = asked.length > 0 && isFatal(task, once);
    return { endings: asked.map(waiting), found: [], once, fatal };
  }

  function onceWord(task: Task, host: HostRun, play: PlayRun): Value {
    const written = task.keywords.get('run_once') ?? task.scope.keywords.get('run_once') ?? false;
    return typeof written === 'string' ? templarFor(world, play, host, task).template(written, task.where) : written;
  }

  return { runBatch };
}

/** Of a batch that comes before the task to start at. */
const NOTHING_RUN: BatchEnd = { broken: false, playEnded: false };

/** What a step came to. `once`: the first of its hosts did it for all. */
type StepDone = { endings: Ending[]; found: IncludedNodes[][]; once: boolean; fatal: boolean };

const NOTHING_DONE: StepDone = { endings: [], found: [], once: false, fatal: false };

/** Ansible lets hosts that are somewhere else do nothing in the meantime, and looks at them as well. */
function waiting(host: HostRun): Ending {
  return { host, failed: true, unreachable: false };
}

function withWaiting({ endings, once }: StepDone, all: readonly HostRun[], doers: readonly HostRun[]): Ending[] {
  const upTo = once && doers[0] ? all.slice(0, all.indexOf(doers[0])) : all;
  return [...endings, ...upTo.filter((host) => !doers.includes(host)).map(waiting)];
}

function firstTask(nodes: readonly TaskNode[]): Task | undefined {
  for (const node of nodes) {
    if (node.kind === 'task' && node.module !== 'meta') return node;
    const found = node.kind === 'block' ? firstTask(node.block) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** All results, or the first failure, but only when every host is through: a cancelled one still tidies up. */
async function allEnded<T>(runs: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(runs);
  return Promise.all(runs);
}
