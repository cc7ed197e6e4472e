import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Emit, HostRecap, RunError, RunEvent, RunEventBody, RunRequest, RunState } from '../model/run.js';
import { applyEvent, type RunView } from '../model/run-view.js';
import type { Redactor } from '../secret.js';
import type { RunEnd, RunStore } from '../store/runs.js';
import { processIsGone } from './process-identity.js';

/** What a command's work sees of its run. */
export type RunHandle = { id: string; emit: Emit; signal: AbortSignal };

/** How the work ended well; `hosts` is the recap of a provisioning run. */
export type RunResult = {
  summary: string;
  hosts?: Record<string, HostRecap> | undefined;
  failed?: RunError | undefined;
};

/** Told of every event in order, with the view after it; must not throw. */
export type RunObserver = (event: RunEvent, view: RunView) => void;

export type RunsOptions = { store: RunStore | undefined; clock: Clock; redactor: Redactor; log: Log; owner: string };

const HEARTBEAT_MS = 10_000;
const FLUSH_MS = 100;
const STALE_MS = 60_000;
const MOST_PENDING = 50_000;

export type Runs = ReturnType<typeof createRuns>;

/** Performs commands as runs: every event gets its number, is stored, and is shown to whoever watches. */
export function createRuns(options: RunsOptions) {
  const { store, clock, log } = options;
  const active = new Map<string, AbortController>();
  const underWay = new Set<Promise<unknown>>();
  let closed: StarsError | undefined;

  /**
   * Records the request, then does the work; resolves with the end, whatever happened. Rejects only when nothing could be recorded
   * or when nothing new is taken any more. `cancelled` ends the run as `cancel` does.
   */
  function perform(
    request: RunRequest,
    work: (run: RunHandle) => Promise<RunResult>,
    observe: RunObserver,
    cancelled?: AbortSignal,
  ): Promise<RunEnd & { id: string }> {
    const whole = performRecorded({ request, work, observe, cancelled });
    const settled: Promise<unknown> = Promise.allSettled([whole]).then(() => underWay.delete(settled));
    underWay.add(settled);
    return whole;
  }

  type Performance = {
    request: RunRequest;
    work: (run: RunHandle) => Promise<RunResult>;
    observe: RunObserver;
    cancelled: AbortSignal | undefined;
  };

  async function performRecorded({ request, work, observe, cancelled }: Performance): Promise<RunEnd & { id: string }> {
    if (closed) throw closed;
    cancelled?.throwIfAborted();
    const startedAt = clock.now();
    const id = newRunId(startedAt);
    const controller = new AbortController();
    const journal = createJournal({ ...options, id, observe, onFailure: (error) => controller.abort(error) });
    const { person, source, command, environment } = request;
    const first = journal.make({ type: 'run.requested', ...request });
    const row = { id, command, text: textOf(first), environment, person, source, owner: options.owner };
    await stored(store?.create({ ...row, requestedAt: first.at }, [first]));
    journal.show(first);

    const follow = () => controller.abort(cancelled?.reason);
    cancelled?.addEventListener('abort', follow, { once: true });
    if (cancelled?.aborted) follow();
    // Every script that runs on every host listens to it.
    setMaxListeners(0, controller.signal);
    active.set(id, controller);
    try {
      await stored(store?.setState(id, 'running', clock.now()));
      journal.emit({ type: 'run.started' });
      const end = await settle(() => work({ id, emit: journal.emit, signal: controller.signal }), controller.signal);
      const ms = clock.now().getTime() - startedAt.getTime();
      const finished = await journal.finish(options.redactor.redactValue({ ...end, ms }));
      log.info({ run: id, command, state: finished.state, ms, error: finished.error }, 'run finished');
      return { id, ...finished };
    } finally {
      active.delete(id);
      cancelled?.removeEventListener('abort', follow);
      journal.stop();
    }
  }

  /** Ends a run of this process at its next safe point; false when it does not run here. */
  function cancel(id: string, reason: string): boolean {
    const controller = active.get(id);
    controller?.abort(new StarsError('CANCELLED', reason));
    return controller !== undefined;
  }

  /** For a shutdown: takes no new runs, cancels what runs here, and resolves when all of it has ended and is recorded. */
  async function close(reason: string): Promise<void> {
    closed = new StarsError('CANCELLED', reason, { hint: 'Ask again in a minute.' });
    for (const id of active.keys()) cancel(id, reason);
    await Promise.all(underWay);
  }

  /** Says that this process lives, and settles what dead ones left, until the returned function is called. */
  function startHeartbeat(): () => void {
    let stop = () => {};
    const beat = () => {
      store
        ?.beat(options.owner, clock.now())
        .then(settleAbandoned)
        .catch((error: unknown) => log.warn({ error }, 'heartbeat not written'));
      stop = clock.after(HEARTBEAT_MS, beat);
    };
    stop = clock.after(HEARTBEAT_MS, beat);
    return () => stop();
  }

  /** Marks the runs of processes that died as interrupted, naming what was in flight. */
  async function settleAbandoned(): Promise<string[]> {
    const now = clock.now();
    const abandoned = (await store?.stale(new Date(now.getTime() - STALE_MS), processIsGone)) ?? [];
    for (const run of abandoned) {
      const events = (await store?.events(run.id)) ?? [];
      const reason = `The process that ran it died. ${inFlight(events)}`;
      const envelope = (seq: number) => ({ run: run.id, seq, at: now.toISOString() });
      const ms = now.getTime() - new Date(run.requestedAt).getTime();
      const error = {
        code: 'INTERRUPTED',
        message: reason,
        hint: 'Run it again: what is done already stays as it is.',
      };
      await store?.finish(
        run.id,
        { state: 'interrupted', ms, error },
        [
          { ...envelope(events.length + 1), type: 'run.interrupted', reason },
          { ...envelope(events.length + 2), type: 'run.finished', state: 'interrupted', ms, error },
        ],
        now,
      );
    }
    return abandoned.map(({ id }) => id);
  }

  return { perform, cancel, close, startHeartbeat, settleAbandoned };
}

/** The words as they are stored: without secrets. */
function textOf(event: RunEvent): string {
  return event.type === 'run.requested' ? event.text : '';
}

/** What the store refused, as an error for people. */
async function stored<T>(writing: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await writing;
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(cause: unknown): StarsError {
  if (cause instanceof StarsError) return cause;
  return new StarsError('STORE', `The run could not be recorded: ${asStarsError(cause).message}.`, {
    hint: 'Stars does nothing that it cannot record. Look at the database and its disk, then run it again.',
    cause,
  });
}

type JournalOptions = RunsOptions & { id: string; observe: RunObserver; onFailure(error: StarsError): void };

/** Numbers events without gaps, shows them at once and stores them in small batches, in order. */
function createJournal({ id, store, clock, redactor, log, observe, onFailure }: JournalOptions) {
  let seq = 0;
  let view: RunView | undefined;
  let pending: RunEvent[] = [];
  let writing = Promise.resolve();
  let failure: StarsError | undefined;
  let cancelTimer: (() => void) | undefined;

  function make(body: RunEventBody): RunEvent {
    seq += 1;
    return redactor.redactValue({ run: id, seq, at: clock.now().toISOString(), ...body });
  }

  function show(event: RunEvent): void {
    view = applyEvent(view, event);
    if (view) observe(event, view);
  }

  function emit(body: RunEventBody): void {
    if (failure !== undefined) throw failure;
    if (pending.length >= MOST_PENDING)
      throw new StarsError('STORE', 'The database does not keep up with this run.', {
        hint: 'Look at the database, then run it again.',
      });
    const event = make(body);
    pending.push(event);
    show(event);
    // What begins is written before it has an effect: should this process die, the next one can name it.
    if (body.type.endsWith('.started')) void flush();
    else cancelTimer ??= clock.after(FLUSH_MS, () => void flush());
  }

  function flush(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    writing = writing.then(writeBatch).catch((error: unknown) => {
      log.error({ run: id, error }, 'events not stored');
      failure ??= storeError(error);
      onFailure(failure);
    });
    return writing;
  }

  // What is not written yet stays pending: numbers have no gaps, and the end of the run tries them once more.
  async function writeBatch(): Promise<void> {
    const batch = [...pending];
    if (failure !== undefined || batch.length === 0) return;
    await store?.append(batch);
    pending = pending.slice(batch.length);
  }

  async function finish(wanted: RunEnd): Promise<RunEnd> {
    await flush();
    const end: RunEnd = failure ? { state: 'failed', ms: wanted.ms, error: toRunError(failure) } : wanted;
    const event = make({ type: 'run.finished', ...end });
    try {
      const first = await store?.finish(id, end, [...pending, event], clock.now());
      if (first === false) return await endedBefore(end);
      show(event);
      return end;
    } catch (error) {
      log.error({ run: id, error }, 'the end of a run is not stored');
      const unrecorded: RunEnd = { state: 'failed', ms: wanted.ms, error: toRunError(storeError(error)) };
      show({ run: id, seq: event.seq, at: event.at, type: 'run.finished', ...unrecorded });
      return unrecorded;
    }
  }

  /** Somebody else has ended this run, such as a process that took this one for dead: the recorded end is the one shown. */
  async function endedBefore(lost: RunEnd): Promise<RunEnd> {
    const recorded = (await store?.events(id))?.findLast((event) => event.type === 'run.finished');
    if (!recorded) throw new StarsError('STORE', 'The run had ended before, and its end is not to be found.');
    log.warn({ run: id, state: recorded.state, lost: lost.state }, 'the run had ended before');
    show(recorded);
    const { state, ms, summary, error, hosts } = recorded;
    return { state, ms, summary, error, hosts };
  }

  return { make, show, emit, finish, stop: () => cancelTimer?.() };
}

async function settle(work: () => Promise<RunResult>, signal: AbortSignal): Promise<Omit<RunEnd, 'ms'>> {
  try {
    const { summary, hosts, failed } = await work();
    return failed ? { state: 'failed', summary, hosts, error: failed } : { state: 'succeeded', summary, hosts };
  } catch (thrown) {
    const error = asStarsError(signal.aborted && signal.reason instanceof StarsError ? signal.reason : thrown);
    const state: RunState = error.code === 'CANCELLED' ? 'cancelled' : 'failed';
    return { state, error: toRunError(error) };
  }
}

export function toRunError(error: StarsError): RunError {
  const place = error.where
    ? `${[error.where.file, error.where.line, error.where.column].filter((part) => part !== undefined).join(':')}: `
    : '';
  return { code: error.code, message: `${place}${error.message}`, hint: error.hint };
}

function inFlight(events: readonly RunEvent[]): string {
  const last = events.findLast(
    ({ type }) => type === 'task.started' || type === 'step.started' || type === 'step.finished',
  );
  if (last?.type === 'task.started') return `In flight was the task “${last.task}” of ${last.play}.`;
  if (last?.type === 'step.started') return `In flight was the step “${last.step}”.`;
  return 'No step was in flight.';
}

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** `261122-2145-k7f2qa`: when it was, and enough chance that no two are the same. */
function newRunId(now: Date): string {
  const stamp = now.toISOString().replaceAll(/[^0-9]/g, '');
  const chance = Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${stamp.slice(2, 8)}-${stamp.slice(8, 12)}-${chance}`;
}
