import type { Readable } from 'node:stream';
import axios from 'axios';
import { asker, at, startPractice, type Practice } from './support.js';

let practice: Practice;
beforeEach(async () => {
  practice = await startPractice({ apps: [web, other] });
});
afterEach(() => practice.stop());

const web = { id: '/web', cmd: 'serve', cpus: 0.1, mem: 32, instances: 2, labels: { tier: 'front', team: 'a' } };
const other = { id: '/group/other', cmd: 'Sleep 100', cpus: 0.1, mem: 32, labels: { tier: 'back' } };
const LOCKED =
  "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.";

const ask = (...args: Parameters<Practice['marathon']>) => practice.marathon(...args);

test.each([
  [
    'a body that is not JSON',
    'POST',
    '/v2/apps',
    '{nope',
    400,
    { message: 'Invalid JSON', details: expect.any(String) },
  ],
  [
    'a field of the wrong type',
    'POST',
    '/v2/apps',
    { id: '/x', cmd: 'a', cpus: 'much' },
    400,
    { message: 'Invalid JSON', details: [{ path: '/cpus', errors: ['error.expected.jsnumber'] }] },
  ],
  [
    'scale together with wipe',
    'DELETE',
    '/v2/apps/web/tasks?scale=true&wipe=True',
    undefined,
    400,
    { message: 'You cannot use scale and wipe at the same time.' },
  ],
  ['an unknown app', 'GET', '/v2/apps//nope', undefined, 404, { message: "App '/nope' does not exist" }],
  [
    'a restart of an unknown app',
    'POST',
    '/v2/apps/nope/restart',
    undefined,
    404,
    { message: "App '/nope' does not exist" },
  ],
  [
    'an unknown version',
    'GET',
    '/v2/apps/web/versions/2017-01-01T00:00:00.000Z',
    undefined,
    404,
    { message: "App '/web' does not exist in version 2017-01-01T00:00:00.000Z" },
  ],
  ['an unknown route', 'GET', '/v2/nothing', undefined, 404, { message: 'URI not found: v2/nothing' }],
  [
    'a PATCH of an unknown app',
    'PATCH',
    '/v2/apps/nope',
    { instances: 2 },
    404,
    { message: "App '/nope' does not exist" },
  ],
  ['an app that exists', 'POST', '/v2/apps', web, 409, { message: 'An app with id [/web] already exists.' }],
  [
    'a group that exists',
    'POST',
    '/v2/groups',
    { id: '/group' },
    409,
    { message: 'Group /group is already created. Use PUT to change this group.' },
  ],
  [
    'an upgrade strategy beyond 1',
    'PUT',
    '/v2/apps/web',
    { upgradeStrategy: { minimumHealthCapacity: 2 } },
    422,
    {
      message: 'Object is not valid',
      details: [{ path: '/upgradeStrategy/minimumHealthCapacity', errors: ['is greater than 1'] }],
    },
  ],
  [
    'a scale of a mistyped app',
    'PUT',
    '/v2/apps/wbe',
    { instances: 3 },
    422,
    { message: 'Object is not valid', details: expect.any(Array) },
  ],
  [
    'an id with capitals',
    'POST',
    '/v2/apps',
    { id: '/Web', cmd: 'a' },
    422,
    { message: 'Object is not valid', details: expect.any(Array) },
  ],
  [
    'a version beside other fields',
    'PUT',
    '/v2/apps/web',
    { version: '2017-01-01T00:00:00.000Z', instances: 1 },
    422,
    { message: "requirement failed: The 'version' field may only be combined with the 'id' field." },
  ],
  [
    'uris beside fetch in a partial update, both empty',
    'PUT',
    '/v2/apps/web',
    { uris: [], fetch: [] },
    400,
    { message: 'You cannot specify both uris and fetch fields' },
  ],
  [
    'ports that differ from portDefinitions',
    'PUT',
    '/v2/apps/web',
    { ports: [10050], portDefinitions: [{ port: 10051 }] },
    400,
    { message: 'You cannot specify both ports and port definitions' },
  ],
  [
    'no accepted roles',
    'PUT',
    '/v2/apps/web',
    { acceptedResourceRoles: [] },
    400,
    { message: 'Invalid JSON', details: expect.any(Array) },
  ],
  [
    'an unknown task',
    'DELETE',
    '/v2/apps/web/tasks/web.nope',
    undefined,
    404,
    { message: "Task 'web.nope' does not exist" },
  ],
  ['an id that is no task id', 'POST', '/v2/tasks/delete', { ids: ['nope'] }, 400, { message: expect.any(String) }],
  [
    'an unknown deployment',
    'DELETE',
    '/v2/deployments/none',
    undefined,
    404,
    { message: 'DeploymentPlan none does not exist' },
  ],
  [
    'the delay of an app that does not wait',
    'DELETE',
    '/v2/queue//web/delay',
    undefined,
    404,
    { message: 'Application /web not found in tasks queue.' },
  ],
  ['an unknown group', 'GET', '/v2/groups/none', undefined, 404, { message: "Group '/none' does not exist" }],
])('refuses %s', async (_title, method, path, body, status, json) => {
  const answer = await ask(method, path, body);
  expect([answer.status, answer.data]).toEqual([status, json]);
});

test.each([
  ['POST', '/v2/apps', []],
  ['POST', '/v2/apps', 'null'],
  ['POST', '/v2/apps', { id: 7, cmd: 'x' }],
  ['POST', '/v2/apps', { id: '/x', cmd: 'x', healthChecks: [{ intervalSeconds: 'often' }] }],
  ['POST', '/v2/apps', { id: '/x', cmd: 'x', portDefinitions: [7] }],
  ['POST', '/v2/apps', { id: '/x', cmd: 'x', constraints: [['hostname', 'NEAR']] }],
  ['POST', '/v2/apps', { id: '/x', cmd: 'x', container: { docker: 5 } }],
  ['PUT', '/v2/apps/web', { upgradeStrategy: { minimumHealthCapacity: 'half' } }],
  ['PUT', '/v2/apps', { id: '/web' }],
  ['PUT', '/v2/apps', [{ instances: 1 }]],
  ['PUT', '/v2/groups/group', { apps: 'all' }],
  ['POST', '/v2/tasks/delete', { ids: 'all' }],
  ['GET', '/v2/apps?label=a b c', undefined],
  ['POST', '/v2/apps', { id: '/x', cmd: 'x', cpus: -1 }],
  ['POST', '/v2/pods', { id: '/p', containers: 'none' }],
])('answers nonsense (%s %s %j) with a 4xx that has a message', async (method, path, body: unknown) => {
  const { status, data } = await ask(method, path, body);
  expect([status >= 400 && status < 500, typeof at(data, 'message')]).toEqual([true, 'string']);
});

test.each([
  ['GET', '/v2/events'],
  ['POST', '/v2/info'],
  ['DELETE', '/v2/tasks'],
])('answers %s %s with 405 and a page of HTML', async (method, path) => {
  const { status, data, headers } = await ask(method, path);
  expect(status).toBe(405);
  expect(headers['content-type']).toContain('text/html');
  expect(data).toContain('<html>');
});

test.each([
  ['/v2/apps', ['/web', '/group/other']],
  ['/v2/apps/', ['/web', '/group/other']],
  ['/v2/apps?id=OTH', ['/group/other']],
  ['/v2/apps?cmd=sleep', ['/group/other']],
  ['/v2/apps?label=team', ['/web']],
  ['/v2/apps?label=tier==back', ['/group/other']],
  ['/v2/apps?label=tier!=back', ['/web']],
  ['/v2/apps?label=tier in (front, back),team==a', ['/web']],
  ['/v2/apps?label=tier notin (front)', ['/group/other']],
  ['/v2/apps?id=none', []],
])('%s lists the apps that fit', async (path, ids) => {
  const { data } = await ask('GET', path);
  expect((at(data, 'apps') as { id: string }[]).map(({ id }) => id)).toEqual(ids);
});

test.each([
  ['', []],
  ['embed=apps.tasks', ['tasks']],
  ['embed=tasks', ['tasks']],
  ['embed=app.taskStats&embed=nonsense', ['taskStats']],
  ['embed=apps.failures', ['tasks']],
])('a list with "%s" embeds %j beside counts and deployments', async (query, extra) => {
  const { data } = await ask('GET', `/v2/apps?${query}`);
  const app = at(data, 'apps.0') as Record<string, unknown>;
  expect(app).toMatchObject({ tasksRunning: 2, tasksStaged: 0, tasksHealthy: 0, tasksUnhealthy: 0, deployments: [] });
  expect(['tasks', 'lastTaskFailure', 'taskStats', 'readinessCheckResults'].filter((key) => key in app)).toEqual(extra);
});

test.each([
  ['an app as a form', 'POST', '/v2/apps', { id: '/x', cmd: 'a' }, 'application/x-www-form-urlencoded'],
  ['a restart with nothing in it', 'POST', '/v2/apps/web/restart', undefined, undefined],
  ['a group as text', 'PUT', '/v2/groups', { id: '/', apps: [] }, 'text/plain'],
])('%s is no JSON, and refused with 415', async (_title, method, path, body, type) => {
  const { status, data } = await ask(method, path, body, { headers: { 'Content-Type': type ?? false } });
  expect([status, data]).toEqual([415, { message: 'Unsupported Media Type' }]);
  expect((await ask('GET', '/v2/deployments')).data).toEqual([]);
});

test('one app comes with its tasks under one slash or two; a star asks for a group', async () => {
  for (const path of ['/v2/apps/group/other', '/v2/apps//group/other']) {
    expect((await ask('GET', path)).data).toMatchObject({
      app: { id: '/group/other', tasks: [{ appId: '/group/other', state: 'TASK_RUNNING' }] },
    });
  }
  expect((await ask('GET', '/v2/apps/group/*')).data).toMatchObject({ '*': [{ id: '/group/other' }] });
});

test('ping is text, or a JSON string for those who take nothing else', async () => {
  const plain = await ask('GET', '/ping');
  expect([plain.data, plain.headers['content-type']]).toEqual(['pong', 'text/plain;charset=utf-8']);
  const json = await ask('GET', '/ping', undefined, {
    headers: { Accept: 'application/json' },
    responseType: 'text',
    transformResponse: (text: string) => text,
  });
  expect(json.data).toBe('"pong"');
});

test('every reply names the leader', async () => {
  const { headers } = await ask('GET', '/v2/info');
  expect(headers['x-marathon-leader']).toBe(practice.urls.marathon);
});

test('the 409 of a lock names the deployment that holds the app; force walks over it', async () => {
  const id = practice.control.lockApp('/web');
  const refused = await ask('POST', '/v2/apps/web/restart');
  expect([refused.status, refused.data]).toEqual([409, { message: LOCKED, deployments: [{ id }] }]);
  expect((await ask('PUT', '/v2/apps/web', { instances: 3 })).status).toBe(409);
  expect((await ask('POST', '/v2/apps/web/restart?force=True')).status).toBe(200);
  await practice.clock.advance(5_000);
  expect((await ask('GET', '/v2/deployments')).data).toEqual([]);
});

test('a delete walks over a running deployment unless it is told not to', async () => {
  practice.control.lockApp('/web');
  expect((await ask('DELETE', '/v2/apps/web?force=false')).status).toBe(409);
  expect((await ask('DELETE', '/v2/apps/web')).status).toBe(200);
  expect((await ask('GET', '/v2/apps/web')).status).toBe(404);
});

test('deleting a deployment reverts by a new one; with force it is dropped with 202 and nothing more', async () => {
  const { data } = await ask('PUT', '/v2/apps/web', { cmd: 'other', cpus: 100 });
  await practice.clock.advance(500);
  const reverted = await ask('DELETE', `/v2/deployments/${String(at(data, 'deploymentId'))}`);
  expect([reverted.status, Object.keys(reverted.data as object)]).toEqual([200, ['version', 'deploymentId']]);
  await practice.clock.advance(5_000);
  expect((await ask('GET', '/v2/apps/web')).data).toMatchObject({
    app: { cmd: 'serve', cpus: 0.1, tasksRunning: 2, deployments: [] },
  });

  const second = await ask('PUT', '/v2/apps/web', { cpus: 100 });
  await practice.clock.advance(500);
  const dropped = await ask('DELETE', `/v2/deployments/${String(at(second.data, 'deploymentId'))}?force=true`);
  expect([dropped.status, dropped.data]).toEqual([202, '']);
  expect((await ask('GET', '/v2/apps/web')).data).toMatchObject({
    app: { cpus: 100, tasksRunning: 2, deployments: [] },
  });
});

test('a change of nothing answers with a deployment that is never listed', async () => {
  const before = await ask('GET', '/v2/apps/web');
  const { status, data } = await ask('PUT', '/v2/apps/web', { cmd: 'serve' });
  expect([status, Object.keys(data as object)]).toEqual([200, ['version', 'deploymentId']]);
  await practice.clock.advance(300);
  expect((await ask('GET', '/v2/deployments')).data).toEqual([]);
  expect(at((await ask('GET', '/v2/apps/web')).data, 'app.version')).toBe(at(before.data, 'app.version'));
});

test('versions come in no order, one of them is a bare definition, and a PUT of one brings it back with its instances', async () => {
  const first = at((await ask('GET', '/v2/apps/web')).data, 'app.version') as string;
  for (const instances of [3, 4, 5]) {
    await ask('PUT', '/v2/apps/web', { instances });
    await practice.clock.advance(3_000);
  }
  const versions = at((await ask('GET', '/v2/apps/web/versions')).data, 'versions') as string[];
  expect(versions).toHaveLength(4);
  expect(versions).not.toEqual(versions.toSorted());
  const bare = (await ask('GET', `/v2/apps/web/versions/${first}`)).data as Record<string, unknown>;
  expect([bare['id'], bare['instances'], 'tasksRunning' in bare]).toEqual(['/web', 2, false]);
  await ask('PUT', '/v2/apps/web', { version: first });
  await practice.clock.advance(3_000);
  expect((await ask('GET', '/v2/apps/web')).data).toMatchObject({ app: { instances: 2, tasksRunning: 2 } });
});

test('killed tasks come back, and with scale they do not', async () => {
  const ids = (at((await ask('GET', '/v2/apps/web/tasks')).data, 'tasks') as { id: string }[]).map(({ id }) => id);
  const killed = await ask('DELETE', `/v2/apps/web/tasks/${ids[0]}`);
  expect(at(killed.data, 'task.id')).toBe(ids[0]);
  await practice.clock.advance(2_000);
  expect((await ask('GET', '/v2/apps/web')).data).toMatchObject({ app: { instances: 2, tasksRunning: 2 } });
  const scaled = await ask('POST', '/v2/tasks/delete?scale=true', { ids: [ids[1], 'web.unknown-one'] });
  expect(Object.keys(scaled.data as object)).toEqual(['version', 'deploymentId']);
  await practice.clock.advance(2_000);
  expect((await ask('GET', '/v2/apps/web')).data).toMatchObject({ app: { instances: 1, tasksRunning: 1 } });
});

test('a bulk kill passes over ids it does not know', async () => {
  const id = at((await ask('GET', '/v2/apps/web/tasks')).data, 'tasks.0.id');
  const { data } = await ask('POST', '/v2/tasks/delete', { ids: [id, 'web.unknown-one'] });
  expect((at(data, 'tasks') as { id: string }[]).map((task) => task.id)).toEqual([id]);
});

test('tasks can be listed by state and as text', async () => {
  expect(at((await ask('GET', '/v2/tasks?status=running')).data, 'tasks')).toHaveLength(3);
  expect(at((await ask('GET', '/v2/tasks?status=staging')).data, 'tasks')).toHaveLength(0);
  expect(at((await ask('GET', '/v2/tasks?status=nonsense')).data, 'tasks')).toHaveLength(3);
  const { data } = await ask('GET', '/v2/tasks', undefined, { headers: { Accept: 'text/plain' } });
  expect(data).toMatch(/^web\t10000\tstars-dw\d:31\d+\tstars-dw\d:31\d+\n/);
});

test('a dry run of a group tells its steps and changes nothing; a PUT drops what it does not name', async () => {
  const { data } = await ask('PUT', '/v2/groups/group?dryRun=true', { apps: [] });
  expect(data).toEqual({ steps: [{ actions: [{ action: 'StopApplication', app: '/group/other' }] }] });
  expect((await ask('GET', '/v2/apps/group/other')).status).toBe(200);
  await ask('PUT', '/v2/groups/group', { apps: [{ id: 'new', cmd: 'a' }] });
  await practice.clock.advance(3_000);
  expect((await ask('GET', '/v2/apps/group/*')).data).toMatchObject({ '*': [{ id: '/group/new', tasksRunning: 1 }] });
});

test('scaleBy multiplies every app of a group and rounds up', async () => {
  await ask('PUT', '/v2/groups', { scaleBy: 1.5 });
  await practice.clock.advance(3_000);
  const { data } = await ask('GET', '/v2/apps');
  expect((at(data, 'apps') as { id: string; instances: number }[]).map(({ id, instances }) => [id, instances])).toEqual(
    [
      ['/web', 3],
      ['/group/other', 2],
    ],
  );
});

test('a list PUT changes many apps in one deployment, parents before those that depend on them', async () => {
  const { data } = await ask('PUT', '/v2/apps', [
    { id: '/web', cmd: 'new', dependencies: ['/group'] },
    { id: '/group/other', cmd: 'new' },
  ]);
  await practice.clock.advance(300);
  expect((await ask('GET', '/v2/deployments')).data).toMatchObject([
    {
      id: at(data, 'deploymentId'),
      affectedApps: ['/group/other', '/web'],
      steps: [
        { actions: [{ action: 'RestartApplication', app: '/group/other' }] },
        { actions: [{ action: 'RestartApplication', app: '/web' }] },
      ],
      currentStep: 1,
      totalSteps: 2,
    },
  ]);
});

test('groups show what is asked for', async () => {
  expect((await ask('GET', '/v2/groups')).data).toMatchObject({
    id: '/',
    apps: [{ id: '/web' }],
    groups: [{ id: '/group', apps: [{ id: '/group/other' }] }],
  });
  expect(Object.keys((await ask('GET', '/v2/groups?embed=group.groups')).data as object)).not.toContain('apps');
  expect((await ask('GET', '/v2/groups/group?embed=group.apps&embed=group.apps.counts')).data).toMatchObject({
    apps: [{ tasksRunning: 1 }],
  });
});

test('pods are made, seen and taken away, with 202 and the deployment in a header', async () => {
  expect((await ask('HEAD', '/v2/pods')).status).toBe(200);
  expect((await ask('POST', '/v2/pods', { id: '/pod', containers: [{ name: 'one' }] })).status).toBe(201);
  expect((await ask('PUT', '/v2/pods/pod', { id: '/else', containers: [{ name: 'one' }] })).status).toBe(400);
  await practice.clock.advance(2_000);
  expect((await ask('GET', '/v2/pods/pod::status')).data).toMatchObject({
    id: '/pod',
    status: 'STABLE',
    instances: [{ status: 'STABLE' }],
  });
  expect(at((await ask('GET', '/v2/apps')).data, 'apps')).toHaveLength(2);
  const gone = await ask('DELETE', '/v2/pods/pod');
  expect([gone.status, gone.data, typeof gone.headers['marathon-deployment-id']]).toEqual([202, '', 'string']);
  const unknown = await ask('GET', '/v2/pods/pod');
  expect([unknown.status, JSON.parse(String(unknown.data))]).toEqual([404, { message: "Pod '/pod' does not exist" }]);
});

test.each([
  ['below an app', { id: '/web/inner', cmd: 'a' }, 'Groups and Applications may not have the same identifier.'],
  [
    'that depends on itself over another',
    { id: '/x', cmd: 'a', dependencies: ['/x2'] },
    'Dependency graph has cyclic dependencies.',
  ],
])('refuses an app %s', async (_title, body, words) => {
  if (body.id === '/x')
    await ask('PUT', '/v2/apps', [{ id: '/x2', cmd: 'a', cpus: 0.1, mem: 16, dependencies: ['/x'] }]);
  const { status, data } = await ask('POST', '/v2/apps', { cpus: 0.1, mem: 16, ...body });
  expect([status, at(data, 'details.0.errors')]).toEqual([422, [words]]);
});

test('one app shows readiness and statistics only to those who ask', async () => {
  await ask('PUT', '/v2/apps/web', { readinessChecks: [{ name: 'up' }] });
  const keys = async (query: string) =>
    Object.keys(at((await ask('GET', `/v2/apps/web${query}`)).data, 'app') as object);
  expect(await keys('')).not.toEqual(expect.arrayContaining(['taskStats']));
  expect(await keys('')).not.toEqual(expect.arrayContaining(['readinessCheckResults']));
  expect(await keys('?embed=app.taskStats&embed=app.readiness')).toEqual(
    expect.arrayContaining(['taskStats', 'readinessCheckResults', 'tasks', 'deployments']),
  );
});

test('a task out of reach is not killed but wiped', async () => {
  const { host, id } = (
    at((await ask('GET', '/v2/apps/web/tasks')).data, 'tasks') as { host: string; id: string }[]
  )[0]!;
  await practice.control.loseAgent(host);
  await practice.clock.advance(4_000);
  const states = async () =>
    (at((await ask('GET', '/v2/apps/web/tasks')).data, 'tasks') as { id: string; state: string }[]).map((one) => [
      one.id,
      one.state,
    ]);
  await ask('DELETE', `/v2/apps/web/tasks/${id}`);
  await practice.clock.advance(2_000);
  expect(await states()).toContainEqual([id, 'TASK_UNREACHABLE']);
  await ask('DELETE', `/v2/apps/web/tasks/${id}?wipe=true`);
  await practice.clock.advance(2_000);
  expect((await states()).map(([one]) => one)).not.toContain(id);
  expect((await ask('GET', '/v2/apps/web')).data).toMatchObject({ app: { tasksRunning: 2 } });
});

test('a task of a pod is named after its instance and container', async () => {
  await ask('POST', '/v2/pods', { id: '/group/pod', containers: [{ name: 'one' }] });
  await practice.clock.advance(2_000);
  const id = at((await ask('GET', '/v2/pods/group/pod::status')).data, 'instances.0.id') as string;
  expect(id).toMatch(/^group_pod\.instance-[0-9a-f-]{36}$/);
  const { data } = await practice.mesos('GET', '/tasks');
  expect((at(data, 'tasks') as { id: string }[]).map((task) => task.id)).toContain(`${id}.one`);
});

test('an instance that does not lead passes everything on and says so, and fails as the leader does', async () => {
  const standby = asker(practice.urls.marathonStandbys[0] ?? '');
  const answer = await standby('GET', '/v2/apps/web');
  const own = new URL(practice.urls.marathonStandbys[0] ?? '').host;
  expect([answer.headers['x-marathon-via'], answer.headers['x-marathon-leader']]).toEqual([
    `1.1 ${own}`,
    practice.urls.marathon,
  ]);
  expect((await standby('PUT', '/v2/apps/web', { instances: 3 })).headers['marathon-deployment-id']).toBeDefined();
  const looped = await standby('GET', '/v2/apps', undefined, { headers: { 'X-Marathon-Via': `1.1 ${own}` } });
  expect([looped.status, looped.data]).toEqual([502, 'Detected proxying loop.']);
  await practice.control.stopService('marathon on stars-dc0');
  const refused = await standby('GET', '/v2/apps');
  expect([refused.status, refused.data]).toEqual([502, 'Connection to leader refused.']);
  expect((await standby('GET', '/ping')).data).toBe('pong');
  practice.control.changeLeader('marathon');
  expect((await standby('GET', '/v2/apps')).status).toBe(503);
});

test('when the instance that leads ends, the next one leads, and the first stands by when it is back', async () => {
  const { control, clock, urls } = practice;
  const second = asker(urls.marathonStandbys[0] ?? '');
  await control.serviceOn('stars-dc0', 'marathon', false);
  expect((await second('GET', '/v2/apps')).status).toBe(503);
  await expect(ask('GET', '/v2/apps')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await clock.advance(2_000);
  expect((await second('GET', '/v2/leader')).data).toEqual({ leader: new URL(urls.marathonStandbys[0] ?? '').host });
  await control.serviceOn('stars-dc0', 'marathon', true);
  const { headers } = await ask('GET', '/v2/apps');
  expect([headers['x-marathon-leader'], headers['x-marathon-via']]).toEqual([
    urls.marathonStandbys[0],
    `1.1 ${new URL(urls.marathon).host}`,
  ]);
  expect((await ask('DELETE', '/v2/leader')).data).toEqual({ message: 'Leadership abdicated' });
  await clock.advance(2_000);
  expect((await ask('GET', '/v2/leader')).data).toEqual({ leader: new URL(urls.marathonStandbys[1] ?? '').host });
});

test('a change that is refused is told to those who listen, with its reason', async () => {
  practice.control.lockApp('/web');
  expect((await ask('PUT', '/v2/apps/web', { instances: 3 })).status).toBe(409);
  const [failed] = practice.control.events().filter(({ type }) => type === 'group_change_failed');
  expect(failed?.data).toMatchObject({
    groupId: '/',
    version: expect.any(String),
    reason: expect.stringMatching(/^App is locked/),
  });
});

test('health checks that come and go are told', async () => {
  await ask('PUT', '/v2/apps/web', { healthChecks: [{ path: '/a' }] });
  await ask('PUT', '/v2/apps/web?force=true', { healthChecks: [] });
  expect(practice.control.events().filter(({ type }) => /health_check_event/.test(type))).toMatchObject([
    { type: 'add_health_check_event', data: { appId: '/web', healthCheck: { path: '/a' } } },
    { type: 'remove_health_check_event', data: { appId: '/web', healthCheck: { path: '/a' } } },
  ]);
});

test('the versions of an app die with it, and there are never more than fifty', async () => {
  for (let instances = 0; instances < 55; instances++)
    await ask('PUT', '/v2/apps/web?force=true', { instances: instances % 3 });
  expect(at((await ask('GET', '/v2/apps/web/versions')).data, 'versions')).toHaveLength(50);
  const old = at((await ask('GET', '/v2/apps/web/versions')).data, 'versions.0') as string;
  await ask('DELETE', '/v2/apps/web');
  await practice.clock.advance(3_000);
  expect((await ask('GET', '/v2/apps/web/versions')).status).toBe(404);
  await ask('POST', '/v2/apps', web);
  expect((await ask('PUT', '/v2/apps/web?force=true', { version: old })).status).toBe(404);
});

test('a group is rolled back as a whole, and refused to be deleted while a deployment holds what is in it', async () => {
  const version = at((await ask('GET', '/v2/groups')).data, 'version') as string;
  await ask('PUT', '/v2/apps/group/other', { cmd: 'new' });
  await practice.clock.advance(3_000);
  await ask('PUT', '/v2/groups/group', { version });
  await practice.clock.advance(3_000);
  expect((await ask('GET', '/v2/apps/group/other')).data).toMatchObject({ app: { cmd: 'Sleep 100' } });
  expect((await ask('PUT', '/v2/groups/group', { version, scaleBy: 2 })).status).toBe(422);
  practice.control.lockApp('/group/other');
  expect((await ask('DELETE', '/v2/groups/group')).status).toBe(409);
});

test('a delete of no group in particular destroys everything', async () => {
  expect(Object.keys((await ask('DELETE', '/v2/groups')).data as object)).toEqual(['version', 'deploymentId']);
  await practice.clock.advance(3_000);
  expect([(await ask('GET', '/v2/apps')).data, (await ask('GET', '/v2/tasks')).data]).toEqual([
    { apps: [] },
    { tasks: [] },
  ]);
});

test('an event of a deployment carries the whole root group twice', async () => {
  await ask('POST', '/v2/apps/web/restart');
  await practice.clock.advance(200);
  const [event] = practice.control.events().filter(({ type }) => type === 'deployment_info');
  for (const root of ['original', 'target'])
    expect(at(event, `data.plan.${root}`)).toMatchObject({
      id: '/',
      apps: [{ id: '/web' }],
      groups: [{ id: '/group', apps: [{ id: '/group/other' }] }],
    });
});

test('a reader that is too slow loses events and is not told', async () => {
  const big = { id: '/big', cmd: 'x'.repeat(900_000), cpus: 0.1, mem: 16 };
  await ask('POST', '/v2/apps', big);
  await practice.clock.advance(2_000);
  const { data } = await axios.get<Readable>(`${practice.urls.marathon}/v2/events?event_type=deployment_info`, {
    headers: { Accept: 'text/event-stream' },
    responseType: 'stream',
  });
  for (let time = 0; time < 30; time++) {
    await ask('POST', '/v2/apps/web/restart?force=true');
    await practice.clock.advance(200);
  }
  const sent = practice.control.events().filter(({ type }) => type === 'deployment_info').length;
  practice.control.changeLeader('marathon');
  let text = '';
  for await (const piece of data) text += String(piece);
  const read = text.match(/^event: /gm)?.length ?? 0;
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(sent);
});
