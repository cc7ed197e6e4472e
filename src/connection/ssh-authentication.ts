import { readFile } from 'node:fs/promises';
import type { AnyAuthMethod, BaseAgent, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import { StarsError } from '../errors.js';
import type { HostTarget } from './connection.js';
import { onlyThese, publicPartOf } from './ssh-agent.js';

/** The ways to log in that will be tried, and what to say about them when none works. */
export type Authentication = { methods: AnyAuthMethod[]; tried: string[] };

/** Rejects with AUTHENTICATION when there is nothing to try. */
export async function authentication(target: HostTarget, agentSocket: string | undefined): Promise<Authentication> {
  const { user: username, password } = target;
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  const problems: string[] = [];
  const locked: string[] = [];
  for (const file of target.privateKeyFiles) {
    const key = await readPrivateKey(file);
    if (typeof key === 'string') {
      problems.push(key);
      locked.push(file);
    } else {
      methods.push({ type: 'publickey', username, key });
      tried.push(`key ${file}`);
    }
  }
  const agent = agentSocket === undefined ? undefined : await agentFor(agentSocket, target, locked);
  if (agent !== undefined) {
    methods.push({ type: 'agent', username, agent });
    tried.push(`the agent at ${agentSocket}`);
  }
  if (password !== undefined) {
    methods.push({ type: 'password', username, password }, keyboardInteractive(username, password));
    tried.push('the password');
  }
  if (methods.length === 0) throw nothingToTry(target, problems);
  return { methods, tried: [...tried, ...problems] };
}

/** The agent; with IdentitiesOnly only for the keys of files that cannot be used without it, undefined when there are none. */
async function agentFor(
  socket: string,
  { identitiesOnly }: HostTarget,
  locked: readonly string[],
): Promise<string | BaseAgent<ParsedKey> | undefined> {
  if (identitiesOnly !== true) return socket;
  const parts = (await Promise.all(locked.map(publicPartOf))).filter((part) => part !== undefined);
  return parts.length > 0 ? onlyThese(socket, parts) : undefined;
}

function keyboardInteractive(username: string, password: string): AnyAuthMethod {
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
  };
}

/** The key, or why it cannot be used, in words. */
export async function readPrivateKey(file: string): Promise<ParsedKey | string> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return code === 'ENOENT' ? `key ${file} does not exist` : `key ${file} cannot be read (${message})`;
  }
  const parsed: unknown = ssh2.utils.parseKey(content);
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error) {
    if (/encrypted/i.test(key.message)) return `key ${file} has a passphrase (load it into an agent: ssh-add ${file})`;
    return `key ${file} cannot be understood (${key.message})`;
  }
  return (key as ParsedKey).isPrivateKey() ? (key as ParsedKey) : `key ${file} is a public key`;
}

function nothingToTry({ name, user }: HostTarget, problems: readonly string[]): StarsError {
  const why = problems.length > 0 ? problems.join('; ') : 'there is no private key, agent or password';
  return new StarsError('AUTHENTICATION', `${name}: nothing to log in with as ${user}: ${why}.`, {
    hint: 'Set ansible_ssh_private_key_file to a key without passphrase, or start an agent that holds the key.',
  });
}

export function refused({ name, user, address }: HostTarget, { tried }: Authentication, cause: unknown): StarsError {
  return new StarsError('AUTHENTICATION', `${name}: ${address} does not let ${user} in. Tried: ${tried.join('; ')}.`, {
    hint: `Check the user (ansible_user), and that the public key stands in ~${user}/.ssh/authorized_keys on the host.`,
    cause,
  });
}
