import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileDelivery } from '../../src/bot/file-delivery.js';
import { createPresenter } from '../../src/bot/slack-presenter.js';
import { createManualClock, type ManualClock, systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import type { RunEvent, RunRequest } from '../../src/model/run.js';
import { viewOf } from '../../src/model/run-view.js';
import { type FakeSlack, startFakeSlack } from '../../src/sandbox/fake-slack/fake-slack.js';
import { createRedactor, Secret } from '../../src/secret.js';
import { createSlackClient } from '../../src/slack/client.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createThreads, type Threads } from '../../src/slack/thread.js';
import { createUploads } from '../../src/slack/uploads.js';
import { createAudit } from '../../src/store/audit.js';
import { createClaimStore } from '../../src/store/claims.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createFileStore } from '../../src/store/files.js';
import { createRunStore, endedNow, type RunStore } from '../../src/store/runs.js';
import type { RunWatcher } from '../../src/runs/runs.js';
import { createThreadStore } from '../../src/store/threads.js';

const REQUEST: RunRequest = {
  command: 'deploy',
  text: 'deploy site lab',
  args: {},
  environment: 'lab',
  person: { id: 'U0ADA', name: 'ada' },
  source: 'slack',
};
const ID = '260601-1200-aaaaaa';
const CHANNEL = 'C0DEPLOYS';

let folder: string;
let database: Database;
let slack: FakeSlack;
let threads: Threads;
let clock: ManualClock;
let store: RunStore;
let alive: Set<string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-presenter-'));
  database = await openDatabase({ dataFolder: folder });
  clock = createManualClock();
  store = createRunStore(database, audit());
  slack = await startFakeSlack({ clock: systemClock, log: silentLog });
  threads = createThreads({ client: client(), clock, log: silentLog });
  alive = new Set(['one', 'two']);
});
afterEach(async () => {
  threads.stop();
  await slack.stop();
  await database.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const audit = () => createAudit(database, { clock, redactor: createRedactor() });
const client = () => createSlackClient(new Secret(slack.botToken), { apiUrl: slack.url, log: silentLog });

/** What the process “two” shows of what nobody performs. */
function presenter(watch: RunWatcher[] = []) {
  const common = { owner: 'two', isAlive: async (name: string) => alive.has(name), clock, log: silentLog };
  const uploads = createUploads({ client: client(), clock, log: silentLog });
  const tellAsker = async () => undefined;
  return createPresenter({
    ...common,
    runs: {
      watch: (watcher) => {
        watch.push(watcher);
        return () => undefined;
      },
      isAlive: common.isAlive,
    },
    store,
    places: createThreadStore(database),
    threads,
    files: createFileDelivery({ ...common, files: createFileStore(database), uploads, tellAsker }),
    tellAsker,
    isFirst: () => true,
  });
}

/** A run of the process “one” whose message stands there as it was when the run began. */
async function begun(): Promise<void> {
  const at = clock.now().toISOString();
  const first: RunEvent = { run: ID, seq: 1, at, type: 'run.requested', ...REQUEST };
  await store.create({ id: ID, ...REQUEST, requestedAt: at, owner: '', address: { channel: CHANNEL } }, [first]);
  const started = { type: 'run.started' } as const;
  const claims = createClaimStore(database, audit());
  await claims.claim({ id: ID, environment: 'lab', owner: 'one', leases: false, now: clock.now(), started });
  const view = viewOf(await store.events(ID));
  if (!view) throw new Error('no view');
  const { ts } = await threads.open(view, CHANNEL);
  await createThreadStore(database).remember(ID, CHANNEL, ts);
}

async function finished(by: 'one' | 'anyone'): Promise<void> {
  const run = await store.find(ID);
  if (!run) throw new Error('no run');
  const end = endedNow(run, clock.now(), 'cancelled', { code: 'CANCELLED', message: 'Enough.' });
  await store.finishFor(ID, end, [], clock.now(), by === 'one' ? { owner: 'one' } : { anyone: true });
}

async function shown(): Promise<string[]> {
  await threads.idle();
  return slack.messages().map((message) => toPlain(message).slice(0, 2).trim());
}

test('the last words of a run are left to the living process that performed it, however long that takes; its message is not', async () => {
  await begun();
  await finished('one');
  const two = presenter();
  await clock.advance(60_000);
  await two.look();
  await two.idle();
  expect(await shown()).toEqual(['🚫']);
  alive.delete('one');
  await two.look();
  await two.idle();
  expect(await shown()).toEqual(['🚫', '🚫']);
  two.stop();
});

test('a run that waited for people is shown to its end by another process, though its own lives', async () => {
  await begun();
  const asked: RunEvent = {
    run: ID,
    seq: 3,
    at: clock.now().toISOString(),
    type: 'approval.asked',
    hash: 'abc',
    text: 'one change',
    needed: 1,
    until: clock.now().toISOString(),
  };
  const proposal = { needed: 1, hash: 'abc', text: 'one change' };
  const asking = { proposal, waitUntil: asked.at, keep: true };
  expect(await store.awaitApproval(ID, 'one', [asked], asking, clock.now())).toBe(true);
  await finished('anyone');
  const two = presenter();
  await clock.advance(60_000);
  await two.look();
  await two.idle();
  expect(await shown()).toEqual(['🚫', '🚫']);
  two.stop();
});

test('an edit that arrives after the end was shown by another process is not the last', async () => {
  await begun();
  const watchers: RunWatcher[] = [];
  const two = presenter(watchers);
  await two.start();
  const run = await store.find(ID);
  const [asked] = await store.events(ID);
  const waiting = asked && viewOf([asked]);
  if (!run || !asked || !waiting) throw new Error('no run');
  for (const watcher of watchers) watcher(asked, waiting, run);
  await two.idle();
  await finished('one');
  await createThreadStore(database).wasShown(ID, clock.now());
  expect(await shown()).toEqual(['⚪']);
  await clock.advance(5_000);
  await two.idle();
  expect(await shown()).toEqual(['⚪']);
  await clock.advance(20_000);
  await two.idle();
  expect(await shown()).toEqual(['🚫']);
  two.stop();
});
