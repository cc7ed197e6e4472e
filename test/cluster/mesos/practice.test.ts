import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMesos } from '../../../src/cluster/mesos/client.js';
import { machineOf } from '../../../src/cluster/mesos/maintenance.js';
import { startPractice, type Practice } from '../../sandbox/cluster/support.js';
import { failureOf, httpTo } from '../serve.js';

// The client against the simulated masters and agents.

let practice: Practice;
let mesos: ReturnType<typeof createMesos>;
const web = { id: '/web', cmd: 'serve', cpus: 0.1, mem: 32 };
beforeEach(async () => {
  practice = await startPractice({ apps: [web] });
  mesos = mesosOf(practice.urls.mesos);
});
afterEach(() => practice.stop());

function mesosOf(urls: string[]) {
  return createMesos({
    http: httpTo(urls, { service: 'Mesos' }),
    httpToMaster: (url) => httpTo(url, { service: 'the Mesos master' }),
    httpTo: (service, url) => httpTo(url, { service }),
  });
}

const machine = (name: string) => ({ hostname: name, ip: '127.0.0.1' });
const from = new Date('2026-01-02T00:00:00.123Z');

async function task() {
  const { data } = await practice.marathon('GET', '/v2/apps/web/tasks');
  const [{ id, slaveId, host } = { id: '', slaveId: '', host: '' }] = (
    data as { tasks: { id: string; slaveId: string; host: string }[] }
  ).tasks;
  return { taskId: id, agentId: slaveId, host };
}

describe('the maintenance schedule', () => {
  test('keeps what others planned, to the last nanosecond, beside what is added', async () => {
    const theirs =
      '{"windows":[{"machine_ids":[{"hostname":"stars-dw3","ip":"127.0.0.1"}],"unavailability":{"start":{"nanoseconds":1767312000123456789},"duration":{"nanoseconds":9007199254740993}}}]}';
    await practice.mesos('POST', '/maintenance/schedule', theirs);
    await mesos.maintenance.plan({ machines: [machine('stars-dw0'), machine('stars-dw3')], from, durationMs: 60_000 });
    const { data } = await practice.mesos('GET', '/maintenance/schedule', undefined, {
      responseType: 'text',
      transformResponse: (text: string) => text,
    });
    expect(data).toBe(
      `${theirs.slice(0, -2)},{"machine_ids":[{"hostname":"stars-dw0","ip":"127.0.0.1"}],"unavailability":{"start":{"nanoseconds":1767312000123000000},"duration":{"nanoseconds":60000000000}}}]}`,
    );
  });

  test('is empty at first, and planning twice changes nothing more', async () => {
    expect(await mesos.maintenance.schedule()).toEqual([]);
    await mesos.maintenance.plan({ machines: [machine('stars-dw0')], from });
    const once = await mesos.maintenance.schedule();
    await mesos.maintenance.plan({ machines: [machine('stars-dw0')], from: new Date(0) });
    expect(await mesos.maintenance.schedule()).toEqual(once);
  });

  test('drains, kills at once when down, and is left by what comes up again', async () => {
    const { host } = await task();
    const [agent] = (await mesos.agents()).filter(({ hostname }) => hostname === host);
    const here = machineOf(agent!)!;
    await mesos.maintenance.plan({ machines: [here], from });
    expect(await mesos.maintenance.status()).toEqual({ draining: [here], down: [] });
    await mesos.maintenance.down([here]);
    expect(await mesos.maintenance.status()).toEqual({ draining: [], down: [here] });
    await practice.clock.advance(2_000);
    expect((await task()).host).not.toBe(host);
    expect((await failureOf(mesos.maintenance.cancel([here]))).message).toContain(
      'cannot be removed from the schedule',
    );
    await mesos.maintenance.up([here]);
    expect(await mesos.maintenance.schedule()).toEqual([]);
    expect((await mesos.agents()).map(({ hostname }) => hostname)).toContain(host);
  });

  test('can be cancelled for one machine of a window', async () => {
    await mesos.maintenance.plan({ machines: [machine('stars-dw0'), machine('stars-dw1')], from });
    await mesos.maintenance.cancel([machine('stars-dw0'), machine('nobody')]);
    expect((await mesos.maintenance.schedule()).map(({ machine_ids: ids }) => ids)).toEqual([[machine('stars-dw1')]]);
    await mesos.maintenance.cancel([machine('stars-dw1')]);
    expect(await mesos.maintenance.schedule()).toEqual([]);
  });

  test('refuses in words what Mesos refuses', async () => {
    const error = await failureOf(mesos.maintenance.down([machine('stars-dw0')]));
    expect(error).toMatchObject({ code: 'API_REFUSED' });
    expect(error.message).toContain('is not part of a maintenance schedule');
  });
});

describe('the leader', () => {
  test('is found through masters that do not lead, for changes too, and after another is elected', async () => {
    mesos = mesosOf(practice.urls.mesos.toReversed());
    await mesos.maintenance.plan({ machines: [machine('stars-dw0')], from });
    practice.control.changeLeader();
    expect(await failureOf(mesos.agents())).toMatchObject({ code: 'API_UNREACHABLE' });
    await practice.clock.advance(1_000);
    expect(await mesos.maintenance.schedule()).toHaveLength(1);
    const elected = (await mesos.eachMaster()).map(({ answer }) => 'elected' in answer && answer.elected);
    expect(elected.filter(Boolean)).toHaveLength(1);
  });

  test('tells agents, frameworks and tasks', async () => {
    const state = await mesos.state();
    expect(state).toMatchObject({ counts: { active: 4, unreachable: 0 }, leader: expect.stringMatching(/^master@/) });
    expect(state.frameworks.map(({ name, tasks }) => [name, tasks.length])).toEqual([
      ['marathon', 1],
      ['chronos-3.0.0', 0],
    ]);
    expect(state.agents[0]).toMatchObject({ active: true, registeredAt: expect.any(Number) });
    expect(await mesos.tasks()).toMatchObject([{ state: 'TASK_RUNNING', executorId: undefined }]);
  });
});

describe('an agent', () => {
  test('tells what its containers use', async () => {
    const { agentId, taskId } = await task();
    const [agent] = (await mesos.agents()).filter(({ id }) => id === agentId);
    await practice.clock.advance(10_000);
    const [first] = await mesos.containers(agent!);
    await practice.clock.advance(10_000);
    const [second] = await mesos.containers(agent!);
    expect(first).toMatchObject({ executorId: taskId, usage: { memoryLimitBytes: 64 * 1024 * 1024 } });
    const perSecond = (second!.usage!.cpuSeconds - first!.usage!.cpuSeconds) / (second!.usage!.at! - first!.usage!.at!);
    expect(perSecond).toBeCloseTo(0.12);
  });

  test('shows the files of a task', async () => {
    expect((await mesos.taskFiles(await task())).map(({ path }) => path.split('/').at(-1))).toEqual([
      'stderr',
      'stdout',
    ]);
  });

  test('gives out a long log whole, over many answers of 64 KiB, with every character', async () => {
    const lines = Array.from({ length: 9_000 }, (_, index) => `ä€😀 ${index}`);
    practice.control.writeLog('/web', 'stdout', lines);
    const log = await mesos.taskLog({ ...(await task()), stream: 'stdout', bytes: 1_000_000 });
    expect(log.from).toBe(0);
    expect(log.text.split('\n').slice(-9_001, -1)).toEqual(lines);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('begins a tail with a whole line wherever %d bytes cut', async (bytes) => {
    practice.control.writeLog('/web', 'stderr', ['😀😀😀', 'ä']);
    const { text } = await mesos.taskLog({ ...(await task()), stream: 'stderr', bytes });
    expect(text === '' || text === 'ä\n').toBe(true);
  });

  test('can be followed: from the end on, whole lines only, and anew when the file has become shorter', async () => {
    const more = await mesos.followLog({ ...(await task()), stream: 'stdout' });
    expect(await more()).toMatchObject({ text: '', restarted: false });
    practice.control.writeLog('/web', 'stdout', ['öne', 'two']);
    expect(await more()).toMatchObject({ text: 'öne\ntwo\n', restarted: false });
    expect(await more()).toMatchObject({ text: '' });
    practice.control.writeLog('/web', 'stdout', ['x'.repeat(1024 * 1024)]);
    practice.control.writeLog('/web', 'stdout', ['after the rotation']);
    expect(await more()).toMatchObject({ text: 'after the rotation\n', restarted: true });
  });
});
