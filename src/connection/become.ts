import { StarsError } from '../errors.js';
import { quote } from '../shell/command.js';
import type { Become } from './connection.js';

/**
 * Starts `shell` as the other user, in words that every login shell understands: sh, csh and fish quote differently, so nothing in
 * them is quoted twice. A shell that may be asked for a password first says `begun` once nothing but itself reads standard input.
 */
export function becomeCommand(become: Become | undefined, shell: string, { prompt, begun }: BecomeWords): string {
  if (!become) return `exec ${shell}`;
  const announced = quote(`echo ${begun};exec ${shell}`);
  const program = ['exec', ...wordsOf(become.exe ?? become.method)];
  if (become.method === 'su') return [...program, ...flags(become), quote(become.user), '-c', announced].join(' ');
  const asks = asksFirst(become);
  return [
    ...program,
    ...(become.flags === undefined ? ['-H'] : flags(become)),
    ...(asks ? ['-S', '-p', quote(prompt)] : ['-n']),
    '-u',
    quote(become.user),
    '--',
    asks ? `${shell} -c ${announced}` : shell,
  ].join(' ');
}

export type BecomeWords = { prompt: string; begun: string };

/** Whether somebody else than the shell may read what is sent first. */
export function asksFirst(become: Become | undefined): boolean {
  return become !== undefined && (become.method === 'su' || become.password !== undefined);
}

function flags({ flags = '', method }: Become): string[] {
  // Whether it asks is decided by whether there is a password, not by `-n` or `-S` among somebody's flags.
  const asWritten = wordsOf(flags);
  if (method === 'su') return asWritten;
  return asWritten
    .map((flag) => (/^-\w+$/.test(flag) ? flag.replaceAll(/[nS]/g, '') : flag))
    .filter((flag) => flag !== '-' && flag !== '--non-interactive');
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).flatMap((word) => (word ? [quote(word)] : []));
}

/** Whether what was said so far ends with the question for the password. */
export function asksForPassword(become: Become, said: string, prompt: string): boolean {
  return become.method === 'su' ? /[:\uff1a]\s*$/.test(said) : said.includes(prompt);
}

/** Why the other user's shell did not start, in words, from what sudo or su said. */
export function becomeError(host: string, become: Become, said: string, code: number | undefined): StarsError {
  const words = said.trim();
  const { method, user } = become;
  const { reason, hint } = explain(become, words, code);
  return new StarsError('BECOME', `${host}: cannot become ${user} with ${method}: ${reason}`, { hint });
}

type Explanation = { reason: string; hint: string };

function explain({ method, user, password }: Become, words: string, code: number | undefined): Explanation {
  if (/unknown user|does not exist|no passwd entry/i.test(words)) {
    return { reason: `there is no user ${user} on the host.`, hint: 'Check become_user.' };
  }
  if (/try again|incorrect password|authentication failure/i.test(words)) {
    return { reason: 'the password is wrong.', hint: 'Check ansible_become_password of this host.' };
  }
  if (/password is required|terminal is required to (read|authenticate)/i.test(words)) {
    return {
      reason: 'a password is required and none is configured.',
      hint: `Set ansible_become_password for this host, or let the login user use ${method} without a password (NOPASSWD in sudoers).`,
    };
  }
  if (/must have a tty|tty is required/i.test(words)) {
    return { reason: 'sudo wants a terminal.', hint: "Remove `Defaults requiretty` from the host's sudoers." };
  }
  if (/not in the sudoers|not allowed to (execute|run)|may not run/i.test(words)) {
    return {
      reason: `the login user has no right to (${words}).`,
      hint: `Allow it in the host's sudoers, e.g. \`LOGIN ALL=(ALL) NOPASSWD: ALL\`, or log in as another user.`,
    };
  }
  if (code === 127 || /not found|no such file/i.test(words)) {
    return {
      reason: `${method} is not installed.`,
      hint: `Install ${method} on the host, or log in as ${user} and leave become out.`,
    };
  }
  const wrongPassword = password !== undefined && !words;
  return {
    reason:
      words || (wrongPassword ? 'the password is wrong.' : `${method} ended with exit code ${code ?? 'unknown'}.`),
    hint: `Try it by hand: log in and run \`${method}\` to become ${user}.`,
  };
}
