import { isFlush } from './course.js';
import type { HostRun } from './host-run.js';
import { bodiesOf, type Progress, type Step, stepsOf } from './progress.js';
import type { TaskNode } from './task.js';

export type Peeked = { state: Progress; step: Step };

/** A step and the hosts that take it together. */
export type Together = { step: Step; hosts: HostRun[]; inHandlers: boolean };

export type Lockstep = ReturnType<typeof createLockstep>;

/** Hosts that wait for each other take the steps of a play in its order, each step all those together that are at it. */
export function createLockstep(bodies: Parameters<typeof stepsOf>[0]) {
  const order = stepsOf(bodies);
  let at = 0;
  let inHandlers = false;

  /** Who is next with what: of some hosts that are somewhere else each in its own time. */
  function next(peeked: ReadonlyMap<HostRun, Peeked>): Together[] {
    inHandlers &&= [...peeked.values()].some(({ state }) => state.phase === 'handlers');
    return inHandlers ? nextHandlers(peeked) : nextTask(peeked);
  }

  /** A host that owes none of the handlers waits for those that do. */
  function nextHandlers(peeked: ReadonlyMap<HostRun, Peeked>): Together[] {
    const flushing = [...peeked].filter(([, { state }]) => state.phase === 'handlers');
    const first = Math.min(...flushing.map(([, { state }]) => state.nextHandler));
    const groups: Together[] = [];
    for (const [host, { state, step }] of flushing) {
      if (state.nextHandler !== first) continue;
      const group = groups.find((one) => one.step === step);
      if (group) group.hosts.push(host);
      else groups.push({ step, hosts: [host], inHandlers: true });
    }
    return groups;
  }

  function nextTask(peeked: ReadonlyMap<HostRun, Peeked>): Together[] {
    const wanted = new Set([...peeked.values()].map(({ step }) => step));
    // Errors that were cleared may have set a host back: once more from the beginning.
    for (let looked = 0; looked < 2 * order.length + 1; looked += 1) {
      if (at >= order.length) at = 0;
      const step = order[at];
      at += 1;
      if (!step || !wanted.has(step)) continue;
      inHandlers = step.kind === 'task' && isFlush(step);
      const hosts = [...peeked].filter(([, one]) => one.step === step).map(([host]) => host);
      return [{ step, hosts, inHandlers: false }];
    }
    throw new Error('The hosts of a play are at no task of it.');
  }

  /** What the step just taken included comes next. */
  function include(nodes: readonly TaskNode[]): void {
    order.splice(at, 0, ...stepsOf(bodiesOf(nodes)));
  }

  return { next, include };
}
