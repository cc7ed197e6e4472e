import type { Timers } from '../timing.js';
import type { App } from './app.js';
import { instanceId, isRunning, type HealthResult, type Instance } from './instance.js';

export type HealthDeps = {
  timers: Timers;
  firstCheckMs: number;
  /** Whether the app's instances answer well. */
  isWell: (appId: string) => boolean;
  emit: (type: string, data: Record<string, unknown>) => void;
  /** After every result. */
  onResult: (instance: Instance) => void;
  /** After so many failures in a row that Marathon kills the instance. */
  onGivenUp: (instance: Instance, reason: string) => void;
};

/** Checks instances as the app's health checks say. */
export function createHealthChecker({ timers, firstCheckMs, isWell, emit, onResult, onGivenUp }: HealthDeps) {
  const watched = new Map<string, { instance: Instance; app: App; cancel: (() => void)[] }>();

  /** Begins when an instance runs; `atOnce` for instances that have been up for long. */
  function watch(instance: Instance, app: App, { atOnce = false } = {}): void {
    if (watched.has(instance.task.id) || app.healthChecks.length === 0) return;
    const entry = { instance, app, cancel: [] as (() => void)[] };
    watched.set(instance.task.id, entry);
    app.healthChecks.forEach((_check, index) => {
      if (atOnce) check(entry, index);
      entry.cancel[index] = timers.after(firstCheckMs, () => repeat(entry, index));
    });
  }

  function repeat(entry: { instance: Instance; app: App; cancel: (() => void)[] }, index: number): void {
    const seconds = entry.app.healthChecks[index]?.intervalSeconds ?? 60;
    entry.cancel[index] = timers.after(Math.max(1, seconds) * 1000, () => repeat(entry, index));
    check(entry, index);
  }

  function check({ instance, app }: { instance: Instance; app: App }, index: number): void {
    if (!isRunning(instance)) return;
    const before = instance.health.get(index) ?? { ...UNCHECKED };
    const after = isWell(app.id) ? success(before) : failure(before, { instance, app, index });
    instance.health.set(index, after);
    if (before.alive !== after.alive || !instance.health.has(index)) announce(instance, app, after.alive);
    const limit = app.healthChecks[index]?.maxConsecutiveFailures ?? 3;
    onResult(instance);
    if (!after.alive && limit > 0 && after.consecutiveFailures >= limit)
      onGivenUp(instance, after.lastFailureCause ?? '');
  }

  function success(before: HealthResult): HealthResult {
    const now = timers.now().toISOString();
    return {
      ...before,
      alive: true,
      consecutiveFailures: 0,
      firstSuccess: before.firstSuccess ?? now,
      lastSuccess: now,
    };
  }

  function failure(
    before: HealthResult,
    { instance, app, index }: { instance: Instance; app: App; index: number },
  ): HealthResult {
    if (!before.alive && inGracePeriod(instance, app, index)) return before;
    emit('failed_health_check_event', {
      appId: app.id,
      instanceId: instanceId(instance),
      healthCheck: app.healthChecks[index],
    });
    const lastFailureCause =
      'ConnectionAttemptFailedException: Connection attempt to ' +
      `${instance.agent.address}:${instance.ports[0] ?? 0} failed`;
    const lastFailure = timers.now().toISOString();
    return {
      ...before,
      alive: false,
      consecutiveFailures: before.consecutiveFailures + 1,
      lastFailure,
      lastFailureCause,
    };
  }

  function inGracePeriod({ startedAt }: Instance, app: App, index: number): boolean {
    const graceMs = (app.healthChecks[index]?.gracePeriodSeconds ?? 300) * 1000;
    return startedAt !== undefined && timers.nowMs() - Date.parse(startedAt) < graceMs;
  }

  function announce(instance: Instance, app: App, alive: boolean): void {
    emit('health_status_changed_event', {
      appId: app.id,
      instanceId: instanceId(instance),
      version: instance.version,
      alive,
    });
    emit('instance_health_changed_event', {
      instanceId: instanceId(instance),
      runSpecId: app.id,
      healthy: alive,
      runSpecVersion: instance.version,
    });
  }

  function unwatch(instance: Instance): void {
    for (const cancel of watched.get(instance.task.id)?.cancel ?? []) cancel();
    watched.delete(instance.task.id);
  }

  /** Asks every check of the app again right now. */
  function recheck(appId: string): void {
    const entries = [...watched.values()].filter(({ app }) => app.id === appId);
    for (const entry of entries) {
      if (entry.app.id === appId) entry.app.healthChecks.forEach((_check, index) => check(entry, index));
    }
  }

  return { watch, unwatch, recheck };
}

const UNCHECKED: HealthResult = {
  alive: false,
  consecutiveFailures: 0,
  firstSuccess: null,
  lastFailure: null,
  lastFailureCause: null,
  lastSuccess: null,
};
