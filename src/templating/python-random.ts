import { createHash } from 'node:crypto';

/** Python's random numbers for a seed: whole numbers from 0 up to `count`, the same ones on every machine. */
export type SeededRandom = { below(count: number): number };

const WORDS = 624;
const DISTANCE = 397;

/** What Python's `random.Random(seed)` gives; a text is hashed as Python does it. */
export function seededRandom(seed: number | bigint | string): SeededRandom {
  const state = initialState(keyOf(seed));
  let at = WORDS;

  function word(): number {
    if (at >= WORDS) {
      twist(state);
      at = 0;
    }
    let value = state[at] ?? 0;
    at += 1;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  }

  /** So many random bits, at most 53. */
  function bits(count: number): number {
    if (count <= 32) return word() >>> (32 - count);
    const low = word();
    return (word() >>> (64 - count)) * 2 ** 32 + low;
  }

  return {
    below(count) {
      const size = count.toString(2).length;
      let value = bits(size);
      while (value >= count) value = bits(size);
      return value;
    },
  };
}

function keyOf(seed: number | bigint | string): number[] {
  let rest = typeof seed === 'string' ? textNumber(seed) : BigInt(seed);
  if (rest < 0n) rest = -rest;
  const words: number[] = [];
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return words;
}

function textNumber(text: string): bigint {
  const bytes = Buffer.from(text);
  return BigInt(`0x${Buffer.concat([bytes, createHash('sha512').update(bytes).digest()]).toString('hex')}`);
}

// The Mersenne Twister MT19937, as its authors published it.
function initialState(key: readonly number[]): Uint32Array {
  const state = new Uint32Array(WORDS);
  state[0] = 19650218;
  for (let index = 1; index < WORDS; index += 1)
    state[index] = Math.imul(1812433253, mixed(state[index - 1] ?? 0)) + index;
  let index = 1;
  for (let round = 0; round < Math.max(WORDS, key.length); round += 1) {
    const part = round % key.length;
    const product = Math.imul(mixed(state[index - 1] ?? 0), 1664525);
    state[index] = ((state[index] ?? 0) ^ product) + (key[part] ?? 0) + part;
    index = nextIndex(state, index);
  }
  for (let round = 1; round < WORDS; round += 1) {
    state[index] = ((state[index] ?? 0) ^ Math.imul(mixed(state[index - 1] ?? 0), 1566083941)) - index;
    index = nextIndex(state, index);
  }
  state[0] = 0x80000000;
  return state;
}

function mixed(value: number): number {
  return value ^ (value >>> 30);
}

function nextIndex(state: Uint32Array, index: number): number {
  if (index + 1 < WORDS) return index + 1;
  state[0] = state[WORDS - 1] ?? 0;
  return 1;
}

function twist(state: Uint32Array): void {
  for (let index = 0; index < WORDS; index += 1) {
    const joined = ((state[index] ?? 0) & 0x80000000) | ((state[(index + 1) % WORDS] ?? 0) & 0x7fffffff);
    const odd = joined & 1 ? 0x9908b0df : 0;
    state[index] = (state[(index + DISTANCE) % WORDS] ?? 0) ^ (joined >>> 1) ^ odd;
  }
}
