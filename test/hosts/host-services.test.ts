import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import { createStars, type Stars } from '../../src/stars.js';
import { runOneCommand } from '../../src/terminal/one-command.js';
import { createTerminal } from '../../src/terminal/terminal.js';
import { type RealHosts, realHosts } from './support/real-hosts.js';

// Services of hosts under a real systemd: what restarts, in which order, and what is left alone when something fails.

let hosts: RealHosts;
let folder: string;
let stars: Stars;

const UNITS = ['zookeeper', 'mesos-master', 'marathon'];

beforeAll(async () => {
  hosts = await realHosts(2);
  folder = mkdtempSync(join(tmpdir(), 'stars-services-'));
  write('inventories/lab/hosts', inventory());
  mkdirSync(join(folder, 'stack'));
  const redactor = createRedactor();
  const home = await openHome({ env: { STARS_HOME: folder, HOME: folder }, cwd: folder, redactor });
  stars = await createStars({
    home,
    clock: systemClock,
    log: silentLog,
    connect: createSshConnect({ log: silentLog, redactor }),
    env: {},
  });
  for (const index of [0, 1]) await inside(index, installation());
});

afterAll(async () => {
  await stars.runs.close('The test is over.');
  await stars.close();
  await hosts.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const index of [0, 1]) await inside(index, ': >/srv/order');
});

/** Units that note when they start and stop; that of the agent is there but rests, as on masters. */
function installation(): string {
  const unit = (name: string, after: string) => `cat >/etc/systemd/system/${name}.service <<END
[Unit]
After=${after}
[Service]
ExecStart=/bin/sh -c 'echo "\\$(date +%%s.%%N) start ${name}" >>/srv/order; exec sleep infinity'
ExecStopPost=/bin/sh -c 'echo "\\$(date +%%s.%%N) stop ${name}" >>/srv/order'
[Install]
WantedBy=multi-user.target
END
`;
  const units = [...UNITS, 'mesos-slave'].map((name, index) => unit(name, `${UNITS[index - 1] ?? 'network'}.service`));
  return `${units.join('')}systemctl daemon-reload; systemctl enable -q --now ${UNITS.join(' ')}`;
}

function inventory(): string {
  const variables = [
    'ansible_user=stars',
    `ansible_ssh_private_key_file=${hosts.privateKeyFile}`,
    `ansible_ssh_common_args='-o UserKnownHostsFile=${hosts.knownHostsFile}'`,
  ];
  const lines = hosts.hosts.map(({ name, address }) => `${name} ansible_host=${address}`);
  return ['[masters]', ...lines, '[all:vars]', ...variables, ''].join('\n');
}

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const inside = (index: number, script: string) => hosts.host(index).inside('sh', '-c', `${script} || :`);

async function typed(...argv: string[]): Promise<{ status: number; out: string; error: string }> {
  const said = { out: '', error: '' };
  const stream = (into: 'out' | 'error') => {
    const one = { write: (text: string) => Boolean((said[into] += text)), on: () => one };
    return one as unknown as Pick<NodeJS.WriteStream, 'write' | 'on'>;
  };
  const status = await runOneCommand({
    argv,
    bot: stars.bot,
    terminal: createTerminal(stream('out'), stream('error')),
  });
  return { status, ...said };
}

/** What happened on all hosts, in the order in which it did. */
async function story(): Promise<string[]> {
  const lines: [number, string][] = [];
  for (const [index, { name }] of hosts.hosts.entries())
    for (const line of (await inside(index, 'cat /srv/order')).trim().split('\n')) {
      const [at = '', what, unit] = line.split(' ');
      if (at !== '') lines.push([Number(at), `${what} ${unit} ${name}`]);
    }
  return lines.sort(([a], [b]) => a - b).map(([, words]) => words);
}

const restarted = (unit: string, host: string) => [`stop ${unit} ${host}`, `start ${unit} ${host}`];

test('what others need restarts first, host after host; what rests is left at rest', async () => {
  const { status, out, error } = await typed('restart', 'masters', 'lab');
  expect([status, error]).toEqual([0, '']);
  expect(await story()).toEqual(UNITS.flatMap((unit) => ['alpha0', 'alpha1'].flatMap((host) => restarted(unit, host))));
  expect(out).toContain('environment.yml does not say where ZooKeeper answers, so only its unit is looked at');
});

test('a service that dies after its start ends the roll: nothing after it is touched', async () => {
  await inside(
    0,
    "sed -i 's|^ExecStart=.*|ExecStart=/bin/false|' /etc/systemd/system/mesos-master.service; systemctl daemon-reload",
  );
  const { status, error } = await typed('restart', 'masters', 'lab');
  expect(status).toBe(1);
  expect(error).toContain('mesos-master on alpha0');
  expect(error).toContain(
    'Not done: mesos-master on alpha0, mesos-master on alpha1, marathon on alpha0, marathon on alpha1.',
  );
  const after = (await story()).filter((line) => !line.includes('zookeeper'));
  expect(new Set(after)).toEqual(new Set(['stop mesos-master alpha0']));
  expect((await typed('status', 'alpha0', 'lab')).out).toContain('mesos-master failed');
});
