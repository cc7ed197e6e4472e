import type { Clock } from './clock.js';
import { StarsError } from './errors.js';

export type PollOptions = {
  clock: Clock;
  everyMs: number;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  what: string;
};

/** Asks until the answer is not undefined; TIMEOUT after `timeoutMs`, naming `what` was awaited. */
export async function poll<T>(ask: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const { clock, everyMs, timeoutMs, signal, what } = options;
  const endMs = clock.now().getTime() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (clock.now().getTime() + everyMs > endMs) {
      throw new StarsError('TIMEOUT', `${what} did not happen within ${Math.round(timeoutMs / 1000)} s.`);
    }
    await clock.sleep(everyMs, signal);
  }
}
