import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { practise, type Practice } from '../../commands/practice.js';
import { createChronos } from '../../../src/cluster/chronos/client.js';
import { failureOf, httpTo } from '../serve.js';

let practice: Practice;

const NIGHTLY = {
  name: 'nightly',
  command: 'echo done',
  schedule: 'R/2026-11-23T03:00:00.000Z/PT24H',
  scheduleTimeZone: 'UTC',
  owner: 'data@example.org',
  retries: 5,
  cpus: 0.7,
  mem: 333,
  environmentVariables: [{ name: 'MODE', value: 'fast' }],
  constraints: [['rack', 'EQUALS', 'a']],
  container: { type: 'DOCKER', image: 'busybox' },
  fetch: [{ uri: 'http://example.org/a.tgz', executable: false, cache: true, extract: true }],
  successCount: 12,
  lastSuccess: '2026-11-22T01:00:00.000Z',
};

beforeEach(async () => {
  practice = await practise({
    jobs: [NIGHTLY, { ...NIGHTLY, name: 'after', schedule: undefined, parents: ['nightly'] }],
  });
});

afterEach(() => practice.stop());

const chronos = () => practice.cluster.chronos;

describe.each(['3.0', '2.5'] as const)('Chronos %s', (version) => {
  beforeEach(() => practice.simulated.control.setChronosVersion(version));

  test('switches a job off and on again without losing a field or a counter', async () => {
    const before = await chronos().definition('nightly');
    await expect(chronos().setDisabled('nightly', true)).resolves.toBe(true);
    expect(await chronos().definition('nightly')).toEqual({ ...before, disabled: true });
    await expect(chronos().setDisabled('nightly', true)).resolves.toBe(false);
    await chronos().setDisabled('nightly', false);
    expect(await chronos().definition('nightly')).toEqual(before);
  });

  test('switches off a job that waits for others', async () => {
    const before = await chronos().definition('after');
    await chronos().setDisabled('after', true);
    expect(await chronos().definition('after')).toEqual({ ...before, disabled: true });
  });

  test('does not send a job whose parents are missing, which would vanish later', async () => {
    const error = await failureOf(chronos().put({ name: 'orphan', command: 'true', parents: ['nobody', 'nightly'] }));
    expect(error).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('waits for nobody, which Chronos does not have'),
    });
    expect(await chronos().definition('orphan')).toBeUndefined();
  });

  test('names the children that a deletion leaves behind', async () => {
    await expect(chronos().remove('nightly')).resolves.toEqual(['after']);
    expect((await chronos().jobs()).map(({ name }) => name)).toEqual(['after']);
  });

  test('queues a run and kills it', async () => {
    await chronos().put({ ...NIGHTLY, name: 'long', command: 'sleep 500' });
    await chronos().run('long', { arguments: '--all' });
    await practice.clock.sleep(10_000);
    expect(await chronos().summary()).toContainEqual({ name: 'long', status: 'success', state: '1 running' });
    await chronos().kill('long');
    await practice.clock.sleep(10_000);
    expect(await chronos().summary()).toContainEqual({ name: 'long', status: 'success', state: 'idle' });
  });
});

test.each(['3.0', '2.5'] as const)(
  'Chronos %s is driven below the path of a proxy, whose error is told as such',
  async (version) => {
    const { control, urls } = practice.simulated;
    control.setChronosVersion(version);
    const behind = createChronos({
      http: httpTo(urls.chronosBehindProxy, { service: 'Chronos' }),
      clock: practice.clock,
    });
    await behind.put({ ...NIGHTLY, name: 'second', cpus: 0.5 });
    await behind.run('second', { arguments: 'a b' });
    expect((await behind.summary()).find(({ name }) => name === 'second')?.state).toBe('queued');
    expect(await behind.children('nightly')).toEqual(['after']);
    await control.stopService('chronos');
    const error = await failureOf(behind.jobs());
    expect([error.code, error.message]).toEqual([
      'API_UNREACHABLE',
      expect.stringContaining(`${urls.chronosBehindProxy}/`),
    ]);
    expect(error.message).toContain('answers 502: "');
  },
);

test('finds a job that was changed although Chronos said 503', async () => {
  practice.simulated.control.fault('chronos', { status: 503, method: 'POST', takesEffect: true });
  await expect(chronos().setDisabled('nightly', true)).resolves.toBe(true);
});

test('gives the answer that was lost when the job did not change', async () => {
  practice.simulated.control.fault('chronos', { status: 503, method: 'POST' });
  expect(await failureOf(chronos().setDisabled('nightly', true))).toMatchObject({ code: 'API_UNREACHABLE' });
});

test('shows the first line of a refusal, not its stack trace', async () => {
  const error = await failureOf(chronos().put({ name: 'bad', command: 'true', schedule: 'every day' }));
  expect(error.message).toMatch(/refused \(400\): Cannot parse schedule 'every day'\.$/);
});

test('names similar jobs when there is none of that name', async () => {
  expect(await failureOf(chronos().setDisabled('nigthly', true))).toMatchObject({
    code: 'APP_NOT_FOUND',
    hint: 'Did you mean nightly?',
  });
});
