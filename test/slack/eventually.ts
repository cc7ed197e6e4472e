import type { ManualClock } from '../../src/clock.js';

/** Lets I/O happen until `check` is true; fails after five seconds. */
export async function eventually(check: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`Never came true: ${check.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The same while the clock moves on by `stepMs` again and again, with time for real I/O in between. */
export async function advancing(clock: ManualClock, stepMs: number, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 8_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`Never came true: ${check.toString()}`);
    await clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

/** The same until the promise is settled; resolves or rejects as it does. */
export async function advancingUntil<Value>(clock: ManualClock, stepMs: number, work: Promise<Value>): Promise<Value> {
  let over = false;
  const settle = () => {
    over = true;
  };
  void work.then(settle, settle);
  await advancing(clock, stepMs, () => over);
  return work;
}
