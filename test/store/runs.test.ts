import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.js';
import { describeClaims } from './claims-behaviour.js';
import { describeRunAudit } from './run-audit-behaviour.js';
import { describeRunStore } from './run-store-behaviour.js';

describeRunStore('the embedded database', embedded);
describeRunAudit('the embedded database', embedded);
describeClaims('the embedded database', embedded);

function embedded() {
  const folder = mkdtempSync(join(tmpdir(), 'stars-store-'));
  return { settings: { dataFolder: folder }, remove: async () => rmSync(folder, { recursive: true }) };
}

test('a folder that cannot hold a database is a clear error with what to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stars-store-'));
  writeFileSync(join(folder, 'occupied'), '');
  await expect(openDatabase({ dataFolder: join(folder, 'occupied') })).rejects.toMatchObject({
    code: 'STORE',
    hint: expect.stringContaining('STARS_DATA'),
  });
  rmSync(folder, { recursive: true });
});

test('a database that was written by a newer Stars is refused with what to do, and stays as it is', async () => {
  const { settings, remove } = embedded();
  const database = await openDatabase(settings);
  await sql`insert into kysely_migration values ('0999-later', '2030-01-01')`.execute(database);
  await database.destroy();
  await expect(openDatabase(settings)).rejects.toMatchObject({
    code: 'STORE',
    message: 'The database was written by a newer version of Stars.',
    hint: expect.stringContaining('Run that version'),
  });
  await remove();
});

test('a file that is no database is refused by its name', async () => {
  const { settings, remove } = embedded();
  const file = join(settings.dataFolder, 'stars.db');
  writeFileSync(file, 'garbage '.repeat(1_000));
  await expect(openDatabase(settings)).rejects.toMatchObject({
    code: 'STORE',
    message: `The database ${file} could not be opened: file is not a database.`,
  });
  expect(readFileSync(file, 'utf8')).toBe('garbage '.repeat(1_000));
  await remove();
});

test('a database that is full says so, in the middle of a transaction too, and takes what fits afterwards', async () => {
  const { settings, remove } = embedded();
  const database = await openDatabase(settings);
  const limit = (pages: number) => sql`pragma max_page_count = ${sql.lit(pages)}`.execute(database);
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
  await limit(rows[0]?.page_count ?? 0);
  const beat = (id: string, says: string) =>
    database
      .transaction()
      .execute((transaction) =>
        transaction.insertInto('processes').values({ id, started_at: '', beat_at: '', says }).execute(),
      );
  await expect(beat('large', 'x'.repeat(1_000_000))).rejects.toThrow('database or disk is full');
  await limit(100_000);
  await beat('small', '');
  expect(await database.selectFrom('processes').select('id').execute()).toEqual([{ id: 'small' }]);
  await database.destroy();
  await remove();
});
