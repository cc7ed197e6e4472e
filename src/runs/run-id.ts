import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** `261122-2145-k7f2qa`: when it was, and enough chance that no two are the same. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replaceAll(/[^0-9]/g, '');
  const chance = Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${stamp.slice(2, 8)}-${stamp.slice(8, 12)}-${chance}`;
}
