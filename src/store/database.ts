import { Kysely, type LogEvent } from 'kysely';
import { type Clock, systemClock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Secret } from '../secret.js';
import { migrate } from './migrations.js';
import { postgresDialect } from './postgres.js';
import { openSqlite } from './sqlite.js';
import { messageOf } from './trouble.js';

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
    part_of: string | null;
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

export type DatabaseSettings = {
  databaseUrl?: Secret | undefined;
  dataFolder: string;
  /** By which it waits for other processes that write into the embedded one. */
  clock?: Clock;
};

/**
 * The store: PostgreSQL when a URL is given, else one SQLite file in the data folder that syncs on every commit and may be open
 * in several processes. Its schema is brought up to date. STORE when it cannot be opened, with what to do.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const { databaseUrl, dataFolder, clock = systemClock } = settings;
  const opened = databaseUrl ? await openPostgres(databaseUrl) : openEmbedded(dataFolder, clock);
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

function openEmbedded(folder: string, clock: Clock): Opened {
  const { dialect, alone } = openSqlite(folder, clock);
  return { database: new Kysely<Tables>({ dialect, log: quiet }), alone };
}

async function openPostgres(url: Secret): Promise<Opened> {
  // Kysely takes a lock of the whole database around its migrations here.
  const database = new Kysely<Tables>({ dialect: await postgresDialect(url), log: quiet });
  return { database, alone: (work) => work() };
}

function quiet(_event: LogEvent): void {
  // Errors reach the caller; Kysely's own printing would show statements and values.
}
