import type { DifferentialCase } from '../case.js';

const one = (name: string, tasks: string): DifferentialCase => ({
  name,
  tasks,
  ignore: {
    fields: ['stdout', 'stderr'],
    why: 'Ansible gives raw a terminal, which ends lines with a carriage return and adds its own words.',
  },
});

export const cases: DifferentialCase[] = [
  one('a line', '- raw: echo "a  b" >@/x; echo $((1 + 1))\n'),
  one('a code', '- raw: exit 3\n'),
  one('a shell', '- raw: "echo ${BASH_VERSION:+bash} >@/x"\n  args: {executable: /bin/bash}\n'),
  one('options in the text', '- raw: touch @/x creates=@/x executable=/bin/bash\n'),
  one(
    'arguments that only the other commands have',
    '- raw: echo a\n  args: {stdin: typed, stdin_add_newline: false, strip_empty_ends: false, chdir: /usr, removes: /nope}\n',
  ),
  one('an old argument', '- raw: "true"\n  args: {warn: false}\n'),
  one('as another user', '- raw: id -un >/tmp/raw-user\n  become_user: plain\n'),
  one('changed by what it says', '- raw: echo same\n  register: said\n  changed_when: "\'other\' in said.stdout"\n'),
];
