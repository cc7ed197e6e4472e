import type { DifferentialCase } from '../case.js';
import { BEFORE_AN_EDIT } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const SERVERS = `printf 'server=1\\n# end\\nport 80\\nport 81\\nlast' >@/f`;
const one = (args: Arguments, setup?: string) => oneTask('blockinfile', args, setup);

export const cases: DifferentialCase[] = [
  one({ path: '@/f', block: 'one\ntwo' }, SERVERS),
  one({ path: '@/f', block: 'one', insertafter: '^server', marker: '# {mark} X' }, SERVERS),
  one(
    { path: '@/f', block: 'new' },
    `printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nold\\n# END ANSIBLE MANAGED BLOCK\\nb\\n' >@/f`,
  ),
  one(
    { path: '@/f', state: 'absent' },
    `printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nold\\n# END ANSIBLE MANAGED BLOCK\\nb\\n' >@/f`,
  ),
  one({ path: '@/f', block: 'x', create: true, insertbefore: 'BOF' }),
  one({ path: '@/f', block: 'x', state: 'present' }),
  ...generated(
    'blockinfile',
    {
      block: [undefined, 'one\ntwo', 'one\n', '', '\nspaced\n'],
      state: [undefined, 'absent'],
      marker: [undefined, '// {mark} X', 'fixed'],
      marker_begin: [undefined, 'START'],
      marker_end: [undefined, 'STOP'],
      insertafter: [undefined, 'EOF', '^port', 'nomatch'],
      insertbefore: [undefined, 'BOF', '^port'],
      create: [undefined, true],
      backup: [undefined, true],
      mode: [undefined, '0600'],
      owner: [undefined, 'daemon'],
      validate: [undefined, 'true %s', 'false %s'],
    },
    {
      always: { path: '@/f' },
      before: {
        ...BEFORE_AN_EDIT,
        marked: `printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nold\\n# END ANSIBLE MANAGED BLOCK\\nport 1\\n' >f`,
        halfMarked: `printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nold\\nport 1\\n' >f`,
        atTheEnd: `printf 'port\\n# BEGIN ANSIBLE MANAGED BLOCK\\none\\ntwo\\n# END ANSIBLE MANAGED BLOCK' >f`,
      },
    },
  ),
  one({ path: '@/f', block: 'x', group: 'games', unsafe_writes: true }, BEFORE_AN_EDIT.link),
  oneTask(
    'blockinfile',
    { path: '@/f', block: 'x', seuser: 'root', serole: 'object_r', setype: 'etc_t', selevel: 's0' },
    'touch f',
  ),
];
