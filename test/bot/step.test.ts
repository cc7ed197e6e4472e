import { z } from 'zod';
import { eventsBefore, takeUpWords } from '../../src/bot/recorded-run.js';
import { createRedactor } from '../../src/secret.js';
import { createSteps } from '../../src/bot/step.js';
import { clean } from '../../src/model/clean.js';
import type { RunEvent, RunEventBody, RunRequest, TakesUp } from '../../src/model/run.js';

const TITLE = 'Ask Marathon';
const Ticket = z.object({ id: z.string() });

const person = { id: 'U1', name: 'ada' };
const requested = {
  type: 'run.requested',
  command: 'restart',
  text: 'x',
  args: {},
  environment: 's',
  person,
  source: 'slack',
} as const;
const done = (result: unknown): RunEventBody => ({ type: 'step.finished', step: TITLE, ok: true, result });

function eventsOf(run: string, ...bodies: RunEventBody[]): RunEvent[] {
  return bodies.map((body, index) => ({ run, seq: index + 1, at: '2026-11-29T13:00:00.000Z', ...body }));
}

/** What becomes of one step that is done once. */
async function once(
  earlier: readonly RunEvent[],
  action = async () => ({ id: 'new' }),
  { redactor = createRedactor(), title = TITLE } = {},
) {
  const order: string[] = [];
  const { once: doOnce } = createSteps({
    run: {
      emit: (event) => order.push(event.type === 'note' ? event.message : event.type),
      durable: async () => void order.push('durable'),
      signal: new AbortController().signal,
    },
    earlier,
    redact: redactor.redact,
  });
  const acted = async () => {
    order.push('done');
    return action();
  };
  return { result: await doOnce(title, acted, Ticket), order };
}

test('what is done once is noted before it is done, and its result before anything follows', async () => {
  const { result, order } = await once([]);
  expect(result).toEqual({ id: 'new' });
  expect(order).toEqual(['step.started', 'durable', 'done', 'step.finished', 'durable']);
});

test('what an earlier run did once is not done again, and its result is taken', async () => {
  const { result, order } = await once(eventsOf('r1', requested, done({ id: 'old' })));
  expect(result).toEqual({ id: 'old' });
  expect(order).toEqual(['step.started', 'step.finished']);
});

test('what an earlier run did once is found though its title holds a word of a vault, which is recorded nowhere', async () => {
  const redactor = createRedactor();
  redactor.add('zeppelin');
  const events = [{ type: 'step.finished', step: 'Ask for zeppelin', ok: true, result: { id: 'old' } } as const];
  const recorded = eventsOf('r1', requested, ...events.map((event) => clean(event, redactor)));
  expect(JSON.stringify(recorded)).not.toContain('zeppelin');
  const { result, order } = await once(recorded, undefined, { redactor, title: 'Ask for zeppelin' });
  expect(result).toEqual({ id: 'old' });
  expect(order).toEqual(['step.started', 'step.finished']);
});

test('so is what was done in a run that the earlier one had resumed', async () => {
  const recorded: Record<string, RunEvent[]> = {
    r1: eventsOf('r1', requested, done({ id: 'first' })),
    r2: eventsOf('r2', { ...requested, resumes: 'r1' }),
  };
  const earlier = await eventsBefore('r2', async (run) => recorded[run] ?? []);
  expect((await once(earlier)).result).toEqual({ id: 'first' });
});

test('runs that name each other as the one before are followed for a while only', async () => {
  const earlier = await eventsBefore('r1', async (run) => eventsOf(run, { ...requested, resumes: run }));
  expect(earlier.length).toBeLessThan(30);
});

test('what had begun, and nobody knows whether it came through, is done, and that is said', async () => {
  const { result, order } = await once(eventsOf('r1', requested, { type: 'step.started', step: TITLE }));
  expect(result).toEqual({ id: 'new' });
  expect(order[0]).toBe(`Whether “${TITLE}” came through before is not known: it is done now.`);
});

test.each([
  ['failed', { type: 'step.finished', step: TITLE, ok: false, message: 'no' }],
  ['was of another name', { type: 'step.finished', step: 'Other', ok: true, result: { id: 'x' } }],
] as const)('what %s is done', async (_title, body) => {
  expect((await once(eventsOf('r1', requested, body))).order).toContain('done');
});

test('a note that cannot be read any more ends the run rather than being guessed at', async () => {
  await expect(once(eventsOf('r1', requested, done({ odd: true })))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

test('the first words tell which run is taken up, by what was asked for first, and what is left out', async () => {
  const requests: Record<string, RunRequest> = {
    r1: { ...requested, text: 'restart zeppelin' },
    r2: { ...requested, text: 'resume last', resumes: 'r1' },
    r3: { ...requested, text: 'deploy workers', command: 'deploy' },
  };
  const words = (how: TakesUp, earlier: RunEvent[] = [], input = {}) =>
    takeUpWords({ ...how, input }, earlier, async (run) => requests[run]);
  expect(await words({ resumes: 'r2' }, eventsOf('r1', requested, done({ id: 'old' })))).toBe(
    `Goes on with run r2 (restart zeppelin): “${TITLE}” is not done again, everything else is looked at anew.`,
  );
  expect(await words({ resumes: 'r1' })).toBe(
    'Runs again from its start: nothing of run r1 (restart zeppelin) can be left out.',
  );
  expect(await words({ resumes: 'r3' }, [], { continues: 'r3' })).toBe('Goes on with run r3 (deploy workers).');
  expect(await words({ retries: 'r2' })).toBe('Does run r2 (restart zeppelin) again.');
  expect(await words({ retries: 'gone' })).toBe('Does run gone again.');
  expect(await words({})).toBeUndefined();
});
