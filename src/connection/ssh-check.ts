import { stat } from 'node:fs/promises';
import { asStarsError } from '../errors.js';
import { type Check, failed, ok, warning } from '../model/check.js';
import type { HostTarget } from './connection.js';
import { createKnownHostsReader, knownHostName, type KnownHost, linesFor } from './known-hosts.js';
import { readPrivateKey } from './ssh-authentication.js';
import { type SshConfig, withSshSettings } from './ssh-config.js';

export type SshCheckOptions = { config: SshConfig; agentSocket: string | undefined };

const MOST_NAMED = 10;

/** Whether there are keys to log in with and host keys to check, for these hosts; nobody is connected to. */
export async function checkSsh(
  targets: readonly HostTarget[],
  { config, agentSocket }: SshCheckOptions,
): Promise<Check[]> {
  const remote = targets.filter(({ kind }) => kind !== 'local').map((target) => withSshSettings(target, config));
  if (remote.length === 0) return [ok('No host is reached over SSH.')];
  const files = [...new Set(remote.flatMap(({ privateKeyFiles }) => privateKeyFiles))];
  const keys = await Promise.all(files.map((file) => checkKey(file, agentSocket)));
  const without = remote.filter(({ privateKeyFiles, password }) => privateKeyFiles.length === 0 && !password);
  return [...keys, ...checkLogins(without, agentSocket), ...(await checkHostKeys(remote))];
}

async function checkKey(file: string, agentSocket: string | undefined): Promise<Check> {
  const key = await readPrivateKey(file);
  if (typeof key === 'string') {
    const says = `The ${key}.`;
    return agentSocket === undefined ? failed(says) : warning(says, 'An agent is there, which may hold another one.');
  }
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return ok(`The key ${file} can be read, by its owner alone.`);
  const says = `The key ${file} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`;
  return failed(says, `chmod 600 ${file}`);
}

function checkLogins(without: readonly HostTarget[], agentSocket: string | undefined): Check[] {
  if (without.length === 0) return [];
  if (agentSocket !== undefined) return [ok(`An agent is there for ${without.length} hosts without a key file.`)];
  const hint = 'Set connection.privateKeyFile in environment.yml, or start an agent that holds the key.';
  return [failed(`There is nothing to log in with to ${named(without)}.`, hint)];
}

async function checkHostKeys(targets: readonly HostTarget[]): Promise<Check[]> {
  const read = createKnownHostsReader();
  const unknown: HostTarget[] = [];
  const broken = new Map<string, Check>();
  for (const target of targets) {
    try {
      if (!isKnown(target, await read(target.knownHostsFiles))) unknown.push(target);
    } catch (thrown) {
      const { message, hint } = asStarsError(thrown);
      broken.set(message, failed(message, hint));
    }
  }
  if (broken.size > 0) return [...broken.values()];
  if (unknown.length === 0) return [ok(`The host keys of all ${targets.length} hosts are known.`)];
  const [first] = unknown;
  const file = first?.knownHostsFiles[0] ?? '~/.ssh/known_hosts';
  const hint = `Compare their fingerprints with those on the hosts, then add them to ${file}: ssh-keyscan -p ${first?.port ?? 22} ${first?.address ?? ''}`;
  return [failed(`No host key is known of ${named(unknown)}.`, hint)];
}

function isKnown({ address, port, hostKeyName }: HostTarget, known: readonly KnownHost[]): boolean {
  const lines = linesFor(known, knownHostName(hostKeyName ?? address, port));
  // A key that is known of the host without its port counts when it is shown there.
  const all = lines.length > 0 ? lines : linesFor(known, hostKeyName ?? address);
  return all.some(({ marker }) => marker === undefined);
}

function named(targets: readonly HostTarget[]): string {
  const more = targets.length - MOST_NAMED;
  const names = targets.slice(0, MOST_NAMED).map(({ name }) => name);
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
