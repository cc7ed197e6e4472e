import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { until } from '../support/until.js';

let practice: Practice;
let service: SlackService;

beforeAll(async () => {
  practice = await practise();
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});

const slack = () => practice.sandbox.slack;

/** As if the time had come. */
async function makeDue(column: 'due_at' | 'remind_at'): Promise<void> {
  const past = new Date(Date.now() - 1_000).toISOString();
  await practice.stars.database
    .updateTable('timers')
    .set({ [column]: past })
    .where('state', '=', 'waiting')
    .execute();
}

async function instances(): Promise<number> {
  const response = await fetch(`${practice.sandbox.addresses.marathon}/v2/apps/zeppelin`);
  return ((await response.json()) as { app: { instances: number } }).app.instances;
}

test('an app is scaled for a time: it is reminded of, listed, and goes back once by itself, also after a restart', async () => {
  const before = await instances();
  await slack().say('scale zeppelin 0 sandbox for 2h');
  await ended('scale zeppelin 0 sandbox for 2h');
  expect(await instances()).toBe(0);
  expect((await practice.type('schedules')).out).toContain(`/zeppelin goes back to ${before} instance`);
  expect((await practice.type('status', 'sandbox')).out).toContain('⏰');
  await makeDue('remind_at');
  await slack().until(() => said().some((text) => /In \d+ minutes: \/zeppelin goes back/.test(text)));

  await service.stop();
  await makeDue('due_at');
  service = await inSlack(practice, 'socket');
  await ended(`scale /zeppelin ${before} sandbox`);
  expect(await instances()).toBe(before);
  expect((await practice.type('schedules')).out).toContain('Nothing is scheduled.');
  const runs = await practice.stars.store.list({ limit: 50 });
  expect(runs.filter(({ text }) => text === `scale /zeppelin ${before} sandbox`)).toHaveLength(1);
});

test('an app that is scaled for a time while that is so already goes back to what it was at first', async () => {
  const before = await instances();
  await slack().say('scale zeppelin 0 sandbox for 3h');
  await ended('scale zeppelin 0 sandbox for 3h');
  await slack().say(`scale zeppelin ${before + 1} sandbox for 1h`);
  await ended(`scale zeppelin ${before + 1} sandbox for 1h`);
  const { out } = await practice.type('schedules');
  expect(out).toContain(`/zeppelin goes back to ${before} instance`);
  const [, id = ''] = /(t-[0-9a-f]{8})/.exec(out) ?? [];
  await practice.type('scale', 'zeppelin', `${before}`, 'sandbox');
  expect((await practice.type('show', 'last')).out).toContain(`“cancel ${id}” calls that off`);
  expect((await practice.type('cancel', id)).out).toContain('Called off');
});

test('what is going to happen by itself can be called off', async () => {
  await slack().say('scale zeppelin 0 sandbox for 2h');
  await ended('scale zeppelin 0 sandbox for 2h', 2);
  const [, id = ''] = /(t-[0-9a-f]{8})/.exec((await practice.type('schedules')).out) ?? [];
  expect((await practice.type('cancel', id)).out).toContain('Called off');
  expect((await practice.type('schedules')).out).toContain('Nothing is scheduled.');
});

test('what is due while somebody has locked the environment waits for that to end, and is done then', async () => {
  await practice.type('scale', 'zeppelin', '1', 'sandbox');
  await practice.type('scale', 'zeppelin', '0', 'sandbox', 'for', '2h');
  await practice.type('lock', 'sandbox', '--reason', 'release');
  await makeDue('due_at');
  const back = 'scale /zeppelin 1 sandbox';
  const waiting = await until(async () => (await practice.stars.store.waiting()).find(({ text }) => text === back));
  expect(waiting.state).toBe('queued');
  await until(async () => JSON.stringify(await practice.stars.store.events(waiting.id)).includes('release'));
  expect(await instances()).toBe(0);
  await practice.type('unlock', 'sandbox');
  await until(async () => (await practice.stars.store.find(waiting.id))?.state === 'succeeded');
  expect(await instances()).toBe(1);
}, 60_000);

test('what is due for somebody who has lost the right to it by then is not done, and they are told', async () => {
  const file = 'inventories/sandbox/environment.yml';
  const original = readFileSync(join(practice.home, file), 'utf8');
  await practice.type('scale', 'zeppelin', '1', 'sandbox');
  await slack().say('scale zeppelin 0 sandbox for 2h', { person: 'ben' });
  await until(async () => (await instances()) === 0);
  await service.idle();
  practice.write(
    file,
    JSON.stringify({ ...(parse(original) as object), production: true, access: { read: ['everyone'] } }),
  );
  try {
    await makeDue('due_at');
    await slack().until(() => said().some((text) => text.includes('this was due now, but was refused')));
    const told = said().find((text) => text.includes('was refused')) ?? '';
    expect(told).toContain('/zeppelin goes back to 1 instance');
    expect(told).toContain('You may not scale on sandbox.');
    expect(told).toContain('@U0BEN');
    expect(await instances()).toBe(0);
    expect((await practice.type('schedules')).out).toContain('Nothing is scheduled.');
  } finally {
    practice.write(file, original);
  }
}, 60_000);

test('people are reminded of the end of a lock, and it is told where it was asked for', async () => {
  const before = said().length;
  const told = (words: string) =>
    said()
      .slice(before)
      .some((text) => text.includes(words));
  await slack().say('lock sandbox for 2h');
  await until(async () => (await practice.type('schedules')).out.includes('sandbox is open for changes again'));
  await makeDue('remind_at');
  await slack().until(() => told('minutes: sandbox is open for changes again.'));
  await makeDue('due_at');
  await slack().until(() => told('⏰ sandbox is open for changes again.'));
  await practice.type('unlock', 'sandbox');
});

test.each(['for never', 'for 0h', 'until 25:00', 'for 400d'])('a time that is none is refused: %s', async (end) => {
  expect(await practice.type('scale', 'zeppelin', '1', 'sandbox', ...end.split(' '))).toMatchObject({ status: 2 });
});

function said(): string[] {
  return slack()
    .messages()
    .map((message) => toPlain(message));
}

/** Waits for the end of the n-th run of these words. */
async function ended(text: string, count = 1): Promise<void> {
  const runs = await until(async () => {
    const found = (await practice.stars.store.list({ limit: 50 })).filter((run) => run.text === text);
    return found.length >= count && found.every(({ finishedAt }) => finishedAt !== undefined) && found;
  });
  expect(runs.map(({ state }) => state)).toEqual(runs.map(() => 'succeeded'));
}
