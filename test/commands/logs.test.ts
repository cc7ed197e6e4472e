import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { logs } from '../../commands/logs.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const ask = (input: Record<string, unknown>) => practice.perform(logs, input);
const write = (...lines: string[]) => practice.simulated.control.writeLog('/zeppelin', 'stdout', lines);

test('shows the last lines of the running task', async () => {
  write('one', 'two', 'three');
  await expect(ask({ app: 'zeppelin', lines: '2' })).resolves.toMatch(
    /^2 lines of stdout of zeppelin\.\S+, running\.$/,
  );
  expect(practice.said.at(-1)).toBe('two\nthree');
});

test('shows what is long as a file', async () => {
  write(...Array.from({ length: 300 }, (_, at) => `line ${at} ${'x'.repeat(300)}`));
  await expect(ask({ app: 'zeppelin', lines: '200' })).resolves.toMatch(/^200 lines of stdout/);
  expect(practice.files).toMatchObject([{ name: 'zeppelin-stdout.log' }]);
  const lines = String(practice.files[0]?.content).trimEnd().split('\n');
  expect([lines.length, lines[0]?.slice(0, 8), lines.at(-1)?.slice(0, 8)]).toEqual([200, 'line 100', 'line 299']);
});

test('shows the task that failed last, by name or when none runs', async () => {
  practice.simulated.control.crashLoop('/zeppelin');
  await practice.clock.sleep(20_000);
  await expect(ask({ app: 'zeppelin', task: 'failed', stderr: true })).resolves.toContain(
    'failed: Command exited with status 1',
  );
  expect(practice.said.join('\n')).toContain('Find zeppelin in Marathon');
});

test('finds a task that Marathon has forgotten', async () => {
  const [task] = (await practice.cluster.marathon.app('/zeppelin')).tasks;
  write('last words');
  await practice.cluster.marathon.restart('/zeppelin');
  await practice.clock.sleep(60_000);
  await expect(ask({ app: 'zeppelin', task: task?.id.slice(-12) })).resolves.toContain(`of ${task?.id}, killed`);
  expect(practice.said.at(-1)).toContain('last words');
});

test('lists the tasks there are when none is so called', async () => {
  expect(await failureOf(ask({ app: 'zeppelin', task: 'nothing' }))).toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('There are: zeppelin.'),
  });
});

describe('what sounds like a secret', () => {
  test('by its name in the log is left out', async () => {
    write('connecting with password=hunter22 to http://ann:geheim@db/x');
    await ask({ app: 'zeppelin' });
    expect(practice.said.at(-1)).toContain('password=[REDACTED]');
    expect(practice.said.at(-1)).not.toMatch(/hunter22|geheim/);
  });

  test('in the environment of the app is known to the redactor from then on', async () => {
    await practice.cluster.marathon.patch('/zeppelin', {
      env: { DB_PASSWORD: 'hunter22', URL: 'http://ann:geheim@db' },
    });
    await practice.clock.sleep(60_000);
    await ask({ app: 'zeppelin' });
    expect(practice.home.redactor.redact('hunter22 geheim')).toBe('[REDACTED] [REDACTED]');
  });
});

test('goes on with what is written, for a while', async () => {
  const clock = practice.clock;
  const real = clock.sleep;
  let looks = 0;
  clock.sleep = async (ms) => {
    looks += 1;
    if (looks <= 12) write(`more ${looks}`);
    return real(ms);
  };
  const said = await ask({ app: 'zeppelin', follow: true, wait: '1m' });
  clock.sleep = real;
  expect(said).toMatch(/Followed for 60 s: \d+ new lines\.$/);
  expect(practice.said.join('\n')).toContain('more 12');
  expect(practice.files).toMatchObject([{ name: 'zeppelin-stdout-followed.log' }]);
  expect(String(practice.files[0]?.content)).toContain('more 1\n');
});
