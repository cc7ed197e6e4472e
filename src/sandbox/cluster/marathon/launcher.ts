import type { Framework, Mesos, Offer, Update } from '../mesos/mesos.js';
import { hasEnded, type MesosTask } from '../mesos/task.js';
import { appendLog } from '../mesos/task.js';
import type { Ids } from '../ids.js';
import type { Delays, Timers } from '../timing.js';
import { safeId, type App } from './app.js';
import { createHealthChecker } from './health.js';
import {
  failureOf,
  healthOf,
  instanceChange,
  instanceId,
  isActive,
  isRunning,
  statusUpdate,
  type Instance,
  type TaskFailure,
} from './instance.js';
import { emptyStats, matchOffer, recordOffer, type OfferStats } from './matching.js';
import { taskSpec } from './task-spec.js';
import { crashLines, startLines, tickLines } from '../task-log.js';

/** What Marathon does for one app or pod: how many it wants, what runs, why it waits. */
export type Runtime = {
  id: string;
  /** Instances wanted now; a running deployment moves it towards the definition's number. */
  want: number;
  /** While a restart goes on: at most so many instances at once, and only new ones count towards `want`. */
  restartLimit: number | undefined;
  instances: Map<string, Instance>;
  waitingSince: string;
  delayUntilMs: number;
  backoffMs: number;
  stats: OfferStats;
  lastTaskFailure: TaskFailure | undefined;
  behaviour: { crash: boolean; noOffers: boolean; well: boolean };
};

export type Launcher = ReturnType<typeof createLauncher>;

export type LauncherDeps = {
  mesos: Mesos;
  framework: Framework;
  timers: Timers;
  ids: Ids;
  delays: Delays;
  /** The definition that new instances get. */
  appOf: (id: string) => App | undefined;
  /** Whether it is a version after 1.4. */
  isNewer: () => boolean;
  /** The name of a pod's first container; undefined for an app. */
  firstContainerOf: (id: string) => string | undefined;
  emit: (type: string, data: Record<string, unknown>) => void;
  /** Whenever instances come, go or change. */
  onChange: (id: string) => void;
};

const SLOWEST_OFFERS_MS = 5_000;
/** A task that ran this long shows that the app is well: the next crash starts with the shortest back-off. */
const PROVEN_MS = 60_000;

/** Keeps as many instances of every app running as its runtime wants, on the offers of Mesos. */
export function createLauncher(deps: LauncherDeps) {
  const { mesos, framework, timers, ids, delays, appOf, isNewer, firstContainerOf, emit, onChange } = deps;
  const runtimes = new Map<string, Runtime>();
  const checker = createHealthChecker({
    timers,
    firstCheckMs: delays.healthMs,
    isWell: (id) => runtimes.get(id)?.behaviour.well ?? true,
    emit,
    onResult: (instance) => onChange(instance.appId),
    onGivenUp: killUnhealthy,
  });
  let offersEveryMs = delays.offerMs;
  let cancelRound: (() => void) | undefined;
  let connected = true;

  function runtime(id: string): Runtime {
    const known = runtimes.get(id);
    if (known) return known;
    const fresh: Runtime = {
      id,
      want: 0,
      restartLimit: undefined,
      instances: new Map(),
      waitingSince: timers.now().toISOString(),
      delayUntilMs: 0,
      backoffMs: 0,
      stats: emptyStats(),
      lastTaskFailure: undefined,
      behaviour: { crash: false, noOffers: false, well: true },
    };
    runtimes.set(id, fresh);
    return fresh;
  }

  function forget(id: string): void {
    runtimes.delete(id);
  }

  function isCurrent(instance: Instance): boolean {
    const app = appOf(instance.appId);
    return app !== undefined && instance.version >= app.versionInfo.lastConfigChangeAt;
  }

  function activeOf(one: Runtime): Instance[] {
    return [...one.instances.values()].filter(isActive);
  }

  /** How many instances still have to be launched. */
  function missing(one: Runtime): number {
    const active = activeOf(one);
    if (one.restartLimit === undefined) return Math.max(0, one.want - active.length);
    const room =
      one.restartLimit - [...one.instances.values()].filter(({ unreachable }) => unreachable !== 'inactive').length;
    return Math.max(0, Math.min(one.want - active.filter(isCurrent).length, room));
  }

  /** What the launch queue shows: everything wanted, whether or not there is room in a restart. */
  function queued(one: Runtime): number {
    const active = activeOf(one);
    const count = one.restartLimit === undefined ? active.length : active.filter(isCurrent).length;
    return Math.max(0, one.want - count);
  }

  /** Looks at the wanted number again: kills what is too much, launches what is missing. */
  function settle(id: string): void {
    const one = runtime(id);
    const active = activeOf(one);
    if (one.restartLimit === undefined && active.length > one.want) {
      for (const instance of excess(active, active.length - one.want)) kill(instance);
    }
    if (missing(one) > 0) {
      if (one.stats.processed === 0 && queued(one) > 0) one.waitingSince = timers.now().toISOString();
      offersEveryMs = delays.offerMs;
      scheduleRound(true);
    }
  }

  function excess(active: Instance[], count: number): Instance[] {
    const rank = (instance: Instance) => (isCurrent(instance) ? 1 : 0) + (isRunning(instance) ? 2 : 0);
    const youngestFirst = active.toReversed();
    return youngestFirst.sort((a, b) => rank(a) - rank(b)).slice(0, count);
  }

  function kill(instance: Instance): void {
    if (instance.killing) return;
    instance.killing = true;
    mesos.kill(instance.task);
    onChange(instance.appId);
  }

  function killUnhealthy(instance: Instance, reason: string): void {
    emit('unhealthy_instance_kill_event', {
      appId: instance.appId,
      taskId: instance.task.id,
      instanceId: instanceId(instance),
      version: instance.version,
      reason,
      host: instance.agent.name,
      slaveId: instance.agent.id,
    });
    kill(instance);
  }

  function scheduleRound(anew = false): void {
    if (anew) cancelRound?.();
    else if (cancelRound) return;
    cancelRound = timers.after(offersEveryMs, () => {
      cancelRound = undefined;
      offersEveryMs = Math.min(SLOWEST_OFFERS_MS, offersEveryMs * 1.5);
      roundOfOffers();
    });
  }

  function roundOfOffers(): void {
    const waiting = [...runtimes.values()].filter((one) => missing(one) > 0);
    for (const one of waiting) if (connected && timers.nowMs() >= one.delayUntilMs) launchMissing(one);
    if ([...runtimes.values()].some((one) => missing(one) > 0)) scheduleRound();
  }

  function launchMissing(one: Runtime): void {
    const app = appOf(one.id);
    if (!app) return;
    for (const offer of mesos.offers()) {
      if (missing(one) === 0) return;
      tryOffer(one, app, offer);
    }
  }

  function tryOffer(one: Runtime, app: App, offer: Offer, atOnce = false): boolean {
    const placed = activeOf(one).map(({ agent }) => agent);
    const match = one.behaviour.noOffers
      ? { reason: 'InsufficientCpus' as const }
      : matchOffer(app, offer, { placed, heedsMaintenance: isNewer() });
    if ('reason' in match) {
      recordOffer(one.stats, offer.agent.id, match.reason, timers.nowMs());
      return false;
    }
    recordOffer(one.stats, offer.agent.id, 'used', timers.nowMs());
    launch(one, app, { offer, ports: match.ports, atOnce });
    return true;
  }

  function launch(
    one: Runtime,
    app: App,
    { offer, ports, atOnce = false }: { offer: Offer; ports: number[]; atOnce?: boolean },
  ): void {
    const uuid = ids.uuid();
    const container = firstContainerOf(app.id);
    const instance: Instance = {
      uuid,
      idWord: container === undefined && !isNewer() ? 'marathon' : 'instance',
      appId: app.id,
      version: app.version,
      task: undefined as unknown as MesosTask,
      agent: offer.agent,
      ports,
      stagedAt: timers.now().toISOString(),
      startedAt: undefined,
      health: new Map(),
      killing: false,
      unreachable: 'no',
    };
    const taskId = taskIdOf(instance, container);
    one.instances.set(taskId, instance);
    instance.task = mesos.launch(framework, offer.agent, taskSpec(taskId, app, ports), { atOnce });
    appendLog(instance.task, 'stdout', startLines(app.id, timers.now(), ports), timers.nowMs());
    if (atOnce) taskRuns(instance, true);
    onChange(app.id);
  }

  /** The three forms of a task's id: with the instance's word, as 1.4 has it, and with the container of a pod. */
  function taskIdOf(instance: Instance, container: string | undefined): string {
    if (container !== undefined) return `${instanceId(instance)}.${container}`;
    return isNewer() ? `${instanceId(instance)}._app.1` : `${safeId(instance.appId)}.${instance.uuid}`;
  }

  function onUpdate({ task, framework: owner }: Update): void {
    if (owner !== framework) return;
    const instance = instanceOfTask(task);
    if (!instance?.task) return;
    emitStatus(instance);
    if (task.state === 'TASK_RUNNING') taskRuns(instance, false);
    // It was out of reach when it was told to die, and has to be told again.
    if (task.state === 'TASK_RUNNING' && instance.killing) mesos.kill(task);
    if (task.state === 'TASK_UNREACHABLE') taskUnreachable(instance);
    if (hasEnded(task.state)) taskEnded(instance);
    onChange(instance.appId);
  }
  mesos.onUpdate(onUpdate);

  function instanceOfTask(task: MesosTask): Instance | undefined {
    for (const one of runtimes.values()) {
      const instance = one.instances.get(task.id);
      if (instance) return instance;
    }
    return undefined;
  }

  function taskRuns(instance: Instance, atOnce: boolean): void {
    const one = runtime(instance.appId);
    const back = instance.unreachable !== 'no';
    instance.unreachable = 'no';
    instance.startedAt ??= timers.now().toISOString();
    const app = appOf(instance.appId);
    if (app) checker.watch(instance, app, { atOnce });
    if (one.behaviour.crash) timers.after(delays.crashMs, () => one.behaviour.crash && crash(instance.task));
    if (back) settle(instance.appId);
  }

  function crash(task: MesosTask): void {
    if (task.state !== 'TASK_RUNNING') return;
    appendLog(task, 'stderr', crashLines(task.name, timers.now()), timers.nowMs());
    mesos.update(task, 'TASK_FAILED', { message: 'Command exited with status 1' });
  }

  function taskUnreachable(instance: Instance): void {
    const strategy = appOf(instance.appId)?.unreachableStrategy ?? {
      inactiveAfterSeconds: 300,
      expungeAfterSeconds: 600,
    };
    instance.unreachable = 'waiting';
    if (strategy === 'disabled') return checker.unwatch(instance);
    checker.unwatch(instance);
    const stillAway = () => instance.task.state === 'TASK_UNREACHABLE' && instance.unreachable !== 'no';
    timers.after(strategy.inactiveAfterSeconds * 1000, () => {
      if (!stillAway()) return;
      instance.unreachable = 'inactive';
      settle(instance.appId);
      onChange(instance.appId);
    });
    timers.after(strategy.expungeAfterSeconds * 1000, () => {
      if (stillAway()) expunge(instance);
    });
  }

  function expunge(instance: Instance): void {
    runtime(instance.appId).instances.delete(instance.task.id);
    settle(instance.appId);
    onChange(instance.appId);
  }

  function taskEnded(instance: Instance): void {
    const one = runtime(instance.appId);
    checker.unwatch(instance);
    one.instances.delete(instance.task.id);
    if (!instance.killing) {
      if (instance.task.state !== 'TASK_FINISHED') one.lastTaskFailure = failureOf(instance, timers.now());
      backOff(one, instance);
    }
    settle(instance.appId);
  }

  function backOff(one: Runtime, instance: Instance): void {
    const app = appOf(one.id);
    if (!app) return;
    const ranMs = instance.startedAt ? timers.nowMs() - Date.parse(instance.startedAt) : 0;
    const firstMs = app.backoffSeconds * 1000;
    one.backoffMs = ranMs >= PROVEN_MS || one.backoffMs === 0 ? firstMs : one.backoffMs * app.backoffFactor;
    one.backoffMs = Math.min(one.backoffMs, app.maxLaunchDelaySeconds * 1000);
    one.delayUntilMs = timers.nowMs() + one.backoffMs;
    // The offers that come meanwhile may be slow ones: ask for one right when the delay is over.
    timers.after(one.backoffMs, () => settle(one.id));
  }

  function resetDelay(id: string): void {
    Object.assign(runtime(id), { delayUntilMs: 0, backoffMs: 0 });
    settle(id);
  }

  function emitStatus(instance: Instance): void {
    emit('status_update_event', statusUpdate(instance));
    emit('instance_changed_event', instanceChange(instance));
  }

  /** Running instances write a line now and then. */
  function writeLogs(): void {
    for (const one of runtimes.values()) {
      for (const { task } of one.instances.values()) {
        if (task.state === 'TASK_RUNNING') appendLog(task, 'stdout', tickLines(one.id, timers.now()), timers.nowMs());
      }
    }
  }
  timers.every(delays.logMs, writeLogs);

  /** Starts what was running when the simulation begins, as far as it fits; the rest waits for offers. */
  function startLoaded(app: App): void {
    const one = runtime(app.id);
    one.want = app.instances;
    while (missing(one) > 0 && mesos.offers().some((offer) => tryOffer(one, app, offer, true)))
      one.stats = emptyStats();
    if (missing(one) > 0) settle(app.id);
  }

  return {
    runtime,
    runtimes,
    forget,
    isCurrent,
    activeOf,
    queued,
    settle,
    kill,
    expunge,
    resetDelay,
    startLoaded,
    crash,
    recheck: checker.recheck,
    /** Whether an instance does what a deployment waits for: runs, and is healthy if it can tell. */
    isReady(instance: Instance): boolean {
      const checks = appOf(instance.appId)?.healthChecks.length ?? 0;
      return isRunning(instance) && isActive(instance) && (checks === 0 || healthOf(instance, checks) === 'healthy');
    },
    /** Without its Mesos connection Marathon launches nothing. */
    setConnected(value: boolean) {
      connected = value;
      if (value) for (const id of runtimes.keys()) settle(id);
    },
  };
}
