import { systemClock } from '../../src/clock.js';
import type { HostClaim } from '../../src/connection/claim.js';
import type { Connection } from '../../src/connection/connection.js';
import { poll } from '../../src/poll.js';
import type { RunEvent } from '../../src/model/run.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from '../e2e/support/practice.js';
import { connectAs } from './on-host.js';

let practice: Practice;
const open: Connection[] = [];
const WORKERS = ['stars-c3', 'stars-c4'] as const;
const ROOT = { user: 'root', method: 'sudo' } as const;

beforeAll(async () => {
  practice = await practise();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  for (const name of WORKERS)
    await practice.sandbox.hosts.host(name).run('rm -rf /dev/shm/.stars-lock', { user: 'root' });
});
afterAll(() => practice.stop());

/** What a process that died left on a host: a connection with the lock of its run, which works there if there is work. */
async function leftBehind(run: string, name: string, work: string | undefined): Promise<void> {
  const since = '2026-11-29T13:00:00.000Z';
  const claim: HostClaim = { run, fence: 0, store: 'here', person: 'Ada', from: 'stars-1', since, waitMs: 0 };
  const connection = await connectAs(claim, name, practice);
  open.push(connection);
  if (work === undefined) return void (await connection.exec('true', { become: ROOT, action: '1' }));
  let failed: unknown;
  connection
    .exec(`echo >/srv/began; ${work}`, { become: ROOT, action: '1' })
    .catch((error: unknown) => (failed = error));
  const began = async () => {
    if (failed) throw failed;
    return practice.sandbox.hosts.host(name).read('/srv/began');
  };
  await poll(began, { clock: systemClock, everyMs: 10, timeoutMs: 20_000, what: 'The work on the host' });
  await practice.sandbox.hosts.host(name).run('rm /srv/began', { user: 'root' });
}

let counter = 0;

/** A deploy that its process left: it had two hosts. */
async function cutOff({ hosts = WORKERS }: { hosts?: readonly string[] } = {}) {
  const id = `left-${(counter += 1)}`;
  const at = new Date().toISOString();
  const { store } = practice.stars;
  const asked = {
    command: 'deploy',
    text: `deploy motd sandbox`,
    environment: 'sandbox',
    person: { id: 'U0ADA', name: 'ada' },
    source: 'slack',
  } as const;
  const address = { channel: practice.sandbox.slack.channels[0]?.id ?? '' };
  const events: RunEvent[] = [
    { run: id, seq: 1, at, type: 'run.requested', ...asked, args: { target: 'motd' } },
    { run: id, seq: 2, at, type: 'run.started' },
    { run: id, seq: 3, at, type: 'play.started', play: 'Work', hosts: [...hosts] },
  ];
  await store.create({ id, ...asked, requestedAt: at, owner: 'gone', address }, events);
  await practice.stars.database.updateTable('runs').set({ state: 'running' }).where('id', '=', id).execute();
  const error = { code: 'INTERRUPTED', message: 'The process that ran it died.' };
  await store.finishFor(id, { state: 'interrupted', ms: 1, error }, [], new Date(), { anyone: true });
  return id;
}

const sleeps = async (name: string) =>
  (await practice.sandbox.hosts.host(name).run('ps -A -o args', { user: 'root' })).stdout.includes('sleep 987');
const lockOf = (name: string) => practice.sandbox.hosts.host(name).read('/dev/shm/.stars-lock/holder');

test('what a run that was cut off still does is ended, its hosts are free, and the answer says where', async () => {
  const id = await cutOff();
  await leftBehind(id, 'stars-c3', 'sleep 987');
  await leftBehind(id, 'stars-c4', undefined);
  expect(await sleeps('stars-c3')).toBe(true);
  const { status, out } = await practice.type('halt', id);
  expect({ status, out }).toMatchObject({
    status: 0,
    out: expect.stringContaining(`Ended what run ${id} still did on stars-c3.`),
  });
  expect(out).toContain('stars-c3: what was under way there was ended');
  expect(out).toContain('stars-c4: nothing was under way there; the host is free.');
  expect(await sleeps('stars-c3')).toBe(false);
  expect(WORKERS.map(lockOf)).toEqual([undefined, undefined]);
  expect((await practice.type('deploy', 'motd', 'sandbox')).status).toBe(0);
  const entries = (await practice.type('audit', 'search', '--run', id)).out;
  expect(entries).toContain('What it still did on its hosts was to be ended.');
});

test('a host that cannot be reached is named, and what could be ended is', async () => {
  const id = await cutOff();
  await leftBehind(id, 'stars-c3', 'sleep 987');
  const away = practice.sandbox.hosts.host('stars-c4');
  away.refuseLogins();
  const { status, out, error } = await practice.type('halt', id).finally(() => away.refuseLogins(false));
  expect(status).toBe(1);
  expect(out).toContain('stars-c4: could not be reached, so what runs there is not known');
  expect(error).toContain(`Ended what run ${id} still did on stars-c3. Not on stars-c4`);
  expect(await sleeps('stars-c3')).toBe(false);
});

test('another run on the host is left alone', async () => {
  const id = await cutOff({ hosts: ['stars-c3'] });
  await leftBehind('run-elsewhere', 'stars-c3', 'sleep 987');
  const { status, out } = await practice.type('halt', id);
  expect({ status, out }).toMatchObject({ status: 0, out: expect.stringContaining(`Nothing of run ${id} went on.`) });
  expect(await sleeps('stars-c3')).toBe(true);
  expect(lockOf('stars-c3')).toContain('run-elsewhere');
});

test('the button Stop of an interrupted run does it, and “cancel” means the same', async () => {
  const { slack } = practice.sandbox;
  const service = await inSlack(practice, 'socket');
  try {
    for (const press of [
      async (ts: string) => slack.click(ts, 'stars.do.halt'),
      async (_ts: string, id: string) => slack.say(`cancel ${id}`),
    ]) {
      const id = await cutOff({ hosts: ['stars-c3'] });
      await leftBehind(id, 'stars-c3', 'sleep 987');
      const root = () => slack.messages().find((one) => JSON.stringify(one.blocks ?? '').includes(`halt ${id}`));
      await slack.until(() => root() !== undefined);
      expect(toPlain(root() ?? { text: '' })).toContain('[Verify]');
      await press(root()?.ts ?? '', id);
      await slack.until(() => slack.messages().some((one) => toPlain(one).includes(`Ended what run ${id} still did`)));
      expect(await sleeps('stars-c3')).toBe(false);
      await service.idle();
    }
  } finally {
    await service.stop();
  }
});

test.each([
  ['a run that goes on', 'running'],
  ['a run that did nothing on hosts', 'nothing'],
])('%s has nothing to halt', async (_title, kind) => {
  const id = await cutOff({ hosts: kind === 'nothing' ? [] : WORKERS });
  if (kind === 'running')
    await practice.stars.database.updateTable('runs').set({ state: 'running' }).where('id', '=', id).execute();
  expect(await practice.type('halt', id)).toMatchObject({ status: 2 });
  await practice.stars.database.updateTable('runs').set({ state: 'failed' }).where('id', '=', id).execute();
});
