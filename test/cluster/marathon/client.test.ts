import { afterEach, describe, expect, test } from '@jest/globals';
import { createMarathon } from '../../../src/cluster/marathon/client.js';
import { closeServers, failureOf, fixture, hurryingClock, httpTo, routes, serve, type Handler } from '../serve.js';

afterEach(closeServers);

async function marathonAt(handler: Handler) {
  const server = await serve(handler);
  const clock = hurryingClock();
  return { server, clock, marathon: createMarathon({ http: httpTo(server.url), clock }) };
}

const BACKUP = fixture('marathon/apps-backup-1.4.7.json') as { apps: { id: string }[] };

describe('reading captured answers', () => {
  test('reads the apps of Marathon 1.4.7', async () => {
    const { marathon } = await marathonAt(routes({ '/v2/apps': { body: BACKUP } }));
    const apps = await marathon.apps();
    expect(apps.map(({ id, instances, tasksRunning }) => ({ id, instances, tasksRunning }))).toContainEqual({
      id: '/chronos',
      instances: 1,
      tasksRunning: 1,
    });
  });

  test('reads an app with tasks and its last failure', async () => {
    const { marathon } = await marathonAt(
      routes({ '/v2/apps/dev/foo': { body: { app: fixture('marathon/app-single-with-tasks.json') } } }),
    );
    const app = await marathon.app('/dev/foo');
    expect(app.tasks[0]).toMatchObject({ agentId: 'dd34c73f-9680-4f50-98db-5b0331af4d19-S8', healthCheckResults: [] });
    expect(app.lastTaskFailure).toMatchObject({
      message: 'Container exited with status 127',
      agentId: '39e1a8e3-0fd1-4ba6-981d-e01318944957-S4',
    });
  });

  test('reads deployments, queues, tasks, groups, versions and info', async () => {
    const { marathon } = await marathonAt(
      routes({
        '/v2/deployments': { body: fixture('marathon/deployments-one.json') },
        '/v2/queue': { body: fixture('marathon/queue-asgard.json') },
        '/v2/tasks': { body: fixture('marathon/tasks.json') },
        '/v2/groups': { body: fixture('marathon/groups-tasks-health.json') },
        '/v2/apps/x/versions': { body: fixture('marathon/versions.json') },
        '/v2/info': { body: fixture('marathon/info-doc-1.4.7.json') },
      }),
    );
    expect((await marathon.deployments())[0]).toMatchObject({ affectedApps: ['/kafka'] });
    expect((await marathon.queue()).map(({ id, delay }) => [id, delay?.timeLeftSeconds])).toEqual([
      ['/infra/otherapp', 2],
      ['/dev/waiting', 286],
    ]);
    expect((await marathon.tasks())[0]?.agentId).toBe('47474c91-b589-4fe3-a2b0-524f4f1d738f-S2');
    expect((await marathon.groups()).id).toBe('/');
    expect(await marathon.versions('/x')).toEqual(['2015-08-28T01:26:14.620Z', '2015-02-28T05:12:12.221Z']);
    expect((await marathon.info()).version).toBe('0.13.0-SNAPSHOT');
  });

  test('has no leader while Marathon knows none', async () => {
    const { marathon } = await marathonAt(
      routes({ '/v2/leader': { status: 404, body: { message: 'There is no leader' } } }),
    );
    await expect(marathon.leader()).resolves.toBeUndefined();
  });
});

describe('finding an app', () => {
  const apps = ['/zeppelin', '/data/livy', '/test/livy', '/data/spark'].map((id) => ({ id, instances: 1 }));
  const find = async (name: string) => {
    const { marathon } = await marathonAt((seen) =>
      seen.url.startsWith('/v2/apps?')
        ? { body: { apps } }
        : { body: { app: apps.find(({ id }) => seen.url.endsWith(id)) } },
    );
    return marathon.find(name);
  };

  test.each([
    ['zeppelin', '/zeppelin'],
    ['/zeppelin', '/zeppelin'],
    ['spark', '/data/spark'],
    ['data/livy/', '/data/livy'],
  ])('%s is %s', async (name, id) => expect((await find(name)).id).toBe(id));

  test('names similar apps when it finds none', async () => {
    expect(await failureOf(find('zepelin'))).toMatchObject({ code: 'APP_NOT_FOUND', hint: 'Did you mean zeppelin?' });
  });

  test('asks for the whole id when two apps end alike', async () => {
    expect(await failureOf(find('livy'))).toMatchObject({
      code: 'USAGE',
      message: '"livy" may be /data/livy or /test/livy.',
    });
  });
});

describe('changing an app', () => {
  test('says who holds the lock and how far they are', async () => {
    const message =
      "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.";
    const id = 'b4f69082-6f96-4c92-a778-37bf61c59686';
    const { marathon } = await marathonAt(
      routes({
        'POST /v2/apps/kafka/restart': { status: 409, body: { message, deployments: [{ id }] } },
        '/v2/deployments': { body: fixture('marathon/deployments-one.json') },
      }),
    );
    const error = await failureOf(marathon.restart('/kafka'));
    expect(error).toMatchObject({ code: 'APP_LOCKED', hint: expect.stringContaining('--force') });
    expect(error.message).toBe(`/kafka is locked by deployment ${id} (step 2 of 2: ScaleApplication /kafka).`);
  });

  test('asks who holds the lock within the limits of the call it belongs to', async () => {
    const { server, clock } = await marathonAt(
      routes({
        'POST /v2/apps/kafka/restart': { status: 409, body: { message: 'Locked.', deployments: [{ id: 'd' }] } },
      }),
    );
    const http = httpTo(server.url);
    const asked: unknown[] = [];
    const get: typeof http.get = (path, schema, options) => {
      asked.push([path, options]);
      return http.get(path, schema, options);
    };
    const limits = { signal: new AbortController().signal, timeoutMs: 4321 };
    const error = await failureOf(createMarathon({ http: { ...http, get }, clock }).restart('/kafka', limits));
    expect(error).toMatchObject({ code: 'APP_LOCKED' });
    expect(asked).toEqual([
      ['/v2/apps/kafka', limits],
      ['/v2/deployments', limits],
    ]);
  });

  test('scales by PATCH, which never creates an app', async () => {
    let version = 'old';
    const { marathon, server } = await marathonAt(
      routes({
        '/v2/apps/x': () => ({ body: { app: { id: '/x', version } } }),
        'PATCH /v2/apps/x': () => {
          version = 'new';
          return { body: { deploymentId: 'd', version } };
        },
      }),
    );
    await expect(marathon.scale('/x', 3)).resolves.toEqual({ app: '/x', deploymentId: 'd', version: 'new' });
    expect(server.seen).toContainEqual(expect.objectContaining({ method: 'PATCH', body: '{"instances":3}' }));
  });

  test('gives the version that the app keeps when nothing changed', async () => {
    const { marathon } = await marathonAt(
      routes({
        '/v2/apps/x': { body: { app: { id: '/x', version: 'old' } } },
        'PATCH /v2/apps/x': { body: { deploymentId: 'd', version: 'new' } },
      }),
    );
    await expect(marathon.scale('/x', 1)).resolves.toMatchObject({ version: 'old' });
  });

  test('says that an app is unknown', async () => {
    const { marathon } = await marathonAt(routes({}));
    expect(await failureOf(marathon.restart('/x'))).toMatchObject({
      code: 'APP_NOT_FOUND',
      message: 'Marathon has no app /x.',
    });
  });
});
