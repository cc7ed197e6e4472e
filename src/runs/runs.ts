import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Emit, HostRecap, Person, RunError, RunEvent, RunEventBody, RunSource, RunState } from '../model/run.js';
import { applyEvent, type RunView } from '../model/run-view.js';
import type { Redactor } from '../secret.js';
import type { RunEnd, RunStore } from '../store/runs.js';

export type RunRequest = {
  command: string;
  text: string;
  args: Record<string, unknown>;
  environment: string | null;
  person: Person;
  source: RunSource;
};

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

  /** Records the request, then does the work; resolves with the end, whatever happened. Rejects only when nothing could be recorded. */
  async function perform(
    request: RunRequest,
    work: (run: RunHandle) => Promise<RunResult>,
    observe: RunObserver,
  ): Promise<RunEnd & { id: string }> {
    const startedAt = clock.now();
    const id = newRunId(startedAt);
    const journal = createJournal({ ...options, id, observe });
    const { person, source, command, text, args, environment } = request;
    const first = journal.make({ type: 'run.requested', command, text, args, environment, person, source });
    await store?.create(
      {
        id,
        command,
        text: first.type === 'run.requested' ? first.text : text,
        environment,
        person,
        source,
        requestedAt: first.at,
        owner: options.owner,
      },
      [first],
    );
    journal.show(first);

    const controller = new AbortController();
    // Every script that runs on every host listens to it.
    setMaxListeners(0, controller.signal);
    active.set(id, controller);
    try {
      await store?.setState(id, 'running', clock.now());
      journal.emit({ type: 'run.started' });
      const end = await settle(() => work({ id, emit: journal.emit, signal: controller.signal }), controller.signal);
      const finished = options.redactor.redactValue({ ...end, ms: clock.now().getTime() - startedAt.getTime() });
      await journal.finish(finished);
      log.info({ run: id, command, state: end.state, ms: finished.ms, error: end.error }, 'run finished');
      return { id, ...finished };
    } finally {
      active.delete(id);
      journal.stop();
    }
  }

  /** Ends a run of this process at its next safe point; false when it does not run here. */
  function cancel(id: string, reason: string): boolean {
    const controller = active.get(id);
    controller?.abort(new StarsError('CANCELLED', reason));
    return controller !== undefined;
  }

  /** Cancels what runs here, for a shutdown. */
  function cancelAll(reason: string): void {
    for (const id of active.keys()) cancel(id, reason);
  }

  /** Says that this process lives, until the returned function is called. */
  function startHeartbeat(): () => void {
    let stop = () => {};
    const beat = () => {
      store?.beat(options.owner, clock.now()).catch((error: unknown) => log.warn({ error }, 'heartbeat not written'));
      stop = clock.after(HEARTBEAT_MS, beat);
    };
    beat();
    return () => stop();
  }

  /** Marks the runs of processes that died as interrupted, naming what was in flight. */
  async function settleAbandoned(): Promise<string[]> {
    const now = clock.now();
    const abandoned = (await store?.stale(new Date(now.getTime() - STALE_MS))) ?? [];
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

  return { perform, cancel, cancelAll, startHeartbeat, settleAbandoned };
}

type JournalOptions = RunsOptions & { id: string; observe: RunObserver };

/** Numbers events without gaps, shows them at once and stores them in small batches, in order. */
function createJournal({ id, store, clock, redactor, log, observe }: JournalOptions) {
  let seq = 0;
  let view: RunView | undefined;
  let pending: RunEvent[] = [];
  let writing = Promise.resolve();
  let failure: unknown;
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
    if (failure !== undefined) throw asStarsError(failure);
    if (pending.length >= MOST_PENDING)
      throw new StarsError('STORE', 'The database does not keep up with this run.', {
        hint: 'Look at the database, then run it again.',
      });
    const event = make(body);
    pending.push(event);
    show(event);
    cancelTimer ??= clock.after(FLUSH_MS, () => void flush());
  }

  function flush(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    const batch = pending;
    pending = [];
    writing = writing
      .then(() => store?.append(batch))
      .then(
        () => undefined,
        (error: unknown) => {
          failure ??= error;
          log.error({ run: id, error }, 'events not stored');
        },
      );
    return writing;
  }

  async function finish(end: RunEnd): Promise<void> {
    await flush();
    const event = make({ type: 'run.finished', ...end });
    if (failure === undefined) await store?.finish(id, end, [event], clock.now());
    show(event);
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

function inFlight(events: RunEvent[]): string {
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
