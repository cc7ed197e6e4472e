import { quote } from '../../shell/command.js';
import { args, bool, choice, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const cron = defineModule({
  name: 'cron',
  summary: 'Have an entry in a crontab, or not.',
  aliases: { value: 'job', dow: 'weekday', dom: 'day' },
  args: args({
    name: text(),
    job: text().optional(),
    state: choice('present', 'absent').default('present'),
    user: text().optional(),
    cron_file: text().optional(),
    minute: text().default('*'),
    hour: text().default('*'),
    day: text().default('*'),
    month: text().default('*'),
    weekday: text().default('*'),
    special_time: choice('reboot', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'annually').optional(),
    disabled: bool().default(false),
    env: bool().default(false),
    backup: bool().default(false),
  }),

  async plan(given, context): Promise<Plan> {
    if (given.env) return { actions: [], failed: 'cron: env is not supported: write the variable into the job' };
    if (given.state === 'present' && given.job === undefined)
      return { actions: [], failed: "You must specify 'job' to install a new cron job or variable" };
    const file =
      given.cron_file === undefined
        ? undefined
        : given.cron_file.startsWith('/')
          ? given.cron_file
          : `/etc/cron.d/${given.cron_file}`;
    const owner = given.user === undefined ? '' : ` -u ${quote(given.user)}`;
    const before = await context.fact({
      script: file === undefined ? `crontab -l${owner} 2>/dev/null; :` : `cat ${quote(file)} 2>/dev/null; :`,
      parse: ({ stdout }) => stdout,
    });
    const time =
      given.special_time === undefined
        ? `${given.minute} ${given.hour} ${given.day} ${given.month} ${given.weekday}`
        : `@${given.special_time}`;
    const entry = `${given.disabled ? '#' : ''}${time} ${file === undefined ? '' : `${given.user ?? 'root'} `}${given.job ?? ''}`;
    const after = editCrontab(before, given.name, given.state === 'present' ? entry : undefined);
    const write = file === undefined ? `crontab${owner} -` : `( umask 022; cat >${quote(file)} )`;
    const text = `printf %s ${after === '' ? "''" : quote(after)} | ${write}`;
    return {
      actions: after === before ? [] : [{ kind: 'run', command: { text } }],
      result: dict({ jobs: [...after.matchAll(/^#Ansible: (.*)$/gm)].map(([, name = '']) => name), envs: [] }),
      diff: { before, after, beforeHeader: file ?? 'crontab', afterHeader: file ?? 'crontab' },
    };
  },
});

/** The crontab with the entry of this name replaced, added, or (undefined) removed. */
export function editCrontab(before: string, name: string, entry: string | undefined): string {
  const lines = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const at = lines.indexOf(`#Ansible: ${name}`);
  const wanted = entry === undefined ? [] : [`#Ansible: ${name}`, entry];
  const after = at === -1 ? [...lines, ...wanted] : lines.toSpliced(at, 2, ...wanted);
  return after.length === 0 ? '' : `${after.join('\n')}\n`;
}
