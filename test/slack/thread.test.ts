import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import type { RunEventBody } from '../../src/model/run.js';
import type { RunView } from '../../src/model/run-view.js';
import { startFakeSlack, type FakeSlack } from '../../src/sandbox/fake-slack/fake-slack.js';
import type { FakeMessage } from '../../src/sandbox/fake-slack/workspace.js';
import { Secret } from '../../src/secret.js';
import { createSlackClient } from '../../src/slack/client.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createThreads, type RunThread, type Threads } from '../../src/slack/thread.js';
import { advancing, advancingUntil, eventually } from './eventually.js';
import { play, result, runView, started, succeeded, task, viewWith } from './run-views.js';

let clock: ManualClock;
let fake: FakeSlack;
let threads: Threads;

beforeEach(async () => {
  clock = createManualClock();
  fake = await startFakeSlack({ clock, log: silentLog });
  threads = newThreads();
});

afterEach(async () => {
  threads.stop();
  await fake.stop();
});

function newThreads(): Threads {
  const client = createSlackClient(new Secret(fake.botToken), { apiUrl: fake.url, log: silentLog });
  return createThreads({ client, clock, log: silentLog });
}

function open(view: RunView = runView(started), channel = 'C0DEPLOYS'): Promise<RunThread> {
  return threads.open(view, channel);
}

/** Lets the clock run until everything shown has arrived or was given up. */
async function untilIdle(stepMs = 500): Promise<void> {
  await advancingUntil(clock, stepMs, threads.idle());
}

function root(): FakeMessage {
  const message = fake.messages()[0];
  if (!message) throw new Error('no message');
  return message;
}

function firstLines(message: FakeMessage): string {
  return toPlain(message).split('\n').slice(0, 2).join(' ');
}

const finished = (...events: RunEventBody[]) => runView(started, ...events, succeeded);

describe('a run’s thread', () => {
  test('has one message, a reply for each play, and a closing summary', async () => {
    const events = [started, play('masters', ['c1']), task('install'), result('c1', { changed: true })];
    const thread = await open(runView(started));
    thread.update(runView(...events));
    thread.update(runView(...events, play('workers', ['c2']), task('configure')));
    thread.update(runView(...events, play('workers', ['c2']), task('configure'), result('c2'), succeeded));
    await untilIdle();
    expect(fake.thread(thread.ts).map((message) => toPlain(message).split('\n')[0])).toEqual([
      '✅ deploy site staging',
      '✅ masters · 1 host · 1 task',
      '✅ workers · 1 host · 1 task',
      '✅ deploy site staging succeeded after 1 m 12 s',
    ]);
  });

  test('has one reply about failures, which grows', async () => {
    const thread = await open();
    const failed = (host: string) => result(host, { status: 'failed', message: `E: no package on ${host}` });
    const events = [started, play('masters', ['c1', 'c2']), task('install'), failed('c1')];
    thread.update(runView(...events));
    await untilIdle();
    thread.update(runView(...events, failed('c2')));
    await untilIdle();
    const replies = fake.thread(thread.ts).filter((message) => toPlain(message).startsWith('❌ c1'));
    expect(replies).toHaveLength(1);
    expect(replies.map((message) => toPlain(message))).toEqual([
      '❌ c1 · install\n  E: no package on c1\n❌ c2 · install\n  E: no package on c2',
    ]);
  });

  test('stands below the message that asked when that is in a thread', async () => {
    const { ts } = fake.mention('deploy site staging');
    const thread = await threads.open(runView(started), 'C0DEPLOYS', { threadTs: ts });
    thread.update(finished());
    await untilIdle();
    expect(fake.thread(ts).map(({ threadTs }) => threadTs)).toEqual([undefined, ts, ts]);
  });

  test('shows at most twenty plays', async () => {
    const thread = await open();
    const plays = Array.from({ length: 30 }, (_, at) => play(`play ${at + 1}`, ['c1']));
    thread.update(runView(started, ...plays, succeeded));
    await untilIdle();
    const replies = fake.thread(thread.ts);
    expect(replies).toHaveLength(22);
    expect(toPlain(replies[20] ?? { text: '' })).toContain('play 30');
  });
});

describe('progress', () => {
  test('is edited in at most every two seconds, and only the latest of it', async () => {
    const thread = await open();
    for (let at = 1; at <= 10; at += 1) {
      thread.update(viewWith({ text: `deploy site staging ${at}` }, started));
      await clock.advance(100);
    }
    await untilIdle(100);
    expect(root().versions.map(({ text }) => text)).toEqual([
      'deploy site staging: running',
      'deploy site staging 10: running',
    ]);
    const [first, second] = root().versions.map(({ at }) => Date.parse(at));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  test('does not wait for its turn when it is the end', async () => {
    const thread = await open();
    thread.update(finished());
    await eventually(() => root().versions.length === 2);
    expect(firstLines(root())).toContain('✅ deploy site staging succeeded');
  });

  test('that comes after the end is not shown', async () => {
    const thread = await open();
    thread.update(finished());
    thread.update(runView(started, play('masters', ['c1'])));
    await untilIdle();
    expect(firstLines(root())).toContain('succeeded');
    expect(fake.thread(thread.ts)).toHaveLength(2);
  });

  test('whose edit arrives after the end does not stay: the end is shown again', async () => {
    const thread = await open();
    await clock.advance(2_000);
    fake.faults.next('chat.update', { kind: 'late', afterMs: 9_000 });
    thread.update(runView(started, { type: 'step.started', step: 'slow' }));
    await eventually(() => clock.pending() >= 2);
    thread.update(finished());
    await untilIdle(1_000);
    await advancing(clock, 1_000, () => root().versions.length === 4);
    expect(root().versions.map(({ text }) => text.split(':')[1]?.trim())).toEqual([
      'running',
      'succeeded',
      'running',
      'succeeded',
    ]);
  });
});

describe('when Slack fails', () => {
  test.each([
    ['a lost answer', { kind: 'accept-then-timeout' }],
    ['a broken connection', { kind: 'drop' }],
    ['a server error', { kind: 'status', status: 503 }],
    ['an internal error', { kind: 'error', error: 'internal_error' }],
    ['a rate limit', { kind: 'rate-limited', retryAfter: 3 }],
    ['a rate limit in an answer of 200', { kind: 'error', error: 'ratelimited' }],
  ] as const)('%s to the first post makes one message, not two', async (_title, fault) => {
    fake.faults.next('chat.postMessage', fault);
    const thread = await advancingUntil(clock, 500, open());
    expect(fake.messages()).toHaveLength(1);
    expect(thread.ts).toBe(root().ts);
  });

  test.each([
    ['a lost answer', { kind: 'accept-then-timeout' }],
    ['a broken connection', { kind: 'drop' }],
    ['a server error', { kind: 'status', status: 500 }],
    ['a rate limit', { kind: 'rate-limited', retryAfter: 20 }],
  ] as const)('%s to anything later loses nothing and repeats nothing', async (_title, fault) => {
    const thread = await open();
    const events = [play('masters', ['c1']), task('install'), result('c1', { status: 'failed', message: 'no disk' })];
    for (const method of ['chat.update', 'chat.postMessage', 'chat.postMessage', 'chat.update', 'chat.postMessage']) {
      fake.faults.next(method, fault);
    }
    thread.update(runView(started, ...events));
    thread.update(finished(...events));
    await untilIdle();
    expect(fake.thread(thread.ts).map((message) => toPlain(message).split('\n')[0])).toEqual([
      '✅ deploy site staging',
      '❌ masters · 1 host · 1 task · 1 failed',
      '❌ c1 · install',
      '✅ deploy site staging succeeded after 1 m 12 s',
    ]);
  });

  test('a lookup that fails too is repeated before anything is posted again', async () => {
    fake.faults.next('chat.postMessage', { kind: 'accept-then-timeout' });
    fake.faults.next('conversations.history', { kind: 'status', status: 500 });
    fake.faults.next('conversations.history', { kind: 'drop' });
    await advancingUntil(clock, 500, open());
    expect(fake.messages()).toHaveLength(1);
  });

  test('the end is tried for minutes until it is delivered', async () => {
    const thread = await open();
    for (let call = 0; call < 10; call += 1) fake.faults.next('chat.update', { kind: 'status', status: 503 });
    thread.update(finished());
    await untilIdle(5_000);
    expect(firstLines(root())).toContain('succeeded');
  });

  test('a dead Slack is given up after a while, and nothing waits for ever', async () => {
    const thread = await open();
    for (let call = 0; call < 500; call += 1) fake.faults.next('*', { kind: 'status', status: 503 });
    thread.update(finished());
    await untilIdle(20_000);
    expect(firstLines(root())).toContain('running');
    expect(clock.pending()).toBe(0);
  });

  test('refused blocks are shown as plain text, first and in an edit', async () => {
    fake.faults.next('chat.postMessage', { kind: 'error', error: 'invalid_blocks' });
    const thread = await open();
    expect(root().blocks).toBeUndefined();
    expect(root().text).toBe(`🔵 deploy site staging\nrunning · staging · 0 s · @U0ADA\nstars show r1`);
    fake.faults.next('chat.update', { kind: 'error', error: 'invalid_blocks' });
    thread.update(finished());
    await untilIdle();
    expect(root().blocks).toEqual([]);
    expect(root().text).toContain('✅ deploy site staging\nsucceeded');
  });

  test('a rate limit in one channel holds up no other', async () => {
    fake.invite('random');
    const slow = await open(runView(started), 'C0DEPLOYS');
    const quick = await open(runView(started), 'C0RANDOM');
    quick.update(runView(started, { type: 'step.started', step: 'waits for its turn' }));
    fake.faults.next('chat.update', { kind: 'rate-limited', retryAfter: 60 });
    slow.update(finished());
    await eventually(() => clock.pending() === 2);
    quick.update(finished());
    await eventually(() => toPlain(fake.messages('random')[0] ?? { text: '' }).includes('succeeded'));
    expect(firstLines(root())).toContain('running');
    await untilIdle(10_000);
    expect(firstLines(root())).toContain('succeeded');
  });

  test('the replies keep their order when the first of them has to be tried again', async () => {
    const thread = await open();
    fake.faults.next('chat.postMessage', { kind: 'status', status: 500 });
    thread.update(finished(play('masters', ['c1'])));
    await untilIdle();
    expect(fake.thread(thread.ts).map(({ text }) => text.split(' ')[0])).toEqual(['deploy', 'Play', 'deploy']);
  });

  test.each([
    ['C0RANDOM', 'Stars is not a member of this channel, so it cannot write there.'],
    ['G0SECRET', 'Stars is not a member of this channel, so it cannot write there.'],
  ])('where Stars is no member (%s) opening says so', async (channel, message) => {
    await expect(open(runView(started), channel)).rejects.toMatchObject({ code: 'SLACK', message });
  });

  test('an archived channel is said to be one', async () => {
    fake.archive('deploys');
    await expect(open()).rejects.toMatchObject({ code: 'SLACK', message: 'This channel is archived.' });
  });

  test('a message that somebody deleted does not stop the replies', async () => {
    const thread = await open();
    fake.faults.next('chat.update', { kind: 'error', error: 'message_not_found' });
    thread.update(finished());
    await untilIdle();
    expect(fake.thread(thread.ts)).toHaveLength(2);
  });
});

describe('after a restart', () => {
  test('the same messages go on: none is posted again', async () => {
    const events = [started, play('masters', ['c1']), task('install'), result('c1')];
    const before = await open(runView(started));
    before.update(runView(...events));
    await untilIdle();
    threads.stop();

    threads = newThreads();
    const { channel, ts } = before;
    const thread = threads.attach(runView(...events), { channel, ts });
    thread.update(runView(...events, succeeded));
    await untilIdle();
    expect(fake.thread(ts).map((message) => toPlain(message).split('\n')[0])).toEqual([
      '✅ deploy site staging',
      '✅ masters · 1 host · 1 task',
      '✅ deploy site staging succeeded after 1 m 12 s',
    ]);
  });

  test('who posted the message goes on below it for a process that performed the run and died: nothing is said twice', async () => {
    const events = [started, play('masters', ['c1']), task('install'), result('c1')];
    const waiting = await open(runView({ type: 'run.queued' }));
    const { channel, ts } = waiting;
    const others = newThreads();
    others.attach(runView(...events), { channel, ts });
    await advancingUntil(clock, 500, others.idle());
    others.stop();

    waiting.update(runView(...events, succeeded), 'whole', true);
    await untilIdle();
    expect(fake.thread(ts).map((message) => toPlain(message).split('\n')[0])).toEqual([
      '✅ deploy site staging',
      '✅ masters · 1 host · 1 task',
      '✅ deploy site staging succeeded after 1 m 12 s',
    ]);
  });
});
