/** Numbers that look random and are the same for the same seed. */
export type Chance = {
  /** From 0 to below 1. */
  number(): number;
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number;
  oneOf<T>(things: readonly T[]): T;
  happens(probability: number): boolean;
};

export function createChance(seed: number): Chance {
  let state = seed >>> 0;

  function number(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const whole = (from: number, to: number) => from + Math.floor(number() * (to - from + 1));

  function oneOf<T>(things: readonly T[]): T {
    const thing = things[whole(0, things.length - 1)];
    if (thing === undefined) throw new Error('There is nothing to choose from.');
    return thing;
  }

  return { number, whole, oneOf, happens: (probability) => number() < probability };
}
