import type { DifferentialCase, Intended } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const AGAIN = 'The host tells of cap_chown=ep, in which Ansible does not see the cap_chown+ep that it set.';

export const intended: readonly Intended[] = [
  { lines: /^second run, task .*: (changed: Ansible true, Stars false|msg: Ansible|stdout: Ansible)/, why: AGAIN },
];

const PROBE = { probe: 'getcap @/program | sed "/ =$/d"' };
const SAME: Intended = { lines: /: (changed: Ansible true|msg: Ansible|stdout: Ansible)/, why: AGAIN };

function isSameAlready({ capability, state }: Arguments, before = ''): boolean {
  if (state === 'absent') return false;
  return capability === 'cap_chown-ep'
    ? /none|others/.test(before)
    : capability === 'cap_net_bind_service+ep' && before === 'others';
}

export const cases: DifferentialCase[] = [
  ...generated(
    'community.general.capabilities',
    {
      capability: [
        'cap_net_bind_service+ep',
        'cap_net_bind_service=ep',
        'CAP_CHOWN=eip',
        'cap_chown+p',
        'cap_chown-ep',
        'cap_chown',
        'cap_nonsense+ep',
      ],
      state: [undefined, 'absent'],
    },
    {
      always: { path: '@/program' },
      before: {
        none: 'cp /bin/true program',
        one: 'cp /bin/true program; setcap cap_chown=ep program',
        others: 'cp /bin/true program; setcap cap_setuid,cap_net_bind_service=ep program',
        missing: ':',
        folder: 'mkdir program',
      },
      more: (args, before) => ({ ...PROBE, ...(isSameAlready(args, before) ? { differs: SAME } : {}) }),
    },
  ),
  oneTask(
    'community.general.capabilities',
    { path: '@/program', capability: 'cap_kill=p', state: 'absent' },
    'cp /bin/true program; setcap "cap_setuid,cap_net_bind_service=ep cap_kill=eip" program',
    { ...PROBE, differs: { lines: /: (changed|msg|stdout)|probe of/, why: 'Ansible sees the first group alone.' } },
  ),
  oneTask(
    'community.general.capabilities',
    { path: '@/program', capability: 'cap_kill=ep', state: 'present' },
    'cp /bin/true program',
    PROBE,
  ),
  oneTask('community.general.capabilities', { key: '@/program', cap: 'cap_chown=ep' }, 'cp /bin/true program'),
];
