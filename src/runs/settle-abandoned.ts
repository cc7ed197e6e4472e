import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { inFlight } from '../model/in-flight.js';
import type { ProcessStore } from '../store/processes.js';
import { endedNow, type Run, type RunStore } from '../store/runs.js';
import { processIsGone } from './process-identity.js';

export type SettlerOptions = {
  store: RunStore;
  processes: ProcessStore;
  clock: Clock;
  log: Log;
  owner: string;
  says: string;
};

const BEAT_EVERY_MS = 5_000;
const DEAD_AFTER_MS = 30_000;
const FORGET_AFTER_MS = 24 * 3_600_000;

/** Says that this process lives, and ends the runs of those that died as interrupted. */
export function createSettler({ store, processes, clock, log, owner, says }: SettlerOptions) {
  let lastBeatMs = Number.NEGATIVE_INFINITY;

  /** Makes sure that others take this process for alive. */
  async function beat(): Promise<void> {
    const now = clock.now();
    if (now.getTime() - lastBeatMs < BEAT_EVERY_MS) return;
    await processes.beat(owner, says, now);
    lastBeatMs = now.getTime();
  }

  /** Beats until the returned function is called. */
  function start(afterwards: () => void): () => void {
    let stop = () => {};
    const again = () => {
      beat()
        .then(settle)
        .then(afterwards)
        .catch((error: unknown) => log.warn({ error }, 'heartbeat not written'));
      stop = clock.after(BEAT_EVERY_MS, again);
    };
    stop = clock.after(BEAT_EVERY_MS, again);
    return () => stop();
  }

  /** The ids of the runs that were ended now, each naming what was in flight. */
  async function settle(): Promise<string[]> {
    const now = clock.now();
    const settled: string[] = [];
    for (const run of await store.abandoned(await aliveAt(now))) if (await interrupt(run, now)) settled.push(run.id);
    await processes.forget(undefined, new Date(now.getTime() - FORGET_AFTER_MS));
    return settled;
  }

  async function isAlive(name: string): Promise<boolean> {
    return (await aliveAt(clock.now()))(name);
  }

  /** Whether the others take this process for alive, having heard from it now. Rejects when the store does not take that. */
  async function isHeard(): Promise<boolean> {
    await beat();
    const since = new Date(clock.now().getTime() - DEAD_AFTER_MS);
    return (await processes.living(since)).includes(owner);
  }

  /** Tells of a process whether it was heard of lately and is not known to be gone. */
  async function aliveAt(now: Date): Promise<(name: string) => boolean> {
    const living = new Set(await processes.living(new Date(now.getTime() - DEAD_AFTER_MS)));
    return (name) => name === owner || (living.has(name) && !processIsGone(name));
  }

  async function interrupt(run: Run, now: Date): Promise<boolean> {
    const running = run.state === 'running';
    const words = inFlight(await store.events(run.id)) ?? 'No step was in flight.';
    const reason = running
      ? `The process that ran it died. ${words}`
      : 'The process that had its secrets died before it began: nothing was done.';
    const hint = running
      ? `“verify ${run.id}” looks at what was in flight; run it again, or “resume ${run.id}” a deploy: what is done already stays as it is.`
      : 'Ask for it again.';
    const end = endedNow(run, now, 'interrupted', { code: 'INTERRUPTED', message: reason, hint });
    return store.finishFor(run.id, end, [{ type: 'run.interrupted', reason }], now, { owner: run.owner });
  }

  return { beat, start, settle, isAlive, isHeard, leave: () => processes.forget(owner, new Date(0)) };
}
