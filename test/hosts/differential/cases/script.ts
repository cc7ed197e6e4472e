import type { DifferentialCase } from '../case.js';

const SAYS = '#!/bin/sh\necho "${0##*/} $# $1 $GREETING"; id -un; pwd; echo e >&2; exit ${2-0}\n';

const one = (name: string, tasks: string, more: Partial<DifferentialCase> = {}): DifferentialCase => ({
  name,
  tasks,
  local: {
    's.sh': SAYS,
    'make.sh': '#!/bin/sh\ntouch "$1"\n',
    plain: 'echo by $0 | sed "s#/.*/##"\n',
    'with space.sh': SAYS,
  },
  ignore: {
    fields: ['stdout', 'stderr'],
    why: 'Ansible gives a script a terminal, which ends lines with a carriage return and adds its own words.',
  },
  ...more,
});

export const cases: DifferentialCase[] = [
  one('arguments and output', '- script: "@local/s.sh \'a b\'"\n  args: {chdir: /usr}\n'),
  one('a code', '- script: "@local/s.sh x 4"\n  args: {chdir: /}\n'),
  one('the environment', '- script: "@local/s.sh x"\n  args: {chdir: /}\n  environment: {GREETING: "it\'s"}\n'),
  one('an executable', '- script: "@local/plain"\n  args: {executable: /bin/bash}\n'),
  one('no executable and no first line', '- script: "@local/plain"\n'),
  one('creates', '- script: "@local/make.sh @/made creates=@/made"\n'),
  one('removes', '- script: "@local/make.sh @/made"\n  args: {removes: "@/gone"}\n'),
  one('a file with a space in its name', '- script: "\'@local/with space.sh\' x"\n  args: {chdir: /}\n'),
  one('as another user', '- script: "@local/s.sh x"\n  args: {chdir: /}\n  become_user: plain\n'),
  one('as it is, though it were a vault', '- script: "@local/s.sh x"\n  args: {chdir: /, decrypt: false}\n'),
  one('a relative folder', '- script: "@local/s.sh x"\n  args: {chdir: usr}\n'),
  one('a file that is not there', '- script: "@local/nope.sh"\n'),
];
