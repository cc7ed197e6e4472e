import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createManualClock, systemClock, type Clock } from '../../src/clock.js';
import { StarsError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import { startFakeSlack, type FakeSlack, type FakeSlackOptions } from '../../src/sandbox/fake-slack/fake-slack.js';
import { signature } from '../../src/sandbox/fake-slack/delivery.js';
import { Secret } from '../../src/secret.js';
import type { Reply } from '../../src/slack/answers.js';
import { createSlack, type Slack, type SlackOptions } from '../../src/slack/app.js';
import type { Incoming } from '../../src/slack/incoming.js';
import { plainMessage, toPlain } from '../../src/slack/messages/plain.js';
import { advancing, eventually } from './eventually.js';
import { runView, started } from './run-views.js';

type Mode = 'socket' | 'http';

type Story = { fake: FakeSlack; slack: Slack; received: Incoming[]; port: number | undefined };

const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

async function inSlack(
  mode: Mode,
  receive: (incoming: Incoming, slack: Slack) => Promise<Reply | void> = async () => undefined,
  {
    clock = systemClock,
    options = {},
    world = {},
  }: { clock?: Clock; options?: Partial<SlackOptions>; world?: Partial<FakeSlackOptions> } = {},
): Promise<Story> {
  const fake = await startFakeSlack({ clock: systemClock, log: silentLog, ...world });
  endings.push(() => fake.stop());
  const received: Incoming[] = [];
  const slack: Slack = createSlack({
    settings: { ...settingsFor(fake, mode), ...options.settings },
    clock,
    log: silentLog,
    receive: (incoming) => {
      received.push(incoming);
      return receive(incoming, slack);
    },
    accept: options.accept ?? acceptOnce(),
    leave: options.leave ?? (() => Promise.resolve()),
    ...(options.maxUnderWay ? { maxUnderWay: options.maxUnderWay } : {}),
    ...(options.http ? { http: options.http } : {}),
    ...(options.onDown ? { onDown: options.onDown } : {}),
  });
  endings.push(() => slack.stop());
  const { port } = await slack.start();
  if (port) fake.deliverTo(`http://127.0.0.1:${port}/slack/events`);
  return { fake, slack, received, port };
}

/** As the inbox does: everything once. */
function acceptOnce(): SlackOptions['accept'] {
  const keys = new Set<string>();
  return async ({ kind, key }) => {
    if (keys.has(`${kind} ${key}`)) return false;
    keys.add(`${kind} ${key}`);
    return true;
  };
}

function settingsFor(fake: FakeSlack, mode: Mode): SlackOptions['settings'] {
  const common = { botToken: new Secret(fake.botToken), apiUrl: fake.url };
  if (mode === 'socket') return { ...common, appToken: new Secret(fake.appToken) };
  return { ...common, signingSecret: new Secret(fake.signingSecret), port: 0 };
}

function lastSeen(fake: FakeSlack, channel?: string): string {
  const message = fake.messages(channel).at(-1);
  return message ? toPlain(message) : '';
}

describe.each<Mode>(['socket', 'http'])('over %s', (mode) => {
  test('what is too much at once is refused before it is written down, and the person is told', async () => {
    const accepted: string[] = [];
    let free: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => {
      free = resolve;
    });
    const accept = async ({ text }: Incoming) => accepted.push(text) > 0;
    const { fake, received } = await inSlack(mode, () => busy, { options: { accept, maxUnderWay: 1 } });
    await fake.say('first');
    await eventually(() => received.length === 1);
    expect(await fake.say('second')).toMatchObject({ acked: true });
    await eventually(() => lastSeen(fake).includes('too much to do'));
    expect(accepted).toEqual(['first']);
    free();
  });

  test('a slash command reaches the core with who asked, where and what', async () => {
    const { fake, received } = await inSlack(mode);
    expect(await fake.say('deploy site staging', { person: 'ben' })).toMatchObject({ acked: true });
    await eventually(() => received.length === 1);
    expect(received[0]).toMatchObject({
      kind: 'command',
      text: 'deploy site staging',
      person: { id: 'U0BEN', name: 'ben' },
      channel: { id: 'C0DEPLOYS', name: 'deploys' },
    });
  });

  test('Slack has its acknowledgement only when it is written down', async () => {
    const order: string[] = [];
    const accept = async () => {
      // Long enough for an acknowledgement that was sent before to arrive.
      for (let turn = 0; turn < 1_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return order.push('written') > 0;
    };
    const { fake } = await inSlack(mode, undefined, { options: { accept } });
    const { acked } = await fake.say('deploy site staging');
    order.push(`acked: ${acked}`);
    expect(order).toEqual(['written', 'acked: true']);
  });

  test('Slack has its acknowledgement while the work still goes on', async () => {
    let finish: () => void = () => undefined;
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { fake, received } = await inSlack(mode, () => work);
    expect(await fake.say('deploy site staging')).toMatchObject({ acked: true });
    await eventually(() => received.length === 1);
    finish();
  });

  test('a mention arrives without the name of the bot, with the thread and the name of the person', async () => {
    const { fake, received } = await inSlack(mode);
    const { ts, delivered } = fake.mention('status staging');
    expect(await delivered).toMatchObject({ acked: true });
    await eventually(() => received.length === 1);
    expect(received[0]).toMatchObject({
      kind: 'mention',
      text: 'status staging',
      threadTs: ts,
      person: { name: 'ada' },
    });
  });

  test('a pressed button arrives with its value and its message', async () => {
    const { fake, received, slack } = await inSlack(mode);
    const button = {
      type: 'button',
      action_id: 'approve',
      value: 'r1',
      text: { type: 'plain_text', text: 'Approve' },
    } as const;
    const ts = await slack.post('C0DEPLOYS', { text: 'Approve?', blocks: [{ type: 'actions', elements: [button] }] });
    await fake.click(ts, 'approve', { person: 'ben' });
    await eventually(() => received.length === 1);
    expect(received[0]).toMatchObject({
      kind: 'action',
      person: { id: 'U0BEN' },
      action: { id: 'approve', value: 'r1', messageTs: ts },
    });
  });

  test.each(['command', 'mention'])('a %s that Slack delivers twice is executed once', async (kind) => {
    const { fake, received } = await inSlack(mode);
    fake.deliverTwice();
    await (kind === 'command' ? fake.say('deploy site staging') : fake.mention('status').delivered);
    await fake.say('help');
    await eventually(() => received.some(({ text }) => text === 'help'));
    expect(received).toHaveLength(2);
  });

  test('an error is told to the person alone, with its hint', async () => {
    const { fake } = await inSlack(mode, async () => {
      throw new StarsError('UNKNOWN_TARGET', 'There is no playbook “sit”.', { hint: 'Did you mean site?' });
    });
    await fake.say('deploy sit staging');
    await fake.until(() => fake.messages().length === 1);
    expect(fake.messages()[0]?.onlyFor).toBe('U0ADA');
    expect(lastSeen(fake)).toBe('❌ There is no playbook “sit”.\nDid you mean site?');
  });

  test('an error after a mention is told below it, or directly when Slack refuses that', async () => {
    const { fake } = await inSlack(mode, async () => {
      throw new StarsError('NOT_PERMITTED', 'You may not deploy.');
    });
    const { ts } = fake.mention('deploy site production');
    await fake.until(() => fake.messages().length === 2);
    expect(fake.messages()[1]).toMatchObject({ onlyFor: 'U0ADA', threadTs: ts });

    fake.faults.next('chat.postEphemeral', { kind: 'error', error: 'channel_not_found' });
    fake.mention('deploy site production');
    await fake.until(() =>
      fake.calls.some(({ method, args }) => method === 'chat.postMessage' && args['channel'] === 'D0DMADA'),
    );
    expect(lastSeen(fake, 'dm-ada')).toContain('You may not deploy.');
  });

  test('a fault in the core reaches the person as words, not as a stack trace', async () => {
    const { fake } = await inSlack(mode, async () => {
      throw new TypeError('x is not a function');
    });
    await fake.say('status');
    await fake.until(() => fake.messages().length === 1);
    expect(lastSeen(fake)).toBe(
      '❌ x is not a function\nThis is a fault in Stars: please report it with the log of this run.',
    );
  });

  test('where Stars is no member the person learns how to invite it', async () => {
    const { fake } = await inSlack(mode, async ({ channel }, slack) => {
      await slack.threads.open(runView(started), channel.id);
    });
    for (const channel of ['random', 'secret']) {
      await fake.say('deploy site staging', { channel });
      await fake.until(() => fake.messages(channel).length === 1);
      expect(fake.messages(channel)[0]?.onlyFor).toBe('U0ADA');
      expect(lastSeen(fake, channel)).toContain('Invite it with /invite @stars');
    }
  });

  test('a reply goes to the person or to the channel, as the core says', async () => {
    const { fake } = await inSlack(mode, async ({ text }) => ({
      message: plainMessage(`You said ${text}.`),
      to: text === 'help' ? 'person' : 'channel',
    }));
    await fake.say('help');
    await fake.until(() => fake.messages().length === 1);
    await fake.say('status');
    await fake.until(() => fake.messages().length === 2);
    expect(fake.messages().map(({ onlyFor, text }) => [onlyFor, text])).toEqual([
      ['U0ADA', 'You said help.'],
      [undefined, 'You said status.'],
    ]);
  });

  test('an answer waits as long as Slack asks and then arrives', async () => {
    const clock = createManualClock();
    const reply: Reply = { message: plainMessage('All fine.'), to: 'channel' };
    const { fake } = await inSlack(mode, async () => reply, { clock });
    fake.faults.next('chat.postMessage', { kind: 'rate-limited', retryAfter: 7 });
    await fake.say('status');
    await eventually(() => clock.pending() > 0);
    await clock.advance(6_999);
    expect(fake.messages()).toHaveLength(0);
    await clock.advance(1);
    await fake.until(() => fake.messages().length === 1);
  });

  test('a wrong bot token stops the start with words', async () => {
    const fake = await startFakeSlack({ clock: systemClock, log: silentLog });
    endings.push(() => fake.stop());
    const settings = { ...settingsFor(fake, mode), botToken: new Secret('xoxb-wrong') };
    const slack = createSlack({
      settings,
      clock: systemClock,
      log: silentLog,
      receive: async () => undefined,
      accept: acceptOnce(),
      leave: () => Promise.resolve(),
    });
    await expect(slack.start()).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'Slack refuses the token (invalid_auth).',
    });
  });
});

describe('over http', () => {
  async function send(
    port: number,
    headers: Record<string, string>,
    body = 'command=%2Fstars&text=help',
  ): Promise<number> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`http://127.0.0.1:${port}/slack/events`, {
      method: 'POST',
      headers: { ...type, ...headers },
      body,
    });
    return answer.status;
  }

  const body = new URLSearchParams({
    command: '/stars',
    text: 'help',
    user_id: 'U0ADA',
    channel_id: 'C0DEPLOYS',
    trigger_id: 't1',
    team_id: 'T1',
  }).toString();

  test.each([
    ['a good signature is accepted', 'sandbox-signing-secret', 0, 200],
    ['a forged signature is refused', 'another-secret', 0, 401],
    ['a signature from 299 seconds ago is accepted', 'sandbox-signing-secret', 298, 200],
    ['a signature older than five minutes is refused', 'sandbox-signing-secret', 302, 401],
  ])('%s', async (_title, secret, age, status) => {
    const { port = 0, received } = await inSlack('http');
    const signed = signature(secret, body, Math.floor(Date.now() / 1000) - age);
    expect(await send(port, signed, body)).toBe(status);
    expect(received).toHaveLength(status === 200 ? 1 : 0);
  });

  test('a request without a signature is refused', async () => {
    const { port = 0, received } = await inSlack('http');
    expect(await send(port, {})).toBe(401);
    expect(received).toHaveLength(0);
  });

  test('every other request goes to the rest of the service', async () => {
    const { port } = await inSlack('http', undefined, {
      options: {
        http: (request, response) => void response.end(`you asked for ${request.url}`),
      },
    });
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(await answer.text()).toBe('you asked for /healthz');
  });

  test('a port in use is said in words', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, resolve));
    endings.push(() => new Promise((resolve) => other.close(resolve)));
    const taken = (other.address() as AddressInfo).port;
    await expect(
      inSlack('http', undefined, { options: { settings: { port: taken } as SlackOptions['settings'] } }),
    ).rejects.toMatchObject({
      code: 'CONFIG',
      message: `Cannot listen on port ${taken} (EADDRINUSE).`,
    });
  });
});

describe('over socket', () => {
  test('commands arrive again after the connection broke, and after Slack renewed it', async () => {
    const { fake, received, slack } = await inSlack('socket');
    for (const end of [() => fake.dropSocket(), () => fake.refreshSocket()]) {
      end();
      await eventually(() => fake.sockets() === 0 || !slack.connected());
      await eventually(() => fake.sockets() === 1 && slack.connected());
      await fake.say('status');
    }
    await eventually(() => received.length === 2);
  });

  test('a mention made while nothing was connected is delivered later and executed once', async () => {
    const clock = createManualClock();
    const { fake, received, slack } = await inSlack('socket', undefined, { clock, world: { clock } });
    fake.faults.next('apps.connections.open', { kind: 'status', status: 500 });
    fake.dropSocket();
    await eventually(() => !slack.connected());
    const { delivered } = fake.mention('status');
    await clock.advance(0);
    await clock.advance(1_000);
    await eventually(() => slack.connected());
    await clock.advance(60_000);
    expect(await delivered).toMatchObject({ acked: true });
    await eventually(() => received.length === 1);
  });

  test('a token revoked while running is told and tried again, and does not end the process', async () => {
    const clock = createManualClock();
    const told: StarsError[] = [];
    const { fake, slack } = await inSlack('socket', undefined, {
      clock,
      options: { onDown: (error) => told.push(error) },
    });
    fake.faults.next('apps.connections.open', { kind: 'error', error: 'invalid_auth' });
    fake.dropSocket();
    await eventually(() => !slack.connected());
    await clock.advance(0);
    await eventually(() => told.length === 1);
    expect(told[0]?.message).toBe('Slack refuses the token (invalid_auth).');
    await eventually(() => clock.pending() > 1);
    await clock.advance(62_000);
    await eventually(() => slack.connected());
  });

  test('an outage that lasts is told once, and the connection comes back when Slack does', async () => {
    const clock = createManualClock();
    const told: StarsError[] = [];
    const { fake, slack } = await inSlack('socket', undefined, {
      clock,
      options: { onDown: (error) => told.push(error) },
    });
    for (let call = 0; call < 200; call += 1)
      fake.faults.next('apps.connections.open', { kind: 'status', status: 503 });
    fake.dropSocket();
    await eventually(() => !slack.connected());
    await advancing(clock, 10_000, () => told.length === 1);
    expect(told.map(({ message }) => message)).toEqual(['Not connected to Slack for 5 minutes; still trying.']);
    fake.faults.clear();
    await advancing(clock, 1_000, () => slack.connected());
  });

  test('what was written down while the socket stopped is left to others, and not done here', async () => {
    const left: string[] = [];
    const stop = { now: async () => {} };
    const { fake, slack, received } = await inSlack('socket', undefined, {
      options: {
        async accept() {
          await stop.now();
          return true;
        },
        leave: async ({ text }) => void left.push(text),
      },
    });
    stop.now = () => slack.stop();
    expect(await fake.say('status')).toMatchObject({ acked: false });
    expect({ left, received }).toEqual({ left: ['status'], received: [] });
  });

  test('after the stop nothing is connected and nothing is taken', async () => {
    const { fake, slack, received } = await inSlack('socket');
    await slack.stop();
    await eventually(() => fake.sockets() === 0);
    expect(await fake.say('status')).toEqual({ acked: false, error: 'dispatch_failed' });
    expect(received).toHaveLength(0);
    expect(slack.connected()).toBe(false);
  });
});
