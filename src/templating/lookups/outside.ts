import { str } from '../../jinja/python-text.js';
import { isText, truthy } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import type { Value } from '../../jinja/value.js';
import type { AskOutside, OutsideCall } from '../outside-call.js';
import type { LookupPlugin, LookupSurroundings, Options } from './plugin.js';

const LONGEST_PROGRAM_MS = 300_000;

/** Lookups that run a program on the machine of Stars, or read an address from there. */
export function outsideLookups({ askOutside = nowhere }: LookupSurroundings): Record<string, LookupPlugin> {
  return {
    pipe: (terms) => terms.map((term) => shell('pipe', term).trimEnd()),
    lines: (terms) => terms.flatMap((term) => linesOf(shell('lines', term))),
    url: (terms, options) => terms.flatMap((term) => page(str(term), options)),
  };

  function shell(name: string, term: Value): string {
    const command = str(term);
    const call = { what: `lookup ${name}(${command})`, program: '/bin/sh', args: ['-c', command], input: '' };
    const { code, stdout, stderr } = askOutside({ ...call, timeoutMs: LONGEST_PROGRAM_MS });
    if (code === 0) return stdout;
    throw templateError(`lookup ${name}(${command}) returned ${code}`, stderr.trim().slice(-500) || undefined);
  }

  function page(url: string, options: Options): string[] {
    const { code, stdout, stderr } = askOutside(requestOf(url, options));
    if (code !== 0) throw templateError(stderr.trim().slice(-500) || `${url} could not be read.`);
    return truthy(options.get('split_lines') ?? true) ? linesOf(stdout) : [stdout];
  }
}

const nowhere: AskOutside = ({ what }) => {
  throw templateError(`${what} cannot be asked here.`);
};

const OPTIONS = [
  'validate_certs split_lines use_proxy username password headers force timeout http_agent force_basic_auth',
  'follow_redirects use_netrc',
].flatMap((names) => names.split(' '));

function requestOf(url: string, options: Options): OutsideCall {
  const unknown = [...options.keys()].find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined)
    throw templateError(`The lookup "url" takes no ${unknown} here.`, `It takes ${OPTIONS.join(', ')}.`);
  const seconds = Number(options.get('timeout') ?? 10);
  if (!(seconds > 0)) throw templateError('The timeout of the lookup "url" must be a number of seconds.');
  const check = truthy(options.get('validate_certs') ?? true);
  return {
    what: `lookup url(${url})`,
    program: process.execPath,
    args: ['--input-type=module', '-e', FETCH],
    // Through standard input: everybody can list the arguments of a process.
    input: JSON.stringify({ url, headers: headersOf(options), follow: follows(options), timeoutMs: seconds * 1000 }),
    ...(check ? {} : { environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' } }),
    timeoutMs: seconds * 1000 + STARTING_MS,
  };
}

const STARTING_MS = 10_000;

function follows(options: Options): boolean {
  return !['no', 'none', 'false'].includes(str(options.get('follow_redirects') ?? 'urllib2').toLowerCase());
}

function headersOf(options: Options): Record<string, string> {
  const given = options.get('headers');
  const pairs =
    given instanceof Map ? [...given].map(([name, value]): [string, string] => [str(name), str(value)]) : [];
  const user = options.get('username');
  const login = `${user === undefined || user === null ? '' : str(user)}:${str(options.get('password') ?? '')}`;
  return Object.fromEntries([
    ['User-Agent', str(options.get('http_agent') ?? 'ansible-httpget')],
    ...(isText(user ?? null) ? [['Authorization', `Basic ${Buffer.from(login).toString('base64')}`] as const] : []),
    ...(truthy(options.get('force') ?? false) ? [['cache-control', 'no-cache'] as const] : []),
    ...pairs,
  ]);
}

/** Python's `splitlines` on what a program or a server wrote. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Reads the address that standard input names, in a process of its own, so that a lookup may wait for it. */
const FETCH = `
let text = '';
for await (const piece of process.stdin) text += piece;
const { url, headers, follow, timeoutMs } = JSON.parse(text);
const fail = (message) => { process.stderr.write(message); process.exitCode = 1; };
try {
  const answer = await fetch(url, { headers, redirect: follow ? 'follow' : 'manual', signal: AbortSignal.timeout(timeoutMs) });
  if (answer.status >= 300) fail('Received HTTP error for ' + url + ' : HTTP Error ' + answer.status + ': ' + answer.statusText);
  else for await (const piece of answer.body ?? []) process.stdout.write(piece);
} catch (error) {
  fail('Failed lookup url for ' + url + ' : ' + (error.cause?.message ?? error.message));
}`;
