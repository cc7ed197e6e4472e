import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
