import { createManualClock } from '../../src/clock.js';
import type { Resource } from '../../src/model/lease.js';
import type { RunEvent } from '../../src/model/run.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, type DatabaseSettings, openDatabase } from '../../src/store/database.js';
import { createInboxStore } from '../../src/store/inbox.js';
import { createRunStore, type NewRun } from '../../src/store/runs.js';
import { createTimerStore, type Timer } from '../../src/store/timers.js';

type Place = { settings: DatabaseSettings; remove(): Promise<void> };

const ADA = { id: 'U1', name: 'Ada' };
const BEN = { id: 'U2', name: 'Ben' };
const CLEO = { id: 'U3', name: 'Cleo' };
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

/** One process with the database open. */
function processOn(database: Database, owner: string) {
  const audit = createAudit(database, { clock: createManualClock(at(0)), redactor: createRedactor() });
  return {
    owner,
    runs: createRunStore(database, audit),
    claims: createClaimStore(database, audit),
    inbox: createInboxStore(database),
    timers: createTimerStore(database),
  };
}

type Process = ReturnType<typeof processOn>;

/** What every database must do for runs that wait, exclude each other and are decided upon; the same for SQLite and PostgreSQL. */
export function describeClaims(name: string, place: () => Place | Promise<Place>): void {
  describe(`claims in ${name}`, () => {
    let where: Place;
    let databases: Database[];
    let one: Process;
    let two: Process;
    beforeEach(async () => {
      where = await place();
      const first = await openDatabase(where.settings);
      const second = await openDatabase(where.settings);
      databases = [first, second];
      one = processOn(first, 'process-1');
      two = processOn(second, 'process-2');
    });
    afterEach(async () => {
      for (const database of databases) await database.destroy();
      await where.remove();
    });

    async function queue(id: string, resources: Resource[], more: Partial<NewRun> & { second?: number } = {}) {
      const { second = 0, ...rest } = more;
      const requestedAt = at(second).toISOString();
      const about = {
        command: 'deploy',
        text: `deploy ${id}`,
        environment: 'lab',
        person: ADA,
        source: 'slack',
      } as const;
      const first: RunEvent = { run: id, seq: 1, at: requestedAt, type: 'run.requested', args: {}, ...about };
      return one.runs.create({ id, ...about, requestedAt, owner: '', resources, ...rest }, [first]);
    }

    function claim({ claims, owner }: Process, id: string, second = 1) {
      const started = { type: 'run.started' } as const;
      return claims.claim({ id, environment: 'lab', owner, leases: true, now: at(second), started });
    }

    function finish({ runs, owner }: Process, id: string) {
      return runs.finishFor(id, { state: 'succeeded', ms: 1 }, [], at(9), { owner });
    }

    test('of two processes that claim the same run at once, one gets it', async () => {
      for (let round = 0; round < 10; round += 1) {
        await queue(`r${round}`, ['app:/a']);
        const claims = await Promise.all([claim(one, `r${round}`), claim(two, `r${round}`)]);
        expect(claims.filter(({ claimed }) => claimed)).toHaveLength(1);
        const run = await one.runs.find(`r${round}`);
        await finish(run?.owner === one.owner ? one : two, `r${round}`);
      }
    });

    test.each([
      [['*'], ['*'], false],
      [['*'], ['app:/a'], false],
      [['app:/a'], ['*'], false],
      [['app:/a'], ['app:/a'], false],
      [['app:/a'], ['app:/b'], true],
      [['host:c3', 'host:c4'], ['host:c4'], false],
      [['host:c3'], ['job:c3'], true],
      [['*'], [], true],
      [[], ['*'], true],
    ] as const)('a run that holds %j and one that wants %j: both at once is %s', async (held, wanted, together) => {
      await queue('first', [...held]);
      await queue('second', [...wanted], { second: 1 });
      expect(await claim(one, 'first')).toMatchObject({ claimed: true });
      expect((await claim(two, 'second')).claimed).toBe(together);
      await finish(one, 'first');
      if (!together) expect(await claim(two, 'second')).toMatchObject({ claimed: true });
    });

    test('of ten runs that want the same at the same moment one begins, and it is the first', async () => {
      const ids = Array.from({ length: 10 }, (_, index) => `r${index}`);
      for (const [index, id] of ids.entries()) await queue(id, ['*'], { second: index });
      const claims = await Promise.all(ids.map((id, index) => claim(index % 2 ? one : two, id)));
      expect(claims.map(({ claimed }) => claimed)).toEqual(ids.map((id) => id === 'r0'));
    });

    test('each claim in an environment has a higher fence than all before', async () => {
      const fences: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        await queue(`r${round}`, ['*']);
        const claimed = await claim(round % 2 ? one : two, `r${round}`);
        if (claimed.claimed) fences.push(claimed.fence);
        await finish(round % 2 ? one : two, `r${round}`);
      }
      expect(fences).toEqual([...fences].sort((a, b) => a - b));
      expect(new Set(fences).size).toBe(5);
    });

    test('a run that belongs to one process is not claimed by another', async () => {
      await queue('r1', ['*'], { owner: one.owner });
      expect(await claim(two, 'r1')).toEqual({ claimed: false, gone: true });
      expect(await claim(one, 'r1')).toMatchObject({ claimed: true });
    });

    test('the end of a run frees what it held; an end by a process that has it no more changes nothing', async () => {
      await queue('r1', ['*']);
      await claim(one, 'r1');
      expect(await finish(two, 'r1')).toBe(false);
      expect(await one.claims.list('lab', at(2))).toHaveLength(1);
      expect(await finish(one, 'r1')).toBe(true);
      expect(await one.claims.list('lab', at(2))).toEqual([]);
    });

    test('events come only from the process that has the run', async () => {
      await queue('r1', ['*']);
      await claim(one, 'r1');
      const note: RunEvent = { run: 'r1', seq: 3, at: at(3).toISOString(), type: 'note', message: 'x' };
      expect(await two.runs.append([note], two.owner)).toBe(false);
      expect(await one.runs.append([note], one.owner)).toBe(true);
    });

    test('a run is not claimed before an earlier one that wants the same, whoever looks; one that wants something else is', async () => {
      await queue('first', ['app:/a'], { second: 1 });
      await queue('second', ['app:/a'], { second: 2 });
      await queue('other', ['app:/b'], { second: 3 });
      expect(await claim(two, 'second', 4)).toMatchObject({ claimed: false, blockers: { runs: [{ id: 'first' }] } });
      expect(await claim(two, 'other', 4)).toMatchObject({ claimed: true });
      expect(await claim(one, 'first', 5)).toMatchObject({ claimed: true });
    });

    test('a freeze keeps runs away until it is ended or over', async () => {
      const freeze = { environment: 'lab', name: 'lock', person: BEN, reason: 'release' };
      expect(await one.claims.freeze({ ...freeze, until: at(50).toISOString() }, at(0))).toMatchObject({ person: BEN });
      expect(await two.claims.freeze(freeze, at(1))).toBe(false);
      await queue('r1', ['app:/a']);
      expect(await claim(one, 'r1')).toMatchObject({ claimed: false, blockers: { leases: [{ reason: 'release' }] } });
      expect(await claim(one, 'r1', 51)).toMatchObject({ claimed: true });
    });

    describe('of a run that is split', () => {
      const part = (number: number, host: string) => {
        const id = `whole-${number}`;
        const about = { command: 'deploy', text: `part ${number}`, environment: 'lab', person: ADA } as const;
        const request = { ...about, source: 'slack' as const };
        const first: RunEvent = {
          run: id,
          seq: 1,
          at: at(2).toISOString(),
          type: 'run.requested',
          args: {},
          ...request,
        };
        const requestedAt = at(2).toISOString();
        return { run: { id, ...request, requestedAt, owner: '', resources: [`host:${host}`] }, first };
      };
      const split = () => one.runs.createParts('whole', one.owner, [part(1, 'c3'), part(2, 'c4')], at(2));
      const states = async () => (await two.runs.partsOf('whole')).map(({ state }) => state);

      beforeEach(async () => {
        await queue('whole', ['*']);
        await claim(one, 'whole');
      });

      test('parts begin under what the whole holds, past those that wait for it and past a freeze, and in other processes', async () => {
        await queue('next', ['*'], { second: 1 });
        await split();
        await one.claims.freeze({ environment: 'lab', name: 'lock', person: BEN, reason: 'release' }, at(3));
        expect(await claim(one, 'whole-1', 4)).toMatchObject({ claimed: true });
        expect(await claim(two, 'whole-2', 4)).toMatchObject({ claimed: true });
        expect((await claim(two, 'next', 4)).claimed).toBe(false);
        expect((await one.claims.list('lab', at(4))).map(({ resource }) => resource).sort()).toEqual([
          '*',
          'freeze:lock',
          'host:c3',
          'host:c4',
        ]);
      });

      test('parts are made by the process that has it alone, and none of them when it has ended', async () => {
        expect(await two.runs.createParts('whole', two.owner, [part(1, 'c3')], at(2))).toBe(false);
        await finish(one, 'whole');
        expect(await split()).toBe(false);
        expect(await states()).toEqual([]);
      });

      test('the end of the whole cancels parts that wait, tells those under way, and leaves them their hosts', async () => {
        await split();
        await claim(two, 'whole-1', 3);
        await finish(one, 'whole');
        expect(await states()).toEqual(['running', 'cancelled']);
        expect(await two.runs.performedBy(two.owner)).toMatchObject([
          { id: 'whole-1', cancel: { reason: 'The run whole that it is a part of was succeeded.' } },
        ]);
        expect((await one.claims.list('lab', at(4))).map(({ resource }) => resource)).toEqual(['host:c3']);
        await queue('next', ['*'], { second: 4 });
        expect((await claim(one, 'next', 5)).claimed).toBe(false);
        expect(await claim(two, 'whole-2', 5)).toEqual({ claimed: false, gone: true });
        await finish(two, 'whole-1');
        expect(await claim(one, 'next', 6)).toMatchObject({ claimed: true });
      });

      test('of the end of the whole and the claim of a part at the same moment the later one knows of the other', async () => {
        for (let round = 0; round < 10; round += 1) {
          const id = `r${round}`;
          if (round > 0) {
            await queue(id, ['*']);
            await claim(one, id);
          }
          const whole = round > 0 ? id : 'whole';
          const own = { ...part(1, `h${round}`), run: { ...part(1, `h${round}`).run, id: `${whole}-1` } };
          const made = { ...own, first: { ...own.first, run: `${whole}-1` } };
          await one.runs.createParts(whole, one.owner, [made], at(2));
          const [claimed] = await Promise.all([claim(two, `${whole}-1`, 3), finish(one, whole)]);
          const { cancel } = (await two.runs.performedBy(two.owner)).find((run) => run.id === `${whole}-1`) ?? {};
          const { state } = (await two.runs.find(`${whole}-1`)) ?? {};
          expect([state, claimed.claimed, cancel !== undefined]).toEqual(
            claimed.claimed ? ['running', true, true] : ['cancelled', false, false],
          );
          await finish(two, `${whole}-1`);
        }
      });

      test('only the whole is listed, and found by the beginning of its id', async () => {
        await split();
        expect((await one.runs.list({ limit: 9 })).map(({ id }) => id)).toEqual(['whole']);
        expect((await one.runs.find('who'))?.id).toBe('whole');
        expect((await one.runs.find('whole-2'))?.id).toBe('whole-2');
      });
    });

    test('a freeze that is over is in the way of no other, before anybody has looked', async () => {
      const freeze = { environment: 'lab', name: 'lock', person: BEN, reason: 'release' };
      await one.claims.freeze({ ...freeze, until: at(5).toISOString() }, at(0));
      expect(await two.claims.freeze({ ...freeze, person: CLEO }, at(4))).toBe(false);
      expect(await two.claims.freeze({ ...freeze, person: CLEO }, at(5))).toMatchObject({ person: CLEO });
      expect(await one.claims.list('lab', at(6))).toMatchObject([{ person: CLEO, until: undefined }]);
    });

    describe('a request that is done anew, since its process died before it could say that it was done', () => {
      const freeze = { environment: 'lab', name: 'lock', person: BEN, reason: 'release' };
      const requestKey = 'command 1';

      beforeEach(() => one.inbox.receive({ key: requestKey, kind: 'command', body: {} }, one.owner, at(0)));

      test('locks once, and not again what others unlocked meanwhile', async () => {
        const since = at(1).toISOString();
        expect(await one.claims.freeze({ ...freeze, requestKey }, at(1))).toMatchObject({ since });
        expect(await two.claims.freeze({ ...freeze, requestKey }, at(2))).toMatchObject({ since });
        await two.claims.unfreeze(freeze, at(3));
        expect(await two.claims.freeze({ ...freeze, requestKey }, at(4))).toBe('ended');
        expect(await one.claims.list('lab', at(5))).toEqual([]);
      });

      test('is still refused when it was in vain the first time', async () => {
        await one.claims.freeze(freeze, at(1));
        for (const process of [one, two])
          expect(await process.claims.freeze({ ...freeze, requestKey }, at(2))).toBe(false);
      });

      test('does not unlock what others locked meanwhile', async () => {
        await one.claims.freeze(freeze, at(1));
        expect(await one.claims.unfreeze({ ...freeze, requestKey }, at(2))).toMatchObject({ reason: 'release' });
        await two.claims.freeze({ ...freeze, person: CLEO }, at(3));
        expect(await two.claims.unfreeze({ ...freeze, requestKey }, at(4))).toBe('before');
        expect(await one.claims.list('lab', at(5))).toMatchObject([{ person: CLEO }]);
      });

      test.each(['approve', 'deny'] as const)(
        'tells how it stands after its %s, which counts once',
        async (decision) => {
          await waitingForTwo('r1');
          const given = decision === 'approve' ? 1 : 0;
          const again = (process: Process, second: number) =>
            process.runs.decide({ id: 'r1', person: BEN, decision, requestKey }, at(second));
          expect(await again(one, 3)).toEqual({ counted: true, given, needed: 2 });
          if (decision === 'approve') await decide('r1', CLEO);
          expect(await again(two, 4)).toMatchObject({ counted: true, given: decision === 'approve' ? 2 : 0 });
          const told = (await one.runs.events('r1')).filter(
            ({ type }) => type === 'run.approved' || type === 'run.denied',
          );
          expect(told).toHaveLength(decision === 'approve' ? 2 : 1);
        },
      );
    });

    test('a request in the inbox becomes one run, whoever makes it', async () => {
      const item = { key: 'command 1', kind: 'command', body: {} };
      expect(await one.inbox.receive(item, one.owner, at(0))).toBeUndefined();
      expect(await two.inbox.receive(item, two.owner, at(1))).toMatchObject({ owner: one.owner, tries: 1 });
      expect(await queue('r1', [], { requestKey: item.key })).toBe(true);
      expect(await queue('r2', [], { requestKey: item.key })).toBe(false);
      expect(await one.inbox.find(item.key)).toMatchObject({ run: 'r1' });
    });

    test('of requests that arrive together each is written once, repetitions among them too', async () => {
      const keys = Array.from({ length: 250 }, (_, index) => `command ${index % 125}`);
      await one.inbox.receive({ key: 'command 7', kind: 'command', body: {} }, two.owner, at(0));
      const received = await Promise.all(
        keys.map((key, index) => one.inbox.receive({ key, kind: 'command', body: { index } }, one.owner, at(1))),
      );
      const fresh = received.flatMap((there, index) => (there === undefined ? [index] : []));
      expect(fresh).toEqual(Array.from({ length: 125 }, (_, index) => index).filter((index) => index !== 7));
      expect(received[7]).toMatchObject({ owner: two.owner });
      expect(received[132]).toMatchObject({ key: 'command 7' });
      expect(received[133]).toMatchObject({ key: 'command 8', body: { index: 8 } });
      expect(await two.inbox.open()).toHaveLength(125);
    });

    test('what a dead process left in the inbox is taken over once', async () => {
      await one.inbox.receive({ key: 'k', kind: 'command', body: { text: 'status' } }, 'dead', at(0));
      const [left] = await one.inbox.open();
      if (!left) throw new Error('nothing is open');
      const taken = await Promise.all([one, two].map(({ inbox, owner }) => inbox.takeOver(left, owner)));
      expect(taken.filter(Boolean)).toHaveLength(1);
    });

    async function waitingForTwo(id: string) {
      await queue(id, ['*'], { proposal: { needed: 2 } });
      await claim(one, id);
      await propose(id, 'abc');
    }

    async function propose(id: string, hash: string) {
      const proposal = { needed: 2, hash, text: 'three changes' };
      await one.runs.awaitApproval(
        id,
        one.owner,
        [],
        { proposal, waitUntil: at(60).toISOString(), keep: false },
        at(2),
      );
    }

    const decide = (id: string, person: typeof ADA, decision: 'approve' | 'deny' = 'approve') =>
      two.runs.decide({ id, person, source: 'slack', decision }, at(3));

    test('a run that waits for two people is queued by the second, and one person counts once', async () => {
      await waitingForTwo('r1');
      expect(await one.claims.list('lab', at(2))).toEqual([]);
      expect(await decide('r1', BEN)).toEqual({ counted: true, given: 1, needed: 2 });
      expect(await decide('r1', BEN)).toMatchObject({ given: 1 });
      expect(await decide('r1', CLEO)).toMatchObject({ given: 2 });
      expect(await one.runs.find('r1')).toMatchObject({ state: 'queued' });
      expect(await decide('r1', BEN)).toEqual({ counted: false, state: 'queued' });
      expect(await claim(two, 'r1', 4)).toMatchObject({ claimed: true });
    });

    test('an approval is of what was proposed then, and counts for nothing else', async () => {
      await waitingForTwo('r1');
      for (const person of [BEN, CLEO]) await decide('r1', person);
      await claim(one, 'r1');
      await propose('r1', 'def');
      expect(await decide('r1', BEN)).toEqual({ counted: true, given: 1, needed: 2 });
      expect(await one.runs.find('r1')).toMatchObject({ state: 'awaiting-approval' });
    });

    test('one denial ends it, at the same moment as an approval too', async () => {
      for (let round = 0; round < 5; round += 1) {
        await waitingForTwo(`r${round}`);
        await decide(`r${round}`, BEN);
        const answers = await Promise.all([decide(`r${round}`, CLEO), decide(`r${round}`, ADA, 'deny')]);
        const state = (await one.runs.find(`r${round}`))?.state;
        expect(answers.filter(({ counted }) => counted).length).toBe(state === 'denied' && answers[0].counted ? 2 : 1);
        expect(['denied', 'queued']).toContain(state);
        await one.runs.finishFor(`r${round}`, { state: 'cancelled', ms: 1 }, [], at(9), { waiting: true });
      }
    });

    test('of several processes one holds a place, until it lets go or is silent for too long', async () => {
      const hold = ({ claims, owner }: Process, second: number) =>
        claims.hold('slack', owner, at(second + 6), at(second));
      expect(await hold(one, 0)).toBe(true);
      expect(await hold(two, 3)).toBe(false);
      expect(await hold(one, 4)).toBe(true);
      expect(await hold(two, 11)).toBe(true);
      expect(await hold(one, 12)).toBe(false);
      await two.claims.letGo('slack', two.owner);
      expect(await hold(one, 13)).toBe(true);
      expect(await one.claims.list(undefined, at(13))).toEqual([]);
    });

    test('a timer takes the place of an earlier one about the same, ends once and reminds once', async () => {
      const timer = (id: string): Timer => ({
        id,
        environment: 'lab',
        subject: 'app:/a',
        words: 'scale /a 1 lab',
        says: '/a goes back',
        person: ADA,
        run: undefined,
        address: undefined,
        remindAt: at(5).toISOString(),
        dueAt: at(10).toISOString(),
      });
      await one.timers.add(timer('t1'), at(0));
      await two.timers.add(timer('t2'), at(1));
      expect((await one.timers.waiting('lab')).map(({ id }) => id)).toEqual(['t2']);
      const reminded = await Promise.all([one, two].map(({ timers }) => timers.takeReminder('t2')));
      expect(reminded.filter(Boolean)).toHaveLength(1);
      const ended = await Promise.all([one, two].map(({ timers }) => timers.end('t2', 'done', at(10))));
      expect(ended.filter(Boolean)).toHaveLength(1);
      expect(await one.timers.waiting()).toEqual([]);
    });
  });
}
