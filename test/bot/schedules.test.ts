import { type Process, type SchedulesPlace, schedulesPlace } from './schedules-place.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEP_MS = 5 * MINUTE_MS;

let place: SchedulesPlace;
afterEach(() => place.stop());

const STAGING = 'inventories/staging/environment.yml';

async function open(schedule: string, files: Record<string, string> = {}, serves = false): Promise<Process> {
  place = await schedulesPlace(
    {
      [STAGING]: `slack: {channel: C0STAGING}\nschedules:\n  - ${schedule}\n`,
      'inventories/testing/hosts': 'localhost\n',
      ...files,
    },
    '2026-06-01T01:00:00.000Z',
  );
  const process = await place.process({ serves });
  await process.look();
  return process;
}

/** Time passes, with a look now and then. */
async function pass(ms: number, ...processes: Process[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await place.clock.advance(STEP_MS);
    for (const { look, stars } of processes) {
      await look();
      await stars.runs.idle();
    }
  }
}

const NIGHTLY = '{name: nightly, command: status, cron: "30 1 * * *", timeZone: UTC}';

test('what is due is asked for once, however many processes look, as the person that the schedule stands for', async () => {
  const first = await open('{name: nightly, command: status, cron: "30 1 * * *", timeZone: UTC, as: watch}');
  const second = await place.process();
  await pass(40 * MINUTE_MS, first, second);
  const runs = await place.runs(first.stars);
  expect(runs.map(({ text, requestedAt }) => [text, requestedAt])).toEqual([
    ['status staging', '2026-06-01T01:30:00.000Z'],
  ]);
  expect(runs[0]).toMatchObject({
    person: { id: 'schedule:watch', name: 'schedule nightly' },
    source: 'schedule',
    environment: 'staging',
    address: { channel: 'C0STAGING' },
  });
  expect(place.posted).toEqual([]);
});

test('of a process that is killed between the decision and the run another one takes over, and one run comes of it', async () => {
  const living = await open(NIGHTLY);
  const dying = await place.process({ dies: true });
  await place.clock.advance(30 * MINUTE_MS);
  void dying.look();
  await until(async () => (await living.stars.inbox.open()).length > 0);
  expect(await place.runs(living.stars)).toEqual([]);
  await pass(10 * MINUTE_MS, living);
  expect((await place.runs(living.stars)).map(({ text }) => text)).toEqual(['status staging']);
  expect(await living.stars.inbox.open()).toEqual([]);
});

test('what is due while a process stops is done by the next one', async () => {
  const stopping = await open(NIGHTLY);
  await place.clock.advance(30 * MINUTE_MS);
  await stopping.stars.runs.close('Stars was asked to stop.');
  await stopping.look();
  const next = await place.process();
  expect(await place.runs(next.stars)).toEqual([]);
  await pass(10 * MINUTE_MS, next);
  expect((await place.runs(next.stars)).map(({ text }) => text)).toEqual(['status staging']);
  expect(place.posted).toEqual([]);
});

test('a request that was left is reported when it is too old to be run', async () => {
  const living = await open(
    '{name: nightly, command: status, cron: "30 1 * * *", timeZone: UTC, missedWithinHours: 1}',
  );
  const dying = await place.process({ dies: true });
  await place.clock.advance(30 * MINUTE_MS);
  void dying.look();
  await until(async () => (await living.stars.inbox.open()).length > 0);
  await place.clock.advance(2 * HOUR_MS);
  await living.look();
  expect(await place.runs(living.stars)).toEqual([]);
  expect(place.posted).toEqual([
    [
      'C0STAGING',
      '⚠️ The schedule nightly of staging, due at 2026-06-01 01:30 UTC, was not run: Stars was stopped before it began, and by now it is too late.',
    ],
  ]);
});

test.each([
  ['run', 6, ['status staging'], []],
  ['run', 20, [], ['was missed: it was due at 2026-06-01 01:30 UTC']],
  ['run', 53, ['status staging'], []],
  ['report', 6, [], ['was missed: it was due at 2026-06-01 01:30 UTC']],
  ['report', 53, [], ['was missed: it was due 3 times from 2026-06-01 01:30 UTC to 2026-06-03 01:30 UTC']],
  ['skip', 53, [], []],
] as const)('with “missed: %s” and no Stars for %i hours', async (missed, hours, runs, told) => {
  const { stars, look } = await open(
    `{name: nightly, command: status, cron: "30 1 * * *", timeZone: UTC, missed: ${missed}}`,
  );
  await place.clock.advance(hours * HOUR_MS);
  await look();
  await stars.runs.idle();
  await look();
  expect((await place.runs(stars)).map(({ text }) => text)).toEqual(runs);
  expect(place.posted.map(([, text]) => text)).toEqual(told.map((words) => expect.stringContaining(words) as string));
});

test('a run that still goes on is not started a second time', async () => {
  const process = await open(
    '{name: often, command: scale zeppelin 1, cron: "*/10 * * * *", timeZone: UTC}',
    {
      'stars.yml': 'slack: {channel: C0STAGING}\n',
      [STAGING]: `approvals: {commands: [scale], approvers: [U0ADA]}
marathon: {url: "http://127.0.0.1:9"}
schedules: [{name: often, command: scale zeppelin 1, cron: "*/10 * * * *", timeZone: UTC}]
`,
    },
    true,
  );
  await pass(20 * MINUTE_MS, process);
  const [run, ...others] = await place.runs(process.stars);
  expect(run).toMatchObject({ state: 'awaiting-approval', text: 'scale zeppelin 1 staging' });
  expect(others).toEqual([]);
  const says = `the run ${run?.id} still goes on`;
  expect(place.posted).toEqual([
    ['C0STAGING', `⏭ The schedule often of staging, due at 2026-06-01 01:20 UTC, was not started: ${says}.`],
  ]);
  expect(await place.type(process.stars, 'schedules')).toContain(`last 2026-06-01 01:20 UTC, overlapped: ${says}`);
});

test('a new schedule begins now, one with another time begins anew, and so does one that was switched off', async () => {
  const { stars, look } = await open('{name: nightly, command: status, cron: "30 0 * * *", timeZone: UTC}');
  const write = (schedule: string) => place.write(STAGING, `schedules:\n  - ${schedule}\n`);
  write('{name: nightly, command: status, cron: "45 0 * * *", timeZone: UTC}');
  await look();
  await look();
  write('{name: nightly, command: status, cron: "45 0 * * *", timeZone: UTC, enabled: false}');
  await look();
  await place.clock.advance(24 * HOUR_MS);
  write('{name: nightly, command: status, cron: "45 0 * * *", timeZone: UTC}');
  await look();
  await look();
  expect(await place.runs(stars)).toEqual([]);
});

test('in production a schedule may do nothing until access names it; what is refused is told and listed', async () => {
  const environment = (access: string) =>
    `slack: {channel: C0PROD}\n${access}schedules:\n  - {name: looks, command: status, cron: "0 * * * *", timeZone: UTC}\n`;
  const process = await open(NIGHTLY, { 'inventories/production/environment.yml': environment('') }, true);
  const { stars } = process;
  await pass(HOUR_MS, process);
  expect((await place.runs(stars)).map(({ environment: name }) => name)).toEqual(['staging']);
  expect(place.posted.map(([channel]) => channel)).toEqual(['C0PROD']);
  expect(place.posted[0]?.[1]).toMatch(/was refused\.\nYou may not status on production\.\n[^]*you are schedule:looks/);
  expect(await place.type(stars, 'schedules', 'production')).toMatch(
    /⚠️ production · looks: .* · not permitted: .* · last 2026-06-01 02:00 UTC, refused: You may not/,
  );
  place.write('inventories/production/environment.yml', environment('access: {read: ["schedule:looks", everyone]}\n'));
  await pass(HOUR_MS, process);
  expect((await place.runs(stars)).at(-1)).toMatchObject({ environment: 'production', text: 'status production' });
  expect(await place.type(stars, 'schedules', 'production')).toMatch(
    /🔁 production · looks: “status” at 0 \* \* \* \* \(UTC\) · next 2026-06-01 04:00 UTC · last 2026-06-01 03:00 UTC ❌ failed, [\w-]+/,
  );
});

test('a daily backup is there where a channel and Marathon are, goes when it is switched off, and keeps quiet where it may not', async () => {
  const marathon = 'marathon: {url: "http://127.0.0.1:9"}\n';
  const process = await open(NIGHTLY, {
    [STAGING]: `slack: {channel: C0STAGING}\n${marathon}`,
    'inventories/production/environment.yml': `slack: {channel: C0PROD}\n${marathon}`,
    'inventories/testing/environment.yml': marathon,
    'inventories/practice/environment.yml': `sandbox: true\nslack: {channel: C0PRACTICE}\n${marathon}`,
  });
  const listed = await place.type(process.stars, 'schedules');
  expect(listed).toContain('🔁 staging · daily-backup: “backup” at 30 2 * * * (UTC) · next 2026-06-01 02:30 UTC');
  expect(listed).toMatch(/💤 production · daily-backup: .* · not permitted: /);
  expect(listed).not.toContain('testing ·');
  expect(listed).not.toContain('practice ·');
  await pass(2 * HOUR_MS, process);
  expect((await place.runs(process.stars)).map(({ text }) => text)).toEqual(['backup staging']);
  expect(place.posted).toEqual([]);
  place.write(STAGING, `slack: {channel: C0STAGING}\n${marathon}schedules: [{name: daily-backup, enabled: false}]\n`);
  expect(await place.type(process.stars, 'schedules', 'staging')).toMatch(
    /💤 staging · daily-backup: .* · switched off/,
  );
});

test.each([
  ['backpu', 'There is no command backpu'],
  ['status --nothing', "unknown option '--nothing'"],
  ['deploy nothing-of-that-name', 'nothing-of-that-name'],
  ['status testing', 'it names the environment testing'],
])('words that nobody understands are told by file and line: %s', async (words, told) => {
  const process = await open(`{name: odd, command: "${words}", cron: "0 * * * *"}`, {
    'stack/site.yml': '- hosts: all\n  tasks: []\n',
  });
  await pass(HOUR_MS, process);
  expect(place.posted[0]?.[1]).toMatch(/environment\.yml:3:\d+: The schedule odd cannot do /);
  expect(place.posted[0]?.[1]).toContain(told);
  const examined = await place.type(process.stars, 'doctor', 'staging');
  expect(examined).toMatch(/environment\.yml:3:\d+: The schedule odd cannot do /);
});

test('what a schedule asks and is only answered is posted where its results go', async () => {
  const process = await open('{name: list, command: history --lines 3, cron: "0 * * * *", channel: C0OTHER}');
  await pass(HOUR_MS, process);
  expect(place.posted).toEqual([['C0OTHER', 'Nothing has been run yet.']]);
});
