import type { DifferentialCase, Intended } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const one = (args: Arguments, setup?: string) => oneTask('shell', args, setup);

export const intended: readonly Intended[] = [
  {
    lines: /stderr: .*Syntax error/,
    why: 'The shell tells of `eval`, which keeps the text out of the arguments of every process.',
  },
  { lines: /stdout: Ansible ".*\\udcff/, why: 'Bytes that are no UTF-8 are read as replacement characters.' },
];

export const cases: DifferentialCase[] = [
  one({ cmd: 'echo a | tr a b; echo e >&2; exit 3' }),
  one({ cmd: 'echo "$0" >/dev/null; for i in 1 2; do echo $i; done' }),
  one({ cmd: 'echo ${BASH_VERSION:+bash}', executable: '/bin/bash' }),
  one({ cmd: 'if then' }),
  ...generated(
    'shell',
    {
      cmd: [
        'cat >/dev/null; echo $HOME *',
        'cat; pwd',
        'cat >/dev/null; echo out; echo err >&2; false',
        'cat >/dev/null; touch made && ls',
        'cat >/dev/null; printf "a\\n\\n"',
        'cat >/dev/null; echo é; printf "\\377"',
      ],
      chdir: [undefined, '@', '@/nope'],
      creates: [undefined, '@/made'],
      removes: [undefined, '@/there', '@/nope'],
      executable: [undefined, '/bin/bash', '/bin/nope'],
      stdin: [undefined, 'in'],
      stdin_add_newline: [undefined, false],
    },
    { before: { one: 'touch there' } },
  ),
  {
    ...one({ cmd: 'echo a', warn: false }),
    differs: { lines: /./, why: 'Ansible of today refuses `warn`, which old playbooks have.' },
  },
  one({ cmd: 'printf "a\\n\\n"', strip_empty_ends: false }),
];
