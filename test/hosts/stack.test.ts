import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../src/clock.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import type { HostRecap } from '../../src/model/run.js';
import { createRedactor } from '../../src/secret.js';
import { createStars, type Stars } from '../../src/stars.js';
import { type RealHost, type RealHosts, realHosts } from './support/real-hosts.js';

const STACK = resolve(import.meta.dirname, '..', '..', 'stack');
const execute = promisify(execFile);

let hosts: RealHosts;
let folder: string;
let stars: Stars;

beforeAll(async () => {
  hosts = await realHosts(4);
  folder = mkdtempSync(join(tmpdir(), 'stars-stack-'));
  symlinkSync(STACK, join(folder, 'stack'));
  writeInventory('lab', [hosts.host(0), hosts.host(1)]);
  writeInventory('ansible', [hosts.host(2), hosts.host(3)]);
  const home = await openHome({ env: { STARS_HOME: folder, HOME: folder }, cwd: folder });
  const connect = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
  stars = await createStars({ home, clock: systemClock, log: silentLog, connect, env: {} });
});

afterAll(async () => {
  await stars.close();
  await hosts.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Both tools know their hosts by the same names, so that what they write may be compared. */
function writeInventory(environment: string, members: readonly RealHost[]): void {
  mkdirSync(join(folder, 'inventories', environment), { recursive: true });
  const lines = members.map((host, index) => `worker${index} ansible_host=${host.address}`);
  const variables = [
    'ansible_user=stars',
    `ansible_ssh_private_key_file=${hosts.privateKeyFile}`,
    `ansible_ssh_common_args='-o UserKnownHostsFile=${hosts.knownHostsFile} -o StrictHostKeyChecking=yes'`,
  ];
  writeFileSync(
    join(folder, 'inventories', environment, 'hosts'),
    ['[workers]', ...lines, '[workers:vars]', ...variables].join('\n'),
  );
}

async function deploy(...words: string[]): Promise<Record<string, HostRecap>> {
  const answer = await stars.bot.handle({
    words: { words: ['deploy', 'workers', 'lab', ...words], rest: undefined },
    text: 'deploy workers lab',
    person: { id: 'terminal:test', name: 'test' },
    source: 'terminal',
  });
  if (answer.kind !== 'run') throw new Error('deploy is a run');
  if (answer.end.error) throw new Error(JSON.stringify([answer.end.error, await failuresOf(answer.id)]));
  return answer.end.hosts ?? {};
}

async function failuresOf(id: string): Promise<unknown> {
  const events = await stars.store.events(id);
  return events.filter((event) => event.type === 'task.result' && event.status === 'failed').slice(0, 3);
}

async function playWithAnsible(): Promise<Record<string, HostRecap>> {
  const { stdout } = await execute(
    'ansible-playbook',
    ['-i', join(folder, 'inventories', 'ansible', 'hosts'), join(STACK, 'workers.yml')],
    {
      env: {
        ...process.env,
        ANSIBLE_STDOUT_CALLBACK: 'json',
        ANSIBLE_PIPELINING: '1',
        ANSIBLE_HOME: join(folder, 'ansible'),
      },
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { stats: Record<string, Record<string, number>> };
  return Object.fromEntries(
    Object.entries(stats).map(
      ([name, { ok = 0, changed = 0, unreachable = 0, failures = 0, skipped = 0, rescued = 0, ignored = 0 }]) => [
        name,
        { ok, changed, unreachable, failed: failures, skipped, rescued, ignored },
      ],
    ),
  );
}

/** Every file, folder and link that the roles may touch: type, mode, owner, group, target and content. */
async function stateOf(host: RealHost): Promise<string> {
  const script = [
    'for d in /etc/stars /etc/docker /etc/mesos* /etc/default /etc/spark /etc/zeppelin /etc/security/limits.d /etc/profile.d /var/lib/stars /var/lib/mesos /var/lib/spark /var/lib/zeppelin /var/log/stars /var/log/mesos /etc/hosts; do find $d -printf "%y %m %u %g %p -> %l\\n" 2>/dev/null; done | sort',
    'for f in $(find /etc/stars /etc/docker /etc/mesos* /etc/default /etc/spark /etc/zeppelin /etc/security/limits.d /etc/profile.d /etc/hosts -type f 2>/dev/null | sort); do sha256sum $f; done',
    'getent passwd stars-svc; getent group stars-svc; systemctl is-enabled cron; systemctl is-active cron',
  ].join('\n');
  return host.inside('sh', '-c', script);
}

test('the first stack brings real hosts to the very state that ansible-playbook brings them to, and is quiet the second time', async () => {
  const checked = await deploy('--check');
  expect(checked['worker0']?.changed).toBeGreaterThan(10);
  expect(await stateOf(hosts.host(0))).toBe(await stateOf(hosts.host(2)));

  const [first, firstOfAnsible] = [await deploy(), await playWithAnsible()];
  expect(first).toEqual(firstOfAnsible);
  expect(await stateOf(hosts.host(0))).toBe(await stateOf(hosts.host(2)));

  const [second, secondOfAnsible] = [await deploy(), await playWithAnsible()];
  expect(second).toEqual(secondOfAnsible);
  expect(Object.values(second).map(({ changed }) => changed)).toEqual([0, 0]);
});

test('what Ansible finds on a host that Stars deployed is nothing to change', async () => {
  writeInventory('ansible', [hosts.host(0), hosts.host(1)]);
  const recap = await playWithAnsible();
  expect(Object.values(recap).map(({ changed, failed }) => ({ changed, failed }))).toEqual([
    { changed: 0, failed: 0 },
    { changed: 0, failed: 0 },
  ]);
});
