import type { DifferentialCase } from '../case.js';
import { generated, oneTask } from '../one-task.js';

const ED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPphuDBEHm4vv7W4I4AfNXxAP1A1PpZOOHmdZQqU6Ro me@x';
const RSA = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDKyJ one two';
const FILE = '/home/kNNN/.ssh/authorized_keys';
const made = (lines: readonly string[]) =>
  `useradd -m kNNN; mkdir -m 700 ~kNNN/.ssh; printf '${lines.map(() => '%s\\n').join('')}' ${lines.map((line) => `'${line}'`).join(' ')} >${FILE}; chown -R kNNN: ~kNNN/.ssh`;
const BEFORE = {
  fresh: 'useradd -m kNNN',
  keyed: made([ED]),
  others: made(['# comment', '', RSA, `from="1.2.3.4",no-pty ${ED}`, 'nonsense here', RSA]),
  open: `${made([RSA])}; chmod 755 ~kNNN/.ssh; chmod 644 ${FILE}; chown root: ${FILE}`,
  linked: `${made([RSA])}; mv ${FILE} ~kNNN/real; chmod 600 ~kNNN/real; ln -s ../real ${FILE}`,
  homeless: 'useradd -M kNNN',
  unended: `${made([RSA])}; printf '%s' '${ED}' >>${FILE}`,
};
const looked = `cd ~kNNN && cat ${FILE}; stat -c '%a %U %G %F %N' . .ssh .ssh/* real; true`;

export const cases: DifferentialCase[] = [
  ...generated(
    'ansible.posix.authorized_key',
    {
      key: [
        ED,
        `${RSA}\n\n# a comment\n${ED}`,
        `no-pty,command="a \\"b\\" c" ${ED}`,
        ED.replace(' me@x', ''),
        'nonsense',
      ],
      state: [undefined, 'absent'],
      exclusive: [undefined, true],
      comment: [undefined, 'new one', ''],
      key_options: [undefined, 'no-pty,from="1.2.3.4,*.x"', ''],
      manage_dir: [undefined, false],
      follow: [undefined, true],
    },
    { always: { user: 'kNNN' }, before: BEFORE, more: () => ({ probe: looked }) },
  ),
  ...generated(
    'ansible.posix.authorized_key',
    {
      path: ['@/keys', '@/new/keys'],
      manage_dir: [undefined, true, false],
      state: [undefined, 'absent'],
      user: ['kNNN', 'nobodys', 'root'],
    },
    {
      always: { key: ED },
      before: {
        none: 'useradd -m kNNN; mkdir d',
        there: `useradd -m kNNN; mkdir d; printf '%s\\n' '${RSA}' '${ED}' >keys`,
      },
      from: 300,
    },
  ),
  oneTask('ansible.posix.authorized_key', { path: '@/d', user: 'root', key: ED }, 'mkdir d', {
    differs: { lines: /: Ansible folder [67]00 0:0/, why: 'A folder in the way keeps its permissions.' },
  }),
];
