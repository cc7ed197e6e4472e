import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock } from '../../src/clock.js';
import type { RunEvent, RunState } from '../../src/model/run.js';
import { hasEnded, NEXT_STATES } from '../../src/model/run-states.js';
import { viewOf } from '../../src/model/run-view.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createRunStore } from '../../src/store/runs.js';

const SEED = Number(process.env['STATES_SEED'] ?? 20_261_129);
const STORIES = Number(process.env['STATES_STORIES'] ?? 60);
const STEPS = 14;

const STATES = Object.keys(NEXT_STATES) as RunState[];
const ADA = { id: 'U1', name: 'Ada' };

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-states-'));
  database = await openDatabase({ dataFolder: folder });
});
afterAll(async () => {
  await database.destroy();
  rmSync(folder, { recursive: true });
});

test('every state that is not an end has a way to one, and ends have no way out', () => {
  const reachesEnd = (state: RunState, seen: readonly RunState[] = []): boolean =>
    hasEnded(state) || NEXT_STATES[state].some((next) => !seen.includes(next) && reachesEnd(next, [...seen, state]));
  expect(STATES.filter((state) => !reachesEnd(state))).toEqual([]);
  expect(STATES.filter(hasEnded).sort()).toEqual([
    'cancelled',
    'denied',
    'expired',
    'failed',
    'interrupted',
    'succeeded',
  ]);
});

test('whatever processes and people do in whatever order, a run only takes the steps there are, and its events say so', async () => {
  const random = randomFrom(SEED);
  for (let story = 0; story < STORIES; story += 1) await tell(`run-${story}`, random);
});

/** One run to which random things happen, some of them by processes that have no right to. */
async function tell(id: string, random: () => number): Promise<void> {
  const audit = createAudit(database, { clock: createManualClock(), redactor: createRedactor() });
  const runs = createRunStore(database, audit);
  const claims = createClaimStore(database, audit);
  let second = 0;
  const now = () => new Date(Date.UTC(2026, 0, 1, 0, 0, (second += 1)));
  const pick = <T>(...all: T[]): T => all[Math.floor(random() * all.length)] as T;
  const owner = () => pick('process-1', 'process-2');
  const about = { command: 'deploy', text: 'deploy', environment: id, person: ADA, source: 'slack' } as const;
  const requestedAt = now().toISOString();
  const first: RunEvent = { run: id, seq: 1, at: requestedAt, type: 'run.requested', args: {}, ...about };
  const proposal = pick(undefined, { needed: 2 });
  await runs.create({ id, ...about, requestedAt, owner: pick('', 'process-1'), resources: ['*'], proposal }, [first]);

  const lastSeq = async () => (await runs.events(id)).at(-1)?.seq ?? 0;
  const end = (...states: RunState[]) => ({ state: pick(...states), ms: 1 });
  const deeds: Record<string, () => Promise<unknown>> = {
    claim: () =>
      claims.claim({
        id,
        environment: id,
        owner: owner(),
        leases: pick(true, false),
        now: now(),
        started: { type: 'run.started' },
      }),
    note: async () =>
      runs.append(
        [{ run: id, seq: (await lastSeq()) + 1, at: now().toISOString(), type: 'note', message: 'x' }],
        owner(),
      ),
    wait: () => runs.sayWaiting(id, { type: 'run.queued', reason: pick('a', 'b') }, now()),
    ask: async () => {
      const at = now();
      const until = new Date(at.getTime() + 60_000).toISOString();
      const asked = { type: 'approval.asked', hash: 'h', text: 'x', needed: 2, until } as const;
      const event: RunEvent = { run: id, seq: (await lastSeq()) + 1, at: at.toISOString(), ...asked };
      const asking = { proposal: { needed: 2, hash: 'h', text: 'x' }, waitUntil: until, keep: pick(true, false) };
      return runs.awaitApproval(id, owner(), [event], asking, at);
    },
    decide: () =>
      runs.decide(
        {
          id,
          person: pick({ id: 'U2', name: 'Ben' }, { id: 'U3', name: 'Cleo' }),
          source: 'slack',
          decision: pick('approve', 'approve', 'deny'),
        },
        now(),
      ),
    finish: () => runs.finishFor(id, end('succeeded', 'failed', 'cancelled'), [], now(), { owner: owner() }),
    cancelWaiting: () => runs.finishFor(id, end('cancelled', 'expired'), [], now(), { waiting: true }),
    interrupt: () => runs.finishFor(id, end('interrupted'), [{ type: 'run.interrupted' }], now(), { owner: owner() }),
  };
  const done: string[] = [];
  let before = await stateOf();
  for (let step = 0; step < STEPS; step += 1) {
    const name = pick(...Object.keys(deeds), 'claim', 'ask', 'decide');
    await deeds[name]?.();
    const state = await stateOf();
    done.push(`${name}: ${state}`);
    if (state !== before && !NEXT_STATES[before].includes(state))
      throw new Error(`${id} went from ${before} to ${state}; seed ${SEED}\n${done.join('\n')}`);
    before = state;
  }
  const events = await runs.events(id);
  const story = `seed ${SEED}, ${id}\n${done.join('\n')}`;
  expect([story, events.map(({ seq }) => seq)]).toEqual([story, events.map((_event, index) => index + 1)]);
  expect([story, viewOf(events)?.state]).toEqual([story, before]);
  expect([story, events.filter(({ type }) => type === 'run.finished').length]).toEqual([
    story,
    hasEnded(before) ? 1 : 0,
  ]);
  const held = await claims.list(id, now());
  if (before !== 'running') expect([story, held]).toEqual([story, []]);

  async function stateOf(): Promise<RunState> {
    return (await runs.find(id))?.state ?? 'queued';
  }
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
