import { afterEach, describe, expect, test } from '@jest/globals';
import { createManualClock, systemClock } from '../../src/clock.js';
import { createCluster, type ClusterConfig } from '../../src/cluster/cluster.js';
import { readHealth, rootCauses, summarise, type Health, type Layer } from '../../src/cluster/health.js';
import { silentLog } from '../../src/log.js';
import { closeServers, failureOf, fixture, routes, serve } from './serve.js';

afterEach(closeServers);

const cluster = (config: ClusterConfig) =>
  createCluster(config, { environment: 'production', clock: systemClock, log: silentLog });
const health = (config: ClusterConfig) => readHealth(cluster(config), { clock: systemClock });
const NOWHERE = 'http://127.0.0.1:1';

const layer = (name: string, state: Layer['state'], because?: string): Layer => ({
  name,
  title: name,
  state,
  reason: `is ${state}`,
  details: [],
  figures: {},
  silent: false,
  evidence: [],
  because,
});
const picture = (...layers: Layer[]): Health => ({ environment: 'production', at: '2026-01-01T00:00:00.000Z', layers });

describe('reading', () => {
  test('folds what follows under the lowest broken layer', async () => {
    const marathon = await serve(
      routes({
        '/v2/leader': { body: { leader: 'm1:8080' } },
        '/v2/apps': { body: { apps: [] } },
        '/v2/deployments': { body: [] },
      }),
    );
    const { layers } = await health({
      zookeeper: { hosts: ['127.0.0.1:1'] },
      mesos: { url: [NOWHERE] },
      marathon: { url: [marathon.url] },
      chronos: { url: [NOWHERE] },
      services: { zeppelin: { url: NOWHERE } },
    });
    expect(layers.map(({ name, state, because }) => [name, state, because])).toEqual([
      ['zookeeper', 'down', undefined],
      ['mesos', 'down', 'zookeeper'],
      ['agents', 'down', 'zookeeper'],
      ['marathon', 'up', undefined],
      ['chronos', 'down', 'zookeeper'],
      ['zeppelin', 'down', 'zookeeper'],
    ]);
  });

  test('reads masters and agents as they were captured', async () => {
    const mesos = await serve(
      routes({
        '/metrics/snapshot': { body: fixture('mesos/master-metrics-1.4.1.json') },
        '/state-summary': { body: fixture('mesos/state-summary.json') },
      }),
    );
    const { layers } = await health({ mesos: { url: [mesos.url] } });
    expect(layers[0]).toMatchObject({ state: 'up', reason: `1 of 1 masters answer, 127.0.0.1:${mesos.port} leads` });
    expect(layers[1]).toMatchObject({
      state: 'degraded',
      reason: expect.stringContaining('6 gone or cut off; 63 % of the CPUs and 39 % of the memory in use'),
    });
  });

  test('does not call a service down that only wants a login', async () => {
    const { url } = await serve(() => ({ status: 401 }));
    const { layers } = await health({ services: { zeppelin: { url }, grafana: { url } } });
    expect(layers.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  });

  test('lists apps that are not as they should be, and jobs that fail', async () => {
    const failing = { name: 'reindex', errorsSinceLastSuccess: 3, lastError: '2017-09-04T14:00:00.000Z' };
    const { url } = await serve(
      routes({
        '/v2/leader': { body: { leader: 'm1:8080' } },
        '/v2/apps': {
          body: {
            apps: [
              { id: '/a', instances: 1, tasksRunning: 1 },
              { id: '/b', instances: 2, tasksRunning: 0 },
            ],
          },
        },
        '/v2/deployments': { body: [] },
        '/v1/scheduler/jobs': { body: [failing, { name: 'fine' }] },
        '/v1/scheduler/leader': { body: { leader: 'm1:4400' } },
      }),
    );
    const { layers } = await health({ marathon: { url: [url] }, chronos: { url: [url] } });
    expect(layers[0]).toMatchObject({
      state: 'degraded',
      reason: '1 of 2 apps not as they should be',
      details: ['/b: 0 of 2 running, no health check'],
    });
    expect(layers[1]).toMatchObject({ state: 'degraded', reason: '1 of 2 jobs failing' });
  });

  describe('names as the root what the rest suffers from:', () => {
    const now = new Date('2026-06-10T12:00:00.000Z');
    const failure = (state: string, minutesAgo: number) => ({
      taskId: 'zeppelin.1',
      state,
      message: 'Command exited with status 1',
      host: 'w2',
      timestamp: new Date(now.getTime() - minutesAgo * 60_000).toISOString(),
    });
    const agents = (gone: number) => ({
      '/metrics/snapshot': { body: { 'master/elected': 1, 'master/slaves_unreachable': gone } },
      '/state-summary': { body: { slaves: [{ id: 'S1', hostname: 'w1', active: true }] } },
      '/maintenance/status': {
        body: { draining_machines: [{ id: { hostname: 'w1' } }], down_machines: [{ ip: '10.0.0.7' }] },
      },
    });

    async function pictureOf(apps: object[], gone: number): Promise<Health> {
      const { url } = await serve(
        routes({
          '/v2/leader': { body: { leader: 'm1:8080' } },
          '/v2/apps': { body: { apps } },
          '/v2/deployments': { body: [] },
          ...agents(gone),
        }),
      );
      return readHealth(
        cluster({ mesos: { url: [url] }, marathon: { url: [url] }, services: { zeppelin: { url: NOWHERE } } }),
        { clock: createManualClock(now) },
      );
    }
    const becauses = ({ layers }: Health) => Object.fromEntries(layers.map(({ name, because }) => [name, because]));

    test('the app that crashes again and again, not the service that is the app', async () => {
      const seen = await pictureOf(
        [
          { id: '/notebooks/zeppelin', instances: 1, tasksRunning: 0, lastTaskFailure: failure('TASK_FAILED', 1) },
          { id: '/fine', instances: 1, tasksRunning: 1 },
        ],
        0,
      );
      expect(becauses(seen)).toMatchObject({ marathon: undefined, zeppelin: 'marathon' });
      expect(summarise(seen).split('\n')[0]).toBe(
        'The app /notebooks/zeppelin in production is in trouble: 0 of 1 running, no health check; last failure: Command exited with status 1 on w2 (TASK_FAILED, 11:59:00 UTC). 1 more layer suffers from it.',
      );
    });

    test('the same where agents are gone too: its tasks do have a place', async () => {
      const apps = [{ id: '/zeppelin', instances: 1, tasksRunning: 0, lastTaskFailure: failure('TASK_FAILED', 1) }];
      expect(becauses(await pictureOf(apps, 1))).toMatchObject({
        agents: undefined,
        marathon: undefined,
        zeppelin: 'marathon',
      });
    });

    test.each([
      ['never failed', undefined],
      ['were lost with it', failure('TASK_LOST', 1)],
      ['failed long ago only', failure('TASK_FAILED', 60)],
    ])('agents that are gone, where the tasks of the app %s', async (_what, lastTaskFailure) => {
      const seen = await pictureOf([{ id: '/zeppelin', instances: 2, tasksRunning: 1, lastTaskFailure }], 1);
      expect(becauses(seen)).toMatchObject({ agents: undefined, marathon: 'agents', zeppelin: 'agents' });
      expect(summarise(seen).split('\n')[0]).toMatch(
        /^Mesos agents in production are degraded: 1 active, 1 gone or cut off.* 2 more layers suffer from it\.$/,
      );
    });

    test('the apps by name where there are several, and a service whose app is fine for itself', async () => {
      const apps = ['/a', '/b'].map((id) => ({ id, instances: 1, tasksRunning: 0 }));
      const seen = await pictureOf([...apps, { id: '/zeppelin', instances: 1, tasksRunning: 1 }], 0);
      expect(becauses(seen)).toMatchObject({ marathon: undefined, zeppelin: undefined });
      expect(summarise({ ...seen, layers: seen.layers.filter(({ name }) => name !== 'zeppelin') })).toMatch(
        /^2 apps in production are in trouble: \/a, \/b\.\n/,
      );
    });

    test('agents that somebody has taken out are told as that', async () => {
      expect((await pictureOf([], 0)).layers[1]).toMatchObject({
        state: 'up',
        reason: expect.stringMatching(/^1 active, 2 in maintenance \(w1 draining, 10\.0\.0\.7 down\); /),
      });
    });
  });

  test('calls down what gives no answer before the deadline, and judges the rest', async () => {
    const clock = createManualClock();
    const asked = new Promise<void>((resolve) => {
      void serve(() => {
        resolve();
        return undefined;
      }).then(({ url }) =>
        hanging.push(readHealth(cluster({ services: { zeppelin: { url } } }), { clock, deadlineMs: 8_000 })),
      );
    });
    const hanging: Promise<Health>[] = [];
    await asked;
    await clock.advance(8_000);
    expect((await hanging[0])?.layers).toMatchObject([{ state: 'down', reason: 'gave no answer within 8 s' }]);
  });

  test('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const { url } = await serve(() => {
      abort.abort();
      return undefined;
    });
    const reading = readHealth(cluster({ services: { zeppelin: { url } } }), {
      clock: systemClock,
      signal: abort.signal,
    });
    expect(await failureOf(reading)).toMatchObject({ code: 'CANCELLED' });
  });
});

describe('the services', () => {
  const sparql = { body: { head: {}, boolean: true } };
  test.each([
    [
      'zeppelin',
      { '/api/version': { body: { status: 'OK', message: '', body: '0.7.3' } } },
      'up',
      expect.stringContaining('version 0.7.3'),
    ],
    [
      'zeppelin',
      { '/api/version': { body: { status: 'OK', body: { version: '0.8.0' } } } },
      'up',
      expect.stringContaining('version 0.8.0'),
    ],
    [
      'livy',
      {
        '/sessions': {
          body: {
            from: 0,
            total: 2,
            sessions: [
              { id: 1, state: 'idle' },
              { id: 2, state: 'dead' },
            ],
          },
        },
      },
      'degraded',
      '2 sessions: 1 idle, 1 dead',
    ],
    ['blazegraph', { '/namespace/kb/sparql': sparql }, 'up', 'answers queries'],
    ['blazegraph', { '/blazegraph/namespace/kb/sparql': sparql }, 'up', 'answers queries'],
    ['lightning', { '/status': { body: { sessions: 1, visualizations: 5 } } }, 'up', '1 session, 5 visualizations'],
    ['spark', { '/json/': { body: { status: 'ALIVE', aliveworkers: 5 } } }, 'up', 'master alive, 5 workers'],
    ['jupyter', { '/': { body: 'hello' } }, 'up', 'answers'],
    [
      'zeppelin',
      { '/api/version': { body: '<html>Tomcat</html>' } },
      'down',
      expect.stringContaining('web page instead of JSON'),
    ],
  ])('%s with %j is %s', async (name, table, state, reason) => {
    const { url } = await serve(routes(table));
    expect((await health({ services: { [name]: { url } } })).layers).toMatchObject([{ state, reason }]);
  });
});

describe('in words', () => {
  test('names the root first and what suffers from it', () => {
    const text = summarise(
      picture(layer('zookeeper', 'down'), layer('mesos', 'down', 'zookeeper'), layer('marathon', 'up')),
    );
    expect(text.split('\n')).toEqual([
      'zookeeper in production is down: is down. 1 more layer suffers from it.',
      '🔴 *zookeeper* is down',
      '      ↳ because of this: mesos down',
      '🟢 *marathon* is up',
    ]);
  });

  test('puts what is down before what is only degraded or unknown', () => {
    expect(summarise(picture(layer('a', 'unknown'), layer('b', 'degraded'), layer('c', 'down')))).toMatch(
      /^c in production is down \(and 2 more\)/,
    );
  });

  test('is short when all is well', () => {
    expect(summarise(picture(layer('a', 'up')))).toMatch(/^Everything in production is up\./);
    expect(rootCauses(picture(layer('a', 'up')))).toEqual([]);
    expect(summarise(picture())).toBe('Nothing of production is configured to be looked at.');
  });
});

test('a part that is not configured says what to add where', () => {
  expect(() => cluster({}).marathon).toThrow('The environment production does not say where marathon is.');
  expect(cluster({}).has('marathon')).toBe(false);
});
