import type { Handlers } from './handlers.js';
import type { HostRun } from './host-run.js';
import {
  type Body,
  isFailed,
  isRescuable,
  markFailed,
  overBefore,
  type Owed,
  peek,
  type Progress,
  startOf,
} from './progress.js';
import type { Task } from './task.js';
import type { PlayRun } from './variables.js';

/** What the tasks of one batch share. */
export type Batch = {
  play: PlayRun;
  handlers: Handlers;
  /** Whether the hosts go through the play each on its own. */
  free: boolean;
  /** Names under which tasks were announced. */
  told: WeakMap<Task, Set<string>>;
  /** Names of handlers by host, from an earlier run. */
  owing: Map<string, string[]>;
  /** Where each host stands. */
  progress: Map<HostRun, Progress>;
  /** Hosts that count as failed, for what they or others did. Ansible lets them go on until all have failed. */
  out: Set<HostRun>;
  /** Nothing may follow on this batch. */
  broken: boolean;
  /** By meta: end_play. */
  playEnded: boolean;
  /** How deep tasks stand in files that include each other. */
  depths: WeakMap<Task, number>;
};

/** How the tasks of a batch ended. */
export type BatchEnd = Pick<Batch, 'broken' | 'playEnded'>;

/** Where in the play the tasks stand. */
export type Surroundings = { batch: Batch; inHandlers: boolean; depth: number };

/** How a task is called in events. */
export type Names = { play: string; role: string | null; task: string };

/** A batch at the beginning of its play; hosts that failed before are through with it. */
export function createBatch(
  given: Pick<Batch, 'play' | 'handlers' | 'free' | 'owing'>,
  bodies: readonly Body[],
): Batch {
  const progress = given.play.batch.map((host) => [host, isLost(host) ? overBefore() : startOf(bodies)] as const);
  return {
    ...given,
    told: new WeakMap(),
    progress: new Map(progress),
    out: new Set(),
    broken: false,
    playEnded: false,
    depths: new WeakMap(),
  };
}

function isLost({ status }: HostRun): boolean {
  return status === 'failed' || status === 'unreachable';
}

export function progressOf({ progress }: Batch, host: HostRun): Progress {
  const state = progress.get(host);
  if (!state) throw new Error(`${host.name} is not in this batch.`);
  return state;
}

export function peekOf(batch: Batch, host: HostRun): ReturnType<typeof peek> {
  return peek(progressOf(batch, host), owedBy(batch, host));
}

function owedBy({ handlers }: Batch, host: HostRun): Owed {
  return { all: handlers.all, owes: (handler) => handlers.owes(handler, host) };
}

/** Hosts that can still be reached. */
export function hostsLeft({ play }: Batch): HostRun[] {
  return play.batch.filter(({ status }) => status !== 'unreachable');
}

/** The host's task failed; `once` for all: then so did that of every other host, wherever in the play it is. */
export function failHost(batch: Batch, host: HostRun, once: boolean): void {
  for (const one of once ? hostsLeft(batch) : [host]) failAlone(batch, one);
  if (isFailed(progressOf(batch, host)) && peekOf(batch, host).state.phase === 'complete') batch.out.add(host);
}

export function failAlone(batch: Batch, host: HostRun): void {
  const state = progressOf(batch, host);
  if (host.status === 'active' && !isRescuable(state)) host.status = 'failed';
  markFailed(state);
}

/** How hosts go into the next batch or play. */
export function leaveBatch(batch: Batch): void {
  for (const host of batch.play.batch) {
    if (host.status === 'unreachable') continue;
    // Who failed in what is always done shows that only after it.
    batch.progress.set(host, peekOf(batch, host).state);
    if (batch.out.has(host) || isFailed(progressOf(batch, host))) host.status = 'failed';
    else if (host.status === 'failed') host.status = 'active';
  }
}
