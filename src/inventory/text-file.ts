import { readFileSync, statSync } from 'node:fs';
import { StarsError } from '../errors.js';
import { isVault, type Vault } from './vault.js';

// Larger than any inventory; a path to a disk image must not fill the memory.
const MAX_BYTES = 16 * 1024 * 1024;

export type TextFile = { text: string; encrypted: boolean };

/** The text of a file, decrypted when it is a vault as a whole. Throws INVENTORY or VAULT. */
export function readTextFile(file: string, vault: Vault): TextFile {
  const text = decode(readBytes(file), file);
  return isVault(text) ? { text: vault(text, { file }), encrypted: true } : { text, encrypted: false };
}

function readBytes(file: string): Buffer {
  try {
    if (statSync(file).size <= MAX_BYTES) return readFileSync(file);
  } catch (cause) {
    throw new StarsError('INVENTORY', `The file ${file} cannot be read.`, {
      where: { file },
      hint: 'Check that it exists and that Stars may read it.',
      cause,
    });
  }
  throw new StarsError('INVENTORY', `The file ${file} is larger than 16 MiB.`, { where: { file } });
}

function decode(bytes: Buffer, file: string): string {
  const text = bytes.subarray(0, 1000).includes(0)
    ? undefined
    : (decodeUtf8(bytes) ?? decodeUtf8(withoutComments(bytes)));
  if (text !== undefined) return text;
  throw new StarsError('INVENTORY', 'The file is not UTF-8 text.', {
    where: { file, line: firstBadLine(bytes) },
    hint: encodingHint(bytes),
  });
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** As Ansible: comments may be in any encoding. Latin-1 keeps every byte. */
function withoutComments(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/^[;#].*$/gm, ''), 'latin1');
}

function encodingHint(bytes: Buffer): string {
  const start = bytes.subarray(0, 1000);
  const zeros = start.filter((byte) => byte === 0).length;
  // With its mark at the beginning, or every other byte a zero.
  const utf16 = /^(?:fffe|feff)/.test(start.toString('hex', 0, 2)) || zeros > start.length / 4;
  if (zeros > 0 && !utf16) return 'It is no text at all: take it out of the folder.';
  return `Save it as UTF-8, for example with: iconv -f ${utf16 ? 'UTF-16' : 'latin1'} -t UTF-8.`;
}

function firstBadLine(bytes: Buffer): number {
  const lines = withoutComments(bytes).toString('latin1').split('\n');
  return lines.findIndex((line) => decodeUtf8(Buffer.from(line, 'latin1')) === undefined || line.includes('\0')) + 1;
}
