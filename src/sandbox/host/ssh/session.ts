import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import { toByteString } from '../bytes.js';
import { Errno } from '../fs/errno.js';
import type { Process } from '../kernel/process.js';
import { SinkFile } from '../kernel/open-file.js';
import type { OpenFile } from '../kernel/open-file.js';
import { Pipe } from '../kernel/pipe.js';
import type { Waiter } from '../kernel/waiter.js';
import { SIGNALS, signalName, signalNumber } from '../kernel/signals.js';
import type { Machine } from '../machine.js';
import type { Login } from './login.js';
import { serveSftp } from './sftp.js';

const MAX_COMMAND = 2 * 1024 * 1024;

/** One session channel: a command, a shell or SFTP. */
export function serveSession(session: Session, login: Login): void {
  const environment = new Map<string, string>();
  let terminal: PseudoTtyInfo | undefined;
  let running: Process | undefined;
  session.on('pty', (accept, _reject, info) => {
    terminal = info;
    accept?.();
  });
  session.on('window-change', (accept) => accept?.());
  // As a stock sshd: only the locale is taken over.
  session.on('env', (accept, reject, { key, val }) => {
    if (!/^(LANG|LC_\w+)$/.test(key)) return reject?.();
    environment.set(key, val);
    accept?.();
  });
  session.on('signal', (accept, _reject, { name }) => {
    const signal = signalNumber(name);
    if (signal !== undefined && running) signalSession(login.machine, running, signal);
    accept?.();
  });
  session.on('exec', (accept, reject, { command }) => {
    if (command.length > MAX_COMMAND) return reject();
    running = start(accept(), ['-c', toByteString(command)]);
  });
  session.on('shell', (accept) => {
    running = start(accept(), ['-l']);
  });
  session.on('sftp', (accept) => serveSftp(accept(), login));

  function start(channel: ServerChannel, args: string[]): Process {
    return runShell({ channel, login, args, environment, terminal: terminal !== undefined });
  }
}

type ShellStart = {
  channel: ServerChannel;
  login: Login;
  args: string[];
  environment: Map<string, string>;
  terminal: boolean;
};

function runShell({ channel, login, args, environment, terminal }: ShellStart): Process {
  const { machine, user } = login;
  const { kernel } = machine;
  const proc = kernel.fork(kernel.init);
  proc.session = proc.group = proc.pid;
  proc.user = machine.users.credentials(user);
  proc.cwd = machine.fs.find(user.home, proc.user)?.kind === 'dir' ? user.home : '/';
  proc.environment = loginEnvironment(login, environment);
  const outputs = connectStreams(channel, proc, terminal);
  const shell = user.shell || '/bin/sh';
  const argv = args[0] === '-l' ? [`-${shell.slice(shell.lastIndexOf('/') + 1)}`] : [shell, ...args];
  channel.on('error', () => hangUp(machine, proc));
  channel.on('close', () => {
    if (proc.status === undefined || outputs.open()) hangUp(machine, proc);
  });
  void live(proc, { machine, channel, argv, shell }).finally(() => outputs.finish());
  return proc;
}

async function live(
  proc: Process,
  {
    machine: { kernel },
    channel,
    argv,
    shell,
  }: { machine: Machine; channel: ServerChannel; argv: string[]; shell: string },
): Promise<void> {
  const status = await kernel.run(proc, () => kernel.exec(proc, argv, shell));
  if (proc.killedBy === undefined) channel.exit(status);
  else channel.exit((signalName(proc.killedBy) ?? 'KILL') as 'KILL');
}

function loginEnvironment({ user, peer, port }: Login, environment: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([
    ...environment,
    ['USER', user.name],
    ['LOGNAME', user.name],
    ['HOME', user.home],
    ['SHELL', user.shell],
    ['PATH', '/usr/local/bin:/usr/bin'],
    ['MAIL', `/var/mail/${user.name}`],
    ['SSH_CLIENT', `${peer.address} ${peer.port} ${port}`],
    ['SSH_CONNECTION', `${peer.address} ${peer.port} 127.0.0.1 ${port}`],
  ]);
}

/** Joins the channel with descriptors 0 to 2; the channel closes once the shell has ended and nobody holds its output any more. */
function connectStreams(channel: ServerChannel, proc: Process, terminal: boolean) {
  let holders = 2;
  let ended = false;
  const closeWhenOver = () => {
    if (!ended || holders > 0) return;
    channel.end();
    channel.close();
  };
  const released = () => {
    holders--;
    closeWhenOver();
  };
  const convert = (bytes: Buffer) =>
    terminal ? Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1') : bytes;
  const output = new SinkFile((bytes, writer) => send(channel, channel, convert(bytes), writer), released);
  const errors = new SinkFile(
    (bytes, writer) => send(channel, terminal ? channel : channel.stderr, convert(bytes), writer),
    released,
  );
  proc.install(0, readChannel(channel, terminal));
  proc.install(1, output);
  proc.install(2, errors);
  return {
    open: () => holders > 0,
    finish() {
      ended = true;
      closeWhenOver();
    },
  };
}

/** Writes and waits while the client is slow; a closed channel is a broken pipe. */
async function send(
  channel: ServerChannel,
  stream: NodeJS.WritableStream,
  bytes: Buffer,
  writer: Waiter,
): Promise<void> {
  if (channel.destroyed || channel.writableEnded) {
    writer.signal(SIGNALS.PIPE);
    writer.check();
    throw new Errno('EPIPE');
  }
  if (stream.write(Buffer.from(bytes))) return;
  await writer.wait((wake) => {
    stream.once('drain', wake);
    channel.once('close', wake);
    return () => {
      stream.removeListener('drain', wake);
      channel.removeListener('close', wake);
    };
  });
}

function readChannel(channel: ServerChannel, terminal: boolean): OpenFile {
  const pipe = new Pipe();
  const reader = pipe.reader();
  const writer = pipe.writer();
  let open = true;
  const close = () => {
    if (open) writer.close();
    open = false;
  };
  channel.on('data', (bytes: Buffer) => {
    const text = terminal ? Buffer.from(bytes.toString('latin1').replaceAll('\r', '\n'), 'latin1') : bytes;
    if (terminal && text.includes(4)) return close();
    if (pipe.feed(text)) return;
    channel.pause();
    pipe.whenRoom(() => channel.resume());
  });
  channel.on('end', close);
  channel.on('close', close);
  return reader;
}

/** The terminal or connection is gone: everything that still belongs to the session is told. */
function hangUp(machine: Machine, leader: Process): void {
  signalSession(machine, leader, SIGNALS.HUP);
}

function signalSession({ kernel }: Machine, leader: Process, signal: number): void {
  for (const proc of kernel.processes.values()) if (proc.session === leader.session) proc.signal(signal);
}
