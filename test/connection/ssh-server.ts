import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import type { HostTarget } from '../../src/connection/connection.js';

export type SshServerOptions = {
  /** Default: one new ed25519 key. */
  hostKeys?: string[];
  password?: string;
  /** Put in front of PATH: where a test keeps its own sudo. */
  programs?: string;
  /** What the login shell prints before it runs anything. */
  loginNoise?: string;
  /** A private or public key that may log in as well. */
  alsoAllowed?: string;
  /** Leaves forwarding unanswered and calls this. */
  onForward?: () => void;
};

/** An SSH server in this process that runs commands with the shell of this machine: one user, `ops`, one key. */
export async function startSshServer({
  hostKeys = [newKey()],
  password,
  programs,
  loginNoise,
  alsoAllowed,
  onForward,
}: SshServerOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'stars-sshd-'));
  const privateKeyFile = join(folder, 'id_ed25519');
  const userKey = newKey();
  writeFileSync(privateKeyFile, userKey, { mode: 0o600 });
  const allowed = [userKey, ...(alsoAllowed === undefined ? [] : [alsoAllowed])].map((key) =>
    parsed(key).getPublicSSH(),
  );
  const offered: string[] = [];
  const clients = new Set<Connection>();
  let forwarded = 0;

  const server = new ssh2.Server({ hostKeys }, (client) => {
    clients.add(client);
    client.on('error', () => {});
    client.on('close', () => clients.delete(client));
    client.on('authentication', (context) => {
      if (context.method === 'publickey') offered.push(context.key.data.toString('base64'));
      const keyFits = context.method === 'publickey' && allowed.some((key) => context.key.data.equals(key));
      const passwordFits = context.method === 'password' && context.password === password;
      if (context.username === 'ops' && (keyFits || passwordFits)) context.accept();
      else context.reject(password === undefined ? ['publickey'] : ['publickey', 'password']);
    });
    client.on('request', (accept, _reject, name, info) => {
      if (name !== 'tcpip-forward') return accept?.();
      return info;
    });
    client.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      forwarded++;
      if (onForward) return onForward();
      const channel = accept();
      const socket: Socket = connect(destPort, destIP);
      socket.on('error', () => channel.close());
      channel.on('close', () => socket.destroy());
      channel.pipe(socket).pipe(channel);
    });
    client.on('session', (acceptSession) => {
      const session = acceptSession();
      session.on('exec', (acceptExec, _reject, { command }) => runCommand(acceptExec(), command));
    });
  });

  function runCommand(channel: ServerChannel, command: string): void {
    const env = { ...process.env, PATH: programs ? `${programs}:${process.env.PATH}` : process.env.PATH };
    const child = spawn('/bin/sh', ['-c', loginNoise ? `${loginNoise}\n${command}` : command], { env });
    channel.pipe(child.stdin);
    child.stdin.on('error', () => {});
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code, signal) => {
      if (signal) channel.exit(signal.replace('SIG', ''));
      else channel.exit(code ?? 0);
      channel.end();
    });
    channel.on('close', () => {
      child.kill('SIGHUP');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    });
    channel.on('error', () => {});
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function target(fields: Partial<HostTarget> = {}): HostTarget {
    const knownHosts = join(folder, 'known_hosts');
    if (!fields.knownHostsFiles) writeFileSync(knownHosts, hostKeys.map((key) => knownLine(port, key)).join(''));
    return {
      name: 'alpha',
      address: '127.0.0.1',
      port,
      user: 'ops',
      privateKeyFiles: [privateKeyFile],
      knownHostsFiles: [knownHosts],
      kind: 'ssh',
      connectTimeoutMs: 5000,
      agentSocket: 'none',
      ...fields,
    };
  }

  return {
    port,
    folder,
    target,
    privateKeyFile,
    forwarded: () => forwarded,
    /** The public keys that clients wanted to log in with, in base64. */
    offered: () => [...new Set(offered)],
    connections: () => clients.size,
    /** As a crash of the host looks from outside. */
    drop() {
      for (const client of clients) client.end();
    },
    async stop() {
      for (const client of clients) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function newKey(type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519'): string {
  if (type === 'rsa') return ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).private;
  if (type === 'ecdsa') return ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private;
  // About one in two hundred of the library's ed25519 keys is malformed.
  const key = ssh2.utils.generateKeyPairSync('ed25519').private;
  return ssh2.utils.parseKey(key) instanceof Error ? newKey() : key;
}

/** `TYPE KEY`, as in a known_hosts line. */
export function publicKey(privateKey: string): string {
  const key = parsed(privateKey);
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

function knownLine(port: number, key: string): string {
  return `[127.0.0.1]:${port} ${publicKey(key)}\n`;
}

function parsed(key: string): ParsedKey {
  return ssh2.utils.parseKey(key) as ParsedKey;
}

/** An agent that holds these keys, behind a socket in the folder; gives the path of that. */
export async function startAgent(folder: string, privateKeys: readonly ParsedKey[]) {
  const socketPath = join(folder, 'agent');
  const server = createServer((socket) => {
    const protocol = new ssh2.AgentProtocol(false);
    protocol.on('identities', (request) => protocol.getIdentitiesReply(request, [...privateKeys]));
    protocol.on('sign', (request, key, data) => {
      const wanted = key.getPublicSSH();
      const signer = privateKeys.find((one) => one.getPublicSSH().equals(wanted));
      if (signer) protocol.signReply(request, signer.sign(data));
      else protocol.failureReply(request);
    });
    socket.on('error', () => {});
    socket.pipe(protocol).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return { socketPath, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
