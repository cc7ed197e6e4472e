import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { clean } from '../model/clean.js';
import type { Person, RunEvent, RunRequest } from '../model/run.js';
import type { RunView } from '../model/run-view.js';
import { takenUpBy } from '../model/taken-up.js';
import type { Redactor } from '../secret.js';
import type { ClaimStore } from '../store/claims.js';
import type { ProcessStore } from '../store/processes.js';
import {
  type Address,
  endedNow,
  isProposing,
  type Proposal,
  type Run,
  type RunEnd,
  type RunStore,
} from '../store/runs.js';
import { createJournal, type Journal, type RunObserver, storeError, toRunError } from './journal.js';
import { performWork, type RunHandle, type RunResult } from './performance.js';
import { createQueue } from './queue.js';
import { newRunId } from './run-id.js';
import { createSettler } from './settle-abandoned.js';

export { toRunError } from './journal.js';
export type { RunObserver } from './journal.js';
export type { RunHandle, RunResult } from './performance.js';

/** How a run is made again from what was recorded, by whoever performs it. */
export type RunWork = {
  /** Whether it may begin now: its rights are looked up again. A text says what it waits for. Throws what forbids it. */
  admit(run: Run): Promise<string | undefined>;
  perform(request: RunRequest, run: RunHandle): Promise<RunResult>;
  /** What it would do, for those who approve it; or closing words when there is nothing to do. */
  propose(request: RunRequest, run: RunHandle): Promise<{ hash: string; text: string } | { done: string }>;
  deadlineMs(request: RunRequest): number;
  /** How long people may take to approve it. */
  approvalMs(run: Run): Promise<number>;
};

export type RunsOptions = {
  store: RunStore;
  claims: ClaimStore;
  processes: ProcessStore;
  clock: Clock;
  redactor: Redactor;
  log: Log;
  owner: string;
  /** What this process is, for people. */
  says: string;
  work: RunWork;
};

export type Asked = {
  request: RunRequest;
  /** What it changes; of two runs that want the same one waits. */
  resources?: readonly string[];
  /** So many people have to approve it first. */
  approvals?: number;
  /** Only this process can perform it. */
  here?: boolean;
  address?: Address | undefined;
  requestKey?: string | undefined;
  observe?: RunObserver | undefined;
  /** Ends the run as `cancel` does. */
  cancelled?: AbortSignal | undefined;
};

/** Told of every event that comes about here, of whatever run. */
export type RunWatcher = (event: RunEvent, view: RunView, run: Run) => void;

type Local = Asked & { settle(end: RunEnd): void; told: number; askedAt: Date };

const CUT_OFF = 'What is done stays as it is: run it again, or resume a deploy.';

export type Runs = ReturnType<typeof createRuns>;

/** Records what is asked as runs, and performs them: those of this process, and when it serves those of anybody, each when its turn comes. */
export function createRuns(options: RunsOptions) {
  const { store, clock, log, owner, work, redactor } = options;
  const active = new Map<string, AbortController>();
  const local = new Map<string, Local>();
  const underWay = new Set<Promise<unknown>>();
  const watchers = new Set<RunWatcher>();
  /** By run, what stores the end of one that ended here while the database did not take it. */
  const unrecorded = new Map<string, () => Promise<void>>();
  let closed: StarsError | undefined;

  const settler = createSettler(options);
  const queue = createQueue({
    ...options,
    active,
    local,
    unrecorded,
    perform: (claimed) => track(performClaimed(claimed)),
    ended: tellEnd,
  });

  /** Records the request and lets it begin when its turn comes. Rejects only when it could not be recorded, or when nothing new is taken any more. */
  async function ask(asked: Asked): Promise<{ id: string; ended: Promise<RunEnd> }> {
    if (closed) throw closed;
    asked.cancelled?.throwIfAborted();
    const now = clock.now();
    const id = newRunId(now);
    const { command, environment, person, source } = asked.request;
    const body = { run: id, seq: 1, at: now.toISOString(), type: 'run.requested' as const, ...asked.request };
    const first: RunEvent = clean(body, redactor);
    const row = {
      id,
      command,
      text: first.type === 'run.requested' ? first.text : '',
      environment,
      person,
      source,
      requestedAt: first.at,
      owner: asked.here === true ? owner : '',
      resources: [...(asked.resources ?? [])],
      address: asked.address,
      requestKey: asked.requestKey,
      takesUp: takenUpBy(asked.request),
      proposal: asked.approvals ? { needed: asked.approvals } : undefined,
    };
    await stored(settler.beat());
    if (!(await stored(store.create(row, [first])))) throw repeated();
    const ended = new Promise<RunEnd>((settle) => local.set(id, { ...asked, settle, told: 0, askedAt: now }));
    followCancel(id, asked.cancelled);
    void track(queue.look());
    return { id, ended };
  }

  function track<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = Promise.allSettled([work]).then(() => underWay.delete(settled));
    underWay.add(settled);
    return work;
  }

  function followCancel(id: string, cancelled: AbortSignal | undefined): void {
    const follow = () =>
      void cancel(id, reasonOf(cancelled), undefined).catch((error: unknown) => {
        log.warn({ error }, 'a cancel is not recorded');
        const message = `${reasonOf(cancelled)} That could not be recorded: ${asStarsError(error).message.replace(/\.$/, '')}.`;
        queue.giveUp(id, 'cancelled', { code: 'CANCELLED', message });
      });
    cancelled?.addEventListener('abort', follow, { once: true });
    if (cancelled?.aborted) follow();
  }

  type Claimed = { run: Run; fence: number };

  async function performClaimed({ run, fence }: Claimed): Promise<void> {
    const { id } = run;
    const asked = local.get(id);
    const controller = new AbortController();
    active.set(id, controller);
    const journal = createJournal({
      ...options,
      id,
      observe: (event, view) => tell(asked, event, view, run),
      onFailure: (error) => controller.abort(error),
    });
    try {
      const before = await store.events(id);
      for (const event of before) journal.adopt(event, event.seq > (asked?.told ?? 0));
      const recorded = before[0];
      if (!recorded || recorded.type !== 'run.requested') throw storeError(new Error(`the run ${id} has no request`));
      const request = asked?.request ?? recorded;
      const doing = {
        id,
        journal,
        controller,
        clock,
        fence,
        approved: run.proposal,
        deadlineMs: work.deadlineMs(request),
        events: () => store.events(id),
      };
      if (isProposing(run)) await propose(request, run, doing);
      else await finishWith(request, run, doing);
    } catch (error) {
      leaveUnrecorded(run, journal, error);
    } finally {
      active.delete(id);
      journal.stop();
      void track(queue.look());
    }
  }

  /** It did nothing, or nothing that is left to do: the database failed while it began, or when its proposal was to be kept. */
  function leaveUnrecorded(run: Run, journal: Journal, thrown: unknown): void {
    log.error({ run: run.id, error: thrown }, 'a run could not go on');
    const ms = clock.now().getTime() - Date.parse(run.requestedAt);
    const end: RunEnd = clean({ state: 'failed', ms, error: toRunError(storeError(thrown)) }, redactor);
    unrecorded.set(run.id, async () => {
      await store.finishFor(run.id, end, [], clock.now(), { owner });
      const events = await store.events(run.id);
      for (const event of journal.view() ? events.slice(-1) : events)
        journal.adopt(event, event.type === 'run.finished');
    });
    tellEnd(run.id, end);
  }

  type Doing = Omit<Parameters<typeof performWork>[0], 'work'>;

  async function finishWith(request: RunRequest, run: Run, doing: Doing): Promise<void> {
    const outcome = await performWork<RunResult>({ ...doing, work: (handle) => work.perform(request, handle) });
    await finish(run, doing, 'end' in outcome ? outcome.end : endOf(outcome.value));
  }

  async function propose(request: RunRequest, run: Run, doing: Doing): Promise<void> {
    const { id } = run;
    const outcome = await performWork({ ...doing, work: (handle) => work.propose(request, handle) });
    if ('end' in outcome) return finish(run, doing, outcome.end);
    if ('done' in outcome.value) return finish(run, doing, endOf({ summary: outcome.value.done }));
    const now = clock.now();
    const until = new Date(now.getTime() + (await work.approvalMs(run))).toISOString();
    const needed = run.proposal?.needed ?? 1;
    const { hash, text } = outcome.value;
    const proposal: Proposal = { needed, hash, text: redactor.redact(text) };
    await doing.journal.flush();
    const events = doing.journal.takePending({ type: 'approval.asked', hash, text, needed, until });
    const asking = { proposal, waitUntil: until, keep: run.owner !== '' };
    if (!(await store.awaitApproval(id, owner, events, asking, now))) return finish(run, doing, endOf({ summary: '' }));
    for (const event of events) doing.journal.show(event);
  }

  async function finish(run: Run, { journal }: Doing, end: Omit<RunEnd, 'ms'>): Promise<void> {
    const ms = clock.now().getTime() - Date.parse(run.requestedAt);
    const finished = await journal.finish(clean({ ...end, ms }, redactor));
    log.info({ run: run.id, command: run.command, state: finished.state, ms, error: finished.error }, 'run finished');
    const owed = journal.owed();
    if (owed) unrecorded.set(run.id, owed);
    active.delete(run.id);
    tellEnd(run.id, finished);
  }

  function tell(asked: Local | undefined, event: RunEvent, view: RunView, run: Run): void {
    if (asked) asked.told = Math.max(asked.told, event.seq);
    asked?.observe?.(event, view);
    for (const watcher of watchers) watcher(event, view, run);
  }

  function tellEnd(id: string, end: RunEnd): void {
    local.get(id)?.settle(end);
    local.delete(id);
  }

  /** Ends a run at its next safe point, wherever it is performed; false when it has ended, or there is none. */
  async function cancel(id: string, reason: string, by: Person | undefined): Promise<boolean> {
    const controller = active.get(id);
    controller?.abort(new StarsError('CANCELLED', reason));
    if (controller) return true;
    const run = await store.find(id);
    if (!run || run.finishedAt !== undefined) return false;
    const now = clock.now();
    const end = endedNow(run, now, 'cancelled', { code: 'CANCELLED', message: reason });
    const ended = await store.finishFor(run.id, clean(end, redactor), [], now, { waiting: true });
    const wished = ended || (await store.wishCancel({ id: run.id, reason: redactor.redact(reason), by }));
    void track(queue.look());
    return wished;
  }

  /** For a shutdown: takes no new runs, ends what runs here at its next safe point, and resolves when all of it has ended and is recorded. */
  async function close(reason: string): Promise<void> {
    closed = new StarsError('CANCELLED', reason, { hint: 'Ask again in a minute.' });
    queue.stop();
    const own = [...local].filter(([, { here }]) => here === true).map(([id]) => id);
    for (const controller of active.values())
      controller.abort(new StarsError('INTERRUPTED', reason, { hint: CUT_OFF }));
    await Promise.allSettled(own.filter((id) => !active.has(id)).map((id) => cancel(id, reason, undefined)));
    while (underWay.size > 0) await Promise.all(underWay);
  }

  /** Resolves when nothing is performed here and nothing waits for its turn that could begin. */
  async function idle(): Promise<void> {
    do {
      await queue.look();
      while (underWay.size > 0) await Promise.all(underWay);
    } while (active.size > 0);
  }

  function watch(watcher: RunWatcher): () => void {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }

  return {
    ask,
    cancel,
    close,
    idle,
    watch,
    /** Performs the runs of anybody from now on. */
    serve: () => queue.serve(),
    /** Looks at once whether something can begin. */
    look: () => track(queue.look()),
    startHeartbeat: () => settler.start(() => void track(queue.look())),
    settleAbandoned: () => settler.settle(),
    /** Says that this process lives, unless it just did. */
    beat: () => settler.beat(),
    isAlive: (process: string) => settler.isAlive(process),
    /** Whether the others take this process for alive, having heard from it now. Rejects when the store does not take that. */
    isHeard: () => settler.isHeard(),
    /** Whether nothing new is taken any more. */
    isClosing: () => closed !== undefined,
    /** The last thing that a process does: from here on others take it for dead, and go on with what it has not shown. */
    leave: () => settler.leave(),
    /** Lets nothing begin any more. */
    stop: () => queue.stop(),
  };
}

function endOf({ summary, hosts, failed, brokenOff }: RunResult): Omit<RunEnd, 'ms'> {
  const end = { summary, hosts, brokenOff };
  return failed ? { state: 'failed', ...end, error: failed } : { state: 'succeeded', ...end };
}

function reasonOf(signal: AbortSignal | undefined): string {
  return signal?.reason instanceof Error ? signal.reason.message : 'Cancelled.';
}

function repeated(): StarsError {
  return new StarsError('STORE', 'This request has its run already.', { hint: '“history” lists the runs.' });
}

async function stored<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    throw storeError(error);
  }
}
