import { type Kysely, type Migration, Migrator } from 'kysely';
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
};

/** Brings the schema up to date; STORE when the database was written by a newer Stars. Safe in several processes at once. */
export async function migrate<T>(database: Kysely<T>): Promise<void> {
  // SQLite has no lock around migrations: when another process was quicker, the second look finds its work done.
  const error = (await migrateOnce(database)) && (await migrateOnce(database));
  if (!error) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new StarsError('STORE', 'The database was written by a newer version of Stars.', {
      hint: 'Run that version, or point STARS_DATA or DATABASE_URL at another database.',
      cause: error,
    });
  }
  throw error;
}

async function migrateOnce<T>(database: Kysely<T>): Promise<unknown> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  return (await migrator.migrateToLatest()).error;
}
