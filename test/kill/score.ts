import type { Property } from './properties.js';

const SHOWN = 5;

/** Counts what held and what did not; `say` is told of the latter. */
export function createScore(say: (text: string) => void) {
  const counted = { passed: 0, failed: 0 };
  const known = new Set<string>();

  function count({ name, wrong }: Property): void {
    // What went wrong stays wrong: it counts once.
    const fresh = wrong.filter((text) => !known.has(text));
    for (const text of fresh) known.add(text);
    counted[fresh.length === 0 ? 'passed' : 'failed'] += 1;
    if (fresh.length > 0) say([`  FAILED: ${name}`, ...fresh.slice(0, SHOWN).map((text) => `    ${text}`)].join('\n'));
  }

  return {
    count,
    words: () => `${counted.passed} passed, ${counted.failed} failed`,
    isGood: () => counted.failed === 0 && counted.passed > 0,
  };
}
