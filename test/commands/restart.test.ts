import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { restart } from '../../commands/restart.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const ask = (input: Record<string, unknown>) => practice.perform(restart, input);
const refused = (input: Record<string, unknown>) => failureOf(ask(input));

test('restarts an app by its short name and waits for healthy new tasks', async () => {
  const [before] = (await practice.cluster.marathon.app('/zeppelin')).tasks;
  await expect(ask({ service: 'zeppelin' })).resolves.toBe(
    'Restarted /zeppelin: 1 of 1 new task healthy. It says version 0.7.2.',
  );
  const after = (await practice.cluster.marathon.app('/zeppelin')).tasks;
  expect(after).toHaveLength(1);
  expect(after[0]?.id).not.toBe(before?.id);
  expect(practice.said).toEqual([
    'Find zeppelin in Marathon',
    'Look whether there is room for the new tasks',
    'Ask Marathon to restart /zeppelin',
    'Wait for the deployment',
    expect.stringMatching(/^Still waiting: 0 of 1 new task healthy; old on worker\d healthy/),
    'Check that the new tasks are healthy',
    'Wait until zeppelin answers',
  ]);
});

test('names similar apps when there is none of that name', async () => {
  expect(await refused({ service: 'zepelin' })).toMatchObject({
    code: 'APP_NOT_FOUND',
    hint: 'Did you mean zeppelin?',
  });
});

test.each([
  ['a host', 'worker1', /^It is a host: status worker1 sandbox/],
  ['a job', 'reindex', /^It is a job: .*jobs run reindex sandbox/],
  ['a job with its kind', 'job:reindex', /jobs run reindex sandbox/],
  ['nearly a service of hosts', 'zookeper', /^Did you mean zookeeper, a service of hosts\?/],
])('says that what is no app is %s', async (_what, service, hint) => {
  expect(await refused({ service })).toMatchObject({ code: 'APP_NOT_FOUND', hint: expect.stringMatching(hint) });
});

test.each([
  ['--limit', { limit: 'worker1' }],
  ['--serial', { serial: '2' }],
  ['--keep-tasks', { keepTasks: true }],
])('does not leave %s out without a word when it is an app', async (flag, more) => {
  const [before] = (await practice.cluster.marathon.app('/zeppelin')).tasks;
  expect(await refused({ service: 'zeppelin', ...more })).toMatchObject({
    code: 'USAGE',
    message: `${flag} is for services of hosts; zeppelin is an app.`,
  });
  expect((await practice.cluster.marathon.app('/zeppelin')).tasks[0]?.id).toBe(before?.id);
});

describe('an app that somebody else is deploying', () => {
  test('is left alone, and the deployment is named', async () => {
    const id = practice.simulated.control.lockApp('/zeppelin', 'a-deployment');
    const error = await refused({ service: 'zeppelin' });
    expect(id).toBe('a-deployment');
    expect(error).toMatchObject({ code: 'APP_LOCKED', hint: expect.stringContaining('--force') });
    expect(error.message).toMatch(/^\/zeppelin is locked by deployment a-deployment/);
    expect(error.message).toContain('begun outside of Stars');
    expect(error).toMatchObject({
      choices: [
        { words: 'restart /zeppelin sandbox --queue', label: 'Wait, then do it' },
        { words: 'restart /zeppelin sandbox --force', asks: expect.stringContaining('stays as it is') },
      ],
    });
  });

  test('is waited for when that is asked', async () => {
    practice.simulated.control.lockApp('/zeppelin', 'a-deployment');
    const free = (title: string) => {
      if (title.startsWith('Wait until')) practice.simulated.control.unlockApp('/zeppelin');
    };
    await expect(practice.perform(restart, { service: 'zeppelin', queue: true }, free)).resolves.toContain('Restarted');
    expect(practice.said).toContain('Deployment a-deployment holds /zeppelin: it comes first.');
  });

  test('is restarted all the same by force', async () => {
    practice.simulated.control.lockApp('/zeppelin');
    await expect(ask({ service: 'zeppelin', force: true })).resolves.toContain('Restarted /zeppelin');
  });
});

test('tells of a crash loop while it waits, and shows the last words of the task when time is up', async () => {
  practice.simulated.control.crashLoop('/zeppelin');
  const error = await refused({ service: 'zeppelin', wait: '3m' });
  expect(error).toMatchObject({ code: 'UNHEALTHY', hint: expect.stringContaining('old version may still run') });
  expect(error.message).toContain('Its last task failed: ');
  expect(practice.said.join('\n')).toContain('Still waiting: its tasks crashed');
  expect(practice.said.at(-1)).toMatch(/^The last lines of std(err|out) of zeppelin\.\S+ on \S+:\n./);
});

test('says that nothing has room for the app when its deployment hangs', async () => {
  practice.simulated.control.hangDeployments('/zeppelin');
  const error = await refused({ service: 'zeppelin', wait: '2m' });
  const id = (await practice.cluster.marathon.deployments())[0]?.id ?? '';
  expect(error).toMatchObject({
    code: 'TIMEOUT',
    choices: [
      { words: `deployments revert ${id} sandbox`, label: 'Roll back', asks: expect.any(String) },
      { words: `deployments cancel ${id} sandbox`, label: 'Cancel' },
      { words: `deployments wait ${id} sandbox`, label: 'Wait' },
    ],
  });
  expect(practice.said.some((line) => line.startsWith('Still waiting: '))).toBe(true);
});

test('says that Marathon is down', async () => {
  await practice.simulated.control.stopService('marathon');
  expect(await refused({ service: 'zeppelin' })).toMatchObject({
    code: 'API_UNREACHABLE',
    message: expect.stringContaining('refused the connection'),
  });
});

test('says that a web page answers in place of Marathon', async () => {
  practice.simulated.control.fault('marathon', { html: true, status: 200, times: 5 });
  expect(await refused({ service: 'zeppelin' })).toMatchObject({
    code: 'API_ANSWER',
    message: expect.stringContaining('web page instead of JSON'),
  });
});

test('finds a restart that happened although Marathon said 503, and does not repeat it', async () => {
  practice.simulated.control.fault('marathon', { status: 503, method: 'POST', takesEffect: true });
  await expect(ask({ service: 'zeppelin' })).resolves.toContain('Restarted /zeppelin');
  const asked = practice.simulated.control.events().filter(({ type }) => type === 'deployment_success');
  expect(asked).toHaveLength(1);
});

test('says so when a restart that Marathon answered with 503 did not happen', async () => {
  practice.simulated.control.fault('marathon', { status: 503, method: 'POST' });
  expect(await refused({ service: 'zeppelin' })).toMatchObject({
    code: 'API_UNREACHABLE',
    hint: expect.stringContaining('saw no change of /zeppelin'),
  });
});

test('sees the restart through a change of leader', async () => {
  const elect = (title: string) => {
    if (title === 'Wait for the deployment') practice.simulated.control.changeLeader('marathon');
  };
  await expect(practice.perform(restart, { service: 'zeppelin' }, elect)).resolves.toContain('Restarted /zeppelin');
});

test('does not restart a suspended app', async () => {
  await practice.cluster.marathon.scale('/zeppelin', 0);
  await practice.clock.sleep(2_000);
  expect(await refused({ service: 'zeppelin' })).toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('suspended'),
  });
});

test.each(['soon', '0s', '25h', '-5m'])('does not take %s for a time to wait', (wait) => {
  expect(restart.args.safeParse({ service: 'x', wait }).success).toBe(false);
});

describe('an app whose port is fixed', () => {
  const FIXED = {
    id: '/fixed',
    cmd: 'sleep 1000',
    cpus: 0.1,
    mem: 32,
    instances: 3,
    requirePorts: true,
    portDefinitions: [{ port: 31_500, protocol: 'tcp' }],
  };

  beforeEach(async () => {
    await practice.cluster.marathon.create(FIXED);
    await practice.clock.sleep(60_000);
  });

  test('is not restarted where every host has a task on that port, unless that is said', async () => {
    const error = await refused({ service: 'fixed' });
    expect(error).toMatchObject({
      code: 'UNCONFIRMED',
      exitStatus: 2,
      choices: [{ words: 'restart /fixed sandbox --yes', style: 'danger' }],
    });
    expect(error.message).toContain('/fixed cannot finish a rolling restart: Marathon keeps 3 tasks running');
    expect(error.message).toContain('worker1: port 31500 is taken there');
    expect(error.hint).toContain('Set upgradeStrategy to {"minimumHealthCapacity": 0.66, "maximumOverCapacity": 0}');
    expect(await practice.cluster.marathon.deployments()).toEqual([]);
  });

  test('really hangs when it is restarted all the same, as was said', async () => {
    expect(await refused({ service: 'fixed', yes: true, wait: '2m' })).toMatchObject({ code: 'TIMEOUT' });
    expect(practice.said.join('\n')).toMatch(/Still waiting: no agent has its ports free/);
  });

  test('comes through with what was advised', async () => {
    const upgradeStrategy = { minimumHealthCapacity: 0.66, maximumOverCapacity: 0 };
    await practice.cluster.marathon.patch('/fixed', { upgradeStrategy }, { force: true });
    await practice.clock.sleep(120_000);
    await expect(ask({ service: 'fixed' })).resolves.toBe('Restarted /fixed: 3 of 3 new tasks running.');
  });
});

test('goes on without a look at the agents when Mesos does not answer', async () => {
  for (const name of ['master1', 'master2', 'master3']) await practice.simulated.control.stopService(name);
  await expect(ask({ service: 'zeppelin', wait: '1m' })).resolves.toContain('Restarted');
  expect(practice.said.join('\n')).toContain('Whether there is room could not be found out');
});

test('restarts one task alone', async () => {
  const [before] = (await practice.cluster.marathon.app('/zeppelin')).tasks;
  await expect(ask({ service: 'zeppelin', task: before?.id })).resolves.toContain('Restarted one task of /zeppelin');
  expect(await refused({ service: 'zeppelin', task: 'nothing' })).toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('Its tasks: zeppelin.'),
  });
});

test('keeps what sounds like a password in the last lines of a task to itself', async () => {
  practice.simulated.control.breakNewInstances('/zeppelin');
  const tell = (title: string) => {
    if (title === 'Wait for the deployment')
      practice.simulated.control.writeLog('/zeppelin', 'stderr', ['db_password=hunter22']);
  };
  await failureOf(practice.perform(restart, { service: 'zeppelin', wait: '1m' }, tell));
  expect(practice.said.join('\n')).not.toContain('hunter22');
});
