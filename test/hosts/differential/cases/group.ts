import { generated, oneTask } from '../one-task.js';

export const cases = [
  oneTask('group', { name: 'service accounts' }),
  oneTask('group', { name: 'root' }),
  oneTask('group', { name: 'stars', state: 'absent' }),
  ...generated(
    'group',
    {
      state: [undefined, 'present', 'absent'],
      gid: [undefined, '6NNN', 1],
      system: [undefined, true],
      non_unique: [undefined, true],
    },
    {
      always: { name: 'gNNN' },
      before: {
        nothing: ':',
        there: 'groupadd gNNN',
        numbered: 'groupadd -g 6NNN gNNN',
        primary: 'groupadd gNNN; useradd -g gNNN ugNNN',
      },
    },
  ),
  {
    ...oneTask('group', { name: 'daemon', local: true }),
    differs: { lines: /lgroupmod/, why: 'Ansible fails without the programs of libuser, which Stars does not need.' },
  },
];
