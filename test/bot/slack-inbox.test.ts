import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import LibsqlDatabase from 'libsql';
import { createSlackInbox } from '../../src/bot/slack-inbox.js';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import { StarsError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import type { Incoming } from '../../src/slack/incoming.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { createInboxStore, type InboxStore } from '../../src/store/inbox.js';

const MINUTE_MS = 60_000;

let folder: string;
let database: Database;
let store: InboxStore;
let clock: ManualClock;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-inbox-'));
  clock = createManualClock(new Date('2026-06-01T12:00:00Z'));
  database = await openDatabase({ dataFolder: folder, clock });
  store = createInboxStore(database);
});
afterEach(async () => {
  await database.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** What one process does with what it is asked; `living` are the others that it knows of. */
function processOf(owner: string, { refuses = false, living = [] as string[], inbox: own = store } = {}) {
  const done: string[] = [];
  const told: string[] = [];
  const inbox = createSlackInbox({
    inbox: own,
    owner,
    clock,
    log: silentLog,
    redactor: createRedactor(),
    isAlive: async (name) => name === owner || living.includes(name),
    tell: async (_incoming, { message }) => void told.push(toPlain(message)),
    handle: async ({ text }) => {
      if (refuses) throw new StarsError('LOCKED', 'lab is locked.');
      done.push(text);
    },
  });
  return { ...inbox, done, told };
}

const asked = (text: string, kind: 'command' | 'mention' = 'command'): Incoming => ({
  key: 'trigger-1',
  kind,
  text,
  person: { id: 'U1', name: 'ada' },
  channel: { id: 'C1' },
});

const pressed = (key: string): Incoming => ({
  ...asked('cancel 260601-1200-aaaaaa'),
  key,
  kind: 'action',
  action: { id: 'stars.do.cancel', value: 'cancel 260601-1200-aaaaaa', messageTs: '1.1' },
});

test('what a dead process acknowledged and never began is done once by the next one', async () => {
  await processOf('dead').accept(asked('status lab'));
  const next = processOf('next');
  expect(await next.recover()).toBe(1);
  expect(await next.recover()).toBe(0);
  expect(next.done).toEqual(['status lab']);
});

test('of a process that lives nothing is taken', async () => {
  await processOf('other').accept(asked('status lab'));
  const next = processOf('next', { living: ['other'] });
  expect(await next.recover()).toBe(0);
  expect(next.done).toEqual([]);
});

test('what is older than five minutes is not done but answered', async () => {
  await processOf('dead').accept(asked('status lab'));
  await clock.advance(6 * MINUTE_MS);
  const next = processOf('next');
  await next.recover();
  expect(next.done).toEqual([]);
  expect(next.told.join()).toContain('“status lab” was not run');
});

test('what ends every process that begins it is given up after the third', async () => {
  const body = asked('status lab');
  await processOf('dead-1').accept(body);
  for (const name of ['dead-2', 'dead-3']) {
    const [item] = await store.open();
    if (item) await store.takeOver(item, name);
  }
  const next = processOf('next');
  await next.recover();
  expect(next.done).toEqual([]);
  expect(next.told.join()).toContain('was not run');
});

test('words that may hold a secret are not written down, and cannot be taken up', async () => {
  await processOf('dead').accept(asked('deploy site lab -e password=hunter2'));
  expect(JSON.stringify(await store.open())).not.toContain('hunter2');
  const next = processOf('next');
  await next.recover();
  expect(next.done).toEqual([]);
  expect(next.told.join()).toContain('What you asked was not run');
});

test('a repetition is known for a day', async () => {
  const process = processOf('one');
  expect(await process.accept(asked('status lab'))).toBe(true);
  await process.perform(asked('status lab'));
  await clock.advance(25 * 60 * MINUTE_MS);
  await process.recover();
  expect(await process.accept(asked('status lab'))).toBe(false);
});

test('a click is one by what was pressed, on which message and by whom, whatever Slack calls it', async () => {
  const process = processOf('one');
  const press = { ...pressed('first'), person: { id: 'U1', name: 'ada' } };
  const { action } = press;
  if (!action) throw new Error('no click');
  expect(await process.accept(press)).toBe(true);
  expect(await process.accept({ ...press, key: 'second' })).toBe(false);
  const others: Incoming[] = [
    { ...press, person: { id: 'U2', name: 'ben' } },
    { ...press, action: { ...action, messageTs: '2.2' } },
    { ...press, action: { ...action, id: 'stars.do.halt' } },
    { ...press, action: { ...action, value: 'cancel 260601-1200-bbbbbb' } },
  ];
  for (const other of others) expect(await process.accept(other)).toBe(true);
});

test('a request that was refused stays refused when Slack repeats it; a click may be tried again', async () => {
  const process = processOf('one', { refuses: true });
  for (const incoming of [asked('deploy site lab', 'mention'), pressed('first')]) {
    expect(await process.accept(incoming)).toBe(true);
    await expect(process.perform(incoming)).rejects.toMatchObject({ code: 'LOCKED' });
  }
  expect(await process.accept(asked('deploy site lab', 'mention'))).toBe(false);
  expect(await process.accept(pressed('second'))).toBe(true);
});

test('what a living process accepted and can do no more is done by whoever looks next, once', async () => {
  const one = processOf('one');
  await one.accept(asked('status lab'));
  await one.leave(asked('status lab'));
  const others = ['next', 'third'].map((name) => processOf(name, { living: ['one', 'next', 'third'] }));
  for (const other of others) await other.recover();
  expect(others.map(({ done }) => done)).toEqual([['status lab'], []]);
});

describe('when the database took a request and could not say so', () => {
  /** A database whose connection breaks behind the write. */
  function breaking(): InboxStore {
    let breaks = true;
    return {
      ...store,
      async receive(...words) {
        const there = await store.receive(...words);
        if (breaks) {
          breaks = false;
          throw new Error('the connection broke');
        }
        return there;
      },
    };
  }

  test('a command is not done later, since the person was told that nothing was', async () => {
    const one = processOf('one', { inbox: breaking() });
    await expect(one.accept(asked('deploy site lab'))).rejects.toThrow('broke');
    await one.recover();
    await processOf('next').recover();
    expect(one.done).toEqual([]);
    expect(await store.open()).toEqual([]);
  });

  test('a mention is done when Slack repeats it', async () => {
    const one = processOf('one', { inbox: breaking() });
    await expect(one.accept(asked('status lab', 'mention'))).rejects.toThrow('broke');
    expect(await one.accept(asked('status lab', 'mention'))).toBe(true);
    expect(await one.accept(asked('status lab', 'mention'))).toBe(false);
  });

  test('a mention that Slack does not repeat is done once all the same', async () => {
    const one = processOf('one', { inbox: breaking() });
    await expect(one.accept(asked('status lab', 'mention'))).rejects.toThrow('broke');
    await one.recover();
    await one.recover();
    expect(one.done).toEqual(['status lab']);
    expect(await one.accept(asked('status lab', 'mention'))).toBe(false);
  });
});

describe('when another program holds the database for longer than Slack waits', () => {
  let other: LibsqlDatabase.Database;
  beforeEach(() => {
    other = new LibsqlDatabase(join(folder, 'stars.db'));
    other.exec('BEGIN IMMEDIATE');
  });
  afterEach(() => other.close());

  /** What accepting it came to, in how long. */
  async function accepted(process: ReturnType<typeof processOf>, incoming: Incoming) {
    const beganMs = clock.now().getTime();
    const accepting = process.accept(incoming).then(
      () => ({ error: undefined, ms: clock.now().getTime() - beganMs }),
      (error: unknown) => ({ error, ms: clock.now().getTime() - beganMs }),
    );
    await clock.advance(2_500);
    return accepting;
  }

  test.each<[string, Incoming]>([
    ['a command', asked('deploy site lab')],
    ['a click', pressed('first')],
    ['a mention', asked('status lab', 'mention')],
  ])('%s is refused in time, with what to do, and is not done when the database is free again', async (_what, one) => {
    const process = processOf('one');
    const { error, ms } = await accepted(process, one);
    expect(error).toMatchObject({
      code: 'STORE',
      message: 'The database did not take it within 2 s.',
      hint: expect.stringContaining('ask again'),
    });
    expect(ms).toBeLessThan(3_000);
    other.exec('ROLLBACK');
    await clock.advance(10_000);
    expect(await store.open()).toEqual([]);
    for (const name of [process, processOf('next')]) await name.recover();
    expect(process.done).toEqual([]);
    // What comes again is new.
    expect(await process.accept(one)).toBe(true);
    expect(await process.accept(one)).toBe(false);
  });
});

test('a click that was written when its person had been told that it was not is settled, and may come again', async () => {
  let land: () => void = () => undefined;
  const landing = new Promise<void>((resolve) => {
    land = resolve;
  });
  const slow: InboxStore = {
    ...store,
    async receive(item, owner, now) {
      await landing;
      return store.receive(item, owner, now);
    },
  };
  const one = processOf('one', { inbox: slow });
  const refused = expect(one.accept(pressed('first'))).rejects.toMatchObject({ code: 'STORE' });
  await clock.advance(2_500);
  await refused;
  // A look that comes before the write must not forget it.
  await one.recover();
  land();
  while ((await store.open()).length === 0) await clock.advance(0);
  await one.recover();
  expect(one.done).toEqual([]);
  expect(await store.open()).toEqual([]);
  expect(await one.accept(pressed('second'))).toBe(true);
});
