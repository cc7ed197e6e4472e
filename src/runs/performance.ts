import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.js';
import { asStarsError, type ErrorCode, StarsError } from '../errors.js';
import { inFlight } from '../model/in-flight.js';
import type { Emit, HostRecap, RunError, RunEvent, RunState } from '../model/run.js';
import type { Proposal, RunEnd } from '../store/runs.js';
import type { Journal } from './journal.js';
import { toRunError } from './journal.js';

/** What a command's work sees of its run. */
export type RunHandle = {
  id: string;
  emit: Emit;
  signal: AbortSignal;
  /** Resolves when everything emitted so far is stored: to be awaited before anything is done that cannot be undone. */
  durable(): Promise<void>;
  /** Counts up with every run that changes the environment; hosts compare it. 0 when nothing is held. */
  fence: number;
  /** What people have approved, when that was needed: exactly this may be done. */
  approved?: Proposal | undefined;
};

/** How the work ended well; `hosts` is the recap of a provisioning run. */
export type RunResult = {
  summary: string;
  hosts?: Record<string, HostRecap> | undefined;
  failed?: RunError | undefined;
  /** The playbook was left before its end. */
  brokenOff?: true | undefined;
};

export type Outcome<T> = { value: T } | { end: Omit<RunEnd, 'ms'> };

/** After a cancel the work has so long to stop; then the run ends without it. */
const ABANDON_AFTER_MS = 30_000;

export type Performance<T> = {
  id: string;
  work: (run: RunHandle) => Promise<T>;
  journal: Journal;
  controller: AbortController;
  clock: Clock;
  deadlineMs: number;
  fence: number;
  approved: Proposal | undefined;
  events(): Promise<readonly RunEvent[]>;
};

/** Does the work of a run until it ends, is cancelled, or its time is over; never throws. Work that does not stop then is left alone, and the end says so. */
export async function performWork<T>(performance: Performance<T>): Promise<Outcome<T>> {
  const { id, work, journal, controller, clock, deadlineMs, fence, approved } = performance;
  const { signal } = controller;
  // Every script that runs on every host listens to it.
  setMaxListeners(0, signal);
  const cancelDeadline = clock.after(deadlineMs, () => controller.abort(tooLong(deadlineMs)));
  const handle: RunHandle = { id, emit: journal.emit, signal, durable: journal.durable, fence, approved };
  const { promise: left, stop } = leftBehind(signal, clock);
  try {
    const doing = work(handle);
    doing.catch(() => undefined);
    return { value: await Promise.race([doing, left]) };
  } catch (thrown) {
    return { end: await endOf(thrown, performance) };
  } finally {
    cancelDeadline();
    stop();
  }
}

function tooLong(deadlineMs: number): StarsError {
  return new StarsError(
    'TIMEOUT',
    `The run was not through after ${Math.round(deadlineMs / 60_000)} minutes, its deadline.`,
    {
      hint: 'What is done stays done. Find out what holds it up, then run it again or resume it.',
    },
  );
}

const LEFT_BEHIND = 'It did not stop within 30 s and was left to itself: what it had begun may still go on.';

/** Rejects some time after the signal. */
function leftBehind(signal: AbortSignal, clock: Clock): { promise: Promise<never>; stop(): void } {
  let stop = () => {};
  const promise = new Promise<never>((_resolve, reject) => {
    const wait = () => {
      const cancel = clock.after(ABANDON_AFTER_MS, () => reject(new StarsError('CANCELLED', LEFT_BEHIND)));
      const before = stop;
      stop = () => {
        before();
        cancel();
      };
    };
    stop = () => signal.removeEventListener('abort', wait);
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, stop: () => stop() };
}

const END_BY_CODE: Partial<Record<ErrorCode, RunState>> = {
  CANCELLED: 'cancelled',
  DENIED: 'denied',
  INTERRUPTED: 'interrupted',
};

async function endOf<T>(thrown: unknown, performance: Performance<T>): Promise<Omit<RunEnd, 'ms'>> {
  const { signal } = performance.controller;
  const error = asStarsError(signal.aborted && signal.reason instanceof StarsError ? signal.reason : thrown);
  const state: RunState = END_BY_CODE[error.code] ?? 'failed';
  const told = toRunError(error);
  if (!signal.aborted) return { state, error: told };
  await performance.journal.flush();
  const events = await performance.events().catch(() => []);
  const abandoned = thrown instanceof StarsError && thrown.message === LEFT_BEHIND ? LEFT_BEHIND : undefined;
  const open = inFlight(events) ?? (state === 'interrupted' ? 'No step was in flight.' : undefined);
  const words = [told.message, open, abandoned].filter((word) => word !== undefined);
  return { state, error: { ...told, message: words.join(' ') } };
}
