import { type Clock, systemClock } from '../../src/clock.js';
import type { FakeMessage, FakePerson } from '../../src/sandbox/fake-slack/workspace.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { toldAlone } from './support/told.js';

let practice: Practice;
let service: SlackService;
let laterMs = 0;
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + laterMs) };

const MINUTE_MS = 60_000;
const HOSTS = ['stars-c3', 'stars-c4'];
const ADA: FakePerson = { id: 'U0ADA', name: 'ada' };
const PEOPLE: FakePerson[] = [
  ADA,
  { id: 'U0NAMESAKE', name: 'ada' },
  { id: 'U0BEN', name: 'ben' },
  { id: 'U0CLEO', name: 'cleo' },
];

beforeAll(async () => {
  practice = await practise({
    clock,
    slack: {
      people: PEOPLE,
      channels: [
        { name: 'deploys' },
        { name: 'inside', isPrivate: true },
        { name: 'secret', isPrivate: true, botIsMember: false },
      ],
      groups: [{ id: 'S0APPROVE', handle: 'approvers', members: ['U0CLEO'] }],
    },
  });
  const file = 'inventories/sandbox/environment.yml';
  const config = parse(readFileSync(join(practice.home, file), 'utf8')) as object;
  const approvers = ['U0ADA', 'U0NAMESAKE', 'U0BEN', 'S0APPROVE'];
  const approvals = { commands: ['deploy'], approvers, expiresMinutes: 5 };
  practice.write(file, JSON.stringify({ ...config, approvals }));
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});
beforeEach(() => {
  for (const name of HOSTS) practice.sandbox.hosts.host(name).write('/etc/motd', 'as it was\n');
});

const slack = () => practice.sandbox.slack;
const motd = () => HOSTS.map((name) => practice.sandbox.hosts.host(name).read('/etc/motd'));
const unchanged = HOSTS.map(() => 'as it was\n');
const deployed = HOSTS.map((name) => `hello from ${name}\n`);

test('what nobody approves within the minutes of environment.yml expires, says so, and cannot be approved any more', async () => {
  const root = await asked();
  laterMs += 4 * MINUTE_MS;
  await practice.stars.runs.look();
  expect(await newest()).toMatchObject({ state: 'awaiting-approval' });
  laterMs += MINUTE_MS;
  await practice.stars.runs.look();
  await service.idle();
  const { id, state, error } = await newest();
  expect({ state, error }).toMatchObject({
    state: 'expired',
    error: { code: 'DENIED', message: 'Nobody approved it in time: nothing was done.' },
  });
  await slack().until(() => text(again(root)).includes('Nobody approved it in time'));
  expect(text(again(root))).not.toContain('[Approve]');
  const late = await toldAlone(slack(), 'U0BEN', () => slack().say(`approve ${id}`, { person: 'ben' }));
  expect(late).toContain('expired');
  await service.idle();
  expect(motd()).toEqual(unchanged);
});

test('who asked cannot approve it under another name; somebody else of the same name can', async () => {
  const root = await asked();
  ADA.name = 'adele';
  try {
    expect(await toldAlone(slack(), 'U0ADA', () => pressed(root, 'approve', 'U0ADA'))).toContain('you asked for it');
  } finally {
    ADA.name = 'ada';
  }
  expect(motd()).toEqual(unchanged);
  await pressed(root, 'approve', 'U0NAMESAKE');
  expect(motd()).toEqual(deployed);
});

test('an approver by a group is one as long as they are in it when they press', async () => {
  const root = await asked();
  slack().group('S0APPROVE').members.delete('U0CLEO');
  laterMs += MINUTE_MS;
  expect(await toldAlone(slack(), 'U0CLEO', () => pressed(root, 'approve', 'cleo'))).toContain('You may not approve');
  expect(motd()).toEqual(unchanged);
  slack().group('S0APPROVE').members.add('U0CLEO');
  laterMs += MINUTE_MS;
  await pressed(root, 'approve', 'cleo');
  expect(motd()).toEqual(deployed);
});

test('a plan that is recorded under another hash than the one that was approved is not done', async () => {
  const root = await asked();
  const { id } = await newest();
  const { database } = practice.stars;
  const { seq, body } = await database
    .selectFrom('events')
    .select(['seq', 'body'])
    .where('run_id', '=', id)
    .where('type', '=', 'plan.made')
    .executeTakeFirstOrThrow();
  const other = JSON.stringify({ ...(JSON.parse(body) as object), hash: '0123456789abcdef' });
  await database.updateTable('events').set({ body: other }).where('run_id', '=', id).where('seq', '=', seq).execute();
  await pressed(root, 'approve', 'ben');
  expect(await newest()).toMatchObject({
    state: 'failed',
    error: { code: 'PLAN_STALE', message: 'The plan that was approved is not to be found.' },
  });
  expect(motd()).toEqual(unchanged);
});

test('in a private channel that Stars is in, the plan and its buttons stand there and work', async () => {
  const root = await asked('inside');
  expect(text(root)).toContain('2 of 2 hosts would change');
  await pressed(root, 'approve', 'ben');
  expect(motd()).toEqual(deployed);
});

test('in a private channel that Stars is not in, the asker learns why nobody sees the plan and how it can be approved', async () => {
  const ask = () => slack().say('deploy motd sandbox', { channel: 'secret' });
  const told = await toldAlone(slack(), 'U0ADA', ask, 'secret');
  expect(told).toContain('/invite');
  await service.idle();
  const { id, state } = await newest();
  expect(state).toBe('awaiting-approval');
  expect(told).toContain(`/stars approve ${id}`);
  const shown = await toldAlone(slack(), 'U0BEN', () => slack().say(`show ${id}`, { person: 'ben' }));
  expect(shown).toContain('2 of 2 hosts would change');
  await toldAlone(slack(), 'U0BEN', () => slack().say(`approve ${id}`, { person: 'ben' }));
  await service.idle();
  expect(motd()).toEqual(deployed);
});

/** Asked by ada; resolves with its message once it waits for people. */
async function asked(channel = 'deploys'): Promise<FakeMessage> {
  const before = new Set(
    slack()
      .messages(channel)
      .map(({ ts }) => ts),
  );
  await slack().say('deploy motd sandbox', { person: 'U0ADA', channel });
  const roots = () =>
    slack()
      .messages(channel)
      .filter(({ ts, onlyFor }) => !before.has(ts) && !onlyFor);
  await slack().until(() => roots().some((root) => text(root).includes('[Approve]')));
  const [root] = roots();
  if (!root) throw new Error('no message');
  return root;
}

async function pressed(root: FakeMessage, what: string, person: string): Promise<void> {
  await slack().click(root.ts, `stars.do.${what}`, { person });
  await service.idle();
}

async function newest() {
  const [run] = await practice.stars.store.list({ limit: 1 });
  if (!run) throw new Error('nothing was asked');
  return run;
}

function again({ ts, channel }: FakeMessage): FakeMessage {
  const found = slack()
    .messages(channel)
    .find((message) => message.ts === ts);
  if (!found) throw new Error(`no message ${ts}`);
  return found;
}

function text(message: FakeMessage): string {
  return toPlain(message);
}
