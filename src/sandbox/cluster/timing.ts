import type { Clock } from '../../clock.js';

/** How long things take in the simulated cluster, in milliseconds of its clock. */
export type Delays = {
  /** From the launch of a task until it runs. */
  stagingMs: number;
  /** From a running task to its first health check. */
  healthMs: number;
  /** How long a crashing task runs; longer than `healthMs` it passes a health check before it crashes. */
  crashMs: number;
  /** From the request to kill a task until it is gone. */
  killMs: number;
  /** Between two rounds of offers while something waits. */
  offerMs: number;
  /** Between two steps of a deployment. */
  stepMs: number;
  /** How long a new deployment is not listed yet. */
  unlistedMs: number;
  /** How long there is no leader when it changes. */
  electionMs: number;
  /** How long a new Mesos leader has not read its registry. */
  recoveryMs: number;
  /** How long a new Marathon leader has not loaded its tasks. */
  loadingMs: number;
  /** From the last sign of an agent until the master calls it unreachable. */
  agentTimeoutMs: number;
  /** How long a job runs whose command does not say so by `sleep`. */
  jobMs: number;
  /** How long an agent keeps the files of a task that ended. */
  gcMs: number;
  dnsRefreshMs: number;
  /** Between two lines in the log of a running task. */
  logMs: number;
};

export const DEFAULT_DELAYS: Delays = {
  stagingMs: 300,
  healthMs: 400,
  crashMs: 500,
  killMs: 150,
  offerMs: 100,
  stepMs: 50,
  unlistedMs: 150,
  electionMs: 500,
  recoveryMs: 50,
  loadingMs: 300,
  agentTimeoutMs: 3_000,
  jobMs: 1_000,
  gcMs: 7 * 24 * 3_600_000,
  dnsRefreshMs: 10_000,
  logMs: 5_000,
};

export type Timers = {
  now(): Date;
  nowMs(): number;
  after(ms: number, action: () => void): () => void;
  every(ms: number, action: () => void): () => void;
  stop(): void;
};

/** Timers on a clock that end together. */
export function createTimers(clock: Clock): Timers {
  const waiting = new Set<() => void>();
  let stopped = false;

  function after(ms: number, action: () => void): () => void {
    if (stopped) return () => {};
    const cancelTimer = clock.after(ms, () => {
      waiting.delete(cancel);
      action();
    });
    const cancel = () => {
      waiting.delete(cancel);
      cancelTimer();
    };
    waiting.add(cancel);
    return cancel;
  }

  function every(ms: number, action: () => void): () => void {
    let cancel = after(ms, again);
    function again(): void {
      cancel = after(ms, again);
      action();
    }
    return () => cancel();
  }

  return {
    now: () => clock.now(),
    nowMs: () => clock.now().getTime(),
    after,
    every,
    stop() {
      stopped = true;
      for (const cancel of waiting) cancel();
    },
  };
}
