import axios from 'axios';
import { createParser } from 'eventsource-parser';
import { systemClock } from '../../../src/clock.js';
import { poll } from '../../../src/poll.js';
import { closeServers, serve } from '../../cluster/serve.js';
import { asker, at, startPractice, type Practice } from './support.js';

let practice: Practice;
const web = {
  id: '/web',
  cmd: 'serve',
  cpus: 0.1,
  mem: 32,
  instances: 1,
  healthChecks: [{ path: '/', intervalSeconds: 10, maxConsecutiveFailures: 3, gracePeriodSeconds: 5 }],
};
beforeEach(async () => {
  practice = await startPractice({ apps: [web] });
});
afterEach(() => practice.stop());

const ask = (...args: Parameters<Practice['marathon']>) => practice.marathon(...args);
const app = async (id = 'web') => at((await ask('GET', `/v2/apps/${id}`)).data, 'app') as Record<string, unknown>;
const queue = async () => at((await ask('GET', '/v2/queue')).data, 'queue') as Record<string, unknown>[];

test('a crash loop shows as a growing delay and a last failure; reset, it starts at once', async () => {
  practice.control.crashLoop('/web');
  expect((await app())['lastTaskFailure']).toMatchObject({
    state: 'TASK_FAILED',
    message: 'Command exited with status 1',
  });
  expect(await queue()).toMatchObject([
    { app: { id: '/web' }, count: 1, delay: { timeLeftSeconds: 1, overdue: false } },
  ]);
  await practice.clock.advance(60_000);
  await practice.clock.advance(Number(at((await queue())[0], 'delay.timeLeftSeconds') ?? 0) * 1000 + 1_500);
  const [item] = await queue();
  expect(at(item, 'delay.timeLeftSeconds')).toBeGreaterThan(4);
  expect((await ask('DELETE', '/v2/queue//web/delay')).status).toBe(204);
  expect(await queue()).toMatchObject([{ delay: { timeLeftSeconds: 0, overdue: true } }]);
  practice.control.crashLoop('/web', false);
  await practice.clock.advance(2_000);
  expect(await app()).toMatchObject({ tasksRunning: 1, tasksHealthy: 1, lastTaskFailure: { state: 'TASK_FAILED' } });
});

test('a deployment of an app that crashes before its first check stays where it is and its old instance goes on', async () => {
  await practice.stop();
  practice = await startPractice({ apps: [web], delays: { crashMs: 250 } });
  const before = (await app())['version'];
  await practice.marathon('PUT', '/v2/apps/web', { cmd: 'broken' });
  practice.control.breakNewInstances('/web');
  await practice.clock.advance(30_000);
  expect((await ask('GET', '/v2/deployments')).data).toMatchObject([
    { affectedApps: ['/web'], currentStep: 1, totalSteps: 1 },
  ]);
  const tasks = (await app())['tasks'] as { version: string; state: string }[];
  expect(tasks.filter(({ version }) => version === before)).toMatchObject([{ state: 'TASK_RUNNING' }]);
});

test('an app that fits nowhere waits, and the queue says what is short', async () => {
  await ask('POST', '/v2/apps', { id: '/big', cmd: 'x', cpus: 64, mem: 16 });
  await practice.clock.advance(5_000);
  const [item] = await queue();
  expect(item).toMatchObject({ count: 1, delay: { timeLeftSeconds: 0, overdue: true } });
  const rows = at(item, 'processedOffersSummary.rejectSummaryLastOffers') as {
    reason: string;
    declined: number;
    processed: number;
  }[];
  expect(rows.find(({ declined }) => declined > 0)).toEqual({ reason: 'InsufficientCpus', declined: 4, processed: 4 });
  expect(rows.at(-1)).toEqual({ reason: 'InsufficientPorts', declined: 0, processed: 0 });
  expect((await ask('GET', '/v2/deployments')).data).toMatchObject([{ affectedApps: ['/big'], currentStep: 2 }]);
});

test.each([
  [
    'a UNIQUE host for more instances than agents',
    { instances: 5, constraints: [['hostname', 'UNIQUE']] },
    'UnfulfilledConstraint',
    4,
  ],
  ['a host that does not exist', { constraints: [['hostname', 'LIKE', 'nowhere.*']] }, 'UnfulfilledConstraint', 0],
  [
    'a fixed port for more instances than agents',
    { instances: 5, requirePorts: true, portDefinitions: [{ port: 31_500 }] },
    'InsufficientPorts',
    4,
  ],
  ['more memory than there is', { instances: 1, mem: 100_000 }, 'InsufficientMemory', 0],
  ['a role nobody offers', { acceptedResourceRoles: ['slave_public'] }, 'UnfulfilledRole', 0],
])('%s keeps a deployment waiting', async (_title, more, reason, running) => {
  await ask('POST', '/v2/apps', { id: '/x', cmd: 'x', cpus: 0.1, mem: 16, ...more });
  await practice.clock.advance(10_000);
  expect(await app('x')).toMatchObject({ tasksRunning: running });
  const rows = at((await queue())[0], 'processedOffersSummary.rejectSummaryLastOffers') as {
    reason: string;
    declined: number;
  }[];
  expect(rows.filter(({ declined }) => declined > 0).map((row) => row.reason)).toEqual([reason]);
});

test('a restart of an app that leaves no room hangs for ever', async () => {
  await ask('POST', '/v2/apps', { id: '/full', cmd: 'x', cpus: 3, mem: 16, instances: 4 });
  await practice.clock.advance(5_000);
  await ask('POST', '/v2/apps/full/restart');
  await practice.clock.advance(600_000);
  expect((await ask('GET', '/v2/deployments')).data).toMatchObject([{ affectedApps: ['/full'] }]);
  expect(await app('full')).toMatchObject({ tasksRunning: 4 });
});

test('an app that answers badly is unhealthy, is killed after so many failures, and replaced', async () => {
  await practice.clock.advance(6_000);
  const before = at(await app(), 'tasks.0.id');
  practice.control.setHealth('/web', false);
  expect(await app()).toMatchObject({ tasksHealthy: 0, tasksUnhealthy: 1 });
  expect(at(await app(), 'tasks.0.healthCheckResults.0')).toMatchObject({
    alive: false,
    consecutiveFailures: 1,
    lastSuccess: expect.any(String),
  });
  await practice.clock.advance(25_000);
  expect(practice.control.events().map(({ type }) => type)).toContain('unhealthy_instance_kill_event');
  expect(at(await app(), 'tasks.0.id')).not.toBe(before);
});

test('failures within the grace period count for nothing yet', async () => {
  practice.control.setHealth('/new', false);
  await ask('POST', '/v2/apps', {
    ...web,
    id: '/new',
    healthChecks: [{ intervalSeconds: 2, gracePeriodSeconds: 300 }],
  });
  await practice.clock.advance(60_000);
  expect(at(await app('new'), 'tasks.0.healthCheckResults.0')).toMatchObject({
    alive: false,
    consecutiveFailures: 0,
    firstSuccess: null,
  });
  expect((await ask('GET', '/v2/deployments')).data).toHaveLength(1);
});

test.each([
  ['a status', { status: 503 }, 503, { message: 'Simulated answer 503' }],
  ['a body', { status: 409, body: { message: 'no' } }, 409, { message: 'no' }],
  ['a page of HTML', { html: true as const }, 502, expect.stringContaining('<html>')],
])('a fault answers with %s as often as it was told, and nothing takes effect', async (_title, fault, status, data) => {
  practice.control.fault('marathon', { ...fault, times: 2, path: '/v2/apps' });
  for (let time = 0; time < 2; time++) {
    const answer = await ask('PUT', '/v2/apps/web', { instances: 3 });
    expect([answer.status, answer.data]).toEqual([status, data]);
  }
  expect(await app()).toMatchObject({ instances: 1 });
});

test('a fault can cut an answer short, hang up, or come late', async () => {
  practice.control.fault('marathon', { truncate: true });
  await expect(ask('GET', '/v2/apps')).rejects.toThrow(/aborted|socket hang up|stream/);
  practice.control.fault('marathon', { close: true });
  await expect(ask('GET', '/v2/apps')).rejects.toThrow('socket hang up');
  practice.control.fault('marathon', { slow: 5_000 });
  await expect(ask('GET', '/v2/apps', undefined, { timeout: 50 })).rejects.toThrow('timeout');
});

test('a login can be asked for on every path, ping included', async () => {
  practice.control.requireLogin('marathon', { username: 'ops', password: 'pw' });
  const refused = await ask('GET', '/ping');
  expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Basic /)]);
  expect((await ask('GET', '/ping', undefined, { auth: { username: 'ops', password: 'pw' } })).data).toBe('pong');
});

test('a service that is down refuses connections and comes back on its port', async () => {
  await practice.control.stopService('marathon');
  await expect(ask('GET', '/ping')).rejects.toThrow('ECONNREFUSED');
  await practice.control.startService('marathon');
  expect((await ask('GET', '/ping')).data).toBe('pong');
});

test('when Marathon gives up its lead it is away, then shows no tasks for a moment, then all', async () => {
  expect((await ask('DELETE', '/v2/leader')).data).toEqual({ message: 'Leadership abdicated' });
  expect((await ask('GET', '/v2/apps')).status).toBe(503);
  expect((await ask('GET', '/v2/leader')).status).toBe(404);
  await practice.clock.advance(550);
  expect(await app()).toMatchObject({ tasksRunning: 0 });
  await practice.clock.advance(400);
  expect(await app()).toMatchObject({ tasksRunning: 1 });
});

test('the event stream has frames with CRLF, filters, and ends with the leader', async () => {
  const url = `${practice.urls.marathon}/v2/events?event_type=deployment_success&event_type=status_update_event`;
  const { data, headers } = await axios.get<
    AsyncIterable<Buffer> & { once(event: string, listener: () => void): void }
  >(url, {
    headers: { Accept: 'text/event-stream' },
    responseType: 'stream',
  });
  expect(headers['content-type']).toContain('text/event-stream');
  await ask('POST', '/v2/apps/web/restart');
  await practice.clock.advance(4_000);
  practice.control.changeLeader('marathon');
  let text = '';
  for await (const chunk of data) text += chunk.toString();
  const events: { event?: string | undefined; data: string }[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  expect(text.startsWith('event: ')).toBe(true);
  expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['deployment_success', 'status_update_event']));
  const last = JSON.parse(events.at(-1)?.data ?? '{}') as Record<string, unknown>;
  expect(last).toMatchObject({ eventType: expect.any(String), timestamp: expect.stringMatching(/^2026-.*Z$/) });
});

test('events are also posted to the addresses on loopback that asked for them, until they are taken back', async () => {
  const posted: string[] = [];
  const listener = await serve(({ body }) => {
    posted.push((JSON.parse(body) as { eventType: string }).eventType);
    return { body: '' };
  });
  const path = `/v2/eventSubscriptions?callbackUrl=${encodeURIComponent(listener.url)}`;
  expect((await ask('POST', path)).data).toMatchObject({ eventType: 'subscribe_event', callbackUrl: listener.url });
  await ask('POST', '/v2/eventSubscriptions?callbackUrl=http://192.0.2.1/away');
  expect((await ask('GET', '/v2/eventSubscriptions')).data).toEqual({
    callbackUrls: [listener.url, 'http://192.0.2.1/away'],
  });
  await ask('POST', '/v2/apps/web/restart');
  await poll(async () => posted.includes('group_change_success') || undefined, {
    clock: systemClock,
    everyMs: 10,
    timeoutMs: 5_000,
    what: 'The posted event',
  });
  expect((await ask('DELETE', path)).data).toMatchObject({ eventType: 'unsubscribe_event' });
  expect((await ask('POST', '/v2/eventSubscriptions')).status).toBe(400);
  await closeServers();
});

test('a whole restart sends the events of its deployment in order', async () => {
  await ask('POST', '/v2/apps/web/restart');
  await practice.clock.advance(4_000);
  const types = practice.control.events().map(({ type }) => type);
  expect(types.filter((type) => /deployment|group/.test(type))).toEqual([
    'group_change_success',
    'deployment_info',
    'deployment_step_success',
    'deployment_success',
  ]);
});

test('what runs as an app is up as long as one of its tasks runs', async () => {
  await practice.stop();
  practice = await startPractice();
  const zeppelin = asker(practice.urls.services.zeppelin);
  expect((await zeppelin('GET', '/api/version')).data).toEqual({ status: 'OK', message: '', body: '0.7.2' });
  await practice.marathon('PUT', '/v2/apps/zeppelin', { instances: 0 });
  await practice.marathon('PUT', '/v2/apps/chronos', { instances: 0 });
  await practice.clock.advance(1_000);
  await expect(zeppelin('GET', '/api/version')).rejects.toThrow('socket hang up');
  await expect(practice.chronos('GET', '/ping')).rejects.toThrow('socket hang up');
  await practice.marathon('PUT', '/v2/apps/zeppelin', { instances: 1 });
  await practice.clock.advance(3_000);
  expect((await zeppelin('GET', '/api/version')).status).toBe(200);
});

test.each([
  ['livy', '/sessions', { from: 0, total: 0, sessions: [] }],
  ['blazegraph', '/blazegraph/namespace/kb/sparql?query=ASK{}', { head: {}, boolean: true }],
  ['lightning', '/status', { visualizations: 0 }],
  ['spark', '/api/v1/applications', [{ id: 'app-20170904145544-0001' }]],
] as const)('%s answers %s', async (name, path, json) => {
  const answer = await asker(practice.urls.services[name])('GET', path, undefined, {
    headers: { Accept: 'application/sparql-results+json' },
  });
  expect(answer.data).toMatchObject(json);
});

test('the same seed gives the same ids', async () => {
  const second = await startPractice({ apps: [web] });
  const ids = async (one: Practice) => at((await one.marathon('GET', '/v2/apps/web')).data, 'app.tasks.0.id');
  expect(await ids(second)).toBe(await ids(practice));
  await second.stop();
});

test.each([
  ['apps', { apps: 'none' }],
  ['apps', { apps: [{ cmd: 'no id' }] }],
  ['jobs', { jobs: { name: 'no list' } }],
  ['jobs', { jobs: [{ command: 'no name' }] }],
])('%s that are no backup are refused in words: %j', async (_what, options) => {
  await expect(startPractice(options)).rejects.toMatchObject({ code: 'CONFIG' });
});

test('a stopped cluster leaves no timer and no listener behind', async () => {
  const one = await startPractice();
  await one.stop();
  expect(one.clock.pending()).toBe(0);
  await expect(one.marathon('GET', '/ping')).rejects.toThrow('ECONNREFUSED');
});
