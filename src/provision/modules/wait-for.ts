import { quote } from '../../shell/command.js';
import { args, choice, int, path, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const waitFor = defineModule({
  name: 'wait_for',
  summary: 'Wait until a port or a file of a host is there, or gone.',
  args: args({
    host: text().default('127.0.0.1'),
    port: int().optional(),
    path: path().optional(),
    search_regex: text().optional(),
    state: choice('started', 'present', 'stopped', 'absent', 'drained').default('started'),
    timeout: int().default(300),
    connect_timeout: int().default(5),
    delay: int().default(0),
    sleep: int().default(1),
    msg: text().optional(),
  }),

  async plan(given, context): Promise<Plan> {
    const { port, state, delay, sleep, timeout } = given;
    if (state === 'drained') return { actions: [], failed: 'wait_for: state drained is not supported' };
    if (context.checkMode) return { actions: [], skipped: 'remote module (wait_for) does not support check mode' };
    const gone = state === 'stopped' || state === 'absent';
    const test = port === undefined ? fileTest(given) : portTest(given.host, port, given.connect_timeout);
    const words =
      given.msg ?? `Timeout when waiting for ${port === undefined ? (given.path ?? '') : `${given.host}:${port}`}`;
    // A host without path and port just waits, as with Ansible.
    const nothing = port === undefined && given.path === undefined;
    const text = nothing
      ? `sleep ${timeout}`
      : `sleep ${delay}; end=$(( $(date +%s) + ${timeout} )); until ${gone ? '! ' : ''}{ ${test}; }; do if [ "$(date +%s)" -ge "$end" ]; then printf '%s\\n' ${quote(words)} >&2; false; break; fi; sleep ${sleep}; done`;
    const checked = nothing
      ? text
      : `${text}; ${gone ? '! ' : ''}{ ${test}; } || { printf '%s\\n' ${quote(words)} >&2; false; }`;
    return {
      actions: [{ kind: 'run', command: { text: checked } }],
      changed: false,
      result: dict({ state, port, path: given.path }),
    };
  },
});

function fileTest({
  path: file = '',
  search_regex: pattern,
}: {
  path?: string | undefined;
  search_regex?: string | undefined;
}): string {
  return pattern === undefined ? `[ -e ${quote(file)} ]` : `grep -q -E -e ${quote(pattern)} ${quote(file)} 2>/dev/null`;
}

/** Whatever the host has to try a connection with; a listening socket in /proc/net tells of ports of the host itself. */
function portTest(host: string, port: number, seconds: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const own = /^(127\.|localhost$|0\.0\.0\.0$|::1$)/.test(host);
  const tests = [
    `{ command -v nc && nc -z -w ${seconds} ${quote(host)} ${port}; }`,
    `{ command -v bash && timeout ${seconds} bash -c ${quote(`: </dev/tcp/${host}/${port}`)}; }`,
    ...(own ? [`grep -q ':${hex} [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6`] : []),
  ];
  return `{ ${tests.join(' || ')}; } >/dev/null 2>&1`;
}
