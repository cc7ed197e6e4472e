import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { status } from '../../commands/status.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const ask = (subject?: string) => practice.perform(status, subject === undefined ? {} : { subject });

test('says that everything is up', async () => {
  const text = await ask();
  expect(text).toMatch(/^Everything in sandbox is up\./);
  expect(text).toContain('*ZooKeeper* 3 of 3 servers serve');
  expect(text).toContain('*Mesos agents* 3 active');
  expect(text).toContain('*Zeppelin* version');
});

test('names ZooKeeper as the root when it lost its quorum, and folds the rest under it', async () => {
  practice.simulated.control.loseQuorum();
  await practice.clock.sleep(5_000);
  const text = await ask();
  expect(text).toMatch(/^ZooKeeper in sandbox is down.*: has no quorum/);
  expect(text).toMatch(/because of this: .*Marathon down/);
});

test('tells a lost agent', async () => {
  await practice.simulated.control.loseAgent('worker2');
  await practice.clock.sleep(5_000);
  await expect(ask('mesos')).resolves.toContain('2 active, 1 gone or cut off');
});

test('shows one layer alone', async () => {
  const text = await ask('zookeeper');
  expect(text).toContain('ZooKeeper');
  expect(text).not.toContain('Marathon');
});

test('shows an app with its task and what failed last', async () => {
  await expect(ask('zeppelin')).resolves.toMatch(
    /^🟢 \*\/zeppelin\* 1 of 1 new task healthy.*\n\s+• worker\d: running since .*, healthy/,
  );
  practice.simulated.control.crashLoop('/zeppelin');
  await practice.clock.sleep(30_000);
  const text = await ask('zeppelin');
  expect(text).toMatch(/^🟡 \*\/zeppelin\*/);
  expect(text).toContain('last failure on 2026-11-22');
});

test('shows a service that does not run as an app', async () => {
  await expect(ask('spark')).resolves.toContain('*Spark* 1 of 1 application running');
});

test('says which apps there are when it knows none of that name', async () => {
  expect(await failureOf(ask('zepelin'))).toMatchObject({ code: 'APP_NOT_FOUND' });
});

test('says that Marathon is down as a finding, not as a failure', async () => {
  await practice.simulated.control.stopService('marathon');
  await expect(ask('marathon')).resolves.toMatch(/^Marathon in sandbox is down/);
});
