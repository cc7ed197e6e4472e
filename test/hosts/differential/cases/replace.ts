import type { DifferentialCase } from '../case.js';
import { BEFORE_AN_EDIT } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const SERVERS = `printf 'server=1\\n# end\\nport 80\\nport 81\\nlast' >@/f`;
const one = (args: Arguments, setup?: string) => oneTask('replace', args, setup);

export const cases: DifferentialCase[] = [
  one({ path: '@/f', regexp: '^port (\\d+)$', replace: 'port=\\1' }, SERVERS),
  one({ path: '@/f', regexp: 'port', replace: 'PORT', after: 'server=1', before: 'port 81' }, SERVERS),
  one({ path: '@/f', regexp: '\\n# .*', replace: '' }, SERVERS),
  one({ path: '@/f', regexp: '1d;$d', replace: '' }, SERVERS),
  one({ path: '@/f', regexp: 'port', replace: 'x', encoding: 'utf8' }, SERVERS),
  ...generated(
    'replace',
    {
      regexp: ['^port (\\d+)$', '(port)', '(?s)(server).*end', '(no)match', '$', '^'],
      replace: [undefined, 'X', '<\\1>', 'a\\nb'],
      after: [undefined, 'server=1', 'nomatch', '(?m)^# '],
      before: [undefined, 'last', 'nomatch'],
      backup: [undefined, true],
      mode: [undefined, '0600'],
      group: [undefined, 'games'],
      validate: [undefined, 'true %s', 'false %s'],
      encoding: [undefined, 'utf-8'],
    },
    { always: { path: '@/f' }, before: BEFORE_AN_EDIT },
  ),
  one({ path: '@/f', regexp: 'port', replace: 'x', owner: 'daemon', unsafe_writes: true }, SERVERS),
  one({ path: '@/f', regexp: 'port', replace: 'x', owner: 'daemon', mode: '0600' }, BEFORE_AN_EDIT.link),
  one({ path: '@/f', regexp: 'nomatch', replace: 'x', group: 'games' }, BEFORE_AN_EDIT.link),
  {
    ...one({ path: '@/f', regexp: 'port', replace: 'x', follow: false }, SERVERS),
    differs: { lines: /./, why: 'Ansible of today refuses `follow`, which old playbooks have.' },
  },
  {
    ...one({ path: '@/f', regexp: 'nomatch', replace: '<\\1>' }, SERVERS),
    differs: { lines: /./, why: 'A group that the pattern lacks is an error only where something is replaced.' },
  },
];
