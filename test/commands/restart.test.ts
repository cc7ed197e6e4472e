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
  await expect(ask({ service: 'zeppelin' })).resolves.toBe('Restarted /zeppelin: 1 of 1 new task healthy.');
  const after = (await practice.cluster.marathon.app('/zeppelin')).tasks;
  expect(after).toHaveLength(1);
  expect(after[0]?.id).not.toBe(before?.id);
  expect(practice.said).toEqual([
    'Find zeppelin in Marathon',
    'Ask Marathon to restart /zeppelin',
    'Wait for the deployment',
    'Check that the new tasks are healthy',
  ]);
});

test('names similar apps when there is none of that name', async () => {
  expect(await refused({ service: 'zepelin' })).toMatchObject({
    code: 'APP_NOT_FOUND',
    hint: 'Did you mean zeppelin?',
  });
});

test.each(['workers', 'mesos-slave', 'docker.service'])('says plainly that it does not restart %s', async (service) => {
  expect(await refused({ service })).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('cannot be restarted from here yet'),
    hint: expect.stringContaining('systemctl'),
  });
});

describe('an app that somebody else is deploying', () => {
  test('is left alone, and the deployment is named', async () => {
    const id = practice.simulated.control.lockApp('/zeppelin', 'a-deployment');
    const error = await refused({ service: 'zeppelin' });
    expect(id).toBe('a-deployment');
    expect(error).toMatchObject({ code: 'APP_LOCKED', hint: expect.stringContaining('--force') });
    expect(error.message).toMatch(/^\/zeppelin is locked by deployment a-deployment/);
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
  expect(error).toMatchObject({ code: 'TIMEOUT' });
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

test('does not repeat a restart that may have happened', async () => {
  practice.simulated.control.fault('marathon', { status: 503, method: 'POST', takesEffect: true });
  expect(await refused({ service: 'zeppelin' })).toMatchObject({
    code: 'API_UNREACHABLE',
    hint: expect.stringContaining('may have happened'),
  });
  await practice.clock.sleep(200);
  expect(await practice.cluster.marathon.deployments()).toHaveLength(1);
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
