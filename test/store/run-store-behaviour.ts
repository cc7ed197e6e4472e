import { createManualClock } from '../../src/clock.js';
import type { RunEvent } from '../../src/model/run.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { type Database, type DatabaseSettings, openDatabase } from '../../src/store/database.js';
import { createRunStore, type NewRun } from '../../src/store/runs.js';
import { createThreadStore } from '../../src/store/threads.js';

type Place = { settings: DatabaseSettings; remove(): Promise<void> };

const ME = 'process-1';
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

function aRun(id: string, { second = 0, environment = 'staging' } = {}): NewRun {
  return {
    id,
    command: 'deploy',
    text: 'deploy workers staging',
    environment,
    person: { id: 'U1', name: 'Ada' },
    source: 'slack',
    requestedAt: at(second).toISOString(),
    owner: ME,
  };
}

function note(run: string, seq: number, message = `note ${seq}`): RunEvent {
  return { run, seq, at: at(seq).toISOString(), type: 'note', message };
}

const auditOf = (database: Database) =>
  createAudit(database, { clock: createManualClock(), redactor: createRedactor() });

/** What every database must do; the same for SQLite and PostgreSQL. */
export function describeRunStore(name: string, place: () => Place | Promise<Place>): void {
  describe(name, () => {
    let where: Place;
    beforeEach(async () => {
      where = await place();
    });
    afterEach(() => where.remove());

    async function withStore<T>(
      use: (store: ReturnType<typeof createRunStore>, database: Database) => Promise<T>,
    ): Promise<T> {
      const database = await openDatabase(where.settings);
      try {
        return await use(createRunStore(database, auditOf(database)), database);
      } finally {
        await database.destroy();
      }
    }

    /** The run has begun in the process that owns it. */
    async function claimed(id: string): Promise<void> {
      const database = await openDatabase(where.settings);
      await database.updateTable('runs').set({ state: 'running' }).where('id', '=', id).execute();
      await database.destroy();
    }

    test('a run is gone on with by one other at a time, and by no more when that came through', () =>
      withStore(async (store, database) => {
        const resuming = (id: string) => ({ ...aRun(id), takesUp: 'first' });
        await store.create(aRun('first'), []);
        const asked = await Promise.allSettled(['a', 'b'].map((id) => store.create(resuming(id), [])));
        expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
        const [one] = asked[0]?.status === 'fulfilled' ? ['a', 'b'] : ['b', 'a'];
        const refused = { code: 'USAGE', message: expect.stringContaining(`by run ${one} of Ada, queued`) };
        await expect(store.create(resuming('c'), [])).rejects.toMatchObject(refused);
        expect((await store.list({ limit: 9 })).map(({ id }) => id).sort()).toEqual([one, 'first'].sort());
        const end = (id: string, state: string) =>
          database.updateTable('runs').set({ state }).where('id', '=', id).execute();
        await end(one ?? '', 'failed');
        await store.create(resuming('d'), []);
        await end('d', 'succeeded');
        await expect(store.create(resuming('e'), [])).rejects.toMatchObject({ code: 'USAGE' });
      }));

    test('of runs that go on with each other only the last that did anything is gone on with, and only once', () =>
      withStore(async (store, database) => {
        let second = 0;
        const resume = (id: string, takesUp: string) =>
          store.create({ ...aRun(id), requestedAt: at((second += 1)).toISOString(), takesUp }, [note(id, 1)]);
        const ends = async (id: string, state: string, worked: boolean) => {
          const body = { run_id: id, seq: 2, at: '', type: 'task.started', body: '{}' };
          if (worked) await database.insertInto('events').values(body).execute();
          await database.updateTable('runs').set({ state }).where('id', '=', id).execute();
        };
        const refused = (by: string) => ({ code: 'USAGE', message: expect.stringContaining(`by run ${by} of Ada`) });
        await store.create(aRun('first'), [note('first', 1)]);
        await ends('first', 'interrupted', true);
        await resume('second', 'first');
        await ends('second', 'interrupted', true);
        await expect(resume('x', 'first')).rejects.toMatchObject({
          ...refused('second'),
          hint: expect.stringContaining('“resume second” goes on where that stopped.'),
        });
        await resume('idle', 'second');
        await ends('idle', 'cancelled', false);
        await expect(resume('x', 'first')).rejects.toMatchObject(refused('second'));
        await resume('third', 'second');
        await expect(resume('x', 'idle')).rejects.toMatchObject(refused('third'));
        await ends('third', 'succeeded', true);
        for (const id of ['first', 'second', 'idle'])
          await expect(resume('x', id)).rejects.toMatchObject(refused('third'));
      }));

    test('a run and its events are there after the process has gone', async () => {
      await withStore(async (store) => {
        await store.create(aRun('r1'), [note('r1', 1, 'ünï 💫')]);
        await claimed('r1');
        await store.append([note('r1', 2), note('r1', 3)], ME);
        const end = { state: 'succeeded', ms: 1200, summary: 'Done.', hosts: {} } as const;
        await store.finish('r1', end, [note('r1', 4)], at(9), { owner: ME });
      });
      await withStore(async (store) => {
        expect(await store.find('r1')).toMatchObject({
          state: 'succeeded',
          ms: 1200,
          summary: 'Done.',
          hosts: {},
          person: { id: 'U1', name: 'Ada' },
        });
        expect(await store.events('r1')).toEqual([
          note('r1', 1, 'ünï 💫'),
          note('r1', 2),
          note('r1', 3),
          note('r1', 4),
        ]);
      });
    });

    test('a run that has ended stays as it ended, and the late end adds nothing', async () => {
      await withStore(async (store) => {
        await store.create(aRun('r1'), [note('r1', 1)]);
        const mine = { owner: ME };
        expect(await store.finish('r1', { state: 'cancelled', ms: 1 }, [note('r1', 2)], at(2), mine)).toBe(true);
        expect(await store.finish('r1', { state: 'succeeded', ms: 2 }, [note('r1', 3)], at(3), mine)).toBe(false);
        expect((await store.find('r1'))?.state).toBe('cancelled');
        expect(await store.events('r1')).toHaveLength(2);
      });
    });

    test('an event number is written once; the second write fails whole', async () => {
      await withStore(async (store) => {
        await store.create(aRun('r1'), [note('r1', 1)]);
        await claimed('r1');
        await expect(store.append([note('r1', 2), note('r1', 1)], ME)).rejects.toThrow();
        expect(await store.events('r1')).toHaveLength(1);
      });
    });

    test('twenty thousand events at once are stored whole, wherever they come in', async () => {
      const many = (run: string, first: number) =>
        Array.from({ length: 20_000 }, (_, index) => note(run, first + index));
      await withStore(async (store) => {
        await store.create(aRun('r1'), many('r1', 1));
        await claimed('r1');
        await store.append(many('r1', 20_001), ME);
        await store.finish('r1', { state: 'succeeded', ms: 1 }, many('r1', 40_001), at(9), { owner: ME });
        expect((await store.events('r1')).map(({ seq }) => seq)).toEqual(
          Array.from({ length: 60_000 }, (_, index) => index + 1),
        );
      });
    });

    test('of many events none is stored when the last of them is refused', async () => {
      await withStore(async (store) => {
        await store.create(aRun('r1'), [note('r1', 1)]);
        const many = Array.from({ length: 1_200 }, (_, index) => note('r1', index + 2));
        await claimed('r1');
        await expect(store.append([...many, note('r1', 1)], ME)).rejects.toThrow();
        expect(await store.events('r1')).toHaveLength(1);
      });
    });

    test('the history is newest first, limited, and by environment', async () => {
      await withStore(async (store) => {
        await store.create(aRun('a', { second: 1 }), [note('a', 1)]);
        await store.create(aRun('b', { second: 2, environment: 'production' }), [note('b', 1)]);
        await store.create(aRun('c', { second: 3 }), [note('c', 1)]);
        expect((await store.list({ limit: 2 })).map(({ id }) => id)).toEqual(['c', 'b']);
        expect((await store.list({ limit: 9, environment: 'staging' })).map(({ id }) => id)).toEqual(['c', 'a']);
      });
    });

    test('a run is found by the start of its id, unless several start so', async () => {
      await withStore(async (store) => {
        await store.create(aRun('abc-1'), [note('abc-1', 1)]);
        await store.create(aRun('abd-2'), [note('abd-2', 1)]);
        expect((await store.find('abc'))?.id).toBe('abc-1');
        expect(await store.find('ab')).toBeUndefined();
        expect(await store.find('%')).toBeUndefined();
      });
    });

    test('runs of a process that fell silent are found, those of a living one are not', async () => {
      await withStore(async (store) => {
        await store.create(aRun('dead', { second: 1 }), [note('dead', 1)]);
        await store.create({ ...aRun('alive', { second: 1 }), owner: 'process-2' }, [note('alive', 1)]);
        expect((await store.abandoned((owner) => owner === 'process-2')).map(({ id }) => id)).toEqual(['dead']);
      });
    });

    test('two that have the database open both write, and each sees the runs of the other', async () => {
      await withStore((first) =>
        withStore(async (second) => {
          for (let index = 0; index < 20; index += 1) {
            const id = `run-${index}`;
            await (index % 2 ? first : second).create(aRun(id), [note(id, 1)]);
          }
          expect(await first.list({ limit: 100 })).toHaveLength(20);
        }),
      );
    });

    test('two processes may open a new database at the same moment', async () => {
      const stores = await Promise.all([openDatabase(where.settings), openDatabase(where.settings)]);
      await Promise.all(stores.map((database) => database.destroy()));
    });

    test('the message of a run is found again, and its last place wins', async () => {
      await withStore(async (store, database) => {
        const places = createThreadStore(database);
        await store.create(aRun('r1'), [note('r1', 1)]);
        expect(await places.reserve('r1', 'C1')).toBe(true);
        expect(await places.reserve('r1', 'C1')).toBe(false);
        await places.remember('r1', 'C1', '1.1');
        await places.remember('r1', 'C1', '2.2');
        expect(await places.find('r1')).toEqual({ channel: 'C1', ts: '2.2' });
      });
    });
  });
}
