import { type Kysely, type Migration, Migrator, SqliteAdapter, sql } from 'kysely';
import { StarsError } from '../errors.js';

/** One list for SQLite and PostgreSQL; a released migration is never edited. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-runs': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('runs')
        .ifNotExists()
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('command', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('environment', 'text')
        .addColumn('person_id', 'text', (column) => column.notNull())
        .addColumn('person_name', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('requested_at', 'text', (column) => column.notNull())
        .addColumn('finished_at', 'text')
        .addColumn('ms', 'integer')
        .addColumn('summary', 'text')
        .addColumn('error', 'text')
        .addColumn('hosts', 'text')
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('heartbeat_at', 'text', (column) => column.notNull())
        .execute();
      await database.schema
        .createIndex('runs_by_time')
        .ifNotExists()
        .on('runs')
        .columns(['requested_at', 'id'])
        .execute();
      await database.schema
        .createTable('events')
        .ifNotExists()
        .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id'))
        .addColumn('seq', 'integer', (column) => column.notNull())
        .addColumn('at', 'text', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('events_key', ['run_id', 'seq'])
        .execute();
      await database.schema
        .createTable('threads')
        .ifNotExists()
        .addColumn('run_id', 'text', (column) => column.primaryKey().references('runs.id'))
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('ts', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '0002-requests': {
    async up(database: Kysely<unknown>) {
      for (const make of [waitingRuns, processes, inbox, leases, decisions, timers, audit]) await make(database);
    },
  },
  '0003-watch': {
    async up(database: Kysely<unknown>) {
      for (const make of [schedules, samples, incidents]) await make(database);
    },
  },
  '0004-files': { up: files },
  '0005-resumed-by': { up: resumedBy },
  '0006-effects': { up: effects },
  '0007-families': { up: families },
  '0008-parts': { up: parts },
};

type Schema = Kysely<unknown>;

/** The first of the runs that go on with each other, each after the one before. */
async function families(database: Schema): Promise<void> {
  await database.schema.alterTable('runs').addColumn('family', 'text').execute();
  await database.schema.createIndex('runs_by_family').on('runs').column('family').execute();
}

/** When a request of the inbox had its effect, for those of which no run comes. */
async function effects(database: Schema): Promise<void> {
  await database.schema.alterTable('inbox').addColumn('effect_at', 'text').execute();
}

/** What a run needs to wait, to be claimed, to be cancelled from elsewhere, and to find its place in the chat again. */
async function waitingRuns(database: Schema): Promise<void> {
  // SQLite adds one column at a time.
  for (const name of ['resources', 'address', 'proposal', 'wait_until', 'deadline_at', 'cancel', 'request_key'])
    await database.schema.alterTable('runs').addColumn(name, 'text').execute();
  await database.schema.alterTable('runs').addColumn('fence', 'integer').execute();
  await database.schema.alterTable('threads').addColumn('shown_at', 'text').execute();
  await database.schema.createIndex('runs_by_state').on('runs').columns(['state', 'requested_at']).execute();
  await database.schema.createIndex('runs_by_request').unique().on('runs').column('request_key').execute();
}

async function processes(database: Schema): Promise<void> {
  await database.schema
    .createTable('processes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('beat_at', 'text', (column) => column.notNull())
    .addColumn('says', 'text', (column) => column.notNull())
    .execute();
}

async function inbox(database: Schema): Promise<void> {
  await database.schema
    .createTable('inbox')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('received_at', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addColumn('settled_at', 'text')
    .addColumn('outcome', 'text')
    .execute();
  await database.schema.createIndex('inbox_by_settled').on('inbox').columns(['settled_at', 'received_at']).execute();
}

/** The fence is the environment's counter, and the row by which contenders for its leases are put in order. */
async function leases(database: Schema): Promise<void> {
  await database.schema
    .createTable('fences')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'integer', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('leases')
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('resource', 'text', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('person_id', 'text', (column) => column.notNull())
    .addColumn('person_name', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('fence', 'integer', (column) => column.notNull())
    .addColumn('since', 'text', (column) => column.notNull())
    .addColumn('until', 'text')
    .addPrimaryKeyConstraint('leases_key', ['environment', 'resource'])
    .execute();
}

async function decisions(database: Schema): Promise<void> {
  await database.schema
    .createTable('decisions')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id'))
    .addColumn('person_id', 'text', (column) => column.notNull())
    .addColumn('person_name', 'text', (column) => column.notNull())
    .addColumn('decision', 'text', (column) => column.notNull())
    .addColumn('proposal', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('decisions_key', ['run_id', 'person_id', 'proposal'])
    .execute();
}

async function timers(database: Schema): Promise<void> {
  await database.schema
    .createTable('timers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('environment', 'text')
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('words', 'text', (column) => column.notNull())
    .addColumn('says', 'text', (column) => column.notNull())
    .addColumn('person_id', 'text', (column) => column.notNull())
    .addColumn('person_name', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addColumn('address', 'text')
    .addColumn('made_at', 'text', (column) => column.notNull())
    .addColumn('remind_at', 'text')
    .addColumn('due_at', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('ended_at', 'text')
    .execute();
  await database.schema.createIndex('timers_by_due').on('timers').columns(['state', 'due_at']).execute();
}

/** Files of runs on their way into the chat. */
async function files(database: Schema): Promise<void> {
  await database.schema
    .createTable('files')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('alt', 'text')
    .addColumn('content', 'text', (column) => column.notNull())
    .addColumn('made_at', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('chat_id', 'text')
    .addColumn('settled_at', 'text')
    .execute();
  await database.schema.createIndex('files_by_run').on('files').column('run_id').execute();
}

/** Up to where each schedule has been decided, and what became of its occurrences. */
async function schedules(database: Schema): Promise<void> {
  await database.schema
    .createTable('schedule_marks')
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('schedule', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('decided_until', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('schedule_marks_key', ['environment', 'schedule'])
    .execute();
  await database.schema
    .createTable('occurrences')
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('schedule', 'text', (column) => column.notNull())
    .addColumn('due_at', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('decided_at', 'text', (column) => column.notNull())
    .addColumn('request_key', 'text')
    .addColumn('says', 'text')
    .addPrimaryKeyConstraint('occurrences_key', ['environment', 'schedule', 'due_at'])
    .execute();
}

/** Which run goes on with one, so that two people who ask for it at once do not have it done twice. */
async function resumedBy(database: Schema): Promise<void> {
  await database.schema.alterTable('runs').addColumn('resumed_by', 'text').execute();
}

/** What was measured, in spans that grow with its age, and one whole picture a day. */
async function samples(database: Schema): Promise<void> {
  await database.schema
    .createTable('samples')
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('span', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('samples_key', ['environment', 'span', 'at'])
    .execute();
  await database.schema
    .createTable('day_pictures')
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('day', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('day_pictures_key', ['environment', 'day'])
    .execute();
}

/** What is wrong in each environment, what was told of it, and where nobody wants to hear of it. */
async function incidents(database: Schema): Promise<void> {
  await database.schema
    .createTable('watch_states')
    .addColumn('environment', 'text', (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('incidents')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('opened_at', 'text', (column) => column.notNull())
    .addColumn('closed_at', 'text')
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('channel', 'text')
    .addColumn('ts', 'text')
    .execute();
  await database.schema
    .createIndex('incidents_by_time')
    .on('incidents')
    .columns(['environment', 'closed_at', 'opened_at'])
    .execute();
  await database.schema
    .createTable('mutes')
    .addColumn('environment', 'text', (column) => column.primaryKey())
    .addColumn('until', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('person_id', 'text', (column) => column.notNull())
    .addColumn('person_name', 'text', (column) => column.notNull())
    .addColumn('since', 'text', (column) => column.notNull())
    .execute();
}

/** A chain to which rows are only added: the database itself refuses everything else. */
async function audit(database: Schema): Promise<void> {
  await database.schema
    .createTable('audit')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('previous', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  const guards = database.getExecutor().adapter instanceof SqliteAdapter ? SQLITE_AUDIT_GUARDS : POSTGRES_AUDIT_GUARDS;
  for (const guard of guards) await guard.execute(database);
  await database.schema
    .createTable('configuration_files')
    .addColumn('path', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('daily_jobs')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('day', 'text', (column) => column.notNull())
    .addColumn('claimed_at', 'text', (column) => column.notNull())
    .addColumn('done_at', 'text')
    .execute();
}

/** Runs that are parts of another one, which was split by its hosts. */
async function parts(database: Schema): Promise<void> {
  await database.schema.alterTable('runs').addColumn('part_of', 'text').execute();
  await database.schema.createIndex('runs_by_whole').on('runs').columns(['part_of', 'id']).execute();
}

const SQLITE_AUDIT_GUARDS = [
  sql`create trigger audit_no_update before update on audit begin select raise(abort, 'the audit is only added to'); end`,
  sql`create trigger audit_no_delete before delete on audit begin select raise(abort, 'the audit is only added to'); end`,
  // “insert or replace” deletes without the trigger above.
  sql`create trigger audit_no_replace before insert on audit when exists (select 1 from audit where seq = new.seq)
    begin select raise(abort, 'the audit is only added to'); end`,
];

const POSTGRES_AUDIT_GUARDS = [
  sql`create function audit_is_only_added_to() returns trigger language plpgsql
    as $$ begin raise exception 'the audit is only added to'; end $$`,
  sql`create trigger audit_no_change before update or delete on audit
    for each row execute function audit_is_only_added_to()`,
  sql`create trigger audit_no_truncate before truncate on audit
    for each statement execute function audit_is_only_added_to()`,
];

/** Brings the schema up to date; STORE when the database was written by a newer Stars. Callers see to it that one process at a time does it. */
export async function migrate<T>(database: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new StarsError('STORE', 'The database was written by a newer version of Stars.', {
      hint: 'Run that version, or point STARS_DATA or DATABASE_URL at another database.',
      cause: error,
    });
  }
  throw error;
}
