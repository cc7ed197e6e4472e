import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { systemClock } from '../../src/clock.js';
import { createHttp } from '../../src/cluster/http.js';
import { judgeEnsemble } from '../../src/cluster/probes.js';
import { askAdmin } from '../../src/cluster/zookeeper/admin.js';
import { createZooKeeper } from '../../src/cluster/zookeeper/client.js';
import { ask } from '../../src/cluster/zookeeper/four-letter-word.js';
import { openSession } from '../../src/cluster/zookeeper/session.js';
import { silentLog } from '../../src/log.js';
import { poll } from '../../src/poll.js';
import { type RealEnsemble, startZooKeeper } from './support/zookeeper.js';

// The client against real servers, as Debian packages them.

let ensemble: RealEnsemble;

const adminOf = (url: string) =>
  createHttp({ service: 'the AdminServer', baseUrls: [url], clock: systemClock, log: silentLog });

function clientOf({ addresses, admins }: RealEnsemble) {
  return createZooKeeper({ hosts: addresses, admin: admins.map(adminOf), clock: systemClock });
}

/** What is found once it is in this state, for this reason. */
async function found(state: string, reason = /./) {
  const client = clientOf(ensemble);
  const look = async () => {
    const finding = judgeEnsemble(await client.eachServer());
    return finding.state === state && reason.test(finding.reason) ? finding : undefined;
  };
  return poll(look, { clock: systemClock, everyMs: 250, timeoutMs: 60_000, what: `That ZooKeeper is ${state}` });
}

describe('one server', () => {
  const digest = createHash('sha1').update('bob:pw').digest('base64');

  beforeAll(async () => {
    ensemble = await startZooKeeper(1);
    await found('up');
    await ensemble.command(
      [
        'create /stars ""',
        `create /stars/app '{"id":"/web"}'`,
        'create /stars/app/state grün',
        'create /stars/other 7',
        'set /stars/other 8',
        `create /stars/hidden secret digest:bob:${digest}:cdrwa`,
        ...Array.from({ length: 300 }, (_, index) => `create /stars/app/n${index} ${index}`),
      ].join('\n'),
    );
  });
  afterAll(() => ensemble.stop());

  test('is up by the only word that it answers unless it is told otherwise', async () => {
    expect(await ask(ensemble.addresses[0] ?? '', 'mntr', { clock: systemClock, timeoutMs: 5_000 })).toContain(
      'not in the whitelist',
    );
    expect(await found('up')).toMatchObject({ state: 'up', reason: expect.stringContaining('1 of 1 servers serve') });
  });

  test('gives out its tree with every byte, and names what may not be read', async () => {
    const { nodes, hidden } = await clientOf(ensemble).tree(['/stars']);
    const text = (path: string) => nodes.find((node) => node.path === path)?.data.toString('utf8');
    expect(nodes).toHaveLength(304);
    expect([text('/stars'), text('/stars/app'), text('/stars/app/state'), text('/stars/other')]).toEqual([
      '',
      '{"id":"/web"}',
      'grün',
      '8',
    ]);
    expect(nodes.find(({ path }) => path === '/stars/other')).toMatchObject({ version: 1, ephemeral: false });
    expect(hidden).toEqual(['/stars/hidden']);
  });

  test('gives out its root, several paths at once, and each node once', async () => {
    const client = clientOf(ensemble);
    expect((await client.tree(['/'])).nodes.map(({ path }) => path)).toContain('/zookeeper/quota');
    const both = await client.tree(['/stars/app', '/stars/app/state', '/stars/other']);
    expect(both.nodes.filter(({ path }) => path === '/stars/app/state')).toHaveLength(1);
  });

  test('says so when a path is not there, and when there is too much', async () => {
    const client = clientOf(ensemble);
    await expect(client.tree(['/none'])).rejects.toMatchObject({ code: 'API_REFUSED' });
    await expect(client.tree(['/stars'], { maxNodes: 10 })).rejects.toMatchObject({ code: 'API_ANSWER' });
    await expect(client.tree(['/stars'], { maxBytes: 20 })).rejects.toMatchObject({ code: 'API_ANSWER' });
  });

  test('can be read for longer than a session lasts without a sign of life', async () => {
    const session = await openSession(ensemble.addresses[0] ?? '', { clock: systemClock, timeoutMs: 5_000 });
    // A fifth of a second a tick: the server grants at most twenty of them.
    await systemClock.sleep(6_000);
    expect(await session.exists('/stars/other')).toMatchObject({ version: 1, bytes: 1 });
    session.close();
    await expect(session.exists('/stars')).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('three servers', () => {
  beforeAll(async () => {
    ensemble = await startZooKeeper(3, { words: 'ruok' });
    await found('up');
  });
  afterAll(() => ensemble.stop());

  /** What the AdminServers say once all of them are there: they come later than the servers. */
  const byAdmin = () =>
    poll(() => Promise.all(ensemble.admins.map((url) => askAdmin(adminOf(url)))).catch(() => undefined), {
      clock: systemClock,
      everyMs: 250,
      timeoutMs: 60_000,
      what: 'The start of the AdminServers',
    });

  test('tell through their AdminServers who leads and whether the others are in step', async () => {
    const said = await byAdmin();
    expect(said.map((one) => (one.kind === 'serving' ? one.mode : one.kind)).sort()).toEqual([
      'follower',
      'follower',
      'leader',
    ]);
    expect(said).toContainEqual({ kind: 'serving', mode: 'leader', syncedFollowers: 2, version: '3.8.0' });
  });

  test('are degraded without one, down without two though the last says imok, and up again', async () => {
    await ensemble.servers[0]?.stop();
    expect(await found('degraded')).toMatchObject({ reason: '2 of 3 servers serve' });
    await ensemble.servers[1]?.stop();
    expect(await found('down', /0 of 3 servers serve, 2 are needed/)).toMatchObject({
      details: expect.arrayContaining([`${ensemble.addresses[2]} lives but is not serving`]),
    });
    expect(await ask(ensemble.addresses[2] ?? '', 'ruok', { clock: systemClock, timeoutMs: 5_000 })).toBe('imok');
    expect(await askAdmin(adminOf(ensemble.admins[2] ?? ''))).toEqual({ kind: 'no-quorum' });
    const error: unknown = await clientOf(ensemble)
      .tree(['/zookeeper'])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'API_UNREACHABLE', hint: expect.stringContaining('quorum') });
    for (const server of ensemble.servers) server.start();
    await found('up');
    expect((await clientOf(ensemble).tree(['/zookeeper'])).nodes.length).toBeGreaterThan(0);
  });
});

describe('three servers that answer every word', () => {
  beforeAll(async () => {
    ensemble = await startZooKeeper(3, { words: '*' });
  });
  afterAll(() => ensemble.stop());

  test('tell who leads and whether the others are in step, and that they do not serve', async () => {
    await found('up');
    const said = await clientOf(ensemble).eachServer();
    expect(said.map((one) => (one.said.kind === 'serving' ? one.said.mode : one.said.kind)).sort()).toEqual([
      'follower',
      'follower',
      'leader',
    ]);
    expect(said.map((one) => one.said)).toContainEqual(
      expect.objectContaining({ syncedFollowers: 2, version: '3.8.0' }),
    );
    await Promise.all([ensemble.servers[1]?.stop(), ensemble.servers[2]?.stop()]);
    const { details } = await found('down');
    expect(details).toContain(`${ensemble.addresses[0]} lives but is not serving`);
  });
});
