import { readFileSync } from 'node:fs';
import { asker, at, startPractice, type Practice } from './support.js';

const fixture = (path: string): unknown => JSON.parse(readFileSync(`test/fixtures/cluster/${path}`, 'utf8'));

type Kind = 'null' | 'string' | 'number' | 'boolean' | 'list' | 'object';

function kindOf(value: unknown): Kind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value as Kind;
}

/** Every field of `real` that `ours` lacks or has as another type; null fits everything, empty lists and maps fit theirs. */
function differences(real: unknown, ours: unknown, path = ''): string[] {
  const kinds = [kindOf(real), kindOf(ours)];
  if (kinds.includes('null')) return [];
  if (kinds[0] !== kinds[1]) return [`${path}: ${kinds[0]} there, ${kinds[1]} here`];
  if (Array.isArray(real) && Array.isArray(ours)) {
    return real.length > 0 && ours.length > 0 ? differences(real[0], ours[0], `${path}[]`) : [];
  }
  if (kinds[0] !== 'object') return [];
  const mine = ours as Record<string, unknown>;
  return Object.entries(real as Record<string, unknown>).flatMap(([key, value]) =>
    key in mine ? differences(value, mine[key], `${path}.${key}`) : [`${path}.${key}: missing here`],
  );
}

const without = (value: unknown, ...keys: string[]) =>
  Object.fromEntries(Object.entries(value as object).filter(([key]) => !keys.includes(key)));
const apps = fixture('marathon/apps-backup-1.4.7.json');

let practice: Practice;
beforeEach(async () => {
  practice = await startPractice({ apps, jobs: fixture('chronos/jobs-backup-3.0.json') });
});
afterEach(() => practice.stop());

const RUNTIME = ['tasksStaged', 'tasksRunning', 'tasksHealthy', 'tasksUnhealthy', 'deployments'];

test('a loaded backup of apps reads back field for field, in the order Marathon prints', async () => {
  const { data } = await practice.marathon('GET', '/v2/apps');
  const definitions = (body: unknown) => (at(body, 'apps') as object[]).map((app) => without(app, ...RUNTIME));
  expect(definitions(data)).toEqual(definitions(apps));
  expect(Object.keys(at(data, 'apps.2') as object)).toEqual(Object.keys(at(apps, 'apps.2') as object));
});

test('a backup replayed as a restore does it reads back the same but for its versions', async () => {
  const definitions = (body: unknown) =>
    (at(body, 'apps') as Record<string, unknown>[])
      .map((app) => without(app, ...RUNTIME, 'version', 'versionInfo'))
      .sort((a, b) => String(a['id']).localeCompare(String(b['id'])));
  for (const app of definitions(apps)) {
    await practice.marathon('DELETE', `/v2/apps/${String(app['id'])}`);
    expect((await practice.marathon('POST', '/v2/apps', without(app, 'uris', 'ports'))).status).toBe(409);
    await practice.clock.advance(500);
    const sent = without(app, 'uris', 'ports');
    expect((await practice.marathon('POST', '/v2/apps', sent)).status).toBe(201);
  }
  await practice.clock.advance(5_000);
  expect(definitions((await practice.marathon('GET', '/v2/apps')).data)).toEqual(definitions(apps));
  const back = { ...(at(apps, 'apps.1') as object) };
  expect(
    (
      await practice.marathon(
        'PUT',
        '/v2/apps/greent?partialUpdate=false',
        without(back, ...RUNTIME, 'version', 'versionInfo', 'uris', 'ports'),
      )
    ).status,
  ).toBe(200);
});

test('tasks, queue, deployments and groups of Marathon have the fields of the real ones', async () => {
  const { marathon, clock } = practice;
  const tasks = (await marathon('GET', '/v2/tasks')).data;
  expect(differences(at(fixture('marathon/tasks.json'), 'tasks'), at(tasks, 'tasks'))).toEqual([]);
  const posted = {
    id: '/big',
    cmd: 'x',
    cpus: 64,
    readinessChecks: [{ name: 'up', preserveLastResponse: true }],
    healthChecks: [{}],
  };
  await marathon('POST', '/v2/apps', posted);
  await clock.advance(1_000);
  const deployments = (await marathon('GET', '/v2/deployments')).data;
  expect(differences(fixture('marathon/deployments-one.json'), deployments)).toEqual([]);
  const queue = at((await marathon('GET', '/v2/queue')).data, 'queue') as object[];
  const real = fixture('marathon/queue-long-delay.bare-array.json') as Record<string, unknown>[];
  const comparable = real.map((item) => ({
    ...without(item, 'app'),
    processedOffersSummary: without(item['processedOffersSummary'], 'lastUsedOfferAt'),
  }));
  expect(differences(comparable, queue)).toEqual([]);
  const group = at(fixture('marathon/groups-tasks-health.json'), 'groups') as unknown[];
  expect(differences(without(group[0], 'apps', 'groups'), (await marathon('GET', '/v2/groups')).data)).toEqual([]);
  expect(differences(fixture('marathon/info-doc-1.4.7.json'), (await marathon('GET', '/v2/info')).data)).toEqual([]);
});

test('a task with health results and a last failure look like the real ones', async () => {
  const { marathon, clock, control } = practice;
  await marathon('POST', '/v2/apps', { id: '/well', cmd: 'x', cpus: 0.1, mem: 16, healthChecks: [{ path: '/' }] });
  await clock.advance(2_000);
  const tasks = at((await marathon('GET', '/v2/apps/well')).data, 'app.tasks');
  const groups = at(fixture('marathon/groups-tasks-health.json'), 'apps') as {
    tasks: { healthCheckResults?: object[] }[];
  }[];
  const result = groups.flatMap((app) => app.tasks).find((task) => task.healthCheckResults)?.healthCheckResults?.[0];
  expect(differences(without(result, 'taskId'), at(tasks, '0.healthCheckResults.0'))).toEqual([]);
  control.crashLoop('/well');
  const failure = at((await marathon('GET', '/v2/apps/well')).data, 'app.lastTaskFailure');
  expect(
    differences(without(at(fixture('marathon/app-single-with-tasks.json'), 'lastTaskFailure'), 'instanceId'), failure),
  ).toEqual([]);
});

test('jobs have the fields of the real ones, in both versions', async () => {
  await practice.chronos('POST', '/v1/scheduler/iso8601', without(fixture('chronos/job-purge-logs-3.0.json'), 'uris'));
  const real = fixture('chronos/job-purge-logs-3.0.json');
  expect(differences(real, (await practice.chronos('GET', '/v1/scheduler/job/infra-puge-logs-job')).data)).toEqual([]);
  practice.control.setChronosVersion('2.5');
  expect(
    differences(fixture('chronos/jobs-2.x.json'), (await practice.chronos('GET', '/scheduler/jobs')).data),
  ).toEqual([]);
});

test('the answers of Mesos have the fields of the real ones', async () => {
  const { mesos, clock, chronos } = practice;
  await clock.advance(1_000);
  expect(
    differences(
      without(at(fixture('mesos/master-slaves.json'), 'slaves.0'), 'attributes', 'reregistered_time'),
      at((await mesos('GET', '/slaves')).data, 'slaves.0'),
    ),
  ).toEqual([]);
  const real = fixture('mesos/state-1.5.0.json');
  const state = (await mesos('GET', '/state')).data;
  const comparable = { ...without(real, 'flags', 'external_log_file', 'frameworks'), slaves: at(real, 'slaves') };
  expect(differences(comparable, state)).toEqual([]);
  expect(differences(without(at(real, 'frameworks.0'), 'tasks', 'completed_tasks'), at(state, 'frameworks.0'))).toEqual(
    [],
  );
  await chronos('PUT', '/v1/scheduler/job/test');
  await clock.advance(1_000);
  const task = at(fixture('mesos/master-tasks.json'), 'tasks.0') as { statuses: object[] };
  const ours = at((await mesos('GET', '/tasks')).data, 'tasks.0');
  expect(differences({ ...without(task, 'container'), statuses: [without(task.statuses[0], 'labels')] }, ours)).toEqual(
    [],
  );
  const summary = fixture('mesos/state-summary.json');
  const head = { ...(summary as object), slaves: [without(at(summary, 'slaves.0'), 'domain', 'reserved_resources')] };
  expect(differences(head, (await mesos('GET', '/state-summary')).data)).toEqual([]);
  const master = fixture('mesos/v1-get_master.json');
  const info = without(at(master, 'get_master.master_info'), 'domain', 'capabilities');
  expect(
    differences(
      { ...(master as object), get_master: { ...(at(master, 'get_master') as object), master_info: info } },
      (await mesos('POST', '/api/v1', { type: 'GET_MASTER' })).data,
    ),
  ).toEqual([]);
});

test('masters and agents measure what the real ones measure', async () => {
  const metrics = (await practice.mesos('GET', '/metrics/snapshot')).data as object;
  const real = Object.keys(fixture('mesos/master-metrics-1.4.1.json') as object).filter((key) =>
    /^(master\/(?!.*(source_|gone_by))|registrar|system)/.test(key),
  );
  expect(real.filter((key) => !(key in metrics))).toEqual([]);
  const agent = (await practice.agent('GET', '/metrics/snapshot')).data as object;
  const realAgent = Object.keys(fixture('mesos/agent-metrics-1.4.json') as object).filter((key) =>
    /^(slave|system)/.test(key),
  );
  expect(realAgent.filter((key) => !(key in agent))).toEqual([]);
});

test('the answers of an agent have the fields of the real ones', async () => {
  const host = at((await practice.marathon('GET', '/v2/apps/zeppelin')).data, 'app.tasks.0.host');
  const agent = asker(practice.urls.agents[Number(String(host).at(-1))] ?? '');
  const state = (await agent('GET', '/state')).data;
  const real = fixture('mesos/agent-state-1.4.1.json');
  const comparable = without(real, 'frameworks', 'attributes', 'reserved_resources_allocated');
  expect(differences(comparable, state)).toEqual([]);
  const executor = at(real, 'frameworks.0.executors.0') as object;
  const task = without(at(executor, 'tasks.0'), 'container');
  expect(differences({ ...executor, tasks: [task] }, at(state, 'frameworks.0.executors.0'))).toEqual([]);
  expect(differences(fixture('mesos/agent-containers.json'), (await agent('GET', '/containers')).data)).toEqual([]);
  const path = at(state, 'frameworks.0.executors.0.directory') as string;
  const files = (await agent('GET', '/files/browse', undefined, { params: { path } })).data;
  expect(differences(fixture('mesos/files-browse.json'), files)).toEqual([]);
  expect((files as { path: string }[]).map((file) => file.path)).toEqual([`${path}/stderr`, `${path}/stdout`]);
});

test('the answers of Mesos-DNS have the fields of the real ones', async () => {
  const { dns } = practice;
  expect(differences(without(fixture('mesos-dns/config.json'), 'none'), (await dns('GET', '/v1/config')).data)).toEqual(
    [],
  );
  expect(differences(fixture('mesos-dns/enumerate.json'), (await dns('GET', '/v1/enumerate')).data)).toEqual([]);
  expect(differences(fixture('mesos-dns/version.json'), (await dns('GET', '/v1/version')).data)).toEqual([]);
  expect(
    differences(fixture('mesos-dns/hosts-leader.json'), (await dns('GET', '/v1/hosts/leader.mesos')).data),
  ).toEqual([]);
  const services = (await dns('GET', '/v1/services/_zeppelin._tcp.marathon.mesos.')).data;
  expect(differences(fixture('mesos-dns/services-logging-development.json'), services)).toEqual([]);
});
