import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createManualClock } from '../../src/clock.js';
import { StarsError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import type { RunEvent, RunEventBody, RunRequest } from '../../src/model/run.js';
import {
  createRuns,
  type RunHandle,
  type RunObserver,
  type RunResult,
  type RunsOptions,
  type RunWork,
} from '../../src/runs/runs.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createClaimStore } from '../../src/store/claims.js';
import { createProcessStore } from '../../src/store/processes.js';
import { createRunStore, type RunEnd } from '../../src/store/runs.js';

const REQUEST: RunRequest = {
  command: 'deploy',
  text: 'deploy workers lab',
  args: { target: 'workers' },
  environment: 'lab',
  person: { id: 'U1', name: 'Ada' },
  source: 'slack',
};

let folder: string;
let database: Database;
let clock: ReturnType<typeof createManualClock>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-runs-'));
  database = await openDatabase({ dataFolder: folder });
  clock = createManualClock();
});
afterEach(async () => {
  await database.destroy();
  rmSync(folder, { recursive: true });
});

type Work = (run: RunHandle) => Promise<RunResult>;

/** One process, whose runs do what a test says. */
function setUp(owner = 'process-1', more: Partial<RunsOptions> = {}) {
  const store = createRunStore(database, audit());
  const redactor = createRedactor();
  const works: Work[] = [];
  const perform = (_request: RunRequest, run: RunHandle) => (works.shift() ?? nothing)(run);
  const runs = createRuns({ ...parts(perform), store, redactor, owner, ...more });

  /** Asks for a run that does this, and waits for its end. */
  async function performed(
    request: RunRequest,
    work: Work,
    observe?: RunObserver,
    cancelled?: AbortSignal,
  ): Promise<RunEnd & { id: string }> {
    works.push(work);
    const { id, ended } = await runs.ask({ request, observe, cancelled, here: true });
    return { id, ...(await ended) };
  }

  return { store, redactor, runs, performed };
}

const nothing: Work = async () => ({ summary: '' });

const audit = () => createAudit(database, { clock, redactor: createRedactor() });

function parts(perform: RunWork['perform']) {
  const unasked = () => Promise.reject(new Error('nobody asks this here'));
  const work: RunWork = {
    admit: async () => undefined,
    perform,
    propose: unasked,
    approvalMs: unasked,
    deadlineMs: () => 4 * 3_600_000,
  };
  const claims = createClaimStore(database, audit());
  return { claims, processes: createProcessStore(database), clock, log: silentLog, says: 'a test', work };
}

test('a run is stored as the very events that were shown, numbered without gaps', async () => {
  const { store, performed } = setUp();
  const shown: RunEvent[] = [];
  const { id } = await performed(
    REQUEST,
    async ({ emit }) => {
      emit({ type: 'step.started', step: 'Look' });
      await clock.advance(150);
      emit({ type: 'step.finished', step: 'Look', ok: true });
      return { summary: 'Done.' };
    },
    (event) => shown.push(event),
  );
  expect(await store.events(id)).toEqual(shown);
  expect(shown.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
    '1 run.requested',
    '2 run.started',
    '3 step.started',
    '4 step.finished',
    '5 run.finished',
  ]);
  expect(await store.find(id)).toMatchObject({ state: 'succeeded', summary: 'Done.', ms: 150 });
});

test('a failure is the end of the run, with its code and hint', async () => {
  const { store, performed } = setUp();
  const end = await performed(REQUEST, async () => {
    throw new StarsError('API_UNREACHABLE', 'Marathon does not answer.', { hint: 'Look at it.' });
  });
  expect(end).toMatchObject({
    state: 'failed',
    error: { code: 'API_UNREACHABLE', message: 'Marathon does not answer.', hint: 'Look at it.' },
  });
  expect((await store.find(end.id))?.error).toEqual(end.error);
});

test('a fault of ours is told without a stack trace', async () => {
  const { performed } = setUp();
  const end = await performed(REQUEST, async () => {
    throw new TypeError('x is not a function');
  });
  expect(end).toMatchObject({ state: 'failed', error: { code: 'INTERNAL', message: 'x is not a function' } });
  expect(JSON.stringify(end)).not.toContain('runs.test');
});

test('the reason of a cancel is the end of the run, whatever its work threw after it', async () => {
  const { store, runs, performed } = setUp();
  const end = await performed(REQUEST, async ({ id }) => {
    await runs.cancel(id, 'Ada pressed cancel.', undefined);
    throw new StarsError('UNREACHABLE', 'The connection broke.');
  });
  expect(end).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED', message: 'Ada pressed cancel.' } });
  const { state, error } = (await store.find(end.id)) ?? {};
  expect({ state, error }).toEqual({ state: end.state, error: end.error });
});

test('a cancelled run ends as cancelled, and cannot be cancelled twice', async () => {
  const { runs, performed } = setUp();
  const end = await performed(REQUEST, async ({ id, signal }) => {
    expect(await runs.cancel(id, 'Ada pressed cancel.', undefined)).toBe(true);
    signal.throwIfAborted();
    return { summary: '' };
  });
  expect(end).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED', message: 'Ada pressed cancel.' } });
  expect(await runs.cancel(end.id, 'again', undefined)).toBe(false);
});

test('secrets are gone from every event before it is shown or stored', async () => {
  const { store, redactor, performed } = setUp();
  redactor.add('hunter2!');
  const shown: RunEvent[] = [];
  const { id } = await performed(
    { ...REQUEST, text: 'deploy x -e password=hunter2!' },
    async ({ emit }) => {
      emit({ type: 'note', message: `the word is ${Buffer.from('hunter2!').toString('base64')}` });
      return { summary: 'It was hunter2!' };
    },
    (event) => shown.push(event),
  );
  const everything = JSON.stringify([shown, await store.events(id), await store.find(id)]);
  expect(everything).not.toContain('hunter2');
  expect(everything).not.toContain(Buffer.from('hunter2!').toString('base64').slice(0, 8));
  expect(everything).toContain('[REDACTED]');
});

test('a run whose process died is marked as interrupted and says what was in flight', async () => {
  const { store, runs } = setUp();
  const at = clock.now().toISOString();
  await createProcessStore(database).beat('dead', 'another process', clock.now());
  await store.create({ id: 'r1', ...REQUEST, requestedAt: at, owner: 'dead' }, [
    { run: 'r1', seq: 1, at, type: 'run.requested', ...REQUEST },
    { run: 'r1', seq: 2, at, type: 'task.started', play: 'Workers', role: 'docker', task: 'Install Docker' },
  ]);
  await database.updateTable('runs').set({ state: 'running' }).execute();
  expect(await runs.settleAbandoned()).toEqual([]);
  await clock.advance(61_000);
  expect(await runs.settleAbandoned()).toEqual(['r1']);
  expect(await store.find('r1')).toMatchObject({
    state: 'interrupted',
    error: { message: expect.stringContaining('Install Docker') },
  });
  expect((await store.events('r1')).map(({ type }) => type)).toEqual([
    'run.requested',
    'task.started',
    'run.interrupted',
    'run.finished',
  ]);
});

test('a living process keeps its runs by its heartbeat', async () => {
  const { store, runs } = setUp('alive');
  await store.create({ id: 'r1', ...REQUEST, requestedAt: clock.now().toISOString(), owner: 'alive' }, [
    { run: 'r1', seq: 1, at: clock.now().toISOString(), type: 'run.requested', ...REQUEST },
  ]);
  const stop = runs.startHeartbeat();
  await clock.advance(300_000);
  stop();
  expect(await runs.settleAbandoned()).toEqual([]);
  expect(clock.pending()).toBe(0);
});

test('a run whose events cannot be written is stopped, and recorded as far as the store takes it', async () => {
  const { store, runs } = setUp();
  const shown: RunEvent[] = [];
  let refusals = 1;
  const append: typeof store.append = (...events) =>
    refusals-- > 0 ? Promise.reject(new Error('disk full')) : store.append(...events);
  const failing = setUp('process-1', { store: { ...store, append } });
  const { id, state, error } = await failing.performed(
    REQUEST,
    async ({ emit, signal }) => {
      emit({ type: 'step.started', step: 'Look' });
      await clock.sleep(10_000, signal);
      return { summary: 'Done.' };
    },
    (event) => shown.push(event),
  );
  expect({ state, error }).toMatchObject({
    state: 'failed',
    error: { code: 'STORE', message: expect.stringContaining('disk full') },
  });
  expect(await store.events(id)).toEqual(shown);
  expect(await runs.settleAbandoned()).toEqual([]);
});

describe('when the database lets nothing begin', () => {
  beforeEach(() =>
    sql`create trigger no_room before update on runs begin select raise(abort, 'disk full'); end`.execute(database),
  );

  /** Lets the time pass until it has ended for whoever waits here. */
  async function told(run: Promise<RunEnd & { id: string }>): Promise<RunEnd & { id: string }> {
    const ended = { yet: false };
    void run.finally(() => {
      ended.yet = true;
    });
    while (!ended.yet) await clock.advance(1_000);
    return run;
  }

  async function roomAgain(): Promise<void> {
    await sql`drop trigger no_room`.execute(database);
  }

  test('whoever waits is told why after a while, and it does not begin once there is room again', async () => {
    const { store, runs, performed } = setUp();
    const began: string[] = [];
    const { id, ...end } = await told(
      performed(REQUEST, async (run) => {
        began.push(run.id);
        return { summary: '' };
      }),
    );
    expect(end).toMatchObject({
      state: 'failed',
      error: { code: 'STORE', message: expect.stringContaining('disk full') },
    });
    await roomAgain();
    await runs.look();
    expect(await store.find(id)).toMatchObject({ state: 'failed', error: { code: 'STORE' } });
    expect(began).toEqual([]);
  });

  test('a cancel ends the waiting all the same', async () => {
    const { store, runs, performed } = setUp();
    const cancelled = new AbortController();
    const run = performed(REQUEST, async () => ({ summary: '' }), undefined, cancelled.signal);
    while ((await store.list({ limit: 1 })).length === 0) await clock.advance(0);
    cancelled.abort(new StarsError('CANCELLED', 'Cancelled with Ctrl-C.'));
    const { id, ...end } = await run;
    expect(end).toMatchObject({ state: 'cancelled', error: { message: expect.stringMatching(/Ctrl-C.*disk full/) } });
    await roomAgain();
    await runs.look();
    expect(await store.find(id)).toMatchObject({ state: 'cancelled' });
  });
});

test.each(['nothing', 'an event'])(
  'a run that was ended elsewhere shows and tells that end alone, with %s left to write',
  async (left) => {
    const { store, performed } = setUp();
    const shown: RunEvent[] = [];
    const { id, ...end } = await performed(
      REQUEST,
      async ({ id, emit }) => {
        while ((await store.events(id)).length < 2) await clock.advance(0);
        await clock.advance(61_000);
        expect(await setUp('process-2').runs.settleAbandoned()).toEqual([id]);
        if (left === 'an event') emit({ type: 'step.started', step: 'Look' });
        return { summary: 'Done.' };
      },
      (event) => shown.push(event),
    );
    expect(end).toMatchObject({ state: 'interrupted', error: { code: 'INTERRUPTED' } });
    expect(shown.filter(({ type }) => type === 'run.finished')).toEqual([(await store.events(id)).at(-1)]);
    expect(await store.find(id)).toMatchObject({ state: 'interrupted' });
  },
);

test('seven thousand results at once are recorded; a run that the store cannot follow fails and says so', async () => {
  const { store, performed } = setUp();
  const results = (count: number) =>
    performed(REQUEST, async ({ emit }) => {
      for (let item = 1; item <= count; item += 1) emit(itemResult(String(item)));
      return { summary: 'Done.' };
    });
  const good = await results(7_000);
  expect(good.state).toBe('succeeded');
  expect(await store.events(good.id)).toHaveLength(7_003);
  const tooMuch = await results(60_000);
  expect(tooMuch).toMatchObject({
    state: 'failed',
    error: { code: 'STORE', message: expect.stringMatching(/keep up/) },
  });
  const events = await store.events(tooMuch.id);
  expect(events.length).toBeGreaterThan(50_000);
  expect(events.length).toBeLessThan(50_010);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
});

test('a run that ends while the database takes nothing frees what it held once that takes it again', async () => {
  const { store, runs, performed } = setUp();
  const shown: RunEvent[] = [];
  const end = await performed(
    REQUEST,
    async ({ emit }) => {
      emit(itemResult('one'));
      await refuseEnds();
      return { summary: 'Done.' };
    },
    (event) => shown.push(event),
  );
  expect(end).toMatchObject({ state: 'failed', error: { code: 'STORE' } });
  expect(await store.find(end.id)).toMatchObject({ state: 'running' });
  await runs.look();
  await sql`drop trigger no_ends`.execute(database);
  await runs.look();
  expect(await store.find(end.id)).toMatchObject({ state: 'failed', error: { code: 'STORE' } });
  expect(await store.events(end.id)).toEqual(shown);
  expect(await claimsNow()).toEqual([]);
  expect((await performed(REQUEST, nothing)).state).toBe('succeeded');
});

test('a run whose end is stored though the database broke off shows that end', async () => {
  const { store, runs, performed } = setUp();
  const shown: RunEvent[] = [];
  const { finish } = store;
  store.finish = async (...args) => {
    store.finish = finish;
    await finish(...args);
    throw new StarsError('STORE', 'The connection broke.');
  };
  const { id } = await performed(
    REQUEST,
    async () => ({ summary: 'Done.' }),
    (event) => shown.push(event),
  );
  await runs.look();
  expect(shown.at(-1)).toMatchObject({ type: 'run.finished', state: 'succeeded', summary: 'Done.' });
  expect(await store.find(id)).toMatchObject({ state: 'succeeded' });
});

test('a run that begins just as the database can no longer be read has failed, and holds nothing when it can', async () => {
  const { store, runs, performed } = setUp();
  const shown: RunEvent[] = [];
  const { events } = store;
  store.events = () => Promise.reject(new StarsError('STORE', 'The connection broke.'));
  const { id, state } = await performed(REQUEST, nothing, (event) => shown.push(event));
  expect(state).toBe('failed');
  store.events = events;
  await runs.look();
  expect(await store.find(id)).toMatchObject({ state: 'failed' });
  expect(shown.at(-1)).toMatchObject({ type: 'run.finished', state: 'failed' });
  expect(await claimsNow()).toEqual([]);
});

/** The database takes everything but the end of a run. */
async function refuseEnds(): Promise<void> {
  await sql`create trigger no_ends before update of finished_at on runs begin select raise(abort, 'no room'); end`.execute(
    database,
  );
}

const claimsNow = () => createClaimStore(database, audit()).list(undefined, clock.now());

function itemResult(item: string): RunEventBody {
  const task = { play: 'Workers', role: null, task: 'Look', host: 'a' };
  return { type: 'task.result', ...task, item, status: 'ok', changed: false, ms: 1 };
}

test('a run ends when whoever asked for it cancels, and none begins after that', async () => {
  const { store, performed } = setUp();
  const cancelled = new AbortController();
  const work = async ({ signal }: { signal: AbortSignal }) => {
    cancelled.abort(new StarsError('CANCELLED', 'Enough.'));
    signal.throwIfAborted();
    return { summary: '' };
  };
  const { state, error } = await performed(REQUEST, work, undefined, cancelled.signal);
  expect({ state, error }).toMatchObject({ state: 'cancelled', error: { message: 'Enough.' } });
  await expect(performed(REQUEST, work, undefined, cancelled.signal)).rejects.toThrow('Enough.');
  expect(await store.list({ limit: 10 })).toHaveLength(1);
});

test('closing cuts off what runs, waits until that is recorded, and takes nothing new', async () => {
  const { store, runs, performed } = setUp();
  const run = performed(REQUEST, async ({ signal }) => {
    await clock.sleep(10_000, signal);
    return { summary: '' };
  });
  while ((await store.list({ limit: 1 }))[0]?.state !== 'running') await clock.advance(0);
  await runs.close('Stars stops.');
  expect(await store.list({ limit: 1 })).toMatchObject([{ state: 'interrupted' }]);
  expect(await run).toMatchObject({ state: 'interrupted', error: { message: 'Stars stops. No step was in flight.' } });
  await expect(performed(REQUEST, async () => ({ summary: '' }))).rejects.toThrow('Stars stops.');
});

test('a run that is not through at its deadline fails and says so', async () => {
  const { performed } = setUp();
  const ended = performed(REQUEST, async ({ signal }) => {
    await clock.sleep(100 * 3_600_000, signal);
    return { summary: '' };
  });
  while ((await createRunStore(database, audit()).list({ limit: 1 }))[0]?.state !== 'running') await clock.advance(0);
  await clock.advance(4 * 3_600_000 + 1_000);
  expect(await ended).toMatchObject({
    state: 'failed',
    error: { code: 'TIMEOUT', message: expect.stringContaining('240 minutes, its deadline') },
  });
});

test('a cancelled run ends even when its work does not stop, and says that it may still go on', async () => {
  const { runs, performed } = setUp();
  const ended = performed(REQUEST, async ({ id, emit }) => {
    emit({ type: 'step.started', step: 'Look' });
    await runs.cancel(id, 'Ada pressed cancel.', undefined);
    return new Promise(() => undefined);
  });
  while ((await createRunStore(database, audit()).list({ limit: 1 }))[0]?.state !== 'running') await clock.advance(0);
  await clock.advance(31_000);
  expect(await ended).toMatchObject({
    state: 'cancelled',
    error: { message: expect.stringMatching(/Ada pressed cancel\. In flight was the step “Look”\..*left to itself/) },
  });
});

test('of the parts of a run a process begins one at a look, and leaves the next to others for three seconds', async () => {
  const store = createRunStore(database, audit());
  let whole = '';
  const hang = () => new Promise<RunResult>(() => undefined);
  const split: Work = async ({ id }) => {
    whole = id;
    const requestedAt = clock.now().toISOString();
    const made = [1, 2, 3, 4].map((part) => {
      const run = { ...REQUEST, id: `${id}-${part}`, requestedAt, owner: '', resources: [`host:c${part}`] };
      return { run, first: { run: run.id, seq: 1, at: requestedAt, type: 'run.requested' as const, ...REQUEST } };
    });
    await store.createParts(id, 'process-1', made, clock.now());
    return hang();
  };
  const perform: RunWork['perform'] = (_request, run) => (whole === '' ? split(run) : hang());
  const [first, second] = ['process-1', 'process-2'].map((owner) => setUp(owner, parts(perform)).runs);
  if (!first || !second) throw new Error('two processes');
  await first.ask({ request: REQUEST, resources: ['*'] });
  await first.serve();
  while ((await store.partsOf(whole)).length === 0) await new Promise((done) => setImmediate(done));
  const owners = async () => (await store.partsOf(whole)).map(({ owner }) => owner);
  await first.look();
  await first.look();
  expect(await owners()).toEqual(['process-1', '', '', '']);
  await second.serve();
  await second.look();
  expect(await owners()).toEqual(['process-1', 'process-2', '', '']);
  await clock.advance(3_000);
  await Promise.all([first.look(), second.look()]);
  while ((await owners()).includes('')) await clock.advance(1_000);
  expect((await owners()).toSorted()).toEqual(['process-1', 'process-1', 'process-2', 'process-2']);
  first.stop();
  second.stop();
});
