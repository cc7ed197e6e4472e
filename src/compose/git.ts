import { spawn } from 'node:child_process';
import { StarsError } from '../errors.js';

export type Git = ReturnType<typeof createGit>;

const TIMEOUT_MS = 300_000;
const MOST_OUTPUT = 4_000_000;
const PROTOCOLS = 'file:git:http:https:ssh';
const PASSED_ON =
  /^(PATH|HOME|USER|LANG|TMPDIR|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY|GIT_SSL_CAINFO|XDG_CONFIG_HOME)$/i;

export type GitOptions = { environment: Readonly<Record<string, string | undefined>>; signal: AbortSignal };

/** The system's git, without a shell, a terminal to ask in, hooks or other protocols than those that fetch. */
export function createGit({ environment, signal }: GitOptions) {
  const env: Record<string, string> = {
    ...passedOn(environment),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    GIT_ALLOW_PROTOCOL: PROTOCOLS,
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=20',
    LC_ALL: 'C',
  };

  /** What git said on its standard output; CONFIG with its last words when it failed. */
  async function run(...words: string[]): Promise<string> {
    const { code, out, error } = await spawned(['-c', 'core.hooksPath=/dev/null', ...words], env, signal);
    if (code === 0) return out;
    throw new StarsError('CONFIG', `git ${words.find((word) => VERBS.has(word)) ?? ''} failed: ${lastWords(error)}`, {
      hint: 'Try the same address with “git ls-remote” as the user that Stars runs as.',
    });
  }

  /** Every tag and branch with the commit it stands for. */
  async function references(src: string): Promise<Map<string, string>> {
    const lines = (await run('ls-remote', '--quiet', '--end-of-options', src)).split('\n');
    const found = new Map<string, string>();
    for (const line of lines) {
      const [commit = '', name = ''] = line.split('\t');
      if (name !== '') found.set(name, commit);
    }
    return found;
  }

  /** Puts the files of one commit into a new folder, without the repository's history. */
  async function checkOut(src: string, commit: string, folder: string): Promise<void> {
    await run('clone', '--quiet', '--no-checkout', '--template=', '--end-of-options', src, folder);
    await run('-C', folder, 'checkout', '--quiet', '--detach', commit, '--');
  }

  /** The full name of a commit that a clone has; undefined when there is none. */
  async function commitIn(folder: string, version: string): Promise<string | undefined> {
    return run('-C', folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${version}^{commit}`).then(
      (out) => out.trim(),
      () => undefined,
    );
  }

  return { run, references, checkOut, commitIn };
}

const VERBS: ReadonlySet<string> = new Set([
  'ls-remote',
  'clone',
  'checkout',
  'rev-parse',
  'init',
  'add',
  'status',
  'commit',
  'push',
]);

type Ended = { code: number | null; out: string; error: string };

function spawned(words: readonly string[], env: Record<string, string>, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const child = spawn('git', words, { env, stdio: ['ignore', 'pipe', 'pipe'], signal: limit, killSignal: 'SIGKILL' });
    let out = '';
    let error = '';
    const keep = (before: string, chunk: string) => (before.length > MOST_OUTPUT ? before : before + chunk);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out = keep(out, chunk)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (error = keep(error, chunk)));
    child.once('error', (cause: NodeJS.ErrnoException) => reject(failure(cause, signal, limit)));
    child.once('close', (code) => resolve({ code, out, error }));
  });
}

function failure(cause: NodeJS.ErrnoException, signal: AbortSignal, limit: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (limit.aborted)
    return new StarsError('TIMEOUT', `git did not end within ${TIMEOUT_MS / 60_000} minutes.`, { cause });
  if (cause.code !== 'ENOENT') return cause;
  return new StarsError('CONFIG', 'There is no git on the machine of Stars.', {
    hint: 'Install it: compose fetches roles with it.',
    cause,
  });
}

/** What git said of the failure, or else the end of what it said; without its advice and the passwords of addresses. */
function lastWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('hint:'));
  const telling = lines.filter((line) => /^(?:fatal|error|ssh|remote): | ! \[/.test(line));
  const words = (telling.length > 0 ? telling : lines).slice(-3).map((line) => line.trim());
  return withoutPassword(words.length === 0 ? 'it said nothing.' : words.join(' '));
}

/** `https://user:password@host` without the login. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^/\s@]+@/g, '$1');
}

function passedOn(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.filter(([name]) => PASSED_ON.test(name)));
}
