import { toPlain } from '../../src/slack/messages/plain.js';
import type { RunEvent } from '../../src/model/run.js';
import { viewOf } from '../../src/model/run-view.js';
import type { SlackService } from '../../src/serve.js';
import { inSlack, practise, type Practice } from './support/practice.js';

let practice: Practice;
let service: SlackService;

beforeAll(async () => {
  practice = await practise({ workers: 3 });
});
afterAll(() => practice.stop());

describe.each(['socket', 'http'] as const)('over %s', (mode) => {
  beforeAll(async () => {
    service = await inSlack(practice, mode);
    if (service.port !== undefined) practice.sandbox.slack.deliverTo(`http://127.0.0.1:${service.port}/slack/events`);
    for (const name of ['stars-c3', 'stars-c4', 'stars-c5']) practice.sandbox.hosts.host(name).write('/etc/motd', '');
  });
  afterAll(() => service.stop());

  test('a deploy is one message that is edited in place, with what happened in its thread', async () => {
    const [root, ...others] = await rootsAfter('deploy motd sandbox');
    expect(others).toEqual([]);
    expect(root).toMatchObject({ byBot: true, onlyFor: undefined });
    expect(root?.versions.length).toBeGreaterThan(1);
    expect(plain(root)).toContain('✅ deploy motd sandbox');
    const thread = practice.sandbox.slack
      .thread(root?.ts ?? '')
      .slice(1)
      .map(plain);
    expect(thread.at(-1)).toContain('3 of 3 hosts changed');
    expect(practice.sandbox.hosts.host('stars-c4').read('/etc/motd')).toBe('hello from stars-c4\n');
  });

  test('a second deploy changes nothing and says so', async () => {
    const [root] = await rootsAfter('deploy motd sandbox');
    const thread = practice.sandbox.slack.thread(root?.ts ?? '').map(plain);
    expect(thread.at(-1)).toContain('all 3 hosts were as they should be already');
    const { hosts } = await latestRun();
    expect(Object.values(hosts ?? {}).map(({ changed }) => changed)).toEqual([0, 0, 0]);
  });

  test('a host that refuses the login fails by name while the others go on', async () => {
    const host = practice.sandbox.hosts.host('stars-c4');
    host.refuseLogins();
    const [root] = await rootsAfter('deploy motd sandbox').finally(() => host.refuseLogins(false));
    expect(plain(root)).toContain('❌ deploy motd sandbox');
    const thread = practice.sandbox.slack
      .thread(root?.ts ?? '')
      .map(plain)
      .join('\n');
    expect(thread).toMatch(/stars-c4.*(?:key|log ?in|refuse)/is);
    const { hosts, state, error } = await latestRun();
    expect(state).toBe('failed');
    expect(error?.hint).toContain('--limit stars-c4');
    expect(hosts).toMatchObject({
      'stars-c3': { ok: 1, unreachable: 0 },
      'stars-c4': { unreachable: 1 },
      'stars-c5': { ok: 1, unreachable: 0 },
    });
  });

  test('a mention that Slack delivers twice runs once', async () => {
    const before = (await practice.stars.store.list({ limit: 100 })).length;
    practice.sandbox.slack.deliverTwice();
    const { slack } = practice.sandbox;
    const { ts, delivered } = slack.mention('deploy motd sandbox --check');
    await delivered;
    await slack.until(() => slack.thread(ts).length > 1);
    await service.idle();
    expect((await practice.stars.store.list({ limit: 100 })).length).toBe(before + 1);
  });

  test('in a channel without the bot the person is told to invite it, and what was asked is not lost', async () => {
    const { slack } = practice.sandbox;
    const before = slack.messages('random').length;
    await slack.say('deploy motd sandbox --check', { channel: 'random' });
    await slack.until(() => slack.messages('random').length > before);
    await service.idle();
    const told = practice.sandbox.slack
      .messages('random')
      .slice(before)
      .filter(({ byBot }) => byBot);
    expect(told).toHaveLength(1);
    expect(told.every(({ onlyFor }) => onlyFor === 'U0ADA')).toBe(true);
    expect(told.map(plain).join('\n')).toMatch(/invite/i);
    expect(await latestRun()).toMatchObject({ text: 'deploy motd sandbox --check', state: 'succeeded' });
  });

  test('a mistake in the words is answered to the asker alone and recorded nowhere', async () => {
    const before = (await latestRun()).id;
    const answers = await rootsAfter('deploy motdd sandbox');
    expect(answers.map(({ onlyFor }) => onlyFor)).toEqual(['U0ADA']);
    expect(plain(answers[0])).toContain('Did you mean motd?');
    expect((await latestRun()).id).toBe(before);
  });

  test('curly quotes and long dashes of a phone are understood', async () => {
    await rootsAfter('deploy motd sandbox —check —limit “stars-c3”');
    expect(Object.keys((await latestRun()).hosts ?? {})).toEqual(['stars-c3']);
  });
});

test('a run that a dead process left is shown as interrupted in the message that it had', async () => {
  const { slack } = practice.sandbox;
  const { store, runs } = practice.stars;
  const before = await inSlack(practice, 'socket');
  const at = new Date(Date.now() - 120_000).toISOString();
  const person = { id: 'U0ADA', name: 'ada' };
  const asked = {
    command: 'deploy',
    text: 'deploy left sandbox',
    environment: 'sandbox',
    person,
    source: 'slack',
  } as const;
  const events: RunEvent[] = [
    { run: 'left-1', seq: 1, at, type: 'run.requested', ...asked, args: {} },
    { run: 'left-1', seq: 2, at, type: 'run.started' },
  ];
  await store.create({ id: 'left-1', ...asked, requestedAt: at, owner: 'gone' }, events);
  const view = viewOf(events);
  if (!view) throw new Error('no view');
  const { channel, ts } = await before.slack.threads.open(view, slack.messages()[0]?.channel ?? '');
  await practice.stars.places.remember('left-1', channel, ts);
  await before.stop();
  const posted = slack.messages().length;

  await practice.stars.database.updateTable('runs').set({ state: 'running' }).where('id', '=', 'left-1').execute();
  expect(await runs.settleAbandoned()).toEqual(['left-1']);
  service = await inSlack(practice, 'socket');
  await service.idle();
  await service.stop();
  const message = slack.messages().find((one) => one.ts === ts);
  expect(plain(message)).toContain('⚠️ deploy left sandbox\ninterrupted');
  expect(plain(message)).toContain('The process that ran it died.');
  // The edit of a message tells nobody: the last words in its thread do.
  const after = slack.messages().slice(posted);
  expect(after.map((one) => [one.threadTs, plain(one).split('\n')[0]])).toEqual([
    [ts, expect.stringContaining('⚠️ deploy left sandbox interrupted')],
  ]);
});

/** The messages of the bot outside of threads after `/stars <text>`. */
async function rootsAfter(text: string) {
  const { slack } = practice.sandbox;
  const before = new Set(slack.messages().map(({ ts }) => ts));
  const roots = () => slack.messages().filter(({ ts, threadTs, byBot }) => byBot && !before.has(ts) && !threadTs);
  expect(await slack.say(text)).toMatchObject({ acked: true });
  await slack.until(() => roots().length > 0);
  await service.idle();
  return roots();
}

async function latestRun() {
  const [run] = await practice.stars.store.list({ limit: 1 });
  if (!run) throw new Error('nothing has run');
  return run;
}

function plain(message: Parameters<typeof toPlain>[0] | undefined): string {
  return message ? toPlain(message) : '';
}
