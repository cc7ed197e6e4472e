import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'ssh-config';
import { StarsError } from '../errors.js';
import type { HostTarget } from './connection.js';

/** What ssh_config says about one address; only what Stars follows. */
export type SshSettings = {
  hostName?: string | undefined;
  port?: number | undefined;
  user?: string | undefined;
  identityFiles: string[];
  identityAgent?: string | undefined;
  identitiesOnly: boolean;
  knownHostsFiles: string[];
  hostKeyAlias?: string | undefined;
  proxyJump?: string | undefined;
};

type ParsedConfig = ReturnType<typeof parse>;

export type SshConfig = (address: string, user?: string) => SshSettings;

const INCLUDE_DEPTH = 8;

/** Reads an ssh_config file with what it includes; `Match exec` is never run. A missing file says nothing about any host. */
export async function readSshConfig(file: string): Promise<SshConfig> {
  const text = await readWithIncludes(file, 0);
  let config: ParsedConfig;
  try {
    config = parse(text);
  } catch (cause) {
    throw new StarsError('CONFIG', `${file} cannot be understood: ${(cause as Error).message}`, { cause });
  }
  return (address, user) => settings(config, address, user);
}

/** An Include inside a Host section is read as if its text stood there. */
async function readWithIncludes(file: string, depth: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw new StarsError('CONFIG', `${file} cannot be read: ${cause.message}`, { cause });
  });
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const included = /^\s*include[\s=]+(.+)$/i.exec(line)?.[1];
    if (included === undefined) lines.push(line);
    else if (depth < INCLUDE_DEPTH) lines.push(await readIncluded(included, { from: file, depth }));
  }
  return lines.join('\n');
}

async function readIncluded(names: string, { from, depth }: { from: string; depth: number }): Promise<string> {
  const files: string[] = [];
  for (const name of names.trim().split(/\s+/)) files.push(...(await expand(name.replaceAll('"', ''), dirname(from))));
  const texts = await Promise.all(files.map((file) => readWithIncludes(file, depth + 1)));
  return texts.join('\n');
}

/** Wildcards in the last part of the path. */
async function expand(name: string, folder: string): Promise<string[]> {
  const path = expandHome(name);
  const full = isAbsolute(path) ? path : join(folder, path);
  if (!/[*?]/.test(full)) return [full];
  const pattern = new RegExp(
    `^${full
      .slice(dirname(full).length + 1)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  const entries = await readdir(dirname(full)).catch(() => []);
  return entries
    .filter((entry) => !entry.startsWith('.') && pattern.test(entry))
    .sort()
    .map((entry) => join(dirname(full), entry));
}

export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function settings(config: ParsedConfig, address: string, user: string | undefined): SshSettings {
  const computed = config.compute(user === undefined ? { Host: address } : { Host: address, User: user }, {
    ignoreCase: true,
    matchExec: false,
  });
  const one = (name: string) => list(computed[name])[0];
  const tokens = (text: string) => text.replaceAll('%h', one('hostname') ?? address).replaceAll('%d', homedir());
  const proxyCommand = one('proxycommand');
  if (proxyCommand !== undefined && proxyCommand !== 'none') {
    throw new StarsError(
      'UNSUPPORTED',
      `The SSH configuration of ${address} has a ProxyCommand, which Stars does not run.`,
      {
        hint: 'Use ProxyJump instead.',
      },
    );
  }
  const port = Number(one('port'));
  return {
    hostName: one('hostname')?.replaceAll('%h', address),
    port: Number.isInteger(port) && port > 0 ? port : undefined,
    user: namesUser(config) ? one('user') : undefined,
    identityFiles: list(computed.identityfile).map((file) => expandHome(tokens(file))),
    identityAgent: one('identityagent'),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    knownHostsFiles: list(computed.userknownhostsfile)
      .flatMap((files) => files.split(/\s+/))
      .map((file) => expandHome(tokens(file))),
    hostKeyAlias: one('hostkeyalias'),
    proxyJump: one('proxyjump') === 'none' ? undefined : one('proxyjump'),
  };
}

// The library fills in the local user where the file names none.
function namesUser(config: ParsedConfig): boolean {
  return /^\s*user[\s=]/im.test(config.toString());
}

function list(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The target with what the SSH configuration says where neither inventory nor environment did. */
export function withSshSettings(target: HostTarget, config: SshConfig): HostTarget {
  const unset = new Set(target.unset ?? []);
  const found = config(target.address, unset.has('user') ? undefined : target.user);
  const files = unset.has('knownHostsFiles') && found.knownHostsFiles.length > 0;
  return {
    ...target,
    address: found.hostName ?? target.address,
    port: unset.has('port') ? (found.port ?? target.port) : target.port,
    user: unset.has('user') ? (found.user ?? target.user) : target.user,
    privateKeyFiles:
      unset.has('privateKeyFiles') && found.identityFiles.length > 0 ? found.identityFiles : target.privateKeyFiles,
    knownHostsFiles: files ? found.knownHostsFiles : target.knownHostsFiles,
    hostKeyName: target.hostKeyName ?? found.hostKeyAlias,
    proxyJump: target.proxyJump ?? found.proxyJump,
    agentSocket: target.agentSocket ?? found.identityAgent,
    identitiesOnly: target.identitiesOnly ?? found.identitiesOnly,
  };
}
