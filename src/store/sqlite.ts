import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Dialect, SqliteDialect } from 'kysely';
import LibsqlDatabase from 'libsql';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import { isBusy, messageOf, sqliteTrouble } from './trouble.js';

export type OpenedSqlite = {
  dialect: Dialect;
  /** Does it while no other process changes the schema. */
  alone(work: () => Promise<void>): Promise<void>;
};

type Open = { sqlite: LibsqlDatabase.Database; file: string; clock: Clock };

/** So long others may hold the database before what waits for it is refused. */
const WAIT_MS = 10_000;
/** What only reads meets with others for moments: while they take up what a dead process left. */
const READ_WITHIN_MS = 2_000;
const ALONE_WITHIN_MS = 30_000;
const ASK_AGAIN_MS = 25;

/** The embedded database in this folder; STORE when it cannot be read and written. */
export function openSqlite(folder: string, clock: Clock): OpenedSqlite {
  const file = join(folder, 'stars.db');
  try {
    makeFolder(folder);
    const sqlite = new LibsqlDatabase(file);
    // WAL lets a command in a terminal write beside the service; FULL makes every commit survive a loss of power.
    for (const pragma of [
      `busy_timeout = ${READ_WITHIN_MS}`,
      'journal_mode = WAL',
      'synchronous = FULL',
      'foreign_keys = ON',
    ])
      sqlite.pragma(pragma);
    const open = { sqlite, file, clock };
    return { dialect: sqliteDialect(open), alone: (work) => alone(open, work) };
  } catch (error) {
    const known = sqliteTrouble(file, error);
    throw new StarsError('STORE', `The database ${file} could not be opened: ${messageOf(error)}.`, {
      hint:
        known instanceof StarsError && known.hint
          ? known.hint
          : 'Check that the file and its folder may be written and that the disk is not full, or set STARS_DATA to another folder.',
      cause: error,
    });
  }
}

/**
 * Kysely's dialect, which waits for other processes where a change begins and nowhere else: a statement of libsql that met with one in its
 * middle stays open, and lets no transaction end.
 */
function sqliteDialect({ sqlite, file, clock }: Open): Dialect {
  const begin = createBegin(sqlite, clock, WAIT_MS);
  const dialect = new SqliteDialect({
    database: sqlite,
    onCreateConnection: async (connection) => {
      const execute = connection.executeQuery.bind(connection);
      connection.executeQuery = async (query) => {
        try {
          const isAlone = CHANGES.has(query.query.kind) && !sqlite.inTransaction;
          return await (isAlone ? inTransaction(sqlite, begin, () => execute<never>(query)) : execute<never>(query));
        } catch (error) {
          throw sqliteTrouble(file, error);
        }
      };
    },
  });
  const createDriver = dialect.createDriver.bind(dialect);
  dialect.createDriver = () => {
    const driver = createDriver();
    const rollback = driver.rollbackTransaction.bind(driver);
    driver.beginTransaction = () => begin().catch((error: unknown) => Promise.reject(sqliteTrouble(file, error)));
    // A full disk ends SQLite's transaction by itself: to end it again would fail, and hide why it had to be.
    driver.rollbackTransaction = async (connection) => {
      if (sqlite.inTransaction) await rollback(connection);
    };
    return driver;
  };
  return dialect;
}

const CHANGES: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);

async function inTransaction<T>(
  sqlite: LibsqlDatabase.Database,
  begin: () => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  await begin();
  try {
    const result = await work();
    sqlite.exec('COMMIT');
    return result;
  } catch (error) {
    if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}

/** Begins a transaction once no other process writes. Who comes when the others have been waited for already is refused at once. */
function createBegin(sqlite: LibsqlDatabase.Database, clock: Clock, waitMs: number): () => Promise<void> {
  let held: { sinceMs: number; lastMs: number } | undefined;

  function isWorthWaiting(): boolean {
    const nowMs = clock.now().getTime();
    const sinceMs = held && nowMs - held.lastMs < waitMs ? held.sinceMs : nowMs;
    held = { sinceMs, lastMs: nowMs };
    return nowMs - sinceMs < waitMs;
  }

  return async () => {
    for (;;) {
      try {
        beginNow(sqlite);
        held = undefined;
        return;
      } catch (error) {
        if (!isBusy(error) || !isWorthWaiting()) throw error;
        await clock.sleep(ASK_AGAIN_MS);
      }
    }
  };
}

/** Waiting inside SQLite would stop this process with all that it serves. */
function beginNow(sqlite: LibsqlDatabase.Database): void {
  sqlite.pragma('busy_timeout = 0');
  try {
    sqlite.exec('BEGIN IMMEDIATE');
  } finally {
    sqlite.pragma(`busy_timeout = ${READ_WITHIN_MS}`);
  }
}

/** Kysely changes SQLite's schema statement by statement: around all of them one transaction, which also keeps others out. */
async function alone({ sqlite, file, clock }: Open, work: () => Promise<void>): Promise<void> {
  const begin = createBegin(sqlite, clock, ALONE_WITHIN_MS);
  try {
    await tryWriting(sqlite, begin);
    await inTransaction(sqlite, begin, work);
  } catch (error) {
    throw sqliteTrouble(file, error);
  }
}

/** SQLite opens a file that may not be written without a word, and fails at the first write: here is one that leaves nothing. */
async function tryWriting(sqlite: LibsqlDatabase.Database, begin: () => Promise<void>): Promise<void> {
  await begin();
  try {
    sqlite.exec('PRAGMA user_version = 0');
  } finally {
    if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
  }
}

// Not `recursive`: below a folder such as /proc, which takes no new ones, Node would try for ever.
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been quicker.
    if (!existsSync(folder)) throw error;
  }
}
