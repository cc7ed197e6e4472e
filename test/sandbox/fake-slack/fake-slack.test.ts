import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createManualClock, type ManualClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import {
  SCOPES,
  startFakeSlack,
  type FakeSlack,
  type FakeSlackOptions,
} from '../../../src/sandbox/fake-slack/fake-slack.js';
import { parse } from 'yaml';
import { eventually } from '../../slack/eventually.js';

let clock: ManualClock;
let fake: FakeSlack;

beforeEach(async () => {
  clock = createManualClock();
  await restart();
});

afterEach(() => fake.stop());

async function restart(options: Partial<FakeSlackOptions> = {}): Promise<void> {
  await fake?.stop();
  fake = await startFakeSlack({ clock, log: silentLog, ...options });
}

type Answer = Record<string, unknown> & { ok: boolean; error?: string };

async function call(method: string, args: Record<string, unknown> = {}, token = fake.botToken): Promise<Answer> {
  const answer = await fetch(`${fake.url}${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(args),
  });
  return (await answer.json()) as Answer;
}

const deploys = 'C0DEPLOYS';

describe('tokens and scopes', () => {
  test.each([
    ['no token', 'auth.test', '', 'not_authed'],
    ['an unknown token', 'auth.test', 'xoxb-wrong', 'invalid_auth'],
    ['the app token for a message', 'chat.postMessage', 'xapp-sandbox-app', 'not_allowed_token_type'],
    ['the bot token for a socket', 'apps.connections.open', 'xoxb-sandbox-bot', 'not_allowed_token_type'],
    ['an unknown method', 'chat.shout', 'xoxb-sandbox-bot', 'unknown_method'],
  ])('%s is refused', async (_title, method, token, error) => {
    expect(await call(method, { channel: deploys, text: 'x' }, token)).toMatchObject({ ok: false, error });
  });

  test('a missing scope is named', async () => {
    await restart({ scopes: ['users:read'] });
    expect(await call('chat.postMessage', { channel: deploys, text: 'x' })).toMatchObject({
      error: 'missing_scope',
      needed: 'chat:write',
    });
  });

  test('the bot may do by itself what the manifest asks for, no more and no less', () => {
    const manifest = parse(readFileSync(new URL('../../../manifest.yml', import.meta.url), 'utf8'));
    expect(new Set(manifest.oauth_config.scopes.bot)).toEqual(new Set(SCOPES));
  });

  test('a form works as JSON does', async () => {
    const form = new URLSearchParams({ token: fake.botToken, channel: deploys, blocks: '[{"type":"divider"}]' });
    const answer = await fetch(`${fake.url}chat.postMessage`, { method: 'POST', body: form });
    expect(await answer.json()).toMatchObject({ ok: true, message: { blocks: [{ type: 'divider' }] } });
  });
});

describe('messages', () => {
  test.each([
    ['a public channel without the bot', { channel: 'C0RANDOM', text: 'x' }, 'not_in_channel'],
    ['a private channel without the bot', { channel: 'G0SECRET', text: 'x' }, 'channel_not_found'],
    ['nothing to say', { channel: deploys }, 'no_text'],
    ['too long a text', { channel: deploys, text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['an answer to nothing', { channel: deploys, text: 'x', thread_ts: '1.000001' }, 'thread_not_found'],
    ['bad metadata', { channel: deploys, text: 'x', metadata: { run: 1 } }, 'invalid_metadata_format'],
  ])('%s is refused', async (_title, args, error) => {
    expect(await call('chat.postMessage', args)).toMatchObject({ ok: false, error });
    expect(fake.messages()).toHaveLength(0);
  });

  test('bad blocks are refused with where and why', async () => {
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_001) } }];
    expect(await call('chat.postMessage', { channel: deploys, text: 'x', blocks })).toMatchObject({
      error: 'invalid_blocks',
      response_metadata: { messages: ['[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]'] },
    });
  });

  test('have times that are unique and rise even while the clock stands still', async () => {
    const times: string[] = [];
    for (let at = 0; at < 20; at += 1)
      times.push(String((await call('chat.postMessage', { channel: deploys, text: 'x' }))['ts']));
    expect(new Set(times).size).toBe(20);
    expect(times).toEqual([...times].sort((a, b) => a.localeCompare(b)));
  });

  test('keep what they showed before each edit, and their blocks when an edit brings none', async () => {
    const { ts } = await call('chat.postMessage', { channel: deploys, text: 'one', blocks: [{ type: 'divider' }] });
    await call('chat.update', { channel: deploys, ts, text: 'two' });
    await call('chat.update', { channel: deploys, ts, text: 'three', blocks: [] });
    expect(fake.messages()[0]?.versions.map(({ text, blocks }) => [text, blocks?.length])).toEqual([
      ['one', 1],
      ['two', 1],
      ['three', 0],
    ]);
    expect(await call('chat.update', { channel: deploys, ts, text: 'x'.repeat(4_001) })).toMatchObject({
      error: 'msg_too_long',
    });
  });

  test('of a person cannot be edited by the bot', async () => {
    const { ts } = fake.mention('help');
    expect(await call('chat.update', { channel: deploys, ts, text: 'x' })).toMatchObject({
      error: 'cant_update_message',
    });
  });

  test('an answer to an answer stands below the root', async () => {
    const { ts } = await call('chat.postMessage', { channel: deploys, text: 'root' });
    const { ts: reply } = await call('chat.postMessage', { channel: deploys, text: 'answer', thread_ts: ts });
    await call('chat.postMessage', { channel: deploys, text: 'deeper', thread_ts: reply });
    expect(fake.thread(String(ts)).map(({ text }) => text)).toEqual(['root', 'answer', 'deeper']);
  });

  test('too many in a second are told to wait', async () => {
    await restart({ perSecond: 1 });
    expect(await call('chat.postMessage', { channel: deploys, text: 'x' })).toMatchObject({ ok: true });
    expect(await call('chat.postMessage', { channel: deploys, text: 'x' })).toMatchObject({ error: 'ratelimited' });
    await clock.advance(1_000);
    expect(await call('chat.postMessage', { channel: deploys, text: 'x' })).toMatchObject({ ok: true });
  });

  test('are shown as people see them', async () => {
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*done* by <@U0ADA>\n```\nok 1\n```' } }];
    const { ts } = await call('chat.postMessage', { channel: deploys, text: 'x', blocks });
    await call('chat.postMessage', { channel: deploys, text: 'all &lt;well&gt;', thread_ts: ts });
    expect(fake.transcript()).toBe('#deploys\n\nstars\n  done by @ada\n    ok 1\n    stars\n      all <well>');
  });
});

describe('delivery over HTTP', () => {
  async function bot(
    answers: number[],
  ): Promise<{ seen: { retry: string | undefined; body: string }[]; stop: () => void }> {
    const seen: { retry: string | undefined; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        seen.push({ retry: request.headers['x-slack-retry-num'] as string | undefined, body });
        const status = answers.shift() ?? 200;
        if (status > 0) response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    fake.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return { seen, stop: () => (server.closeAllConnections(), server.close()) };
  }

  test('repeats an event at once, after one minute and after five', async () => {
    const { seen, stop } = await bot([500, 500, 500, 200]);
    const { delivered } = fake.mention('help');
    await eventually(() => seen.length === 1 && clock.pending() > 0);
    await clock.advance(0);
    await eventually(() => seen.length === 2 && clock.pending() === 1);
    await clock.advance(60_000);
    await eventually(() => seen.length === 3 && clock.pending() === 1);
    await clock.advance(300_000);
    expect(await delivered).toMatchObject({ acked: true });
    expect(seen.map(({ retry }) => retry)).toEqual([undefined, '1', '2', '3']);
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1);
    stop();
  });

  test('tells the person of a command that nobody acknowledged in three seconds', async () => {
    const { seen, stop } = await bot([-1]);
    const said = fake.say('deploy site');
    await eventually(() => seen.length === 1);
    await clock.advance(3_000);
    expect(await said).toEqual({ acked: false, error: 'operation_timeout' });
    expect(seen).toHaveLength(1);
    stop();
  });

  test('a command arrives with its special characters escaped, as Slack sends it', async () => {
    const { seen, stop } = await bot([]);
    await fake.say('run all staging -- df | grep "x" && echo <y> <@U0BEN>');
    const sent = 'run all staging -- df | grep "x" &amp;&amp; echo &lt;y&gt; <@U0BEN>';
    expect(new URLSearchParams(seen[0]?.body).get('text')).toBe(sent);
    stop();
  });

  test('with no bot at all the command fails', async () => {
    expect(await fake.say('help')).toEqual({ acked: false, error: 'dispatch_failed' });
  });

  test('a mention where the bot is no member is not delivered', async () => {
    const { seen, stop } = await bot([]);
    expect(await fake.mention('help', { channel: 'random' }).delivered).toMatchObject({ error: 'not_in_channel' });
    expect(seen).toHaveLength(0);
    stop();
  });

  test('a response address takes five messages within half an hour, also where the bot is no member', async () => {
    const { seen, stop } = await bot([]);
    await fake.say('help', { channel: 'secret' });
    await fake.say('help', { channel: 'secret' });
    const [first = '', second = ''] = seen.map(({ body }) => new URLSearchParams(body).get('response_url') ?? '');
    const respond = async (url: string) =>
      (
        await fetch(url, {
          method: 'POST',
          body: JSON.stringify({ text: 'x' }),
          headers: { 'content-type': 'application/json' },
        })
      ).status;
    const statuses = [];
    for (let use = 0; use < 6; use += 1) statuses.push(await respond(first));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
    expect(fake.messages('secret').every(({ onlyFor }) => onlyFor === 'U0ADA')).toBe(true);
    await clock.advance(30 * 60_000 + 1);
    expect(await respond(second)).toBe(404);
    stop();
  });

  test('a trigger opens one view within three seconds', async () => {
    const { seen, stop } = await bot([]);
    await fake.say('help');
    await fake.say('help');
    const [first, second] = seen.map(({ body }) => new URLSearchParams(body).get('trigger_id'));
    const view = { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] };
    expect(await call('views.open', { trigger_id: first, view })).toMatchObject({ ok: true });
    expect(await call('views.open', { trigger_id: first, view })).toMatchObject({ error: 'exchanged_trigger_id' });
    await clock.advance(3_001);
    expect(await call('views.open', { trigger_id: second, view })).toMatchObject({ error: 'expired_trigger_id' });
    stop();
  });
});
