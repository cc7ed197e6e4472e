import type { DifferentialCase } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const one = (args: Arguments, setup?: string) => oneTask('command', args, setup);

export const cases: DifferentialCase[] = [
  one({ cmd: 'echo "a  b" \'c $HOME\' $HOME ~' }),
  one({ cmd: 'ls nowhere', chdir: '/' }),
  one({ cmd: 'touch made', chdir: '@', creates: '@/made' }),
  one({ cmd: 'rm x', chdir: '@', removes: '@/x*' }, 'touch @/x'),
  one({ cmd: 'cat', stdin: 'in\nput' }),
  one({ cmd: 'cat', stdin: 'input', stdin_add_newline: false }),
  one({ cmd: 'printf "a\\n\\n"', strip_empty_ends: false }),
  one({ argv: ['echo', 'a b', '*'] }),
  one({ cmd: 'no-such-program x' }),
  one({ cmd: 'exit 3' }),
  one({ cmd: 'pwd', chdir: '@/nope' }),
  ...generated(
    'command',
    {
      cmd: [
        'echo a b',
        'sh -c "echo out; echo err >&2; exit 4"',
        'cat',
        'touch made',
        'printf "a\\n\\n"',
        '/bin/echo "x y" \'z\'',
      ],
      chdir: [undefined, '@', '@/nope'],
      creates: [undefined, '@/made', '@/there*', '~/nothing'],
      removes: [undefined, '@/there', '@/nope'],
      strip_empty_ends: [undefined, false],
      warn: [undefined],
    },
    { before: { one: 'touch there' } },
  ),
  // A program that ends without reading makes Ansible fail by chance (Broken pipe).
  ...generated(
    'command',
    {
      cmd: ['cat', `sh -c 'cat; printf "a\\n\\n"'`, `sh -c 'cat >made'`],
      chdir: ['@', '@/nope'],
      creates: [undefined, '@/made', '@/there*'],
      removes: [undefined, '@/there', '@/nope'],
      stdin: ['in', 'in\n\n'],
      stdin_add_newline: [undefined, false],
      strip_empty_ends: [undefined, false],
    },
    { before: { one: 'touch there' } },
  ),
  one({ argv: ['printf', '%s|', 'a b', '', '*', '$HOME'] }),
  one({ argv: ['touch', '@/a b'], creates: '@/a b' }),
  one({ cmd: '' }),
  one({ cmd: 'echo "unclosed' }),
  one({ _raw_params: 'echo raw', chdir: '/' }),
  one({ cmd: 'echo a', executable: '/bin/sh' }),
  {
    ...one({ cmd: 'echo a', warn: false }),
    differs: { lines: /./, why: 'Ansible of today refuses `warn`, which old playbooks have.' },
  },
];
