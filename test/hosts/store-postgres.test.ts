import { Kysely, sql } from 'kysely';
import { createManualClock } from '../../src/clock.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createInboxStore } from '../../src/store/inbox.js';
import { postgresDialect } from '../../src/store/postgres.js';
import { createRunStore } from '../../src/store/runs.js';
import { createScheduleStore } from '../../src/store/schedules.js';
import { Secret } from '../../src/secret.js';
import { startRelay } from '../kill/relay.js';
import { startPostgres } from './support/postgres.js';
import { describeAudit } from '../store/audit-behaviour.js';
import { describeRunAudit } from '../store/run-audit-behaviour.js';
import { describeClaims } from '../store/claims-behaviour.js';
import { describeRunStore } from '../store/run-store-behaviour.js';
import { describeUpkeep } from '../store/upkeep-behaviour.js';
import { describeWatch } from '../store/watch-behaviour.js';

const server = startPostgres();
afterAll(() => server.stop());

describeRunStore('PostgreSQL', () => server.freshDatabase());

describeRunAudit('PostgreSQL', () => server.freshDatabase());

describeClaims('PostgreSQL', () => server.freshDatabase());

describeUpkeep('PostgreSQL', () => server.freshDatabase());

describeWatch('PostgreSQL', () => server.freshDatabase());

describeAudit('PostgreSQL', () => server.freshDatabase(), {
  async unguarded(database) {
    await sql`alter table audit disable trigger user`.execute(database);
  },
});

describe('of two processes on one PostgreSQL', () => {
  const NOW = new Date('2026-06-01T12:00:00.000Z');
  const ID = '260601-1200-aaaaaa';
  const auditOf = (database: Database) =>
    createAudit(database, { clock: createManualClock(NOW), redactor: createRedactor() });
  const storeOf = (database: Database) => createRunStore(database, auditOf(database));
  const claimsOf = (database: Database) => createClaimStore(database, auditOf(database));
  let fresh: ReturnType<typeof server.freshDatabase>;
  let first: Database;
  let second: Database;

  beforeEach(async () => {
    fresh = server.freshDatabase();
    first = await openDatabase(fresh.settings);
    second = await openDatabase(fresh.settings);
  });
  afterEach(async () => {
    await Promise.all([first.destroy(), second.destroy()]);
    await fresh.remove();
  });

  test('one cannot begin a run that the other ends at that moment', async () => {
    const person = { id: 'U1', name: 'ada' };
    const row = {
      id: ID,
      command: 'deploy',
      text: 'deploy workers staging',
      environment: 'staging',
      person,
      owner: '',
    };
    const requested = { ...row, source: 'slack' as const, requestedAt: NOW.toISOString(), resources: ['*'] };
    await storeOf(first).create(requested, []);
    const ending = await second.startTransaction().execute();
    await ending.updateTable('runs').set({ state: 'cancelled' }).where('id', '=', ID).execute();
    const started = { type: 'run.started' as const };
    const claiming = claimsOf(first).claim({
      id: ID,
      environment: 'staging',
      owner: 'me',
      leases: true,
      now: NOW,
      started,
    });
    await untilSomebodyWaits(second);
    await ending.commit().execute();
    expect(await claiming).toEqual({ claimed: false, gone: true });
    expect(await storeOf(first).find(ID)).toMatchObject({ state: 'cancelled' });
    expect(await claimsOf(first).list('staging', NOW)).toEqual([]);
  });

  test('both decide on the same occurrence at the same moment, and one request comes of it', async () => {
    const stores = [createScheduleStore(first), createScheduleStore(second)];
    const key = { environment: 'staging', schedule: 'nightly', definition: 'd' };
    await stores[0]?.begin(key, NOW);
    for (let minute = 1; minute <= 20; minute += 1) {
      const [from = '', dueAt = ''] = [minute - 1, minute].map((at) =>
        new Date(NOW.getTime() + at * 60_000).toISOString(),
      );
      const request = { key: `schedule staging nightly ${dueAt}`, body: {} };
      const decision = { ...key, from, until: dueAt, occurrences: [{ dueAt, state: 'asked' } as const], request };
      const states = await Promise.all(stores.map((store) => store.decide(decision, 'me', NOW)));
      expect(states.filter((state) => state !== undefined)).toEqual(['asked']);
      await createInboxStore(first).settle(request.key, 'it was done', NOW);
    }
    expect(await first.selectFrom('inbox').select('key').execute()).toHaveLength(20);
  });

  test('one whose connection breaks between two statements goes on, and only that transaction fails', async () => {
    const cut = first.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
      await sql`select pg_terminate_backend(${rows[0]?.pid}::int)`.execute(second);
      // The end of the connection arrives while no statement is there to be told.
      const left = sql`select pid from pg_stat_activity where pid = ${rows[0]?.pid}::int`;
      while ((await left.execute(second)).rows.length > 0) await new Promise((resolve) => setImmediate(resolve));
      await left.execute(second);
      await sql`select 1`.execute(transaction);
    });
    await expect(cut).rejects.toThrow();
    expect((await sql`select 1 as one`.execute(first)).rows).toEqual([{ one: 1 }]);
  });
});

test('a way to the database that is cut is told to whoever only reads, too', async () => {
  const relay = await startRelay(server.socket);
  const fresh = server.freshDatabase();
  const name = /stars_\d+/.exec(fresh.settings.databaseUrl?.reveal() ?? '')?.[0];
  const databaseUrl = new Secret(`postgresql://postgres@127.0.0.1:${relay.port}/${name}`);
  const database = await openDatabase({ ...fresh.settings, databaseUrl });
  try {
    const audit = createAudit(database, { clock: createManualClock(), redactor: createRedactor() });
    const store = createRunStore(database, audit);
    expect(await store.list({ limit: 1 })).toEqual([]);
    relay.cut();
    await expect(store.list({ limit: 1 })).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining(`database ${name} at 127.0.0.1:${relay.port} could not be used: `),
      hint: expect.stringContaining('See that PostgreSQL runs there'),
    });
    relay.mend();
    expect(await store.list({ limit: 1 })).toEqual([]);
  } finally {
    await database.destroy();
    await relay.stop();
    await fresh.remove();
  }
});

test('a database that says nothing any more is told after a time, and used again when it answers', async () => {
  const relay = await startRelay(server.socket);
  const url = new Secret(`postgresql://postgres@127.0.0.1:${relay.port}/postgres`);
  const database = new Kysely({ dialect: await postgresDialect(url, { answerTimeoutMs: 500 }) });
  const answer = () => sql<{ one: number }>`select 1 as one`.execute(database);
  try {
    expect((await answer()).rows).toEqual([{ one: 1 }]);
    relay.hang();
    await expect(answer()).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('Query read timeout'),
    });
    relay.mend();
    // The connection that hung breaks now, which the next statement may be the one to find.
    const again = await answer().catch(answer);
    expect(again.rows).toEqual([{ one: 1 }]);
  } finally {
    await database.destroy();
    await relay.stop();
  }
});

async function untilSomebodyWaits(database: Database): Promise<void> {
  const waiting = sql<{ pid: number }>`select pid from pg_stat_activity where wait_event_type = 'Lock'`;
  while ((await waiting.execute(database)).rows.length === 0) await new Promise((resolve) => setImmediate(resolve));
}
