import { signature } from '../../src/sandbox/fake-slack/delivery.js';
import type { SlackService } from '../../src/serve.js';
import { inSlack, practise, type Practice } from './support/practice.js';

let practice: Practice;
let service: SlackService;

beforeAll(async () => {
  practice = await practise();
  service = await inSlack(practice, 'http');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});

let commands = 0;

/** What Slack sends for `/stars <text>`. */
function typed(text: string): string {
  const channel = practice.sandbox.slack.channels[0]?.id ?? '';
  const trigger = `trigger-${(commands += 1)}`;
  const who = { user_id: 'U0ADA', user_name: 'ada', team_id: 'T1' };
  return new URLSearchParams({ command: '/stars', text, channel_id: channel, trigger_id: trigger, ...who }).toString();
}

/** The headers by which Slack vouches for it. */
function signed(body: string, { secret = practice.sandbox.slack.signingSecret, secondsAgo = 0 } = {}) {
  return signature(secret, body, Math.floor(Date.now() / 1_000) - secondsAgo);
}

async function send(body: string, headers: Record<string, string>): Promise<number> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const url = `http://127.0.0.1:${service.port}/slack/events`;
  return (await fetch(url, { method: 'POST', headers: { ...type, ...headers }, body })).status;
}

/** The words of every run and of every request that is written down. */
async function known(): Promise<{ runs: string[]; inbox: number }> {
  await service.idle();
  const runs = await practice.stars.store.list({ limit: 100 });
  const inbox = await practice.stars.database.selectFrom('inbox').select('key').execute();
  return { runs: runs.map(({ text }) => text), inbox: inbox.length };
}

test('a signed request that comes again as it was is acknowledged each time and done once', async () => {
  const before = await known();
  const body = typed('deploy motd sandbox --check');
  const headers = signed(body);
  expect(await Promise.all([send(body, headers), send(body, headers)])).toEqual([200, 200]);
  await service.idle();
  expect(await send(body, headers)).toBe(200);
  expect(await known()).toEqual({
    runs: ['deploy motd sandbox --check', ...before.runs],
    inbox: before.inbox + 1,
  });
});

test('it is done once though another process gets it the second time', async () => {
  const before = await known();
  const body = typed('deploy motd sandbox --check --diff');
  const headers = signed(body);
  expect(await send(body, headers)).toBe(200);
  await service.stop();
  service = await inSlack(practice, 'http');
  expect(await send(body, headers)).toBe(200);
  expect((await known()).runs).toEqual(['deploy motd sandbox --check --diff', ...before.runs]);
});

test.each<[string, (body: string) => Record<string, string>]>([
  ['with a signature of another secret', (body) => signed(body, { secret: 'another-secret' })],
  ['whose signature is of other words', () => signed(typed('help'))],
  ['that was signed more than five minutes ago', (body) => signed(body, { secondsAgo: 302 })],
  [
    'whose time was made a younger one',
    (body) => ({
      ...signed(body, { secondsAgo: 302 }),
      'x-slack-request-timestamp': `${Math.floor(Date.now() / 1_000)}`,
    }),
  ],
  ['without a signature', () => ({})],
])('a request %s is refused, and nothing of it is written down or done', async (_what, headers) => {
  const before = await known();
  const body = typed('deploy motd sandbox');
  expect(await send(body, headers(body))).toBe(401);
  expect(await known()).toEqual(before);
});
