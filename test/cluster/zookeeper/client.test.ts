import { afterEach, describe, expect, test } from '@jest/globals';
import { createManualClock, systemClock } from '../../../src/clock.js';
import { judgeEnsemble } from '../../../src/cluster/probes.js';
import { createZooKeeper } from '../../../src/cluster/zookeeper/client.js';
import { ask, parseAddress } from '../../../src/cluster/zookeeper/four-letter-word.js';
import { parseMntr, parseSrvr } from '../../../src/cluster/zookeeper/parse.js';
import { failureOf, fixtureText } from '../serve.js';
import { createServers } from './servers.js';

const servers = createServers();
afterEach(servers.stop);

/** A server that answers words from a table; a word that is not in it gets no answer, ever. */
function zooKeeper(words: Record<string, string>): Promise<string> {
  return servers.serve((socket, word) => {
    const answer = words[word.toString()];
    if (answer !== undefined) socket.end(answer);
  });
}

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';
const leader = { mntr: fixtureText('zookeeper/mntr-leader.txt') };
const follower = { mntr: fixtureText('zookeeper/mntr-follower.txt') };

const judge = async (hosts: string[]) =>
  judgeEnsemble(await createZooKeeper({ hosts, clock: systemClock }).eachServer());

describe('captured answers', () => {
  test.each([
    [
      'mntr of a leader',
      parseMntr(leader.mntr),
      { kind: 'serving', mode: 'leader', syncedFollowers: 2, version: '3.8.0' },
    ],
    ['mntr of a follower', parseMntr(follower.mntr), { kind: 'serving', mode: 'follower' }],
    [
      'srvr of a leader',
      parseSrvr(fixtureText('zookeeper/srvr-leader.txt')),
      { kind: 'serving', mode: 'leader', version: '3.8.0' },
    ],
    [
      'srvr of a follower',
      parseSrvr(fixtureText('zookeeper/srvr-follower.txt')),
      { kind: 'serving', mode: 'follower' },
    ],
    ['a word not on the whitelist', parseMntr(fixtureText('zookeeper/not-whitelisted.txt')), { kind: 'not-allowed' }],
    ['a server without quorum', parseSrvr(NOT_SERVING), { kind: 'no-quorum' }],
    [
      'something else',
      parseSrvr('HTTP/1.1 400 Bad Request\r\n'),
      { kind: 'unknown', words: expect.stringContaining('HTTP/1.1 400') },
    ],
  ])('%s', (_title, said, wanted) => expect(said).toMatchObject(wanted));
});

describe('an ensemble', () => {
  test('is up with one leader and all followers in step', async () => {
    const hosts = [await zooKeeper(follower), await zooKeeper(leader), await zooKeeper(follower)];
    await expect(judge(hosts)).resolves.toMatchObject({
      state: 'up',
      reason: `3 of 3 servers serve, ${hosts[1]} leads`,
    });
  });

  test('is degraded while a minority is gone', async () => {
    const hosts = [await zooKeeper(follower), await zooKeeper(leader), await zooKeeper({ mntr: NOT_SERVING })];
    await expect(judge(hosts)).resolves.toMatchObject({
      state: 'degraded',
      reason: '2 of 3 servers serve',
      details: [`${hosts[2]} lives but is not serving`],
    });
  });

  test('is down without a majority, though every server says imok', async () => {
    const alive = { mntr: NOT_SERVING, srvr: NOT_SERVING, ruok: 'imok' };
    const hosts = [await zooKeeper(alive), await zooKeeper(alive), await zooKeeper(alive)];
    await expect(judge(hosts)).resolves.toMatchObject({
      state: 'down',
      reason: 'has no quorum: 0 of 3 servers serve, 2 are needed',
    });
  });

  test('is down when only a minority says that it serves', async () => {
    const hosts = [await zooKeeper(leader), await zooKeeper({ mntr: NOT_SERVING }), '127.0.0.1:1'];
    await expect(judge(hosts)).resolves.toMatchObject({
      state: 'down',
      reason: 'has no quorum: 1 of 3 servers serve, 2 are needed',
    });
  });

  test('asks srvr where mntr is not on the whitelist', async () => {
    const mntr = 'mntr is not executed because it is not in the whitelist.\n';
    const [one, two] = [fixtureText('zookeeper/srvr-leader.txt'), fixtureText('zookeeper/srvr-follower.txt')];
    const hosts = [
      await zooKeeper({ mntr, srvr: one }),
      await zooKeeper({ mntr, srvr: two }),
      await zooKeeper({ mntr, srvr: two }),
    ];
    await expect(judge(hosts)).resolves.toMatchObject({ state: 'up' });
  });

  test('is unknown, not down, where nothing may be asked', async () => {
    const word = fixtureText('zookeeper/not-whitelisted.txt');
    const mute = { mntr: word, srvr: word };
    await expect(judge([await zooKeeper(mute), await zooKeeper(mute)])).resolves.toMatchObject({ state: 'unknown' });
  });
});

test('gives up on a server that says nothing', async () => {
  const clock = createManualClock();
  const address = await zooKeeper({});
  const failure = failureOf(ask(address, 'mntr', { clock, timeoutMs: 5_000 }));
  await clock.advance(5_000);
  expect(await failure).toMatchObject({
    code: 'API_UNREACHABLE',
    message: `ZooKeeper at ${address} gave no answer within 5 s.`,
  });
});

test('reads no more than a megabyte from something that talks without end', async () => {
  const address = await zooKeeper({ mntr: 'x'.repeat(2 * 1024 * 1024) });
  expect((await failureOf(ask(address, 'mntr', { clock: systemClock, timeoutMs: 5_000 }))).message).toContain(
    'answers without end',
  );
});

test.each([
  ['h1', { host: 'h1', port: 2181 }],
  ['h1:99', { host: 'h1', port: 99 }],
  ['[::1]:99', { host: '::1', port: 99 }],
])('%s is an address', (text, address) => expect(parseAddress(text)).toEqual(address));

test.each(['', 'h:0', 'h:99999', 'user@h:1', 'zk://h:2181/mesos'])('"%s" is none', (text) => {
  expect(() => parseAddress(text)).toThrow(/is not the address/);
});
