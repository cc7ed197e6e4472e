import type { RunEvent, RunEventBody } from '../../src/model/run.js';
import { runToTakeUp } from '../../src/bot/run-to-take-up.js';
import { terminalPerson } from '../../src/terminal/one-command.js';
import { practise, type Practice } from './support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
});
afterAll(() => practice.stop());

let counter = 0;
type Asked = { command: string; text: string; args: Record<string, unknown> };

/** A run whose process died after these events. */
async function cutOff(
  { command, text, args }: Asked,
  bodies: RunEventBody[],
  source: 'slack' | 'terminal' = 'terminal',
  takesUp?: string,
) {
  const id = `cut-${(counter += 1)}`;
  const at = new Date(Date.now() + counter).toISOString();
  const { store, database } = practice.stars;
  const person = { id: 'U0ADA', name: 'ada' };
  const asked = { command, text, environment: 'sandbox', person, source } as const;
  const events: RunEventBody[] = [{ type: 'run.requested', ...asked, args }, { type: 'run.started' }, ...bodies];
  await store.create(
    { id, ...asked, requestedAt: at, owner: 'gone', takesUp },
    events.map((event, index): RunEvent => ({ run: id, seq: index + 1, at, ...event })),
  );
  await database.updateTable('runs').set({ state: 'running' }).where('id', '=', id).execute();
  const error = { code: 'INTERRUPTED', message: 'The process that ran it died.' };
  await store.finishFor(id, { state: 'interrupted', ms: 1, error }, [], new Date(), { anyone: true });
  return id;
}

const api = (path: string, init?: RequestInit) => fetch(`${practice.sandbox.addresses.marathon}/v2${path}`, init);
const app = async (name: string) =>
  ((await (await api(`/apps/${name}`)).json()) as { app: { instances: number; version: string } }).app;

const steps = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'step.finished' ? [`${event.step}: ${event.message ?? ''}`] : []));
const notes = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'note' ? [event.message] : []));

const RESTART = { command: 'restart', text: 'restart zeppelin sandbox', args: { service: 'zeppelin' } };
const ASKED = 'Ask Marathon to restart /zeppelin';

test('a restart notes the deployment, and whoever resumes it follows that one instead of asking for a second', async () => {
  const first = await practice.events('restart', 'zeppelin', 'sandbox');
  expect(first.status).toBe(0);
  const asked = first.events.find((event) => event.type === 'step.finished' && event.step === ASKED);
  if (asked?.type !== 'step.finished') throw new Error('not asked');
  const { version } = await app('zeppelin');
  expect(asked.result).toMatchObject({ app: '/zeppelin', version });

  const id = await cutOff(RESTART, [
    { type: 'step.started', step: ASKED },
    { type: 'step.finished', step: ASKED, ok: true, result: asked.result },
    { type: 'step.started', step: 'Wait for the deployment' },
  ]);
  const { status, events } = await practice.events('resume', id);
  expect(status).toBe(0);
  expect(steps(events)).toContain(`${ASKED}: done in run ${id}`);
  expect(notes(events)[0]).toBe(
    `Goes on with run ${id} (${RESTART.text}): “${ASKED}” is not done again, everything else is looked at anew.`,
  );
  expect((await app('zeppelin')).version).toBe(version);
});

describe('a deploy of an app that was cut off once Marathon had been asked', () => {
  let apps = 0;
  let name: string;
  let ticket: unknown;

  beforeEach(async () => {
    name = `web${(apps += 1)}`;
    const definition = { id: `/${name}`, cmd: 'sleep 1000', cpus: 0.1, mem: 32 };
    practice.write(`stack/conf/marathon/${name}.json`, JSON.stringify(definition));
    const { events } = await practice.events('deploy', name, 'sandbox');
    const asked = events.find((event) => event.type === 'step.finished' && event.step === ask('create'));
    ticket = asked?.type === 'step.finished' ? asked.result : undefined;
    expect(ticket).toMatchObject({ app: `/${name}` });
  });

  const ask = (what: 'create' | 'change') => `Ask Marathon to ${what} /${name}`;

  function cutOffAfter(step: string) {
    const asked = { command: 'deploy', text: `deploy ${name} sandbox`, args: { target: name, queue: true } };
    return cutOff(asked, [
      { type: 'step.started', step },
      { type: 'step.finished', step, ok: true, result: ticket },
    ]);
  }

  test('is followed to healthy tasks by whoever resumes it, though the app is as it should be', async () => {
    const { version } = await app(name);
    const id = await cutOffAfter(ask('create'));
    const { status, events } = await practice.events('resume', id);
    const titles = events.flatMap((event) => (event.type === 'step.finished' ? [event.step] : []));
    expect({ status, titles }).toEqual({
      status: 0,
      titles: expect.arrayContaining([
        ask('create'),
        'Wait for the deployment',
        'Check that the new tasks are healthy',
      ]),
    });
    expect(steps(events)).toContain(`${ask('create')}: done in run ${id}`);
    expect((await app(name)).version).toBe(version);
  });

  test('is asked for anew when somebody has changed the app since', async () => {
    const id = await cutOffAfter(ask('change'));
    const headers = { 'content-type': 'application/json' };
    await api(`/apps/${name}?force=true`, { method: 'PATCH', body: '{"labels":{"by":"hand"}}', headers });
    const { status, events } = await practice.events('resume', id);
    expect({ status, steps: steps(events) }).toEqual({
      status: 0,
      steps: expect.arrayContaining([`${ask('change')}: `, 'Wait for the deployment: ']),
    });
    expect(await app(name)).toMatchObject({ labels: {} });
  });

  test('is done again from its start by a retry, for which no host has to have failed', async () => {
    const id = await cutOffAfter(ask('create'));
    const { status, events } = await practice.events('retry', id);
    expect({ status, steps: steps(events) }).toEqual({
      status: 0,
      steps: [expect.stringContaining(`Compare ${name} with what is live`)],
    });
    expect(events[0]).toMatchObject({ retries: id });
  });
});

test('an app that was scaled for a time goes back to what it had before the first try', async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const id = await cutOff(
    { command: 'scale', text: 'scale livy 0 sandbox for 1h', args: { app: 'livy', instances: '0', until: '1h' } },
    [{ type: 'step.finished', step: 'Find livy in Marathon', ok: true, result: { id: '/livy', instances: 7, until } }],
  );
  expect((await practice.events('resume', id)).status).toBe(0);
  expect((await practice.type('schedules')).out).toContain('/livy goes back to 7 instances');
  await api('/apps/livy', {
    method: 'PATCH',
    body: '{"instances":1}',
    headers: { 'content-type': 'application/json' },
  });
});

test.each(['resume', 'retry'])(
  'with %s, what follows -- is run again, and stays what came from a chat',
  async (word) => {
    const id = await cutOff(
      {
        command: 'run',
        text: 'run stars-c3 sandbox -- echo again-$((6*7))',
        args: { pattern: 'stars-c3', rest: 'echo again-$((6*7))' },
      },
      [],
      'slack',
    );
    const { status, events } = await practice.events(word, id);
    expect(status).toBe(0);
    expect(JSON.stringify(events)).toContain('again-42');
    expect(events[0]).toMatchObject({ trusted: false });
    const words = `run ${id} (run stars-c3 sandbox -- echo again-$((6*7)))`;
    expect(notes(events)).toEqual([
      word === 'resume' ? `Runs again from its start: nothing of ${words} can be left out.` : `Does ${words} again.`,
    ]);
    const next = events[0]?.run;
    expect((await practice.type('show', id)).out).toContain(`\nTaken up by run ${next} of`);
    for (const again of ['resume', 'retry'])
      expect(await practice.type(again, id)).toMatchObject({
        status: 2,
        error: expect.stringContaining(`The run ${id} is taken up already: by run ${next} of`),
      });
  },
);

describe('last', () => {
  const ECHO = { command: 'run', args: { pattern: 'stars-c3', rest: 'echo' } };
  const last = () => runToTakeUp('last', practice.stars.bot.runsFor({ person: terminalPerson(), source: 'terminal' }));
  const state = (id: string, now: string) =>
    practice.stars.database.updateTable('runs').set({ state: now }).where('id', '=', id).execute();

  beforeEach(async () => {
    for (const { id } of await practice.stars.store.list({ limit: 1_000 })) await state(id, 'succeeded');
  });

  test('is nothing when all went well', async () => {
    await expect(last()).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('nothing to take up'),
    });
  });

  test('is the newest run that did not go well, not one that succeeded, goes on or was only a plan', async () => {
    await cutOff({ ...ECHO, text: 'one' }, []);
    const wanted = await cutOff({ ...ECHO, text: 'two' }, []);
    await state(await cutOff({ ...ECHO, text: 'three' }, []), 'succeeded');
    await state(await cutOff({ ...ECHO, text: 'four' }, []), 'queued');
    await cutOff({ command: 'plan', text: 'plan motd', args: { target: 'motd' } }, []);
    await cutOff({ command: 'deploy', text: 'deploy motd --check', args: { target: 'motd', check: true } }, []);
    expect((await last()).id).toBe(wanted);
  });

  test('is not what was asked for anew since, and came through', async () => {
    const older = await cutOff({ ...ECHO, text: 'one' }, []);
    await cutOff({ ...ECHO, text: 'two' }, []);
    await state(await cutOff({ ...ECHO, text: 'two' }, []), 'succeeded');
    expect((await last()).id).toBe(older);
  });

  test('is the last of those that took each other up, and none of them once that came through', async () => {
    const first = await cutOff({ ...ECHO, text: 'one' }, []);
    const other = await cutOff({ ...ECHO, text: 'resume last' }, []);
    const next = await cutOff({ ...ECHO, text: 'resume last' }, [], 'terminal', first);
    expect((await last()).id).toBe(next);
    await state(next, 'succeeded');
    // Its words are the same, but not what was wanted with them.
    expect((await last()).id).toBe(other);
    await state(other, 'succeeded');
    await expect(last()).rejects.toMatchObject({ message: expect.stringContaining('nothing to take up') });
  });

  test('names the run that has taken it up, as long as that goes on, and takes no older one in its place', async () => {
    await cutOff({ ...ECHO, text: 'one' }, []);
    const first = await cutOff({ ...ECHO, text: 'two' }, []);
    const next = await cutOff({ ...ECHO, text: 'resume last' }, [], 'terminal', first);
    await state(next, 'running');
    await expect(last()).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(`${first} \\(two\\), is taken up already: by run ${next} of ada, running`),
    });
  });
});

test.each([
  ['that goes on', 'running', /still running/],
  ['that succeeded', 'succeeded', /nothing of it is left/],
])('a run %s is not resumed', async (_title, state, says) => {
  const id = await cutOff(RESTART, []);
  await practice.stars.database.updateTable('runs').set({ state }).where('id', '=', id).execute();
  expect(await practice.type('resume', id)).toMatchObject({ status: 2, error: expect.stringMatching(says) });
  await practice.stars.database.updateTable('runs').set({ state: 'failed' }).where('id', '=', id).execute();
});

test('a run that was given secrets has to be asked for anew', async () => {
  const id = await cutOff({ ...RESTART, args: { service: '[REDACTED]' } }, []);
  expect(await practice.type('resume', id)).toMatchObject({ status: 2, error: expect.stringContaining('secrets') });
});
