import type { RunEvent } from '../../src/model/run.js';
import type { Stars } from '../../src/stars.js';
import { practise, type Practice } from './support/practice.js';

let practice: Practice;
let second: Stars;

beforeAll(async () => {
  practice = await practise({ workers: 5 });
  second = await practice.another();
  practice.write('stack/fails.yml', FAILS);
  practice.write('stack/crossing.yml', CROSSING);
  practice.write('stack/asks.yml', ASKS);
});
afterAll(async () => {
  await second.runs.close('The test is over.');
  await second.close();
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
