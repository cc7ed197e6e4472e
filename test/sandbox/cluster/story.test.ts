import { at, startPractice, type Practice } from './support.js';

let practice: Practice;
beforeEach(async () => {
  practice = await startPractice();
});
afterEach(() => practice.stop());

const small = (more = {}) => ({
  id: '/web',
  cmd: 'serve',
  cpus: 0.1,
  mem: 32,
  instances: 1,
  healthChecks: [{ path: '/' }],
  ...more,
});

async function app(id = '/web'): Promise<unknown> {
  return at((await practice.marathon('GET', `/v2/apps/${id}`)).data, 'app');
}

test('the loaded apps run and are healthy from the start', async () => {
  const { data } = await practice.marathon('GET', '/v2/apps');
  const apps = at(data, 'apps') as { id: string; tasksRunning: number; tasksHealthy: number }[];
  expect(apps.map(({ id, tasksRunning, tasksHealthy }) => [id, tasksRunning, tasksHealthy])).toEqual([
    ['/chronos', 1, 1],
    ['/zeppelin', 1, 1],
    ['/livy', 1, 1],
    ['/blazegraph', 1, 1],
    ['/lightning', 1, 1],
  ]);
});

test('a posted app goes from accepted over staging and running to healthy, and its deployment goes', async () => {
  const { status, data } = await practice.marathon('POST', '/v2/apps', small());
  const id = at(data, 'deployments.0.id');
  expect([status, at(data, 'tasksRunning')]).toEqual([201, 0]);
  await practice.clock.advance(120);
  expect((await practice.marathon('GET', '/v2/deployments')).data).toEqual([]);
  await practice.clock.advance(130);
  expect((await practice.marathon('GET', '/v2/deployments')).data).toMatchObject([
    { id, currentStep: 2, totalSteps: 2 },
  ]);
  expect(await app()).toMatchObject({ tasksStaged: 1, tasksRunning: 0 });
  await practice.clock.advance(350);
  expect(await app()).toMatchObject({ tasksStaged: 0, tasksRunning: 1, tasksHealthy: 0, tasksUnhealthy: 0 });
  await practice.clock.advance(600);
  expect(await app()).toMatchObject({ tasksRunning: 1, tasksHealthy: 1, deployments: [] });
  expect((await practice.marathon('GET', '/v2/deployments')).data).toEqual([]);
});

test('a restart replaces the task and ends with the new version healthy', async () => {
  const before = (await app('/zeppelin')) as { tasks: { id: string }[] };
  const { data } = await practice.marathon('POST', '/v2/apps//zeppelin/restart');
  await practice.clock.advance(3_000);
  const after = await app('/zeppelin');
  expect(after).toMatchObject({ version: at(data, 'version'), tasksRunning: 1, tasksHealthy: 1, deployments: [] });
  expect(at(after, 'tasks.0.id')).not.toBe(before.tasks[0]?.id);
});

test('instances are spread over the agents', async () => {
  await practice.marathon('POST', '/v2/apps', small({ instances: 8 }));
  await practice.clock.advance(3_000);
  const tasks = at(await app(), 'tasks') as { host: string }[];
  expect(new Set(tasks.map(({ host }) => host)).size).toBe(4);
});

test('loaded apps that do not fit wait in the queue like any other', async () => {
  const crowd = await startPractice({ apps: { apps: [{ id: '/crowd', cmd: 'x', cpus: 3, mem: 16, instances: 6 }] } });
  expect(at((await crowd.marathon('GET', '/v2/apps/crowd')).data, 'app.tasksRunning')).toBe(4);
  await crowd.clock.advance(1_000);
  expect((await crowd.marathon('GET', '/v2/queue')).data).toMatchObject({
    queue: [{ app: { id: '/crowd' }, count: 2, delay: { overdue: true } }],
  });
  await crowd.stop();
});
