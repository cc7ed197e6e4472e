import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import type { SlackService } from '../../src/serve.js';
import { inSlack, practise, type Practice } from './support/practice.js';

let practice: Practice;
let service: SlackService;
let laterMs = 0;
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + laterMs) };

beforeAll(async () => {
  practice = await practise({
    clock,
    starsFile: 'defaults: {channels: {live: live}}\n',
    slack: {
      people: [
        { id: 'U0ADA', name: 'ada' },
        { id: 'U0BEN', name: 'ben' },
        { id: 'U0CLEO', name: 'cleo' },
        { id: 'U0GUEST', name: 'guest', guest: 'multi-channel' },
        { id: 'U0OTHER', name: 'other', team: 'T0ELSEWHERE' },
      ],
      channels: [{ name: 'deploys' }, { name: 'live' }],
      groups: [{ id: 'S0OPS', handle: 'ops', members: ['U0BEN'] }],
    },
  });
  environment('production', {});
  environment('live', {
    production: true,
    access: {
      read: ['everyone'],
      provision: ['S0OPS'],
      rules: [{ who: ['U0CLEO'], may: ['deploy'], targets: ['motd'] }],
    },
  });
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});

/** The sandbox's hosts under another name and with these words in its file. */
function environment(name: string, words: Record<string, unknown>): void {
  const sandbox = (file: string) => readFileSync(join(practice.home, 'inventories', 'sandbox', file), 'utf8');
  const config = JSON.parse(sandbox('environment.yml').replace(/^#.*\n/, '')) as Record<string, unknown>;
  practice.write(`inventories/${name}/hosts`, sandbox('hosts'));
  practice.write(`inventories/${name}/environment.yml`, JSON.stringify({ ...words, ...config }, null, 2));
}

const deploy = 'deploy motd live --check';

test('a member of the group that is named may; once they left it, they may not a minute later', async () => {
  const { slack } = practice.sandbox;
  expect(await answerTo('ben', deploy)).toContain('deploy motd live --check');
  slack.group('S0OPS').members.delete('U0BEN');
  laterMs += 60_000;
  const refused = await answerTo('ben', deploy);
  expect(refused).toContain('You may not deploy on live.');
  expect(refused).toContain(
    'access.provision in inventories/live/environment.yml:7 names who may: S0OPS, and rules U0CLEO for some of it;',
  );
  expect(refused).toContain('you are U0BEN');
});

test('whoever joins the group may a minute later', async () => {
  expect(await answerTo('ada', deploy)).toContain('You may not');
  practice.sandbox.slack.group('S0OPS').members.add('U0ADA');
  laterMs += 60_000;
  expect(await runsAfter(() => answerTo('ada', deploy))).toBe(1);
});

test('a rule lets somebody deploy one thing and no other', async () => {
  expect(await runsAfter(() => answerTo('cleo', deploy))).toBe(1);
  expect(await answerTo('cleo', 'deploy slow live --check')).toContain('let you only on motd, not on all of slow');
  expect(await answerTo('cleo', 'plan motd live')).toContain('You may not plan on live.');
});

test.each([
  ['a guest', 'guest', 'You are a guest of this workspace'],
  ['somebody of another workspace', 'other', 'You are not of this workspace'],
])('%s is not meant by everyone', async (_who, name, words) => {
  expect(await runsAfter(async () => expect(await answerTo(name, 'status live')).toContain(words))).toBe(0);
  expect(await runsAfter(async () => expect(await mentionedBy(name, 'status sandbox')).toContain(words))).toBe(0);
});

test('in production nobody may from a chat who is not named, not even look', async () => {
  const refused = await answerTo('ada', 'status production');
  expect(refused).toContain('You may not status on production.');
  expect(refused).toContain('In production who asks from a chat has to be named, and nobody is');
});

test('at a terminal of the machine they may, until somebody is named', async () => {
  expect(await practice.type('deploy', 'motd', 'production', '--check')).toMatchObject({ error: '', status: 0 });
  const { status, error } = await practice.type('deploy', 'motd', 'live', '--check');
  expect({ status, error }).toEqual({ status: 3, error: expect.stringContaining('You may not deploy on live.') });
});

test('when Slack cannot tell who is in the group, nobody may, and the reason is said', async () => {
  laterMs += 60_000;
  practice.sandbox.slack.faults.next('usergroups.users.list', { kind: 'error', error: 'internal_error' });
  expect(await answerTo('ada', deploy)).toContain('Slack could not tell whether you are in S0OPS');
});

test('what was permitted and waits for its turn goes on waiting while Slack cannot tell whether it still is', async () => {
  const { stars, sandbox } = practice;
  const { slack } = sandbox;
  await slack.say('deploy slow live', { person: 'ada' });
  const [first] = await untilRuns(['running']);
  await slack.say('deploy motd live', { person: 'ada' });
  const [second] = await untilRuns(['queued', 'running']);
  laterMs += 60_000;
  for (let asked = 0; asked < 200; asked += 1)
    slack.faults.next('usergroups.users.list', { kind: 'error', error: 'internal_error' });
  await stars.runs.cancel(first ?? '', 'Enough.', undefined);
  const waits = async () => JSON.stringify(await stars.store.events(second ?? ''));
  await soon('the second waits for Slack', async () => {
    await stars.runs.look();
    return (await waits()).includes('Waits for Slack to tell whether ada may do this.') || undefined;
  });
  slack.faults.clear();
  await service.idle();
  expect(await stars.store.find(second ?? '')).toMatchObject({ state: 'succeeded' });
});

test('whoami tells the groups and what one may do where; help only what holds in the channel', async () => {
  const ada = await answerTo('ada', 'whoami');
  expect(ada).toContain('You are ada (U0ADA), asking from Slack.\nYou are in S0OPS.');
  expect(ada).toContain('In live: read; provision.');
  expect(ada).toContain('In production: nothing.');
  expect(ada).toContain('In sandbox: read; operate; provision.');
  const cleo = await answerTo('cleo', 'whoami');
  expect(cleo).toContain('In live: read; deploy on motd.');

  expect(await answerTo('guest', 'whoami')).toContain('You are a guest of this workspace');
  expect(await answerTo('other', 'whoami')).toContain('In live: nothing.');

  const help = await answerTo('cleo', 'help', 'live');
  expect(help).toContain(
    'deploy <target>  Bring hosts to what a playbook or role of the stack says, or an app or job to its definition. (only on motd)',
  );
  expect(help).toContain('status [subject]');
  expect(help).not.toMatch(/^(?:plan|restart|backup) /m);
  expect(help).toContain('This is what you may run in live');
  expect(await answerTo('cleo', 'help', 'deploys')).toMatch(/^restart /m);
});

async function answerTo(person: string, text: string, channel = 'deploys'): Promise<string> {
  const { slack } = practice.sandbox;
  const before = new Set(slack.messages(channel).map(({ ts }) => ts));
  const roots = () =>
    slack.messages(channel).filter(({ ts, threadTs, byBot }) => byBot && !before.has(ts) && !threadTs);
  await slack.say(text, { person, channel });
  await slack.until(() => roots().length > 0);
  await service.idle();
  return roots()
    .map((message) => toPlain(message))
    .join('\n');
}

/** The ids of the newest runs once they are in these states. */
function untilRuns(states: readonly string[]): Promise<string[]> {
  return soon(`runs that are ${states.join(' and ')}`, async () => {
    const runs = await practice.stars.store.list({ limit: states.length });
    return states.every((state, index) => runs[index]?.state === state) ? runs.map(({ id }) => id) : undefined;
  });
}

/** Leaves time between the looks: what is waited for needs the event loop, which a store in this process never gives back. */
function soon<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  return poll(look, { clock: systemClock, everyMs: 10, timeoutMs: 20_000, what });
}

async function mentionedBy(person: string, text: string): Promise<string> {
  const { slack } = practice.sandbox;
  const { ts, delivered } = slack.mention(text, { person });
  await delivered;
  await slack.until(() => slack.thread(ts).length > 1);
  await service.idle();
  return slack
    .thread(ts)
    .slice(1)
    .map((message) => toPlain(message))
    .join('\n');
}

/** How many runs were recorded meanwhile. */
async function runsAfter(act: () => Promise<unknown>): Promise<number> {
  const count = async () => (await practice.stars.store.list({ limit: 500 })).length;
  const before = await count();
  await act();
  return (await count()) - before;
}
