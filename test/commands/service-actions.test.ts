import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { restart } from '../../commands/restart.js';
import { stop } from '../../commands/stop.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const data = () => practice.simulated.data;

describe('an interpreter of Zeppelin', () => {
  const ask = (input: Record<string, unknown>) => practice.perform(restart, { service: 'zeppelin', ...input });

  test('is restarted alone; the app goes on', async () => {
    await expect(ask({ interpreter: 'md' })).resolves.toContain('Restarted the interpreter md of Zeppelin');
    expect(data().zeppelin.restarts).toEqual(['md']);
    expect(await practice.cluster.marathon.deployments()).toEqual([]);
  });

  test('in which people work is restarted only after a question that names the notebooks', async () => {
    data().zeppelin.hang();
    expect(await failureOf(ask({ interpreter: 'spark' }))).toMatchObject({
      code: 'UNCONFIRMED',
      message: expect.stringContaining('“Zeppelin Tutorial/Basic Features (Spark)”'),
      choices: [expect.objectContaining({ words: 'restart zeppelin sandbox --interpreter spark --yes' })],
    });
    expect(data().zeppelin.restarts).toEqual([]);
    await ask({ interpreter: 'spark', yes: true });
    expect(data().zeppelin.restarts).toEqual(['spark']);
  });

  test('of another service, or of none, is a mistake', async () => {
    expect(await failureOf(ask({ interpreter: 'scala' }))).toMatchObject({ code: 'USAGE' });
    expect(await failureOf(practice.perform(restart, { service: 'livy', interpreter: 'spark' }))).toMatchObject({
      code: 'USAGE',
      message: '--interpreter is for zeppelin, not for livy.',
    });
  });
});

describe('a session of Livy', () => {
  const ask = (input: Record<string, unknown>) => practice.perform(stop, { service: 'livy', ...input });

  test('is ended after a question that says whose it is', async () => {
    const session = String(data().livy.addSession('busy', 'pyspark', 'ben'));
    expect(await failureOf(ask({ session }))).toMatchObject({
      code: 'UNCONFIRMED',
      message: expect.stringContaining(`session ${session} of ben: busy`),
      hint: expect.stringContaining('Ask ben first.'),
    });
    await expect(ask({ session, yes: true })).resolves.toBe(`Ended session ${session} of Livy.`);
    expect(await practice.cluster.services.of('livy').sessions()).toEqual([]);
    expect(await failureOf(ask({ session, yes: true }))).toMatchObject({ code: 'USAGE' });
  });

  test.each(['x', '-1', '1.5'])('%s is no number of one', (session) => {
    expect(stop.args.safeParse({ service: 'livy', session }).success).toBe(false);
  });
});

test('an app whose service does not answer after its restart is not called restarted', async () => {
  practice.simulated.control.fault('livy', { html: true, status: 200, times: 1_000 });
  expect(await failureOf(practice.perform(restart, { service: 'livy', wait: '3m' }))).toMatchObject({
    code: 'UNHEALTHY',
    message: expect.stringContaining('An answer of http://'),
  });
});

test('an app whose service answers says so', async () => {
  await expect(practice.perform(restart, { service: 'lightning' })).resolves.toContain(
    'It says 0 sessions, 0 visualizations.',
  );
});
