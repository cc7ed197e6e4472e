import { sql } from 'kysely';
import { createManualClock } from '../../src/clock.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, type DatabaseSettings, openDatabase } from '../../src/store/database.js';
import { createRunStore, type Proposal } from '../../src/store/runs.js';

type Place = { settings: DatabaseSettings; remove(): Promise<void> };

const NOW = new Date('2026-06-01T12:00:00.000Z');
const ME = 'process-1';
const ID = '260601-1200-abcdef';
const ada = { id: 'U1', name: 'Ada' };
const bo = { id: 'U2', name: 'Bo' };

/** What happens to runs and locks is in the audit, in every database. */
export function describeRunAudit(name: string, place: () => Place | Promise<Place>): void {
  describe(`runs in the audit of ${name}`, () => {
    let where: Place;
    let database: Database;
    const audit = () => createAudit(database, { clock: createManualClock(NOW), redactor: createRedactor() });
    const store = () => createRunStore(database, audit());
    const claims = () => createClaimStore(database, audit());

    beforeEach(async () => {
      where = await place();
      database = await openDatabase(where.settings);
    });
    afterEach(async () => {
      await database.destroy();
      await where.remove();
    });

    async function asked(proposal?: Proposal): Promise<void> {
      const words = {
        command: 'deploy',
        text: 'deploy workers staging',
        environment: 'staging',
        source: 'slack' as const,
      };
      const run = { id: ID, ...words, person: ada, requestedAt: NOW.toISOString(), owner: '', resources: ['*'] };
      const event = { run: ID, seq: 1, at: NOW.toISOString(), type: 'run.requested' as const };
      await store().create({ ...run, proposal, address: undefined, requestKey: undefined }, [
        { ...event, ...words, args: {}, person: ada },
      ]);
    }

    const claim = (leases = true) =>
      claims().claim({ id: ID, environment: 'staging', owner: ME, leases, now: NOW, started: { type: 'run.started' } });

    const told = async () =>
      (await audit().search({ limit: 50 }))
        .toReversed()
        .map(({ seq: _seq, at: _at, previous: _previous, hash: _hash, ...entry }) => entry);

    const run = { run: ID, source: 'slack', environment: 'staging', command: 'deploy', text: 'deploy workers staging' };

    test('the start with what it holds, and the end with how it went', async () => {
      await asked();
      await claim();
      const error = { code: 'HOSTS_FAILED', message: 'One host failed.' };
      await store().finish(ID, { state: 'failed', ms: 1_200, error }, [], NOW, { owner: ME });
      await store().finish(ID, { state: 'succeeded', ms: 1_300 }, [], NOW, { owner: ME });
      expect(await told()).toEqual([
        { ...run, kind: 'start', person: ada, outcome: 'running', details: { fence: 1, resources: ['*'] } },
        { ...run, kind: 'end', person: ada, outcome: 'failed', reason: 'One host failed.', details: { ms: 1_200 } },
      ]);
    });

    test('a claim that comes too late leaves no entry', async () => {
      await asked();
      await claim();
      expect(await claim()).toMatchObject({ claimed: false });
      expect(await told()).toHaveLength(1);
    });

    test('what was proposed, and who approved exactly that', async () => {
      await asked({ needed: 1 });
      await claim(false);
      const proposal = { needed: 1, hash: 'abc', text: 'two hosts change' };
      const asking = { proposal, waitUntil: '2026-06-01T13:00:00.000Z', keep: false };
      await store().awaitApproval(ID, ME, [], asking, NOW);
      await store().decide({ id: ID, person: bo, source: 'console', decision: 'approve' }, NOW);
      expect(await told()).toEqual([
        { ...run, kind: 'start', person: ada, outcome: 'proposing', details: { fence: 1, resources: ['*'] } },
        {
          ...run,
          kind: 'proposal',
          person: ada,
          details: { hash: 'abc', needed: 1, until: '2026-06-01T13:00:00.000Z' },
        },
        { ...run, kind: 'approval', person: bo, source: 'console', details: { hash: 'abc', given: 1, needed: 1 } },
      ]);
    });

    test('who denied it and why, and that it ended by that', async () => {
      await asked({ needed: 1 });
      await claim(false);
      const asking = { proposal: { needed: 1, hash: 'abc', text: '' }, waitUntil: NOW.toISOString(), keep: false };
      await store().awaitApproval(ID, ME, [], asking, NOW);
      await store().decide({ id: ID, person: bo, source: 'slack', decision: 'deny', reason: 'not today' }, NOW);
      await store().decide({ id: ID, person: bo, source: 'slack', decision: 'approve' }, NOW);
      expect((await told()).slice(2)).toEqual([
        { ...run, kind: 'denial', person: bo, reason: 'not today', details: { hash: 'abc' } },
        { ...run, kind: 'end', person: ada, outcome: 'denied', reason: 'Bo denied it: not today.', details: { ms: 0 } },
      ]);
    });

    test('who locked an environment, why and until when, and who unlocked it', async () => {
      const lock = { environment: 'staging', name: 'lock', person: ada, source: 'slack' as const };
      const until = '2026-06-01T13:00:00.000Z';
      expect(await claims().freeze({ ...lock, reason: 'a demo', until }, NOW)).toMatchObject({ until });
      expect(await claims().freeze({ ...lock, person: bo, reason: 'mine' }, NOW)).toBe(false);
      expect(await claims().unfreeze({ ...lock, person: bo }, NOW)).toMatchObject({ reason: 'a demo' });
      expect(await claims().unfreeze(lock, NOW)).toBeUndefined();
      const about = { source: 'slack', environment: 'staging' };
      expect(await told()).toEqual([
        { ...about, kind: 'lock', person: ada, reason: 'a demo', details: { name: 'lock', until } },
        { ...about, kind: 'unlock', person: bo, details: { name: 'lock' } },
      ]);
    });

    test('nothing of it happens when it cannot be written down', async () => {
      await asked();
      await sql`alter table audit rename to elsewhere`.execute(database);
      await expect(claim()).rejects.toThrow();
      await expect(
        claims().freeze({ environment: 'staging', name: 'lock', person: ada, reason: 'r' }, NOW),
      ).rejects.toThrow();
      expect((await store().find(ID))?.state).toBe('queued');
      expect(await claims().list('staging', NOW)).toEqual([]);
      await sql`alter table elsewhere rename to audit`.execute(database);
      expect(await claim()).toMatchObject({ claimed: true });
      await sql`alter table audit rename to elsewhere`.execute(database);
      await expect(store().finish(ID, { state: 'succeeded', ms: 1 }, [], NOW, { owner: ME })).rejects.toThrow();
      expect((await store().find(ID))?.state).toBe('running');
    });
  });
}
