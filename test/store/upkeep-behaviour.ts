import { type ManualClock, createManualClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import type { RunEvent, TakesUp } from '../../src/model/run.js';
import { applyRetention } from '../../src/runs/retention-job.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { createConfigurationStore } from '../../src/store/configuration.js';
import { createDailyJobs } from '../../src/store/daily-jobs.js';
import { type Database, type DatabaseSettings, openDatabase } from '../../src/store/database.js';
import { createRetention } from '../../src/store/retention.js';

type Place = { settings: DatabaseSettings; remove(): Promise<void> };

const NOW = new Date('2026-06-01T12:00:00.000Z');
const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);
const never = new AbortController().signal;

/** What every database must do with what a service looks after; the same for SQLite and PostgreSQL. */
export function describeUpkeep(name: string, place: () => Place | Promise<Place>): void {
  let where: Place;
  let database: Database;
  let clock: ManualClock;
  const audit = () => createAudit(database, { clock, redactor: createRedactor() });

  async function open(): Promise<void> {
    clock = createManualClock(NOW);
    where = await place();
    database = await openDatabase(where.settings);
  }

  async function close(): Promise<void> {
    await database.destroy();
    await where.remove();
  }

  describe(`retention in ${name}`, () => {
    beforeEach(open);
    afterEach(close);

    const limits = { events: daysAgo(90), runs: daysAgo(400) };
    const sweep = () => createRetention(database).sweep(limits, never);

    async function aRun(
      id: string,
      { days, finished = true, args = {}, takesUp = {}, proposal = null, plan, events = 3 }: RunWish,
    ): Promise<void> {
      const at = daysAgo(days).toISOString();
      const row = {
        id,
        command: 'deploy',
        text: 'deploy workers staging',
        environment: 'staging',
        person_id: 'U1',
        person_name: 'Ada',
      };
      const nothing = { ms: null, summary: null, error: null, hosts: null, resources: null, address: null };
      const more = { wait_until: null, deadline_at: null, cancel: null, request_key: null, fence: null };
      const state = finished ? 'succeeded' : 'awaiting-approval';
      const whole = {
        ...row,
        ...nothing,
        ...more,
        state,
        proposal,
        source: 'slack',
        owner: 'p',
        requested_at: at,
        heartbeat_at: at,
      };
      await database
        .insertInto('runs')
        .values({ ...whole, finished_at: finished ? at : null })
        .execute();
      const bodies: object[] = [{ args, ...takesUp }, ...(plan === undefined ? [] : [{ hash: plan }])];
      const types: RunEvent['type'][] = ['run.requested', ...(plan === undefined ? [] : (['plan.made'] as const))];
      const rows = Array.from({ length: Math.max(events, bodies.length) }, (_, index) => ({
        run_id: id,
        seq: index + 1,
        at,
        type: types[index] ?? 'note',
        body: JSON.stringify(bodies[index] ?? { message: `note ${index}` }),
      }));
      for (let start = 0; start < rows.length; start += 500)
        await database
          .insertInto('events')
          .values(rows.slice(start, start + 500))
          .execute();
    }

    type RunWish = {
      days: number;
      finished?: boolean;
      args?: Record<string, unknown>;
      takesUp?: TakesUp;
      proposal?: string | null;
      plan?: string;
      events?: number;
    };

    const runs = async () =>
      (await database.selectFrom('runs').select('id').orderBy('id').execute()).map(({ id }) => id);
    const withEvents = async () =>
      (await database.selectFrom('events').select('run_id').distinct().orderBy('run_id').execute()).map(
        (row) => row.run_id,
      );

    test('runs first lose their events and are then forgotten, with all that hangs on them', async () => {
      await aRun('260501-0000-recent', { days: 89 });
      await aRun('260201-0000-oldish', { days: 91 });
      await aRun('250101-0000-ancien', { days: 401 });
      await database.insertInto('threads').values({ run_id: '250101-0000-ancien', channel: 'C1', ts: '1.1' }).execute();
      await database
        .insertInto('decisions')
        .values({
          run_id: '250101-0000-ancien',
          person_id: 'U1',
          person_name: 'Ada',
          decision: 'approved',
          proposal: 'x',
          reason: null,
          at: '',
        })
        .execute();
      expect(await sweep()).toEqual({ events: 6, runs: 1 });
      expect(await runs()).toEqual(['260201-0000-oldish', '260501-0000-recent']);
      expect(await withEvents()).toEqual(['260501-0000-recent']);
      expect(await sweep()).toEqual({ events: 0, runs: 0 });
    });

    test('what has not ended stays, however old', async () => {
      await aRun('250101-0000-waitin', { days: 500, finished: false });
      expect(await sweep()).toEqual({ events: 0, runs: 0 });
      expect(await withEvents()).toEqual(['250101-0000-waitin']);
    });

    test.each([
      ['its plan, named by the run', { args: { plan: '250101-0000-planne' } }],
      ['its plan, named by a shortened hash', { args: { plan: 'abcdef0123' } }],
      [
        'the plan that its approval is bound to',
        { proposal: JSON.stringify({ needed: 1, hash: 'abcdef0123456789', text: 't' }) },
      ],
      ['the run that it continues', { args: { continues: '250101-0000-planne' } }],
      ['the run that it resumes', { takesUp: { resumes: '250101-0000-planne' } }],
      ['the run that it retries', { takesUp: { retries: '250101-0000-planne' } }],
    ])('what a waiting run was made from stays: %s', async (_what, wish) => {
      await aRun('250101-0000-planne', { days: 500, plan: 'abcdef0123456789' });
      await aRun('250102-0000-others', { days: 500 });
      await aRun('260601-0000-waitin', { days: 0, finished: false, ...wish });
      await sweep();
      expect(await withEvents()).toEqual(['250101-0000-planne', '260601-0000-waitin']);
    });

    test('a chain of runs that continue each other stays as long as its last one lives', async () => {
      await aRun('250101-0000-first0', { days: 502 });
      await aRun('250102-0000-second', { days: 501, args: { continues: '250101-0000-first0' } });
      await aRun('250103-0000-third0', { days: 500, args: { continues: '250102-0000-second' }, finished: false });
      await sweep();
      expect(await withEvents()).toHaveLength(3);
    });

    test('a run whose lock or timer lives stays', async () => {
      await aRun('250101-0000-locked', { days: 500 });
      await aRun('250101-0000-timed0', { days: 500 });
      await aRun('250101-0000-ended0', { days: 500 });
      const lease = {
        environment: 'staging',
        resource: '*',
        holder: 'h',
        owner: 'p',
        person_id: 'U1',
        person_name: 'Ada',
      };
      await database
        .insertInto('leases')
        .values({ ...lease, run_id: '250101-0000-locked', reason: 'r', fence: 1, since: '', until: null })
        .execute();
      const timer = {
        environment: null,
        subject: 's',
        words: 'w',
        says: 's',
        person_id: 'U1',
        person_name: 'Ada',
        address: null,
      };
      const times = { made_at: '', remind_at: null, due_at: '', state: 'waiting' };
      await database
        .insertInto('timers')
        .values([
          { ...timer, ...times, id: 't1', run_id: '250101-0000-timed0', ended_at: null },
          { ...timer, ...times, id: 't2', run_id: '250101-0000-ended0', ended_at: '2025-01-02' },
        ])
        .execute();
      await sweep();
      expect(await runs()).toEqual(['250101-0000-locked', '250101-0000-timed0']);
    });

    test('more runs and events than one batch holds go as well', async () => {
      for (let index = 100; index < 220; index += 1) await aRun(`250101-0000-run${index}`, { days: 500, events: 1 });
      await aRun('250101-0000-longer', { days: 500, events: 2_500 });
      expect(await sweep()).toEqual({ events: 2_620, runs: 121 });
      expect(await runs()).toEqual([]);
    });

    test('it stops between batches when it is told to, and goes on the next time', async () => {
      await aRun('250101-0000-ancien', { days: 500 });
      await expect(createRetention(database).sweep(limits, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
        'enough',
      );
      expect(await sweep()).toEqual({ events: 3, runs: 1 });
    });

    test('it happens once a day, is told in the audit and never touches that', async () => {
      const retention = createRetention(database);
      const keep = { events: 90 * DAY_MS, runs: 400 * DAY_MS };
      const apply = () =>
        applyRetention(
          { retention, dailyJobs: createDailyJobs(database), audit: audit(), keep, clock, log: silentLog },
          never,
        );
      await audit().record({ kind: 'request', text: 'old' });
      await aRun('250101-0000-ancien', { days: 500 });
      await apply();
      expect(await audit().search({ limit: 5 })).toMatchObject([
        {
          kind: 'service',
          outcome: 'retention',
          details: { events: 3, runs: 1, runsBefore: daysAgo(400).toISOString() },
        },
        { kind: 'request', text: 'old' },
      ]);
      await aRun('250101-0000-anothe', { days: 500 });
      await apply();
      expect(await runs()).toEqual(['250101-0000-anothe']);
      await clock.advance(DAY_MS);
      await apply();
      expect(await runs()).toEqual([]);
      await clock.advance(2_000 * DAY_MS);
      await apply();
      expect(await audit().verify()).toMatchObject({ rows: 3, broken: undefined });
    });
  });

  describe(`daily work in ${name}`, () => {
    beforeEach(open);
    afterEach(close);

    const jobs = () => createDailyJobs(database);

    test('is done by the first who comes, once a day', async () => {
      expect(await Promise.all([1, 2, 3].map(() => jobs().claim('a', NOW)))).toEqual([true, false, false]);
      expect(await jobs().claim('b', NOW)).toBe(true);
      await jobs().done('a', NOW);
      expect(await jobs().claim('a', new Date('2026-06-01T23:59:59.999Z'))).toBe(false);
      expect(await jobs().claim('a', new Date('2026-06-02T00:00:00.000Z'))).toBe(true);
      // Another machine's clock may be behind.
      expect(await jobs().claim('a', NOW)).toBe(false);
    });

    test('is free again a quarter of an hour after somebody began it and did not end it', async () => {
      const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
      await jobs().claim('a', NOW);
      expect(await jobs().claim('a', later(14))).toBe(false);
      expect(await jobs().claim('a', later(15))).toBe(true);
      expect(await jobs().claim('a', later(16))).toBe(false);
    });
  });

  describe(`the configuration in ${name}`, () => {
    beforeEach(open);
    afterEach(close);

    const saw = (files: Record<string, string>) =>
      createConfigurationStore(database, audit()).saw(new Map(Object.entries(files)));
    const told = async () =>
      (await audit().search({ limit: 100 }))
        .toReversed()
        .map(({ environment, outcome, details }) => ({ environment, outcome, details }));

    test('is in the audit when it is first seen and when a file comes, changes or goes', async () => {
      expect(await saw({ 'stars.yml': 'a1', 'inventories/production/hosts': 'b1' })).toBe(2);
      expect(await saw({ 'stars.yml': 'a1', 'inventories/production/hosts': 'b1' })).toBe(0);
      expect(await saw({ 'stars.yml': 'a2', 'inventories/staging/hosts': 'c1' })).toBe(3);
      expect(await told()).toEqual([
        { environment: 'production', outcome: 'first-seen', details: { 'inventories/production/hosts': 'new, b1' } },
        { environment: undefined, outcome: 'first-seen', details: { 'stars.yml': 'new, a1' } },
        { environment: 'production', outcome: 'changed', details: { 'inventories/production/hosts': 'b1 → gone' } },
        { environment: 'staging', outcome: 'changed', details: { 'inventories/staging/hosts': 'new, c1' } },
        { environment: undefined, outcome: 'changed', details: { 'stars.yml': 'a1 → a2' } },
      ]);
    });

    test('is told once when several see the same change at once', async () => {
      await saw({ 'stars.yml': 'a1' });
      const counts = await Promise.all([1, 2, 3].map(() => saw({ 'stars.yml': 'a2' })));
      expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
      expect(await told()).toHaveLength(2);
    });

    test('of very many files is told whole', async () => {
      const names = Array.from({ length: 1_234 }, (_, index) => `inventories/big/host_vars/h${index}.yml`);
      expect(await saw(Object.fromEntries(names.map((path) => [path, 'a'])))).toBe(1_234);
      const all = (await told()).flatMap(({ details }) => Object.keys(details ?? {}));
      expect(all.toSorted()).toEqual(names.toSorted());
    });
  });
}
