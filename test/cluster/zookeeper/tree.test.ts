import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createManualClock, systemClock } from '../../../src/clock.js';
import { createZooKeeper } from '../../../src/cluster/zookeeper/client.js';
import { frameReader, juteReader, juteWriter } from '../../../src/cluster/zookeeper/jute.js';
import { openSession } from '../../../src/cluster/zookeeper/session.js';
import { StarsError } from '../../../src/errors.js';
import { poll } from '../../../src/poll.js';
import { startPractice, type Practice } from '../../sandbox/cluster/support.js';
import { failureOf } from '../serve.js';
import { createServers } from './servers.js';

const servers = createServers();
afterEach(servers.stop);

const welcome = () => juteWriter().int(0).int(9_000).long(1n).buffer(Buffer.alloc(16)).frame();
const clientOf = (hosts: string[]) => createZooKeeper({ hosts, clock: systemClock });

describe('against the simulated ensemble', () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await startPractice();
  });
  afterEach(() => practice.stop());

  test('the tree tells who leads, and what was put there', async () => {
    practice.control.setNode('/stars/app', '{"a":"ü"}');
    const { nodes, hidden } = await clientOf(practice.zookeeper).tree(['/mesos', '/stars']);
    expect(nodes.map(({ path }) => path)).toEqual([
      '/mesos',
      '/mesos/json.info_0000000000',
      '/mesos/json.info_0000000001',
      '/mesos/json.info_0000000002',
      '/mesos/log_replicas',
      '/mesos/log_replicas/0000000000',
      '/stars',
      '/stars/app',
    ]);
    expect(nodes[1]).toMatchObject({ ephemeral: true });
    expect(nodes.at(-1)).toMatchObject({ ephemeral: false, data: Buffer.from('{"a":"ü"}') });
    expect(hidden).toEqual([]);
  });

  test('a path that is not there is refused in words', async () => {
    expect(await failureOf(clientOf(practice.zookeeper).tree(['/none']))).toMatchObject({
      code: 'API_REFUSED',
      message: expect.stringContaining('has no node /none'),
    });
  });

  test.each(['none', '/a/', '/a//b', ''])('"%s" is no path', async (path) => {
    expect(await failureOf(clientOf(practice.zookeeper).tree([path]))).toMatchObject({ code: 'CONFIG' });
  });

  test('another server is asked when one is gone; without a quorum none gives anything out', async () => {
    await practice.control.serviceOn('stars-dc0', 'zookeeper', false);
    expect((await clientOf(practice.zookeeper).tree(['/mesos'])).nodes.length).toBeGreaterThan(0);
    practice.control.loseQuorum();
    const error = await failureOf(clientOf(practice.zookeeper).tree(['/mesos']));
    expect(error).toMatchObject({ code: 'API_UNREACHABLE', hint: expect.stringContaining('quorum') });
    expect(error.message).toContain('refused the connection');
    expect(error.message).toContain('broke off the connection');
  });

  test('nothing can be changed through it', async () => {
    const session = await openSession(practice.zookeeper[0] ?? '', { clock: systemClock, timeoutMs: 5_000 });
    expect(Object.keys(session)).toEqual(['address', 'exists', 'data', 'children', 'close']);
    session.close();
  });
});

describe('servers that misbehave', () => {
  const open = (address: string, clock = systemClock) => openSession(address, { clock, timeoutMs: 5_000 });

  test('one that says nothing costs its time-out, before and within the session', async () => {
    const clock = createManualClock();
    const mute = failureOf(open(await servers.serve(() => undefined), clock));
    await clock.advance(5_000);
    expect((await mute).message).toContain('gave no answer within 5 s');
    let greeted = false;
    const address = await servers.serve((socket) => {
      if (!greeted) socket.write(welcome());
      greeted = true;
    });
    const session = await open(address, clock);
    const [first, second] = [failureOf(session.exists('/a')), failureOf(session.data('/b'))];
    await clock.advance(5_000);
    expect([(await first).message, (await second).message]).toEqual([
      expect.stringContaining('gave no answer'),
      expect.stringContaining('gave no answer'),
    ]);
    expect(clock.pending()).toBe(0);
  });

  test('a session is kept alive by pings while nothing is asked', async () => {
    const clock = createManualClock();
    const seen: number[] = [];
    const address = await servers.serve((socket, bytes) => {
      if (seen.length === 0) socket.write(welcome());
      seen.push(bytes.readInt32BE(4));
    });
    const session = await open(address, clock);
    for (const count of [2, 3]) {
      await clock.advance(3_000);
      await poll(async () => seen.length >= count || undefined, {
        clock: systemClock,
        everyMs: 5,
        timeoutMs: 5_000,
        what: 'A ping',
      });
    }
    expect(seen.slice(1)).toEqual([-2, -2]);
    session.close();
    expect(clock.pending()).toBe(0);
  });

  test('a session can be cancelled', async () => {
    const abort = new AbortController();
    const session = openSession(await servers.serve(() => undefined), {
      clock: systemClock,
      timeoutMs: 5_000,
      signal: abort.signal,
    });
    abort.abort();
    expect(await failureOf(session)).toMatchObject({ code: 'CANCELLED' });
  });

  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a length that no server sends', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['a record that ends too early', Buffer.from([0, 0, 0, 2, 0, 0])],
  ])('%s is told apart from ZooKeeper', async (_what, bytes) => {
    const address = await servers.serve((socket) => void socket.end(bytes));
    expect(await failureOf(open(address))).toMatchObject({ code: expect.stringMatching(/^API_/) });
  });

  test('no bytes at all make it crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        let first = true;
        const address = await servers.serve((socket) => {
          if (first) socket.write(welcome());
          else
            socket.end(
              Buffer.concat([
                juteWriter()
                  .int(1)
                  .long(0n)
                  .int(0)
                  .frame()
                  .subarray(0, 4 + (bytes.length % 17)),
                Buffer.from(bytes),
              ]),
            );
          first = false;
        });
        const session = await open(address);
        const outcome: unknown = await session.data('/a').catch((error: unknown) => error);
        session.close();
        expect(
          outcome instanceof StarsError || (typeof outcome === 'object' && outcome !== null && 'data' in outcome),
        ).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('records', () => {
  test('come back as they were written, in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
            fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\0'), maxLength: 20 }),
            fc.boolean(),
          ),
          { maxLength: 20 },
        ),
        fc.integer({ min: 1, max: 40 }),
        (rows, size) => {
          const sent = Buffer.concat(
            rows.map(([number, text, flag]) => juteWriter().int(number).text(text).bool(flag).frame()),
          );
          const read = frameReader(1_000_000);
          const frames: Buffer[] = [];
          for (let at = 0; at < sent.length; at += size) frames.push(...read(sent.subarray(at, at + size)));
          const got = frames.map((frame) => {
            const reader = juteReader(frame);
            return [reader.int(), reader.text(), reader.bool()];
          });
          expect(got).toEqual(
            rows.map(([number, text, flag]) => [number, Buffer.from(text, 'utf8').toString('utf8'), flag]),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a huge count of nothing makes no huge list', () => {
    expect(() =>
      juteReader(
        juteWriter()
          .int(2 ** 31 - 1)
          .frame()
          .subarray(4),
      ).texts(),
    ).toThrow(RangeError);
  });
});
