import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../src/clock.js';
import { createSshConnect } from '../src/connection/ssh.js';
import { openHome } from '../src/home/home.js';
import { silentLog } from '../src/log.js';
import { startHosts } from '../src/sandbox/host/hosts.js';
import { createStars } from '../src/stars.js';

const PLAYBOOK = `- hosts: all
  become: true
  tasks:
    - { name: group, group: { name: workers, system: true } }
    - { name: login, user: { name: worker, group: workers, system: true } }
    - { name: folders, file: { path: "/srv/{{ item }}", state: directory, mode: "0755" }, with_items: [a, b, c, d] }
    - { name: settings, copy: { content: "host={{ inventory_hostname }}\\n", dest: /srv/a/settings, mode: "0644" } }
    - { name: more settings, copy: { content: "system={{ ansible_distribution }}\\n", dest: /srv/b/settings, mode: "0600", owner: worker } }
    - { name: profile, lineinfile: { path: /etc/profile.d/worker.sh, line: "export A=1", create: true } }
    - { name: link, file: { src: /srv/a, dest: /srv/current, state: link } }
    - { name: once, command: { cmd: touch /srv/c/done, creates: /srv/c/done } }
    - { name: name, command: hostname, register: said, changed_when: false }
    - { name: check, assert: { that: "said.stdout != ''" } }
`;

/** Starts so many simulated hosts in this process, deploys to them twice, and prints what it took. */
async function run(count: number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'stars-bench-sandbox-'));
  const peak = watchMemory();
  const names = Array.from({ length: count }, (_, index) => `worker${index}`);
  const startedAt = seconds();
  const hosts = await startHosts({ names, clock: systemClock, log: silentLog });
  const bootS = seconds() - startedAt;
  try {
    await mkdir(join(folder, 'inventories', 'bench'), { recursive: true });
    await mkdir(join(folder, 'stack'));
    await writeFile(join(folder, 'known_hosts'), `${hosts.knownHostsLines.join('\n')}\n`);
    await writeFile(join(folder, 'key'), hosts.clientPrivateKey, { mode: 0o600 });
    await writeFile(join(folder, 'stack', 'site.yml'), PLAYBOOK);
    const lines = hosts.hosts.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}`);
    const variables = [
      '[all:vars]',
      'ansible_user=stars',
      `ansible_ssh_private_key_file=${join(folder, 'key')}`,
      `ansible_ssh_common_args='-o UserKnownHostsFile=${join(folder, 'known_hosts')}'`,
    ];
    await writeFile(join(folder, 'inventories', 'bench', 'hosts'), `${[...lines, ...variables].join('\n')}\n`);
    const firstS = await timed(() => deploy(folder));
    const convergeS = await timed(() => deploy(folder));
    return rounded({ bootS, firstS, convergeS, memoryMb: peak.stop() });
  } finally {
    peak.stop();
    await hosts.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function deploy(folder: string): Promise<void> {
  const home = await openHome({ env: { STARS_HOME: folder, HOME: folder }, cwd: folder });
  const connect = createSshConnect({ log: silentLog, redactor: home.redactor, sshConfigFile: '/nowhere' });
  const stars = await createStars({ home, clock: systemClock, log: silentLog, connect, env: {} });
  try {
    const answer = await stars.bot.handle({
      words: { words: ['deploy', 'site', 'bench'], rest: undefined },
      text: 'deploy site bench',
      person: { id: 'terminal:bench', name: 'bench' },
      source: 'terminal',
    });
    const end = answer.kind === 'run' ? await answer.ended : undefined;
    if (!end || end.error) throw new Error(`The deploy failed: ${JSON.stringify(end)}`);
  } finally {
    await stars.close();
  }
}

function watchMemory(): { stop(): number } {
  let bytes = 0;
  const look = () => (bytes = Math.max(bytes, process.memoryUsage.rss()));
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(look() / 1024 / 1024);
    },
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = seconds();
  await work();
  return seconds() - startedAt;
}

function seconds(): number {
  return performance.now() / 1000;
}

function rounded(numbers: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, Math.round(number * 100) / 100]));
}

process.stdout.write(JSON.stringify(await run(Number(process.argv[2] ?? 10))));
process.exit(0);
