import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { apps } from '../../commands/apps.js';
import { deployments } from '../../commands/deployments.js';
import { rollback } from '../../commands/rollback.js';
import { scale } from '../../commands/scale.js';
import { start } from '../../commands/start.js';
import { stop } from '../../commands/stop.js';
import type { CommandDefinition } from '../../src/bot/command.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const marathon = () => practice.cluster.marathon;
const refused = <Args>(command: CommandDefinition<Args>, input: Record<string, unknown>) =>
  failureOf(practice.perform(command, input));

async function settled(): Promise<void> {
  await practice.clock.sleep(60_000);
}

describe('apps', () => {
  test('lists those in trouble first, suspended ones apart', async () => {
    await marathon().scale('/livy', 0);
    practice.simulated.control.crashLoop('/lightning');
    await settled();
    const said = await practice.perform(apps);
    expect(said.split('\n')[0]).toBe('5 apps in sandbox: 1 in trouble, 1 suspended.');
    expect(said.split('\n')[1]).toMatch(/^🟡 \*\/lightning\* .*last failure: Command exited with status 1/);
    expect(said).toMatch(/⚪ \*\/livy\* suspended/);
  });

  test('says when nothing has that part in its id', async () => {
    await expect(practice.perform(apps, { part: 'spark' })).resolves.toBe(
      'None of the 5 apps of sandbox has “spark” in its id.',
    );
  });
});

describe('scale', () => {
  test('asks when there is no room for so many', async () => {
    const error = await refused(scale, { app: 'blazegraph', instances: '50' });
    expect(error).toMatchObject({
      code: 'UNCONFIRMED',
      choices: [{ words: 'scale /blazegraph 50 sandbox --yes' }],
    });
    expect(error.message).toMatch(
      /^Of 49 more tasks of \/blazegraph only \d+ have room\. worker1: .* MB of memory are free/,
    );
    expect((await marathon().app('/blazegraph')).instances).toBe(1);
  });

  test('asks when what is free is reserved for others, and Marathon indeed starts nothing there', async () => {
    await practice.stop();
    const agent = { name: 'worker1', address: '10.0.0.1', cpus: 8, mem: 16_384, disk: 100_000 };
    practice = await practise({ agents: [{ ...agent, reserved: { spark: { cpus: 4 } } }] });
    expect(await failureOf(practice.perform(scale, { app: 'zeppelin', instances: '4' }))).toMatchObject({
      code: 'UNCONFIRMED',
      message: expect.stringMatching(/worker1: .* CPUs are free \(4 more are reserved for spark\)/),
    });
    await practice.cluster.marathon.scale('/zeppelin', 4);
    await practice.clock.sleep(60_000);
    expect((await practice.cluster.marathon.app('/zeppelin')).tasksRunning).toBeLessThan(4);
  });

  test('for a time writes down first what comes after', async () => {
    await practice.perform(scale, { app: 'livy', instances: '2', until: '2h' });
    expect(practice.later).toMatchObject([
      { subject: 'app:/livy', words: 'scale /livy 1 sandbox', says: '/livy goes back to 1 instance on sandbox' },
    ]);
  });
});

describe('stop and start', () => {
  test('bring back as many instances as there were', async () => {
    await practice.perform(scale, { app: 'livy', instances: '3' });
    await expect(practice.perform(stop, { service: 'livy' })).resolves.toBe(
      '/livy is suspended; “start /livy sandbox” brings its 3 back.',
    );
    expect((await marathon().app('/livy')).tasks).toEqual([]);
    await expect(practice.perform(start, { service: 'livy' })).resolves.toContain('/livy has 3 instances; it had 0.');
  });

  test('know the number also when somebody else suspended the app and changed it since', async () => {
    await marathon().scale('/livy', 2);
    await settled();
    await marathon().scale('/livy', 0);
    await settled();
    await marathon().patch('/livy', { mem: 512 });
    await settled();
    await expect(practice.perform(start, { service: 'livy' })).resolves.toContain('/livy has 2 instances');
  });

  test('give one to an app that never had any, and say so', async () => {
    await marathon().create({ id: '/new', cmd: 'sleep 1', cpus: 0.1, mem: 32, instances: 0 });
    await settled();
    await expect(practice.perform(start, { service: 'new' })).resolves.toContain('/new has 1 instance');
    expect(practice.said).toContain('Marathon does not know how many instances /new had, so it gets one.');
  });

  test('say when there is nothing to do', async () => {
    expect(await refused(start, { service: 'livy' })).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('status'),
    });
    await practice.perform(stop, { service: 'livy' });
    expect(await refused(stop, { service: 'livy' })).toMatchObject({
      message: '/livy is suspended already.',
      hint: 'Bring it back: start /livy sandbox',
    });
  });

  test('of an app for a time is brought back by itself', async () => {
    await practice.perform(stop, { service: 'livy', until: '2h' });
    expect(practice.later).toMatchObject([{ words: 'scale /livy 1 sandbox' }]);
  });
});

describe('rollback', () => {
  async function change(fields: Record<string, unknown>): Promise<string> {
    await marathon().patch('/livy', fields);
    await settled();
    return (await marathon().app('/livy')).version ?? '';
  }

  test('without a version shows what each would change, without the values of the environment', async () => {
    const first = (await marathon().app('/livy')).version ?? '';
    await change({ mem: 2048, env: { TOKEN: 'hunter22' } });
    const said = await practice.perform(rollback, { app: 'livy' });
    expect(said).toContain(`• \`${first}\` env TOKEN changed, mem 2048 → 1024`);
    expect(said).toContain('is live, with 1 instance');
    expect(said).not.toContain('hunter22');
  });

  test('brings a version back and waits until it is healthy', async () => {
    const first = (await marathon().app('/livy')).version ?? '';
    await change({ mem: 2048 });
    await expect(practice.perform(rollback, { app: 'livy', version: 'previous' })).resolves.toBe(
      `/livy is back at ${first} (mem 2048 → 1024): 1 of 1 new task healthy.`,
    );
    expect(await marathon().definition('/livy')).toMatchObject({ mem: 1024 });
  });

  test('asks when the version had another number of instances, and can keep the number of now', async () => {
    await change({ mem: 2048 });
    const version = (await marathon().versions('/livy'))[0] ?? '';
    await change({ instances: 2 });
    await change({ mem: 4096 });
    const error = await refused(rollback, { app: 'livy', version });
    expect(error).toMatchObject({
      code: 'UNCONFIRMED',
      choices: [
        { words: `rollback /livy ${version} sandbox --yes` },
        { words: `rollback /livy ${version} sandbox --keep-instances` },
      ],
    });
    expect(error.message).toContain('had 1 instance; now it has 2');
    await practice.perform(rollback, { app: 'livy', version, keepInstances: true });
    expect(await marathon().definition('/livy')).toMatchObject({ mem: 2048, instances: 2 });
  });

  test('names the versions there are when none is so called', async () => {
    const version = await change({ mem: 2048 });
    expect(await refused(rollback, { app: 'livy', version: '2001-' })).toMatchObject({
      hint: expect.stringContaining('There are: '),
    });
    expect(await refused(rollback, { app: 'livy', version })).toMatchObject({
      message: expect.stringContaining('already'),
    });
  });
});

describe('deployments', () => {
  async function stuck(): Promise<string> {
    practice.simulated.control.hangDeployments('/livy');
    await marathon().patch('/livy', { mem: 2048 });
    await settled();
    return (await marathon().deployments())[0]?.id ?? '';
  }

  const mend = (title: string) => {
    if (title === 'Wait for the deployment') practice.simulated.control.hangDeployments('/livy', false);
  };

  test('are listed with why they wait', async () => {
    await expect(practice.perform(deployments)).resolves.toBe('Marathon of sandbox is changing nothing now.');
    const id = await stuck();
    const said = await practice.perform(deployments);
    expect(said).toContain(`• \`${id}\` /livy, step 1 of 1`);
    expect(said).toContain('waits: no agent has 0.5 CPUs to spare');
  });

  test('are taken back, and followed until the old tasks are well', async () => {
    const id = await stuck();
    const said = await practice.perform(deployments, { action: 'revert', deployment: id.slice(0, 8) }, mend);
    expect(said).toContain(`Took /livy back to before deployment ${id}.`);
    expect(await marathon().definition('/livy')).toMatchObject({ mem: 1024 });
  });

  test('are ended where they stand, which is said', async () => {
    const id = await stuck();
    const said = await practice.perform(deployments, { action: 'cancel', deployment: id });
    expect(said).toContain('Nothing was taken back');
    expect(await marathon().deployments()).toEqual([]);
  });

  test('are waited for to the end', async () => {
    const id = await stuck();
    const said = await practice.perform(deployments, { action: 'wait', deployment: id }, mend);
    expect(said).toContain('/livy: 1 of 1 new task healthy.');
  });

  test('that are over are said to be', async () => {
    expect(await refused(deployments, { action: 'cancel', deployment: 'gone' })).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('it is over, or never was'),
    });
  });
});
