import { postDailyHead } from '../../src/bot/daily-head.js';
import { silentLog } from '../../src/log.js';
import { shortHead } from '../../src/model/audit.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createDailyJobs } from '../../src/store/daily-jobs.js';
import { type UpkeepHome, upkeepHome } from './upkeep-home.js';

const DAY_MS = 86_400_000;

let place: UpkeepHome;
let posted: [channel: string, text: string][];
let failing: string | undefined;

beforeEach(async () => {
  posted = [];
  failing = undefined;
  place = await upkeepHome({
    'stars.yml': 'slack: {channel: C0HOME}\n',
    'inventories/production/environment.yml': 'slack: {channel: C0PROD}\n',
    'inventories/staging/hosts': 'localhost\n',
    'inventories/testing/hosts': 'localhost\n',
    'inventories/broken/environment.yml': 'access: [\n',
  });
});
afterEach(() => place.stop());

async function look(): Promise<void> {
  const { home, audit, clock, database } = place;
  await postDailyHead({
    home,
    audit,
    clock,
    dailyJobs: createDailyJobs(database),
    log: silentLog,
    async post(channel, message) {
      if (channel === failing) throw new Error('not in channel');
      posted.push([channel, toPlain(message)]);
    },
  });
}

test('the head is posted once a day into every channel that is named, and each post is in the audit', async () => {
  await place.audit.record({ kind: 'request', text: 'status' });
  const head = await place.audit.head();
  await look();
  await look();
  expect(posted.map(([channel]) => channel).toSorted()).toEqual(['C0HOME', 'C0PROD']);
  const short = head ? shortHead(head) : '';
  expect(posted[0]?.[1]).toBe(
    `The audit has 1 entry. Its head is ${short}.\naudit verify --head ${short} proves at any time that nothing up to it was changed.`,
  );
  expect((await place.audit.search({ limit: 9, kind: 'service' })).map(({ details }) => details?.['channel'])).toEqual(
    posted.map(([channel]) => channel).toReversed(),
  );
  await place.clock.advance(DAY_MS);
  await look();
  expect(posted).toHaveLength(4);
  expect(posted.at(-1)?.[1]).toMatch(/^The audit has \d entries\./);
});

test('what was posted proves later that nothing was rewritten', async () => {
  await place.audit.record({ kind: 'request', text: 'status' });
  await look();
  const [, seq, hash = ''] = /head is (\d+):([\da-f]+)\./.exec(posted[0]?.[1] ?? '') ?? [];
  expect(await place.audit.verify({ posted: { seq: Number(seq), hash } })).toMatchObject({ broken: undefined });
});

test('nothing is posted at night, nor while there is nothing', async () => {
  await look();
  expect(posted).toEqual([]);
  await place.audit.record({ kind: 'request', text: 'status' });
  await place.clock.advance(DAY_MS - 6 * 3_600_000 - 1);
  await look();
  expect(posted).toEqual([]);
  await place.clock.advance(1);
  await look();
  expect(posted).toHaveLength(2);
});

test('a channel that takes nothing keeps no other one from its post, and is tried again', async () => {
  await place.audit.record({ kind: 'request', text: 'status' });
  failing = 'C0PROD';
  await look();
  expect(posted.map(([channel]) => channel)).toEqual(['C0HOME']);
  failing = undefined;
  await look();
  expect(posted).toHaveLength(1);
  await place.clock.advance(15 * 60_000);
  await look();
  expect(posted.map(([channel]) => channel)).toEqual(['C0HOME', 'C0PROD']);
});
