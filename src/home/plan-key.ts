import { randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StarsError } from '../errors.js';
import type { Secret } from '../secret.js';

/**
 * The key with which plans are sealed, which stands in no database. Processes that share a PostgreSQL with a password have one key, made from
 * that; else it is a file beside the embedded database.
 */
export function createPlanKey(place: { databaseUrl: Secret | undefined; dataFolder: string }): () => Buffer {
  const password = place.databaseUrl && passwordOf(place.databaseUrl);
  if (!password) return () => keyOfFolder(place.dataFolder);
  let key: Buffer | undefined;
  // Slow on purpose: nobody finds the password by trying, from seals in a copy of the database.
  return () => (key ??= scryptSync(password, 'the key of plans', 32));
}

/** The password in the address of a database. */
export function passwordOf(databaseUrl: Secret): string | undefined {
  return /:\/\/[^:/@]*:([^@]+)@/.exec(databaseUrl.reveal())?.[1];
}

/** Made once; read anew each time, since another process may have made it. */
function keyOfFolder(dataFolder: string): Buffer {
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
