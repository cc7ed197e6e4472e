import { afterEach, describe, expect, test } from '@jest/globals';
import { createMarathon } from '../../../src/cluster/marathon/client.js';
import type { EventsOptions } from '../../../src/cluster/marathon/events.js';
import { createFollow } from '../../../src/cluster/marathon/follow.js';
import { closeServers, failureOf, hurryingClock, httpTo, serve, type Reply } from '../serve.js';

afterEach(closeServers);

const OLD = '2017-09-04T13:00:00.000Z';
const NEW = '2017-09-04T14:00:00.000Z';
const LATER = '2017-09-04T14:01:00.000Z';
const ticket = { app: '/x', deploymentId: 'd1', version: NEW };
const running = [
  { id: 'd1', version: NEW, affectedApps: ['/x'], currentStep: 1, totalSteps: 2, currentActions: [], steps: [] },
];
const task = (version: string, alive?: boolean) => ({
  id: `x.${version}`,
  appId: '/x',
  state: 'TASK_RUNNING',
  host: 'c1',
  version,
  startedAt: version,
  healthCheckResults:
    alive === undefined
      ? []
      : [{ alive, firstSuccess: alive ? version : null, lastFailureCause: alive ? null : 'Connection refused' }],
});
const app = (fields: object) => ({
  id: '/x',
  instances: 1,
  version: NEW,
  healthChecks: [{}],
  tasks: [],
  deployments: [],
  ...fields,
});

/** A Marathon that gives the nth answer to the nth question, and the last one ever after. */
async function scripted({
  deployments = [[]],
  apps = [app({})],
  queue = [],
}: {
  deployments?: (unknown[] | Reply)[];
  apps?: (object | Reply)[];
  queue?: unknown[];
}) {
  const left = { deployments: [...deployments], apps: [...apps] };
  const next = <T>(list: T[]): T => (list.length > 1 ? list.shift() : list[0]) as T;
  const server = await serve(({ url }) => {
    if (url === '/v2/queue') return { body: { queue } };
    if (url.startsWith('/v2/events')) return { status: 405 };
    const answer = url === '/v2/deployments' ? next(left.deployments) : next(left.apps);
    if ('status' in answer) return answer as Reply;
    return { body: url === '/v2/deployments' ? answer : { app: answer } };
  });
  const clock = hurryingClock();
  return { clock, marathon: createMarathon({ http: httpTo(server.url), clock }) };
}

describe('waiting for a deployment', () => {
  test('does not believe "gone" before it has had time to be listed', async () => {
    const { marathon, clock } = await scripted({ deployments: [[], running, running, []] });
    await marathon.waitFor(ticket);
    expect(clock.now().getTime() - Date.parse(NEW)).toBe(4_000);
  });

  test('does not believe one empty list right after a change of leader', async () => {
    const { marathon, clock } = await scripted({ deployments: [running, [], running, running, []] });
    await marathon.waitFor(ticket);
    expect(clock.now().getTime() - Date.parse(NEW)).toBe(5_000);
  });

  test('bears a leaderless half minute', async () => {
    const busy = { status: 503, body: '<html>No leader</html>' };
    const { marathon } = await scripted({
      deployments: [running, ...Array.from({ length: 30 }, () => busy), running, []],
    });
    await expect(marathon.waitFor(ticket)).resolves.toBe('gone');
  });

  test('gives up after a minute without any answer', async () => {
    const { marathon, clock } = await scripted({ deployments: [running, { status: 503 }] });
    expect(await failureOf(marathon.waitFor(ticket))).toMatchObject({ code: 'API_UNREACHABLE' });
    expect(clock.now().getTime() - Date.parse(NEW)).toBeLessThan(70_000);
  });

  test('says what it waits for when its time is up, and what failed last', async () => {
    const lastTaskFailure = {
      taskId: 'x.1',
      state: 'TASK_FAILED',
      message: 'Container exited with status 1',
      host: 'c4',
      timestamp: LATER,
      version: NEW,
    };
    const { marathon } = await scripted({
      deployments: [running],
      apps: [app({ tasks: [task(OLD, true)], lastTaskFailure })],
      queue: [{ app: { id: '/x' }, count: 1, delay: { timeLeftSeconds: 240, overdue: false } }],
    });
    const heard: string[] = [];
    const error = await failureOf(
      marathon.waitFor(ticket, { timeoutMs: 120_000, onWaiting: ({ words }) => heard.push(words) }),
    );
    expect(error).toMatchObject({ code: 'TIMEOUT', hint: expect.stringContaining('old version may still run') });
    expect(error.message).toBe(
      'The deployment of /x is not over after 2 min (step 1 of 2): its tasks crashed, so Marathon waits 4 min before it starts the next. ' +
        '0 of 1 new task healthy. Its last task failed: Container exited with status 1 on c4 (TASK_FAILED, 14:01:00 UTC).',
    );
    expect(heard).toHaveLength(1);
  });
});

describe('requiring health', () => {
  const require = async (apps: object[]) => (await scripted({ apps })).marathon.requireHealthy(ticket);

  test('is content once every new task passes its check', async () => {
    const unsure = app({ tasks: [task(NEW)] });
    await expect(require([app({}), unsure, app({ tasks: [task(NEW, true)] })])).resolves.toMatchObject({
      state: 'healthy',
    });
  });

  test('does not believe a task that is good only now and then, as in a crash loop', async () => {
    const [up, down] = [app({ tasks: [task(NEW, true)] }), app({})];
    expect(
      await failureOf(require(Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? up : down)))),
    ).toMatchObject({ code: 'UNHEALTHY' });
  });

  test('is sure of good tasks no later for hearing what happens', async () => {
    const { clock, marathon } = await scripted({ apps: [app({ tasks: [task(NEW, true)] })] });
    const events = ({ onBegin, signal }: EventsOptions) => {
      onBegin?.();
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    };
    const { app: read, queue, deployments } = marathon;
    await createFollow({ app: read, queue, deployments, events, clock }).requireHealthy(ticket);
    expect(clock.now().getTime() - Date.parse(NEW)).toBeLessThanOrEqual(3_000);
  });

  test('is content with running tasks where nothing is checked', async () => {
    await expect(require([app({ healthChecks: [], tasks: [task(NEW)] })])).resolves.toMatchObject({ state: 'running' });
  });

  test('does not take old tasks for new ones', async () => {
    expect(await failureOf(require([app({ tasks: [task(OLD, true)] })]))).toMatchObject({
      code: 'UNHEALTHY',
      message: '/x is not healthy: 0 of 1 new task healthy.',
    });
  });

  test('counts tasks of an older version as new when only the scale changed', async () => {
    const scaled = app({ versionInfo: { lastConfigChangeAt: OLD, lastScalingAt: NEW }, tasks: [task(OLD, true)] });
    await expect(require([scaled])).resolves.toMatchObject({ state: 'healthy' });
  });

  test('says why a task fails its check', async () => {
    expect((await failureOf(require([app({ tasks: [task(NEW, false)] })]))).message).toContain(
      '1 failing the health check (Connection refused)',
    );
  });

  test('says that the deployment was cancelled when the app is back at its old version', async () => {
    expect(await failureOf(require([app({ version: OLD, tasks: [task(OLD, true)] })]))).toMatchObject({
      code: 'UNHEALTHY',
      message: expect.stringContaining('was cancelled or rolled back'),
    });
  });

  test('says who overrode it when the app is newer', async () => {
    expect((await failureOf(require([app({ version: LATER, deployments: [{ id: 'd2' }] })]))).message).toContain(
      'was overridden by deployment d2',
    );
  });

  test('says that the app is gone', async () => {
    expect(await failureOf(require([{ status: 404, body: { message: "App '/x' does not exist" } }]))).toMatchObject({
      code: 'APP_NOT_FOUND',
    });
  });
});
