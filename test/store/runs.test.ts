import {
  chmodSync,
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createManualClock } from '../../src/clock.js';
import { type Database, openDatabase } from '../../src/store/database.js';
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

describe('while another process writes into the embedded database and does not end', () => {
  const clock = createManualClock();
  let place: ReturnType<typeof embedded>;
  let database: Database;
  let other: Database;
  let letGo: () => Promise<void>;

  beforeEach(async () => {
    place = embedded();
    database = await openDatabase({ ...place.settings, clock });
    other = await openDatabase(place.settings);
    const holding = await other.startTransaction().execute();
    letGo = () => holding.rollback().execute();
  });
  afterEach(async () => {
    await Promise.all([database.destroy(), other.destroy()]);
    await place.remove();
  });

  const write = (name: string) => database.insertInto('fences').values({ name, value: 1 }).execute();
  const names = async () => (await database.selectFrom('fences').select('name').execute()).map(({ name }) => name);
  const refused = () => ({
    code: 'STORE',
    message: `The database ${join(place.settings.dataFolder, 'stars.db')} could not be used: database is locked.`,
    hint: expect.stringContaining('Another process holds it') as unknown,
  });
  /** What comes of it, looked for at once: it may be refused before anybody asks. */
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => error,
    );

  test('what is written waits for it, and this process goes on meanwhile', async () => {
    const written = outcome(write('late'));
    await clock.advance(5_000);
    await letGo();
    await clock.advance(1_000);
    expect(await written).toBe('done');
    expect(await names()).toEqual(['late']);
  });

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['a statement', write],
    [
      'a transaction',
      (name) =>
        database.transaction().execute((inside) => inside.insertInto('fences').values({ name, value: 1 }).execute()),
    ],
  ])(
    '%s is refused after a while with what to do, what comes then at once, and both go on afterwards',
    async (_what, work) => {
      const first = outcome(work('first'));
      await clock.advance(11_000);
      expect(await first).toMatchObject(refused());
      expect(await outcome(work('second'))).toMatchObject(refused());
      expect(await names()).toEqual([]);
      await letGo();
      await work('third');
      await write('fourth');
      expect(await names()).toEqual(['fourth', 'third']);
    },
  );

  test('it is not opened, and says why', async () => {
    const opening = outcome(openDatabase({ ...place.settings, clock }));
    await clock.advance(31_000);
    expect(await opening).toMatchObject(refused());
    await letGo();
  });
});

describe('a database that may not be written', () => {
  const root = process.geteuid?.() === 0;
  let place: ReturnType<typeof embedded>;

  beforeEach(async () => {
    place = embedded();
    await (await openDatabase(place.settings)).destroy();
  });
  afterEach(async () => {
    process.seteuid?.(root ? 0 : (process.getuid?.() ?? 0));
    chmodSync(place.settings.dataFolder, 0o755);
    await place.remove();
  });

  test.each([
    ['the file alone', 0o444, 0o755],
    ['the folder alone', 0o644, 0o555],
    ['both', 0o444, 0o555],
  ])('%s: it is refused by its name, with what to do', async (_what, file, folder) => {
    const { dataFolder } = place.settings;
    const path = join(dataFolder, 'stars.db');
    chmodSync(path, file);
    chmodSync(dataFolder, folder);
    if (root) {
      // Root may write whatever the bits say.
      for (const owned of [path, dataFolder]) chownSync(owned, 65_534, 65_534);
      process.seteuid?.(65_534);
    }
    await expect(openDatabase(place.settings)).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(
        /The database .*stars\.db could not be (?:opened|used): attempt to write a readonly database\./,
      ),
      hint: expect.stringMatching(/file and its folder/),
    });
  });
});

test.each([
  ['cut off', (file: string) => truncateSync(file, 40_960)],
  ['overwritten in its middle', (file: string) => overwrite(file, 4_096, 16_384)],
])('a database that is %s is refused with what to do', async (_what, spoil) => {
  const { settings, remove } = embedded();
  const database = await openDatabase(settings);
  await sql`pragma wal_checkpoint(truncate)`.execute(database);
  await database.destroy();
  spoil(join(settings.dataFolder, 'stars.db'));
  await expect(openDatabase(settings)).rejects.toMatchObject({
    code: 'STORE',
    message: expect.stringMatching(/The database .*stars\.db could not be .*malformed\./),
    hint: expect.stringContaining('STARS_DATA'),
  });
  await remove();
});

function overwrite(file: string, from: number, bytes: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(bytes, 'x'), 0, bytes, from);
  closeSync(handle);
}
