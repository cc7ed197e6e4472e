import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RealHost, type RealHosts, realHosts } from '../support/real-hosts.js';
import { run } from '../support/run-command.js';
import type { PlacedCase } from './case.js';
import { place } from './playbook-of.js';
import { makeCertificates, startWebServer } from './web-server.js';

/** A host that one of the two tools works on. */
export type Side = {
  tool: 'Ansible' | 'Stars';
  host: RealHost;
  inventory: string;
  /** Variables of Ansible by which the host is reached. */
  reach: Readonly<Record<string, string>>;
  /** What differs between the two by nature, and the words both sides have instead. */
  alike(text: string): string;
};

export type HostPair = {
  folder: string;
  local: string;
  ansible: Side;
  stars: Side;
  sides: readonly Side[];
  stop(): Promise<void>;
};

/** Two hosts of one name in networks of their own, so that nothing tells them apart but their addresses. */
export async function createHostPair(): Promise<HostPair> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-differential-'));
  chmodSync(folder, 0o755);
  const sets = [await realHosts(1), await realHosts(1)] as const;
  const certificates = join(folder, 'tls');
  await makeCertificates(certificates);
  const servers = await Promise.all(sets.map((set) => startWebServer(networkOf(set.host(0)), certificates)));
  const [ansible, stars] = [sideOf('Ansible', sets[0], folder), sideOf('Stars', sets[1], folder)];
  for (const { host } of [ansible, stars]) {
    await host.inside('sh', '-c', `echo ${networkOf(host)}.1 server >>/etc/hosts`);
    cpSync(certificates, join(host.root(), 'run', 'tls'), { recursive: true });
  }
  return {
    folder,
    local: join(folder, 'local'),
    ansible,
    stars,
    sides: [ansible, stars],
    async stop() {
      for (const server of servers) await server.stop();
      for (const set of sets) await set.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function networkOf({ address }: RealHost): string {
  return address.replace(/\.\d+$/, '');
}

function sideOf(tool: Side['tool'], set: RealHosts, folder: string): Side {
  const host = set.host(0);
  const inventory = join(folder, `inventory-${tool}`);
  const variables = {
    ansible_host: host.address,
    ansible_user: 'stars',
    ansible_ssh_private_key_file: set.privateKeyFile,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${set.knownHostsFile} -o StrictHostKeyChecking=yes`,
  };
  writeFileSync(inventory, JSON.stringify({ all: { hosts: { web: variables } } }));
  const network = networkOf(host);
  return { tool, host, inventory, reach: variables, alike: (text) => text.replaceAll(network, 'NETWORK') };
}

/** The folders of the cases, their local files and their setups; returns what those setups said that failed, by the case's number. */
export async function prepare(pair: HostPair, cases: readonly PlacedCase[]): Promise<Map<number, string[]>> {
  for (const one of cases) await prepareLocal(pair, one);
  const script = cases.map((one) => setupOf(one, pair.local)).join('\n');
  const failed = new Map<number, string[]>();
  await Promise.all(
    pair.sides.map(async ({ host, tool }) => {
      writeFileSync(join(host.root(), 'run', 'setup.sh'), script);
      for (const [index, log] of failuresIn(await host.inside('sh', '/run/setup.sh')))
        failed.set(index, [...(failed.get(index) ?? []), `the setup failed on the host of ${tool}: ${log}`]);
    }),
  );
  return failed;
}

async function prepareLocal({ local }: HostPair, one: PlacedCase): Promise<void> {
  const folder = join(local, one.module, String(one.index));
  for (const [name, text] of Object.entries(one.local ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  if (one.localSetup === undefined) return;
  mkdirSync(folder, { recursive: true });
  await run('sh', ['-ec', `umask 022; cd ${folder}\n${one.localSetup}`]);
}

function setupOf(one: PlacedCase, local: string): string {
  const setup = place(one, local)(one.setup ?? ':');
  const shell = `umask 022\nmkdir -p ${one.folder}\ncd ${one.folder}\n(\nset -e\n${setup}\n) </dev/null >/run/setup.log 2>&1`;
  // Not with `||`, of which the left side goes on after what fails.
  return `${shell}\nif [ $? -ne 0 ]; then echo '%% ${one.index}'; tail -c 2000 /run/setup.log; echo; fi`;
}

function failuresIn(out: string): [number, string][] {
  const sections = out.split(/^%% (\d+)$/m).slice(1);
  return sections.flatMap((index, at) => (at % 2 === 0 ? [[Number(index), (sections[at + 1] ?? '').trim()]] : []));
}
