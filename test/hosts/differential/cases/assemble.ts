import type { DifferentialCase, Intended } from '../case.js';
import { BEFORE_A_FILE } from '../file-setups.js';
import { generated, oneTask } from '../one-task.js';

const PIECES = `mkdir pieces; cd pieces; printf 'a\\n' >1; printf b >2; printf 'c\\n' >.3; printf d >4.conf; mkdir sub; : >6; printf 'hello\\n' >7.conf; cd ..`;

export const intended: readonly Intended[] = [
  {
    lines:
      /^check mode, task .*: (status: Ansible "skipped"|changed: Ansible false, Stars true|skipped: Ansible true|msg: Ansible)/,
    why: 'Check mode says what would change, where Ansible skips the task.',
  },
  { lines: /: validation: Ansible/, why: 'The result does not hold what `validate` said.' },
];

export const cases: DifferentialCase[] = [
  ...generated(
    'assemble',
    {
      delimiter: [undefined, '-- \\n', '\\x23\\t', ''],
      regexp: [undefined, '[0-9]$', 'conf$', '^none'],
      ignore_hidden: [undefined, true],
      backup: [undefined, true],
      mode: [undefined, '0640'],
      owner: [undefined, 'daemon'],
      validate: [undefined, 'grep -q hello %s', 'grep -q nothing %s'],
    },
    {
      always: { src: '@/pieces', dest: '@/x' },
      before: Object.fromEntries(Object.entries(BEFORE_A_FILE).map(([name, shell]) => [name, `${PIECES}; ${shell}`])),
    },
  ),
  ...generated(
    'assemble',
    {
      delimiter: [undefined, '--', '--\\n'],
      regexp: [undefined, 'conf$'],
      ignore_hidden: [undefined, true],
      backup: [undefined, true],
    },
    {
      always: { src: '@local/pieces', dest: '@/x', remote_src: false },
      before: BEFORE_A_FILE,
      more: () => ({ localSetup: PIECES }),
    },
  ),
  oneTask('assemble', { src: '@/nope', dest: '@/x' }),
  oneTask('assemble', { src: '@/pieces/1', dest: '@/x' }, PIECES),
  oneTask('assemble', { src: '@/pieces', dest: '@/none/x' }, PIECES),
  oneTask('assemble', { src: '@local/nope', dest: '@/x', remote_src: false }),
  oneTask(
    'assemble',
    {
      src: '@/pieces',
      dest: '@/x',
      decrypt: false,
      group: 'games',
      unsafe_writes: true,
      seuser: 'root',
      serole: 'object_r',
      setype: 'etc_t',
      selevel: 's0',
    },
    PIECES,
  ),
];
