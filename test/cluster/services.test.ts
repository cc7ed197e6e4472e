import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import type { Services } from '../../src/cluster/services/client.js';
import { createCluster } from '../../src/cluster/cluster.js';
import { silentLog } from '../../src/log.js';
import { systemClock } from '../../src/clock.js';
import { practise, type Practice } from '../commands/practice.js';
import { closeServers, failureOf, routes, serve } from './serve.js';

let practice: Practice;
let services: Services;

beforeEach(async () => {
  practice = await practise();
  services = practice.cluster.services;
});

afterEach(async () => {
  await practice.stop();
  await closeServers();
});

const data = () => practice.simulated.data;
const client = (url: string, login: { username?: string; password?: Secret } = {}): Services =>
  createCluster(
    { services: { zeppelin: { url, ...login }, livy: { url } } },
    { environment: 'x', clock: systemClock, log: silentLog },
  ).services;

describe('Zeppelin', () => {
  test('tells its version and interpreters, and finds one by its name', async () => {
    expect(await services.check('zeppelin')).toEqual({ state: 'up', reason: 'version 0.7.2' });
    expect(await services.of('zeppelin').findInterpreter('md')).toMatchObject({ name: 'md', status: 'READY' });
    expect(await failureOf(services.of('zeppelin').findInterpreter('scala'))).toMatchObject({
      code: 'USAGE',
      hint: 'It has spark, md, sh.',
    });
  });

  test('tells what people run, which the restart of its interpreter ends', async () => {
    data().zeppelin.hang();
    expect((await services.of('zeppelin').atWork()).paragraphs).toHaveLength(2);
    const { id } = await services.of('zeppelin').findInterpreter('spark');
    await services.of('zeppelin').restartInterpreter(id);
    expect(data().zeppelin.restarts).toEqual(['spark']);
    expect((await services.of('zeppelin').atWork()).paragraphs).toMatchObject([
      { notebook: 'Zeppelin Tutorial/Markdown', status: 'RUNNING' },
    ]);
  });

  test('an interpreter in error is told, also where settings come as a list', async () => {
    const { url } = await serve(
      routes({
        '/api/version': { body: { status: 'OK', message: '', body: '0.6.2' } },
        '/api/interpreter/setting': {
          body: { status: 'OK', message: '', body: [{ id: 'a', name: 'spark', status: 'ERROR' }] },
        },
      }),
    );
    expect(await client(url).check('zeppelin')).toEqual({
      state: 'degraded',
      reason: 'version 0.6.2, 1 interpreter in error',
      details: ['the interpreter spark is in error'],
    });
  });

  test('logs in where that is wanted; without a login its version alone does not pass for all', async () => {
    data().zeppelin.requireLogin({ username: 'stars', password: 'right' });
    const url = practice.simulated.urls.services.zeppelin;
    const withLogin = (password: string) => client(url, { username: 'stars', password: new Secret(password) });
    expect(await withLogin('right').of('zeppelin').interpreters()).toHaveLength(3);
    expect(await failureOf(withLogin('wrong').check('zeppelin'))).toMatchObject({
      code: 'API_REFUSED',
      message: expect.stringContaining('does not take the login'),
    });
    expect(await services.check('zeppelin')).toMatchObject({
      reason: 'version 0.7.2; its interpreters cannot be seen without a login',
    });
  });
});

describe('Livy', () => {
  test('counts its sessions by state over all pages', async () => {
    for (let number = 0; number < 249; number += 1) data().livy.addSession('idle');
    data().livy.addSession('dead', 'spark', 'ada');
    expect(await services.check('livy')).toMatchObject({
      state: 'degraded',
      reason: '250 sessions: 249 idle, 1 dead',
      details: ['session 249 of ada: dead'],
    });
  });

  test('ends a session, past the protection that wants to know who asks', async () => {
    data().livy.protectAgainstCsrf(true);
    const id = data().livy.addSession('starting');
    const session = await services.of('livy').find('sessions', id);
    expect(await services.of('livy').kill(session)).toBe(true);
    expect(await services.of('livy').kill(session)).toBe(false);
    expect(await services.of('livy').sessions()).toEqual([]);
    expect(await failureOf(services.of('livy').find('sessions', id))).toMatchObject({ code: 'USAGE' });
  });
});

test('Blazegraph tells its namespaces, and counts the statements of one', async () => {
  expect(await services.check('blazegraph')).toMatchObject({ reason: 'answers queries, namespaces kb, stars' });
  expect(await services.of('blazegraph').countStatements('kb')).toBe(1_204_311);
  expect(await failureOf(services.of('blazegraph').countStatements('none'))).toMatchObject({ code: 'API_REFUSED' });
});

test('Spark tells its executors, and the stages that failed in what runs', async () => {
  const [application] = await services.of('spark').applications();
  expect(await services.of('spark').executors(application?.id ?? '')).toMatchObject([
    { id: 'driver', host: '127.0.0.1' },
    {},
    {},
  ]);
  expect(await services.check('spark')).toMatchObject({ state: 'up' });
  const failed = {
    stageId: 4,
    status: 'FAILED',
    name: 'count',
    numFailedTasks: 1,
    failureReason: 'lost executor 1\n at x',
  } as const;
  data().spark.addApplication('nightly', { stages: [failed] });
  expect(await services.check('spark')).toMatchObject({
    state: 'degraded',
    details: ['nightly: 1 failed stage, lost executor 1'],
  });
});

test('Lightning is up when it tells its sessions', async () => {
  expect(await services.check('lightning')).toEqual({ state: 'up', reason: '0 sessions, 0 visualizations' });
});

test('a service whose app has no task is down, and one that is not configured says what to add', async () => {
  await practice.cluster.marathon.scale('/livy', 0);
  await practice.clock.sleep(5_000);
  expect(await failureOf(services.check('livy'))).toMatchObject({ code: 'API_UNREACHABLE' });
  const none = createCluster({ services: {} }, { environment: 'x', clock: systemClock, log: silentLog }).services;
  expect(() => none.of('livy')).toThrow('The environment has no service livy.');
});
