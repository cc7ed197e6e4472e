import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { StarsError, type Position } from '../errors.js';
import { VaultText } from '../jinja/value.js';
import { Secret } from '../secret.js';

/** The plain text of a vault; as `latin1`, its bytes. Throws VAULT, naming the file and what to do. */
export type Vault = (encrypted: VaultText | string, where: Position, encoding?: VaultEncoding) => string;

export type VaultEncoding = 'utf8' | 'latin1';

export type VaultOptions = { passwordFile?: string | undefined; password?: Secret | undefined };

const HEADER = /^\$ANSIBLE_VAULT;(1\.[12]);AES256(?:;[^\r\n]*)?\r?\n/;

/** Whether a file's text is an Ansible vault as a whole. */
export function isVault(text: string): boolean {
  return text.startsWith('$ANSIBLE_VAULT;');
}

/** Opens what `ansible-vault` encrypted with one password; the password file is read when it is first needed. */
export function createVault({ passwordFile, password }: VaultOptions): Vault {
  let known = password;
  // PBKDF2 takes a moment for every vault; the same values are asked for again and again.
  const opened = new Map<string, string>();

  return (encrypted, where, encoding = 'utf8') => {
    const text = (encrypted instanceof VaultText ? encrypted.text : encrypted).trim();
    const key = `${encoding} ${text}`;
    const before = opened.get(key);
    if (before !== undefined) return before;
    known ??= readPassword(passwordFile, where);
    const plain = decryptVault(text, known, where).toString(encoding);
    if (opened.size < MAX_REMEMBERED) opened.set(key, plain);
    return plain;
  };
}

const MAX_REMEMBERED = 1_000;

/** Vault without a password: every use is an error that says how to configure one. */
export const noVault: Vault = createVault({});

function readPassword(file: string | undefined, where: Position): Secret {
  if (file === undefined) {
    throw new StarsError('VAULT', 'This is encrypted, and there is no vault password.', {
      where,
      hint: 'Put the password into a file and name it in STARS_VAULT_PASSWORD_FILE (default ~/.vault_password.txt).',
    });
  }
  const text = readPasswordFile(file, where);
  if (text.startsWith('#!') && isExecutable(file)) {
    throw new StarsError('VAULT', `The vault password file ${file} is a script; Stars does not run it.`, {
      where,
      hint: 'Write its output to a file and name that in STARS_VAULT_PASSWORD_FILE.',
    });
  }
  const password = text.trim();
  if (password !== '') return new Secret(password);
  throw new StarsError('VAULT', `The vault password file ${file} is empty.`, {
    where,
    hint: 'Write the password into it.',
  });
}

function readPasswordFile(file: string, where: Position): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new StarsError('VAULT', `This is encrypted, and the vault password file ${file} cannot be read.`, {
      where,
      hint: 'Put the vault password into that file, or name another one in STARS_VAULT_PASSWORD_FILE.',
      cause,
    });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A vault 1.2 of this text, in lines of 80 signs; the salt is made where none is given. */
export function encryptVault(plain: string, password: Secret, { salt, label }: VaultLabel): string {
  const grain = salt === undefined ? randomBytes(32) : Buffer.from(salt);
  const key = keyOf(password, grain);
  const cipher = createCipheriv('aes-256-ctr', key.subarray(0, 32), key.subarray(64, 80));
  const ciphertext = Buffer.concat([cipher.update(padded(Buffer.from(plain))), cipher.final()]);
  const parts = [grain, signatureOf(ciphertext, key), ciphertext].map((part) => part.toString('hex'));
  const lines =
    Buffer.from(parts.join('\n'))
      .toString('hex')
      .match(/.{1,80}/g) ?? [];
  return [`$ANSIBLE_VAULT;1.2;AES256;${label}`, ...lines, ''].join('\n');
}

export type VaultLabel = { salt: string | undefined; label: string };

/** The bytes inside of a vault. Throws VAULT. */
export function decryptVault(text: string, password: Secret, where: Position): Buffer {
  const { salt, hmac, ciphertext } = readEnvelope(text, where);
  const key = keyOf(password, salt);
  const expected = signatureOf(ciphertext, key);
  if (hmac.length !== expected.length || !timingSafeEqual(hmac, expected)) {
    throw new StarsError('VAULT', 'The vault cannot be opened: the password is wrong or the text is damaged.', {
      where,
      hint: 'Check the password in STARS_VAULT_PASSWORD_FILE with: ansible-vault view --vault-password-file <password file> <file>.',
    });
  }
  const decipher = createDecipheriv('aes-256-ctr', key.subarray(0, 32), key.subarray(64, 80));
  return unpad(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
}

/** The keys of the cipher and of the signature, and the cipher's first counter. */
function keyOf(password: Secret, salt: Buffer): Buffer {
  return pbkdf2Sync(password.reveal(), salt, 10_000, 80, 'sha256');
}

function signatureOf(ciphertext: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key.subarray(32, 64)).update(ciphertext).digest();
}

type Envelope = { salt: Buffer; hmac: Buffer; ciphertext: Buffer };

function readEnvelope(text: string, where: Position): Envelope {
  const header = HEADER.exec(`${text}\n`);
  if (!header) {
    throw new StarsError(
      'VAULT',
      `This vault has a format that is not known here: ${text.split('\n', 1)[0]?.slice(0, 60)}`,
      {
        where,
        hint: 'Stars opens $ANSIBLE_VAULT;1.1;AES256 and 1.2; encrypt the file again with a current ansible-vault.',
      },
    );
  }
  const parts = fromHex(text.slice(header[0].length))?.toString('latin1').split('\n').map(fromHex);
  const [salt, hmac, ciphertext] = parts ?? [];
  if (salt && hmac && ciphertext && parts?.length === 3) return { salt, hmac, ciphertext };
  throw new StarsError('VAULT', 'The vault is damaged: its text is cut off or was changed.', {
    where,
    hint: 'Take the file from the last good commit, or encrypt it again.',
  });
}

function fromHex(text: string): Buffer | undefined {
  const digits = text.replace(/\s+/g, '');
  return digits.length % 2 === 0 && /^[\da-fA-F]+$/.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

/** Ansible pads to whole AES blocks as PKCS #7 does, although the cipher needs none. */
function padded(plain: Buffer): Buffer {
  const length = 16 - (plain.length % 16);
  return Buffer.concat([plain, Buffer.alloc(length, length)]);
}

function unpad(whole: Buffer): Buffer {
  const length = whole.at(-1) ?? 0;
  return length >= 1 && length <= 16 ? whole.subarray(0, whole.length - length) : whole;
}
