import type { ServiceChange } from '../../src/sandbox/host/services/manager.js';
import { systemClock } from '../../src/clock.js';
import { ask } from '../../src/cluster/zookeeper/four-letter-word.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;
let changes: string[];
let stops: (() => void)[];

const MASTERS = ['stars-c0', 'stars-c1', 'stars-c2'];
const WORKERS = ['stars-c3', 'stars-c4', 'stars-c5'];

beforeAll(async () => {
  practice = await practise({ bareHosts: false, workers: 3 });
});

afterAll(() => practice.stop());

beforeEach(() => {
  changes = [];
  stops = [...MASTERS, ...WORKERS].map((name) =>
    host(name).onServiceChange(({ unit, state }: ServiceChange) => {
      if (state === 'active' || state === 'inactive') changes.push(`${unit.replace('.service', '')} ${name} ${state}`);
    }),
  );
});

afterEach(() => stops.forEach((stop) => stop()));

const host = (name: string) => practice.sandbox.hosts.host(name);
const cluster = () => practice.sandbox.cluster;
const mesos = async (path: string) =>
  (await fetch(`${cluster().urls.mesos[0]}${path}`)).json() as Promise<Record<string, unknown>>;

async function activeAgents(): Promise<string[]> {
  const { slaves } = (await mesos('/slaves')) as { slaves: { hostname: string; active: boolean }[] };
  return slaves.filter(({ active }) => active).map(({ hostname }) => hostname);
}

async function appsByHost(): Promise<Map<string, string[]>> {
  const answer = await fetch(`${cluster().urls.marathon}/v2/tasks`, { headers: { Accept: 'application/json' } });
  const { tasks } = (await answer.json()) as { tasks: { appId: string; host: string }[] };
  const found = new Map<string, string[]>();
  for (const { appId, host: name } of tasks) found.set(name, [...(found.get(name) ?? []), appId]);
  return found;
}

/** The host on which each service of masters leads now. */
async function leaders(): Promise<Record<string, string | undefined>> {
  const { addresses, hosts } = practice.sandbox;
  const at = (address: string) => hosts.hosts.find((one) => one.address === address.replace(/:\d+$/, ''))?.name;
  const modes = await Promise.all(addresses.zookeeper.map(async (address) => [address, await srvr(address)] as const));
  const { leader } = (await (await fetch(`${cluster().urls.marathonStandbys[0]}/v2/leader`)).json()) as {
    leader: string;
  };
  return {
    zookeeper: at(modes.find(([, text]) => text.includes('Mode: leader'))?.[0] ?? ''),
    'mesos-master': (await mesos('/state-summary'))['hostname'] as string,
    marathon: at(leader),
  };
}

function srvr(address: string): Promise<string> {
  return ask(address, 'srvr', { clock: systemClock, timeoutMs: 5_000 });
}

test('ZooKeeper is restarted one server after another, never two away at once', async () => {
  const { status, out } = await practice.type('restart', 'zookeeper', 'sandbox');
  expect(status).toBe(0);
  expect(out).toContain('Restarted zookeeper on 3 hosts.');
  expect(out).toMatch(/✓ Restart zookeeper on stars-c1: 3 of 3 servers serve/);
  expect(changes).toEqual(MASTERS.flatMap((name) => [`zookeeper ${name} inactive`, `zookeeper ${name} active`]));
}, 30_000);

test('masters are restarted in the order of what needs what, the leader of each last', async () => {
  const first = await leaders();
  const { status, out } = await practice.type('restart', 'masters', 'sandbox');
  expect([status, out]).toEqual([0, expect.not.stringContaining('cannot be told')]);
  const restarted = (unit: string) =>
    changes.filter((change) => change.startsWith(unit) && change.endsWith(' active')).map((one) => one.split(' ')[1]);
  for (const [unit, leader] of Object.entries(first)) {
    expect(restarted(unit)).toEqual([...MASTERS.filter((name) => name !== leader), leader]);
    expect(out).toContain(`✓ Restart ${unit} on ${leader}`);
  }
  // Each has another leader than before, which was restarted before it led.
  const now = await leaders();
  for (const [unit, leader] of Object.entries(first)) expect([unit, now[unit]]).not.toEqual([unit, leader]);
  const order = changes.filter((change) => change.endsWith(' active')).map((change) => change.split(' ')[0]);
  expect(order).toEqual([
    ...Array(3).fill('zookeeper'),
    ...Array(3).fill('mesos-master'),
    ...Array(3).fill('marathon'),
  ]);
  expect(changes.some((change) => change.startsWith('mesos-slave'))).toBe(false);
}, 60_000);

test('what cannot be meant of services of hosts is refused: a limit that leaves none, a task of an app', async () => {
  const none = await practice.type('restart', 'workers', 'sandbox', '--limit', 'masters');
  expect([none.status, none.error]).toEqual([
    2,
    expect.stringContaining('No host of workers is within --limit masters'),
  ]);
  const task = await practice.type('restart', 'workers', 'sandbox', '--task', 'zeppelin');
  expect([task.status, task.error]).toEqual([2, expect.stringContaining('--task is for apps; workers is a service')]);
  expect(changes).toEqual([]);
});

test('a quorum that would be lost keeps ZooKeeper from being touched; --limit to the one that is away is let through', async () => {
  await host('stars-c1').run('systemctl stop zookeeper');
  changes.length = 0;
  const { status, error } = await practice.type('restart', 'zookeeper', 'sandbox');
  expect(status).toBe(1);
  expect(error).toContain('Without stars-c0 ZooKeeper would have no quorum: 2 of 3 serve now.');
  expect(error).toContain('Nothing was done before. Not done: zookeeper on stars-c0');
  expect(changes).toEqual([]);
  expect((await practice.type('restart', 'zookeeper', 'sandbox', '--limit', 'stars-c1')).status).toBe(0);
  expect(changes).toEqual(['zookeeper stars-c1 active']);
}, 30_000);

test('workers are drained before their Docker and agent restart, and are back in Mesos before the next', async () => {
  const before = await appsByHost();
  const moving = [...before.keys()][0] ?? '';
  const { status, out } = await practice.type('restart', 'workers', 'sandbox');
  expect([status, out]).toEqual([0, expect.stringContaining('Restarted docker on 3 hosts, mesos-slave on 3 hosts.')]);
  expect(out).toMatch(new RegExp(`note: Moves away from ${moving}: /`));
  for (const name of WORKERS) {
    const own = changes.filter((change) => change.includes(name));
    expect(own).toEqual([
      `mesos-slave ${name} inactive`,
      `docker ${name} inactive`,
      `docker ${name} active`,
      `mesos-slave ${name} active`,
    ]);
    expect(out).toContain(`${name} back in Mesos`);
  }
  expect((await activeAgents()).sort()).toEqual(WORKERS);
  expect(await mesos('/maintenance/schedule')).toEqual({});
}, 120_000);

test('an agent that does not come back ends the roll before the next host is touched', async () => {
  const unit = '/usr/lib/systemd/system/mesos-slave.service';
  const good = host('stars-c3').read(unit) ?? '';
  host('stars-c3').write(unit, good.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/false'));
  await host('stars-c3').run('systemctl daemon-reload');
  try {
    const { status, error } = await practice.type('restart', 'mesos-slave', 'sandbox', '--wait', '20s');
    expect(status).toBe(1);
    expect(error).toContain('Not done: mesos-slave on stars-c3, mesos-slave on stars-c4, mesos-slave on stars-c5');
    expect(changes.filter((change) => !change.includes('stars-c3'))).toEqual([]);
  } finally {
    host('stars-c3').write(unit, good);
    await host('stars-c3').run('systemctl daemon-reload; systemctl restart mesos-slave');
  }
}, 90_000);

test('a host that cannot be asked keeps the others from being touched, and can be left out', async () => {
  host('stars-c4').refuseLogins();
  try {
    const { status, error } = await practice.type('restart', 'docker', 'sandbox', '--limit', 'workers');
    expect(status).toBe(1);
    expect(error).toContain('Not every host can be asked, so nothing was touched: ');
    expect(error).toContain('stars-c4 can be left out: --limit');
    expect(changes).toEqual([]);
  } finally {
    host('stars-c4').refuseLogins(false);
  }
});

test.each([
  ['an app goes before a unit of its name', ['restart', 'chronos', 'sandbox'], 0, 'Restarted /chronos'],
  [
    'any unit can be named',
    ['restart', 'unit:crond', 'sandbox', '--limit', 'stars-c0'],
    0,
    'Restarted crond on stars-c0.',
  ],
  [
    'a unit that no host has is a mistake',
    ['restart', 'unit:nosuch', 'sandbox'],
    2,
    'None of 6 hosts has unit:nosuch.',
  ],
])(
  '%s',
  async (_what, words, status, says) => {
    const said = await practice.type(...words);
    expect([said.status, `${said.out}${said.error}`]).toEqual([status, expect.stringContaining(says)]);
  },
  30_000,
);

test('a host that somebody took out of Mesos stays out, and its agent is left alone', async () => {
  await practice.type('drain', 'stars-c5', 'sandbox', '--down');
  await host('stars-c5').run('systemctl stop mesos-slave');
  changes.length = 0;
  try {
    const { status, out } = await practice.type('restart', 'workers', 'sandbox', '--limit', 'stars-c5');
    expect(status).toBe(0);
    expect(out).toContain('note: stars-c5 is down for Mesos, and its agent is left as it is');
    expect(changes).toEqual(['docker stars-c5 inactive', 'docker stars-c5 active']);
  } finally {
    await host('stars-c5').run('systemctl start mesos-slave');
    await practice.type('undrain', 'stars-c5', 'sandbox');
  }
}, 30_000);

test('a failure after the drain says how the host gets back to Mesos', async () => {
  const unit = '/usr/lib/systemd/system/docker.service';
  const good = host('stars-c3').read(unit) ?? '';
  host('stars-c3').write(unit, good.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/false'));
  await host('stars-c3').run('systemctl daemon-reload');
  try {
    const { status, error } = await practice.type(
      'restart',
      'docker',
      'sandbox',
      '--limit',
      'stars-c3',
      '--wait',
      '20s',
    );
    expect(status).toBe(1);
    expect(error).toContain('stars-c3 still out of Mesos: “undrain stars-c3 sandbox” lets work again.');
  } finally {
    host('stars-c3').write(unit, good);
    await host('stars-c3').run('systemctl daemon-reload; systemctl start docker mesos-slave');
    expect((await practice.type('undrain', 'stars-c3', 'sandbox')).status).toBe(0);
  }
}, 60_000);

test('agents that are stopped are drained first, and let in again when they start', async () => {
  const stopped = await practice.type('stop', 'workers', 'sandbox', '--limit', 'stars-c5');
  expect([stopped.status, stopped.out]).toEqual([0, expect.stringContaining('Stopped mesos-slave on stars-c5')]);
  expect(changes).toEqual(['mesos-slave stars-c5 inactive', 'docker stars-c5 inactive']);
  expect(await activeAgents()).not.toContain('stars-c5');
  const started = await practice.type('start', 'workers', 'sandbox', '--limit', 'stars-c5');
  expect([started.status, started.out]).toEqual([0, expect.stringContaining('stars-c5 back in Mesos')]);
  expect(changes.slice(2)).toEqual(['docker stars-c5 active', 'mesos-slave stars-c5 active']);
  expect(await mesos('/maintenance/schedule')).toEqual({});
}, 60_000);

test('workers that nothing else could take the tasks of are not stopped', async () => {
  const { status, error } = await practice.type('stop', 'workers', 'sandbox');
  expect(status).toBe(1);
  expect(error).toMatch(/What runs on stars-c\d has no room on other agents: \//);
  expect(changes.filter((change) => change.startsWith('docker'))).toEqual([]);
}, 60_000);
