import type { Incident } from '../../src/model/incident.js';
import { createManualClock } from '../../src/clock.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { type Database, type DatabaseSettings, openDatabase } from '../../src/store/database.js';
import { createIncidentStore } from '../../src/store/incidents.js';
import { createInboxStore } from '../../src/store/inbox.js';
import { createRunStore } from '../../src/store/runs.js';
import { createSampleStore } from '../../src/store/samples.js';
import { createScheduleStore, type Decision } from '../../src/store/schedules.js';

type Place = { settings: DatabaseSettings; remove(): Promise<void> };

const START_MS = Date.parse('2026-06-01T00:00:00.000Z');
const MINUTE_MS = 60_000;
const at = (minute: number) => new Date(START_MS + minute * MINUTE_MS);
const KEY = { environment: 'staging', schedule: 'nightly' };
const REQUEST = 'schedule staging nightly';

/** What every database must do for schedules, incidents and samples; the same for SQLite and PostgreSQL. */
export function describeWatch(name: string, place: () => Place | Promise<Place>): void {
  let where: Place;
  let first: Database;
  let second: Database;

  async function open(): Promise<void> {
    where = await place();
    first = await openDatabase(where.settings);
    second = await openDatabase(where.settings);
  }

  async function close(): Promise<void> {
    await Promise.all([first.destroy(), second.destroy()]);
    await where.remove();
  }

  /** Asks for the occurrence of a minute, with the mark at an earlier one. */
  function asking(from: number, due: number): Decision {
    const dueAt = at(due).toISOString();
    return {
      ...KEY,
      definition: 'd',
      from: at(from).toISOString(),
      until: dueAt,
      occurrences: [{ dueAt, state: 'asked' }],
      request: { key: `${REQUEST} ${dueAt}`, body: { due } },
    };
  }

  describe(`schedules in ${name}`, () => {
    beforeEach(open);
    afterEach(close);

    test('of two processes that decide the same one does it, and the request stands in the inbox once', async () => {
      const [one, other] = [createScheduleStore(first), createScheduleStore(second)];
      await one.begin({ ...KEY, definition: 'd' }, at(0));
      await other.begin({ ...KEY, definition: 'd' }, at(1));
      expect((await other.marks('staging')).get('nightly')).toEqual({ definition: 'd', until: at(0).toISOString() });
      const done: unknown[] = [];
      for (let minute = 1; minute <= 20; minute += 1) {
        const decision = asking(minute - 1, minute);
        done.push(await one.decide(decision, 'one', at(minute)), await other.decide(decision, 'other', at(minute)));
        await createInboxStore(first).settle(`${REQUEST} ${at(minute).toISOString()}`, 'it was done', at(minute));
      }
      expect(done.filter((state) => state === 'asked')).toHaveLength(20);
      expect(done.filter((state) => state === undefined)).toHaveLength(20);
      expect(await first.selectFrom('inbox').select('key').execute()).toHaveLength(20);
    });

    test('a process that is killed before it has decided leaves nothing, one that is killed after it a request', async () => {
      const store = createScheduleStore(first);
      await store.begin({ ...KEY, definition: 'd' }, at(0));
      const dying = createScheduleStore(failingAt(first, 'inbox'));
      await expect(dying.decide(asking(0, 1), 'dying', at(1))).rejects.toThrow('killed');
      expect((await store.marks('staging')).get('nightly')?.until).toBe(at(0).toISOString());
      expect(await store.last('staging', ['nightly'])).toEqual(new Map());
      expect(await createScheduleStore(second).decide(asking(0, 1), 'other', at(1))).toBe('asked');
      expect(await createInboxStore(first).open()).toMatchObject([
        { kind: 'schedule', owner: 'other', run: undefined },
      ]);
    });

    test('while what was asked before goes on nothing is asked again', async () => {
      const store = createScheduleStore(first);
      await store.begin({ ...KEY, definition: 'd' }, at(0));
      expect(await store.decide(asking(0, 1), 'one', at(1))).toBe('asked');
      expect(await store.decide(asking(1, 2), 'one', at(2))).toBe('overlapped');
      const audit = createAudit(first, { clock: createManualClock(at(0)), redactor: createRedactor() });
      const runs = createRunStore(first, audit);
      const person = { id: 'schedule:nightly', name: 'nightly' };
      const request = { command: 'backup', text: 'backup staging', environment: 'staging', person };
      const run = {
        ...request,
        id: '260601-0001-aaaaaa',
        source: 'schedule',
        requestedAt: at(1).toISOString(),
      } as const;
      await runs.create({ ...run, owner: '', resources: [], requestKey: `${REQUEST} ${at(1).toISOString()}` }, []);
      expect(await store.decide(asking(2, 3), 'one', at(3))).toBe('overlapped');
      expect((await store.last('staging', ['nightly'])).get('nightly')).toMatchObject({
        state: 'overlapped',
        says: 'the run 260601-0001-aaaaaa still goes on',
      });
      await runs.finishFor(run.id, { state: 'cancelled', ms: 1 }, [], at(4), { waiting: true });
      expect(await store.decide(asking(3, 5), 'one', at(5))).toBe('asked');
    });

    test('a schedule with another time begins anew, and is forgotten when it ends', async () => {
      const store = createScheduleStore(first);
      await store.begin({ ...KEY, definition: 'd' }, at(0));
      await store.begin({ ...KEY, definition: 'e' }, at(9));
      expect(await store.decide(asking(0, 1), 'one', at(9))).toBeUndefined();
      expect((await store.marks('staging')).get('nightly')).toEqual({ definition: 'e', until: at(9).toISOString() });
      await store.end(KEY);
      expect(await store.marks('staging')).toEqual(new Map());
    });
  });

  describe(`incidents and samples in ${name}`, () => {
    beforeEach(open);
    afterEach(close);

    const incident = (id: string, more: Partial<Incident> = {}): Incident => ({
      id,
      environment: 'staging',
      openedAt: at(0).toISOString(),
      returns: 0,
      severity: 'down',
      causes: [],
      dependents: [],
      history: [],
      ...more,
    });

    test('of two that looked at the same time one writes what it saw', async () => {
      const [one, other] = [createIncidentStore(first), createIncidentStore(second)];
      const known = await one.load('staging', at(0));
      expect(await one.save('staging', { ...known, incidents: [incident('i1')] }, at(1))).toBe(true);
      expect(await other.save('staging', { ...known, incidents: [incident('i2')] }, at(1))).toBe(false);
      expect(await other.load('staging', at(0))).toMatchObject({ version: 1, incidents: [{ id: 'i1' }] });
    });

    test('an incident keeps the place of its message, and is found as long as it is open or was a moment ago', async () => {
      const store = createIncidentStore(first);
      await store.save('staging', { version: 0, problems: [], incidents: [incident('i1')] }, at(1));
      await store.remember('i1', { channel: 'C0', ts: '1.2' });
      const closed = incident('i1', { closedAt: at(5).toISOString() });
      await store.save('staging', { version: 1, problems: [], incidents: [closed] }, at(5));
      expect(await store.place('i1')).toEqual({ channel: 'C0', ts: '1.2' });
      expect(await store.between('staging', at(4))).toHaveLength(1);
      expect(await store.between('staging', at(6))).toEqual([]);
      expect(await store.between('production', at(0))).toEqual([]);
    });

    test('a mute holds until its time, or until it is ended', async () => {
      const store = createIncidentStore(first);
      const person = { id: 'U1', name: 'Ada' };
      const mute = {
        environment: 'staging',
        until: at(10).toISOString(),
        reason: 'why',
        person,
        since: at(0).toISOString(),
      };
      await store.mute(mute);
      expect(await store.muted('staging', at(9))).toEqual(mute);
      expect(await store.muted('staging', at(10))).toBeUndefined();
      expect(await store.unmute('staging', at(5))).toBe(true);
      expect(await store.unmute('staging', at(5))).toBe(false);
    });

    describe('a request that is done anew, since its process died before it could say that it was done', () => {
      const requestKey = 'command 1';
      const mutedBy = (name: string, until: number, since: number) => ({
        environment: 'staging',
        until: at(until).toISOString(),
        reason: name,
        person: { id: name, name },
        since: at(since).toISOString(),
      });

      beforeEach(() => createInboxStore(first).receive({ key: requestKey, kind: 'command', body: {} }, 'one', at(0)));

      test('mutes once, and not again what others unmuted or muted otherwise meanwhile', async () => {
        const [one, other] = [createIncidentStore(first), createIncidentStore(second)];
        await one.mute(mutedBy('Ada', 30, 0), requestKey);
        await other.unmute('staging', at(1));
        await other.mute(mutedBy('Ada', 32, 2), requestKey);
        expect(await one.muted('staging', at(3))).toBeUndefined();
        await one.mute(mutedBy('Ben', 20, 3));
        await other.mute(mutedBy('Ada', 34, 4), requestKey);
        expect(await one.muted('staging', at(5))).toMatchObject({ reason: 'Ben', until: at(20).toISOString() });
      });

      test('says again that it unmuted, and does not unmute what others muted meanwhile', async () => {
        const [one, other] = [createIncidentStore(first), createIncidentStore(second)];
        await one.mute(mutedBy('Ada', 30, 0));
        expect(await one.unmute('staging', at(1), requestKey)).toBe(true);
        expect(await other.unmute('staging', at(2), requestKey)).toBe(true);
        await one.mute(mutedBy('Ben', 30, 3));
        expect(await other.unmute('staging', at(4), requestKey)).toBe(true);
        expect(await one.muted('staging', at(5))).toMatchObject({ reason: 'Ben' });
      });

      test('is still refused when there was nothing to unmute', async () => {
        const [one, other] = [createIncidentStore(first), createIncidentStore(second)];
        expect(await one.unmute('staging', at(1), requestKey)).toBe(false);
        expect(await other.unmute('staging', at(2), requestKey)).toBe(false);
      });
    });

    test('samples are averages with the worst states, and never more than their time allows', async () => {
      const store = createSampleStore(first);
      const sample = (cpus: number, marathon: 'up' | 'down') => ({ count: 1, figures: { cpus }, states: { marathon } });
      await store.add('staging', sample(0.2, 'up'), at(0));
      await store.add('staging', sample(0.4, 'down'), at(1));
      expect(await store.since('staging', '1m', at(0))).toHaveLength(2);
      const [quarter] = await store.since('staging', '15m', at(0));
      expect(quarter).toMatchObject({ at: at(0).toISOString(), count: 2, states: { marathon: 'down' } });
      expect(quarter?.figures['cpus']).toBeCloseTo(0.3);
      for (let hour = 1; hour <= 24 * 9; hour += 6) await store.add('staging', sample(0.2, 'up'), at(hour * 60));
      expect((await store.since('staging', '1m', at(0))).length).toBeLessThanOrEqual(5);
      expect((await store.since('staging', '15m', at(0))).length).toBeLessThanOrEqual(33);
      expect(await store.since('staging', '6h', at(0))).toHaveLength(36);
    });

    test('of each day one picture is kept, for some weeks', async () => {
      const store = createSampleStore(first);
      const day = 24 * 60;
      for (const [picture, minute] of [
        ['a', 0],
        ['b', 60],
        ['c', day],
        ['d', 42 * day],
      ] as const)
        await store.keepPicture('staging', { picture }, at(minute));
      expect(await store.pictureBefore('staging', at(42 * day))).toMatchObject({ picture: { picture: 'd' } });
      expect(await store.pictureBefore('staging', at(41 * day))).toBeUndefined();
    });
  });
}

/** The database of a process that is killed at its first write to a table. */
function failingAt(database: Database, table: string): Database {
  return database.withPlugin({
    transformQuery({ node }) {
      const into = node.kind === 'InsertQueryNode' ? node.into?.table.identifier.name : undefined;
      if (into === table) throw new Error('killed');
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  });
}
