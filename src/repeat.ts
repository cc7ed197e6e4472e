import type { Clock } from './clock.js';

export type RepeatOptions = { clock: Clock; everyMs: number; onError(error: unknown): void };

/**
 * Does it now and again and again, each time so long after the last one has ended. The returned function aborts the signal and
 * resolves when what is under way has ended.
 */
export function repeat(
  work: (signal: AbortSignal) => Promise<unknown>,
  { clock, everyMs, onError }: RepeatOptions,
): () => Promise<void> {
  const over = new AbortController();
  let cancel = () => {};
  let underWay = Promise.resolve();

  function again(): void {
    underWay = once();
  }

  async function once(): Promise<void> {
    try {
      await work(over.signal);
    } catch (error) {
      onError(error);
    }
    if (!over.signal.aborted) cancel = clock.after(everyMs, again);
  }

  again();
  return () => {
    over.abort();
    cancel();
    return underWay;
  };
}
