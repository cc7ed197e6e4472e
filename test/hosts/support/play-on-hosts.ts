import { createSshConnect, type SshConnectOptions } from '../../../src/connection/ssh.js';
import { hostTarget } from '../../../src/connection/target.js';
import { silentLog } from '../../../src/log.js';
import { createRedactor } from '../../../src/secret.js';
import {
  type Played,
  type Project,
  resultsOf,
  runIn,
  type RunOptions,
  writeProject,
} from '../../support/run-playbook.js';
import type { RealHost, RealHosts } from './real-hosts.js';

export type PlayOptions = RunOptions & {
  /** Variables of all hosts in the inventory; by default they are logged in to as `stars`, who becomes root. */
  variables?: Record<string, string>;
  ssh?: Partial<SshConnectOptions>;
};

type Reachable = Pick<RealHosts, 'privateKeyFile' | 'knownHostsFile'> & { hosts: readonly RealHost[] };

/** An inventory of these hosts, under their own names; by default they are logged in to as `stars`, who becomes root. */
export function inventoryText(hosts: Reachable, variables: Record<string, string> = {}): string {
  const all: Record<string, string> = {
    ansible_user: 'stars',
    ansible_become: 'yes',
    ansible_ssh_private_key_file: hosts.privateKeyFile,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${hosts.knownHostsFile}`,
    ...variables,
  };
  const lines = [
    '[all:vars]',
    ...Object.entries(all).map(([name, value]) => `${name}="${value}"`),
    '[reached]',
    ...hosts.hosts.map(({ name, address }) => `${name} ansible_host=${address}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Runs a project's site.yml on real hosts, over SSH, under their own names. */
export async function playOnHosts(
  hosts: Reachable,
  project: Project,
  { variables = {}, ssh = {}, ...options }: PlayOptions = {},
): Promise<Played> {
  const redactor = options.redactor ?? createRedactor();
  const connect = createSshConnect({
    log: silentLog,
    redactor,
    sshConfigFile: '/nowhere',
    agentSocket: 'none',
    ...ssh,
  });
  const folder = writeProject({ ...project, inventory: inventoryText(hosts, variables) });
  return runIn(folder, {
    connect: (host, found, stop, claim) => connect(hostTarget(host, found, { connectTimeoutMs: 10_000 }), stop, claim),
    ...options,
  });
}

/** `ok`, `changed`, `failed` … of each task in order; with its words where it failed and was not ignored. */
export function endsOf(played: Played): string[] {
  if (played.error !== undefined) throw played.error;
  return resultsOf(played)
    .filter(({ item }) => item === undefined)
    .map(({ task, status, changed, message }) => {
      const word = status === 'ok' && changed ? 'changed' : status;
      return `${task}: ${word}${word === 'failed' || word === 'unreachable' ? ` (${message})` : ''}`;
    });
}
