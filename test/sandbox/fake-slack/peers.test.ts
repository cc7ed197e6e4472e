import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createEmulator } from 'emulate';
import { createManualClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { startFakeSlack } from '../../../src/sandbox/fake-slack/fake-slack.js';
import { Secret } from '../../../src/secret.js';
import { callFailure, createSlackClient, type SlackClient } from '../../../src/slack/client.js';
import { createThreads } from '../../../src/slack/thread.js';
import { advancingUntil } from '../../slack/eventually.js';
import { play, result, runView, started, succeeded, task } from '../../slack/run-views.js';

type Peer = { api: string; token: string; channel: string; person: string };

const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

async function ours(): Promise<Peer> {
  const fake = await startFakeSlack({ clock: createManualClock(), log: silentLog });
  endings.push(() => fake.stop());
  return { api: fake.url, token: fake.botToken, channel: 'C0DEPLOYS', person: 'U0ADA' };
}

/** A Slack that nobody here wrote. */
async function emulate(): Promise<Peer> {
  const emulator = await createEmulator({
    service: 'slack',
    port: await freePort(),
    seed: { slack: { channels: [{ name: 'deploys' }], users: [{ name: 'ada', real_name: 'Ada' }] } },
  });
  endings.push(() => emulator.close());
  const peer = { api: `${emulator.url}/api/`, token: 'xoxb-any', channel: '', person: '' };
  const client = clientOf(peer);
  const { channels = [] } = await client.conversations.list({});
  const { members = [] } = await client.users.list({});
  const channel = channels.find(({ name }) => name === 'deploys')?.id ?? '';
  await client.conversations.join({ channel });
  return { ...peer, channel, person: members.find(({ name }) => name === 'ada')?.id ?? '' };
}

function clientOf({ api, token }: Peer): SlackClient {
  return createSlackClient(new Secret(token), { apiUrl: api, log: silentLog });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch (thrown) {
    const failure = callFailure(thrown);
    return failure.kind === 'refused' ? failure.error : failure.kind;
  }
}

const metadata = { event_type: 'stars_run', event_payload: { run: 'r1', part: 'run' } };
const post = (client: SlackClient, args: Parameters<SlackClient['chat']['postMessage']>[0]) =>
  client.chat['postMessage'](args);

describe.each([
  ['our fake', ours],
  ['emulate', emulate],
] as const)('%s', (_name, start) => {
  test('keeps a thread with its metadata, edited in place', async () => {
    const peer = await start();
    const client = clientOf(peer);
    const { channel } = peer;
    const { ts = '' } = await post(client, { channel, text: 'one', metadata });
    const reply = await post(client, { channel, text: 'below', thread_ts: ts });
    await client.chat.update({ channel, ts, text: 'two' });

    const history = await client.conversations.history({ channel, include_all_metadata: true });
    expect(history.messages?.[0]).toMatchObject({ ts, text: 'two', metadata });
    const { messages = [] } = await client.conversations.replies({ channel, ts });
    expect(messages.map(({ text }) => text)).toEqual(['two', 'below']);
    expect(messages[1]).toMatchObject({ ts: reply.ts, thread_ts: ts });
  });

  test('refuses by the same names', async () => {
    const peer = await start();
    const client = clientOf(peer);
    const { channel } = peer;
    expect(await refusal(post(client, { channel: 'C0NOWHERE', text: 'x' }))).toBe('channel_not_found');
    expect(await refusal(post(client, { channel, text: '' }))).toBe('no_text');
    expect(await refusal(client.chat.update({ channel, ts: '1.000001', text: 'x' }))).toBe('message_not_found');
    expect(await refusal(client.users.info({ user: 'U0NOBODY' }))).toBe('user_not_found');
    expect(await refusal(clientOf({ ...peer, token: '' }).auth.test())).toBe('not_authed');
  });

  test('takes a file in three steps', async () => {
    const peer = await start();
    const uploaded = await clientOf(peer).filesUploadV2({
      channel_id: peer.channel,
      content: 'log',
      filename: 'run.txt',
    });
    expect(uploaded.ok).toBe(true);
  });

  test('opens a direct conversation, answers a person alone, and knows their name', async () => {
    const peer = await start();
    const client = clientOf(peer);
    const { channel } = await client.conversations.open({ users: peer.person });
    expect(await refusal(post(client, { channel: channel?.id ?? '', text: 'hello' }))).toBe('accepted');
    expect((await client.users.info({ user: peer.person })).user?.name).toBe('ada');
  });

  test('with every second answer lost still shows one whole thread', async () => {
    const peer = await start();
    const losing = await losingEverySecondAnswer(peer.api);
    const clock = createManualClock();
    const threads = createThreads({ client: clientOf({ ...peer, api: losing }), clock, log: silentLog });
    endings.push(async () => threads.stop());

    const events = [
      started,
      play('masters', ['c1']),
      task('install'),
      result('c1', { status: 'failed', message: 'no disk' }),
    ];
    const thread = await advancingUntil(clock, 500, threads.open(runView(...events), peer.channel));
    thread.update(runView(...events, succeeded));
    await advancingUntil(clock, 500, threads.idle());

    const { messages = [] } = await clientOf(peer).conversations.replies({
      channel: peer.channel,
      ts: thread.ts,
    });
    expect(messages.map(({ text }) => text)).toEqual([
      'deploy site staging: succeeded: Deployed site.',
      'Play masters: 1 task on 1 host',
      '1 failure: c1 no disk',
      'deploy site staging succeeded after 1 m 12 s',
    ]);
  });
});

/** Passes every call on, and breaks every second connection after the call was done. */
async function losingEverySecondAnswer(api: string): Promise<string> {
  let calls = 0;
  const target = new URL(api);
  const proxy = createServer((incoming, outgoing) => {
    const lose = ++calls % 2 === 1;
    const { hostname, port } = target;
    const onwards = request(
      { hostname, port, path: incoming.url, method: 'POST', headers: incoming.headers },
      (answer) => {
        if (lose) answer.resume().on('end', () => outgoing.destroy());
        else answer.pipe(outgoing.writeHead(answer.statusCode ?? 500, answer.headers));
      },
    );
    incoming.pipe(onwards);
  });
  const port = await listening(proxy);
  endings.push(() => {
    proxy.closeAllConnections();
    return new Promise((resolve) => proxy.close(resolve));
  });
  return `http://127.0.0.1:${port}/api/`;
}
