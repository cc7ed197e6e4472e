import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { createZooKeeper } from '../../../src/cluster/zookeeper/client.js';
import { at, asker, startPractice, type Practice } from './support.js';

// What clients of others send, word for word, and what they look at in the answers.

let practice: Practice;
beforeAll(async () => {
  practice = await startPractice();
});
afterAll(() => practice.stop());

type Sent = [client: string, method: string, path: string, headers: Record<string, string>, body: unknown];
const JSON_ONLY = { Accept: 'application/json', 'Content-Type': 'application/json' };

describe('Marathon', () => {
  test.each([
    ['go-marathon lists apps', 'GET', '/v2/apps?embed=apps.tasks', JSON_ONLY, undefined],
    ['go-marathon reads one app', 'GET', '/v2/apps/zeppelin', JSON_ONLY, undefined],
    ['go-marathon asks for versions', 'GET', '/v2/apps/zeppelin/versions', JSON_ONLY, undefined],
    ['go-marathon asks who leads', 'GET', '/v2/leader', JSON_ONLY, undefined],
    ['go-marathon asks for the queue', 'GET', '/v2/queue?embed=lastUnusedOffers', JSON_ONLY, undefined],
    ['go-marathon kills tasks', 'POST', '/v2/tasks/delete?scale=false', JSON_ONLY, { ids: [] }],
    [
      'marathon-lb lists apps',
      'GET',
      '/v2/apps?embed=apps.tasks',
      { Accept: 'application/json', 'Accept-Encoding': 'gzip, deflate' },
      undefined,
    ],
    [
      'marathon_exporter counts',
      'GET',
      '/v2/apps?embed=apps.taskStats',
      { 'User-Agent': 'marathon_exporter' },
      undefined,
    ],
    ['marathon_exporter measures', 'GET', '/metrics', {}, undefined],
    ['prometheus discovers', 'GET', '/v2/apps/?embed=apps.tasks', { 'User-Agent': 'Prometheus' }, undefined],
    [
      'traefik lists apps',
      'GET',
      '/v2/apps?embed=apps.tasks&embed=apps.deployments&embed=apps.readiness',
      JSON_ONLY,
      undefined,
    ],
    [
      'the web page lists groups',
      'GET',
      '/v2/groups?embed=group.groups&embed=group.apps&embed=group.apps.deployments&embed=group.apps.counts',
      JSON_ONLY,
      undefined,
    ],
    ['the web page lists plugins', 'GET', '/v2/plugins', JSON_ONLY, undefined],
    ['marathonctl reads the schema', 'GET', '/v2/schemas/app', JSON_ONLY, undefined],
    ['marathonctl shows an app', 'GET', '/v2/apps/%2Fzeppelin?embed=apps.tasks', {}, undefined],
    ['marathonctl asks for tasks', 'GET', '/v2/apps/%2Fzeppelin/tasks', {}, undefined],
    ['marathon-consul asks for labelled apps', 'GET', '/v2/apps?embed=apps.tasks&label=consul', JSON_ONLY, undefined],
    ['the gem marathon-api pings', 'GET', '/ping', JSON_ONLY, undefined],
    ['the gem marathon-api asks for versions', 'GET', '/v2/apps//zeppelin/versions', JSON_ONLY, undefined],
    [
      'the gem marathon-api restarts with no body',
      'POST',
      '/v2/apps//lightning/restart?force=true',
      JSON_ONLY,
      undefined,
    ],
    [
      'the gem marathon-api changes an app by a bare id',
      'PUT',
      '/v2/apps/lightning?force=true',
      JSON_ONLY,
      { id: 'lightning', mem: 128 },
    ],
  ] as Sent[])('%s', async (_client, method, path, headers, body) => {
    const { status, headers: given } = await practice.marathon(method, path, body, { headers });
    expect([status, given['content-type']]).toEqual([200, 'application/json']);
    expect(given['x-marathon-leader']).toBe(practice.urls.marathon);
  });

  test.each([
    '/v2/apps',
    '/v2/apps/',
    '/v2/apps/zeppelin',
    '/v2/apps//zeppelin/',
    '/v2/deployments/',
    '/v2/tasks/',
    '/v2/queue/',
    '/v2/groups/',
  ])('HEAD of %s has the head of GET and no body', async (path) => {
    const [head, get] = [await practice.marathon('HEAD', path), await practice.marathon('GET', path)];
    expect([head.status, head.data, head.headers['content-length']]).toEqual([200, '', get.headers['content-length']]);
  });

  test('a body in chunks is read like any other, and flags in any case', async () => {
    const data = Readable.from(['{"id": "/chunked", "cmd": "x", ', '"cpus": 0.1, "mem": 16}']);
    const posted = await practice.marathon('POST', '/v2/apps?force=TRUE', undefined, { headers: JSON_ONLY, data });
    expect(posted.status).toBe(201);
    expect((await practice.marathon('DELETE', '/v2/apps//chunked?force=True')).status).toBe(200);
  });

  test('one connection serves many calls', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${practice.urls.marathon}/ping`)));
    expect(new Set(answers.map(({ status, headers }) => `${status} ${headers.get('connection')}`))).toEqual(
      new Set(['200 keep-alive']),
    );
    await Promise.all(answers.map((answer) => answer.text()));
  });
});

describe('Mesos', () => {
  test.each([
    ['mesos-exporter', '/metrics/snapshot?timeout=5s'],
    ['mesos-exporter', '/state'],
    ['mesos-cli', '/master/state.json'],
    ['mesos-dns', '/master/state.json'],
    ['the web page', '/master/state-summary'],
    ['an older client', '/master/slaves.json'],
  ])('%s reads %s of a master', async (_client, path) => {
    const { status, headers } = await practice.mesos('GET', path);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
  });

  test.each([
    '/slave(1)/state',
    '/slave(1)/state.json',
    '/slave(1)/monitor/statistics',
    '/monitor/statistics.json',
    '/metrics/snapshot',
    '/containers',
  ])('exporters and consoles read %s of an agent', async (path) => {
    expect((await practice.agent('GET', path)).headers['content-type']).toBe('application/json');
  });

  test.each([
    ['a master', '/master/log', () => practice.mesos],
    ['an agent', '/slave/log', () => practice.agent],
  ])('mesos-cli reads the log of %s, from its end on', async (_what, path, ask) => {
    const read = async (params: object) => (await ask()('GET', '/files/read.json', undefined, { params })).data;
    const size = at(await read({ path, offset: -1 }), 'offset') as number;
    expect(size).toBeGreaterThan(100);
    expect(at(await read({ path, offset: size - 20, length: 1_000 }), 'data')).toMatch(/stars-d/);
  });

  test('mesos-cli, mesos-dns and frameworks find the leader as the lowest of the nodes in ZooKeeper', async () => {
    const { control, clock, zookeeper, urls } = practice;
    const lowest = async () => {
      const client = createZooKeeper({ hosts: zookeeper, clock: systemClock });
      const { nodes } = await client.tree(['/mesos'], { levels: 1 });
      const infos = nodes.filter(({ path }) => path.includes('json.info_'));
      return at(JSON.parse(String(infos[0]?.data)), 'address.port');
    };
    const elected = async () => {
      const metrics = await Promise.all(
        urls.mesos.map(async (url) => (await asker(url)('GET', '/metrics/snapshot')).data),
      );
      return Number(new URL(urls.mesos[metrics.findIndex((one) => at(one, 'master/elected') === 1)] ?? '').port);
    };
    expect(await lowest()).toBe(await elected());
    for (let turn = 0; turn < 3; turn += 1) {
      const before = await elected();
      control.changeLeader('mesos');
      await clock.advance(2_000);
      expect(await elected()).not.toBe(before);
      expect(await lowest()).toBe(await elected());
    }
  });

  test('mesos-cli finds the leader by redirect', async () => {
    const { status, headers } = await asker(practice.urls.mesos[2] ?? '')('GET', '/master/redirect');
    expect([status, headers['location']]).toEqual([307, `//${new URL(practice.urls.mesos[0] ?? '').host}`]);
  });
});

describe('Chronos', () => {
  const job = {
    name: 'py',
    command: 'true',
    schedule: 'R/2030-01-01T00:00:00Z/P1D',
    owner: 'a@example.org',
    async: false,
    epsilon: 'PT5M',
  };

  test('chronos-python searches, and go-chronos asks with empty arguments', async () => {
    practice.control.setChronosVersion('3.0');
    expect((await practice.chronos('GET', '/v1/scheduler/jobs/search?name=cat')).data).toMatchObject([
      { name: 'fetch-catalog' },
    ]);
    expect((await practice.chronos('PUT', '/v1/scheduler/job/old-report?arguments=')).status).toBe(204);
    expect((await practice.chronos('DELETE', '/v1/scheduler/task/kill/old-report')).status).toBe(204);
  });

  test.each(['2.5', '3.0'] as const)('chronos-python adds, runs, measures and deletes a job of %s', async (version) => {
    practice.control.setChronosVersion(version);
    const prefix = version === '2.5' ? '/scheduler' : '/v1/scheduler';
    const ask = (method: string, path: string, body?: unknown) =>
      practice.chronos(method, `${prefix}/${path}`, body, { headers: JSON_ONLY });
    const statuses: number[] = [];
    for (const [method, path, body] of [
      ['POST', 'iso8601', job],
      ['GET', 'jobs', undefined],
      ['PUT', 'job/py', undefined],
      ['GET', 'job/stat/py', undefined],
      ['GET', 'graph/csv', undefined],
      ['GET', 'stats/99thPercentile', undefined],
      ['DELETE', 'task/kill/py', undefined],
      ['DELETE', 'job/py', undefined],
    ] as const)
      statuses.push((await ask(method, path, body)).status);
    expect(statuses).toEqual([204, 200, 204, 200, 200, 200, 204, 204]);
    expect(at((await practice.chronos('GET', '/metrics')).data, 'version')).toBe('3.0.0');
  });
});
