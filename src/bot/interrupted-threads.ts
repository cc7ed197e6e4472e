import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { viewOf } from '../model/run-view.js';
import type { Threads } from '../slack/thread.js';
import type { RunStore } from '../store/runs.js';

export type InterruptedThreadsOptions = { store: RunStore; threads: Threads; clock: Clock; log: Log };

const LOOK_EVERY_MS = 30_000;
const LOOKED_AT = 200;
const OLDEST_MS = 24 * 3_600_000;

/**
 * Shows runs whose process died as interrupted, in the messages they have: those of the last day, whoever settled them, now
 * and whenever one is settled later. Resolves after the first look; the returned function ends it.
 */
export async function followInterrupted({
  store,
  threads,
  clock,
  log,
}: InterruptedThreadsOptions): Promise<() => void> {
  let shown = new Set<string>();
  let stopped = false;
  let cancelTimer: () => void = () => undefined;

  async function look(): Promise<void> {
    try {
      const since = new Date(clock.now().getTime() - OLDEST_MS).toISOString();
      const runs = await store.list({ limit: LOOKED_AT });
      const interrupted = runs.filter(({ state, finishedAt }) => state === 'interrupted' && (finishedAt ?? '') > since);
      for (const { id } of interrupted) if (!shown.has(id)) await show(id);
      shown = new Set(interrupted.map(({ id }) => id));
    } catch (error) {
      log.warn({ error }, 'interrupted runs could not be looked for');
    }
    if (!stopped) cancelTimer = clock.after(LOOK_EVERY_MS, () => void look());
  }

  async function show(id: string): Promise<void> {
    const thread = await store.thread(id);
    const view = thread && viewOf(await store.events(id));
    if (thread && view && !stopped) threads.attach(view, thread);
  }

  await look();
  return () => {
    stopped = true;
    cancelTimer();
  };
}
