import type { RunEvent } from '../../src/model/run.js';
import { practise, type Practice } from './support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise({ workers: 5 });
  practice.write('stack/fails.yml', FAILS);
  practice.write('stack/crossing.yml', CROSSING);
  practice.write('stack/asks.yml', ASKS);
});
afterAll(async () => {
  await practice.stop();
});

const FAILS = `
- name: Fails
  hosts: workers
  gather_facts: false
  tasks:
    - name: Before
      command: "true"
    - name: On some
      command: "{{ 'false' if inventory_hostname in bad.split() else 'true' }}"
      vars: { bad: "{{ fails | default('') }}" }
    - name: After
      command: "true"
`;

const CROSSING = `
- name: Crossing
  hosts: workers
  gather_facts: false
  tasks:
    - name: Once
      command: "true"
      run_once: true
    - name: Elsewhere
      command: "true"
      delegate_to: stars-c0
    - name: Of others
      debug: { msg: "{{ hostvars[groups.masters[0]].ansible_host }} {{ hostvars[groups.masters[0]].ansible_facts }}" }
`;

const ASKS = `
- name: Asks
  hosts: workers
  gather_facts: false
  tasks:
    - name: Of others
      debug: { msg: "{{ hostvars[groups.masters[0]].ansible_host }}, {{ groups.workers | length }}" }
`;

const ADA = { id: 'terminal:ada', name: 'ada' };

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

function ofType<T extends RunEvent['type']>(events: readonly RunEvent[], type: T): Of<T>[] {
  return events.filter((event): event is Of<T> => event.type === type);
}

const endOf = (events: readonly RunEvent[]) => ofType(events, 'run.finished')[0];
const hostsOf = (events: readonly RunEvent[]) => ofType(events, 'part.made').map(({ hosts }) => hosts);

const WORKERS = ['stars-c3', 'stars-c4', 'stars-c5', 'stars-c6', 'stars-c7'];

test('a deploy that is split comes to the same on each host as one that is not', async () => {
  const whole = await practice.events('deploy', 'fails', 'sandbox', '-e', 'fails=stars-c4');
  const split = await practice.events('deploy', 'fails', 'sandbox', '-e', 'fails=stars-c4', '--split', '2');
  expect(split.status).toBe(whole.status);
  expect(endOf(split.events)?.hosts).toEqual(endOf(whole.events)?.hosts);
  expect(hostsOf(split.events)).toEqual([WORKERS.slice(0, 3), WORKERS.slice(3)]);
  expect(endOf(split.events)?.error).toMatchObject({
    code: 'HOSTS_FAILED',
    message: expect.stringContaining('stars-c4'),
  });
});

test('its parts are runs with hosts, fences and rows in the audit of their own, which the history leaves out', async () => {
  const { events } = await practice.events('deploy', 'motd', 'sandbox', '--split', '3');
  const { run: id = '' } = events[0] ?? {};
  const parts = await practice.stars.store.partsOf(id);
  expect(parts.map((part) => part.id)).toEqual([`${id}-1`, `${id}-2`, `${id}-3`]);
  expect(parts.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(parts.flatMap(({ resources }) => resources)).toEqual(WORKERS.map((host) => `host:${host}`));
  expect(new Set(parts.map(({ fence }) => fence)).size).toBe(3);
  expect((await practice.stars.store.list({ limit: 1 }))[0]?.id).toBe(id);
  for (const part of parts) {
    const { out } = await practice.type('audit', 'search', '--run', part.id);
    expect(out).toMatch(/request/);
    expect(out).toMatch(/start/);
    expect(out).toMatch(/end/);
  }
});

test('what speaks of all hosts at once is refused with its places before any host is touched', async () => {
  const { status, error, out } = await practice.type('deploy', 'crossing', 'sandbox', '--split', '2');
  expect(status).toBe(2);
  const words = out + error;
  expect(words).toContain('crossing.yml cannot be split by hosts');
  expect(words).toContain('run_once at crossing.yml:6');
  expect(words).toContain('delegate_to at crossing.yml:9');
  expect(words).toContain('hostvars at crossing.yml:12');
  const [run] = await practice.stars.store.list({ limit: 1 });
  expect((await practice.stars.store.events(run?.id ?? '')).map(({ type }) => type)).not.toContain('play.started');
});

test('what only reads the inventory of other hosts is split', async () => {
  const { status } = await practice.type('deploy', 'asks', 'sandbox', '--split', '2');
  expect(status).toBe(0);
});

test.each([
  [['-e', 'db_password=hunter2hunter2'], 'never written down'],
  [['--serial', '1'], 'does not go together with --split'],
  [['--split', '1'], 'must be a number of parts'],
])('%j does not go with it, and why is said before there is a run', async (words, why) => {
  const before = await practice.stars.store.list({ limit: 1 });
  const split = words.includes('--split') ? [] : ['--split', '2'];
  const { status, error } = await practice.type('deploy', 'motd', 'sandbox', ...split, ...words);
  expect({ status, error }).toMatchObject({ status: 2, error: expect.stringContaining(why) });
  expect(await practice.stars.store.list({ limit: 1 })).toEqual(before);
});

test('a plan is the same with and without it, and is applied in parts when it was made so', async () => {
  for (const host of WORKERS) practice.sandbox.hosts.host(host).write('/etc/motd', 'as it was\n');
  const whole = await practice.events('plan', 'motd', 'sandbox');
  const split = await practice.events('plan', 'motd', 'sandbox', '--split', '2');
  const hashOf = (events: readonly RunEvent[]) => ofType(events, 'plan.made')[0]?.hash;
  expect(hashOf(split.events)).toBe(hashOf(whole.events));
  const applied = await practice.events('apply', 'last');
  expect(hostsOf(applied.events)).toHaveLength(2);
  expect(endOf(applied.events)?.state).toBe('succeeded');
  for (const host of WORKERS) expect(practice.sandbox.hosts.host(host).read('/etc/motd')).toBe(`hello from ${host}\n`);
});

test('a host that is not as the plan saw it is kept from it by its part, and the others are done', async () => {
  for (const host of WORKERS) practice.sandbox.hosts.host(host).write('/etc/motd', 'as it was\n');
  await practice.events('plan', 'motd', 'sandbox', '--split', '2');
  practice.sandbox.hosts.host('stars-c7').write('/etc/motd', 'somebody was here\n');
  const { status, events } = await practice.events('apply', 'last');
  expect(status).toBe(1);
  expect(endOf(events)?.error?.message).toMatch(/^Part 2 of 2 .*stars-c7/);
  expect(practice.sandbox.hosts.host('stars-c7').read('/etc/motd')).toBe('somebody was here\n');
  expect(practice.sandbox.hosts.host('stars-c6').read('/etc/motd')).toBe('hello from stars-c6\n');
});

test('a retry does the hosts that failed in any part, a resume goes on where the first of them failed', async () => {
  const { events } = await practice.events(
    'deploy',
    'fails',
    'sandbox',
    '-e',
    'fails="stars-c3 stars-c7"',
    '--split',
    '2',
  );
  const { run: id = '' } = events[0] ?? {};
  const resumed = await practice.events('resume', id);
  expect(hostsOf(resumed.events)).toEqual([['stars-c3'], ['stars-c7']]);
  const parts = await practice.stars.store.partsOf(resumed.events[0]?.run ?? '');
  const tasks = ofType(await practice.stars.store.events(parts[0]?.id ?? ''), 'task.started').map(({ task }) => task);
  expect(tasks[0]).toBe('On some');
  const retried = await practice.events('retry', resumed.events[0]?.run ?? '');
  expect(hostsOf(retried.events)).toEqual([['stars-c3'], ['stars-c7']]);
});

test('a part is gone on with alone, and is not split again', async () => {
  const { events } = await practice.events('deploy', 'fails', 'sandbox', '-e', 'fails=stars-c7', '--split', '2');
  const { run: id = '' } = events[0] ?? {};
  const { status, events: again } = await practice.events('resume', `${id}-2`);
  expect(status).toBe(1);
  expect(ofType(again, 'part.made')).toEqual([]);
  expect(Object.keys(endOf(again)?.hosts ?? {})).toEqual(['stars-c7']);
});

test('verify asks the hosts of all parts', async () => {
  const { events } = await practice.events('deploy', 'motd', 'sandbox', '--split', '2');
  const { out } = await practice.type('verify', events[0]?.run ?? '');
  for (const host of WORKERS) expect(out).toContain(host);
});

test('a cancel ends the parts, and nothing stays locked', async () => {
  const stop = new AbortController();
  const asked = practice.stars.bot.handle(
    { words: 'deploy slow sandbox --split 2', text: 'deploy slow sandbox --split 2', person: ADA, source: 'terminal' },
    (event) => void (event.type === 'part.changed' && event.doing !== undefined && stop.abort(new Error('Enough.'))),
  );
  const answer = await asked;
  if (answer.kind !== 'run') throw new Error('no run');
  stop.signal.addEventListener('abort', () => void practice.stars.runs.cancel(answer.id, 'Enough.', undefined));
  expect((await answer.ended).state).toBe('cancelled');
  const parts = await practice.stars.store.partsOf(answer.id);
  expect(parts.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  expect(await practice.stars.claims.list('sandbox', new Date())).toEqual([]);
});
