import { asStarsError, StarsError } from '../errors.js';

/** What keeps SQLite from its file, by the first words of its code, with what to do about it. */
const NEXT_STEPS = {
  SQLITE_BUSY:
    'Another process holds it: wait until that is done or end it (“fuser” with the file names it), then ask again.',
  SQLITE_READONLY:
    'See that whoever runs Stars may write the file and its folder, and that its disk is not mounted read-only.',
  SQLITE_FULL: 'Make room on its disk, then ask again.',
  SQLITE_CORRUPT: 'Put the file aside and a copy of it from before in its place, or set STARS_DATA to another folder.',
  SQLITE_NOTADB: 'Put the file aside and a copy of it from before in its place, or set STARS_DATA to another folder.',
  SQLITE_IOERR: 'See that its disk is neither full nor broken, then ask again.',
  SQLITE_CANTOPEN: 'See that whoever runs Stars may write the file and its folder, and that its disk is there.',
} as const;

/** What SQLite met with on its disk, as an error for people; everything else, such as a mistake in a statement, as it is. */
export function sqliteTrouble(file: string, error: unknown): unknown {
  const next = Object.entries(NEXT_STEPS).find(([code]) => codeOf(error).startsWith(code))?.[1];
  if (next === undefined) return error;
  return new StarsError('STORE', `The database ${file} could not be used: ${messageOf(error)}.`, {
    hint: next,
    cause: error,
  });
}

/** Whether another process is in the way. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** That the database did not take something: `says` what, `rule` what follows from it. */
export function notWritten(says: string, rule: string, cause: unknown): StarsError {
  const { code, message, hint } = asStarsError(cause);
  const why = message.replace(/^The /, 'the ').replace(/\.$/, '');
  const next = code === 'STORE' && hint ? hint : 'Look at the database and its disk, then ask again.';
  return new StarsError('STORE', `${says}: ${why}.`, { hint: `${rule} ${next}`, cause });
}
