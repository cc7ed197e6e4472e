import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { practise, type Practice } from '../../commands/practice.js';
import { failureOf } from '../serve.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const marathon = () => practice.cluster.marathon;
const WEB = { id: '/web', cmd: 'sleep 1000', cpus: 0.1, mem: 32, instances: 2, env: { A: '1' } };

async function settled(): Promise<void> {
  await practice.clock.sleep(30_000);
}

describe('apps', () => {
  test('are created, changed field by field, replaced and deleted', async () => {
    const made = await marathon().create(WEB);
    expect(made).toMatchObject({ app: '/web', deploymentId: expect.any(String) });
    await settled();
    await marathon().patch('/web', { mem: 64 });
    await settled();
    expect(await marathon().definition('/web')).toMatchObject({ mem: 64, env: { A: '1' } });
    await marathon().replace('/web', { ...WEB, env: {} });
    await settled();
    expect(await marathon().definition('/web')).toMatchObject({ mem: 32, env: {} });
    await marathon().remove('/web');
    await settled();
    expect(await marathon().definition('/web')).toBeUndefined();
  });

  test('are not deleted over a running deployment unless that is said', async () => {
    practice.simulated.control.lockApp('/zeppelin');
    expect(await failureOf(marathon().remove('/zeppelin'))).toMatchObject({ code: 'APP_LOCKED' });
    await expect(marathon().remove('/zeppelin', { force: true })).resolves.toMatchObject({
      version: expect.any(String),
    });
  });

  test('are not created by a change of a mistyped id', async () => {
    expect(await failureOf(marathon().patch('/zepelin', { instances: 1 }))).toMatchObject({ code: 'APP_NOT_FOUND' });
    expect(await marathon().definition('/zepelin')).toBeUndefined();
  });

  test('are replaced together in one deployment', async () => {
    await marathon().replaceAll([WEB, { ...WEB, id: '/web2', dependencies: ['/web'] }]);
    await settled();
    expect((await marathon().apps()).map(({ id }) => id)).toEqual(expect.arrayContaining(['/web', '/web2']));
  });

  test.each([
    ['created', () => marathon().create(WEB), '/web', 'POST'],
    ['changed', () => marathon().patch('/livy', { mem: 2048 }), '/livy', 'PATCH'],
  ] as const)('are found %s although Marathon said 503', async (_what, change, id, method) => {
    practice.simulated.control.fault('marathon', { status: 503, method, takesEffect: true });
    const ticket = await change();
    const [deployment] = (await marathon().app(id)).deployments;
    expect(ticket).toMatchObject({ app: id, deploymentId: deployment?.id });
    expect(ticket.version).toBe((await marathon().app(id)).version);
  });

  test('go back to an earlier version, the newest first in the list', async () => {
    await marathon().patch('/livy', { mem: 2048 });
    await settled();
    await marathon().patch('/livy', { mem: 4096 });
    await settled();
    const versions = await marathon().versions('/livy');
    expect(versions).toEqual(versions.toSorted().toReversed());
    expect(await marathon().version('/livy', versions[1] ?? '')).toMatchObject({ mem: 2048 });
    await marathon().rollBack('/livy', versions[1] ?? '');
    expect(await marathon().definition('/livy')).toMatchObject({ mem: 2048 });
    expect(await marathon().version('/livy', '2001-01-01T00:00:00.000Z')).toBeUndefined();
  });
});

describe('deployments', () => {
  test('are taken back by a new one, which is the one to follow', async () => {
    practice.simulated.control.hangDeployments('/livy');
    const ticket = await marathon().patch('/livy', { mem: 2048 });
    await settled();
    const back = await marathon().revertDeployment(ticket.deploymentId ?? '');
    expect(back.deploymentId).not.toBe(ticket.deploymentId);
    expect(await marathon().definition('/livy')).toMatchObject({ mem: 1024 });
  });

  test('are left where they stand when they are abandoned, though the answer is empty', async () => {
    practice.simulated.control.hangDeployments('/livy');
    const ticket = await marathon().patch('/livy', { mem: 2048 });
    await settled();
    await marathon().abandonDeployment(ticket.deploymentId ?? '');
    expect(await marathon().deployments()).toEqual([]);
    expect(await marathon().definition('/livy')).toMatchObject({ mem: 2048 });
  });

  test('that are over cannot be taken back', async () => {
    expect(await failureOf(marathon().revertDeployment('nothing'))).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('it is over, or never was'),
    });
  });
});

test('the back-off of a crashing app is ended, and there is none where nothing waits', async () => {
  practice.simulated.control.crashLoop('/livy');
  await practice.clock.sleep(60_000);
  await expect(marathon().resetDelay('/livy')).resolves.toBe(true);
  await expect(marathon().resetDelay('/zeppelin')).resolves.toBe(false);
});

test('tasks that Marathon did not know are told apart from those it killed', async () => {
  const [task] = (await marathon().app('/livy')).tasks;
  await expect(marathon().killTasks([task?.id ?? '', 'livy.e5b93bfa-1111-11e7-9e6a-024241f1f9ab'])).resolves.toEqual({
    killed: [task?.id],
    unknown: ['livy.e5b93bfa-1111-11e7-9e6a-024241f1f9ab'],
  });
});

describe('groups', () => {
  const GROUP = { id: '/data', apps: [{ ...WEB, id: 'a' }], groups: [] };

  test('are created, tried out, replaced and deleted', async () => {
    await marathon().createGroup(GROUP);
    await settled();
    const steps = await marathon().tryGroup('/data', { ...GROUP, apps: [] });
    expect(steps.flat()).toContainEqual(expect.objectContaining({ app: '/data/a' }));
    expect(await marathon().groupDefinition('/data')).toMatchObject({ apps: [{ id: '/data/a' }] });
    await marathon().replaceGroup('/data', { ...GROUP, apps: [] });
    await settled();
    expect(await marathon().groupDefinition('/data')).toMatchObject({ apps: [] });
    await marathon().removeGroup('/data');
  });

  test.each(['/', '', '//'])('the root (%j) is never deleted', async (id) => {
    expect(await failureOf(marathon().removeGroup(id))).toMatchObject({ code: 'USAGE' });
  });
});

test('pods are created, replaced and deleted, their deployments read from a header', async () => {
  const pod = {
    id: '/pod',
    containers: [{ name: 'one', resources: { cpus: 0.1, mem: 32 }, exec: { command: { shell: 'sleep 1000' } } }],
  };
  await expect(marathon().hasPods()).resolves.toBe(true);
  await expect(marathon().createPod(pod)).resolves.toEqual({ deploymentId: expect.any(String) });
  await settled();
  expect(await marathon().podStatus('/pod')).toMatchObject({ status: 'STABLE' });
  expect(await marathon().podDefinitions()).toMatchObject([{ id: '/pod' }]);
  await marathon().replacePod('/pod', { ...pod, scaling: { kind: 'fixed', instances: 2 } });
  await settled();
  await expect(marathon().removePod('/pod')).resolves.toEqual({ deploymentId: expect.any(String) });
  await settled();
  expect(await marathon().podDefinition('/pod')).toBeUndefined();
});
