import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jobs } from '../../commands/jobs.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

const JOBS = [
  {
    name: 'fetch-catalog',
    command: 'fetch; sleep 5',
    schedule: 'R/2026-11-23T01:00:00.000Z/PT24H',
    successCount: 41,
    lastSuccess: '2026-11-22T01:00:07.110Z',
  },
  {
    name: 'reindex',
    command: 'reindex; sleep 10',
    parents: ['fetch-catalog'],
    successCount: 41,
    lastSuccess: '2026-11-22T01:00:19.521Z',
  },
  { name: 'compact-journal', command: 'compact', schedule: 'R/2026-11-25T04:00:00.000Z/P1W' },
  { name: 'old-report', command: 'report', schedule: 'R/2026-11-25T06:00:00.000Z/PT24H', disabled: true },
];

beforeEach(async () => {
  practice = await practise({ jobs: JOBS });
});

afterEach(() => practice.stop());

const ask = (input: Record<string, unknown> = {}) => practice.perform(jobs, input);
const refused = (input: Record<string, unknown>) => failureOf(ask(input));
const job = (name: string) => practice.cluster.chronos.job(name);

describe('the list', () => {
  test('has failing jobs first and disabled ones last, with when each ran and runs next', async () => {
    practice.simulated.control.failJob('compact-journal');
    await practice.cluster.chronos.run('compact-journal');
    await practice.clock.sleep(600_000);
    const lines = (await ask()).split('\n');
    expect(lines[0]).toMatch(/^4 jobs in sandbox: 1 in trouble, 1 disabled or done\.$/);
    expect(lines[1]).toMatch(
      /^🔴 \*compact-journal\* failed last time, at 2026-11-22 .* never succeeded · next 2026-11-25 04:00 UTC$/,
    );
    expect(lines.at(-1)).toMatch(/^⚫ \*old-report\* disabled/);
  });

  test('tells of a job that Chronos switched off itself why it is off', async () => {
    practice.simulated.control.disableAfterFailures(1);
    practice.simulated.control.failJob('compact-journal');
    await practice.cluster.chronos.run('compact-journal');
    await practice.clock.sleep(600_000);
    expect(await ask({ action: 'list', job: 'compact' })).toMatch(
      /⚫ \*compact-journal\* disabled, after it failed last time, at 2026-11-22 /,
    );
  });

  test('tells what was missed and what is stuck', async () => {
    const chronos = practice.cluster.chronos;
    await chronos.put({ name: 'endless', command: 'sleep 999999', schedule: 'R/2026-11-22T03:00:00Z/PT2H' });
    await chronos.run('endless');
    await practice.clock.sleep(3 * 3_600_000);
    expect(await ask({ action: 'list', job: 'endless' })).toMatch(/🔴 \*endless\* stuck: it has been running for 3 h/);
  });

  test('tells of a job that failed and is tried again that it did, until Chronos gives it up or it succeeds', async () => {
    const seen = () => ask({ action: 'list', job: 'compact' });
    practice.simulated.control.failJob('compact-journal');
    await practice.cluster.chronos.run('compact-journal');
    await practice.clock.sleep(20_000);
    expect(await seen()).toMatch(
      /1 in trouble.*\n🔴 \*compact-journal\* failed at 2026-11-22 02:0\d UTC and is tried again \(1 of 3 tries\) · .*never succeeded/,
    );
    await practice.clock.sleep(600_000);
    expect(await seen()).toMatch(/🔴 \*compact-journal\* failed last time, at/);
    practice.simulated.control.failJob('compact-journal', false);
    await practice.cluster.chronos.run('compact-journal');
    await practice.clock.sleep(600_000);
    expect(await seen()).toMatch(/🟢 \*compact-journal\* last success/);
  });

  test('tells of runs that were missed', async () => {
    await practice.stop();
    const late = { ...JOBS[0], schedule: 'R/2026-11-20T01:00:00.000Z/PT24H', lastSuccess: '2026-11-19T01:00:00.000Z' };
    practice = await practise({ jobs: [late] });
    expect(await ask()).toMatch(/🔴 \*fetch-catalog\* missed 3 runs: it was due at 2026-11-20 01:00 UTC/);
  });

  test('says when nothing has that part in its name', async () => {
    await expect(ask({ action: 'list', job: 'spark' })).resolves.toContain('None of the 4 jobs');
  });

  test('goes without Mesos, and says what cannot be seen then', async () => {
    for (const name of ['master1', 'master2', 'master3']) await practice.simulated.control.stopService(name);
    expect(await ask()).toContain('*reindex*');
    expect(practice.said).toContain(
      'Mesos does not answer, so that stuck runs and those that are tried again cannot be seen.',
    );
  });
});

describe('run', () => {
  test('waits for the end', async () => {
    await expect(ask({ action: 'run', job: 'fetch-catalog' })).resolves.toBe('fetch-catalog succeeded.');
    expect((await job('fetch-catalog')).successCount).toBe(42);
  });

  test('with the parents runs those first and waits for the job itself', async () => {
    await expect(ask({ action: 'run', job: 'reindex', parents: true })).resolves.toBe(
      'reindex succeeded, after fetch-catalog.',
    );
    expect(practice.said).toContain('Ask Chronos to run fetch-catalog');
    expect((await job('reindex')).successCount).toBe(42);
  });

  test('that fails shows the last words of the task', async () => {
    practice.simulated.control.failJob('fetch-catalog');
    const error = await refused({ action: 'run', job: 'fetch-catalog' });
    expect(error).toMatchObject({
      code: 'UNHEALTHY',
      message: 'fetch-catalog failed, with all its retries used up.',
      choices: [{ words: 'jobs run fetch-catalog sandbox' }],
    });
    expect(practice.said.at(-1)).toMatch(
      /^The last lines of stderr of ct:\S+ on worker\d:\n[\s\S]*Command exited with status 1/,
    );
  });

  test('of a disabled job is refused, since Chronos would say yes and do nothing', async () => {
    expect(await refused({ action: 'run', job: 'old-report' })).toMatchObject({
      code: 'USAGE',
      hint: 'Enable it first: jobs enable old-report sandbox',
    });
  });

  test('of a running job is refused for the same reason, and it can be killed', async () => {
    await practice.cluster.chronos.put({ name: 'long', command: 'sleep 5000', schedule: 'R/2026-11-25T00:00:00Z/P1D' });
    await practice.cluster.chronos.run('long');
    await practice.clock.sleep(10_000);
    expect(await refused({ action: 'run', job: 'long' })).toMatchObject({
      message: expect.stringContaining('1 running already'),
    });
    await expect(ask({ action: 'kill', job: 'long' })).resolves.toMatch(/^Killed what ran of long/);
    await practice.clock.sleep(10_000);
    await expect(ask({ action: 'kill', job: 'long' })).resolves.toContain('nothing to kill');
  });

  test('that takes too long offers to kill it', async () => {
    await practice.cluster.chronos.put({ name: 'long', command: 'sleep 5000', schedule: 'R/2026-11-25T00:00:00Z/P1D' });
    expect(await refused({ action: 'run', job: 'long', wait: '1m' })).toMatchObject({
      code: 'TIMEOUT',
      choices: [{ words: 'jobs kill long sandbox', label: 'Kill it' }],
    });
  });
});

describe('disable and enable', () => {
  test('keep everything else of a job, and name who will not run either', async () => {
    const before = await practice.cluster.chronos.definition('fetch-catalog');
    await expect(ask({ action: 'disable', job: 'fetch-catalog' })).resolves.toBe(
      'fetch-catalog is disabled. reindex, which follow it, will not run either.',
    );
    expect(await practice.cluster.chronos.definition('fetch-catalog')).toEqual({ ...before, disabled: true });
    await expect(ask({ action: 'disable', job: 'fetch-catalog' })).resolves.toBe('fetch-catalog is disabled already.');
    await expect(ask({ action: 'enable', job: 'fetch-catalog' })).resolves.toBe('fetch-catalog is enabled.');
  });

  test('for a time are undone by a timer that was written first', async () => {
    const order: string[] = [];
    await practice.perform(jobs, { action: 'disable', job: 'compact-journal', until: '2h' }, (title) => {
      if (title === 'Disable compact-journal') order.push(...practice.later.map(({ words }) => words));
    });
    expect(order).toEqual(['jobs enable compact-journal sandbox']);
  });
});

test('of an unknown job similar ones are named', async () => {
  expect(await refused({ action: 'run', job: 'reindx' })).toMatchObject({
    code: 'APP_NOT_FOUND',
    hint: 'Did you mean reindex?',
  });
});

test.each([
  [{ action: 'run' }, 'the job is missing'],
  [{ action: 'run', job: 'x', until: '2h' }, 'only enable and disable'],
  [{ action: 'kill', job: 'x', parents: true }, '--parents goes with run alone'],
  [{ action: 'delete', job: 'x' }, 'must be list, run, enable, disable or kill'],
])('%j is refused: %s', (input, words) => {
  expect(jobs.args.safeParse(input).error?.issues[0]?.message).toContain(words);
});
