import { connect } from 'node:net';
import axios from 'axios';
import { asker, at, startPractice, type Practice } from './support.js';

let practice: Practice;
beforeEach(async () => {
  practice = await startPractice();
});
afterEach(() => practice.stop());

const standby = (path: string, method = 'GET') => asker(practice.urls.mesos[1] ?? '')(method, path);

test.each([
  '/state',
  '/master/state',
  '/state.json',
  '/slaves',
  '/tasks',
  '/frameworks',
  '/state-summary',
  '/maintenance/schedule',
])('a master that does not lead sends readers of %s on, without a scheme and without their query', async (path) => {
  const { status, headers } = await standby(`${path}?limit=5`);
  expect([status, headers['location']]).toEqual([307, `//${new URL(practice.urls.mesos[0] ?? '').host}${path}`]);
});

test('a POST to a master that does not lead is sent on too', async () => {
  expect((await standby('/api/v1', 'POST')).status).toBe(307);
});

test('every master speaks for itself where it must', async () => {
  for (const path of ['/health', '/version', '/flags', '/metrics/snapshot'])
    expect((await standby(path)).status).toBe(200);
  const elected = await Promise.all(
    practice.urls.mesos.map(async (url) => at((await asker(url)('GET', '/metrics/snapshot')).data, 'master/elected')),
  );
  expect(elected).toEqual([1, 0, 0]);
  const { headers } = await standby('/redirect');
  expect(headers['location']).toBe(`//${new URL(practice.urls.mesos[0] ?? '').host}`);
});

test('without a leader masters answer 503 in words; then another one leads and Marathon goes on', async () => {
  practice.control.changeLeader();
  const none = await standby('/state');
  expect([none.status, none.data]).toEqual([503, 'No leader elected']);
  await practice.clock.advance(600);
  const { data } = await standby('/state');
  expect(at(data, 'leader')).toBe(`master@${new URL(practice.urls.mesos[1] ?? '').host}`);
  expect((await practice.mesos('GET', '/state')).status).toBe(307);
  await practice.marathon('POST', '/v2/apps', { id: '/late', cmd: 'x', cpus: 0.1, mem: 16 });
  await practice.clock.advance(2_000);
  expect((await practice.marathon('GET', '/v2/apps/late')).data).toMatchObject({ app: { tasksRunning: 1 } });
});

test('the pid of an agent leads to it', async () => {
  const { data } = await practice.mesos('GET', '/slaves');
  const pids = (at(data, 'slaves') as { pid: string }[]).map(({ pid }) => pid);
  expect(pids).toEqual(practice.urls.agents.map((url) => `slave(1)@${new URL(url).host}`));
  expect((await asker(`http://${pids[2]?.split('@')[1]}`)('GET', '/state')).data).toMatchObject({
    pid: pids[2],
    hostname: 'stars-dw2',
  });
});

test('tasks are paged, newest first unless asked otherwise', async () => {
  const names = async (query: string) =>
    (at((await practice.mesos('GET', `/tasks?${query}`)).data, 'tasks') as { name: string }[]).map(({ name }) => name);
  await practice.marathon('POST', '/v2/apps', { id: '/newest', cmd: 'x', cpus: 0.1, mem: 16 });
  await practice.clock.advance(2_000);
  const all = await names('order=asc');
  expect(all.at(-1)).toBe('newest');
  expect(await names('limit=1')).toEqual(['newest']);
  expect(await names('limit=2&offset=1&order=asc')).toEqual(all.slice(1, 3));
});

async function sandboxOf(
  appId: string,
): Promise<{ agent: ReturnType<typeof asker>; directory: string; taskId: string }> {
  const task = at((await practice.marathon('GET', `/v2/apps/${appId}`)).data, 'app.tasks.0') as {
    id: string;
    slaveId: string;
  };
  const slaves = at((await practice.mesos('GET', '/slaves')).data, 'slaves') as { id: string; pid: string }[];
  const agent = asker(`http://${slaves.find(({ id }) => id === task.slaveId)?.pid.split('@')[1]}`);
  const frameworks = at((await agent('GET', '/state')).data, 'frameworks') as {
    executors: { id: string; directory: string }[];
  }[];
  const executor = frameworks.flatMap(({ executors }) => executors).find(({ id }) => id === task.id);
  return { agent, directory: executor?.directory ?? '', taskId: task.id };
}

test('from an app one finds the way to its log', async () => {
  const { agent, directory } = await sandboxOf('zeppelin');
  const path = `${directory}/stdout`;
  const size = at((await agent('GET', '/files/read', undefined, { params: { path } })).data, 'offset') as number;
  expect((await agent('GET', '/files/read', undefined, { params: { path, offset: -1 } })).data).toEqual({
    data: '',
    offset: size,
  });
  const { data } = await agent('GET', '/files/read', undefined, { params: { path, offset: 0 } });
  expect(String(at(data, 'data'))).toContain('Done, zeppelin server started');
  expect((await agent('GET', '/files/read', undefined, { params: { path, offset: size + 7 } })).data).toEqual({
    data: '',
    offset: size + 7,
  });
  expect((await agent('GET', '/files/download', undefined, { params: { path } })).data).toBe(at(data, 'data'));
});

test('a read brings 65536 bytes at most, whatever it asks for', async () => {
  practice.control.writeLog('/zeppelin', 'stdout', ['é'.repeat(100_000)]);
  const { agent, directory } = await sandboxOf('zeppelin');
  const params = { path: `${directory}/stdout`, offset: 0, length: 1_000_000 };
  const { data } = await agent('GET', '/files/read', undefined, { params });
  expect(Buffer.byteLength(String(at(data, 'data')).replace(/�$/, ''))).toBeGreaterThan(65_000);
  expect(Buffer.byteLength(String(at(data, 'data')).replace(/�$/, ''))).toBeLessThanOrEqual(65_536);
});

test.each([
  [{}, 400],
  [{ path: '/nowhere', offset: 0 }, 404],
  [{ path: 'STDOUT', offset: -2 }, 400],
  [{ path: 'DIRECTORY', offset: 0 }, 400],
  [{ path: 'STDOUT', offset: 'x' }, 400],
])('a read of %j answers %i', async (params: Record<string, unknown>, status) => {
  const { agent, directory } = await sandboxOf('zeppelin');
  const path =
    params['path'] === 'STDOUT' ? `${directory}/stdout` : params['path'] === 'DIRECTORY' ? directory : params['path'];
  expect((await agent('GET', '/files/read', undefined, { params: { ...params, path } })).status).toBe(status);
});

test('the schedule of maintenance is replaced as a whole and keeps every digit', async () => {
  expect((await practice.mesos('GET', '/maintenance/schedule')).data).toEqual({});
  const window =
    '{"machine_ids":[{"hostname":"stars-dw1","ip":"127.0.0.1"}],"unavailability":{"start":{"nanoseconds":1767225600123456789}}}';
  expect((await practice.mesos('POST', '/maintenance/schedule', `{"windows":[${window}]}`)).status).toBe(200);
  const { data } = await practice.mesos('GET', '/maintenance/schedule', undefined, {
    transformResponse: (text: string) => text,
  });
  expect(data).toBe(`{"windows":[${window}]}`);
  expect((await practice.mesos('GET', '/maintenance/status')).data).toMatchObject({
    draining_machines: [{ id: { hostname: 'stars-dw1' } }],
  });
  const wrong = await practice.mesos('POST', '/machine/down', [{ hostname: 'stars-dw1' }]);
  expect([wrong.status, typeof wrong.data]).toEqual([400, 'string']);
  const machine = [{ hostname: 'stars-dw1', ip: '127.0.0.1' }];
  expect((await practice.mesos('POST', '/machine/down', machine)).status).toBe(200);
  expect(at((await practice.mesos('GET', '/slaves')).data, 'slaves')).toHaveLength(3);
  expect((await practice.mesos('POST', '/machine/up', machine)).status).toBe(200);
  expect((await practice.mesos('GET', '/maintenance/schedule')).data).toEqual({});
  expect(at((await practice.mesos('GET', '/slaves')).data, 'slaves')).toHaveLength(4);
});

test.each([
  ['GET_HEALTH', { healthy: true }],
  ['GET_VERSION', { version_info: { version: '1.3.1' } }],
  ['GET_MASTER', { master_info: { hostname: 'stars-dc0' } }],
  ['GET_AGENTS', { agents: expect.any(Array) }],
  ['GET_TASKS', { tasks: expect.any(Array), completed_tasks: [] }],
  ['GET_MAINTENANCE_STATUS', { status: {} }],
])('the operator API answers %s', async (type, inner) => {
  const { status, data } = await practice.mesos('POST', '/api/v1', { type });
  expect([status, data]).toMatchObject([200, { type, [type.toLowerCase()]: inner }]);
});

test('the operator API wants JSON and known calls', async () => {
  const status = async (body: string, headers: Record<string, string>) =>
    (await practice.mesos('POST', '/api/v1', undefined, { data: Buffer.from(body), headers })).status;
  expect(await status('{}', { 'Content-Type': 'text/plain' })).toBe(415);
  expect(await status('{}', { 'Content-Type': 'application/json', Accept: 'text/html' })).toBe(406);
  expect(await status('{"type":"NONE"}', { 'Content-Type': 'application/json' })).toBe(400);
});

test('an agent that goes away is inactive, then unreachable, and its tasks with it; back again they run', async () => {
  const { taskId } = await sandboxOf('zeppelin');
  const host = at((await practice.marathon('GET', '/v2/apps/zeppelin')).data, 'app.tasks.0.host') as string;
  await practice.control.loseAgent(host);
  expect(at((await practice.mesos('GET', '/metrics/snapshot')).data, 'master/slaves_inactive')).toBe(1);
  await practice.clock.advance(3_100);
  expect((await practice.mesos('GET', '/metrics/snapshot')).data).toMatchObject({
    'master/slaves_unreachable': 1,
    'master/slaves_active': 3,
  });
  expect((await practice.marathon('GET', '/v2/apps/zeppelin')).data).toMatchObject({
    app: { tasksRunning: 0, tasksStaged: 0, tasks: [{ id: taskId, state: 'TASK_UNREACHABLE' }] },
  });
  await practice.clock.advance(302_000);
  expect((await practice.marathon('GET', '/v2/apps/zeppelin')).data).toMatchObject({
    app: { tasksRunning: 1, tasks: { length: 2 } },
  });
  await practice.clock.advance(301_000);
  expect((await practice.marathon('GET', '/v2/apps/zeppelin')).data).toMatchObject({
    app: { tasksRunning: 1, tasks: { length: 1 } },
  });
});

test('Mesos-DNS learns of an app when it refreshes, and answers an unknown name with one empty row', async () => {
  await practice.marathon('POST', '/v2/apps', { id: '/group/web', cmd: 'x', cpus: 0.1, mem: 16 });
  await practice.clock.advance(2_000);
  const unknown = await practice.dns('GET', '/v1/hosts/web-group.marathon.mesos');
  expect([unknown.status, unknown.data]).toEqual([200, [{ host: '', ip: '' }]]);
  await practice.clock.advance(10_000);
  expect((await practice.dns('GET', '/v1/hosts/web-group.marathon.mesos')).data).toEqual([
    { host: 'web-group.marathon.mesos.', ip: '127.0.0.1' },
  ]);
  expect((await practice.dns('GET', '/v1/services/_web-group._tcp.marathon.mesos')).data).toMatchObject([
    { service: '_web-group._tcp.marathon.mesos', ip: '127.0.0.1', port: expect.stringMatching(/^31\d+$/) },
  ]);
  expect((await practice.dns('GET', '/v1/services/_none._tcp.marathon.mesos')).data).toEqual([
    { service: '', host: '', ip: '', port: '' },
  ]);
  expect((await practice.dns('GET', '/v1/hosts/x/ports')).status).toBe(501);
  practice.control.dnsEnumeration(false);
  expect((await practice.dns('GET', '/v1/enumerate')).data).toBe('404: Page Not Found');
});

function word(address: string, text: string): Promise<string> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), host, () => socket.write(text));
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

test('ZooKeeper has one leader with synced followers', async () => {
  const modes = await Promise.all(
    practice.zookeeper.map(async (address) => /Mode: (\w+)/.exec(await word(address, 'srvr'))?.[1]),
  );
  expect(modes).toEqual(['follower', 'follower', 'leader']);
  expect(await word(practice.zookeeper[2] ?? '', 'mntr')).toMatch(
    /zk_server_state\tleader\n[^]*zk_followers\t2\nzk_synced_followers\t2\n/,
  );
  expect(await word(practice.zookeeper[0] ?? '', 'mntr')).not.toContain('zk_followers');
  expect(await word(practice.zookeeper[0] ?? '', 'isro')).toBe('rw');
});

test('without quorum ZooKeeper still says imok, Mesos has no leader and Marathon answers 503', async () => {
  practice.control.loseQuorum();
  expect(await word(practice.zookeeper[0] ?? '', 'ruok')).toBe('imok');
  for (const text of ['srvr', 'stat', 'mntr'])
    expect(await word(practice.zookeeper[0] ?? '', text)).toBe(
      'This ZooKeeper instance is not currently serving requests\n',
    );
  expect((await practice.mesos('GET', '/state')).status).toBe(503);
  const refused = await practice.marathon('GET', '/v2/apps');
  expect([refused.status, String(refused.headers['content-type'])]).toEqual([
    503,
    expect.stringContaining('text/html'),
  ]);
  practice.control.returnQuorum();
  await practice.clock.advance(2_000);
  expect((await practice.mesos('GET', '/state')).status).toBe(200);
  expect((await practice.marathon('GET', '/v2/apps')).status).toBe(200);
});

test('words that are not on the whitelist are refused in words', async () => {
  practice.control.zookeeperWhitelist(['srvr']);
  expect(await word(practice.zookeeper[0] ?? '', 'mntr')).toBe(
    'mntr is not executed because it is not in the whitelist.\n',
  );
});

test('units on hosts carry the services with them', async () => {
  await practice.control.serviceOn('stars-dc1', 'zookeeper.service', false);
  await practice.control.serviceOn('stars-dc2', 'zookeeper', false);
  expect(await word(practice.zookeeper[0] ?? '', 'srvr')).toContain('not currently serving');
  await practice.control.serviceOn('stars-dc2', 'zookeeper', true);
  await practice.clock.advance(2_000);
  expect((await practice.mesos('GET', '/state')).status).toBe(200);
  await practice.control.serviceOn('stars-dw0', 'mesos-slave', false);
  await expect(practice.agent('GET', '/health')).rejects.toThrow('ECONNREFUSED');
  await practice.control.serviceOn('stars-dw0', 'mesos-slave', true);
  expect((await practice.agent('GET', '/health')).status).toBe(200);
  await practice.control.serviceOn('stars-dc0', 'mesos-master', false);
  await practice.clock.advance(2_000);
  expect((await standby('/state')).status).toBe(200);
  for (const host of ['stars-dc0', 'stars-dc1', 'stars-dc2']) await practice.control.serviceOn(host, 'marathon', false);
  await expect(practice.marathon('GET', '/ping')).rejects.toThrow('ECONNREFUSED');
});

test('a new leader has to read its registry before it answers', async () => {
  practice.control.changeLeader();
  await practice.clock.advance(510);
  const early = await standby('/state');
  expect([early.status, early.data]).toEqual([503, 'Master has not finished recovery']);
  await practice.clock.advance(100);
  expect((await standby('/state')).status).toBe(200);
});

test('a wrong verb is told which there are', async () => {
  const { status, headers } = await practice.mesos('DELETE', '/maintenance/schedule');
  expect([status, headers['allow']]).toEqual([405, 'GET, POST']);
});

test('quota is set once, taken away, and not promised beyond what there is', async () => {
  const quota = (role: string, cpus: number, force = false) =>
    practice.mesos('POST', '/quota', {
      role,
      force,
      guarantee: [{ name: 'cpus', type: 'SCALAR', scalar: { value: cpus } }],
    });
  expect((await quota('science', 2)).status).toBe(200);
  expect((await quota('science', 3)).status).toBe(400);
  expect((await quota('more', 1_000)).status).toBe(409);
  expect((await quota('more', 1_000, true)).status).toBe(200);
  expect((await practice.mesos('GET', '/quota')).data).toMatchObject({
    infos: [{ role: 'science' }, { role: 'more' }],
  });
  expect((await practice.mesos('DELETE', '/quota/science')).status).toBe(200);
  expect((await practice.mesos('DELETE', '/quota/science')).status).toBe(400);
});

test('reservations are accepted for an agent that is there', async () => {
  const agent = practice.urls.mesos[0] ? at((await practice.mesos('GET', '/slaves')).data, 'slaves.0.id') : '';
  expect((await practice.mesos('POST', '/reserve', `slaveId=${String(agent)}&resources=[]`)).status).toBe(202);
  expect((await practice.mesos('POST', '/create-volumes', 'slaveId=none&volumes=[]')).status).toBe(400);
});

test('the operator API plans, starts and stops maintenance, every digit of a time kept', async () => {
  const machine = '{"hostname":"stars-dw0","ip":"127.0.0.1"}';
  const schedule = `{"windows":[{"machine_ids":[${machine}],"unavailability":{"start":{"nanoseconds":1767312000123456789}}}]}`;
  const call = (body: string) =>
    practice.mesos('POST', '/api/v1', body, {
      headers: { 'Content-Type': 'application/json' },
      responseType: 'text',
      transformResponse: (text: string) => text,
    });
  expect(
    (await call(`{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":${schedule}}}`))
      .status,
  ).toBe(200);
  expect(String((await call('{"type":"GET_MAINTENANCE_SCHEDULE"}')).data)).toContain('1767312000123456789');
  expect((await call(`{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[${machine}]}}`)).status).toBe(400);
  expect((await call(`{"type":"START_MAINTENANCE","start_maintenance":{"machines":[${machine}]}}`)).status).toBe(200);
  expect(String((await call('{"type":"GET_MAINTENANCE_STATUS"}')).data)).toContain('down_machines');
  expect((await call(`{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[${machine}]}}`)).status).toBe(200);
});

test('a subscriber gets the whole state and then what happens, in records of counted bytes, until the leader goes', async () => {
  const { data } = await axios.post<AsyncIterable<Buffer>>(
    `${practice.urls.mesos[0]}/api/v1`,
    { type: 'SUBSCRIBE' },
    { responseType: 'stream' },
  );
  await practice.marathon('POST', '/v2/apps', { id: '/ünï', cmd: 'x' });
  await practice.marathon('POST', '/v2/apps', { id: '/sub', cmd: 'x', cpus: 0.1, mem: 16 });
  await practice.clock.advance(1_000);
  await practice.control.loseAgent('stars-dw3');
  await practice.clock.advance(4_000);
  practice.control.changeLeader();
  const pieces: Buffer[] = [];
  for await (const piece of data) pieces.push(piece);
  const types = records(Buffer.concat(pieces)).map((one) => at(one, 'type'));
  expect(types[0]).toBe('SUBSCRIBED');
  expect(types).toEqual(expect.arrayContaining(['TASK_ADDED', 'TASK_UPDATED', 'AGENT_REMOVED']));
});

function records(bytes: Buffer): unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    const length = Number(bytes.subarray(at, end).toString());
    found.push(JSON.parse(bytes.subarray(end + 1, end + 1 + length).toString()));
    at = end + 1 + length;
  }
  return found;
}

test('an agent shows no folder above its sandboxes, and none of a task that ended long ago', async () => {
  await practice.stop();
  practice = await startPractice({ delays: { gcMs: 120_000 } });
  const { agent, directory } = await sandboxOf('zeppelin');
  expect((await agent('GET', '/files/browse?path=/var/lib/mesos')).status).toBe(404);
  expect((await agent('GET', `/files/browse?path=${directory}`)).status).toBe(200);
  await practice.marathon('DELETE', '/v2/apps/zeppelin');
  await practice.clock.advance(60_000);
  expect((await agent('GET', `/files/browse?path=${directory}`)).status).toBe(200);
  await practice.clock.advance(120_000);
  expect((await agent('GET', `/files/browse?path=${directory}`)).status).toBe(404);
});

test('a read that cuts a character gives the bytes as they are, and the operator API gives them in base 64', async () => {
  const { agent, directory } = await sandboxOf('zeppelin');
  practice.control.writeLog('/zeppelin', 'stderr', ['€']);
  const size = Number(at((await agent('GET', `/files/read?path=${directory}/stderr`)).data, 'offset'));
  const raw = await agent('GET', `/files/read?path=${directory}/stderr&offset=${size - 3}`, undefined, {
    responseType: 'arraybuffer',
  });
  expect(Buffer.from(raw.data as ArrayBuffer).includes(Buffer.from([0x22, 0x82, 0xac, 0x5c]))).toBe(true);
  const call = { type: 'READ_FILE', read_file: { path: `${directory}/stderr`, offset: size - 3, length: 2 } };
  expect((await agent('POST', '/api/v1', call)).data).toEqual({
    type: 'READ_FILE',
    read_file: { size, data: Buffer.from([0x82, 0xac]).toString('base64') },
  });
  expect((await agent('POST', '/api/v1', { type: 'LIST_FILES', list_files: { path: directory } })).data).toMatchObject({
    list_files: { file_infos: [{ path: `${directory}/stderr` }, { path: `${directory}/stdout` }] },
  });
});
