import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RealHosts, realHosts } from '../test/hosts/support/real-hosts.js';
import { groupOf } from './measure.js';
import { type Relay, startRelay } from './relay.js';

/** Fresh hosts, and a Stars home with an inventory of them that ansible-playbook reads too. */
export type Fleet = {
  home: string;
  inventory: string;
  sshConfig: string;
  names: readonly string[];
  hostGroups: readonly string[];
  stop(): Promise<void>;
};

const fleets = new Set<Promise<Fleet>>();

/** Ends all hosts that run, also those that are still booting. */
export async function stopFleets(): Promise<void> {
  await Promise.allSettled([...fleets].map(async (fleet) => (await fleet).stop()));
}

/** Boots hosts that `stopFleets` knows of. */
export async function startFleet(count: number, rttMs: number): Promise<Fleet> {
  const starting = bootFleet(count, rttMs);
  fleets.add(starting);
  try {
    return await starting;
  } catch (error) {
    fleets.delete(starting);
    throw error;
  }
}

const WORKLOAD = join(import.meta.dirname, 'workload');

async function bootFleet(count: number, rttMs: number): Promise<Fleet> {
  const set = await realHosts(count);
  const home = await mkdtemp(join(tmpdir(), 'stars-bench-'));
  const relays =
    rttMs === 0 ? [] : await Promise.all(set.hosts.map(({ address }) => startRelay({ address, port: 22, rttMs })));
  const places = set.hosts.map(({ name, address }, index) => {
    const relay = relays[index];
    return { name, address: relay ? '127.0.0.1' : address, port: relay?.port ?? 22 };
  });
  const knownHosts = await writeKnownHosts(home, set, relays);
  const inventory = await writeInventory(home, { set, places, knownHosts });
  const sshConfig = await writeSshConfig(home, { set, places, knownHosts });
  await symlink(WORKLOAD, join(home, 'stack'));
  let stopping: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    await Promise.all(relays.map((relay) => relay.close()));
    await set.stop();
    await rm(home, { recursive: true, force: true });
  }

  return {
    home,
    inventory,
    sshConfig,
    names: places.map(({ name }) => name),
    hostGroups: set.hosts.map(({ address }, index) => groupOf(address.split('.')[2] ?? '', index)),
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

type Place = { name: string; address: string; port: number };
type Written = { set: RealHosts; places: readonly Place[]; knownHosts: string };

async function writeKnownHosts(home: string, set: RealHosts, relays: readonly Relay[]): Promise<string> {
  const file = join(home, 'known_hosts');
  const lines = set.hosts.flatMap(({ name }, index) => {
    const relay = relays[index];
    return relay ? (set.hostKeys.get(name) ?? []).map((key) => `[127.0.0.1]:${relay.port} ${key}\n`) : [];
  });
  await writeFile(file, `${await readFile(set.knownHostsFile, 'utf8')}${lines.join('')}`);
  return file;
}

async function writeInventory(home: string, { set, places, knownHosts }: Written): Promise<string> {
  const folder = join(home, 'inventories', 'bench');
  await mkdir(folder, { recursive: true });
  const hosts = places.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}`);
  const variables = [
    '[all:vars]',
    'ansible_user=stars',
    `ansible_ssh_private_key_file=${set.privateKeyFile}`,
    `ansible_ssh_common_args='-o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes'`,
    'ansible_python_interpreter=/usr/bin/python3',
  ];
  const file = join(folder, 'hosts');
  await writeFile(file, `${[...hosts, ...variables].join('\n')}\n`);
  return file;
}

async function writeSshConfig(home: string, { set, places, knownHosts }: Written): Promise<string> {
  const file = join(home, 'ssh_config');
  const hosts = places.map(({ name, address, port }) => `Host ${name}\n  HostName ${address}\n  Port ${port}\n`);
  const all = [
    'Host *',
    '  User stars',
    `  IdentityFile ${set.privateKeyFile}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${knownHosts}`,
    '  StrictHostKeyChecking yes',
    '  BatchMode yes',
  ];
  await writeFile(file, `${hosts.join('')}${all.join('\n')}\n`);
  return file;
}
