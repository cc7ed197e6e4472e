import { createIncidentStore } from '../../src/store/incidents.js';
import { createTimerStore } from '../../src/store/timers.js';
import { type Process, type SchedulesPlace, schedulesPlace } from './schedules-place.js';

let place: SchedulesPlace;
let process: Process;

beforeEach(async () => {
  place = await schedulesPlace(
    { 'inventories/staging/environment.yml': '{}\n', 'inventories/testing/environment.yml': '{}\n' },
    '2026-06-01T01:00:00.000Z',
  );
  process = await place.process();
});
afterEach(() => place.stop());

const type = (...words: string[]) => place.type(process.stars, ...words);
const muted = (name = 'staging') => createIncidentStore(process.stars.database).muted(name, place.clock.now());

test.each<[words: string[], until: string, reason: string]>([
  [['for', '2h', '--reason', 'the network is changed'], '2026-06-01 03:00', 'the network is changed'],
  [['until', '18:00'], '2026-06-01 18:00', 'no reason given'],
  [[], '2026-06-01 02:00', 'no reason given'],
])('mute %j says until when and why, and holds for that environment alone', async (words, until, reason) => {
  expect(await type('mute', 'staging', ...words)).toContain(
    `Nothing new about staging is told until ${until} UTC: ${reason}. “unmute staging” ends that; what is wrong then is told.`,
  );
  const iso = `${until.replace(' ', 'T')}:00.000Z`;
  expect(await muted()).toMatchObject({ until: iso, reason, since: '2026-06-01T01:00:00.000Z' });
  expect((await muted())?.person.id).toMatch(/^terminal:/);
  expect(await muted('testing')).toBeUndefined();
  await place.clock.advance(Date.parse(iso) - place.clock.now().getTime());
  expect(await muted()).toBeUndefined();
});

test('a second mute takes the place of the first, and unmute ends it at once', async () => {
  await type('mute', 'staging', 'for', '2h');
  await type('mute', 'staging', 'for', '30m', '--reason', 'shorter');
  expect(await muted()).toMatchObject({ until: '2026-06-01T01:30:00.000Z', reason: 'shorter' });
  expect(await type('unmute', 'staging')).toContain('What is wrong with staging is told again.');
  expect(await muted()).toBeUndefined();
  expect(await type('unmute', 'staging')).toMatch(/staging is not muted/);
});

test.each([
  ['for', 'ever'],
  ['for', '-1h'],
  ['until', 'tomorrow-ish'],
])('mute staging %s %s mutes nothing and says what is wrong', async (...words) => {
  expect(await type('mute', 'staging', ...words)).not.toContain('Nothing new');
  expect(await muted()).toBeUndefined();
});

async function ask(key: string, words: string, name = 'ada') {
  const { bot, inbox, owner } = process.stars;
  const request = { words, text: words, person: { id: `terminal:${name}`, name }, source: 'terminal' as const };
  await inbox.receive({ key, kind: 'command', body: {} }, owner, place.clock.now());
  return bot.handle({ ...request, requestKey: key });
}

test('what was done by a process that died before it could say so is not done again', async () => {
  await ask('command 1', 'mute staging for 2h');
  await ask('command 2', 'unmute staging');
  expect(await ask('command 1', 'mute staging for 2h')).toMatchObject({
    text: 'staging was muted, and that is over: what is wrong with it is told again.',
  });
  expect(await muted()).toBeUndefined();
  await ask('command 3', 'mute staging for 1h --reason moved');
  await place.clock.advance(10 * 60_000);
  expect(await ask('command 3', 'mute staging for 1h --reason moved')).toMatchObject({
    text: expect.stringContaining('told until 2026-06-01 02:00 UTC: moved.'),
  });
  expect(await ask('command 2', 'unmute staging')).toMatchObject({ text: 'What is wrong with staging is told again.' });
  expect(await muted()).toBeDefined();
});

test('so it is with a lock, whose end is the one that was told first', async () => {
  const timers = async () =>
    (await createTimerStore(process.stars.database).waiting('staging')).map(({ dueAt }) => dueAt);
  await ask('command 1', 'lock staging for 1h --reason release');
  await place.clock.advance(10 * 60_000);
  expect(await ask('command 1', 'lock staging for 1h --reason release')).toMatchObject({
    text: 'staging is locked until 2026-06-01 02:00 UTC: release. Runs that go on are not touched.',
  });
  expect(await timers()).toEqual(['2026-06-01T02:00:00.000Z']);
  await ask('command 2', 'unlock staging');
  expect(await ask('command 1', 'lock staging for 1h --reason release')).toMatchObject({
    text: 'staging was locked, and that is over: “locks” shows what is held since.',
  });
  expect(await timers()).toEqual([]);
  await ask('command 3', 'lock staging for 3h --reason later', 'ben');
  expect(await ask('command 1', 'lock staging for 1h --reason release')).toMatchObject({
    text: expect.stringContaining('is locked until 2026-06-01 04:10 UTC, by ben: later.'),
  });
  expect(await timers()).toEqual(['2026-06-01T04:10:00.000Z']);
});
