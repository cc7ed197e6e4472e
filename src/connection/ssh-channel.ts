import type { Client, ClientChannel } from 'ssh2';
import { StarsError } from '../errors.js';
import type { PipeEnd, ShellPipe } from './pipe.js';

/** Runs a command over a channel of its own. Rejects with UNREACHABLE. */
export function openChannel(client: Client, host: string, command: string): Promise<ShellPipe> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(noChannel(host, new Error('the connection is lost')));
    client.once('close', lost);
    const opened = (error: Error | undefined, channel: ClientChannel) => {
      client.removeListener('close', lost);
      if (error) reject(noChannel(host, error));
      else resolve(asPipe(channel));
    };
    try {
      client.exec(command, opened);
    } catch (error) {
      client.removeListener('close', lost);
      reject(noChannel(host, error as Error));
    }
  });
}

function noChannel(host: string, cause: Error): StarsError {
  const refused = /open failed/i.test(cause.message);
  return new StarsError('UNREACHABLE', `${host}: no shell can be opened: ${cause.message}.`, {
    hint: refused
      ? 'The host allows no more sessions on one connection: raise MaxSessions in its sshd_config.'
      : 'Check the host, then start the command again.',
    cause,
  });
}

function asPipe(channel: ClientChannel): ShellPipe {
  const ended = new Promise<PipeEnd>((settle) => {
    let end: PipeEnd = { code: undefined };
    channel.once('exit', (code: number | null, signal?: string) => {
      end = { code: code ?? undefined, signal: signal?.replace(/^SIG/, '') };
      // `close` waits for whoever holds the streams, a process in the background for ever.
      setTimeout(() => settle(end), STREAMS_GRACE_MS).unref();
    });
    channel.once('close', () => settle(end));
  });
  // What is behind an error shows as `close` without an exit code.
  channel.on('error', () => {});
  channel.stderr.on('error', () => {});
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, destroy: () => channel.destroy() };
}

const STREAMS_GRACE_MS = 250;
