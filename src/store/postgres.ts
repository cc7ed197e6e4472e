import { type Dialect, PostgresDialect } from 'kysely';
import type { Secret } from '../secret.js';
import { postgresTrouble } from './trouble.js';

// The server ends a statement after 30 s and says so; who hears nothing by then has no server any more.
const STATEMENT_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 40_000;

/** PostgreSQL at this address. What keeps Stars from it is told as a STORE error, whether somebody reads or writes. */
export async function postgresDialect(url: Secret, { answerTimeoutMs = ANSWER_TIMEOUT_MS } = {}): Promise<Dialect> {
  // Loaded only now: it takes longer than opening SQLite.
  const { default: pg } = await import('pg');
  // Counts come back as text from PostgreSQL, as numbers from SQLite: make both numbers.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: 5,
    connectionTimeoutMillis: 10_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  // Neither is there one on a connection between two statements of a transaction; the next of them fails, which is enough.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const where = placeOf(url);
  const told = (error: unknown): never => {
    throw postgresTrouble(where, error);
  };
  return new PostgresDialect({
    pool: { connect: () => pool.connect().catch(told), end: () => pool.end() },
    onCreateConnection: async (connection) => {
      const execute = connection.executeQuery.bind(connection);
      connection.executeQuery = (query) => execute<never>(query).catch(told);
    },
  });
}

/** Without the user and the password. */
function placeOf(url: Secret): string {
  try {
    const { host, pathname } = new URL(url.reveal());
    return `The PostgreSQL database ${decodeURIComponent(pathname.slice(1))}${host === '' ? '' : ` at ${host}`}`;
  } catch {
    return 'The PostgreSQL database of DATABASE_URL';
  }
}
