import { generated, oneTask } from '../one-task.js';

const ours = "printf '#Ansible: job NNN\\n5 * * * * old\\n# mine\\n1 2 3 4 5 other\\n'";
const BEFORE = {
  nothing: ':',
  there: `(crontab -l 2>/dev/null; ${ours}) | crontab -; ${ours.replaceAll('old', 'root old')} >/etc/cron.d/cNNN`,
  disabled: `(crontab -l 2>/dev/null; printf '#Ansible: job NNN\\n#5 * * * * old\\n') | crontab -`,
  variable: `(crontab -l 2>/dev/null; printf 'job NNN="1"\\nPATHNNN="/bin"\\n' | grep PATH) | crontab -`,
};

export const cases = [
  oneTask('cron', { name: 'check dirs', hour: '5,2', minute: '0', job: 'ls -alh > /dev/null' }),
  oneTask('cron', { name: 'an old job', state: 'absent' }),
  oneTask('cron', { name: 'PATHX', env: true, job: '/opt/bin' }),
  oneTask('cron', { name: 'PATHY', env: true, value: '/opt/bin', user: 'plain' }),
  oneTask('cron', { name: 'PATHZ', env: true, job: '/opt/bin', cron_file: 'czz', user: 'root' }),
  oneTask('cron', { name: 'AFTER', env: true, job: '/opt/a', insertafter: 'PATHX', state: 'present' }),
  oneTask('cron', { name: 'BEFORE', env: true, job: '/opt/b', insertbefore: 'PATHX' }),
  oneTask('cron', { name: 'ASTRAY', env: true, job: '/opt/c', insertbefore: 'NOBODY' }),
  oneTask('cron', { name: 'gone', env: true, state: 'absent' }),
  oneTask('cron', { name: 'x', cron_file: 'czx', state: 'absent' }),
  oneTask('cron', { name: 'x', cron_file: '/etc/cron.d/czabs', job: 'true', user: 'root' }),
  oneTask('cron', { name: 'percent', job: 'date +\\%d \'q\' "d"', minute: '*/5' }),
  oneTask('cron', { name: 'nothing to do' }),
  oneTask('cron', { name: 'both', job: 'true', special_time: 'daily', minute: '5' }),
  ...generated(
    'cron',
    {
      job: ['/bin/true', 'old'],
      state: [undefined, 'absent'],
      user: [undefined, 'root', 'plain'],
      cron_file: [undefined, 'cNNN'],
      minute: [undefined, '5', '*/10'],
      hour: [undefined, 3],
      day: [undefined, '1'],
      month: [undefined, '1-3'],
      weekday: [undefined, 'mon'],
      disabled: [undefined, true],
    },
    { always: { name: 'job NNN' }, before: BEFORE },
  ),
  ...generated(
    'cron',
    {
      special_time: ['reboot', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'annually'],
      user: ['root', 'plain'],
      disabled: [undefined, true],
      cron_file: [undefined, 'cNNN'],
    },
    { always: { name: 'job NNN', job: 'true' }, from: 300 },
  ),
  ...generated(
    'cron',
    {
      name: ['ANNN', 'NEWNNN'],
      insertafter: [undefined, 'ANNN', 'NOPE'],
      insertbefore: [undefined, 'BNNN', 'NOPE'],
      state: [undefined, 'absent'],
      cron_file: ['eNNN'],
    },
    {
      always: { env: true, job: '/x y', user: 'root' },
      before: { some: `printf 'ANNN="1"\\nBNNN=2\\n# mine\\n1 2 3 4 5 root other\\n' >/etc/cron.d/eNNN`, none: ':' },
      from: 500,
    },
  ),
  oneTask('cron', { name: 'kept', job: 'true', backup: true }, undefined, {
    ignore: { fields: ['backup_file'], why: 'It is a temporary name.' },
    tasks: '- cron: {name: kept, job: "true", backup: true}\n- shell: rm -f /tmp/crontab*',
  }),
];
