import { homedir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Client } from 'ssh2';
import { type Clock, systemClock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Redactor } from '../secret.js';
import type { HostClaim } from './claim.js';
import type { Connect, Connection, HostTarget } from './connection.js';
import { connectLocal } from './local.js';
import { createShellConnection } from './shell-connection.js';
import { createKnownHostsReader, type ReadKnownHosts } from './known-hosts.js';
import { openChannel } from './ssh-channel.js';
import { readSshConfig, type SshConfig, withSshSettings } from './ssh-config.js';
import { forward, jumpTargets } from './ssh-jump.js';
import { cancelledConnecting, type Keepalive, login, TurnedAway } from './ssh-login.js';

export type SshConnectOptions = {
  clock?: Clock | undefined;
  log: Log;
  redactor: Redactor;
  /** Default SSH_AUTH_SOCK; `none` for no agent. */
  agentSocket?: string | undefined;
  /** Fills in what neither inventory nor environment says; default ~/.ssh/config. */
  sshConfigFile?: string | undefined;
  keepalive?: Keepalive | undefined;
  /** Logins at a time: sshd drops some from the tenth on (MaxStartups), which matters where all go through one jump host. */
  logins?: number | undefined;
  outputLimitBytes?: number | undefined;
  /** For the shell of a user to come up, sudo included. */
  launchTimeoutMs?: number | undefined;
};

const DEFAULT_KEEPALIVE = { intervalMs: 10_000, count: 3 };
const CLOSE_GRACE_MS = 2_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;

/** How Stars reaches hosts: over SSH, host keys always checked, or on this machine for `ansible_connection: local`. */
export function createSshConnect(options: SshConnectOptions): Connect {
  const { clock = systemClock, log, redactor, outputLimitBytes, launchTimeoutMs = 30_000 } = options;
  const limit = pLimit(options.logins ?? 8);
  const readKnownHosts = createKnownHostsReader();
  let config: Promise<SshConfig> | undefined;

  return async (given, signal, claim) => {
    for (const note of given.notes ?? []) log.warn({ host: given.name }, note);
    if (given.password !== undefined) redactor.add(given.password);
    const { name } = given;
    if (given.kind === 'local') return connectLocal({ name, clock, outputLimitBytes, launchTimeoutMs, redactor });
    config ??= readSshConfig(options.sshConfigFile ?? join(homedir(), '.ssh', 'config'));
    const chain = await limit(loginThrough, given, await config, { ...options, clock, readKnownHosts, signal });
    return overSsh(name, chain, claim);
  };

  function overSsh(host: string, chain: Chain, claim: HostClaim | undefined): Connection {
    return createShellConnection({
      launcher: {
        host,
        open: (command) => openChannel(chain.client, host, command),
        clock,
        shell: '/bin/sh',
        launchTimeoutMs,
      },
      claim,
      outputLimitBytes,
      redactor,
      closeTransport: () => endAll(chain, clock),
    });
  }
}

/** The connection to the host, and those it goes through. */
type Chain = { client: Client; through: Client[]; closed: Promise<unknown> };

type ChainOptions = Pick<SshConnectOptions, 'agentSocket' | 'keepalive'> & {
  clock: Clock;
  readKnownHosts: ReadKnownHosts;
  signal: AbortSignal | undefined;
};

async function loginThrough(given: HostTarget, config: SshConfig, options: ChainOptions): Promise<Chain> {
  const target = withSshSettings(given, config);
  const through: Client[] = [];
  try {
    for (const jump of jumpTargets(target, config)) through.push(await loginOver(through.at(-1), jump, options));
    const client = await loginOver(through.at(-1), target, options);
    return { client, through, closed: new Promise<void>((resolve) => client.once('close', () => resolve())) };
  } catch (error) {
    for (const client of through) client.destroy();
    throw error;
  }
}

/** Tries again while the host is too busy with other logins to take this one, for as long as a connection may take. */
async function loginOver(through: Client | undefined, target: HostTarget, options: ChainOptions): Promise<Client> {
  const { clock, signal } = options;
  const endMs = clock.now().getTime() + target.connectTimeoutMs;
  for (let tries = 1; ; tries++) {
    try {
      return await tryLogin(through, target, options);
    } catch (error) {
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS) * (0.5 + Math.random());
      if (!(error instanceof StarsError) || !(error.cause instanceof TurnedAway)) throw error;
      if (clock.now().getTime() + waitMs > endMs) throw turnedAway(error, tries);
      await clock.sleep(waitMs, signal).catch(() => {
        throw cancelledConnecting(target, signal);
      });
    }
  }
}

function turnedAway(error: StarsError, tries: number): StarsError {
  if (tries === 1) return error;
  return error.with({ hint: `It closed the connection ${tries} times. ${error.hint ?? ''}`.trimEnd() });
}

async function tryLogin(through: Client | undefined, target: HostTarget, options: ChainOptions): Promise<Client> {
  const sock = through && (await forward(through, target, options.signal));
  const socket = target.agentSocket ?? options.agentSocket ?? process.env['SSH_AUTH_SOCK'];
  return login(target, {
    agentSocket: socket === 'none' || socket === '' ? undefined : socket,
    readKnownHosts: options.readKnownHosts,
    keepalive: options.keepalive ?? DEFAULT_KEEPALIVE,
    signal: options.signal,
    sock,
  });
}

/** In good order if the host takes part, else after a moment all the same. */
async function endAll({ client, through, closed }: Chain, clock: Clock): Promise<void> {
  const cancelTimer = clock.after(CLOSE_GRACE_MS, () => client.destroy());
  client.end();
  await closed;
  cancelTimer();
  for (const each of through) each.end();
}
