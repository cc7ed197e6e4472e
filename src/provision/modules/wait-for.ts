import { StarsError } from '../../errors.js';
import type { Dict, Value } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, choice, int, list, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { finalStat, reportStat } from './place-file.js';
import { bytePattern, toBytes } from './python-pattern.js';
import { dict, fileFields } from './result.js';

const STATES: Record<string, string> = {
  ESTABLISHED: '01',
  SYN_SENT: '02',
  SYN_RECV: '03',
  FIN_WAIT1: '04',
  FIN_WAIT2: '05',
  TIME_WAIT: '06',
};

const schema = args({
  host: text().default('127.0.0.1').describe('Name or address to connect to.'),
  port: int().optional().describe('The port.'),
  path: path().optional().describe('The file to look for, in place of a port.'),
  search_regex: text()
    .optional()
    .describe('Regular expression that the file, or what is read from the port, must match.'),
  state: choice('started', 'present', 'stopped', 'absent', 'drained')
    .default('started')
    .describe('Whether it is to be there or gone; `drained` means that the port has no connections any more.'),
  timeout: int().default(300).describe('Seconds until waiting fails.'),
  connect_timeout: int().default(5).describe('Seconds that one attempt may take.'),
  delay: int().default(0).describe('Seconds before the first look.'),
  sleep: int().default(1).describe('Seconds between two looks.'),
  active_connection_states: list()
    .default(['ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'SYN_RECV', 'SYN_SENT', 'TIME_WAIT'])
    .describe('States in which a connection counts for `drained`.'),
  exclude_hosts: list().default([]).describe('Addresses whose connections do not count for `drained`.'),
  msg: text().optional().describe('What to say when waiting fails.'),
});
type Args = ReturnType<typeof schema.parse>;

export const waitFor = defineModule<Args>({
  name: 'wait_for',
  summary: 'Wait until a port or a file of a host is there, or gone.',
  needs: 'nc, bash, or for ports of its own /proc/net/tcp',
  checkMode: 'Skipped.',
  differences: [
    '`exclude_hosts` takes IPv4 addresses, since names would have to be looked up on the host.',
    '`search_regex` is read as grep -E reads it.',
    '`drained` counts the connections of every address of the host where `host` is a name other than localhost.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (context.checkMode) return { actions: [], skipped: 'remote module (wait_for) does not support check mode' };
    const problem = contradiction(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const file = given.path === undefined ? undefined : await hostPath(context, given.path);
    const wait =
      given.port === undefined && file === undefined
        ? `sleep ${given.timeout}`
        : waiting(given, file === undefined ? portTest(given) : fileTest(file, given), saysOnFailure(given, file));
    const look = file === undefined ? '' : `; ${reportStat(file).text} 2>/dev/null || :`;
    const text = `found=; started=$(date +%s); { ${wait}; } && { echo "stars-elapsed $(( $(date +%s) - started ))"${look}; printf 'stars-found\\n%s\\n' "$found"; }`;
    return {
      actions: [{ kind: 'run', command: { text } }],
      changed: false,
      finish: (results) => outcome(given, file, results.at(-1)?.stdout),
    };
  },
});

function outcome({ state, port, search_regex: pattern }: Args, file: string | undefined, stdout = ''): Dict {
  const [head = '', found = ''] = stdout.split(/^stars-found\n/m);
  const match = pattern === undefined ? undefined : bytePattern(pattern, { multiline: true }).exec(toBytes(found));
  const groups = (match?.slice(1) ?? []).map((group) => (group === undefined ? null : fromBytes(group)));
  const named = Object.entries(match?.groups ?? {}).map(([name, group]): [string, Value] => [
    name,
    group === undefined ? null : fromBytes(group),
  ]);
  const stat = finalStat(head);
  return dict({
    state,
    port: port ?? null,
    path: file ?? null,
    search_regex: pattern ?? null,
    match_groups: groups,
    match_groupdict: new Map(named),
    elapsed: elapsed(head),
    ...(stat ? fileFields(stat) : {}),
  });
}

function fromBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}

function contradiction({ port, path: file, state, active_connection_states: states }: Args): string | undefined {
  if (port !== undefined && file !== undefined) return 'port and path parameter can not both be passed to wait_for';
  if (file !== undefined && state === 'stopped')
    return 'state=stopped should only be used for checking a port in the wait_for module';
  if (file !== undefined && state === 'drained')
    return 'state=drained should only be used for checking a port in the wait_for module';
  const unknown = states.find((name) => STATES[name] === undefined);
  return unknown === undefined ? undefined : `unknown active_connection_state (${unknown}) specified`;
}

function waiting({ delay, sleep, timeout, state }: Args, test: string, words: string): string {
  const until = state === 'started' || state === 'present' ? test : `! ${test}`;
  const tooLate = `if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' ${quote(words)} >&2; exit 1; fi`;
  return `sleep ${delay}; end=$(( $(date +%s) + ${timeout} )); until ${until}; do ${tooLate}; sleep ${sleep}; done`;
}

function saysOnFailure({ msg, host, port, search_regex: pattern, state }: Args, file: string | undefined): string {
  if (msg !== undefined) return msg;
  const place = file === undefined ? `${host}:${String(port)}` : file;
  if (state === 'drained') return `Timeout when waiting for ${place} to drain`;
  if (state === 'stopped' || state === 'absent')
    return `Timeout when waiting for ${place} to ${file === undefined ? 'stop' : 'be absent'}.`;
  return pattern === undefined
    ? `Timeout when waiting for ${file === undefined ? place : `file ${place}`}`
    : `Timeout when waiting for search string ${pattern} in ${place}`;
}

function elapsed(stdout: string | undefined): number | undefined {
  const seconds = /^stars-elapsed (\d+)$/m.exec(stdout ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

/** What was matched is kept in `found`, for the groups in the result. */
function fileTest(file: string, { search_regex: pattern, state }: Args): string {
  const word = quote(file);
  if (pattern === undefined || state === 'absent') return `[ -e ${word} ]`;
  return `{ grep -q -E -e ${quote(grepPattern(pattern))} ${word} 2>/dev/null && found=$(head -c ${FOUND_BYTES} ${word}); }`;
}

const FOUND_BYTES = 1 << 20;

/** Python's way to write digits and names of groups, as grep -E knows them. */
function grepPattern(pattern: string): string {
  return pattern
    .replaceAll(String.raw`\d`, '[0-9]')
    .replaceAll(String.raw`\D`, '[^0-9]')
    .replaceAll(/\(\?(?:P<\w+>|:)/g, '(');
}

function portTest(given: Args): string {
  if (given.state === 'drained') return `{ ${connectionsTest(given)}; }`;
  return `{ ${given.search_regex === undefined ? listenTest(given) : answerTest(given, given.search_regex)}; } >/dev/null 2>&1`;
}

/** Whatever the host has to try a connection with; a listening socket in /proc/net tells of ports of the host itself. */
function listenTest({ host, port = 0, connect_timeout: seconds }: Args): string {
  const own = /^(127\.|localhost$|0\.0\.0\.0$|::1$)/.test(host);
  const tests = [
    `{ command -v nc && nc -z -w ${seconds} ${quote(host)} ${port}; }`,
    `{ command -v bash && timeout ${seconds} bash -c ${quote(`: </dev/tcp/${host}/${port}`)}; }`,
    ...(own ? [`grep -q ':${hexPort(port)} [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6`] : []),
  ];
  return tests.join(' || ');
}

/** What a server says of itself within the time that one attempt has. */
function answerTest({ host, port = 0, connect_timeout: seconds }: Args, pattern: string): string {
  const read = [
    `{ command -v bash >/dev/null && timeout ${seconds} bash -c ${quote(`cat </dev/tcp/${host}/${port}`)}; }`,
    `{ command -v nc >/dev/null && sleep ${seconds} | timeout ${seconds} nc ${quote(host)} ${port}; }`,
  ];
  const said = `found=$({ ${read.join(' || ')}; } 2>/dev/null | head -c ${FOUND_BYTES})`;
  return `{ ${said}; printf '%s\\n' "$found" | grep -q -E -e ${quote(grepPattern(pattern))}; }`;
}

/** Connections of the host's own port in /proc/net; addresses stand there byte by byte, backwards. */
function connectionsTest({ host, port = 0, active_connection_states: states, exclude_hosts: excluded }: Args): string {
  const numbers = states.map((name) => STATES[name] ?? '').join('|');
  const others = excluded.map((address) => `(0000000000000000FFFF0000)?${hexAddress(address)}`).join('|');
  const skip = others === '' ? '' : ` && !($3 ~ /^(${others}):/)`;
  const own = host === 'localhost' ? '127.0.0.1' : host;
  const at = /^[\d.]+$/.test(own) && own !== '0.0.0.0' ? `^(0000000000000000FFFF0000)?${hexAddress(own)}` : '';
  return `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$2 ~ /${at}:${hexPort(port)}$/ && $4 ~ /^(${numbers})$/${skip} { found = 1 } END { exit !found }'`;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function hexAddress(address: string): string {
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (!bytes || bytes.some((byte) => byte > 255))
    throw new StarsError('PLAYBOOK', `exclude_hosts must be IPv4 addresses, not ${address}.`, {
      hint: 'Write the address of the host in place of its name.',
    });
  return bytes
    .toReversed()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}
