import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
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

describe("ZooKeeper's tree", () => {
  test('stands below its layer, a line for each node at the top', async () => {
    const text = await ask('zookeeper');
    expect(text).toContain('      • /marathon: 2 nodes below it');
    expect(text).toContain('      • /mesos: 4 nodes below it');
  });

  test('is shown from a node on, with what stands in it, less passwords', async () => {
    practice.simulated.control.setNode('/stars/config', '{"db": "pg://stars:hush@db/x", "password": "hush"}');
    practice.simulated.control.setNode('/stars/binary', 'a\u0000b');
    practice.simulated.control.setNode('/stars/config/below', '');
    const text = await ask('zookeeper/stars');
    expect(text).toMatch(/^\*\/stars\* in ZooKeeper: 2 nodes below it\n/);
    expect(text).toContain('• /stars/binary: 3 bytes');
    expect(text).toMatch(/• \/stars\/config: 1 node below it, “\{"db": "pg:\/\/\[REDACTED\]@db\/x", /);
    expect(text).not.toContain('hush');
    expect(await ask('zookeeper/marathon/leader-curator/0000000000')).toContain('holds “127.0.0.1:');
  });

  test('of a node that is not there is a mistake, and without a quorum the layer is told all the same', async () => {
    expect(await failureOf(ask('zookeeper/none'))).toMatchObject({
      code: 'API_REFUSED',
      message: expect.stringContaining('has no node /none'),
    });
    practice.simulated.control.loseQuorum();
    expect(await ask('zookeeper')).toMatch(/has no quorum[\s\S]*its tree cannot be read: /);
  });
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

describe('an app whose tasks failed', () => {
  const control = () => practice.simulated.control;

  test('again and again is in trouble between two crashes too, and no more some minutes after the last', async () => {
    control().crashLoop('/lightning');
    await practice.clock.sleep(60_000);
    control().crashLoop('/lightning', false);
    await practice.clock.sleep(60_000);
    expect(await ask('lightning')).toMatch(
      /^🟡 \*\/lightning\* 1 of 1 new task healthy, but \d+ tasks failed since 2026-11-22 02:0\d UTC; wants/,
    );
    expect(await ask()).toMatch(
      /^The app \/lightning in sandbox is in trouble: 1 of 1 healthy, 1 running, but \d+ tasks failed/,
    );
    await practice.clock.sleep(15 * 60_000);
    expect(await ask('lightning')).toMatch(/^🟢 \*\/lightning\* 1 of 1 new task healthy; wants/);
    expect(await ask()).not.toContain('in trouble');
  });

  test('once is well again', async () => {
    control().crashLoop('/lightning');
    control().crashLoop('/lightning', false);
    await practice.clock.sleep(60_000);
    const text = await ask('lightning');
    expect(text).toMatch(/^🟢 \*\/lightning\* 1 of 1 new task healthy; wants/);
    expect(text).toContain('last failure on 2026-11-22');
  });

  test('before its definition was changed is well again', async () => {
    control().crashLoop('/lightning');
    await practice.clock.sleep(60_000);
    control().crashLoop('/lightning', false);
    await practice.cluster.marathon.patch('/lightning', { mem: 300 }, { force: true });
    await practice.clock.sleep(120_000);
    expect(await ask('lightning')).toMatch(/^🟢 \*\/lightning\* 1 of 1 new task healthy; wants/);
  });

  test('is named in the picture of the whole, and its service below it', async () => {
    control().crashLoop('/lightning');
    await practice.clock.sleep(30_000);
    const [head = ''] = (await ask()).split('\n');
    expect(head).toMatch(/^The app \/lightning in sandbox is in trouble: .*last failure: Command exited with status 1/);
    expect(head).toContain('1 more layer suffers from it.');
  });
});
