import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import type { HostClaim } from '../../src/connection/claim.js';
import type { Become, Connection, HostTarget } from '../../src/connection/connection.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { silentLog } from '../../src/log.js';
import { poll } from '../../src/poll.js';
import { haltOnHost } from '../../src/provision/verify-hosts.js';
import { createRedactor } from '../../src/secret.js';
import { inventoryText } from './support/play-on-hosts.js';
import { PW_PASSWORD, type RealHosts, realHosts } from './support/real-hosts.js';

const STARS = resolve(import.meta.dirname, '..', '..', 'bin', 'stars.js');
const ROOT: Become = { user: 'root', method: 'sudo' };

let hosts: RealHosts;
let folder: string;
const children = new Set<ChildProcess>();
const open: Connection[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stars-host-lock-'));
  hosts = await realHosts(2);
  await tidy();
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  await tidy();
});

afterAll(async () => {
  await hosts.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function tidy(): Promise<void> {
  for (const host of hosts.hosts)
    await host.inside('sh', '-c', 'rm -rf /dev/shm/.stars-lock /run/stars-fences /srv/* || :');
}

const inside = (script: string, index = 0) => hosts.host(index).inside('sh', '-c', `${script} || :`);

/** Waits until the script says something on a host, the first unless told. */
const until = (script: string, index = 0) =>
  poll(async () => (await inside(script, index)).trim() || undefined, {
    clock: systemClock,
    everyMs: 50,
    timeoutMs: 60_000,
    what: script,
  });

/** A home of its own, with a store of its own: what a terminal elsewhere is to a service. */
function home(name: string, tasks: string, variables: Record<string, string> = {}): string {
  const place = join(folder, name);
  const inventory = join(place, 'inventories', 'practice');
  mkdirSync(inventory, { recursive: true });
  mkdirSync(join(place, 'stack'), { recursive: true });
  writeFileSync(join(inventory, 'hosts'), inventoryText(hosts, variables));
  const play = `- name: Work\n  hosts: all\n  gather_facts: no\n  tasks:\n${tasks}`;
  writeFileSync(join(place, 'stack', 'work.yml'), play);
  return place;
}

type Ended = { status: number | null; out: string };

function start(place: string, words: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: place, STARS_HOME: place, USER: 'ada', SSH_AUTH_SOCK: '' };
  const child = spawn(process.execPath, [STARS, ...words], { env, cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text));
  const ended = new Promise<Ended>((done) => child.once('close', (status) => done({ status, out })));
  void ended.then(() => children.delete(child));
  return { child, ended };
}

const deploy = (place: string, ...flags: string[]) => start(place, ['deploy', 'work', 'practice', ...flags]);

/** Writes who enters and leaves, with some time in between. */
const ENTER = (who: string) => `    - name: Enter
      shell: echo enter ${who} >>/srv/visits; sleep 0.2; echo leave ${who} >>/srv/visits
      loop: [1, 2, 3]
`;

async function connect(claim: HostClaim | undefined, fields: Partial<HostTarget> = {}): Promise<Connection> {
  const reach = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
  const connection = await reach(hosts.host(0).target(fields), undefined, claim);
  open.push(connection);
  return connection;
}

const claimOf = (run: string, more: Partial<HostClaim> = {}): HostClaim => ({
  run,
  fence: 0,
  store: 'a-store',
  person: 'Ada',
  from: 'stars-1',
  since: '2026-11-29T13:00:00.000Z',
  waitMs: 0,
  ...more,
});

describe('two Stars with stores of their own', () => {
  test('are never at work on a host at the same time; who does not wait is told', async () => {
    const gate = '    - shell: echo >/srv/began; while [ ! -e /srv/go ]; do sleep 0.05; done\n';
    const first = deploy(home('one', `${gate}${ENTER('one')}`));
    await until('ls /srv/began');
    const others = ['two', 'three'].map((name) => deploy(home(name, ENTER(name)), '--wait', '2m'));
    const runs = [first, ...others];
    const refused = await deploy(home('four', ENTER('four'))).ended;
    expect(refused.out).toMatch(/alpha0 is locked by run \S+ of \S+ \(since \S+, from \S+\)\./);
    expect(refused.status).toBe(4);
    for (const index of [0, 1]) await inside('touch /srv/go', index);
    for (const { status, out } of await Promise.all(runs.map(({ ended }) => ended)))
      expect({ status, out }).toMatchObject({ status: 0 });
    for (const index of [0, 1]) {
      const visits = (await inside('cat /srv/visits', index)).trim().split('\n');
      expect(visits).toHaveLength(18);
      for (let at = 0; at < visits.length; at += 2)
        expect([visits[at], visits[at + 1]]).toEqual([visits[at], visits[at]?.replace('enter', 'leave')]);
      const order = visits.map((line) => line.split(' ')[1]).filter((who, at, all) => who !== all[at - 1]);
      expect(order).toHaveLength(3);
      expect(await inside('ls -A /dev/shm /tmp | grep stars', index)).toBe('');
      expect(await inside('cat /run/stars-fences', index)).toMatch(/^(store:\w+\/practice \d+\n){3}$/);
    }
  });

  test('a killed one holds the host as long as its last command, whose end verify tells', async () => {
    const slow = home(
      'slow',
      '    - name: Take long\n      shell: echo >/srv/began; while [ ! -e /srv/go ]; do sleep 0.1; done; exit 3\n',
    );
    const { child, ended } = deploy(slow);
    for (const index of [0, 1]) await until('ls /srv/began', index);
    child.kill('SIGKILL');
    await ended;
    const early = await deploy(home('other', ENTER('other'))).ended;
    expect(early).toMatchObject({ status: 4, out: expect.stringContaining('alpha1') });
    const running = await start(slow, ['verify', 'last']).ended;
    expect(running.out).toMatch(/alpha0: “Take long” still runs there, as process \d+, for \d+ s\./);
    for (const index of [0, 1]) await inside('touch /srv/go', index);
    const over = await start(slow, ['verify', 'last', '--wait', '1m']).ended;
    expect(over.out).toContain('alpha0: “Take long” ended with exit code 3; nothing of the run goes on.');
    expect(over.out).toContain('alpha1: “Take long” ended with exit code 3');
    const late = await deploy(home('other', ENTER('other'))).ended;
    expect(late).toMatchObject({ status: 0 });
  });

  test('a killed one holds one host of another run, which does the other host and ends as locked', async () => {
    const gate = '    - shell: echo >/srv/began; while [ ! -e /srv/go ]; do sleep 0.1; done\n';
    const { child, ended } = deploy(home('gone', gate), '--limit', 'alpha0');
    await until('ls /srv/began');
    child.kill('SIGKILL');
    await ended;
    const { status, out } = await deploy(home('late', ENTER('late'))).ended;
    expect(out).toContain('alpha0 is locked, so nothing was done there; 1 of 2 hosts are done.');
    expect({ status, visits: (await inside('cat /srv/visits', 1)).trim().split('\n').length }).toEqual({
      status: 4,
      visits: 6,
    });
    expect(await inside('ls /srv')).toBe('began\n');
    await inside('touch /srv/go');
  });

  test('a stopped one, which was halted on a host and whose lock another took, does nothing more there', async () => {
    const place = home(
      'stopped',
      `    - name: First
      shell: echo >/srv/first; while [ ! -e /srv/go ]; do sleep 0.05; done
      ignore_errors: yes
    - name: Second
      shell: echo >/srv/second
    - name: Third
      copy: {content: x, dest: /srv/third}
`,
    );
    const { child, ended } = deploy(place);
    await until('ls /srv/first');
    child.kill('SIGSTOP');
    const run = (await inside('head -n 1 /dev/shm/.stars-lock/holder')).split(' ')[0] ?? '';
    const helper = await connect(undefined);
    expect(await haltOnHost(helper, 'another-run', ROOT)).toEqual({ state: 'other' });
    expect(await haltOnHost(helper, run, ROOT)).toEqual({ state: 'ended' });
    await inside('touch /srv/go', 0);
    await inside('touch /srv/go', 1);
    const winner = await connect(claimOf('winner', { fence: 9 }));
    await winner.exec('echo >/srv/winner', { become: ROOT, action: '1' });
    child.kill('SIGCONT');
    const { status, out } = await ended;
    expect(out).toContain('alpha0 is locked by run winner of Ada');
    expect(status).toBe(4);
    expect((await inside('ls /srv')).trim().split('\n')).toEqual(['first', 'go', 'winner']);
    expect((await inside('ls /srv', 1)).trim().split('\n')).toEqual(['first', 'go', 'second', 'third']);
    expect(await inside('head -n 1 /dev/shm/.stars-lock/holder')).toContain('winner');
  });
});

describe('the lock of a host', () => {
  test.each([
    ['root', { user: 'root' }, undefined],
    ['a user with sudo', {}, ROOT],
    ['a user whose sudo asks for a password', { user: 'pw' }, { ...ROOT, password: PW_PASSWORD }],
    ['a user without rights', { user: 'plain' }, undefined],
  ] as const)('is taken, seen and let go of by %s', async (_title, fields, become) => {
    const one = await connect(claimOf('run-a'), fields);
    expect((await one.exec('echo in', { become, action: '1' })).stdout).toBe('in\n');
    for (const user of ['root', 'stars', 'plain'])
      await expect((await connect(claimOf('run-b'), { user })).exec('true')).rejects.toMatchObject({
        code: 'LOCKED',
        message: 'alpha0 is locked by run run-a of Ada (since 2026-11-29T13:00:00.000Z, from stars-1).',
      });
    await one.close();
    expect(await inside('ls -A /dev/shm /tmp | grep stars')).toBe('');
  });

  test('of root counts what its run does as other users', async () => {
    const one = await connect(claimOf('run-a'));
    await one.exec('true', { become: ROOT, action: '1' });
    const going = one.exec('echo >/tmp/began; sleep 4; exit 5', { become: { ...ROOT, user: 'plain' }, action: '2' });
    const cut = expect(going).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await until('ls /tmp/began');
    // The connection and with it root's idle shell end; the command of the other user does not.
    await inside("pkill -KILL -f '[s]shd: stars@notty'");
    await cut;
    await until("pgrep -f '[s]leep 4' && ! pgrep -u root -f '^/bin/sh$'");
    await expect((await connect(claimOf('run-b'))).exec('true', { become: ROOT })).rejects.toMatchObject({
      code: 'LOCKED',
    });
    await until("pgrep -f '[s]leep 4' >/dev/null || echo over");
    expect(await inside('cat /dev/shm/.stars-lock/note-*')).toMatch(/^E 2 \d+ 5$/m);
    const two = await connect(claimOf('run-b'));
    expect((await two.exec('echo in', { become: ROOT })).stdout).toBe('in\n');
    await inside('rm -f /tmp/began');
  });

  test('that root left behind is taken over by a user with sudo, and named to one without', async () => {
    await inside(
      'mkdir /dev/shm/.stars-lock; printf "%s\\n" "run-a 0 a-store" Ada stars-1 since "b 1 1" >/dev/shm/.stars-lock/holder',
    );
    await expect((await connect(claimOf('run-b'), { user: 'plain' })).exec('true')).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'alpha0: /dev/shm/.stars-lock was left behind by a run as root, and this login may not remove it.',
    });
    expect((await (await connect(claimOf('run-b'))).exec('echo in')).stdout).toBe('in\n');
  });

  test('is refused where the folder is that of another user, also to root', async () => {
    await inside('su plain -s /bin/sh -c "mkdir /dev/shm/.stars-lock"');
    for (const become of [undefined, ROOT])
      await expect((await connect(claimOf('run-b'))).exec('true', { become })).rejects.toMatchObject({
        code: 'LOCKED',
        message: 'alpha0: /dev/shm/.stars-lock belongs to plain, and is no lock that can be read.',
      });
    expect(await inside('ls -A /dev/shm/.stars-lock')).toBe('');
  });

  test('follows no link and opens nothing of another user that waits', async () => {
    await inside('su plain -s /bin/sh -c "mkdir /srv-not 2>/dev/null; ln -s /root /dev/shm/.stars-lock"');
    await expect((await connect(claimOf('run-b'))).exec('true', { become: ROOT })).rejects.toMatchObject({
      message: 'alpha0: a link lies where the lock of the host belongs, /dev/shm/.stars-lock.',
    });
    await inside(
      'rm /dev/shm/.stars-lock; su plain -s /bin/sh -c "mkdir /dev/shm/.stars-lock; mkfifo /dev/shm/.stars-lock/holder"',
    );
    await expect((await connect(claimOf('run-b'))).exec('true', { become: ROOT })).rejects.toMatchObject({
      message: 'alpha0: /dev/shm/.stars-lock belongs to plain, and is no lock that can be read.',
    });
  });

  test('remembers the highest fence of each store until the next boot, where there was one', async () => {
    const later = await connect(claimOf('run-b', { fence: 8 }));
    await later.exec('true', { become: ROOT });
    await later.close();
    expect(await inside('cat /run/stars-fences')).toBe('a-store 8\n');
    await expect((await connect(claimOf('run-a', { fence: 7 }))).exec('true', { become: ROOT })).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'alpha0: a later run (fence 8) has worked here, so this one (fence 7) may not any more.',
    });
    expect(await inside('ls -A /dev/shm /tmp | grep stars')).toBe('');
    const other = await connect(claimOf('run-c', { fence: 3, store: 'other' }));
    expect((await other.exec('echo in', { become: ROOT })).stdout).toBe('in\n');
    expect(await inside('cat /run/stars-fences')).toBe('other 3\na-store 8\n');
  });

  test('ends with what a cancelled run was doing', async () => {
    const place = home('cancelled', '    - shell: echo >/srv/began; sleep 4477\n');
    const { child, ended } = deploy(place);
    await until('ls /srv/began');
    child.kill('SIGINT');
    expect((await ended).status).toBe(130);
    expect(await inside("ls -A /dev/shm /tmp | grep stars; pgrep -f '[s]leep 4477'")).toBe('');
  });
});

test('a host that hides the processes of others from each other still tells that one lives', async () => {
  await inside('mount -o remount,hidepid=2 /proc');
  try {
    const one = await connect(claimOf('run-a'));
    await one.exec('true', { become: ROOT });
    const { stdout } = await (await connect(undefined, { user: 'plain' })).exec('[ -r /proc/1/stat ] || echo hidden');
    expect(stdout).toBe('hidden\n');
    await expect((await connect(claimOf('run-b'), { user: 'plain' })).exec('true')).rejects.toMatchObject({
      message: expect.stringContaining('alpha0 is locked by run run-a of Ada'),
    });
  } finally {
    await inside('mount -o remount,hidepid=0 /proc');
  }
});

describe.each(['busybox', 'rpm'] as const)('on a host of the kind %s', (kind) => {
  let others: RealHosts;

  beforeAll(async () => {
    others = await realHosts(1, { kind });
  });
  afterAll(() => others.stop());

  test('the lock is taken, seen, taken over when left behind, and let go of', async () => {
    const reach = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
    const as = async (run: string) => {
      const connection = await reach(others.host(0).target({ user: 'root' }), undefined, claimOf(run, { fence: 2 }));
      open.push(connection);
      return connection;
    };
    const one = await as('run-a');
    expect(await one.exec('cat /dev/shm/.stars-lock/note-*; exit 4', { action: '1' })).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^B 1 \d+ \d+\n$/),
    });
    await expect((await as('run-b')).exec('true')).rejects.toMatchObject({
      message: expect.stringContaining('alpha0 is locked by run run-a of Ada'),
    });
    await one.close();
    const tmp = () => others.host(0).inside('sh', '-c', 'ls -A /dev/shm /tmp | grep stars || :');
    expect(await tmp()).toBe('');
    const left = 'mkdir /dev/shm/.stars-lock; printf "%s\\n" "run-c 1 x" c s t "boot 1 1" >/dev/shm/.stars-lock/holder';
    await others.host(0).inside('sh', '-c', left);
    const two = await as('run-d');
    expect((await two.exec('echo in', { action: '1' })).stdout).toBe('in\n');
    await two.close();
    expect(await tmp()).toBe('');
  });
});
