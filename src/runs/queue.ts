import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { blockersOf, type Waiting, waitsFor } from '../model/blockers.js';
import { clean } from '../model/clean.js';
import type { RunError, RunEvent, RunState } from '../model/run.js';
import type { RunView } from '../model/run-view.js';
import { viewOf } from '../model/run-view.js';
import type { Redactor } from '../secret.js';
import type { ClaimStore } from '../store/claims.js';
import { endedNow, isProposing, type Run, type RunEnd, type RunStore } from '../store/runs.js';
import { notOurs, storeError, toRunError } from './journal.js';

export type QueueOptions = {
  store: RunStore;
  claims: ClaimStore;
  clock: Clock;
  log: Log;
  redactor: Redactor;
  owner: string;
  work: { admit(run: Run): Promise<string | undefined> };
  /** What is performed here now. */
  active: ReadonlyMap<string, AbortController>;
  /** What somebody here waits for. */
  local: ReadonlyMap<string, Waited>;
  /** What stores the ends of runs that ended here while the database did not take them. */
  unrecorded: Map<string, () => Promise<void>>;
  perform(claimed: { run: Run; fence: number }): Promise<void>;
  ended(id: string, end: RunEnd): void;
};

type Waited = {
  told: number;
  askedAt: Date;
  here?: boolean | undefined;
  observe?: ((event: RunEvent, view: RunView) => void) | undefined;
};

const LOOK_EVERY_MS = 1_000;
/** So long the other parts of a run are left to processes that have none of them. */
const LEAVE_PARTS_MS = 3_000;
const MOST_AT_ONCE = 30;
/** So long the database may refuse to let anything begin before whoever waits here is told. */
const GIVE_UP_AFTER_MS = 20_000;

/** Gives waiting runs their turn: looks at once when something changes here, and every second for what others change. */
export function createQueue(options: QueueOptions) {
  const { store, claims, clock, log, redactor, owner, work, active, local, unrecorded, perform, ended } = options;
  let serving = false;
  let stopped = false;
  let looking: Promise<void> | undefined;
  let again = false;
  let failingSinceMs: number | undefined;
  /** By run: the one that it is a part of, of those begun here. */
  const parts = new Map<string, string>();
  /** What nobody waits for any more, though the database could not be told. */
  const givenUp = new Map<string, RunEnd>();
  let cancelTimer: () => void = () => undefined;

  /** Resolves when everything that can begin now has been claimed. */
  function look(): Promise<void> {
    again = true;
    looking ??= lookUntilQuiet().finally(() => {
      looking = undefined;
      schedule();
    });
    return looking;
  }

  async function lookUntilQuiet(): Promise<void> {
    cancelTimer();
    while (again) {
      again = false;
      if (stopped) return;
      try {
        await lookOnce();
        failingSinceMs = undefined;
      } catch (error) {
        failed(error);
      }
    }
  }

  function failed(error: unknown): void {
    log.warn({ error }, 'the queue could not be looked at');
    const now = clock.now();
    failingSinceMs ??= now.getTime();
    if (now.getTime() - failingSinceMs < GIVE_UP_AFTER_MS) return;
    for (const [id, { here }] of local)
      if (here && !active.has(id)) giveUp(id, 'failed', toRunError(storeError(error)));
  }

  /** Tells whoever waits here the end of a run that has not begun and cannot be ended in the database now; it is ended there when that can be. */
  function giveUp(id: string, state: RunState, error: RunError): void {
    const asked = local.get(id);
    if (!asked || active.has(id)) return;
    const end = { state, ms: clock.now().getTime() - asked.askedAt.getTime(), error };
    givenUp.set(id, end);
    ended(id, end);
  }

  function schedule(): void {
    cancelTimer();
    if (stopped || (!serving && local.size === 0 && unrecorded.size === 0)) return;
    cancelTimer = clock.after(LOOK_EVERY_MS, () => void look());
  }

  async function lookOnce(): Promise<void> {
    await recordEnds();
    const waiting = await store.waiting();
    for (const id of givenUp.keys()) if (!waiting.some((run) => run.id === id)) givenUp.delete(id);
    const now = clock.now();
    const leases = waiting.length > 0 ? await claims.list(undefined, now) : [];
    const earlier: Run[] = [];
    for (const id of parts.keys()) if (!active.has(id)) parts.delete(id);
    const begun = new Set<string>();
    for (const run of waiting) {
      if (stopped) return;
      const over = givenUp.get(run.id);
      if (over) await store.finishFor(run.id, over, [], now, { waiting: true });
      else if (run.waitUntil !== undefined && run.waitUntil <= now.toISOString()) await expire(run, now);
      else if (run.state === 'queued') {
        const waits = isProposing(run) ? undefined : waitsFor(blockersOf(run, leases, earlier));
        if (!isProposing(run)) earlier.push(run);
        if (isOurs(run) && !isLeft(run, begun, now)) await giveTurn(run, waits);
      }
    }
    await followOthers();
    await heedOthers();
  }

  /** Until this is through a run that has ended stands as running, and holds what it wanted. */
  async function recordEnds(): Promise<void> {
    for (const [id, record] of unrecorded) {
      try {
        await record();
        unrecorded.delete(id);
      } catch (error) {
        log.warn({ run: id, error }, 'the end of a run is still not stored');
      }
    }
  }

  /** Cancels what others want cancelled, and what belongs to this process no more. */
  async function heedOthers(): Promise<void> {
    const before = [...active.keys()];
    if (before.length === 0) return;
    const ours = new Map((await store.performedBy(owner)).map((run) => [run.id, run.cancel]));
    for (const id of before) {
      const wish = ours.get(id);
      if (wish) active.get(id)?.abort(new StarsError('CANCELLED', wish.reason));
      else if (!ours.has(id)) active.get(id)?.abort(notOurs(id));
    }
  }

  function isOurs(run: Run): boolean {
    if (run.owner !== '') return run.owner === owner;
    // The whole has its place, and waits for its parts.
    if (run.partOf !== undefined) return serving || active.has(run.partOf);
    return serving && active.size < MOST_AT_ONCE;
  }

  /** Parts are for whoever is free: a process begins one at a time, and leaves the next to others for a moment. */
  function isLeft({ partOf, requestedAt }: Run, begun: Set<string>, now: Date): boolean {
    if (partOf === undefined) return false;
    const isYoung = now.getTime() - Date.parse(requestedAt) < LEAVE_PARTS_MS;
    if (begun.has(partOf) || (isYoung && [...parts.values()].includes(partOf))) return true;
    begun.add(partOf);
    return false;
  }

  async function giveTurn(run: Run, kept: Waiting | undefined): Promise<void> {
    const waits = kept ?? (await admitted(run));
    if (waits === false) return;
    if (waits !== undefined) {
      const { reason, holder } = waits;
      await store.sayWaiting(run.id, { type: 'run.queued', reason: redactor.redact(reason), holder }, clock.now());
      return;
    }
    const { id, environment } = run;
    const now = clock.now();
    const claim = await claims.claim({
      id,
      environment,
      owner,
      leases: !isProposing(run),
      now,
      started: { type: 'run.started' },
    });
    if (claim.claimed && run.partOf !== undefined) parts.set(id, run.partOf);
    if (claim.claimed) void perform({ ...claim, run: { ...claim.run, owner: run.owner } });
  }

  /** Why it has to wait, undefined when it may begin, false when it may not and was ended. */
  async function admitted(run: Run): Promise<Waiting | undefined | false> {
    try {
      const reason = await work.admit(run);
      return reason === undefined ? undefined : { reason };
    } catch (thrown) {
      const error = asStarsError(thrown);
      const state = error.code === 'NOT_PERMITTED' || error.code === 'DENIED' ? 'denied' : 'failed';
      const now = clock.now();
      const end = endedNow(run, now, state, toRunError(error));
      await store.finishFor(run.id, clean(end, redactor), [], now, { waiting: true });
      return false;
    }
  }

  async function expire(run: Run, now: Date): Promise<void> {
    const message =
      run.state === 'queued' ? 'Its turn did not come in time.' : 'Nobody approved it in time: nothing was done.';
    const end = endedNow(run, now, 'expired', { code: 'DENIED', message, hint: 'Ask for it again.' });
    await store.finishFor(run.id, end, [], now, { waiting: true });
  }

  /** Tells those who wait here what others did with their runs. */
  async function followOthers(): Promise<void> {
    for (const [id, asked] of local) {
      if (active.has(id)) continue;
      const events = await store.events(id);
      if (active.has(id)) continue;
      for (const [index, event] of events.entries()) {
        if (event.seq <= asked.told) continue;
        asked.told = event.seq;
        const view = viewOf(events.slice(0, index + 1));
        if (view) asked.observe?.(event, view);
      }
      const last = events.at(-1);
      if (last?.type !== 'run.finished') continue;
      const { state, ms, summary, error, hosts } = last;
      ended(id, { state, ms, summary, error, hosts });
    }
  }

  function stop(): void {
    stopped = true;
    cancelTimer();
  }

  function serve(): Promise<void> {
    serving = true;
    return look();
  }

  return { look, serve, stop, giveUp };
}
