import { join } from 'node:path';
import LibsqlDatabase from 'libsql';
import type { DatabaseSettings } from '../../src/store/database.js';
import { startPostgres } from '../hosts/support/postgres.js';
import type { Fault } from './faults.js';
import { startRelay } from './relay.js';

/** The store that the killed processes share. */
export type Store = {
  /** For the harness itself, which no fault concerns. */
  settings: DatabaseSettings;
  /** Environment variables of a process of Stars. */
  env: Record<string, string>;
  faults: Fault[];
  stop(): Promise<void>;
};

/** SQLite in the data folder of the home; its fault is somebody who holds it locked. */
export function embeddedStore(home: string): Store {
  const folder = join(home, '.stars');
  let other: InstanceType<typeof LibsqlDatabase> | undefined;
  const locked: Fault = {
    name: 'somebody holds the store locked',
    begin() {
      other = new LibsqlDatabase(join(folder, 'stars.db'));
      other.pragma('busy_timeout = 5000');
      other.exec('BEGIN IMMEDIATE');
    },
    end() {
      other?.exec('ROLLBACK');
      other?.close();
      other = undefined;
    },
  };
  return { settings: { dataFolder: folder }, env: {}, faults: [locked], stop: async () => undefined };
}

/** A PostgreSQL of its own, to which the processes come through a relay that can be cut. */
export async function postgresStore(): Promise<Store> {
  const server = startPostgres();
  const { settings } = server.freshDatabase();
  const url = new URL((settings.databaseUrl?.reveal() ?? '').replace('@/', '@socket/'));
  const relay = await startRelay(join(url.searchParams.get('host') ?? '', '.s.PGSQL.5432'));
  return {
    settings,
    env: { DATABASE_URL: `postgresql://postgres@127.0.0.1:${relay.port}${url.pathname}` },
    faults: [
      { name: 'PostgreSQL is gone', begin: relay.cut, end: relay.mend },
      { name: 'PostgreSQL does not answer', begin: relay.hang, end: relay.mend },
    ],
    async stop() {
      await relay.stop();
      server.stop();
    },
  };
}
