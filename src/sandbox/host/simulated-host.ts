import type { Clock } from '../../clock.js';
import type { Log } from '../../log.js';
import { fromByteString, toByteString } from './bytes.js';
import { createPrograms } from './commands/programs.js';
import { mountKernelFiles } from './fs/kernel-files.js';
import { FileSystem } from './fs/file-system.js';
import { putFile } from './fs/base-tree.js';
import { fileBytes } from './fs/inode.js';
import { Kernel } from './kernel/kernel.js';
import { SinkFile, TextFile } from './kernel/open-file.js';
import { SIGNALS } from './kernel/signals.js';
import type { Machine, SudoFault } from './machine.js';
import { PackageDatabase } from './packages/database.js';
import { Journal } from './services/journal.js';
import { ServiceManager } from './services/manager.js';
import type { ServiceChange } from './services/manager.js';
import { startSshServer } from './ssh/server.js';
import { Users } from './users.js';

export type RunResult = { code: number; stdout: string; stderr: string };

/** One host: what is in it, and ways to make trouble. */
export type SimulatedHost = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly fs: FileSystem;
  readonly users: Users;
  readonly packages: PackageDatabase;
  readonly services: ServiceManager;
  /** Tells every change of a unit's state until the returned function is called. */
  onServiceChange(listener: (change: ServiceChange) => void): () => void;
  /** Text of a file; undefined when there is none. */
  read(path: string): string | undefined;
  /** Writes a file of root's; its folder must exist. */
  write(path: string, text: string, mode?: number): void;
  /** Runs a shell script without SSH, as root unless another user is named. */
  run(script: string, options?: { user?: string; stdin?: string; signal?: AbortSignal }): Promise<RunResult>;
  /** The host stops answering; connections stay open. */
  freeze(): void;
  thaw(): void;
  /** Every authentication fails while this is on. */
  refuseLogins(on?: boolean): void;
  /** Connections are closed before the SSH greeting while this is on. */
  refuseConnections(on?: boolean): void;
  dropConnections(): void;
  /** What sudo does from now on; `none` repairs it. */
  breakSudo(fault?: SudoFault): void;
  /** Its disk is as full as this, in percent; 0 for no fuller than what is in it. */
  fillDisk(percent: number): void;
  /** All services and sessions end, enabled services start again. */
  reboot(): Promise<void>;
  stop(): Promise<void>;
};

export type HostOptions = {
  name: string;
  base: FileSystem;
  hostKey: string;
  clock: Clock;
  log: Log;
  neighbours: readonly string[];
  /** An address of loopback; 127.0.0.1 unless told. */
  address?: string | undefined;
};

const MAX_CAPTURED = 64 * 1024 * 1024;

/** Boots a host and its SSH server on a free port. */
export async function startHost(options: HostOptions): Promise<SimulatedHost> {
  const { name, base, hostKey, clock, log, neighbours, address = '127.0.0.1' } = options;
  const refuses = { logins: false, connections: false };
  const machine = createMachine(name, base, clock);
  putFile(machine.fs, '/etc/hostname', `${name}\n`);
  putFile(
    machine.fs,
    '/etc/hosts',
    ['127.0.0.1 localhost localhost.localdomain', ...neighbours.map((other) => `127.0.0.1 ${other}`), ''].join('\n'),
  );
  await machine.services.boot();
  const ssh = await startSshServer({ machine, hostKey, address, log, refuses: () => refuses });

  function run(
    script: string,
    { user = 'root', stdin = '', signal }: { user?: string; stdin?: string; signal?: AbortSignal } = {},
  ): Promise<RunResult> {
    return runScript(machine, toByteString(script), user, toByteString(stdin), signal);
  }

  async function reboot(): Promise<void> {
    ssh.dropConnections();
    machine.services.killAll();
    for (const proc of machine.kernel.processes.values()) if (proc.pid !== 1) proc.signal(SIGNALS.KILL);
    await new Promise((resolve) => setImmediate(resolve));
    await machine.services.boot();
  }

  async function stop(): Promise<void> {
    await ssh.stop();
    machine.services.killAll();
    for (const proc of machine.kernel.processes.values()) if (proc.pid !== 1) proc.signal(SIGNALS.KILL);
  }

  return {
    name,
    address,
    port: ssh.port,
    fs: machine.fs,
    users: machine.users,
    packages: machine.packages,
    services: machine.services,
    onServiceChange: (listener) => machine.services.onChange(listener),
    read: (path) => readText(machine.fs, toByteString(path)),
    write: (path, text, mode) => putFile(machine.fs, toByteString(path), text, mode),
    run,
    freeze: ssh.freeze,
    thaw: ssh.thaw,
    refuseLogins: (on = true) => {
      refuses.logins = on;
    },
    refuseConnections: (on = true) => {
      refuses.connections = on;
    },
    dropConnections: ssh.dropConnections,
    breakSudo: (fault = 'not-allowed') => {
      machine.sudoFault = fault;
    },
    fillDisk: (percent) => {
      machine.diskFilled = percent;
    },
    reboot,
    stop,
  };
}

/** A host without SSH: kernel, file system, accounts, packages and services wired together. */
function createMachine(name: string, base: FileSystem, clock: Clock): Machine {
  const fs = new FileSystem(clock, base);
  const users = new Users(fs);
  const programs = createPrograms(() => machine);
  const kernel = new Kernel(fs, clock, programs, clock.now());
  const journal = new Journal(clock, () => machine.hostname);
  const machine: Machine = {
    name,
    hostname: name,
    diskFilled: 0,
    clock,
    fs,
    kernel,
    users,
    packages: new PackageDatabase(fs, users, clock),
    services: new ServiceManager(kernel, users, journal),
    journal,
    sudoFault: 'none',
  };
  mountKernelFiles(machine);
  return machine;
}

async function runScript(
  machine: Machine,
  script: string,
  userName: string,
  stdin: string,
  signal?: AbortSignal,
): Promise<RunResult> {
  const { kernel, users } = machine;
  const user = users.find(userName);
  if (!user) return { code: 1, stdout: '', stderr: `no such user: ${userName}\n` };
  const proc = kernel.fork(kernel.init, ['sh', '-c', script]);
  proc.session = proc.group = proc.pid;
  proc.user = users.credentials(user);
  proc.cwd = user.home;
  for (const [key, value] of Object.entries({
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: user.shell,
  }))
    proc.environment.set(key, value);
  const output = capture();
  const errors = capture();
  proc.install(0, new TextFile(stdin));
  proc.install(1, output.file);
  proc.install(2, errors.file);
  const abort = () => {
    for (const other of kernel.processes.values()) if (other.session === proc.session) other.signal(SIGNALS.KILL);
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  const code = await kernel.run(proc, () => kernel.exec(proc, ['sh', '-c', script], '/bin/sh'));
  signal?.removeEventListener('abort', abort);
  return { code, stdout: output.text(), stderr: errors.text() };
}

function capture(): { file: SinkFile; text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  const file = new SinkFile((bytes) => {
    size += bytes.length;
    if (size <= MAX_CAPTURED) chunks.push(Buffer.from(bytes));
  });
  return { file, text: () => fromByteString(Buffer.concat(chunks).toString('latin1')) };
}

function readText(fs: FileSystem, path: string): string | undefined {
  const node = fs.find(path);
  return node?.kind === 'file' ? fileBytes(node).toString('utf8') : undefined;
}
