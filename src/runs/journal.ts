import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { clean } from '../model/clean.js';
import type { RunError, RunEvent, RunEventBody } from '../model/run.js';
import { applyEvent, type RunView } from '../model/run-view.js';
import type { Redactor } from '../secret.js';
import type { RunEnd, RunStore } from '../store/runs.js';
import { notWritten } from '../store/trouble.js';

/** Told of every event in order, with the view after it; must not throw. */
export type RunObserver = (event: RunEvent, view: RunView) => void;

export type JournalOptions = {
  id: string;
  owner: string;
  /** None when the run is not recorded. */
  store: RunStore | undefined;
  clock: Clock;
  redactor: Redactor;
  log: Log;
  observe: RunObserver;
  /** Events could not be stored, or the run belongs to somebody else by now. */
  onFailure(error: StarsError): void;
};

export type Journal = ReturnType<typeof createJournal>;

const FLUSH_MS = 100;
const MOST_PENDING = 50_000;

/** Numbers events without gaps, shows them at once and stores them in small batches, in order. */
export function createJournal(options: JournalOptions) {
  const { id, owner, store, clock, redactor, log, observe, onFailure } = options;
  let seq = 0;
  let view: RunView | undefined;
  let pending: RunEvent[] = [];
  let writing = Promise.resolve();
  let failure: StarsError | undefined;
  let cancelTimer: (() => void) | undefined;
  let owed: (() => Promise<void>) | undefined;

  function make(body: RunEventBody): RunEvent {
    seq += 1;
    return clean({ run: id, seq, at: clock.now().toISOString(), ...body }, redactor);
  }

  function show(event: RunEvent): void {
    view = applyEvent(view, event);
    if (view) observe(event, view);
  }

  /** Goes on from an event that is stored already; it is shown when that has not been done yet. */
  function adopt(event: RunEvent, unseen: boolean): void {
    seq = event.seq;
    if (unseen) show(event);
    else view = applyEvent(view, event);
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

  /** Resolves when everything emitted so far is stored; throws when it could not be. */
  async function durable(): Promise<void> {
    await flush();
    if (failure !== undefined) throw failure;
  }

  // What is not written yet stays pending: numbers have no gaps, and the end of the run tries them once more.
  async function writeBatch(): Promise<void> {
    const batch = [...pending];
    if (failure !== undefined || batch.length === 0) return;
    if (store && !(await store.append(batch, owner))) throw notOurs(id);
    pending = pending.slice(batch.length);
  }

  async function finish(wanted: RunEnd): Promise<RunEnd> {
    await flush();
    const end: RunEnd = failure ? { state: 'failed', ms: wanted.ms, error: toRunError(failure) } : wanted;
    const event = make({ type: 'run.finished', ...end });
    try {
      const first = await store?.finish(id, end, [...pending, event], clock.now(), { owner });
      if (first === false) return await endedBefore(end);
      show(event);
      return end;
    } catch (error) {
      log.error({ run: id, error }, 'the end of a run is not stored');
      const unrecorded: RunEnd = { state: 'failed', ms: wanted.ms, error: toRunError(storeError(error)) };
      const last: RunEvent = { run: id, seq: event.seq, at: event.at, type: 'run.finished', ...unrecorded };
      const events = [...pending, last];
      owed = () => recordLate(unrecorded, events);
      show(last);
      return unrecorded;
    }
  }

  /** Stores what could not be stored when the run ended; where that had come about all the same, or somebody else has ended it, that is shown. */
  async function recordLate(end: RunEnd, events: RunEvent[]): Promise<void> {
    if ((await store?.finish(id, end, events, clock.now(), { owner })) === false) await endedBefore(end);
  }

  /** Somebody else has ended this run, such as a process that took this one for dead: the recorded end is the one shown. */
  async function endedBefore(unwritten: RunEnd): Promise<RunEnd> {
    const recorded = (await store?.events(id))?.findLast((event) => event.type === 'run.finished');
    if (!recorded) throw new StarsError('STORE', 'The run had ended before, and its end is not to be found.');
    log.warn({ run: id, state: recorded.state, lost: unwritten.state }, 'the run had ended before');
    show(recorded);
    const { state, ms, summary, error, hosts } = recorded;
    return { state, ms, summary, error, hosts };
  }

  /** Everything that is not stored yet, with this behind it: for a caller that stores it with something else. */
  function takePending(...bodies: RunEventBody[]): RunEvent[] {
    const events = bodies.map(make);
    const all = [...pending, ...events];
    pending = [];
    return all;
  }

  return {
    make,
    show,
    adopt,
    emit,
    flush,
    durable,
    finish,
    /** What stores an end that could not be stored; undefined when none is owed. It rejects as long as the store does not take it. */
    owed: () => owed,
    takePending,
    view: () => view,
    stop: () => cancelTimer?.(),
  };
}

export function notOurs(id: string): StarsError {
  return new StarsError(
    'LOCKED',
    `The run ${id} was ended by somebody else, who took this process for dead or took its lock over.`,
    {
      hint: `“show ${id}” tells its end. What had begun on hosts may still go on there.`,
    },
  );
}

/** What the store refused, as an error for people. */
export function storeError(cause: unknown): StarsError {
  if (cause instanceof StarsError && cause.code !== 'STORE') return cause;
  return notWritten('The run could not be recorded', 'Stars does nothing that it cannot record.', cause);
}

export function toRunError(error: StarsError): RunError {
  const place = error.where
    ? `${[error.where.file, error.where.line, error.where.column].filter((part) => part !== undefined).join(':')}: `
    : '';
  const { code, message, hint, choices } = error;
  return { code, message: `${place}${message}`, hint, ...(choices ? { choices } : {}) };
}
