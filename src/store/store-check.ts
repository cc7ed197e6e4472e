import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from '../clock.js';
import { asStarsError } from '../errors.js';
import { type Check, failed, ok, warning } from '../model/check.js';
import { type Database, type DatabaseSettings, openDatabase } from './database.js';

// From here on processes take each other for dead, or not.
const WRONG_MS = 10_000;
const STRANGE_MS = 2_000;

/** Whether the store opens, takes what is written, and has the same time as this machine. Nothing stays behind. */
export async function checkStore(settings: DatabaseSettings, clock: Clock): Promise<Check[]> {
  const where = settings.databaseUrl ? 'The PostgreSQL database' : `The database in ${settings.dataFolder}`;
  let database: Database | undefined;
  try {
    database = await openDatabase(settings);
    await writeAndForget(database, clock);
    const checks = [ok(`${where} opens, is up to date and can be written.`)];
    // SQLite has no clock but this machine's.
    return settings.databaseUrl ? [...checks, await checkClock(database, clock)] : checks;
  } catch (thrown) {
    const { message, hint } = asStarsError(thrown);
    return [failed(database ? `${where} cannot be written: ${message}` : message, hint)];
  } finally {
    await database?.destroy();
  }
}

async function writeAndForget(database: Database, clock: Clock): Promise<void> {
  const forget = new Error('Nothing was wrong.');
  const at = clock.now().toISOString();
  const row = { id: `doctor-${randomUUID()}`, started_at: at, beat_at: at, says: '' };
  await database
    .transaction()
    .execute(async (transaction) => {
      await transaction.insertInto('processes').values(row).execute();
      throw forget;
    })
    .catch((thrown: unknown) => {
      if (thrown !== forget) throw thrown;
    });
}

async function checkClock(database: Database, clock: Clock): Promise<Check> {
  const beforeMs = clock.now().getTime();
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(database);
  const halfwayMs = (beforeMs + clock.now().getTime()) / 2;
  const apartMs = Math.abs((rows[0]?.now.getTime() ?? 0) - halfwayMs);
  if (apartMs < STRANGE_MS) return ok('Its clock and that of this machine agree.');
  const says = `Its clock and that of this machine are ${Math.round(apartMs / 1_000)} s apart.`;
  const hint = 'Let both follow the same time servers; processes that share the database rely on it.';
  return apartMs < WRONG_MS ? warning(says, hint) : failed(says, hint);
}
