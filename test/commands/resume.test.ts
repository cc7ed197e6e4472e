import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordedDeploy } from '../../src/bot/recorded-deploy.js';
import { splitWords } from '../../src/bot/words.js';
import { StarsError } from '../../src/errors.js';
import type { RunEvent, RunEventBody, RunSource } from '../../src/model/run.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
});
beforeEach(() => {
  for (const name of ['stars-c3', 'stars-c4']) ready(name, false);
});
afterAll(() => practice.stop());

const ready = (name: string, yes = true) =>
  practice.sandbox.hosts.host(name).write('/tmp/ready', yes ? 'yes\n' : 'no\n');

/** Fails on hosts without /tmp/ready, after a change that a handler is to follow. */
const STORY = `
- name: First
  hosts: workers
  gather_facts: false
  become: true
  tasks:
    - name: Configure
      copy: {content: "{{ 100 | random }} {{ word | default('') }}", dest: /etc/motd}
      notify: Restart it
    - include_tasks: story-more.yml
    - name: Finish
      command: echo finished
  handlers:
    - name: Restart it
      command: echo restarted {{ word | default('') }}
- name: Second
  hosts: workers
  gather_facts: false
  tasks:
    - name: Look back
      debug: {msg: "word is {{ word | default('unset') }}"}
`;

beforeAll(() => {
  practice.write('stack/story.yml', STORY);
  practice.write('stack/story-more.yml', '- name: Need it\n  command: grep yes /tmp/ready\n');
});

/** `task host status` of each result. */
function told(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'task.result' ? [`${event.task} ${event.host} ${event.status}`] : [],
  );
}

function requestOf(events: readonly RunEvent[]) {
  const [first] = events;
  return first?.type === 'run.requested' ? first : undefined;
}

describe('after a deploy that failed on one host', () => {
  let failed: string;

  beforeEach(async () => {
    ready('stars-c3');
    const { status, events } = await practice.events('deploy', 'story', 'sandbox', '--diff');
    expect(status).toBe(1);
    expect(told(events)).toContain('Need it stars-c4 failed');
    failed = events[0]?.run ?? '';
    ready('stars-c4');
  });

  test('resume goes on there at the task that failed, and the handlers still owed run', async () => {
    const { status, events } = await practice.events('resume', 'last');
    expect(told(events)).toEqual([
      'include_tasks stars-c4 ok',
      'Need it stars-c4 ok',
      'Finish stars-c4 ok',
      'Restart it stars-c4 ok',
      'Look back stars-c4 ok',
    ]);
    expect(status).toBe(0);
    expect(requestOf(events)).toMatchObject({
      command: 'deploy',
      environment: 'sandbox',
      args: { target: 'story', diff: true, startAt: 'include_tasks', limit: 'all,!stars-c3' },
    });
    const notes = events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
    expect(notes).toEqual([
      `Goes on with run ${failed} (deploy story sandbox --diff).`,
      'Results that tasks registered before are not known any more; facts are gathered again.',
      'Handlers still owed: Restart it.',
    ]);
  });

  test('a resume that fails again is resumed as well, and owes the same handlers', async () => {
    ready('stars-c4', false);
    expect(told((await practice.events('resume', 'last')).events).at(-1)).toBe('Need it stars-c4 failed');
    ready('stars-c4');
    expect(told((await practice.events('resume', 'last')).events)).toContain('Restart it stars-c4 ok');
  });

  test('retry runs all of it again, only there', async () => {
    const { status, events } = await practice.events('retry', 'last');
    expect(told(events)).toEqual([
      'Configure stars-c4 ok',
      'include_tasks stars-c4 ok',
      'Need it stars-c4 ok',
      'Finish stars-c4 ok',
      'Restart it stars-c4 ok',
      'Look back stars-c4 ok',
    ]);
    expect({ status, limit: requestOf(events)?.args['limit'] }).toEqual({ status: 0, limit: 'stars-c4' });
    const again = await practice.type('retry', events[0]?.run ?? '');
    expect(again).toMatchObject({
      status: 2,
      error: expect.stringContaining('succeeded: nothing of it is left to do'),
    });
  });

  test.each(['resume', 'retry'])(
    '%s last takes it though other runs came since, and from then on it says by which run it was taken up',
    async (word) => {
      await practice.type('status', 'hosts', 'sandbox');
      await practice.type('deploy', 'story', 'sandbox', '--check');
      const { status, events } = await practice.events(word, 'last');
      expect({ status, notes: JSON.stringify(events) }).toEqual({
        status: 0,
        notes: expect.stringContaining(`run ${failed} (deploy story sandbox --diff)`),
      });
      const next = events[0]?.run ?? '';
      expect((await practice.type('show', failed)).out).toMatch(
        new RegExp(`\nTaken up by run ${next} of \\S+ \\(${word} last\\): succeeded\\.`),
      );
      expect((await practice.type('history')).out).toMatch(new RegExp(`${failed}.* · taken up by ${next}`));
      for (const again of ['resume', 'retry'])
        expect(await practice.type(again, failed)).toMatchObject({
          status: 2,
          error: expect.stringMatching(`The run ${failed} is taken up already: by run ${next} of .*, succeeded`),
        });
    },
  );
});

const NEED_IT = 'command: grep yes /tmp/ready';

/** A playbook whose tasks have these names; each is `only: hosts that need to be ready`. */
function batches(hosts: string, serial: number, tasks: Readonly<Record<string, string>>): string {
  const lines = Object.entries(tasks).map(
    ([name, only]) => `    - {name: ${name}, ${NEED_IT}, when: "inventory_hostname in '${only}'"}\n`,
  );
  return `- hosts: ${hosts}\n  gather_facts: false\n  serial: ${serial}\n  tasks:\n${lines.join('')}`;
}

test('resume leaves out no task on a host of a later batch that failed earlier in the playbook', async () => {
  const tasks = { One: 'stars-c2', Two: 'none', Three: 'stars-c0' };
  practice.write('stack/batches.yml', batches('masters:workers', 2, tasks));
  for (const name of ['stars-c0', 'stars-c2']) ready(name, false);
  const { events: failed } = await practice.events('deploy', 'batches', 'sandbox');
  expect(told(failed).filter((line) => line.endsWith('failed'))).toEqual([
    'Three stars-c0 failed',
    'One stars-c2 failed',
  ]);
  for (const name of ['stars-c0', 'stars-c2']) ready(name);
  const { events } = await practice.events('resume', 'last');
  expect(told(events).sort()).toEqual([
    'One stars-c0 skipped',
    'One stars-c2 ok',
    'Three stars-c0 ok',
    'Three stars-c2 skipped',
    'Two stars-c0 skipped',
    'Two stars-c2 skipped',
  ]);
});

test('retry of a run that resumed another begins where that one did', async () => {
  practice.write('stack/batches.yml', batches('workers', 1, { One: 'none', Two: 'stars-c4', Three: 'stars-c3' }));
  await practice.events('deploy', 'batches', 'sandbox');
  ready('stars-c3');
  const { events: resumed } = await practice.events('resume', 'last');
  expect(told(resumed)).toEqual(['Three stars-c3 ok', 'One stars-c4 skipped', 'Two stars-c4 failed']);
  ready('stars-c4');
  const { events } = await practice.events('retry', 'last');
  expect(told(events)).toEqual(['One stars-c4 skipped', 'Two stars-c4 ok', 'Three stars-c4 skipped']);
});

test('retry of a run that was to start at a task starts there again, only where it failed', async () => {
  practice.write('stack/batches.yml', batches('workers', 2, { One: 'none', Two: 'stars-c3', Three: 'none' }));
  await practice.events('deploy', 'batches', 'sandbox', '--start-at', 'Two');
  expect(told((await practice.events('retry', 'last')).events)).toEqual(['Two stars-c3 failed']);
  ready('stars-c3');
  expect(told((await practice.events('retry', 'last')).events)).toEqual(['Two stars-c3 ok', 'Three stars-c3 skipped']);
});

test('resume keeps to the limit of the run that it goes on with', async () => {
  practice.write('stack/batches.yml', batches('masters:workers', 9, { One: 'stars-c0', Two: 'none' }));
  ready('stars-c0', false);
  await practice.events('deploy', 'batches', 'sandbox', '--limit', 'stars-c0,stars-c3');
  ready('stars-c0');
  const { events } = await practice.events('resume', 'last');
  expect(told(events)).toEqual(['One stars-c0 ok', 'Two stars-c0 skipped']);
});

describe('after a failure around a rescue, resume goes on', () => {
  const block = (parts: string) =>
    `- hosts: stars-c3\n  gather_facts: false\n  tasks:\n    - {name: Before, command: echo before}\n    - block:\n${parts}`;
  const task = (name: string, what = NEED_IT) => `        - {name: ${name}, ${what}}\n`;

  test.each([
    [
      'at the task that was to be rescued, where the rescue failed',
      `${task('Try')}      rescue:\n${task('Mend')}`,
      ['Try stars-c3 ok'],
    ],
    [
      'at the task that failed, where what is always done failed too',
      `${task('Try')}${task('More', 'command: echo more')}      always:\n${task('Tidy')}`,
      ['Try stars-c3 ok', 'More stars-c3 ok', 'Tidy stars-c3 ok'],
    ],
    [
      'at what is always done, where the rescue went well',
      `${task('Try', 'command: /bin/false')}      rescue:\n${task('Mend', 'command: echo')}      always:\n${task('Tidy')}`,
      ['Tidy stars-c3 ok'],
    ],
  ])('%s', async (_title, parts, expected) => {
    practice.write('stack/rescued.yml', block(parts));
    expect((await practice.events('deploy', 'rescued', 'sandbox')).status).toBe(1);
    ready('stars-c3');
    const { status, events } = await practice.events('resume', 'last');
    expect({ status, told: told(events) }).toEqual({ status: 0, told: expected });
  });
});

test('resume of a deploy that was cancelled goes on at the task under way, on all hosts', async () => {
  practice.write(
    'stack/cut.yml',
    '- hosts: workers\n  gather_facts: false\n  tasks:\n    - name: One\n      command: echo one\n    - name: Two\n      shell: grep yes /tmp/ready || sleep 987\n',
  );
  const controller = new AbortController();
  const text = 'deploy cut sandbox';
  const person = { id: 'terminal:ada', name: 'ada' };
  const { bot } = practice.stars;
  const answer = await bot.handle(
    { words: splitWords(text), text, person, source: 'terminal', signal: controller.signal },
    (event) => {
      if (event.type === 'task.started' && event.task === 'Two')
        controller.abort(new StarsError('CANCELLED', 'Enough.'));
    },
  );
  if (answer.kind === 'run') await answer.ended;
  expect((await practice.type('retry', 'last')).error).toContain('No host failed in the run');
  for (const name of ['stars-c3', 'stars-c4']) ready(name);
  const { events } = await practice.events('resume', 'last');
  expect(told(events).sort()).toEqual(['Two stars-c3 ok', 'Two stars-c4 ok']);
});

describe('what was given with -e', () => {
  test('is given again, but for secrets, which Stars does not keep', async () => {
    await practice.type('deploy', 'story', 'sandbox', '-e', 'word=hello', '-e', 'db_password=tell-nobody');
    const { status, error } = await practice.type('retry', 'last');
    expect({ status, error }).toEqual({ status: 2, error: expect.stringContaining('Give them again with -e.') });
    expect(error).toContain('db_password=[REDACTED]');
    for (const name of ['stars-c3', 'stars-c4']) ready(name);
    const { events } = await practice.events('retry', 'last', '-e', 'db_password=tell-nobody');
    expect(JSON.stringify(events)).toContain('word is hello');
    expect(JSON.stringify(events)).not.toContain('tell-nobody');
  });

  test('in a chat stays data when somebody retries it in a terminal, also twice', async () => {
    await say("deploy story sandbox -e 'word={{ 6 * 7 }}'", 'slack');
    await practice.type('retry', 'last');
    for (const name of ['stars-c3', 'stars-c4']) ready(name);
    const { events } = await practice.events('retry', 'last');
    expect(JSON.stringify(events)).toContain('word is {{ 6 * 7 }}');
  });
});

test('only who may deploy there may resume or retry', async () => {
  await practice.type('deploy', 'story', 'sandbox');
  const file = 'inventories/sandbox/environment.yml';
  const before = readFileSync(join(practice.home, file), 'utf8');
  practice.write(file, before.replace('{', '{"access": {"provision": ["terminal:nobody"]},'));
  try {
    for (const word of ['resume', 'retry'])
      expect(await practice.type(word, 'last')).toMatchObject({
        status: 3,
        error: expect.stringContaining('You may not deploy on sandbox'),
      });
  } finally {
    practice.write(file, before);
  }
});

test.each([
  ['a run that succeeded', 'status sandbox', 'nothing of it is left to do'],
  ['a plan', 'deploy motd sandbox --check', 'was only a plan'],
])('%s is refused', async (_title, text, says) => {
  const { events } = await practice.events(...text.split(' '));
  expect(await practice.type('resume', events[0]?.run ?? '')).toMatchObject({
    status: 2,
    error: expect.stringContaining(says),
  });
});

async function say(text: string, source: RunSource): Promise<void> {
  const person = { id: 'U0ADA', name: 'ada' };
  const answer = await practice.stars.bot.handle({ words: splitWords(text), text, person, source });
  if (answer.kind === 'run') await answer.ended;
}

describe('a deploy that people approved', () => {
  const person = { id: 'terminal:ada', name: 'ada' };
  const task = (name: string): RunEventBody => ({ type: 'task.started', play: 'First', role: null, task: name });
  const planned: RunEventBody[] = [
    { type: 'run.started' },
    { type: 'play.started', play: 'First', hosts: ['stars-c3'] },
    task('Configure'),
    {
      type: 'task.result',
      play: 'First',
      role: null,
      task: 'Configure',
      host: 'stars-c3',
      status: 'ok',
      changed: true,
      ms: 1,
      notified: ['Restart it'],
    },
    task('Finish'),
  ];
  const asked: RunEventBody = { type: 'approval.asked', hash: 'abc', text: '', needed: 1, until: '' };
  const approved: RunEventBody[] = [{ type: 'run.approved' }, { type: 'run.started' }];

  test.each([
    ['while it was planned', undefined, planned, undefined],
    ['before its first task', 'abc', [...planned, asked, ...approved], undefined],
    ['in its first task', 'abc', [...planned, asked, ...approved, task('Configure')], 'Configure'],
  ])(
    'and that was cut off %s is gone on with where it was, not where its plan ended',
    async (when, hash, bodies, startAt) => {
      const id = `approved-${when.replaceAll(' ', '-')}`;
      const request = {
        command: 'deploy',
        text: 'deploy story sandbox',
        environment: 'sandbox',
        person,
        source: 'terminal' as const,
      };
      const all: RunEventBody[] = [{ type: 'run.requested', args: { target: 'story' }, ...request }, ...bodies];
      const at = new Date().toISOString();
      const row = { id, ...request, requestedAt: at, owner: '', proposal: { needed: 1, hash } };
      await practice.stars.store.create(
        row,
        all.map((body, index) => ({ run: id, seq: index + 1, at, ...body })),
      );
      const end = { state: 'interrupted', ms: 1 } as const;
      await practice.stars.database.updateTable('runs').set({ state: 'running' }).where('id', '=', id).execute();
      await practice.stars.store.finishFor(id, end, [], new Date(), { anyone: true });
      const left = await recordedDeploy(practice.stars.bot.runsFor({ person, source: 'terminal' }), id);
      expect({ startAt: left.startAt, owed: left.owed, lost: left.lost }).toEqual({ startAt, owed: [], lost: [] });
    },
  );
});
