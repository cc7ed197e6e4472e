import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSlackDesk } from '../../src/bot/slack-desk.js';
import type { RunEvent } from '../../src/model/run.js';
import type { FakeMessage } from '../../src/sandbox/fake-slack/workspace.js';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createTimerStore } from '../../src/store/timers.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { toldAlone } from './support/told.js';
import { until } from '../support/until.js';

let practice: Practice;
let service: SlackService;

const PEOPLE = [
  { id: 'U0ADA', name: 'ada' },
  { id: 'U0BEN', name: 'ben' },
  { id: 'U0CLEO', name: 'cleo' },
  { id: 'U0DORA', name: 'dora' },
  { id: 'U0EVE', name: 'eve' },
];

const RULES = [
  { who: ['U0BEN'], may: ['deploy'], targets: ['slow'] },
  { who: ['U0BEN'], may: ['scale'], targets: ['/zeppelin'] },
  { who: ['U0CLEO'], may: ['deploy'], targets: ['motd'] },
  { who: ['U0CLEO'], may: ['scale'], targets: ['/ml/*'] },
  { who: ['U0DORA'], may: ['deploy', 'run'], hosts: ['stars-c3'] },
];

beforeAll(async () => {
  practice = await practise({ slack: { people: PEOPLE, channels: [{ name: 'deploys' }] } });
  permit(RULES);
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});
afterEach(async () => {
  for (const { id } of await practice.stars.store.list({ limit: 10 }))
    await practice.stars.runs.cancel(id, 'The test is over.', undefined);
  await service.idle();
});

/** Ada may do everything in “live”, others what the rules say. */
function permit(rules: Record<string, unknown>[]): void {
  live({
    production: true,
    access: { read: ['everyone'], operate: ['U0ADA'], provision: ['U0ADA'], rules },
    approvals: { commands: ['scale'], approvers: ['U0EVE'] },
  });
}

/** The sandbox's hosts and cluster as another environment, with these words in its file. */
function live(words: Record<string, unknown>): void {
  const sandbox = (file: string) => readFileSync(join(practice.home, 'inventories', 'sandbox', file), 'utf8');
  const config = JSON.parse(sandbox('environment.yml').replace(/^#.*\n/, '')) as Record<string, unknown>;
  practice.write('inventories/live/hosts', sandbox('hosts'));
  practice.write('inventories/live/environment.yml', JSON.stringify({ ...words, ...config }));
}

describe('a run that waits for another', () => {
  test('names it in its event, and its message offers to take over, with a reason and after a question', async () => {
    const { holder, waiting, message } = await twoRuns();
    expect(await lastQueued(waiting)).toMatchObject({ reason: expect.stringContaining(holder), holder });
    expect(toPlain(message)).toContain('[Take over …]');
    const menu = (message.blocks ?? []).flatMap((block) => (block.type === 'actions' ? block.elements : []));
    expect(menu).toContainEqual(
      expect.objectContaining({
        type: 'static_select',
        confirm: expect.objectContaining({ text: expect.objectContaining({ text: expect.stringContaining(holder) }) }),
      }),
    );
  });

  test('is not let past it by who may only read, nor by whom a rule lets do less than all of the other; that is in the audit', async () => {
    const { holder, waiting, message } = await twoRuns();
    for (const [person, words] of [
      ['eve', 'You may not deploy on live.'],
      ['cleo', 'let you only on motd, not on all of slow'],
      ['dora', 'let you only on the hosts stars-c3, not on all of slow'],
    ] as const) {
      expect(await toldAfter(() => takeOver(message, person), person)).toContain(words);
      const { out } = await practice.type('audit', 'search', '--kind', 'refusal', '--person', idOf(person));
      expect(out).toContain(`unlock live --run ${holder} --reason "it hangs"`);
    }
    expect([await stateOf(holder), await stateOf(waiting)]).toEqual(['running', 'queued']);
    expect((await practice.type('audit', 'search', '--run', holder)).out).not.toContain('takeover');
  });

  test('begins when somebody takes over who may do just what the other does; reason and person are told and in the audit', async () => {
    const { holder, waiting, message } = await twoRuns();
    await takeOver(message, 'ben');
    await service.idle();
    expect(await practice.stars.store.find(holder)).toMatchObject({
      state: 'interrupted',
      error: { message: 'ben took its locks over: it hangs.' },
    });
    expect(await stateOf(waiting)).toBe('succeeded');
    expect(toPlain(again(message))).not.toContain('[Take over …]');
    expect((await practice.type('audit', 'search', '--run', holder, '--kind', 'takeover')).out).toMatch(
      /takeover.*it hangs/s,
    );
  });

  test.each(['C0ELSEWHERE', 'a message of no run'])(
    'is not let past it by a menu that is answered in %s, though the person may',
    async (where) => {
      const { holder, waiting, message } = await twoRuns();
      const { bot, store, places } = practice.stars;
      const desk = createSlackDesk({ bot, store, places, shown: () => undefined });
      const value = `unlock live --run ${holder} --reason "it hangs"`;
      const isElsewhere = where.startsWith('C0');
      const answer = {
        key: where,
        kind: 'action' as const,
        text: value,
        person: { id: 'U0ADA', name: 'ada' },
        channel: { id: isElsewhere ? where : message.channel },
        action: { id: 'stars.do.unlock', value, messageTs: isElsewhere ? message.ts : '1.1' },
      };
      await expect(desk(answer, where)).rejects.toMatchObject({
        code: 'NOT_PERMITTED',
        message: 'This button belongs to a message of another channel.',
      });
      expect([await stateOf(holder), await stateOf(waiting)]).toEqual(['running', 'queued']);
      const { out } = await practice.type('audit', 'search', '--kind', 'refusal', '--person', 'U0ADA');
      expect(out).toContain(holder);
    },
  );

  test('takes nothing away from what has ended meanwhile, and leaves nothing of that in the audit', async () => {
    const { holder, message } = await twoRuns();
    await practice.stars.runs.cancel(holder, 'Enough.', undefined);
    await service.idle();
    const told = await toldAfter(() => say(`unlock live --run ${holder} --reason late`, 'ben'), 'ben');
    expect(told).toContain(`The run ${holder} holds nothing: it was cancelled.`);
    expect((await practice.type('audit', 'search', '--run', holder, '--kind', 'takeover')).out).not.toContain('late');
    expect(toPlain(again(message))).not.toContain('[Take over …]');
  });
});

test('a run of another environment is not taken over in this one', async () => {
  const { holder } = await twoRuns();
  const told = await toldAfter(() => say(`unlock sandbox --run ${holder} --reason late`, 'ben'), 'ben');
  expect(told).toContain(`The run ${holder} is not of sandbox.`);
  expect(await stateOf(holder)).toBe('running');
});

test('a deploy is cancelled by whom a rule lets deploy all of it, by nobody whom one lets deploy something else or on fewer hosts', async () => {
  const { id } = await begun('deploy slow live', 'running');
  for (const person of ['cleo', 'dora', 'eve'])
    expect(await toldAfter(() => say(`cancel ${id}`, person), person)).toContain('You may not deploy on live.');
  expect(await stateOf(id)).toBe('running');
  await toldAfter(() => say(`cancel ${id}`, 'ben'), 'ben');
  await service.idle();
  expect(await stateOf(id)).toBe('cancelled');
});

test('a command on one host is cancelled by whom a rule lets run there, one on more hosts is not', async () => {
  const { id: wide } = await begun('run workers live -- sleep 987', 'running');
  expect(await toldAfter(() => say(`cancel ${wide}`, 'dora'), 'dora')).toContain('You may not run on live.');
  expect(await stateOf(wide)).toBe('running');
  await practice.stars.runs.cancel(wide, 'Enough.', undefined);
  await service.idle();
  const { id: narrow } = await begun('run stars-c3 live -- sleep 987', 'running');
  await toldAfter(() => say(`cancel ${narrow}`, 'dora'), 'dora');
  await service.idle();
  expect(await stateOf(narrow)).toBe('cancelled');
});

test('what waits to scale an app is cancelled by whom a rule lets scale it, not by whom one lets scale others', async () => {
  const { id } = await begun('scale zeppelin 2 live', 'awaiting-approval');
  expect(await toldAfter(() => say(`cancel ${id}`, 'cleo'), 'cleo')).toContain('You may not scale on live.');
  expect(await stateOf(id)).toBe('awaiting-approval');
  await toldAfter(() => say(`cancel ${id}`, 'ben'), 'ben');
  expect(await stateOf(id)).toBe('cancelled');
});

test('what a run that was cut off still does is ended by nobody whose rule is narrower than the run', async () => {
  const { id } = await begun('deploy slow live', 'running');
  await toldAfter(() => say(`unlock live --run ${id} --reason hangs`, 'ada'), 'ada');
  for (const person of ['cleo', 'dora', 'eve'])
    expect(await answered(`halt ${id}`, person)).toContain('You may not deploy on live.');
  expect(await answered(`halt ${id}`, 'ben')).not.toContain('You may not');
});

test('a button that resumes a run is refused to whom no list and no rule lets do the same', async () => {
  const { id, message } = await begun('deploy slow live', 'running');
  await practice.stars.runs.cancel(id, 'Enough.', undefined);
  await service.idle();
  for (const person of ['eve', 'cleo', 'dora']) {
    const press = () => slack().click(message.ts, 'stars.do.resume', { person });
    expect(await toldAfter(press, person)).toContain('You may not deploy on live.');
  }
  await service.idle();
  expect(await practice.stars.store.list({ limit: 1 })).toMatchObject([{ id, state: 'cancelled' }]);
  const { out } = await practice.type('audit', 'search', '--kind', 'refusal', '--person', 'U0EVE');
  expect(out).toContain(`resume ${id}`);
});

test('an environment is locked and unlocked by nobody whom only rules let do something there', async () => {
  for (const person of ['eve', 'ben', 'dora'])
    expect(await answered('lock live for 1h', person)).toContain('You may not lock on live.');
  expect(await answered('lock live for 1h --reason "release"', 'ada')).toContain('live is locked until');
  for (const person of ['eve', 'ben', 'dora'])
    expect(await answered('unlock live', person)).toContain('You may not unlock on live.');
  expect((await practice.type('locks', 'live')).out).toContain('release');
  expect(await answered('unlock live', 'ada')).toContain('live is unlocked');
});

test('a run whose asker lost the right to it while it waited is denied when its turn comes, and nothing is done', async () => {
  const { id: holder } = await begun('deploy slow live', 'running');
  await say('deploy motd live', 'cleo');
  const waiting = await newest('deploy motd live', 'queued');
  permit(RULES.filter(({ who }) => !who.includes('U0CLEO')));
  try {
    await practice.stars.runs.cancel(holder, 'Enough.', undefined);
    await service.idle();
    expect(await practice.stars.store.find(waiting)).toMatchObject({
      state: 'denied',
      error: { code: 'NOT_PERMITTED', message: 'You may not deploy on live.' },
    });
    expect((await practice.stars.store.events(waiting)).map(({ type }) => type)).not.toContain('run.started');
  } finally {
    permit(RULES);
  }
});

test('what is going to happen by itself is called off by whom a rule lets ask for the same, by nobody else', async () => {
  const timers = createTimerStore(practice.stars.database);
  const timer = { environment: 'live', person: { id: 'U0ADA', name: 'ada' }, run: undefined, address: undefined };
  const dueAt = new Date(Date.now() + 3_600_000).toISOString();
  const common = { ...timer, remindAt: undefined, dueAt };
  const scale = {
    id: 't-scale',
    subject: 'app:/zeppelin',
    words: 'scale /zeppelin 1 live',
    says: '/zeppelin goes back',
  };
  const lock = { id: 't-lock', subject: 'lock', words: '', says: 'live is open for changes again' };
  for (const what of [scale, lock]) await timers.add({ ...common, ...what }, new Date());
  for (const [id, person] of [
    ['t-scale', 'cleo'],
    ['t-scale', 'eve'],
    ['t-lock', 'ben'],
  ] as const)
    expect(await answered(`cancel ${id}`, person)).toContain('You may not');
  expect((await timers.waiting()).map(({ id }) => id).toSorted()).toEqual(['t-lock', 't-scale']);
  expect(await answered('cancel t-scale', 'ben')).toContain('Called off: /zeppelin goes back.');
  expect(await answered('cancel t-lock', 'ada')).toContain('Called off');
  expect(await timers.waiting()).toEqual([]);
});

type Begun = { id: string; message: FakeMessage };

/** A deploy that lasts, and one that waits for it. */
async function twoRuns(): Promise<{ holder: string; waiting: string; message: FakeMessage }> {
  const { id: holder } = await begun('deploy slow live', 'running');
  const { id: waiting, message } = await begun('deploy motd live', 'queued');
  await slack().until(() => toPlain(again(message)).includes('Waits for'));
  return { holder, waiting, message: again(message) };
}

/** Asked by ada; resolves when it is so far. */
async function begun(words: string, state: string): Promise<Begun> {
  await say(words, 'ada');
  return until(async () => {
    const id = await newest(words, state);
    const place = await practice.stars.places.find(id);
    return place?.ts ? { id, message: again({ ts: place.ts }) } : undefined;
  });
}

/** The newest run, once it is that of these words and so far. */
function newest(words: string, state: string): Promise<string> {
  return until(async () => {
    const [run] = await practice.stars.store.list({ limit: 1 });
    return run?.text === words && run.state === state && run.id;
  });
}

function takeOver(message: FakeMessage, person: string) {
  return slack().click(message.ts, 'stars.do.unlock', { person, option: 'It hangs' });
}

function say(words: string, person: string) {
  return slack().say(words, { person, channel: 'deploys' });
}

async function answered(words: string, person: string): Promise<string> {
  const before = slack().messages().length;
  await say(words, person);
  await slack().until(() => slack().messages().length > before);
  await service.idle();
  return slack()
    .messages()
    .slice(before)
    .map((message) => toPlain(message))
    .join('\n');
}

function toldAfter(act: () => Promise<unknown>, person: string): Promise<string> {
  return toldAlone(slack(), idOf(person), act);
}

async function lastQueued(id: string): Promise<RunEvent | undefined> {
  return (await practice.stars.store.events(id)).findLast(({ type }) => type === 'run.queued');
}

async function stateOf(id: string): Promise<string | undefined> {
  return (await practice.stars.store.find(id))?.state;
}

function idOf(person: string): string {
  return PEOPLE.find(({ name }) => name === person)?.id ?? person;
}

function again({ ts }: Pick<FakeMessage, 'ts'>): FakeMessage {
  const found = slack()
    .messages()
    .find((message) => message.ts === ts);
  if (!found) throw new Error(`no message ${ts}`);
  return found;
}

function slack() {
  return practice.sandbox.slack;
}
