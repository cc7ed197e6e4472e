import type { DifferentialCase } from '../case.js';
import { BEFORE_AN_EDIT } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const SERVERS = `printf 'server=1\\n# end\\nport 80\\nport 81\\nlast' >@/f`;
const line = (args: Arguments, setup = SERVERS) => oneTask('lineinfile', { path: '@/f', ...args }, setup);

export const cases: DifferentialCase[] = [
  line({ line: 'new' }),
  line({ line: 'new', state: 'present' }),
  line({ line: 'last' }),
  line({ line: 'port 80' }),
  line({ line: 'new' }, ':'),
  line({ line: 'new', create: true, mode: '0600' }, ':'),
  line({ line: 'new', create: true, path: '@/deep/er/f' }, ':'),
  line({ regexp: '^port', line: 'port 8080' }),
  line({ regexp: '^port', line: 'port 8080', firstmatch: true }),
  line({ regexp: '^server=(\\d)$', line: 'server=\\g<1>0', backrefs: true }),
  line({ regexp: '^none(.)', line: 'x\\1', backrefs: true }),
  line({ regexp: '(?i)^PORT 81$', line: 'port 9' }),
  line({ search_string: 'port', line: 'port x' }),
  line({ line: 'mid', insertafter: '^port' }),
  line({ line: 'mid', insertafter: '^port', firstmatch: true }),
  line({ line: 'mid', insertbefore: '^port' }),
  line({ line: 'mid', insertbefore: '^port', firstmatch: true }),
  line({ line: 'mid', insertbefore: 'BOF' }),
  line({ line: 'mid', insertafter: 'EOF' }),
  line({ line: 'mid', insertafter: 'nomatch' }),
  line({ line: 'mid', insertbefore: 'nomatch' }),
  line({ regexp: '^nomatch', line: 'mid', insertbefore: '^# end' }),
  line({ regexp: '^nomatch', line: 'mid', insertafter: '^# end$' }),
  line({ regexp: '^port', state: 'absent' }),
  line({ line: 'last', state: 'absent' }),
  line({ search_string: '=', state: 'absent' }),
  line({ regexp: 'zzz', state: 'absent' }),
  line({ line: 'gone', state: 'absent' }, ':'),
  line({ line: 'x' }, 'mkdir @/f'),
  line({ line: 'é ü', regexp: '^sérver' }, `printf 'sérver\\n\\377\\n' >@/f`),
  line({ line: 'x', mode: '0600' }, 'echo x >@/f'),
  line({ line: 'x' }, 'echo y >@/real; ln -s real @/f'),
  ...generated(
    'lineinfile',
    {
      line: ['new', 'port 80', 'a\\1b', 'two\nlines'],
      regexp: [undefined, '^port', '^(s)erver', 'nomatch'],
      insertafter: [undefined, 'EOF', '^port', 'nomatch'],
      insertbefore: [undefined, 'BOF', '^port'],
      state: [undefined, 'absent'],
      backrefs: [undefined, true],
      firstmatch: [undefined, true],
      create: [undefined, true],
      backup: [undefined, true],
      mode: [undefined, '0600'],
      owner: [undefined, 'daemon'],
      validate: [undefined, 'true %s', 'false %s'],
    },
    {
      always: { path: '@/f' },
      before: BEFORE_AN_EDIT,
      more: ({ validate, backup }, before) =>
        validate === 'false %s' && backup && before === 'empty'
          ? { differs: { lines: /BACKUP~: Ansible file .*, Stars absent$/, why: 'What is refused leaves no backup.' } }
          : {},
    },
  ),
  ...generated(
    'lineinfile',
    {
      line: ['new', undefined],
      search_string: ['port', '.'],
      state: [undefined, 'absent'],
      insertafter: [undefined, '^server'],
      firstmatch: [undefined, true],
      create: [undefined, true],
    },
    { always: { path: '@/f' }, before: BEFORE_AN_EDIT },
  ),
  line({ line: 'x', group: 'games', unsafe_writes: true }),
  line({ line: 'x', group: 'games', mode: '0600' }, BEFORE_AN_EDIT.link),
  line({ line: 'x', owner: 'daemon', create: true }, 'ln -s y f'),
  line({ line: 'x', seuser: 'root', serole: 'object_r', setype: 'etc_t', selevel: 's0' }),
];
