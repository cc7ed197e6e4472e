import { type Clock, systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';

let practice: Practice;
let service: SlackService;
// Noon: nothing is posted at night.
let laterMs = new Date().setUTCHours(12, 0, 0, 0) - Date.now();
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + laterMs) };

const DAY_MS = 86_400_000;

beforeAll(async () => {
  const starsFile = 'slack: {channel: C0DEPLOYS}\nretention: {events: 1d, runs: 2d}\n';
  practice = await practise({ clock, starsFile });
  await practice.type('history');
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});

test('a service in Slack posts the head of the audit by itself, and that proves later that nothing was changed', async () => {
  const { slack } = practice.sandbox;
  const posted = () =>
    slack
      .messages()
      .map((message) => /Its head is (\d+:[\da-f]+)/.exec(toPlain(message))?.[1])
      .find((head) => head !== undefined);
  await slack.until(() => posted() !== undefined);
  const head = posted() ?? '';
  expect(await practice.type('audit', 'verify', '--head', head)).toMatchObject({
    status: 0,
    out: expect.stringContaining(`It still holds the head ${head}.`),
  });
});

test('what was asked for a time where there is no chat is reminded of, and comes back, in the channel of its environment', async () => {
  const { sandbox, stars } = practice;
  const past = new Date(0).toISOString();
  const change = (column: 'remind_at' | 'due_at') =>
    stars.database
      .updateTable('timers')
      .set({ [column]: past })
      .where('state', '=', 'waiting')
      .execute();
  const told = (words: string) => sandbox.slack.messages().some((message) => toPlain(message).includes(words));
  await practice.type('scale', 'lightning', '0', 'sandbox', 'for', '2h');
  await change('remind_at');
  await sandbox.slack.until(() => told('minutes: /lightning goes back to 1 instance'));
  await change('due_at');
  await sandbox.slack.until(() => told('✅ scale /lightning 1 sandbox'));
}, 60_000);

test('a service forgets runs by itself when stars.yml says so, and the audit keeps them', async () => {
  const { stars } = practice;
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  const [run] = await stars.store.list({ limit: 1 });
  laterMs += 3 * DAY_MS;
  const stop = stars.startUpkeep();
  const gone = async () => ((await stars.store.find(run?.id ?? 'none')) === undefined ? true : undefined);
  try {
    await poll(gone, { clock: systemClock, everyMs: 20, timeoutMs: 20_000, what: 'The end of an old run' });
  } finally {
    await stop();
  }
  const [told] = await stars.audit.search({ kind: 'service', text: 'retention', limit: 1 });
  expect(told).toMatchObject({ outcome: 'retention', details: { runs: expect.any(Number) as unknown } });
  const kinds = (await stars.audit.search({ run: run?.id ?? 'none', limit: 9 })).map(({ kind }) => kind);
  expect(kinds).toEqual(['end', 'start']);
  expect(await stars.audit.verify()).toMatchObject({ broken: undefined });
});
