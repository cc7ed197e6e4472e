import { sql } from 'kysely';
import { lookAtTimers, type Tries } from '../../src/bot/timers.js';
import { createManualClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { createTimerStore } from '../../src/store/timers.js';
import { practise, type Practice } from './support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
});
afterAll(() => practice.stop());

const channelOf = async () => undefined;

test('what is due while the store takes nothing is told once, tried less and less often, and done once the store takes it', async () => {
  const { database, inbox, audit, bot, owner } = practice.stars;
  const timers = createTimerStore(database);
  const clock = createManualClock(new Date());
  const person = { id: 'terminal:ada', name: 'ada' };
  const dueAt = clock.now().toISOString();
  const words = 'run stars-c3 sandbox -- true';
  const common = { environment: 'sandbox', subject: 'x', says: 'something happens', person, run: undefined };
  await timers.add({ ...common, id: 't-full', words, address: undefined, remindAt: undefined, dueAt }, clock.now());
  await sql`create trigger no_room before insert on inbox begin select raise(abort, 'no room'); end`.execute(database);
  let asked = 0;
  const counted = {
    ...inbox,
    receive: (...words: Parameters<typeof inbox.receive>) => ((asked += 1), inbox.receive(...words)),
  };
  const options = { timers, inbox: counted, audit, bot, owner, channelOf, clock, log: silentLog };
  const tries: Tries = new Map();
  const told = async () =>
    (await database.selectFrom('audit').select('body').where('kind', '=', 'timer').execute()).length;

  for (let second = 0; second < 120; second += 1) {
    await lookAtTimers(options, tries);
    await clock.advance(1_000);
  }
  expect(await told()).toBe(1);
  expect(asked).toBe(7);
  expect((await timers.waiting()).map(({ id }) => id)).toContain('t-full');

  await sql`drop trigger no_room`.execute(database);
  await clock.advance(60_000);
  await lookAtTimers(options, tries);
  expect(await timers.waiting()).toEqual([]);
  expect(await told()).toBe(1);
  expect((await practice.stars.store.list({ limit: 5 })).map(({ text }) => text)).toEqual([words]);
});

test('what is due while a process stops waits for the next one', async () => {
  const { database, bot, owner, audit, inbox, runs } = await practice.another();
  const clock = createManualClock(new Date());
  const timers = createTimerStore(database);
  const person = { id: 'terminal:ada', name: 'ada' };
  const common = { environment: 'sandbox', subject: 'y', says: 'something happens', person, run: undefined };
  const words = 'run stars-c3 sandbox -- echo';
  const dueAt = clock.now().toISOString();
  await timers.add({ ...common, id: 't-stop', words, address: undefined, remindAt: undefined, dueAt }, clock.now());
  await runs.close('Stars was asked to stop.');
  await lookAtTimers({ timers, inbox, audit, bot, owner, channelOf, clock, log: silentLog }, new Map());
  expect((await timers.waiting()).map(({ id }) => id)).toEqual(['t-stop']);
  const { stars } = practice;
  await lookAtTimers(
    { ...stars, timers: createTimerStore(stars.database), channelOf, clock, log: silentLog },
    new Map(),
  );
  expect(await timers.waiting()).toEqual([]);
  expect((await stars.store.list({ limit: 5 })).map(({ text }) => text)).toContain(words);
  await database.destroy();
});
