import { splitWords } from '../../src/bot/words.js';
import { systemClock } from '../../src/clock.js';
import type { HostClaim } from '../../src/connection/claim.js';
import type { Connection } from '../../src/connection/connection.js';
import { StarsError } from '../../src/errors.js';
import { poll } from '../../src/poll.js';
import { practise, type Practice } from '../e2e/support/practice.js';
import { connectAs } from './on-host.js';

let practice: Practice;
const open: Connection[] = [];
const WORKERS = ['stars-c3', 'stars-c4'] as const;

beforeAll(async () => {
  practice = await practise();
  practice.write(
    'stack/two.yml',
    '- hosts: workers\n  gather_facts: false\n  become: true\n  tasks:\n    - name: One\n      command: echo one\n    - name: Two\n      command: sleep 321\n',
  );
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  for (const name of WORKERS)
    await practice.sandbox.hosts.host(name).run('rm -rf /dev/shm/.stars-lock', { user: 'root' });
});
afterAll(() => practice.stop());

const claimOf = (run: string): HostClaim => ({
  run,
  fence: 0,
  store: 'elsewhere',
  person: 'Bob',
  from: 'a-laptop',
  since: '2026-11-29T13:00:00.000Z',
  waitMs: 0,
});

/** A host as a Stars elsewhere has it. */
async function elsewhere(name: string, run = 'run-elsewhere'): Promise<Connection> {
  const connection = await connectAs(claimOf(run), name, practice);
  open.push(connection);
  await connection.exec('true', { become: { user: 'root', method: 'sudo' } });
  return connection;
}

/** A deploy that was cut off: its run, and the lock it would have left if its process had died. */
async function cutOff(note: string, name: string): Promise<string> {
  const controller = new AbortController();
  const text = 'deploy two sandbox';
  const person = { id: 'terminal:ada', name: 'ada' };
  const asked = await practice.stars.bot.handle(
    { words: splitWords(text), text, person, source: 'terminal', signal: controller.signal },
    (event) => {
      if (event.type === 'task.started' && event.task === 'Two')
        controller.abort(new StarsError('CANCELLED', 'Enough.'));
    },
  );
  const id = asked.kind === 'run' ? asked.id : '';
  if (asked.kind === 'run') await asked.ended;
  const host = practice.sandbox.hosts.host(name);
  await host.run('mkdir /dev/shm/.stars-lock', { user: 'root' });
  host.write('/dev/shm/.stars-lock/holder', `${id} 0 here\nada\nstars-1\n2026-11-29T13:00:00.000Z\nboot 1 1\n`);
  host.write('/dev/shm/.stars-lock/note-1', `${note}\n`);
  return id;
}

const lockOf = (name: string) => practice.sandbox.hosts.host(name).read('/dev/shm/.stars-lock/holder');

test('a deploy says which hosts another run has, and does the others', async () => {
  await elsewhere('stars-c3');
  const { status, out } = await practice.type('deploy', 'motd', 'sandbox');
  expect(out).toContain(
    'stars-c3 is locked by run run-elsewhere of Bob (since 2026-11-29T13:00:00.000Z, from a-laptop).',
  );
  expect(out).toContain('1 of 2 hosts');
  expect(status).toBe(4);
});

test('a deploy whose hosts are all locked ends with 4, and with 0 once it waits for them', async () => {
  for (const name of WORKERS) await elsewhere(name);
  const { status, error } = await practice.type('deploy', 'motd', 'sandbox');
  expect({ status, error }).toMatchObject({
    status: 4,
    error: expect.stringContaining('stars-c3, stars-c4 are locked'),
  });
  const waiting = practice.type('retry', 'last', '--wait', '1m');
  for (const connection of open.splice(0)) await connection.close();
  expect((await waiting).status).toBe(0);
  expect(WORKERS.map(lockOf)).toEqual([undefined, undefined]);
});

test('a plan asks for no lock', async () => {
  for (const name of WORKERS) await elsewhere(name);
  expect((await practice.type('plan', 'motd', 'sandbox')).status).toBe(0);
});

test('a deploy has the lock of each host while it works there', async () => {
  const controller = new AbortController();
  const text = 'deploy two sandbox';
  const person = { id: 'terminal:ada', name: 'Ada' };
  const asked = await practice.stars.bot.handle({
    words: splitWords(text),
    text,
    person,
    source: 'terminal',
    signal: controller.signal,
  });
  const held = await poll(async () => lockOf('stars-c3') && lockOf('stars-c4'), {
    clock: systemClock,
    everyMs: 20,
    timeoutMs: 20_000,
    what: 'The locks of a deploy',
  });
  controller.abort(new StarsError('CANCELLED', 'Enough.'));
  if (asked.kind === 'run') await asked.ended;
  expect(held.split('\n').slice(0, 2)).toEqual([
    expect.stringContaining(asked.kind === 'run' ? asked.id : 'no run'),
    'Ada',
  ]);
  expect(WORKERS.map(lockOf)).toEqual([undefined, undefined]);
});

test.each([
  ['E 2 1764421200 0', '“Two” ended well; nothing of the run goes on.'],
  ['E 2 1764421200 3', '“Two” ended with exit code 3; nothing of the run goes on.'],
  ['E 1 1764421200 0', '“One” ended well; nothing of the run goes on. Later tasks changed nothing there.'],
  [
    'E 2 1764421200 141',
    '“Two” ended with exit code 141, cut off when nobody read its output any more; nothing of the run goes on.',
  ],
  [
    'B 2 77 1764421200',
    '“Two” had begun, and its shell ended without a word: the host was restarted, or somebody killed it.',
  ],
])('verify tells what %s means, and what to do', async (note, words) => {
  const id = await cutOff(note, 'stars-c3');
  const { status, out } = await practice.type('verify', id);
  expect(status).toBe(0);
  expect(out).toContain(`stars-c3: ${words}`);
  expect(out).toContain('stars-c4: it left no lock');
  expect(out).toContain(`“resume ${id}” continues where it stopped`);
});

test('verify says what still runs, and waits for it', async () => {
  const id = await cutOff('', 'stars-c4');
  const host = practice.sandbox.hosts.host('stars-c4');
  await host.run('rm -r /dev/shm/.stars-lock', { user: 'root' });
  const left = await elsewhere('stars-c4', id);
  const going = left.exec('while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 7', {
    become: { user: 'root', method: 'sudo' },
    action: '2',
  });
  await poll(async () => (await host.run('cat /dev/shm/.stars-lock/note-*')).stdout || undefined, {
    clock: systemClock,
    everyMs: 20,
    timeoutMs: 20_000,
    what: 'A note',
  });
  const { out } = await practice.type('verify', id);
  expect(out).toMatch(/stars-c4: “Two” still runs there, as process \d+, for \d+ s\./);
  expect(out).toContain(`Wait for stars-c4 with “verify ${id} --wait 10m”`);
  const waiting = practice.type('verify', id, '--wait', '1m');
  host.write('/tmp/go', '');
  await going;
  expect((await waiting).out).toContain('stars-c4: “Two” ended with exit code 7');
  await host.run('rm /tmp/go');
});

test('verify says when another run is there, and when the run never was on hosts', async () => {
  const id = await cutOff('E 2 1 0', 'stars-c3');
  await practice.sandbox.hosts.host('stars-c3').run('rm -r /dev/shm/.stars-lock', { user: 'root' });
  await elsewhere('stars-c3');
  expect((await practice.type('verify', id)).out).toContain(
    'stars-c3: it is locked by run run-elsewhere of Bob, so nothing is known of this one.',
  );
  const { status, error } = await practice.type('verify', 'no-such-run');
  expect({ status, error }).toMatchObject({ status: 2, error: expect.stringContaining('There is no run no-such-run') });
});
