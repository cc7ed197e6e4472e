import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

const WORKERS = ['stars-c3', 'stars-c4', 'stars-c5'];

beforeAll(async () => {
  practice = await practise({ bareHosts: false, workers: 3 });
});

afterAll(() => practice.stop());

const cluster = () => practice.sandbox.cluster;
const host = (name: string) => practice.sandbox.hosts.host(name);
const mesos = async (path: string, body?: string) => {
  const answer = await fetch(`${cluster().urls.mesos[0]}${path}`, body === undefined ? {} : { method: 'POST', body });
  return answer.text();
};

/** A host on which Marathon runs something. */
async function busyHost(): Promise<string> {
  const answer = await fetch(`${cluster().urls.marathon}/v2/tasks`, { headers: { Accept: 'application/json' } });
  const { tasks } = (await answer.json()) as { tasks: { host: string }[] };
  return tasks[0]?.host ?? '';
}

test('drain plans the outage beside those of others, to the nanosecond, and says what stays and why', async () => {
  const others =
    '{"windows":[{"machine_ids":[{"hostname":"elsewhere","ip":"10.9.9.9"}],"unavailability":{"start":{"nanoseconds":1893456000000000001},"duration":{"nanoseconds":3600000000001}}}]}';
  await mesos('/maintenance/schedule', others);
  const name = await busyHost();
  const { status, out } = await practice.type('drain', name, 'sandbox');
  expect(status).toBe(0);
  expect(out).toContain(`${name} stands in the maintenance schedule of Mesos, but still runs there: /`);
  expect(out).toContain(`“drain ${name} sandbox --down” ends them`);
  const schedule = await mesos('/maintenance/schedule');
  expect(schedule).toContain('1893456000000000001');
  expect(schedule).toContain('3600000000001');
  expect(schedule).toContain(name);
  expect((await practice.type('undrain', name, 'sandbox')).out).toContain(`${name} works again: its agent is active.`);
  expect(await mesos('/maintenance/schedule')).not.toContain(name);
  await mesos('/maintenance/schedule', '{"windows":[]}');
});

test('drain --down has everything run elsewhere, and undrain lets the agent in again', async () => {
  const name = await busyHost();
  const { status, out } = await practice.type('drain', name, 'sandbox', '--down');
  expect([status, out]).toEqual([
    0,
    expect.stringMatching(new RegExp(`${name} is down for Mesos: /.* runs elsewhere`)),
  ]);
  expect(await busyHost()).not.toBe(name);
  const again = await practice.type('drain', name, 'sandbox');
  expect([again.status, again.error]).toEqual([2, expect.stringContaining('is down for Mesos already')]);
  // A real agent that is refused ends; its unit starts it again.
  await host(name).run('systemctl restart mesos-slave');
  expect((await practice.type('undrain', name, 'sandbox')).out).toContain('its agent is active');
}, 30_000);

test('drain --down is refused where there is no room elsewhere, and nothing has changed', async () => {
  const name = await busyHost();
  const others = WORKERS.filter((one) => one !== name);
  for (const other of others) await practice.type('drain', other, 'sandbox');
  const { status, error } = await practice.type('drain', name, 'sandbox', '--down');
  expect(status).toBe(1);
  expect(error).toMatch(new RegExp(`What runs on ${name} has no room on other agents: /`));
  expect(await mesos('/maintenance/status')).not.toContain('down_machines');
  for (const other of others) await practice.type('undrain', other, 'sandbox');
}, 30_000);

test('a drain for a time is taken back by itself', async () => {
  const { status, out } = await practice.type('drain', 'stars-c3', 'sandbox', 'for', '2h');
  expect([status, out]).toEqual([0, expect.stringMatching(/At .* it works again\./)]);
  expect((await practice.type('schedules', 'sandbox')).out).toContain('stars-c3 works again');
  const again = await practice.type('drain', 'stars-c3', 'sandbox');
  expect(again.out).toMatch(/stars-c3 works again on sandbox all the same; “cancel t-\w+” calls that off/);
  await practice.type('undrain', 'stars-c3', 'sandbox');
});

test('what was drained for a time and is undrained by hand can be drained again, and stays so', async () => {
  await practice.type('drain', 'stars-c3', 'sandbox', 'for', '2h');
  const { out } = await practice.type('undrain', 'stars-c3', 'sandbox');
  expect(out).toMatch(/That was to happen by itself at .*; it is called off\./);
  expect((await practice.type('schedules', 'sandbox')).out).not.toContain('stars-c3');
});

test('a job that was disabled for a time and is enabled by hand can be disabled again, and stays so', async () => {
  await practice.type('jobs', 'disable', 'compact-journal', 'sandbox', 'for', '2h');
  const again = await practice.type('jobs', 'disable', 'compact-journal', 'sandbox');
  expect(again.out).toContain('compact-journal is enabled again on sandbox all the same');
  const { out } = await practice.type('jobs', 'enable', 'compact-journal', 'sandbox');
  expect(out).toMatch(/That was to happen by itself at .*; it is called off\./);
  expect((await practice.type('schedules', 'sandbox')).out).not.toContain('compact-journal');
});

test.each([
  ['a host without an agent', ['drain', 'stars-c0', 'sandbox'], 'Mesos has no agent on stars-c0.'],
  ['a host that is not in the inventory', ['undrain', 'stars-c9', 'sandbox'], 'stars-c9'],
])(
  '%s is a mistake that is told',
  async (_what, words, says) => {
    const said = await practice.type(...words);
    expect(said.status).not.toBe(0);
    expect(said.error).toContain(says);
  },
  10_000,
);

test('a job that took too long is waited for by resume, not asked for again', async () => {
  const runs = async () => {
    const answer = await fetch(`${cluster().urls.chronos}/v1/scheduler/jobs`);
    const jobs = (await answer.json()) as { name: string; successCount: number }[];
    return jobs.find(({ name }) => name === 'fetch-catalog')?.successCount ?? 0;
  };
  const before = await runs();
  const first = await practice.type('jobs', 'run', 'fetch-catalog', 'sandbox', '--wait', '1s');
  expect([first.status, first.error]).toEqual([1, expect.stringContaining('did not happen within 1 s')]);
  const over = async () => (await runs()) > before || undefined;
  await poll(over, { clock: systemClock, everyMs: 100, timeoutMs: 10_000, what: 'The end of the job' });
  const { status, out } = await practice.type('resume', 'last');
  expect([status, out]).toEqual([0, expect.stringContaining('fetch-catalog succeeded.')]);
  expect(out).toContain('“Ask Chronos to run fetch-catalog” is not done again');
}, 20_000);

describe('reset-docker', () => {
  test('asks first, and nothing is touched', async () => {
    host('stars-c4').write('/var/lib/docker/keep', 'x');
    const { status, error } = await practice.type('reset-docker', 'stars-c4', 'sandbox');
    expect(status).toBe(2);
    expect(error).toContain('This wipes all images, containers and volumes of Docker on stars-c4');
    expect(host('stars-c4').read('/var/lib/docker/keep')).toBe('x');
  });

  test('wipes and installs Docker on a drained host, and brings it back', async () => {
    host('stars-c4').write('/var/lib/docker/keep', 'x');
    const { status, out, error } = await practice.type('reset-docker', 'stars-c4', 'sandbox', '--yes');
    expect([status, error]).toEqual([0, '']);
    expect(out).toContain('Docker is new on stars-c4 of sandbox.');
    expect(host('stars-c4').read('/var/lib/docker/keep')).toBeUndefined();
    expect((await host('stars-c4').run('systemctl is-active docker mesos-slave')).stdout).toBe('active\nactive\n');
    expect(await mesos('/maintenance/schedule')).toBe('{}');
  }, 40_000);

  test('ends at the first host that fails, and says which are not through', async () => {
    host('stars-c3').write('/etc/yum.conf', '[main]\nexclude=docker*\n');
    await host('stars-c3').run('mv /usr/bin/yum /usr/bin/yum.away');
    try {
      const { status, error } = await practice.type('reset-docker', 'stars-c3,stars-c5', 'sandbox', '--yes');
      expect(status).toBe(1);
      expect(error).toContain('Not through: stars-c3, stars-c5.');
      expect(error).toContain('“undrain stars-c3”');
      expect((await host('stars-c5').run('systemctl is-active docker')).stdout).toBe('active\n');
    } finally {
      await host('stars-c3').run('mv /usr/bin/yum.away /usr/bin/yum');
    }
  }, 40_000);
});
