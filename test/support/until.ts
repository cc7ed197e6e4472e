import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';

/** What `look` sees, once that is something; it looks fifty times a second, so that what it waits for gets on. */
export function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what = 'What the test waits for',
): Promise<T> {
  const seen = async () => (await look()) || undefined;
  return poll(seen, { clock: systemClock, everyMs: 20, timeoutMs: 50_000, what });
}
