import { createHash, randomInt } from 'node:crypto';
import { filter, type Filter } from '../../jinja/filter.js';
import { toIndex } from '../../jinja/arithmetic.js';
import { str } from '../../jinja/python-text.js';
import { requireText } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import type { Value } from '../../jinja/value.js';
import { MD5_GROUPS, md5Crypt } from './md5-crypt.js';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MAX_ROUNDS = 999_999;

type Scheme = {
  prefix: string;
  /** How often it hashes where nobody says; undefined where nobody may. */
  rounds: number | undefined;
  saltSize: number;
  digest: (password: Buffer, salt: Buffer, rounds: number) => Buffer;
  /** Of three bytes of the digest each, and of what is left. */
  order: number[][];
  last: (digest: Buffer) => string;
};

// How crypt(3) spreads the bytes of the digest over its text, three at a time.
const SCHEMES: Readonly<Record<string, Scheme>> = {
  sha256: {
    prefix: '$5$',
    rounds: 535_000,
    saltSize: 16,
    digest: (...given) => rounded('sha256', ...given),
    order: triples(10, [0, 10, 20], [21, 1, 11]),
    last: (digest) => characters(((digest[31] ?? 0) << 8) | (digest[30] ?? 0), 3),
  },
  sha512: {
    prefix: '$6$',
    rounds: 656_000,
    saltSize: 16,
    digest: (...given) => rounded('sha512', ...given),
    order: triples(21, [0, 21, 42], [22, 43, 1]),
    last: (digest) => characters(digest[63] ?? 0, 2),
  },
  md5: {
    prefix: '$1$',
    rounds: undefined,
    saltSize: 8,
    digest: md5Crypt,
    order: MD5_GROUPS,
    last: (digest) => characters(digest[11] ?? 0, 2),
  },
};

function triples(count: number, first: number[], second: number[]): number[][] {
  const step = [
    (second[0] ?? 0) - (first[0] ?? 0),
    (second[1] ?? 0) - (first[1] ?? 0),
    (second[2] ?? 0) - (first[2] ?? 0),
  ];
  const size = 3 * count;
  return Array.from({ length: count }, (_, row) =>
    first.map((start, column) => (((start + row * (step[column] ?? 0)) % size) + size) % size),
  );
}

type Wanted = { salt: string | undefined; saltSize: number | undefined; rounds: number | undefined };

/** Ansible's filter for passwords. */
export const cryptFilters: Readonly<Record<string, Filter>> = {
  password_hash: filter(['hashtype', 'salt', 'salt_size', 'rounds', 'ident'], (value, given) =>
    passwordHash(requireText(value), requireHashType(str(given['hashtype'] ?? 'sha512')), {
      // As with Ansible an empty salt is none.
      salt: str(given['salt'] ?? '') || undefined,
      saltSize: wholeNumber(given['salt_size']),
      rounds: wholeNumber(given['rounds']),
    }),
  ),
};

function wholeNumber(value: Value | undefined): number | undefined {
  return value === undefined || value === null ? undefined : toIndex(value);
}

/** How passwords are hashed by this name. Throws TEMPLATE for what crypt(3) of the hosts has no use for. */
export function requireHashType(type: string): Scheme {
  const name = type.replace(/_crypt$/, '');
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
  if (!scheme) throw templateError(`Passwords cannot be hashed by "${type}".`, 'Use sha512, sha256 or md5.');
  return scheme;
}

/** The hash of a password as crypt(3) writes it, `$6$…` and its kin; the salt is made up when none is given. */
function passwordHash(password: string, scheme: Scheme, { salt: given, saltSize, rounds: wanted }: Wanted): string {
  const salt = given ?? randomSalt(saltSize || scheme.saltSize);
  if (!/^[./0-9A-Za-z]+$/.test(salt) || salt.length > scheme.saltSize)
    throw templateError(`A salt has 1 to ${scheme.saltSize} letters, digits, dots or slashes.`);
  const rounds = roundsOf(scheme, wanted);
  const digest = remembered(`${scheme.prefix} ${rounds} ${salt} ${password}`, () =>
    scheme.digest(Buffer.from(password), Buffer.from(salt), rounds),
  );
  const shown = scheme.rounds === undefined || rounds === 5000 ? '' : `rounds=${rounds}$`;
  return `${scheme.prefix}${shown}${salt}$${spelled(digest, scheme)}`;
}

function roundsOf({ rounds: usual }: Scheme, wanted: number | undefined): number {
  if (usual === undefined) {
    if (wanted === undefined) return 0;
    throw templateError('A hash by md5 has no rounds.', 'Leave them out, or use sha512.');
  }
  const rounds = wanted || usual;
  if (rounds < 1000 || rounds > MAX_ROUNDS)
    throw templateError(`The rounds of a password's hash are between 1000 and ${MAX_ROUNDS}.`);
  return rounds;
}

const known = new Map<string, Buffer>();
const MAX_KNOWN = 200;

// Hashing is slow on purpose, and a task asks for the same hash on every host; what is kept does not tell the password.
function remembered(question: string, compute: () => Buffer): Buffer {
  const key = createHash('sha512').update(question).digest('hex');
  const digest = known.get(key) ?? compute();
  if (known.size < MAX_KNOWN) known.set(key, digest);
  return digest;
}

function randomSalt(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(64)]).join('');
}

// The steps of "Unix crypt using SHA-256 and SHA-512", as published.
function rounded(hash: 'sha256' | 'sha512', password: Buffer, salt: Buffer, rounds: number): Buffer {
  const digest = (...parts: Buffer[]) => createHash(hash).update(Buffer.concat(parts)).digest();
  const spread = (source: Buffer, length: number) =>
    Buffer.concat(Array.from({ length: Math.ceil(length / source.length) }, () => source)).subarray(0, length);
  const other = digest(password, salt, password);
  const parts = [password, salt, spread(other, password.length)];
  for (let left = password.length; left > 0; left >>= 1) parts.push(left & 1 ? other : password);
  let current = digest(...parts);
  const p = spread(digest(...Array.from({ length: password.length }, () => password)), password.length);
  const s = spread(digest(...Array.from({ length: 16 + (current[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1;
    current = digest(
      odd ? p : current,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? current : p,
    );
  }
  return current;
}

function spelled(digest: Buffer, { order, last }: Scheme): string {
  const groups = order.map(([a = 0, b = 0, c = 0]) =>
    characters(((digest[a] ?? 0) << 16) | ((digest[b] ?? 0) << 8) | (digest[c] ?? 0), 4),
  );
  return groups.join('') + last(digest);
}

function characters(value: number, count: number): string {
  return Array.from({ length: count }, (_, index) => ALPHABET[(value >> (6 * index)) & 63]).join('');
}
