import { createHash, randomInt } from 'node:crypto';
import { filter, type Filter } from '../../jinja/filter.js';
import { toIndex } from '../../jinja/arithmetic.js';
import { str } from '../../jinja/python-text.js';
import { requireText } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MAX_ROUNDS = 999_999;

type Scheme = { hash: 'sha256' | 'sha512'; prefix: string; rounds: number; order: (size: number) => number[][] };

// How crypt(3) spreads the bytes of the digest over its text, three at a time.
const SCHEMES: Readonly<Record<string, Scheme>> = {
  sha256: { hash: 'sha256', prefix: '$5$', rounds: 535_000, order: () => triples(10, [0, 10, 20], [21, 1, 11]) },
  sha512: { hash: 'sha512', prefix: '$6$', rounds: 656_000, order: () => triples(21, [0, 21, 42], [22, 43, 1]) },
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

/** Ansible's filter for passwords. */
export const cryptFilters: Readonly<Record<string, Filter>> = {
  password_hash: filter(['hashtype', 'salt', 'salt_size', 'rounds', 'ident'], (value, { hashtype, salt, rounds }) =>
    passwordHash(requireText(value), str(hashtype ?? 'sha512'), {
      salt: salt === undefined || salt === null ? undefined : str(salt),
      rounds: rounds === undefined || rounds === null ? undefined : toIndex(rounds),
    }),
  ),
};

/** The hash of a password as crypt(3) writes it, `$5$…` or `$6$…`; the salt is made up when none is given. */
function passwordHash(
  password: string,
  type: string,
  given?: { salt?: string | undefined; rounds?: number | undefined },
): string {
  const name = type.replace(/_crypt$/, '');
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
  if (!scheme) throw templateError(`Passwords cannot be hashed by "${type}".`, 'Use sha512 or sha256.');
  const salt = given?.salt ?? randomSalt();
  if (!/^[./0-9A-Za-z]{1,16}$/.test(salt)) throw templateError('A salt has 1 to 16 letters, digits, dots or slashes.');
  const rounds = given?.rounds ?? scheme.rounds;
  if (!Number.isInteger(rounds) || rounds < 1000 || rounds > MAX_ROUNDS)
    throw templateError(`The rounds of a password's hash are between 1000 and ${MAX_ROUNDS}.`);
  const digest = remembered(`${name} ${rounds} ${salt} ${password}`, () =>
    rounded(Buffer.from(password), Buffer.from(salt), scheme.hash, rounds),
  );
  const shown = rounds === 5000 ? '' : `rounds=${rounds}$`;
  return `${scheme.prefix}${shown}${salt}$${spelled(digest, scheme)}`;
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

function randomSalt(): string {
  return Array.from({ length: 16 }, () => ALPHABET[randomInt(64)]).join('');
}

// The steps of "Unix crypt using SHA-256 and SHA-512", as published.
function rounded(password: Buffer, salt: Buffer, hash: Scheme['hash'], rounds: number): Buffer {
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

function spelled(digest: Buffer, { order, hash }: Scheme): string {
  const groups = order(digest.length).map(([a = 0, b = 0, c = 0]) =>
    characters(((digest[a] ?? 0) << 16) | ((digest[b] ?? 0) << 8) | (digest[c] ?? 0), 4),
  );
  const last =
    hash === 'sha512' ? characters(digest[63] ?? 0, 2) : characters(((digest[31] ?? 0) << 8) | (digest[30] ?? 0), 3);
  return groups.join('') + last;
}

function characters(value: number, count: number): string {
  return Array.from({ length: count }, (_, index) => ALPHABET[(value >> (6 * index)) & 63]).join('');
}
