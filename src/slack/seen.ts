import type { Clock } from '../clock.js';

const KEEP_MS = 24 * 3_600_000;
const MAX_KEYS = 20_000;

/** Remembers keys for 24 hours, the newest 20,000: Slack's last repetition comes five minutes after the first. */
export function createSeen(clock: Clock): { first(key: string): boolean } {
  const seenAt = new Map<string, number>();

  /** True the first time a key comes, false when it is a repetition. */
  function first(key: string): boolean {
    const now = clock.now().getTime();
    for (const [old, at] of seenAt) {
      if (now - at < KEEP_MS && seenAt.size < MAX_KEYS) break;
      seenAt.delete(old);
    }
    if (seenAt.has(key)) return false;
    seenAt.set(key, now);
    return true;
  }

  return { first };
}
