import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Dialect, Kysely, type LogEvent, PostgresDialect, SqliteDialect } from 'kysely';
import LibsqlDatabase from 'libsql';
import { systemClock } from '../clock.js';
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
    resources: string | null;
    address: string | null;
    proposal: string | null;
    wait_until: string | null;
    deadline_at: string | null;
    cancel: string | null;
    request_key: string | null;
    resumed_by: string | null;
    family: string | null;
    fence: number | null;
  };
  events: { run_id: string; seq: number; at: string; type: string; body: string };
  threads: { run_id: string; channel: string; ts: string; shown_at: string | null };
  files: {
    id: string;
    run_id: string;
    name: string;
    alt: string | null;
    /** Base64. */
    content: string;
    made_at: string;
    owner: string;
    chat_id: string | null;
    settled_at: string | null;
  };
  processes: { id: string; started_at: string; beat_at: string; says: string };
  inbox: {
    key: string;
    kind: string;
    body: string;
    received_at: string;
    owner: string;
    tries: number;
    run_id: string | null;
    settled_at: string | null;
    outcome: string | null;
    effect_at: string | null;
  };
  fences: { name: string; value: number };
  leases: {
    environment: string;
    resource: string;
    holder: string;
    run_id: string | null;
    owner: string;
    person_id: string;
    person_name: string;
    reason: string;
    fence: number;
    since: string;
    until: string | null;
  };
  decisions: {
    run_id: string;
    person_id: string;
    person_name: string;
    decision: string;
    proposal: string;
    reason: string | null;
    at: string;
  };
  timers: {
    id: string;
    environment: string | null;
    subject: string;
    words: string;
    says: string;
    person_id: string;
    person_name: string;
    run_id: string | null;
    address: string | null;
    made_at: string;
    remind_at: string | null;
    due_at: string;
    state: string;
    ended_at: string | null;
  };
  audit: { seq: number; at: string; kind: string; body: string; previous: string; hash: string };
  configuration_files: { path: string; hash: string };
  daily_jobs: { name: string; day: string; claimed_at: string; done_at: string | null };
  schedule_marks: { environment: string; schedule: string; definition: string; decided_until: string };
  occurrences: {
    environment: string;
    schedule: string;
    due_at: string;
    state: string;
    decided_at: string;
    request_key: string | null;
    says: string | null;
  };
  samples: { environment: string; span: string; at: string; body: string };
  day_pictures: { environment: string; day: string; at: string; body: string };
  watch_states: { environment: string; version: number; at: string; body: string };
  incidents: {
    id: string;
    environment: string;
    opened_at: string;
    closed_at: string | null;
    body: string;
    channel: string | null;
    ts: string | null;
  };
  mutes: {
    environment: string;
    until: string;
    reason: string;
    person_id: string;
    person_name: string;
    since: string;
  };
};

export type Database = Kysely<Tables>;

const BUSY_MS = 10_000;

export type DatabaseSettings = { databaseUrl?: Secret | undefined; dataFolder: string };

/**
 * The store: PostgreSQL when a URL is given, else one SQLite file in the data folder that syncs on every commit and may be open
 * in several processes. Its schema is brought up to date. STORE when it cannot be opened, with what to do.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const { databaseUrl, dataFolder } = settings;
  const opened = databaseUrl ? await openPostgres(databaseUrl) : openSqlite(dataFolder);
  try {
    await opened.alone(() => migrate(opened.database));
    return opened.database;
  } catch (error) {
    await opened.database.destroy();
    if (error instanceof StarsError) throw error;
    throw new StarsError('STORE', `The database could not be brought up to date: ${messageOf(error)}.`, {
      hint: databaseUrl
        ? 'Check DATABASE_URL and that the database may be written.'
        : `Check that ${dataFolder} may be written.`,
      cause: error,
    });
  }
}

type Opened = {
  database: Database;
  /** Does it while no other process changes the schema. */
  alone(work: () => Promise<void>): Promise<void>;
};

const ALONE_WITHIN_MS = 30_000;
const ASK_AGAIN_MS = 25;

function openSqlite(folder: string): Opened {
  const file = join(folder, 'stars.db');
  try {
    makeFolder(folder);
    const sqlite = new LibsqlDatabase(file);
    // WAL lets a command in a terminal write beside the service; FULL makes every commit survive a loss of power.
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', `busy_timeout = ${BUSY_MS}`, 'foreign_keys = ON'])
      sqlite.pragma(pragma);
    const database = new Kysely<Tables>({ dialect: sqliteDialect(sqlite), log: quiet });
    return { database, alone: (work) => inTransaction(sqlite, work) };
  } catch (error) {
    throw new StarsError('STORE', `The database ${file} could not be opened: ${messageOf(error)}.`, {
      hint: 'Check that the folder may be written and that the disk is not full, or set STARS_DATA to another folder.',
      cause: error,
    });
  }
}

/** A full disk ends SQLite's transaction by itself: to end it again would fail, and hide why it had to be. */
function sqliteDialect(sqlite: LibsqlDatabase.Database): Dialect {
  const dialect = new SqliteDialect({ database: sqlite });
  const createDriver = dialect.createDriver.bind(dialect);
  dialect.createDriver = () => {
    const driver = createDriver();
    const rollback = driver.rollbackTransaction.bind(driver);
    driver.rollbackTransaction = async (connection) => {
      if (sqlite.inTransaction) await rollback(connection);
    };
    return driver;
  };
  return dialect;
}

/** Kysely changes SQLite's schema statement by statement: around all of them one transaction, which also keeps others out. */
async function inTransaction(sqlite: LibsqlDatabase.Database, work: () => Promise<void>): Promise<void> {
  // Waiting inside SQLite would stop this process, in which the other one may be as well.
  sqlite.pragma('busy_timeout = 0');
  try {
    await begin(sqlite);
  } finally {
    sqlite.pragma(`busy_timeout = ${BUSY_MS}`);
  }
  try {
    await work();
    sqlite.exec('COMMIT');
  } catch (error) {
    if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}

async function begin(sqlite: LibsqlDatabase.Database): Promise<void> {
  const endMs = systemClock.now().getTime() + ALONE_WITHIN_MS;
  for (;;) {
    try {
      sqlite.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      const late = systemClock.now().getTime() > endMs;
      if (late || !/busy|locked/i.test(messageOf(error))) throw error;
      await systemClock.sleep(ASK_AGAIN_MS);
    }
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

async function openPostgres(url: Secret): Promise<Opened> {
  // Loaded only now: it takes longer than opening SQLite.
  const { default: pg } = await import('pg');
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
  // Neither is there one on a connection between two statements of a transaction; the next of them fails, which is enough.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // Kysely takes a lock of the whole database around its migrations here.
  const database = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), log: quiet });
  return { database, alone: (work) => work() };
}

function quiet(_event: LogEvent): void {
  // Errors reach the caller; Kysely's own printing would show statements and values.
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
