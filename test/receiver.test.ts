import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock, type ManualClock, systemClock } from '../src/clock.js';
import { silentLog } from '../src/log.js';
import { createReceiver, type Receiver } from '../src/receiver.js';
import { type FakeSlack, startFakeSlack } from '../src/sandbox/fake-slack/fake-slack.js';
import { createRedactor, Secret } from '../src/secret.js';
import { createSlack } from '../src/slack/app.js';
import { createAudit } from '../src/store/audit.js';
import { type ClaimStore, createClaimStore } from '../src/store/claims.js';
import { type Database, openDatabase } from '../src/store/database.js';

let folder: string;
let database: Database;
let claims: ClaimStore;
let slack: FakeSlack;
let clock: ManualClock;
let alive: Set<string>;
let receivers: Receiver[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-receiver-'));
  database = await openDatabase({ dataFolder: folder });
  clock = createManualClock();
  claims = createClaimStore(database, createAudit(database, { clock, redactor: createRedactor() }));
  slack = await startFakeSlack({ clock: systemClock, log: silentLog });
  alive = new Set(['one', 'two', 'somebody']);
  receivers = [];
});
afterEach(async () => {
  for (const receiver of receivers) await receiver.stop();
  await slack.stop();
  await database.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** The receiver of one process. */
function receiverOf(owner: string): Receiver & { opened: string[] } {
  const opened: string[] = [];
  const receiver = createReceiver({
    make: () =>
      createSlack({
        settings: { botToken: new Secret(slack.botToken), appToken: new Secret(slack.appToken), apiUrl: slack.url },
        clock: systemClock,
        log: silentLog,
        receive: async () => undefined,
        accept: async () => true,
        leave: async () => undefined,
      }),
    claims,
    isAlive: async (name) => alive.has(name),
    beat: async () => undefined,
    owner,
    clock,
    log: silentLog,
    alone: true,
    opened: () => void opened.push(owner),
  });
  receivers.push(receiver);
  return { ...receiver, opened };
}

const holds = (owner: string) => claims.hold('slack', owner, new Date(clock.now().getTime() + 6_000), clock.now());

/** Lets the time pass until it is so. */
async function until(check: () => boolean): Promise<void> {
  while (!check()) {
    await clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('whose place was taken over while it was silent closes its socket, and opens another one when it has the place again', async () => {
  const one = receiverOf('one');
  await one.start();
  expect({ sockets: slack.sockets(), opened: one.opened }).toEqual({ sockets: 1, opened: ['one'] });
  await claims.letGo('slack', 'one');
  await holds('somebody');
  await until(() => one.current() === undefined);
  await slack.until(() => slack.sockets() === 0);
  expect(one.isFirst()).toBe(false);
  await until(() => one.current() !== undefined);
  expect({ sockets: slack.sockets(), opened: one.opened }).toEqual({ sockets: 1, opened: ['one', 'one'] });
});

test('who waits for the place takes it at once from one that is known to be dead, and then looks at what that one left', async () => {
  const [one, two] = [receiverOf('one'), receiverOf('two')];
  await holds('somebody');
  await two.start();
  expect({ first: two.isFirst(), opened: two.opened }).toEqual({ first: false, opened: [] });
  alive.delete('somebody');
  await clock.advance(2_000);
  await until(() => two.current() !== undefined);
  expect({ first: two.isFirst(), opened: two.opened }).toEqual({ first: true, opened: ['two'] });
  await one.start();
  expect({ sockets: slack.sockets(), first: one.isFirst() }).toEqual({ sockets: 1, first: false });
});
