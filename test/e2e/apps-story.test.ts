import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runOneCommand } from '../../src/terminal/one-command.js';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { until } from '../support/until.js';

let practice: Practice;
let service: SlackService;

const FILE = 'inventories/sandbox/environment.yml';

beforeAll(async () => {
  practice = await practise();
  practice.write('stack/conf/marathon/web.json', JSON.stringify(WEB));
  practice.write('stack/conf/chronos/nightly.json', JSON.stringify(NIGHTLY));
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});

const WEB = { id: '/web', cmd: 'sleep 1000', cpus: 0.1, mem: 32, env: { DB_PASSWORD: 'hunter22' } };
const NIGHTLY = { name: 'nightly', command: 'echo done', schedule: 'R/2036-11-23T03:00:00Z/PT24H' };
const TOO_MANY = ['scale', 'blazegraph', '900', 'sandbox'];

const slack = () => practice.sandbox.slack;

async function instances(id: string): Promise<number> {
  const response = await fetch(`${practice.sandbox.addresses.marathon}/v2/apps${id}`);
  return ((await response.json()) as { app: { instances: number } }).app.instances;
}

describe('a question', () => {
  test('is refused with status 2 where nobody can answer it', async () => {
    const { status, error } = await practice.type(...TOO_MANY);
    expect(status).toBe(2);
    expect(error).toContain('Nothing was done.');
    expect(error).toContain('scale /blazegraph 900 sandbox --yes');
    expect(await instances('/blazegraph')).toBe(1);
  });

  test.each([
    [true, 'asked once, then done', 130],
    [false, 'asked once, then left', 2],
  ])('at a terminal is put, and %s means: %s', async (answer, _words, status) => {
    const asked: string[] = [];
    const cancelled = new AbortController();
    const terminal = {
      out: (text: string) => {
        if (text.includes('Wait for the deployment')) cancelled.abort(new Error('That is enough.'));
      },
      error: () => undefined,
      confirm: async (question: string) => {
        asked.push(question);
        return answer;
      },
    };
    const { bot } = practice.stars;
    expect(await runOneCommand({ argv: TOO_MANY, bot, terminal, signal: cancelled.signal })).toBe(status);
    expect(asked).toEqual(['Go on all the same?']);
    expect(await instances('/blazegraph')).toBe(answer ? 900 : 1);
    await fetch(`${practice.sandbox.addresses.marathon}/v2/apps/blazegraph?force=true`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: '{"instances":1}',
    });
  });

  test('in Slack is a button, and pressing it does the same with a yes', async () => {
    await slack().say('scale lightning 900 sandbox', { person: 'ada' });
    const asking = () =>
      slack()
        .messages()
        .find((message) => JSON.stringify(message).includes('scale /lightning 900 sandbox --yes') && !message.threadTs);
    await slack().until(() => asking() !== undefined);
    await slack().click(asking()?.ts ?? '', 'stars.do.scale', { person: 'ada' });
    const id = await runOf('scale /lightning 900 sandbox --yes');
    expect((await practice.type('cancel', id)).status).toBe(0);
    await ended(id);
  });
});

/** The id of the run of these words, once there is one. */
function runOf(text: string): Promise<string> {
  return until(async () => (await practice.stars.store.list({ limit: 20 })).find((one) => one.text === text)?.id);
}

async function ended(id: string): Promise<void> {
  await until(async () => (await practice.stars.store.find(id))?.finishedAt !== undefined);
}

test('an app and a job of the stack are deployed, and nothing of their secrets is kept or shown', async () => {
  const created = await practice.type('deploy', 'web', 'sandbox');
  expect(created).toMatchObject({ status: 0, out: expect.stringContaining('/web is new; 1 of 1 new task running') });
  expect((await practice.type('deploy', 'job:nightly', 'sandbox')).out).toContain('nightly is new');
  const drift = await practice.type('drift', 'sandbox');
  expect(drift.out).not.toMatch(/\/web|nightly/);
  practice.write('stack/conf/marathon/web.json', JSON.stringify({ ...WEB, env: { DB_PASSWORD: 'swordfish' } }));
  expect((await practice.type('deploy', 'web', 'sandbox', '--check')).out).toContain('env DB_PASSWORD changed');
  const runs = await practice.stars.store.list({ limit: 20 });
  const events = await Promise.all(runs.map(({ id }) => practice.stars.store.events(id)));
  expect(JSON.stringify([runs, events])).not.toMatch(/hunter22|swordfish/);
});

describe('rights', () => {
  let original: string;

  beforeAll(() => {
    original = readFileSync(join(practice.home, FILE), 'utf8');
    const access = {
      read: ['everyone'],
      operate: ['U0ADA'],
      provision: ['U0ADA'],
      rules: [{ who: ['U0BEN'], may: ['jobs', 'restart'], targets: ['job:compact-journal', 'livy'] }],
    };
    practice.write(FILE, JSON.stringify({ ...(parse(original) as object), sandbox: false, production: false, access }));
  });
  afterAll(() => practice.write(FILE, original));

  test.each([
    ['cleo', 'jobs sandbox', /jobs in sandbox/],
    ['cleo', 'jobs disable compact-journal sandbox', /You may not jobs on sandbox/],
    ['ben', 'jobs disable compact-journal sandbox', /compact-journal is disabled/],
    ['ben', 'jobs disable reindex sandbox', /You may not jobs on sandbox/],
    ['ben', 'restart zeppelin sandbox', /You may not restart on sandbox/],
    ['cleo', 'deployments sandbox', /changing nothing now|deployments? under way/],
    ['cleo', 'deployments cancel 123 sandbox', /You may not deployments on sandbox/],
    ['cleo', 'rollback livy sandbox', /Versions of|only the version that is live/],
    ['cleo', 'rollback livy previous sandbox', /You may not rollback on sandbox/],
  ])('let %s “%s” come to %s', async (person, words, said) => {
    const before = slack().messages().length;
    await slack().say(words, { person });
    const answers = () =>
      slack()
        .messages()
        .slice(before)
        .map((message) => toPlain(message))
        .join('\n');
    await slack().until(() => said.test(answers()));
    await service.idle();
  });
});

test('changes of different apps do not wait for each other', async () => {
  const [first, second] = await Promise.all([
    practice.events('scale', 'livy', '2', 'sandbox'),
    practice.events('scale', 'zeppelin', '2', 'sandbox'),
  ]);
  for (const { status, events } of [first, second]) {
    expect(status).toBe(0);
    expect(events.some((event) => event.type === 'run.queued' && event.reason !== undefined)).toBe(false);
  }
});
