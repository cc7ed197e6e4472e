import type { RunEvent, RunEventBody } from '../../src/model/run.js';
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
) {
  const id = `cut-${(counter += 1)}`;
  const at = new Date().toISOString();
  const { store, database } = practice.stars;
  const person = { id: 'U0ADA', name: 'ada' };
  const asked = { command, text, environment: 'sandbox', person, source } as const;
  const events: RunEventBody[] = [{ type: 'run.requested', ...asked, args }, { type: 'run.started' }, ...bodies];
  await store.create(
    { id, ...asked, requestedAt: at, owner: 'gone' },
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
    `Goes on with run ${id}: “${ASKED}” is not done again, everything else is looked at anew.`,
  );
  expect((await app('zeppelin')).version).toBe(version);
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
    expect(notes(events)).toEqual(
      word === 'resume' ? [`Runs again from its start: nothing of run ${id} can be left out.`] : [],
    );
  },
);

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
