import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { createSampleStore } from '../../src/store/samples.js';
import { practise, type Practice } from '../e2e/support/practice.js';

// A machine that is busy with other tests takes its time to answer for five hosts.
jest.setTimeout(90_000);

let practice: Practice;

beforeAll(async () => {
  practice = await practise({ bareHosts: false });
});

afterAll(() => practice.stop());

const host = (name: string) => practice.sandbox.hosts.host(name);
const status = async (...words: string[]) => (await practice.type('status', ...words, 'sandbox')).out;

/** What was taken away before is back after a while only: agents register again, and apps start again. Hosts have ten seconds to answer. */
const statusWith = (wanted: RegExp, ...words: string[]) =>
  poll(
    async () => {
      const text = await status(...words);
      return wanted.test(text) ? text : undefined;
    },
    { clock: systemClock, everyMs: 200, timeoutMs: 60_000, what: `${wanted} in status` },
  );

test('the whole picture ends with the hosts', async () => {
  const text = await statusWith(/🟢 Hosts/);
  expect(text).toContain('Everything in sandbox is up.');
  expect(text).toContain('🟢 Hosts 5 hosts, the fullest disk is 4 % full');
});

test('units that do not run explain the layer that is down, which is named as the root of the rest', async () => {
  for (const name of ['stars-c0', 'stars-c1']) await host(name).run('systemctl stop zookeeper');
  try {
    const text = await statusWith(/🟢 Hosts/);
    expect(text).toContain(
      'has no quorum: 0 of 3 servers serve, 2 are needed. On its hosts: zookeeper does not run on stars-c0, stars-c1.',
    );
    expect(text).toMatch(/🔴 ZooKeeper[^🟢🔴]*↳ because of this: Mesos masters down/u);
    expect(text).toContain('🟢 Hosts');
  } finally {
    for (const name of ['stars-c0', 'stars-c1']) await host(name).run('systemctl start zookeeper');
  }
});

test('a host that does not let us in is not known, and the others are told all the same', async () => {
  host('stars-c3').refuseLogins();
  try {
    await statusWith(/⚪ Hosts 1 of 5 hosts in trouble.*\n\s+• stars-c3: /);
    await statusWith(/1 of 5 hosts in trouble\.\n⚪ stars-c3 could not be asked: .*\n🟢 stars-c0 load/, 'hosts');
  } finally {
    host('stars-c3').refuseLogins(false);
  }
});

test('one host tells its disks, services and agent', async () => {
  await host('stars-c4').run('systemctl stop docker');
  const text = await statusWith(/• its Mesos agent is active, [\d.]+ of 8 CPUs/, 'stars-c4');
  await host('stars-c4').run('systemctl start docker');
  expect(text).toMatch(/^🟡 stars-c4 docker does not run, though it starts with the host/m);
  expect(text).toContain('• docker does not run');
  expect(text).toContain('• mesos-slave runs');
  // From the same package, but not for this host.
  expect(text).not.toContain('mesos-master');
});

test('an app tells where it runs, since when, its address and what it says', async () => {
  const text = await statusWith(/• stars-c\d: running since /, 'zeppelin');
  expect(text).toContain(`• ${practice.sandbox.cluster.urls.services.zeppelin} says version 0.7.2`);
  practice.sandbox.cluster.data.livy.addSession('busy', 'pyspark', 'ben');
  expect(await status('livy')).toContain('• session 0 of ben: busy');
  expect(await status('blazegraph')).toContain('• kb: 1204311 statements');
});

test('a chart of what was in use comes along when something was measured', async () => {
  expect(await status('--chart')).toContain('note: There is no chart yet');
  const { home } = practice;
  const samples = createSampleStore(practice.stars.database);
  const now = Date.now();
  for (const minutes of [10, 5, 1]) {
    const sample = {
      count: 1,
      figures: { cpus: minutes / 20, memory: 0.3, disk: 0.2 },
      states: { mesos: 'up' as const },
    };
    await samples.add('sandbox', sample, new Date(now - minutes * 60_000));
  }
  const [, file] = /(\/\S+sandbox-in-use\.png)/.exec(await status('--chart')) ?? [];
  expect(
    readFileSync(file ?? home)
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
});
