import { readFileSync } from 'node:fs';
import { createChronos } from '../../../src/cluster/chronos/client.js';
import { failureOf, httpTo } from '../../cluster/serve.js';
import { asker, at, startPractice, type Practice } from './support.js';

const backup = JSON.parse(readFileSync('test/fixtures/cluster/chronos/jobs-backup-3.0.json', 'utf8')) as Record<
  string,
  unknown
>[];
const jobs = [
  {
    name: 'parent',
    command: 'echo hi; sleep 5',
    schedule: 'R/2026-01-01T00:10:00.000Z/PT10M',
    uris: ['http://example.org/a.tgz'],
  },
  {
    name: 'child',
    command: 'sleep 3',
    parents: ['parent'],
    constraints: [['hostname', 'LIKE', 'x']],
    container: { type: 'DOCKER', image: 'alpine' },
  },
  { name: 'off', command: 'true', schedule: 'R/2026-01-01T00:10:00.000Z/PT10M', disabled: true },
];

let practice: Practice;
afterEach(() => practice.stop());

const P = '/v1/scheduler';
const job = async (name: string) => (await practice.chronos('GET', `${P}/job/${name}`)).data as Record<string, unknown>;
const TEN_MINUTES = 600_000;

test('a loaded backup reads back as it was', async () => {
  practice = await startPractice({ jobs: backup });
  expect((await practice.chronos('GET', `${P}/jobs`)).data).toEqual(backup);
});

test('the two versions have their own prefixes, and ping has none', async () => {
  practice = await startPractice({ jobs, chronosVersion: '2.5' });
  const status = async (path: string) => (await practice.chronos('GET', path)).status;
  expect([await status('/scheduler/jobs'), await status('/v1/scheduler/jobs'), await status('/ping')]).toEqual([
    200, 404, 200,
  ]);
  practice.control.setChronosVersion('3.0');
  expect([await status('/scheduler/jobs'), await status('/v1/scheduler/jobs'), await status('/ping')]).toEqual([
    404, 200, 200,
  ]);
});

test('a job that is not sent as JSON is refused with 415, and a run without a body is asked for without saying so', async () => {
  practice = await startPractice({ jobs });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const sent = { name: 'new', command: 'true', schedule: 'R/2026-01-01T00:10:00.000Z/PT10M' };
  expect((await practice.chronos('POST', `${P}/iso8601`, sent, { headers })).status).toBe(415);
  expect((await practice.chronos('GET', `${P}/jobs`)).data).toHaveLength(jobs.length);
  expect((await practice.chronos('PUT', `${P}/job/parent`, undefined, { headers })).status).toBe(204);
});

test('a job runs when it is due, its child after it, counters and schedule move on', async () => {
  practice = await startPractice({ jobs });
  await practice.clock.advance(TEN_MINUTES + 1_000);
  expect(((await practice.chronos('GET', `${P}/jobs/summary`)).data as { jobs: unknown }).jobs).toMatchObject([
    { name: 'parent', state: '1 running', status: 'fresh' },
    { name: 'child', state: 'idle', parents: ['parent'], schedule: '' },
    { name: 'off', disabled: true },
  ]);
  const tasks = at((await practice.mesos('GET', '/tasks')).data, 'tasks') as { id: string; name: string }[];
  expect(tasks[0]).toMatchObject({
    id: `ct:${Date.parse('2026-01-01T00:10:00Z')}:0:parent:`,
    name: 'ChronosTask:parent',
    state: 'TASK_RUNNING',
  });
  await practice.clock.advance(10_000);
  expect(await job('parent')).toMatchObject({
    successCount: 1,
    errorCount: 0,
    lastError: '',
    schedule: 'R/2026-01-01T00:20:00.000Z/PT10M',
  });
  expect(await job('child')).toMatchObject({ successCount: 1 });
  expect(await job('off')).toMatchObject({ successCount: 0 });
});

test('a job that fails is tried again and only then counted', async () => {
  practice = await startPractice({ jobs: [{ ...jobs[0], retries: 1 }] });
  practice.control.failJob('parent');
  await practice.clock.advance(TEN_MINUTES + 30_000);
  expect(await job('parent')).toMatchObject({ errorCount: 0 });
  await practice.clock.advance(60_000);
  expect(await job('parent')).toMatchObject({
    errorCount: 1,
    errorsSinceLastSuccess: 1,
    lastError: expect.stringMatching(/^2026/),
  });
});

test('a job that fails too often in a row is switched off where the server is told to, and runs no more', async () => {
  practice = await startPractice({ jobs: [{ ...jobs[0], retries: 0 }] });
  practice.control.disableAfterFailures(2);
  practice.control.failJob('parent');
  await practice.clock.advance(TEN_MINUTES + 30_000);
  expect(await job('parent')).toMatchObject({ disabled: false, errorsSinceLastSuccess: 1 });
  await practice.clock.advance(3 * TEN_MINUTES);
  expect(await job('parent')).toMatchObject({ disabled: true, errorsSinceLastSuccess: 2, errorCount: 2 });
});

test('an instance that does not lead passes on what it is asked, and loses what an error said', async () => {
  practice = await startPractice({ jobs });
  const standby = asker(practice.urls.chronosStandby);
  expect((await standby('GET', `${P}/jobs`)).data).toHaveLength(3);
  const lost = await standby('DELETE', `${P}/job/none`);
  expect([lost.status, lost.data]).toEqual([400, '']);
  const chronos = createChronos({
    http: httpTo(practice.urls.chronosStandby, { service: 'Chronos' }),
    clock: practice.clock,
  });
  expect(await failureOf(chronos.run('none'))).toMatchObject({
    code: 'API_REFUSED',
    message: expect.stringMatching(/^Chronos at .* refused \(400\)\.$/),
  });
});

test('the jobs of the practice cluster ran last night, and none is overdue', async () => {
  practice = await startPractice();
  const list = (await practice.chronos('GET', `${P}/jobs`)).data as Record<string, string>[];
  const nowMs = practice.clock.now().getTime();
  const nightly = list.filter(({ lastSuccess }) => lastSuccess !== '');
  expect(nightly.map(({ name }) => name)).toEqual(['fetch-catalog', 'reindex']);
  for (const { lastSuccess = '' } of nightly) {
    expect(nowMs - Date.parse(lastSuccess)).toBeGreaterThan(0);
    expect(nowMs - Date.parse(lastSuccess)).toBeLessThanOrEqual(24 * 3_600_000);
  }
  for (const { schedule } of list)
    if (schedule) expect(Date.parse(schedule.split('/')[1] ?? '')).toBeGreaterThanOrEqual(nowMs);
});

test('a job with a number of runs is disabled after the last one', async () => {
  practice = await startPractice({
    jobs: [{ name: 'twice', command: 'true', schedule: 'R2/2026-01-01T00:10:00.000Z/PT10M' }],
  });
  await practice.clock.advance(TEN_MINUTES + 60_000);
  expect(await job('twice')).toMatchObject({ schedule: 'R1/2026-01-01T00:20:00.000Z/PT10M', disabled: false });
  await practice.clock.advance(3 * TEN_MINUTES);
  expect(await job('twice')).toMatchObject({ disabled: true, successCount: 2, errorsSinceLastSuccess: 0 });
});

test('run now queues a job with its arguments, once, and does nothing to a disabled one', async () => {
  practice = await startPractice({ jobs });
  for (const name of ['parent', 'parent', 'off'])
    expect((await practice.chronos('PUT', `${P}/job/${name}?arguments=-x;rm`)).status).toBe(204);
  await practice.clock.advance(1_000);
  const tasks = at((await practice.mesos('GET', '/tasks')).data, 'tasks') as { id: string; name: string }[];
  expect(tasks.filter(({ name }) => name.startsWith('ChronosTask')).map(({ id }) => id.split(':').slice(2))).toEqual([
    ['0', 'parent', '-xrm'],
  ]);
});

test.each([
  ['an unknown job', 'DELETE', 'job/none', undefined, 400],
  ['tasks of an unknown job', 'DELETE', 'task/kill/none', undefined, 400],
  ['a bad name', 'POST', 'iso8601', { name: 'a b', command: 'x', schedule: 'R/2027-01-01T00:00:00Z/PT1H' }, 400],
  ['an unreadable schedule', 'POST', 'iso8601', { name: 'a', command: 'x', schedule: 'daily' }, 400],
  [
    'uris and fetch together',
    'POST',
    'iso8601',
    { name: 'a', command: 'x', schedule: 'R//PT1H', uris: ['u'], fetch: [{ uri: 'u' }] },
    400,
  ],
  ['a dependent job without parents', 'POST', 'dependency', { name: 'a', command: 'x', parents: [] }, 500],
  ['a body that is not JSON', 'POST', 'iso8601', '{', 400],
])('refuses %s', async (_title, method, path, body, status) => {
  practice = await startPractice({ jobs });
  const answer = await practice.chronos(method, `${P}/${path}`, body);
  expect([answer.status, Object.keys(answer.data as object)]).toEqual([status, ['message', 'status']]);
});

test('2.5 refuses in plain text, unknown parents at once and unknown jobs to kill with 500', async () => {
  practice = await startPractice({ jobs, chronosVersion: '2.5' });
  const unknown = await practice.chronos('POST', '/scheduler/dependency', {
    name: 'a',
    command: 'x',
    parents: ['nobody'],
  });
  expect([unknown.status, typeof unknown.data]).toEqual([400, 'string']);
  expect((await practice.chronos('DELETE', '/scheduler/task/kill/none')).status).toBe(500);
});

test('3.0 takes a child of unknown parents and forgets it when it reads its graph again', async () => {
  practice = await startPractice({ jobs });
  expect(
    (await practice.chronos('POST', `${P}/dependency`, { name: 'lost', command: 'x', parents: ['nobody'] })).status,
  ).toBe(204);
  expect((await practice.chronos('GET', `${P}/job/lost`)).status).toBe(200);
  practice.control.reloadChronos();
  expect((await practice.chronos('GET', `${P}/job/lost`)).status).toBe(400);
});

test('a start in the past moves to the next due time', async () => {
  practice = await startPractice({ jobs: [] });
  await practice.clock.advance(20 * 60_000);
  await practice.chronos('POST', `${P}/iso8601`, {
    name: 'late',
    command: 'x',
    schedule: 'R/2020-06-01T00:15:00.000Z/PT24H',
  });
  expect(await job('late')).toMatchObject({ schedule: 'R/2026-01-02T00:15:00.000Z/PT24H' });
});

test('a zone of its own overrides the one in the schedule', async () => {
  practice = await startPractice({ jobs: [] });
  await practice.chronos('POST', `${P}/iso8601`, {
    name: 'z',
    command: 'x',
    schedule: 'R/2026-03-28T02:30:00.000Z/P1D',
    scheduleTimeZone: 'Europe/Berlin',
  });
  expect(await job('z')).toMatchObject({
    schedule: 'R/2026-03-28T03:30:00.000+01:00/P1D',
    scheduleTimeZone: 'Europe/Berlin',
  });
});

test('deleting a parent makes its child scheduled, without container and constraints', async () => {
  practice = await startPractice({ jobs });
  expect((await practice.chronos('DELETE', `${P}/job/parent`)).status).toBe(204);
  const child = await job('child');
  expect(child).toMatchObject({ schedule: 'R/2026-01-01T00:10:00.000Z/PT10M', constraints: [] });
  expect(['parents', 'container'].filter((key) => key in child)).toEqual([]);
});

test('uris and fetch fill each other', async () => {
  practice = await startPractice({ jobs });
  expect(await job('parent')).toMatchObject({
    uris: ['http://example.org/a.tgz'],
    fetch: [{ uri: 'http://example.org/a.tgz' }],
  });
});

test('search finds ten unless asked for more', async () => {
  practice = await startPractice({
    jobs: Array.from({ length: 12 }, (_, index) => ({ ...jobs[0], name: `many-${index}` })),
  });
  expect((await practice.chronos('GET', `${P}/jobs/search?name=MANY`)).data).toHaveLength(10);
  expect((await practice.chronos('GET', `${P}/jobs/search?any=many&limit=20&offset=1`)).data).toHaveLength(11);
});

test('the graph comes as csv and dot', async () => {
  practice = await startPractice({ jobs });
  const { data } = await practice.chronos('GET', `${P}/graph/csv`);
  expect(data).toBe('node,parent,fresh,idle\nnode,child,fresh,idle\nnode,off,fresh,idle\nlink,parent,child\n');
  expect((await practice.chronos('GET', `${P}/graph/dot`)).data).toContain('"parent" -> "child"');
});

test('an asynchronous job of 2.5 is over when its task says so', async () => {
  practice = await startPractice({ jobs: [{ ...jobs[0], async: true }], chronosVersion: '2.5' });
  const count = async () => at((await practice.chronos('GET', '/scheduler/jobs')).data, '0') as Record<string, number>;
  for (const [statusCode, field] of [
    [0, 'successCount'],
    [1, 'errorCount'],
  ] as const) {
    await practice.chronos('PUT', '/scheduler/job/parent');
    await practice.clock.advance(20_000);
    expect((await count())[field]).toBe(0);
    const tasks = at((await practice.mesos('GET', '/tasks')).data, 'tasks') as { id: string; state: string }[];
    const id = tasks.find((task) => task.id.startsWith('ct:') && task.state === 'TASK_RUNNING')?.id ?? '';
    expect((await practice.chronos('PUT', `/scheduler/task/${encodeURIComponent(id)}`, { statusCode })).status).toBe(
      204,
    );
    await practice.clock.advance(1_000);
  }
  expect((await count())['successCount']).toBe(1);
  expect((await practice.chronos('PUT', '/scheduler/task/x', {})).status).toBe(400);
});

test('killed tasks count neither as success nor as failure', async () => {
  practice = await startPractice({ jobs });
  await practice.chronos('PUT', `${P}/job/parent`);
  await practice.clock.advance(1_000);
  expect((await practice.chronos('DELETE', `${P}/task/kill/parent`)).status).toBe(204);
  await practice.clock.advance(10_000);
  expect(await job('parent')).toMatchObject({ successCount: 0, errorCount: 0, lastError: '', lastSuccess: '' });
});

test('the children of a deleted dependent job hang on its parents', async () => {
  practice = await startPractice({ jobs: [...jobs, { name: 'grandchild', command: 'x', parents: ['child'] }] });
  await practice.chronos('DELETE', `${P}/job/child`);
  expect(await job('grandchild')).toMatchObject({ parents: ['parent'] });
});

test('counters and last times that are sent are kept, else they begin anew', async () => {
  practice = await startPractice({ jobs: [] });
  const sent = {
    name: 'kept',
    command: 'x',
    schedule: 'R/2030-01-01T00:00:00.000Z/P1D',
    successCount: 7,
    lastSuccess: '2025-12-31T00:00:00.000Z',
  };
  await practice.chronos('POST', `${P}/iso8601`, sent);
  expect(await job('kept')).toMatchObject({ successCount: 7, lastSuccess: sent.lastSuccess });
  await practice.chronos('POST', `${P}/iso8601`, { name: 'kept', command: 'x', schedule: sent.schedule });
  expect(await job('kept')).toMatchObject({ successCount: 0, lastSuccess: '' });
});
