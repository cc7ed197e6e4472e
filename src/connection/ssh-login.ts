import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ServerHostKeyAlgorithm } from 'ssh2';
import { StarsError } from '../errors.js';
import type { HostTarget } from './connection.js';
import { hostKeyProblem, preferredAlgorithms, type ReadKnownHosts } from './known-hosts.js';
import { authentication, refused } from './ssh-authentication.js';

/** A host that does not answer `count` times in a row, asked at this interval, is lost. */
export type Keepalive = { intervalMs: number; count: number };

export type LoginOptions = {
  agentSocket: string | undefined;
  readKnownHosts: ReadKnownHosts;
  keepalive: Keepalive;
  signal: AbortSignal | undefined;
  /** A stream to the host through another one. */
  sock?: Duplex | undefined;
};

/** The host closed the connection before it showed its key, as a full sshd does (MaxStartups): another try may get in. */
export class TurnedAway extends Error {}

/** An SSH connection that is logged in and whose host key is known. Rejects with UNREACHABLE, HOST_KEY, AUTHENTICATION or CANCELLED. */
export async function login(
  target: HostTarget,
  { agentSocket, readKnownHosts, keepalive, signal, sock }: LoginOptions,
): Promise<Client> {
  const { address, port, user, connectTimeoutMs } = target;
  const named = target.hostKeyName ?? address;
  const known = await readKnownHosts(target.knownHostsFiles);
  const ways = await authentication(target, agentSocket);
  if (signal?.aborted) throw cancelledConnecting(target, signal);
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let hostKeyError: StarsError | undefined;
    let last: Error | undefined;
    let knowsHost = false;

    function fail(error: StarsError): void {
      signal?.removeEventListener('abort', onAbort);
      reject(error);
      client.destroy();
    }
    function explained(error: SshError): StarsError {
      if (hostKeyError) return hostKeyError;
      const told = explain(target, error, () => refused(target, ways, error));
      return !knowsHost && isHangUp(error) ? told.with({ cause: new TurnedAway(error.message) }) : told;
    }
    const onAbort = () => fail(cancelledConnecting(target, signal));
    signal?.addEventListener('abort', onAbort, { once: true });

    client.on('error', (error: Error & { level?: string }) => {
      last = error;
      // An agent or a key that fails is one way less, not the end.
      if (error.level === 'agent' || /^Error (while )?signing/.test(error.message)) ways.tried.push(error.message);
      else fail(explained(error));
    });
    client.once('close', () => fail(explained(last ?? new Error('it closed the connection'))));
    client.once('ready', () => {
      signal?.removeEventListener('abort', onAbort);
      // Nagle's algorithm against delayed acknowledgements costs 40 ms an exchange.
      client.setNoDelay(true);
      resolve(client);
    });
    client.connect({
      host: address,
      port,
      username: user,
      sock,
      readyTimeout: connectTimeoutMs,
      keepaliveInterval: keepalive.intervalMs,
      keepaliveCountMax: keepalive.count,
      authHandler: ways.methods,
      algorithms: { serverHostKey: preferredAlgorithms(known, named, port) as ServerHostKeyAlgorithm[] },
      hostVerifier(key: Buffer): boolean {
        knowsHost = true;
        hostKeyError = hostKeyProblem(known, { host: target.name, address: named, port, key }, target.knownHostsFiles);
        return hostKeyError === undefined;
      },
    });
  });
}

export function cancelledConnecting({ name }: HostTarget, signal: AbortSignal | undefined): StarsError {
  return new StarsError('CANCELLED', `${name}: cancelled while connecting.`, { cause: signal?.reason });
}

type SshError = Error & { level?: string; code?: string };

function isHangUp({ message, code }: SshError): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || /before handshake|closed the connection/.test(message);
}

function explain(
  { name, address, port, connectTimeoutMs }: HostTarget,
  error: SshError,
  notLetIn: () => StarsError,
): StarsError {
  if (error.level === 'client-authentication' || /too many authentication failures/i.test(error.message))
    return notLetIn();
  const place = `${name}: ${address} port ${port}`;
  const unreachable = (message: string, hint: string) => new StarsError('UNREACHABLE', message, { hint, cause: error });
  if (error.level === 'client-timeout') {
    return unreachable(
      `${place} did not answer within ${connectTimeoutMs / 1000} s.`,
      'Is the host up, and may this machine reach it?',
    );
  }
  switch (error.code) {
    case 'ECONNREFUSED':
      return unreachable(`${place} refuses connections.`, 'Is sshd running there, on this port?');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(
        `${name}: the name ${address} cannot be resolved.`,
        'Check the name, or set ansible_host to an address.',
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return unreachable(`${place} cannot be reached.`, 'Is the host up, and is there a route to it?');
    default:
      return unreachable(
        `${place}: no SSH connection: ${error.message}.`,
        "See sshd's log on the host; it may be full (MaxStartups) or no SSH server.",
      );
  }
}
