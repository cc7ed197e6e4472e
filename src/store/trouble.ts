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

const UNREACHABLE =
  'See that PostgreSQL runs there and that this machine reaches it, and that DATABASE_URL names it; then ask again.';

/** What keeps Stars from PostgreSQL, by the first characters of its code or of the network's, with what to do about it. */
const POSTGRES_NEXT_STEPS = {
  ECONN: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOST: UNREACHABLE,
  ENET: UNREACHABLE,
  EPIPE: UNREACHABLE,
  ENOENT: UNREACHABLE,
  EACCES: UNREACHABLE,
  '08': UNREACHABLE,
  '57P': 'PostgreSQL stops or starts: wait until it runs again, then ask again.',
  '57014': 'PostgreSQL did not answer within 30 s: see what keeps it busy (pg_stat_activity names it), then ask again.',
  '28': 'See that the user and the password of DATABASE_URL are right.',
  '3D000': 'Make the database, or correct its name in DATABASE_URL.',
  '42501': 'Give the user of DATABASE_URL the rights to the tables of Stars.',
  '25006': 'PostgreSQL takes no writes: see that DATABASE_URL names the primary server and no standby.',
  '53100': 'Make room on the disk of PostgreSQL, then ask again.',
  '53': 'PostgreSQL has too little left: see how many connections and how much memory it may have, then ask again.',
  '58': 'See that the disk of PostgreSQL is neither full nor broken, then ask again.',
  XX: 'Look into the log of PostgreSQL: its files may be damaged.',
} as const;

/** A connection that broke, or that came not about in time: these have no code. */
const BROKEN =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying|Query read timeout)/;

/** What PostgreSQL or the way to it met with, as an error for people; everything else, such as a mistake in a statement, as it is. */
export function postgresTrouble(where: string, error: unknown): unknown {
  const code = codeOf(error);
  const known = Object.entries(POSTGRES_NEXT_STEPS).filter(([start]) => code.startsWith(start));
  const next = BROKEN.test(messageOf(error)) ? UNREACHABLE : known.toSorted(([a], [b]) => b.length - a.length)[0]?.[1];
  if (next === undefined) return error;
  return new StarsError('STORE', `${where} could not be used: ${reasonOf(error).replace(/\.$/, '')}.`, {
    hint: next,
    cause: error,
  });
}

/** A name with several addresses fails at each of them, and without a word of its own. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return messageOf(error) || (first === undefined ? codeOf(error) : messageOf(first));
}

/** Whether another process is in the way. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

export function messageOf(error: unknown): string {
  const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(said);
}

/** That the database did not take something: `says` what, `rule` what follows from it. */
export function notWritten(says: string, rule: string, cause: unknown): StarsError {
  const { code, message, hint } = asStarsError(cause);
  const why = message.replace(/^The /, 'the ').replace(/\.$/, '');
  const next = code === 'STORE' && hint ? hint : 'Look at the database and its disk, then ask again.';
  return new StarsError('STORE', `${says}: ${why}.`, { hint: `${rule} ${next}`, cause });
}
