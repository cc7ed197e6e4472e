import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMarathon, type Marathon } from '../../src/cluster/marathon/client.js';
import { createMesos, type Mesos } from '../../src/cluster/mesos/client.js';
import { startPractice, type Practice } from '../sandbox/cluster/support.js';
import { httpTo } from './serve.js';

// The clients while the simulated cluster falls apart under them.

const web = {
  id: '/web',
  cmd: 'serve',
  cpus: 0.1,
  mem: 32,
  instances: 2,
  healthChecks: [{ path: '/', intervalSeconds: 5 }],
};
const STEP_MS = 100;

let practice: Practice;
let marathon: Marathon;
let mesos: Mesos;
beforeEach(async () => {
  practice = await startPractice({ apps: [web] });
  const { clock, urls } = practice;
  marathon = createMarathon({ http: httpTo([urls.marathon, ...urls.marathonStandbys], { clock }), clock });
  mesos = createMesos({
    http: httpTo(urls.mesos, { service: 'Mesos', clock }),
    httpToMaster: (url) => httpTo(url, { service: 'the Mesos master', clock }),
    httpTo: (service, url) => httpTo(url, { service, clock }),
  });
});
afterEach(() => practice.stop());

/** Lets the time of the cluster go on until the promise is settled; what happens on the wire meanwhile takes no time of it. */
async function whileTimeGoesOn<T>(promise: Promise<T>): Promise<T> {
  const state = { over: false };
  const settled = promise.finally(() => (state.over = true));
  settled.catch(() => undefined);
  for (let step = 0; !state.over && step < 20_000; step++) {
    for (let turn = 0; turn < 30 && !state.over; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (!state.over) await practice.clock.advance(STEP_MS);
  }
  return settled;
}

/** Restarts the app and follows it to its healthy end, while something happens half a second later. */
async function restartDespite(trouble: () => void | Promise<void>) {
  const ticket = await marathon.restart('/web');
  const ending = marathon.waitFor(ticket);
  practice.clock.after(500, () => void trouble());
  await whileTimeGoesOn(ending);
  await whileTimeGoesOn(marathon.requireHealthy(ticket));
  return marathon.app('/web');
}

describe('a deployment is followed to its true end', () => {
  test.each<[string, () => void | Promise<void>]>([
    ['the leader changes, and shows no tasks at first', () => practice.control.changeLeader('marathon')],
    ['the masters of Mesos elect another leader', () => practice.control.changeLeader('mesos')],
    [
      'ZooKeeper loses its quorum for a while',
      () => {
        practice.control.loseQuorum();
        practice.clock.after(3_000, () => practice.control.returnQuorum());
      },
    ],
    ['the instance that leads dies', () => practice.control.serviceOn('stars-dc0', 'marathon', false)],
    ['the events are cut', () => practice.control.dropConnections('marathon')],
    ['answers are cut short', () => practice.control.fault('marathon', { truncate: true, times: 3, method: 'GET' })],
    ['a proxy answers for a while', () => practice.control.fault('marathon', { html: true, times: 3, method: 'GET' })],
    [
      'answers trickle in until their time is up',
      () => practice.control.fault('marathon', { trickle: 1_000, times: 2, path: '/v2/deployments' }),
    ],
    [
      'answers come too late',
      () => practice.control.fault('marathon', { slow: 60_000, times: 2, path: '/v2/deployments' }),
    ],
    [
      'the service is away for a moment',
      async () => {
        await practice.control.stopService('marathon');
        practice.clock.after(2_000, () => void practice.control.startService('marathon'));
      },
    ],
  ])('while %s', async (_what, trouble) => {
    const app = await restartDespite(trouble);
    expect(app).toMatchObject({ tasksRunning: 2, tasksHealthy: 2, deployments: [] });
  });

  test('which is none while an agent with a task is lost, and one when it comes back', async () => {
    const [lost] = (await marathon.app('/web')).tasks;
    await practice.control.loseAgent(lost?.host ?? '');
    await practice.clock.advance(4_000);
    const ticket = await marathon.restart('/web');
    await expect(whileTimeGoesOn(marathon.waitFor(ticket, { timeoutMs: 30_000 }))).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await practice.control.returnAgent(lost?.host ?? '');
    await whileTimeGoesOn(marathon.waitFor(ticket));
    await whileTimeGoesOn(marathon.requireHealthy(ticket));
    expect((await marathon.app('/web')).tasks).toHaveLength(2);
  });

  test('a change that was answered by a time-out of the store is found done, not repeated', async () => {
    practice.control.fault('marathon', { status: 503, takesEffect: true, method: 'POST' });
    const before = (await marathon.app('/web')).version;
    await marathon.restart('/web').catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'API_UNREACHABLE', hint: expect.stringContaining('may have happened') });
    });
    await practice.clock.advance(5_000);
    const restarts = practice.control.events().filter(({ type }) => type === 'deployment_success');
    expect([restarts.length, (await marathon.app('/web')).version !== before]).toEqual([1, true]);
  });
});

describe('Mesos', () => {
  test('tells which agent is out of reach while its task is read', async () => {
    const [one] = (await marathon.app('/web')).tasks;
    const request = { agentId: one?.agentId ?? '', taskId: one?.id ?? '', stream: 'stdout' as const };
    expect((await mesos.taskLog(request)).text).toContain('Starting task');
    await practice.control.loseAgent(one?.host ?? '');
    await expect(mesos.taskLog(request)).rejects.toMatchObject({
      code: 'API_UNREACHABLE',
      message: expect.stringContaining(`the Mesos agent ${one?.host} does not answer`),
    });
    await practice.clock.advance(4_000);
    await expect(mesos.taskLog(request)).rejects.toMatchObject({
      message: expect.stringContaining('no longer knows the agent'),
    });
  });

  test('is asked through another master when the first is cut off in the middle of its answer', async () => {
    practice.control.fault('stars-dc0', { truncate: true, path: '/slaves' });
    expect(await mesos.agents()).toHaveLength(4);
    practice.control.changeLeader();
    await practice.clock.advance(1_000);
    expect(await mesos.agents()).toHaveLength(4);
  });

  test('and its masters are told apart when some are gone', async () => {
    await practice.control.serviceOn('stars-dc2', 'mesos-master', false);
    const answers = await mesos.eachMaster();
    expect(answers.map(({ answer }) => ('elected' in answer ? answer.elected : answer.code))).toEqual([
      true,
      false,
      'API_UNREACHABLE',
    ]);
  });

  test('keeps a schedule for maintenance when its leader goes between reading and writing', async () => {
    const machine = { hostname: 'stars-dw0', ip: '127.0.0.1' };
    practice.control.fault('stars-dc0', { status: 503, body: 'Master has not finished recovery', method: 'POST' });
    await expect(mesos.maintenance.plan({ machines: [machine], from: new Date(0) })).rejects.toMatchObject({
      code: 'API_UNREACHABLE',
      hint: expect.stringContaining('may have happened'),
    });
    await mesos.maintenance.plan({ machines: [machine], from: new Date(0) });
    expect(await mesos.maintenance.status()).toEqual({ draining: [machine], down: [] });
  });
});
