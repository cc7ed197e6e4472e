import { spawn } from 'node:child_process';
import { systemClock, type Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import { quote } from '../shell/command.js';
import type { Redactor } from '../secret.js';
import type { HostClaim } from './claim.js';
import type { Connection } from './connection.js';
import type { PipeEnd, ShellPipe } from './pipe.js';
import { createShellConnection } from './shell-connection.js';

export type LocalOptions = {
  /** inventory_hostname */
  name: string;
  /** The shell and its arguments, default `/bin/sh`. */
  shell?: readonly string[] | undefined;
  clock?: Clock | undefined;
  redactor?: Redactor | undefined;
  outputLimitBytes?: number | undefined;
  launchTimeoutMs?: number | undefined;
  claim?: HostClaim | undefined;
};

/** The machine Stars runs on, through the same shells as any other host (`ansible_connection: local`). */
export function connectLocal(options: LocalOptions): Connection {
  const {
    name,
    shell = ['/bin/sh'],
    clock = systemClock,
    redactor,
    outputLimitBytes,
    launchTimeoutMs = 30_000,
    claim,
  } = options;
  return createShellConnection({
    launcher: {
      host: name,
      open: (command) => openLocal(name, command),
      clock,
      shell: shell.map(quote).join(' '),
      launchTimeoutMs,
    },
    claim,
    outputLimitBytes,
    redactor,
    closeTransport: () => Promise.resolve(),
  });
}

function openLocal(host: string, command: string): Promise<ShellPipe> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], { stdio: 'pipe' });
    const ended = new Promise<PipeEnd>((settle) => {
      child.once('close', (code, signal) => settle(endOf(code, signal)));
      // Something in the background may hold the streams for ever.
      child.once('exit', (code, signal) => setTimeout(() => settle(endOf(code, signal)), STREAMS_GRACE_MS).unref());
    });
    child.once('error', (cause) =>
      reject(new StarsError('UNREACHABLE', `${host}: cannot start a local shell: ${cause.message}`, { cause })),
    );
    child.once('spawn', () =>
      resolve({ stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended, destroy: () => destroy() }),
    );

    function destroy(): void {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.kill('SIGHUP');
    }
  });
}

const STREAMS_GRACE_MS = 250;

function endOf(code: number | null, signal: NodeJS.Signals | null): PipeEnd {
  return { code: code ?? undefined, signal: signal ?? undefined };
}
