import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { FakeMessage } from '../../src/sandbox/fake-slack/workspace.js';
import { createSlackDesk } from '../../src/bot/slack-desk.js';
import type { SlackService } from '../../src/serve.js';
import { parse } from 'yaml';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { toldAlone } from './support/told.js';
import { until } from '../support/until.js';

let practice: Practice;
let service: SlackService;
let original: string;

const FILE = 'inventories/sandbox/environment.yml';
const HOSTS = ['stars-c3', 'stars-c4'];

beforeAll(async () => {
  practice = await practise({ starsFile: JSON.stringify({ people: { [userInfo().username]: 'U0BEN' } }) });
  original = readFileSync(join(practice.home, FILE), 'utf8');
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});
beforeEach(() => {
  for (const name of HOSTS) practice.sandbox.hosts.host(name).write('/etc/motd', 'as it was\n');
});
afterEach(() => practice.write(FILE, original));

const motd = () => HOSTS.map((name) => practice.sandbox.hosts.host(name).read('/etc/motd'));
const slack = () => practice.sandbox.slack;

function configured(extra: Record<string, unknown>): void {
  practice.write(FILE, JSON.stringify({ ...(parse(original) as object), ...extra }));
}

describe('with approvals', () => {
  const approvals = { commands: ['deploy'], approvers: ['U0BEN', 'U0CLEO', 'U0ADA'] };

  test('a deploy shows its plan and waits; somebody else presses Approve, and exactly that is done', async () => {
    configured({ approvals });
    const root = await asked('deploy motd sandbox');
    expect(text(root)).toContain('waits for approval');
    expect(text(root)).toContain('2 of 2 hosts would change');
    expect(motd()).toEqual(['as it was\n', 'as it was\n']);
    await pressed(root, 'approve', 'ben');
    expect(motd()).toEqual(['hello from stars-c3\n', 'hello from stars-c4\n']);
    expect(text(again(root))).toContain('✅ deploy motd sandbox');
    expect(text(again(root))).not.toContain('[Approve]');
  });

  test('who asked cannot approve, a stranger cannot either, and both are told; then it can still be denied', async () => {
    configured({ approvals: { ...approvals, approvers: ['U0BEN', 'U0ADA'] } });
    const root = await asked('deploy motd sandbox');
    expect(await toldAlone(slack(), 'U0ADA', () => pressed(root, 'approve', 'ada'))).toContain('you asked for it');
    expect(await toldAlone(slack(), 'U0CLEO', () => pressed(root, 'approve', 'cleo'))).toContain('You may not approve');
    expect(text(again(root))).toContain('waits for approval');
    await pressed(root, 'deny', 'ben');
    expect(text(again(root))).toContain('⛔ deploy motd sandbox');
    expect(motd()).toEqual(['as it was\n', 'as it was\n']);
  });

  test('where two have to approve, one is not enough, and the same one twice is still one', async () => {
    configured({ approvals: { ...approvals, count: 2 } });
    const root = await asked('deploy motd sandbox');
    await pressed(root, 'approve', 'ben');
    expect(await toldAlone(slack(), 'U0BEN', () => pressed(root, 'approve', 'ben'))).toContain('You pressed that');
    expect(text(again(root))).toContain('1 of 2 approvals');
    await pressed(root, 'approve', 'cleo');
    expect(text(again(root))).toContain('✅');
  });

  test('one person with a login and a Slack id gives one approval, not two', async () => {
    configured({ approvals: { ...approvals, count: 2 } });
    const root = await asked('deploy motd sandbox');
    await pressed(root, 'approve', 'ben');
    const [{ id } = { id: '' }] = await practice.stars.store.list({ limit: 1 });
    expect((await practice.type('approve', id)).out).toContain('1 of 2 approvals');
    await service.idle();
    expect(text(again(root))).toContain('waits for approval');
    expect(motd()).toEqual(['as it was\n', 'as it was\n']);
    await pressed(root, 'deny', 'cleo');
  });

  test('who asked in Slack cannot approve at a terminal either', async () => {
    configured({ approvals });
    await slack().say('deploy motd sandbox', { person: 'ben' });
    await slack().until(() =>
      slack()
        .messages()
        .some((message) => text(message).includes('[Approve]')),
    );
    const [{ id } = { id: '' }] = await practice.stars.store.list({ limit: 1 });
    const { status, error } = await practice.type('approve', id);
    expect({ status, error }).toEqual({ status: 3, error: expect.stringContaining('you asked for it') });
    expect(await practice.stars.store.find(id)).toMatchObject({
      state: 'awaiting-approval',
      text: 'deploy motd sandbox',
    });
    expect((await practice.type('deny', id)).status).toBe(0);
    await service.idle();
  });

  test('what has no plan of its own is not done either when the environment says something else by now', async () => {
    const words = { ...approvals, commands: ['restart'] };
    configured({ approvals: words });
    const root = await asked('restart zeppelin sandbox');
    configured({ approvals: words, slack: { channel: 'C1' } });
    await pressed(root, 'approve', 'ben');
    expect(text(again(root))).toContain('would do something else by now than was approved');
  });

  test('a button pressed in another channel than that of its run does nothing and says so', async () => {
    configured({ approvals });
    const root = await asked('deploy motd sandbox');
    const [{ id } = { id: '' }] = await practice.stars.store.list({ limit: 1 });
    const { bot, store, places } = practice.stars;
    const press = createSlackDesk({ bot, store, places, shown: () => undefined });
    const value = `approve ${id}`;
    const elsewhere = press(
      {
        key: 'elsewhere',
        kind: 'action',
        text: value,
        person: { id: 'U0BEN', name: 'ben' },
        channel: { id: 'C0ELSEWHERE' },
        action: { id: 'stars.do.approve', value, messageTs: root.ts },
      },
      'elsewhere',
    );
    await expect(elsewhere).rejects.toMatchObject({
      code: 'NOT_PERMITTED',
      message: 'This button belongs to a message of another channel.',
    });
    expect(await practice.stars.store.find(id)).toMatchObject({ state: 'awaiting-approval' });
    await pressed(root, 'deny', 'ben');
  });

  test('what changed between plan and approval is not done', async () => {
    configured({ approvals });
    const root = await asked('deploy motd sandbox');
    configured({ approvals, slack: { channel: 'C1' } });
    await pressed(root, 'approve', 'ben');
    expect(text(again(root))).toContain('is stale');
    expect(motd()).toEqual(['as it was\n', 'as it was\n']);
  });

  test('a deploy that would change nothing asks nobody', async () => {
    for (const name of HOSTS) practice.sandbox.hosts.host(name).write('/etc/motd', `hello from ${name}\n`);
    configured({ approvals });
    expect(text(await asked('deploy motd sandbox'))).toContain('nothing would change');
  });

  test('a deploy of commands alone is asked about and done, although no plan can tell what they change', async () => {
    practice.write('stack/note.yml', '- hosts: workers\n  tasks: [{ name: Note, shell: echo noted > /tmp/note }]\n');
    configured({ approvals });
    const root = await asked('deploy note sandbox');
    expect(text(root)).toContain('2 of 2 hosts would run commands');
    await pressed(root, 'approve', 'ben');
    expect(HOSTS.map((name) => practice.sandbox.hosts.host(name).read('/tmp/note'))).toEqual(['noted\n', 'noted\n']);
  });
});

test('what a message showed before its run ended does nothing when it is pressed after that, and says how the run ended', async () => {
  const root = await asked('deploy motd sandbox');
  const [{ id } = { id: '' }] = await practice.stars.store.list({ limit: 1 });
  const { bot, store, places } = practice.stars;
  const desk = createSlackDesk({ bot, store, places, shown: () => undefined });
  const press = (value: string) =>
    desk(
      {
        key: value,
        kind: 'action',
        text: value,
        person: { id: 'U0BEN', name: 'ben' },
        channel: { id: slack().channels.find(({ name }) => name === 'deploys')?.id ?? '' },
        action: { id: `stars.do.${value.split(' ')[0] ?? ''}`, value, messageTs: root.ts },
      },
      value,
    );
  for (const [value, says] of [
    [`cancel ${id}`, `The run ${id} has ended already: it was succeeded.`],
    [`approve ${id}`, `The run ${id} needs no approval: it was succeeded.`],
    [`deny ${id}`, `The run ${id} needs no approval: it was succeeded.`],
    [`resume ${id}`, `The run ${id} succeeded: nothing of it is left to do.`],
    [`retry ${id}`, `The run ${id} succeeded: nothing of it is left to do.`],
    [`unlock sandbox --run ${id} --reason "it hangs"`, `The run ${id} holds nothing: it was succeeded.`],
  ] as const)
    await expect(press(value)).rejects.toMatchObject({ code: 'USAGE', message: says });
  expect(await store.list({ limit: 1 })).toMatchObject([{ id, state: 'succeeded' }]);
});

test('of two deploys at once the second waits for the first and says so; cancelling the first lets it begin', async () => {
  const first = await begun('deploy slow sandbox');
  const second = await begun('deploy motd sandbox');
  expect(text(second)).toContain('Waits for deploy slow sandbox of ada');
  await pressed(first, 'cancel', 'ada');
  expect(text(again(first))).toContain('🚫 deploy slow sandbox');
  await service.idle();
  expect(text(again(second))).toContain('✅ deploy motd sandbox');
});

test('who waits is told the place in the queue, and moves up when one before gives up', async () => {
  const first = await begun('deploy slow sandbox');
  const second = await begun('deploy motd sandbox');
  const third = await begun('deploy motd sandbox --limit stars-c3');
  expect(text(second)).not.toContain('in the queue');
  await slack().until(() => text(again(third)).includes('It is number 2 in the queue.'));
  await slack().click(second.ts, 'stars.do.cancel', { person: 'ada' });
  await slack().until(() => /Waits for deploy slow sandbox(?!.*in the queue)/s.test(text(again(third))));
  await pressed(first, 'cancel', 'ada');
  expect(text(again(third))).toContain('✅ deploy motd sandbox --limit stars-c3');
  expect(motd()).toEqual(['hello from stars-c3\n', 'as it was\n']);
});

test('a locked environment refuses changes with who and why, answers questions, and is open again after unlock', async () => {
  await toldAlone(slack(), 'U0ADA', () => say('lock sandbox for 2h --reason "release day"'));
  expect(await toldAlone(slack(), 'U0ADA', () => say('deploy motd sandbox'))).toMatch(
    /sandbox is locked by ada until .*: release day/,
  );
  expect(await practice.type('deploy', 'motd', 'sandbox')).toMatchObject({ status: 4 });
  expect(await practice.type('deploy', 'motd', 'sandbox', '--check')).toMatchObject({ status: 0 });
  expect((await practice.type('locks')).out).toContain('release day');
  await toldAlone(slack(), 'U0ADA', () => say('unlock sandbox'));
  expect(await practice.type('deploy', 'motd', 'sandbox')).toMatchObject({ status: 0 });
});

test('a lock that was ended early is not told as ended once more while the next one holds', async () => {
  await practice.type('lock', 'sandbox', 'for', '2h');
  expect((await practice.type('schedules')).out).toContain('sandbox is open for changes again');
  await practice.type('unlock', 'sandbox');
  expect((await practice.type('schedules')).out).toContain('Nothing is scheduled.');
});

test('a lock whose end is called off holds until somebody unlocks', async () => {
  await practice.type('lock', 'sandbox', 'for', '2h');
  const [, id = ''] = /(t-[0-9a-f]{8})/.exec((await practice.type('schedules')).out) ?? [];
  expect((await practice.type('cancel', id)).out).toContain('It stays as it is');
  const { out } = await practice.type('locks');
  expect(out).toContain('sandbox · all');
  expect(out).not.toContain('until');
  await practice.type('unlock', 'sandbox');
});

test('a window of environment.yml keeps changes away', async () => {
  configured({ freeze: [{ from: '2020-01-01T00:00:00Z', until: '2999-01-01T00:00:00Z', reason: 'for ever' }] });
  expect(await practice.type('deploy', 'motd', 'sandbox')).toMatchObject({
    status: 4,
    error: expect.stringContaining('sandbox is frozen until 2999-01-01T00:00:00Z: for ever.'),
  });
});

test.each([
  ['is over', '2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z'],
  ['is still to come', '2998-01-01T00:00:00Z', '2999-01-01T00:00:00Z'],
])('a window of environment.yml that %s keeps nothing away', async (_when, from, until) => {
  configured({ freeze: [{ from, until, reason: 'not now' }] });
  expect(await practice.type('deploy', 'motd', 'sandbox')).toMatchObject({ status: 0, error: '' });
  expect(motd()).toEqual(['hello from stars-c3\n', 'hello from stars-c4\n']);
});

test('a window that opens while a run waits keeps it waiting', async () => {
  const first = await begun('deploy slow sandbox');
  const second = await begun('deploy motd sandbox');
  configured({ freeze: [{ from: '2020-01-01T00:00:00Z', until: '2999-01-01T00:00:00Z', reason: 'for ever' }] });
  await pressed(first, 'cancel', 'ada');
  expect(text(again(second))).toContain('sandbox is frozen until 2999-01-01T00:00:00Z: for ever.');
  await pressed(second, 'cancel', 'ada');
  expect(motd()).toEqual(['as it was\n', 'as it was\n']);
});

test('what a run holds can be taken over with a reason; the run ends as interrupted and says by whom', async () => {
  const first = await begun('deploy slow sandbox');
  const [{ id } = { id: '' }] = await practice.stars.store.list({ limit: 1 });
  expect(await practice.type('unlock', 'sandbox', '--run', id)).toMatchObject({ status: 2 });
  const { out } = await practice.type('unlock', 'sandbox', '--run', id, '--reason', 'its machine is gone');
  expect(out).toContain('ends as interrupted');
  await service.idle();
  expect(text(again(first))).toContain('its machine is gone');
  expect((await practice.type('locks')).out).toContain('Nothing is locked.');
});

test('a terminal waits for its turn behind a run of the chat', async () => {
  const first = await begun('deploy slow sandbox');
  const waiting = practice.type('deploy', 'motd', 'sandbox');
  await untilQueued(1);
  await pressed(first, 'cancel', 'ada');
  const { status, out } = await waiting;
  expect(status).toBe(0);
  expect(out).toContain('Waits for deploy slow sandbox');
});

/** Asks, and waits until nothing more happens. */
async function asked(words: string): Promise<FakeMessage> {
  const root = await begun(words);
  await service.idle();
  return again(root);
}

/** Asks, and waits until the run has its message. */
async function begun(words: string): Promise<FakeMessage> {
  const before = new Set(
    slack()
      .messages()
      .map(({ ts }) => ts),
  );
  await say(words);
  const roots = () =>
    slack()
      .messages()
      .filter(({ ts, threadTs, onlyFor }) => !before.has(ts) && !threadTs && !onlyFor);
  await slack().until(() => roots().some((root) => /running|Waits|waits|✅|❌/.test(text(root))));
  const [root] = roots();
  if (!root) throw new Error('no message');
  return root;
}

function say(words: string) {
  return slack().say(words);
}

async function pressed(root: FakeMessage, what: string, person: string): Promise<void> {
  await slack().click(root.ts, `stars.do.${what}`, { person });
  await service.idle();
}

async function untilQueued(count: number): Promise<void> {
  await until(async () => {
    const waiting = await practice.stars.store.waiting();
    return waiting.filter(({ state }) => state === 'queued').length >= count;
  });
}

function again({ ts }: FakeMessage): FakeMessage {
  const found = slack()
    .messages()
    .find((message) => message.ts === ts);
  if (!found) throw new Error(`no message ${ts}`);
  return found;
}

function text(message: FakeMessage): string {
  return toPlain(message);
}
