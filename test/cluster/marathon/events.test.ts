import type { ServerResponse } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createManualClock, type ManualClock } from '../../../src/clock.js';
import { attend } from '../../../src/cluster/marathon/attention.js';
import { createFrames, type MarathonEvent } from '../../../src/cluster/marathon/event-frames.js';
import { type EventsOptions, readEvents } from '../../../src/cluster/marathon/events.js';
import { closeServers, failureOf, fixtureText, httpTo, serve } from '../serve.js';

function eventsIn(text: string, cut: number): MarathonEvent[] {
  const events: MarathonEvent[] = [];
  const take = createFrames((event) => events.push(event));
  for (let at = 0; at < text.length; at += cut) take(text.slice(at, at + cut));
  return events;
}

describe('frames', () => {
  test.each(['events-multi.sse.txt'])('of %s are the same however they are cut', (name) => {
    const text = fixtureText(`marathon/${name}`);
    const whole = eventsIn(text, text.length);
    expect(whole.length).toBeGreaterThan(0);
    for (const { type, data } of whole) expect(type).toBe(data['eventType'] ?? type);
    for (const cut of [1, 7, 100]) expect(eventsIn(text, cut)).toEqual(whole);
  });

  test('may have keep-alives between the name and the data', () => {
    expect(eventsIn('event: x\r\n\r\n: still here\r\ndata: {"a":1}\r\n\r\n', 3)).toEqual([
      { type: 'x', data: { a: 1 } },
    ]);
  });

  test('that are no JSON are passed over', () => {
    expect(eventsIn('data: {"eventType":"a"\ndata: 5\ndata: {"eventType":"b"}\n', 9)).toMatchObject([{ type: 'b' }]);
  });
});

describe('the stream', () => {
  let clock: ManualClock;
  let open: ServerResponse[];
  let over: AbortController;

  beforeEach(() => {
    clock = createManualClock();
    open = [];
    over = new AbortController();
  });
  afterEach(async () => {
    over.abort();
    await closeServers();
  });

  async function listen(first: { status?: number } = {}) {
    const server = await serve((_seen, response) => {
      if (first.status) return { status: first.status };
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      open.push(response);
      return undefined;
    });
    const told: string[] = [];
    const heard = new EventTarget();
    const note = (word: string) => {
      told.push(word);
      heard.dispatchEvent(new Event(word));
    };
    const http = httpTo(server.url, { clock });
    const options: EventsOptions = {
      types: ['a', 'b'],
      signal: over.signal,
      onEvent: ({ type }) => note(type),
      onBegin: () => note('begin'),
      onEnd: () => note('end'),
    };
    return {
      server,
      told,
      next: (word: string) => once(heard, word),
      start: () => readEvents({ http, clock }, options),
    };
  }

  test('asks for the light plan and the types, and is taken up again when it breaks off', async () => {
    const { server, told, next, start } = await listen();
    const begun = next('begin');
    const done = start();
    await begun;
    expect(server.seen[0]).toMatchObject({
      url: '/v2/events?event_type=a&event_type=b&plan-format=light',
      headers: { accept: 'text/event-stream' },
    });
    const first = next('a');
    open[0]?.write('event: a\r\ndata: {}\r\n\r\n');
    await first;
    const ended = next('end');
    open[0]?.end();
    await ended;
    const again = next('begin');
    await clock.advance(1_000);
    await again;
    const second = next('b');
    open[1]?.write('event: b\r\ndata: {}\r\n\r\n');
    await second;
    expect(told).toEqual(['begin', 'a', 'end', 'begin', 'b']);
    over.abort();
    await done;
  });

  test('is given up and tried again when it falls silent', async () => {
    const { next, start } = await listen();
    const begun = next('begin');
    const done = start();
    await begun;
    const first = next('a');
    open[0]?.write('event: a\r\ndata: {}\r\n\r\n');
    await first;
    const ended = next('end');
    await clock.advance(60_000);
    await ended;
    over.abort();
    await done;
  });

  test('is not asked for again where nobody may read it', async () => {
    const { server, start } = await listen({ status: 405 });
    expect(await failureOf(start())).toMatchObject({ code: 'API_REFUSED' });
    expect(server.seen).toHaveLength(1);
  });
});

describe('attention', () => {
  function listening() {
    const clock = createManualClock();
    let tell: EventsOptions | undefined;
    const events = (options: EventsOptions) => {
      tell = options;
      return new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve()));
    };
    const attention = attend({ app: '/x', deploymentId: 'd1', clock, events, signal: undefined });
    return { clock, attention, tell: tell as unknown as EventsOptions };
  }

  test('wakes who sleeps when something happens to the app, and not for another', async () => {
    const { clock, attention, tell } = listening();
    let awake = false;
    const sleeping = attention.clock.sleep(60_000).then(() => (awake = true));
    tell.onEvent({ type: 'status_update_event', data: { appId: '/y' } });
    await clock.advance(1_000);
    expect(awake).toBe(false);
    tell.onEvent({ type: 'status_update_event', data: { appId: '/x' } });
    await sleeping;
    await attention.close();
  });

  test.each([
    ['deployment_success', 'd1', 'succeeded'],
    ['deployment_failed', 'd1', 'failed'],
    ['deployment_success', 'd2', undefined],
  ])('takes %s of %s for the end %s', async (type, id, end) => {
    const { attention, tell } = listening();
    tell.onEvent({ type, data: { id, plan: { id } } });
    expect(attention.ending()).toBe(end);
    await attention.close();
  });

  test('looks less often as long as Marathon tells what happens', async () => {
    const { clock, attention, tell } = listening();
    tell.onBegin?.();
    const together = attention.clock.sleep(1_000);
    await clock.advance(250);
    await together;
    let awake = false;
    const sleeping = attention.clock.sleep(1_000).then(() => (awake = true));
    await clock.advance(4_000);
    expect(awake).toBe(false);
    tell.onEnd?.();
    await sleeping;
    await attention.close();
  });
});
