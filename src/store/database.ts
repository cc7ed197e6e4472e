import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Kysely, type LogEvent, PostgresDialect, SqliteDialect } from 'kysely';
import LibsqlDatabase from 'libsql';
import pg from 'pg';
import { StarsError } from '../errors.js';
import type { Secret } from '../secret.js';
import { migrate } from './migrations.js';

/** Times are ISO texts in UTC, JSON is text: what SQLite and PostgreSQL both keep as it was. */
export type Tables = {
  runs: {
    id: string;
    command: string;
    text: string;
    environment: string | null;
    person_id: string;
    person_name: string;
    source: string;
    state: string;
    requested_at: string;
    finished_at: string | null;
    ms: number | null;
    summary: string | null;
    error: string | null;
    hosts: string | null;
    owner: string;
    heartbeat_at: string;
  };
  events: { run_id: string; seq: number; at: string; type: string; body: string };
  threads: { run_id: string; channel: string; ts: string };
};

export type Database = Kysely<Tables>;

export type DatabaseSettings = { databaseUrl?: Secret | undefined; dataFolder: string };

/**
 * The store: PostgreSQL when a URL is given, else one SQLite file in the data folder that syncs on every commit and may be open
 * in several processes. Its schema is brought up to date. STORE when it cannot be opened, with what to do.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const database = settings.databaseUrl ? openPostgres(settings.databaseUrl) : openSqlite(settings.dataFolder);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.destroy();
    if (error instanceof StarsError) throw error;
    throw new StarsError('STORE', `The database could not be brought up to date: ${messageOf(error)}.`, {
      hint: settings.databaseUrl
        ? 'Check DATABASE_URL and that the database may be written.'
        : `Check that ${settings.dataFolder} may be written.`,
      cause: error,
    });
  }
}

function openSqlite(folder: string): Database {
  const file = join(folder, 'stars.db');
  try {
    makeFolder(folder);
    const sqlite = new LibsqlDatabase(file);
    // WAL lets a command in a terminal write beside the service; FULL makes every commit survive a loss of power.
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'busy_timeout = 10000', 'foreign_keys = ON'])
      sqlite.pragma(pragma);
    return new Kysely<Tables>({
      dialect: new SqliteDialect({ database: sqlite }),
      log: quiet,
    });
  } catch (error) {
    throw new StarsError('STORE', `The database ${file} could not be opened: ${messageOf(error)}.`, {
      hint: 'Check that the folder may be written and that the disk is not full, or set STARS_DATA to another folder.',
      cause: error,
    });
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

function openPostgres(url: Secret): Database {
  // Counts come back as text from PostgreSQL, as numbers from SQLite: make both numbers.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: 5,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), log: quiet });
}

function quiet(_event: LogEvent): void {
  // Errors reach the caller; Kysely's own printing would show statements and values.
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
