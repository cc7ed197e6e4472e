import type { Clock } from '../clock.js';
import { asStarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { RunEvent } from '../model/run.js';
import { hasEnded } from '../model/run-states.js';
import { type RunView, viewOf } from '../model/run-view.js';
import type { Runs } from '../runs/runs.js';
import type { Extent, RunThread, Threads } from '../slack/thread.js';
import type { UploadTo } from '../slack/uploads.js';
import type { Run, RunStore } from '../store/runs.js';
import type { ThreadStore } from '../store/threads.js';
import type { FileDelivery } from './file-delivery.js';

export type PresenterOptions = {
  runs: Pick<Runs, 'watch' | 'isAlive'>;
  store: RunStore;
  /** Where the messages stand. */
  places: ThreadStore;
  threads: Threads;
  /** The name of this process. */
  owner: string;
  files: FileDelivery;
  clock: Clock;
  log: Log;
  /** Tells whoever asked that there is no message, and why. */
  tellAsker(run: Run, words: string): Promise<unknown>;
  /** Whether this process shows what nobody performs at the moment; of several, one does. */
  isFirst(): boolean;
};

/** What belongs below the message only one process may show. `lookFirst`: another one may have done so before. */
type Showing = { extent: Extent; lookFirst: boolean };
type Shown = Showing & { latest: RunView; thread: RunThread | undefined };

const LOOK_EVERY_MS = 2_000;
const LOOK_BACK_MS = 10_000;
const OLDEST_MS = 24 * 3_600_000;
const POSTED_WITHIN_MS = 15_000;
const ASK_EVERY_MS = 250;
const OWN_SHOW_MS = 10_000;
const CATCH_UP_EVERY_MS = 10_000;
const MOST_SHOWN = 2_000;

/**
 * Keeps the message of each run as the run is: those that this process performs at once, the others, such as one that waits or whose
 * process died, a little later.
 */
export function createPresenter(options: PresenterOptions) {
  const { runs, store, places, threads, owner, files, clock, log, tellAsker, isFirst } = options;
  const shown = new Map<string, Shown>();
  const opening = new Set<Promise<void>>();
  let lookedAt = new Date(0);
  let stopped = false;
  let looking: Promise<void> | undefined;
  let cancelTimer: () => void = () => undefined;
  let unwatch: () => void = () => undefined;

  /** Resolves after the first look at what earlier processes left. */
  async function start(): Promise<void> {
    unwatch = runs.watch((event, view, run) => {
      // What it proposes may have been found out by another process than the one that performs it.
      const how = { extent: 'whole' as const, lookFirst: run.proposal !== undefined };
      show(run, view, how, event.type === 'file.attached');
    });
    await look();
  }

  function show(run: Run, view: RunView, how: Showing, hasFile = false): void {
    if (run.address === undefined || stopped) return;
    const known = shown.get(run.id);
    if (known) {
      Object.assign(known, { latest: view, ...how });
      known.thread?.update(view, how.extent, how.lookFirst);
      if (hasFile && known.thread) void files.deliver(run, below(known.thread));
    } else {
      const entry: Shown = { latest: view, ...how, thread: undefined };
      shown.set(run.id, entry);
      const [oldest] = shown.keys();
      if (shown.size > MOST_SHOWN && oldest !== undefined) shown.delete(oldest);
      const work = open(run, entry).finally(() => opening.delete(work));
      opening.add(work);
    }
  }

  async function open(run: Run, entry: Shown): Promise<void> {
    const { channel, threadTs } = run.address ?? { channel: '' };
    try {
      const thread = await placed(run, entry, { channel, threadTs });
      await places.remember(run.id, thread.channel, thread.ts);
      entry.thread = thread;
      thread.update(entry.latest, entry.extent, entry.lookFirst);
      void files.deliver(run, below(thread));
      void thread.ended
        .then(() => shownToItsEnd(run, thread))
        .catch((error: unknown) => log.warn({ error }, 'not noted'));
    } catch (error) {
      // The run goes on without its message; the person learns once why there is none and how to look at it.
      log.warn({ run: run.id, error }, 'the message of a run could not be posted');
      await places.wasShown(run.id, clock.now()).catch((failed: unknown) => log.warn({ error: failed }, 'not noted'));
      await tellAsker(
        run,
        `Run ${run.id} has begun, but its message could not be posted: ${asStarsError(error).describe()}\n${goesOn(run)}`,
      );
    }
  }

  async function shownToItsEnd(run: Run, thread: RunThread): Promise<void> {
    if (await files.deliver(run, below(thread))) await places.wasShown(run.id, clock.now());
    shown.delete(run.id);
  }

  /** Goes on with the message that is there; of several processes one posts it. */
  async function placed(
    run: Run,
    { latest: view, extent }: Shown,
    { channel, threadTs }: NonNullable<Run['address']>,
  ): Promise<RunThread> {
    const known = await places.find(run.id);
    if (known?.ts) return threads.attach(view, { ...known, threadTs }, extent);
    if (await places.reserve(run.id, channel)) return threads.open(view, channel, { threadTs });
    const ts = await postedElsewhere(run.id);
    if (ts) return threads.attach(view, { channel, ts, threadTs }, extent);
    return threads.open(view, channel, { threadTs, lookFirst: true });
  }

  async function postedElsewhere(id: string): Promise<string | undefined> {
    for (let waitedMs = 0; waitedMs < POSTED_WITHIN_MS; waitedMs += ASK_EVERY_MS) {
      const { ts } = (await places.find(id)) ?? {};
      if (ts || stopped) return ts;
      await clock.sleep(ASK_EVERY_MS);
    }
    return undefined;
  }

  /** Shows what changed in runs that nobody performs. */
  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
      if (!stopped) cancelTimer = clock.after(LOOK_EVERY_MS, () => void look());
    });
    return looking;
  }

  async function lookOnce(): Promise<void> {
    cancelTimer();
    const now = clock.now();
    await catchUp(now).catch((error: unknown) => log.warn({ error }, 'ends of runs could not be looked for'));
    if (!isFirst()) return;
    try {
      const since = new Date(lookedAt.getTime() - LOOK_BACK_MS);
      for (const run of await places.toShow(since, new Date(now.getTime() - OLDEST_MS))) await showStored(run);
      lookedAt = now;
    } catch (error) {
      log.warn({ error }, 'runs to show could not be looked for');
    }
  }

  let caughtUpAt = new Date(0);

  /**
   * Of two processes that edit one message the slower has the last word: an edit of the one that asked may arrive after that of the one that
   * performed the run, and show it as waiting for ever.
   */
  async function catchUp(now: Date): Promise<void> {
    if (now.getTime() - caughtUpAt.getTime() < CATCH_UP_EVERY_MS) return;
    caughtUpAt = now;
    for (const [id, { latest, thread }] of shown) {
      if (!thread || hasEnded(latest.state)) continue;
      const { finishedAt } = (await store.find(id)) ?? {};
      if (finishedAt === undefined || now.getTime() - Date.parse(finishedAt) < OWN_SHOW_MS) continue;
      const view = viewOf(await store.events(id));
      if (view) thread.update(view, 'message');
      shown.delete(id);
    }
  }

  const seen = new Map<string, string>();

  async function showStored(run: Run): Promise<void> {
    const now = clock.now().getTime();
    const fresh = run.finishedAt !== undefined && now - Date.parse(run.finishedAt) < OWN_SHOW_MS;
    const ownerLives = run.owner !== '' && (await runs.isAlive(run.owner));
    if (ownerLives && fresh) return;
    const events = await store.events(run.id);
    const isShownByOwner = ownerLives && isPerformedToItsEnd(events);
    if (isShownByOwner && run.owner === owner) return;
    const extent = isShownByOwner ? 'message' : run.owner === '' || ownerLives ? 'end' : 'whole';
    const view = viewOf(events);
    const showing = `${events.length} ${extent}`;
    if (!view || seen.get(run.id) === showing) return;
    seen.set(run.id, showing);
    const [oldest] = seen.keys();
    if (seen.size > 1_000 && oldest !== undefined) seen.delete(oldest);
    const { channel } = run.address ?? (await places.find(run.id)) ?? {};
    if (channel !== undefined) show({ ...run, address: run.address ?? { channel } }, view, { extent, lookFirst: true });
  }

  /** Resolves when every message has been opened. */
  async function idle(): Promise<void> {
    await look();
    while (opening.size > 0) await Promise.all(opening);
    await files.idle();
  }

  function stop(): void {
    stopped = true;
    cancelTimer();
    unwatch();
    files.stop();
  }

  return { start, look, idle, stop };
}

/** Then who performed it has the last words, however long that takes: two that look whether they stand there could both find nothing. */
function isPerformedToItsEnd(events: readonly RunEvent[]): boolean {
  return events.findLast(({ type }) => type === 'run.started' || type === 'approval.asked')?.type === 'run.started';
}

/** How to go on with a run that has no message here, and so no buttons. */
function goesOn({ id, proposal }: Pick<Run, 'id' | 'proposal'>): string {
  const show = `\`/stars show ${id}\` tells how it goes.`;
  if (proposal === undefined) return show;
  return `${show} It waits for approval, and nobody sees its plan here: tell the approvers, who see it with \`show\` and say \`/stars approve ${id}\`.`;
}

function below({ channel, ts, threadTs }: RunThread): UploadTo {
  return { channel, threadTs: threadTs ?? ts };
}
