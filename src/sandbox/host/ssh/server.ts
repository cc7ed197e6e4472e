import { createServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, PublicKeyAuthContext } from 'ssh2';
import type { Log } from '../../../log.js';
import { fileBytes } from '../fs/inode.js';
import type { Machine } from '../machine.js';
import type { User } from '../users.js';
import { serveSession } from './session.js';

const MAX_SESSIONS = 10;
const LOGIN_GRACE_MS = 120_000;

export type SshServer = {
  readonly port: number;
  /** From now on the host does not answer, as if it were stopped; connections stay open. */
  freeze(): void;
  thaw(): void;
  dropConnections(): void;
  stop(): Promise<void>;
};

export type SshServerOptions = {
  machine: Machine;
  hostKey: string;
  /** An address of loopback. */
  address: string;
  log: Log;
  refuses: () => { logins: boolean; connections: boolean };
};

/** An SSH server on a free port whose users, keys and passwords are those of the machine. */
export async function startSshServer({
  machine,
  hostKey,
  address,
  log,
  refuses,
}: SshServerOptions): Promise<SshServer> {
  const sockets = new Set<Socket>();
  const waiting = new Set<Socket>();
  let frozen = false;
  const ssh = new ssh2.Server({ hostKeys: [hostKey], ident: 'OpenSSH_7.4' }, (client, { ip, port }) => {
    serveClient(client, { machine, refuses, peer: { address: ip, port }, port: boundPort(tcp) }, log);
  });
  const tcp = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    if (refuses().connections) return socket.destroy();
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      waiting.delete(socket);
    });
    if (frozen) waiting.add(socket);
    else ssh.injectSocket(socket);
  });
  tcp.unref();
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(0, address, resolve);
  });

  function freeze(): void {
    frozen = true;
    for (const socket of sockets) {
      socket.pause();
      socket.cork();
    }
  }

  function thaw(): void {
    frozen = false;
    for (const socket of sockets) {
      socket.uncork();
      if (waiting.delete(socket)) ssh.injectSocket(socket);
      socket.resume();
    }
  }

  function dropConnections(): void {
    for (const socket of sockets) socket.destroy();
  }

  async function stop(): Promise<void> {
    const closed = new Promise((resolve) => tcp.close(resolve));
    dropConnections();
    await closed;
  }

  return { port: boundPort(tcp), freeze, thaw, dropConnections, stop };
}

function boundPort(server: TcpServer): number {
  return (server.address() as AddressInfo).port;
}

type ClientContext = {
  machine: Machine;
  refuses: () => { logins: boolean };
  peer: { address: string; port: number };
  port: number;
};

function serveClient(client: Connection, context: ClientContext, log: Log): void {
  const { machine, refuses } = context;
  let user: User | undefined;
  let sessions = 0;
  const grace = setTimeout(() => client.end(), LOGIN_GRACE_MS);
  grace.unref();
  client.on('authentication', (attempt) => {
    const known = refuses().logins ? undefined : machine.users.find(attempt.username);
    if (known && authenticates(attempt, known, machine)) {
      user = known;
      attempt.accept();
    } else attempt.reject(['publickey', 'password']);
  });
  client.on('ready', () => {
    clearTimeout(grace);
    client.on('session', (accept, reject) => {
      if (!user || sessions >= MAX_SESSIONS) return reject();
      sessions++;
      const session = accept();
      session.on('close', () => sessions--);
      serveSession(session, { machine, user, peer: context.peer, port: context.port });
    });
  });
  client.on('rekey', () => {});
  client.on('close', () => clearTimeout(grace));
  client.on('error', (error: Error) =>
    log.debug({ host: machine.name, error: error.message }, 'SSH client of a simulated host failed'),
  );
}

function authenticates(attempt: AuthContext, user: User, machine: Machine): boolean {
  if (attempt.method === 'password') return machine.users.passwordMatches(user.name, attempt.password);
  return attempt.method === 'publickey' && isAuthorized(attempt, user, machine);
}

function isAuthorized(attempt: PublicKeyAuthContext, user: User, machine: Machine): boolean {
  const node = machine.fs.find(`${user.home}/.ssh/authorized_keys`);
  // StrictModes: keys that others may write do not count.
  if (node?.kind !== 'file' || (node.mode & 0o022) !== 0 || (node.uid !== user.uid && node.uid !== 0)) return false;
  const offered = attempt.key.data.toString('base64');
  const line = fileBytes(node)
    .toString('utf8')
    .split('\n')
    .find((candidate) => !candidate.startsWith('#') && candidate.split(/\s+/).includes(offered));
  if (line === undefined) return false;
  if (!attempt.signature || !attempt.blob) return true;
  const key = ssh2.utils.parseKey(line.slice(line.search(/(ssh-|ecdsa-|sk-)/)));
  if (key instanceof Error) return false;
  // At run time it may be an Error as well, whatever the types say.
  const verdict: unknown = key.verify(attempt.blob, attempt.signature, attempt.hashAlgo);
  return verdict === true;
}
