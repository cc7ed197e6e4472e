import { createManualClock, type ManualClock } from '../../src/clock.js';
import { StarsError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import { type FakeSlack, type FakeSlackOptions, startFakeSlack } from '../../src/sandbox/fake-slack/fake-slack.js';
import { Secret } from '../../src/secret.js';
import { createDirectory, type Directory } from '../../src/slack/directory.js';

let clock: ManualClock;
let slack: FakeSlack;
let directory: Directory;

beforeEach(() => start());
afterEach(() => slack.stop());

async function start(options: Partial<FakeSlackOptions> = {}): Promise<void> {
  await slack?.stop();
  clock = createManualClock();
  slack = await startFakeSlack({
    clock,
    log: silentLog,
    groups: [{ id: 'S0OPS', handle: 'ops', members: ['U0ADA'] }],
    people: [
      { id: 'U0ADA', name: 'ada' },
      { id: 'U0GUEST', name: 'guest', guest: 'multi-channel' },
      { id: 'U0SINGLE', name: 'single', guest: 'single-channel' },
      { id: 'U0OTHER', name: 'other', team: 'T0ELSEWHERE' },
      { id: 'U0GONE', name: 'gone', deactivated: true },
    ],
    ...options,
  });
  directory = createDirectory({ token: new Secret(slack.botToken), apiUrl: slack.url, clock, log: silentLog });
}

const calls = (method: string) => slack.calls.filter((call) => call.method === method).length;

async function failure(promise: Promise<unknown>): Promise<StarsError> {
  const thrown: unknown = await promise.catch((error: unknown) => error);
  if (thrown instanceof StarsError) return thrown;
  throw new Error(`no StarsError: ${String(thrown)}`);
}

test.each([
  ['U0ADA', 'member'],
  ['U0GUEST', 'guest'],
  ['U0SINGLE', 'guest'],
  ['U0OTHER', 'outside'],
  ['U0GONE', 'outside'],
  ['U0NOBODY', 'outside'],
])('%s is a %s', async (id, standing) => {
  expect(await directory.standing(id)).toBe(standing);
});

test('an answer holds for less than a minute', async () => {
  expect([...(await directory.members('S0OPS'))]).toEqual(['U0ADA']);
  slack.group('S0OPS').members.clear();
  await clock.advance(59_999);
  expect([...(await directory.members('S0OPS'))]).toEqual(['U0ADA']);
  await clock.advance(1);
  expect([...(await directory.members('S0OPS'))]).toEqual([]);
});

test('many who ask for the same at once ask Slack once', async () => {
  await Promise.all(Array.from({ length: 50 }, () => directory.members('S0OPS')));
  await Promise.all(Array.from({ length: 50 }, () => directory.standing('U0ADA')));
  expect([calls('usergroups.users.list'), calls('users.info'), calls('auth.test')]).toEqual([1, 1, 1]);
});

test('a clock that was set back keeps no answer for longer', async () => {
  let offsetMs = 0;
  const shifted = { ...clock, now: () => new Date(clock.now().getTime() + offsetMs) };
  directory = createDirectory({ token: new Secret(slack.botToken), apiUrl: slack.url, clock: shifted, log: silentLog });
  await directory.members('S0OPS');
  slack.group('S0OPS').members.clear();
  offsetMs = -3_600_000;
  expect([...(await directory.members('S0OPS'))]).toEqual([]);
});

test('a group that is not there, or is switched off, is told as that', async () => {
  expect((await failure(directory.members('S0MISSING'))).describe()).toContain('Slack knows no user group S0MISSING.');
  slack.group('S0OPS').disabled = true;
  expect((await failure(directory.members('S0OPS'))).code).toBe('CONFIG');
});

test.each([
  ['a scope that is missing', { scopes: [] }, 'lacks a scope'],
  ['a token that is refused', { fault: { kind: 'error', error: 'token_revoked' } }, 'refuses the token'],
  ['a wish to wait', { fault: { kind: 'rate-limited', retryAfter: 30 } }, 'asks to wait (30 s)'],
  ['a connection that breaks', { fault: { kind: 'drop' } }, 'cannot be reached'],
  ['an answer that is none', { fault: { kind: 'status', status: 500 } }, 'cannot be reached'],
] as const)('%s is an error, never an answer', async (_what, trouble, words) => {
  if ('scopes' in trouble) await start({ scopes: [] });
  for (const method of ['usergroups.users.list', 'users.info'])
    if ('fault' in trouble) slack.faults.next(method, trouble.fault);
  expect((await failure(directory.members('S0OPS'))).message).toContain(words);
  expect((await failure(directory.standing('U0ADA'))).message).toContain(words);
});

test('an answer that does not come is an error in the end', async () => {
  const options = { token: new Secret(slack.botToken), apiUrl: slack.url, clock, log: silentLog, timeoutMs: 50 };
  directory = createDirectory(options);
  slack.faults.next('usergroups.users.list', { kind: 'slow', ms: 1_000 });
  expect((await failure(directory.members('S0OPS'))).message).toContain('cannot be reached');
});

test('what failed is asked again the next time', async () => {
  slack.faults.next('usergroups.users.list', { kind: 'drop' });
  await failure(directory.members('S0OPS'));
  expect([...(await directory.members('S0OPS'))]).toEqual(['U0ADA']);
});
