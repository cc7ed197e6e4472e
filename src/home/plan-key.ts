import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StarsError } from '../errors.js';

/** The key with which plans are sealed: made once, kept beside the database and never in it. */
export function planKey(dataFolder: string): Buffer {
  const file = join(dataFolder, 'plan-key');
  try {
    mkdirSync(dataFolder, { recursive: true });
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    // Usually it is there already.
    if (!existsSync(file)) throw unreadable(file, cause);
  }
  try {
    return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): StarsError {
  return new StarsError('CONFIG', `The key of plans, ${file}, can be neither read nor made.`, {
    hint: 'Plans need a data folder that Stars may write to.',
    cause,
  });
}
