import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.js';
import type { HostTarget } from '../../../src/connection/connection.js';
import { poll } from '../../../src/poll.js';
import { hostsFolder } from './base-image.js';
import { type HostKind, imageOf } from './host-kinds.js';
import { createNamespace, createNetwork, type HostNetwork, networkOf, removeNetwork } from './host-network.js';
import { childrenOf, identify, isAlive, type ProcessIdentity, signalProcess } from './process-identity.js';
import { requireRootAndPackages } from './requirements.js';
import { run, tryRun } from './run-command.js';

/** One booted Debian host with systemd and OpenSSH. */
export type RealHost = {
  name: string;
  address: string;
  /** Root of its file system, as this machine sees it through the host's own processes. */
  root(): string;
  /** The folder of this machine that holds what the host wrote over its image; what it removed is a device there with the numbers 0, 0. */
  written: string;
  /** How to reach it as `stars` (key, sudo without a password); other users: `pw` (sudo asks for `PW_PASSWORD`), `plain` (no sudo), `root`. */
  target(fields?: Partial<HostTarget>): HostTarget;
  /** Stops or continues every process of the host: it keeps its address and says nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends the host as a power cut does. */
  kill(): Promise<void>;
  /** Runs a command in the host without SSH, as root. */
  inside(program: string, ...args: string[]): Promise<string>;
};

export type RealHosts = {
  hosts: RealHost[];
  host(index: number): RealHost;
  privateKeyFile: string;
  knownHostsFile: string;
  /** Public host keys by host name: `TYPE KEY`. */
  hostKeys: ReadonlyMap<string, string[]>;
  /** Ends exactly these hosts and wipes what they wrote. */
  stop(): Promise<void>;
};

export const PW_PASSWORD = 'secret of pw';

const BOOT_SCRIPT = join(import.meta.dirname, 'boot-host.sh');
const BOOT_TIMEOUT_MS = 60_000;

type Booted = { host: RealHost; supervisor: ProcessIdentity; namespace: string };

/** Boots `count` hosts (alpha0, alpha1 …) that reach each other and this machine and nothing else. Stop them in `afterAll`. */
export async function realHosts(count: number, { kind = 'debian' }: { kind?: HostKind } = {}): Promise<RealHosts> {
  await requireRootAndPackages();
  const base = await imageOf(kind);
  allowManySystemds();
  await removeLeftovers();
  const network = await createNetwork();
  const folder = await claimFolder(network);
  const booted: Booted[] = [];
  const stop = () => stopAll(booted, { network, folder, count });
  try {
    const privateKeyFile = await generateKey(join(folder, 'id_ed25519'), 'ed25519');
    const knownHostsFile = join(folder, 'known_hosts');
    const hostKeys = new Map<string, string[]>();
    for (let index = 0; index < count; index++) {
      booted.push(await boot(index, { count, network, folder, base, privateKeyFile, knownHostsFile, hostKeys }));
    }
    const lines = booted.flatMap(({ host }) =>
      (hostKeys.get(host.name) ?? []).map((key) => `${host.name},${host.address} ${key}\n`),
    );
    await writeFile(knownHostsFile, lines.join(''));
    for (const { host, supervisor } of booted)
      await untilUp(host, { supervisor, privateKeyFile, knownHostsFile, folder });
    const hosts = booted.map(({ host }) => host);
    return { hosts, host: (index) => at(hosts, index), privateKeyFile, knownHostsFile, hostKeys, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Under its name only once it says whose it is. */
async function claimFolder({ number }: HostNetwork): Promise<string> {
  const folder = join(hostsFolder(), `run-${number}`);
  const claim = `${folder}.${process.pid}`;
  await mkdir(claim, { mode: 0o700 });
  await writeFile(join(claim, 'owner'), JSON.stringify(identify(process.pid)));
  await rename(claim, folder);
  return folder;
}

function at(hosts: readonly RealHost[], index: number): RealHost {
  const host = hosts[index];
  if (!host) throw new RangeError(`There is no host ${index}.`);
  return host;
}

/** Each systemd needs inotify instances; the usual 128 of one user are used up by a handful of hosts. */
function allowManySystemds(): void {
  const setting = '/proc/sys/fs/inotify/max_user_instances';
  if (Number(readFileSync(setting, 'utf8')) < 8192) writeFileSync(setting, '8192');
}

type BootOptions = {
  count: number;
  network: HostNetwork;
  folder: string;
  base: string;
  privateKeyFile: string;
  knownHostsFile: string;
  hostKeys: Map<string, string[]>;
};

async function boot(index: number, options: BootOptions): Promise<Booted> {
  const { count, network, base, privateKeyFile, knownHostsFile } = options;
  const name = `alpha${index}`;
  const address = `${network.subnet}.${10 + index}`;
  const folder = join(options.folder, name);
  await mkdir(folder);
  await writeFile(join(folder, 'hosts'), etcHosts(network, count));
  await writeFile(join(folder, 'authorized_keys'), await readFile(`${privateKeyFile}.pub`, 'utf8'));
  options.hostKeys.set(name, await generateHostKeys(folder));
  const namespace = await createNamespace(network, index);
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn('unshare', ['-m', BOOT_SCRIPT, name, folder, base, namespace], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  child.unref();
  const supervisor = child.pid === undefined ? undefined : identify(child.pid);
  if (!supervisor) throw new Error(`${name} did not start: ${await readFile(join(folder, 'log'), 'utf8')}`);
  await writeFile(join(folder, 'supervisor'), JSON.stringify(supervisor));
  return {
    supervisor,
    namespace,
    host: createRealHost({ name, address, folder, namespace, supervisor, privateKeyFile, knownHostsFile }),
  };
}

function etcHosts({ subnet }: HostNetwork, count: number): string {
  const lines = Array.from({ length: count }, (_, index) => `${subnet}.${10 + index} alpha${index}\n`);
  return `127.0.0.1 localhost\n${lines.join('')}`;
}

async function generateHostKeys(folder: string): Promise<string[]> {
  const keys: string[] = [];
  for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
    const file = await generateKey(join(folder, `ssh_host_${type}_key`), type);
    keys.push((await readFile(`${file}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ').trim());
  }
  return keys;
}

async function generateKey(file: string, type: 'ed25519' | 'ecdsa' | 'rsa'): Promise<string> {
  await run('ssh-keygen', [
    '-q',
    '-t',
    type,
    ...(type === 'rsa' ? ['-b', '2048'] : []),
    '-N',
    '',
    '-C',
    'test',
    '-f',
    file,
  ]);
  return file;
}

type RealHostParts = Pick<RealHost, 'name' | 'address'> & {
  folder: string;
  namespace: string;
  supervisor: ProcessIdentity;
  privateKeyFile: string;
  knownHostsFile: string;
};

function createRealHost({
  name,
  address,
  folder,
  namespace,
  supervisor,
  privateKeyFile,
  knownHostsFile,
}: RealHostParts): RealHost {
  /** The host's PID 1: the child of nspawn, which is the child of the supervisor. */
  function leader(): ProcessIdentity {
    const nspawn = childrenOf(supervisor.pid)[0];
    const init = nspawn === undefined ? undefined : childrenOf(nspawn)[0];
    const identity = init === undefined ? undefined : identify(init);
    if (!identity) throw new Error(`${name} does not run.`);
    return identity;
  }

  function signalAll(signal: NodeJS.Signals): void {
    for (const pid of cgroupProcesses(namespace)) {
      const identity = identify(pid);
      if (identity && pid !== supervisor.pid) signalProcess(identity, signal);
    }
  }

  return {
    name,
    address,
    root: () => `/proc/${leader().pid}/root`,
    written: join(folder, 'upper'),
    target: (fields = {}) => ({
      name,
      address,
      port: 22,
      user: 'stars',
      privateKeyFiles: [privateKeyFile],
      knownHostsFiles: [knownHostsFile],
      kind: 'ssh',
      connectTimeoutMs: 10_000,
      agentSocket: 'none',
      ...fields,
    }),
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    async kill() {
      signalProcess(leader(), 'SIGKILL');
      await untilGone(supervisor);
    },
    inside: (program, ...args) => run('nsenter', ['-t', String(leader().pid), '-a', program, ...args]),
  };
}

function cgroupProcesses(namespace: string): number[] {
  const [tree] = cgroupTrees(namespace);
  return tree === undefined ? [] : processesIn(tree);
}

/** The processes of this group and of those in it, of which some may go while this looks. */
function processesIn(group: string): number[] {
  try {
    const own = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    const inner = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...inner.flatMap(({ name }) => processesIn(join(group, name)))];
  } catch (thrown) {
    if (isGone(thrown)) return [];
    throw thrown;
  }
}

/** A group that is removed while it is read is no such file, or no such device. */
function isGone(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENODEV');
}

function cgroupTrees(namespace: string): string[] {
  return ['/sys/fs/cgroup/unified', '/sys/fs/cgroup']
    .map((tree) => join(tree, namespace))
    .filter((tree) => existsSync(tree));
}

type UpOptions = { supervisor: ProcessIdentity; privateKeyFile: string; knownHostsFile: string; folder: string };

/** Up means: a login works and systemd has started what it should. */
async function untilUp(
  { name, address }: RealHost,
  { supervisor, privateKeyFile, knownHostsFile, folder }: UpOptions,
): Promise<void> {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=2',
    'LogLevel=ERROR',
    `UserKnownHostsFile=${knownHostsFile}`,
    'IdentitiesOnly=yes',
  ];
  const args = [...options.flatMap((option) => ['-o', option]), '-i', privateKeyFile, `root@${address}`];
  const command = 'systemctl is-system-running --wait >/dev/null 2>&1; true';
  await poll(
    async () => {
      if (!isAlive(supervisor))
        throw new Error(`${name} went down: ${await readFile(join(folder, name, 'log'), 'utf8')}`);
      return (await tryRun('ssh', ['-F', '/dev/null', ...args, command])).code === 0 || undefined;
    },
    { clock: systemClock, everyMs: 100, timeoutMs: BOOT_TIMEOUT_MS, what: `The start of ${name}` },
  );
}

async function stopAll(
  booted: readonly Booted[],
  { network, folder, count }: { network: HostNetwork; folder: string; count: number },
): Promise<void> {
  await Promise.all(booted.map(({ supervisor }) => endSupervisor(supervisor)));
  for (const { namespace } of booted) {
    for (const tree of cgroupTrees(namespace))
      await tryRun('find', [tree, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
  }
  await removeNetwork(network, count);
  await rm(folder, { recursive: true, force: true });
}

/** Hosts are disposable: their PID 1 is killed, and all they run with it. */
async function endSupervisor(supervisor: ProcessIdentity): Promise<void> {
  if (!isAlive(supervisor)) return;
  const nspawn = childrenOf(supervisor.pid)[0];
  const init = nspawn === undefined ? undefined : childrenOf(nspawn)[0];
  const target = identify(init ?? nspawn ?? supervisor.pid);
  if (target) signalProcess(target, 'SIGKILL');
  await untilGone(supervisor).catch(() => signalProcess(supervisor, 'SIGKILL'));
}

function untilGone(supervisor: ProcessIdentity): Promise<true> {
  return poll(async () => (isAlive(supervisor) ? undefined : true), {
    clock: systemClock,
    everyMs: 20,
    timeoutMs: 10_000,
    what: 'The end of a host',
  });
}

/** Sets whose maker was killed before it could tidy up. Renaming a folder takes it: nobody else cleans it too. */
async function removeLeftovers(): Promise<void> {
  await mkdir(hostsFolder(), { recursive: true });
  for (const name of readdirSync(hostsFolder())) {
    const number = /^run-(\d+)$/.exec(name)?.[1];
    const folder = join(hostsFolder(), name);
    if (number === undefined || ownerLives(folder)) continue;
    const taken = join(hostsFolder(), `left-${number}-${process.pid}`);
    const mine = await rename(folder, taken).then(
      () => true,
      () => false,
    );
    if (mine) await removeLeftover(taken, Number(number));
  }
}

function ownerLives(folder: string): boolean {
  const owner = join(folder, 'owner');
  return existsSync(owner) && isAlive(JSON.parse(readFileSync(owner, 'utf8')) as ProcessIdentity);
}

async function removeLeftover(folder: string, number: number): Promise<void> {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'supervisor')));
  for (const name of names) {
    await endSupervisor(JSON.parse(readFileSync(join(folder, name, 'supervisor'), 'utf8')) as ProcessIdentity);
  }
  await removeNetwork(networkOf(number), names.length);
  await rm(folder, { recursive: true, force: true });
}
