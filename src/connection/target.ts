import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { StarsError } from '../errors.js';
import { splitShellWords } from '../inventory/shell-words.js';
import { type Dict, Unsafe, type Value } from '../jinja/value.js';
import type { HostTarget } from './connection.js';
import { expandHome } from './ssh-config.js';

/** What the environment says about reaching its hosts; a host's own variables win. */
export type TargetDefaults = {
  user?: string | undefined;
  port?: number | undefined;
  privateKeyFile?: string | undefined;
  /** A known_hosts file. */
  knownHosts?: string | undefined;
  connectTimeoutMs: number;
};

/** The variables by which Ansible's content says how a host is reached. */
export const CONNECTION_VARIABLES = [
  'ansible_host',
  'ansible_ssh_host',
  'ansible_port',
  'ansible_ssh_port',
  'ansible_user',
  'ansible_ssh_user',
  'ansible_password',
  'ansible_ssh_password',
  'ansible_ssh_pass',
  'ansible_private_key_file',
  'ansible_ssh_private_key_file',
  'ansible_connection',
  'ansible_ssh_common_args',
  'ansible_ssh_extra_args',
  'ansible_timeout',
  'ansible_ssh_timeout',
  'ansible_host_key_checking',
  'ansible_ssh_host_key_checking',
] as const;

type ConnectionVariable = (typeof CONNECTION_VARIABLES)[number];

/** How to reach a host, from its templated variables; as in Ansible the old name of one counts more. Throws CONFIG or UNSUPPORTED. */
export function hostTarget(name: string, variables: Dict, defaults: TargetDefaults): HostTarget {
  const text = (...names: ConnectionVariable[]) => firstText(name, variables, names);
  const args = sshArguments(name, [text('ansible_ssh_common_args'), text('ansible_ssh_extra_args')]);
  const port = text('ansible_ssh_port', 'ansible_port') ?? args.port;
  const user = text('ansible_ssh_user', 'ansible_user') ?? args.user ?? defaults.user;
  const keyFile =
    text('ansible_ssh_private_key_file', 'ansible_private_key_file') ?? args.identityFile ?? defaults.privateKeyFile;
  const knownHosts = args.knownHostsFiles ?? (defaults.knownHosts === undefined ? undefined : [defaults.knownHosts]);
  const timeout = text('ansible_ssh_timeout', 'ansible_timeout');
  const given = { port: port ?? defaults.port, user, privateKeyFiles: keyFile, knownHostsFiles: knownHosts };
  return {
    name,
    address: text('ansible_ssh_host', 'ansible_host') ?? name,
    port: port === undefined ? (defaults.port ?? 22) : portNumber(name, port),
    user: user ?? userInfo().username,
    privateKeyFiles: keyFile === undefined ? defaultKeyFiles() : [expandHome(keyFile)],
    password: text('ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password'),
    knownHostsFiles: (knownHosts ?? DEFAULT_KNOWN_HOSTS).map(expandHome),
    kind: connectionKind(name, text('ansible_connection')),
    connectTimeoutMs:
      args.connectTimeoutMs ?? (timeout === undefined ? defaults.connectTimeoutMs : timeoutMs(name, timeout)),
    unset: UNSETTABLE.filter((field) => given[field] === undefined),
    proxyJump: args.proxyJump,
    identitiesOnly: args.identitiesOnly,
    notes: [...args.notes, ...uncheckedNotes(variables)],
  };
}

const UNSETTABLE = ['port', 'user', 'privateKeyFiles', 'knownHostsFiles'] as const;
const DEFAULT_KNOWN_HOSTS = ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'];

function defaultKeyFiles(): string[] {
  return ['id_ed25519', 'id_ecdsa', 'id_rsa']
    .map((file) => join(homedir(), '.ssh', file))
    .filter((file) => existsSync(file));
}

function firstText(host: string, variables: Dict, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = asText(variables.get(name));
    if (text === 'unreadable') throw new StarsError('CONFIG', `${host}: ${name} has to be a text or a number.`);
    if (text) return text.value;
  }
  return undefined;
}

function asText(value: Value | undefined): { value: string } | 'unreadable' | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return { value };
  if (typeof value === 'number' || typeof value === 'bigint') return { value: String(value) };
  return value instanceof Unsafe ? { value: value.text } : 'unreadable';
}

function portNumber(host: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StarsError('CONFIG', `${host}: “${text}” is no port number.`, {
    hint: 'Set ansible_port to a number from 1 to 65535.',
  });
}

function timeoutMs(host: string, text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0) return seconds * 1000;
  throw new StarsError('CONFIG', `${host}: “${text}” is no time in seconds.`, {
    hint: 'Set ansible_timeout to a whole number of seconds, from 1.',
  });
}

function uncheckedNotes(variables: Dict): string[] {
  return ['ansible_host_key_checking', 'ansible_ssh_host_key_checking']
    .filter((name) => (variables.get(name) ?? true) !== true)
    .map((name) => `${name} is not followed: Stars always checks host keys.`);
}

function connectionKind(host: string, connection: string | undefined): HostTarget['kind'] {
  if (isLocal(connection)) return 'local';
  const kind = connection?.split('.').at(-1);
  if (kind === undefined || ['ssh', 'smart', 'paramiko', 'paramiko_ssh', 'libssh'].includes(kind)) return 'ssh';
  throw new StarsError('UNSUPPORTED', `${host}: ansible_connection ${connection} is not supported.`, {
    hint: 'Use ssh or local.',
  });
}

/** Whether an `ansible_connection` is this machine itself. */
export function isLocal(connection: string | undefined): boolean {
  return connection?.split('.').at(-1) === 'local';
}

type SshArguments = {
  port?: string;
  user?: string;
  identityFile?: string;
  proxyJump?: string;
  knownHostsFiles?: string[];
  connectTimeoutMs?: number;
  identitiesOnly?: boolean;
  notes: string[];
};

/** Reads what would be arguments of the ssh program. */
function sshArguments(host: string, texts: readonly (string | undefined)[]): SshArguments {
  const args: SshArguments = { notes: [] };
  for (const text of texts) {
    const words = splitArguments(host, text ?? '');
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      const [, letter, attached] = /^-([oJiplF])(.*)$/s.exec(word) ?? [];
      if (letter === undefined) args.notes.push(notFollowed(word));
      else takeArgument(host, { args, letter, value: attached || (words.shift() ?? '') });
    }
  }
  return args;
}

function splitArguments(host: string, text: string): string[] {
  try {
    return splitShellWords(text).map((word) => word.text);
  } catch (cause) {
    throw new StarsError('CONFIG', `${host}: ansible_ssh_common_args has a quote that is never closed.`, { cause });
  }
}

function takeArgument(
  host: string,
  { args, letter, value }: { args: SshArguments; letter: string; value: string },
): void {
  if (letter === 'J') args.proxyJump = value;
  else if (letter === 'i') args.identityFile = value;
  else if (letter === 'p') args.port = value;
  else if (letter === 'l') args.user = value;
  else if (letter === 'o') takeOption(host, args, value);
  else args.notes.push(notFollowed(`-${letter} ${value}`));
}

function takeOption(host: string, args: SshArguments, option: string): void {
  const [, key = '', value = ''] = /^\s*(\w+)\s*[=\s]\s*(.*)$/s.exec(option) ?? [];
  switch (key.toLowerCase()) {
    case 'proxyjump':
      args.proxyJump = value;
      break;
    case 'identityfile':
      args.identityFile = value;
      break;
    case 'port':
      args.port = value;
      break;
    case 'user':
      args.user = value;
      break;
    case 'connecttimeout':
      if (Number(value) > 0) args.connectTimeoutMs = Number(value) * 1000;
      break;
    case 'identitiesonly':
      args.identitiesOnly = value.toLowerCase() === 'yes';
      break;
    case 'userknownhostsfile':
      if (value === '/dev/null') throw uncheckedHostKey(host, option);
      args.knownHostsFiles = value.split(/\s+/);
      break;
    case 'stricthostkeychecking':
      if (!['yes', 'ask', 'true'].includes(value.toLowerCase())) throw uncheckedHostKey(host, option);
      break;
    case 'proxycommand':
      throw new StarsError('UNSUPPORTED', `${host}: ProxyCommand is not supported.`, {
        hint: 'Use `-o ProxyJump=host` instead.',
      });
    default:
      if (!SILENT_OPTIONS.has(key.toLowerCase())) args.notes.push(notFollowed(`-o ${option}`));
  }
}

/** What Stars does by itself. */
const SILENT_OPTIONS = new Set([
  'controlmaster',
  'controlpersist',
  'controlpath',
  'batchmode',
  'loglevel',
  'serveraliveinterval',
  'serveralivecountmax',
]);

function uncheckedHostKey(host: string, option: string): StarsError {
  return new StarsError('CONFIG', `${host}: “${option}” is refused: Stars always checks host keys.`, {
    hint: 'Remove the option and collect the keys once: `ssh-keyscan -H HOST >>~/.ssh/known_hosts`, then compare the fingerprints.',
  });
}

function notFollowed(option: string): string {
  return `The SSH option “${option}” is not followed.`;
}
