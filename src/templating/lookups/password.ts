import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { templateError } from '../../jinja/template-error.js';
import { seededRandom } from '../python-random.js';

const CLASSES: Record<string, string> = {
  ascii_lowercase: 'abcdefghijklmnopqrstuvwxyz',
  ascii_uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ascii_letters: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
  digits: '0123456789',
  hexdigits: '0123456789abcdefABCDEF',
  octdigits: '01234567',
  whitespace: ' \t\n\r\v\f',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
};
const MAX_LENGTH = 10_000;

type PasswordWish = {
  length: number;
  chars?: string | undefined;
  /** Makes the same password each time. */
  seed?: string | undefined;
};

/** The password kept in a file of the controller, made and stored there (readable by its owner only) when it does not exist yet. */
export function passwordFile(path: string, { length, chars, seed }: PasswordWish): string {
  if (path === '') throw templateError('The lookup "password" needs the path of a file, or /dev/null.');
  if (path !== '/dev/null' && existsSync(path)) return storedPassword(readFileSync(path, 'utf8'));
  if (!Number.isInteger(length) || length < 1 || length > MAX_LENGTH)
    throw templateError(`The length of a password has to be between 1 and ${MAX_LENGTH}.`);
  const alphabet = chars === undefined ? `${alphabetOf('ascii_letters,digits')}.,:-_` : alphabetOf(chars);
  const below = seed === undefined ? randomInt : seededRandom(seed).below;
  const password = Array.from({ length }, () => alphabet[below(alphabet.length)]).join('');
  if (path !== '/dev/null') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${password}\n`, { mode: 0o600 });
  }
  return password;
}

function storedPassword(content: string): string {
  return (content.split('\n')[0] ?? '').replace(/ salt=\S+.*$/, '');
}

function alphabetOf(chars: string): string {
  const comma = chars.includes(',,') ? ',' : '';
  const parts = chars.replaceAll(',,', ',').split(',').filter(Boolean);
  const letters = (comma + parts.map((part) => CLASSES[part] ?? part).join('')).replaceAll(/["']/g, '');
  if (letters === '') throw templateError('There are no characters to make a password of.');
  return letters;
}
