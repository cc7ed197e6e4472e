import type { DifferentialCase } from '../case.js';
import { generated, oneTask } from '../one-task.js';

export const cases: DifferentialCase[] = [
  oneTask('wait_for', { host: 'server', port: 8000, timeout: 5 }),
  oneTask('wait_for', { port: 9, timeout: 1, msg: 'nobody listens' }),
  oneTask('wait_for', { port: 9, state: 'stopped', timeout: 3 }),
  oneTask('wait_for', { host: 'server', port: 8000, state: 'stopped', timeout: 1 }),
  oneTask('wait_for', { port: 9, state: 'drained', timeout: 3 }),
  oneTask('wait_for', { port: 22, search_regex: 'OpenSSH', timeout: 5 }),
  oneTask('wait_for', { port: 22, search_regex: 'Nothing', timeout: 2 }),
  oneTask('wait_for', { host: 'no.such.host', port: 22, timeout: 1 }),
  oneTask('wait_for', { timeout: 1 }),
  oneTask('wait_for', { port: 22, path: '/x', timeout: 1 }),
  oneTask('wait_for', { port: 22, delay: 1, sleep: 1, connect_timeout: 1, timeout: 3 }),
  oneTask('wait_for', {
    port: 22,
    active_connection_states: ['ESTABLISHED'],
    exclude_hosts: ['127.0.0.1'],
    state: 'drained',
    timeout: 3,
  }),
  ...generated(
    'wait_for',
    {
      state: [undefined, 'present', 'absent', 'stopped', 'started'],
      path: ['@/f', '@/none'],
      search_regex: [undefined, 'done', 'id=(\\d+) (?P<name>\\w+)', 'never'],
      timeout: [1],
    },
    { before: { file: "printf 'begun\\nid=5 done\\n' >f" } },
  ),
];
