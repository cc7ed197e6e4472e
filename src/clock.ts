import { StarsError } from './errors.js';

/** Where time comes from. Code that waits takes a clock, so that tests move it by hand instead of sleeping. */
export type Clock = {
  now(): Date;
  /** Resolves after `ms`; rejects with CANCELLED when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `action` once after `ms` unless the returned function is called first. */
  after(ms: number, action: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until somebody calls `advance`. */
export type ManualClock = Clock & {
  /** Moves time on by `ms`, firing what falls due in order, and lets promises settle between firings. */
  advance(ms: number): Promise<void>;
  /** How many timers wait. */
  pending(): number;
};

export function createManualClock(start = new Date('2026-01-01T00:00:00.000Z')): ManualClock {
  let nowMs = start.getTime();
  let sequence = 0;
  const timers = new Map<number, { dueMs: number; action: () => void }>();

  function nextDue(limitMs: number): [number, { dueMs: number; action: () => void }] | undefined {
    return [...timers.entries()]
      .filter(([, timer]) => timer.dueMs <= limitMs)
      .sort((a, b) => a[1].dueMs - b[1].dueMs || a[0] - b[0])[0];
  }

  const clock: ManualClock = {
    now: () => new Date(nowMs),
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    after(ms, action) {
      const id = ++sequence;
      timers.set(id, { dueMs: nowMs + Math.max(0, ms), action });
      return () => timers.delete(id);
    },
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (let due = nextDue(endMs); due; due = nextDue(endMs)) {
        timers.delete(due[0]);
        nowMs = Math.max(nowMs, due[1].dueMs);
        due[1].action();
        await settle();
      }
      nowMs = endMs;
    },
    pending: () => timers.size,
  };
  return clock;
}

function sleepOn(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = () => reject(new StarsError('CANCELLED', 'Cancelled while waiting.', { cause: signal?.reason }));
    if (signal?.aborted) return cancelled();
    const onAbort = () => {
      cancel();
      cancelled();
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Lets callbacks of finished I/O and promises run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
