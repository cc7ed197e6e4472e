import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { type SimulatedCluster, startCluster } from './cluster/cluster.js';
import { type FakeSlack, type FakeSlackOptions, startFakeSlack } from './fake-slack/fake-slack.js';
import { type SimulatedHosts, startHosts } from './host/hosts.js';
import { installStack } from './host-stack.js';
import { loopbackAddresses } from './loopback.js';

export type SandboxOptions = {
  clock: Clock;
  log: Log;
  /** Workers; there are always three masters. Default 5. */
  workers?: number;
  /** Files with the apps and jobs of a backup. */
  appsFile?: string | undefined;
  jobsFile?: string | undefined;
  /** A stack that the sandbox's home uses. */
  stackFolder: string;
  /** group_vars and host_vars of this folder apply to the sandbox's hosts. */
  variablesFolder?: string | undefined;
  /** Hosts on which nothing runs yet, for a first deploy; by default they run what the cluster is made of. */
  bareHosts?: boolean;
  /** Other people, groups and channels than the fake Slack's own. */
  slack?: Omit<FakeSlackOptions, 'clock' | 'log'>;
};

/** Where everything answers; printed as one JSON line by `stars sandbox`. */
export type SandboxAddresses = {
  marathon: string;
  chronos: string;
  mesos: string[];
  agents: string[];
  mesosDns: string;
  zookeeper: string[];
  slack: string;
  hosts: { name: string; address: string; port: number }[];
  knownHosts: string;
  privateKey: string;
  home: string;
};

export type Sandbox = {
  addresses: SandboxAddresses;
  hosts: SimulatedHosts;
  cluster: SimulatedCluster;
  slack: FakeSlack;
  stop(): Promise<void>;
};

const MASTERS = 3;

/** A practice cluster in this process: hosts over real SSH, the cluster's APIs over real HTTP, and Slack. Nothing outside loopback. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, log } = options;
  const names = hostNames(options.workers ?? 5);
  const folder = mkdtempSync(join(tmpdir(), 'stars-sandbox-'));
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.toReversed()) await end();
  };
  try {
    // Who leads is told by an address, which has to be that of one host.
    const addressOf = await loopbackAddresses(names.masters);
    const hosts = await startHosts({ names: [...names.masters, ...names.workers], addressOf, clock, log });
    stops.push(() => hosts.stop());
    if (options.bareHosts !== true) await installStack(hosts, names);
    const cluster = await startCluster({
      clock,
      log,
      masters: names.masters.map((name) => ({ name, address: '127.0.0.1', listensOn: addressOf.get(name) })),
      agents: names.workers.map((name) => ({ name, address: '127.0.0.1', cpus: 8, mem: 32_768, disk: 200_000 })),
      ...loaded(options),
    });
    stops.push(() => cluster.stop());
    const slack = await startFakeSlack({ clock, log, ...options.slack });
    stops.push(() => slack.stop());
    // Uncoupled first at the end: units that stop with their host must not start anything in the cluster again.
    stops.push(coupleServices(hosts, cluster));
    const addresses = {
      ...addressesOf(hosts, cluster, slack),
      ...writeHome(folder, { options, hosts, cluster, names }),
    };
    return { addresses, hosts, cluster, slack, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Names = { masters: string[]; workers: string[] };

function hostNames(workers: number): Names {
  const name = (index: number) => `stars-c${index}`;
  return {
    masters: Array.from({ length: MASTERS }, (_, index) => name(index)),
    workers: Array.from({ length: workers }, (_, index) => name(MASTERS + index)),
  };
}

function loaded({ appsFile, jobsFile }: SandboxOptions): { apps?: unknown; jobs?: unknown } {
  return { ...(appsFile ? { apps: readJson(appsFile) } : {}), ...(jobsFile ? { jobs: readJson(jobsFile) } : {}) };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StarsError('USAGE', `${file} is not readable JSON.`, {
      hint: 'Give the file of a backup: conf/marathon/apps.json or conf/chronos/jobs.json.',
      cause: error,
    });
  }
}

/** A unit that stops on a host is missed by the cluster, and the other way round. */
function coupleServices(hosts: SimulatedHosts, cluster: SimulatedCluster): () => Promise<void> {
  const uncouple = hosts.hosts.map(({ name }) =>
    hosts
      .host(name)
      .onServiceChange(({ unit, state }) => void cluster.control.serviceOn(name, unit, state === 'active')),
  );
  return async () => {
    for (const end of uncouple) end();
  };
}

function addressesOf(
  hosts: SimulatedHosts,
  cluster: SimulatedCluster,
  slack: FakeSlack,
): Omit<SandboxAddresses, 'knownHosts' | 'privateKey' | 'home'> {
  const { marathon, chronos, mesos, agents, mesosDns } = cluster.urls;
  return {
    marathon,
    chronos,
    mesos,
    agents,
    mesosDns,
    zookeeper: cluster.zookeeper,
    slack: slack.url,
    hosts: [...hosts.hosts],
  };
}

type HomeParts = { options: SandboxOptions; hosts: SimulatedHosts; cluster: SimulatedCluster; names: Names };

/** A Stars home whose environment `sandbox` points at this sandbox. */
function writeHome(
  folder: string,
  { options, hosts, cluster, names }: HomeParts,
): Pick<SandboxAddresses, 'knownHosts' | 'privateKey' | 'home'> {
  const home = join(folder, 'home');
  const environment = join(home, 'inventories', 'sandbox');
  mkdirSync(environment, { recursive: true });
  symlinkSync(options.stackFolder, join(home, 'stack'));
  const knownHosts = join(folder, 'known_hosts');
  const privateKey = join(folder, 'id_ed25519');
  writeFileSync(knownHosts, `${hosts.knownHostsLines.join('\n')}\n`);
  writeFileSync(privateKey, hosts.clientPrivateKey);
  chmodSync(privateKey, 0o600);
  for (const name of ['group_vars', 'host_vars']) {
    const from = options.variablesFolder && join(options.variablesFolder, name);
    if (from && existsSync(from)) cpSync(from, join(environment, name), { recursive: true });
  }
  writeFileSync(join(environment, 'hosts'), inventoryText(hosts, names));
  writeFileSync(join(environment, 'environment.yml'), environmentText(cluster, { knownHosts, privateKey }));
  return { knownHosts, privateKey, home };
}

function inventoryText({ hosts }: SimulatedHosts, { masters, workers }: Names): string {
  const line = (name: string) => {
    const host = hosts.find((one) => one.name === name);
    return `${name} ansible_host=${host?.address} ansible_port=${host?.port}`;
  };
  return [
    '[masters]',
    ...masters.map(line),
    '',
    '[workers]',
    ...workers.map(line),
    '',
    '[all:vars]',
    'ansible_user=stars',
    '',
  ].join('\n');
}

function environmentText(
  { urls, zookeeper }: SimulatedCluster,
  files: { knownHosts: string; privateKey: string },
): string {
  const config = {
    connection: { user: 'stars', privateKeyFile: files.privateKey, knownHosts: files.knownHosts },
    marathon: { url: [urls.marathon, ...urls.marathonStandbys] },
    chronos: { url: [urls.chronosBehindProxy, urls.chronosStandby] },
    mesos: { url: urls.mesos },
    mesosDns: { url: urls.mesosDns },
    zookeeper: { hosts: zookeeper },
    services: Object.fromEntries(Object.entries(urls.services).map(([name, url]) => [name, { url }])),
  };
  return `# Written by the sandbox; JSON is YAML as well.\n${JSON.stringify(config, null, 2)}\n`;
}
