export type Ids = { uuid(): string; number(below: number): number };

/** Ids that look random and come out the same for the same seed. */
export function createIds(seed: number): Ids {
  let state = seed >>> 0 || 1;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  const hex = (digits: number) => next().toString(16).padStart(8, '0').slice(0, digits);
  return {
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(8)}${hex(4)}`,
    number: (below) => next() % below,
  };
}
