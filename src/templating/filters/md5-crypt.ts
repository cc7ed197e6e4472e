import { createHash } from 'node:crypto';

const PREFIX = '$1$';
const ROUNDS = 1000;

/** How crypt(3) spreads the bytes of the digest over its text, three at a time. */
export const MD5_GROUPS = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
];

/** The digest of a password as the first crypt(3) after DES makes it, which older hosts still ask for. */
export function md5Crypt(password: Buffer, salt: Buffer): Buffer {
  const other = digest(password, salt, password);
  const parts = [password, Buffer.from(PREFIX), salt];
  for (let left = password.length; left > 0; left -= other.length) parts.push(other.subarray(0, left));
  for (let left = password.length; left > 0; left >>= 1)
    parts.push(left & 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  let current = digest(...parts);
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = round % 2 === 1;
    current = digest(
      odd ? password : current,
      ...(round % 3 === 0 ? [] : [salt]),
      ...(round % 7 === 0 ? [] : [password]),
      odd ? current : password,
    );
  }
  return current;
}

function digest(...parts: readonly Buffer[]): Buffer {
  return createHash('md5').update(Buffer.concat(parts)).digest();
}
