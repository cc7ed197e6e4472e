import { args, bool, choice, text } from '../arguments.js';

export const cronArguments = args({
  name: text().describe('What the entry is known by; for a variable its name.'),
  job: text().optional().describe('The command; for a variable its value.'),
  state: choice('present', 'absent').default('present').describe('Whether the entry is there.'),
  user: text().optional().describe('Whose crontab; for a `cron_file` who runs the job.'),
  cron_file: text().optional().describe("A file of /etc/cron.d, or with a path, in place of a user's crontab."),
  minute: text().default('*').describe('The minutes.'),
  hour: text().default('*').describe('The hours.'),
  day: text().default('*').describe('The days of the month.'),
  month: text().default('*').describe('The months.'),
  weekday: text().default('*').describe('The days of the week.'),
  special_time: choice('reboot', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'annually')
    .optional()
    .describe('A word in place of the times.'),
  disabled: bool().default(false).describe('Keep the entry, but as a comment.'),
  env: bool().default(false).describe('The entry is a variable rather than a job.'),
  insertafter: text().optional().describe('The variable behind which a new one stands.'),
  insertbefore: text().optional().describe('The variable before which a new one stands.'),
  backup: bool().default(false).describe('Keep a copy of the old crontab in the folder for temporary files.'),
});
export type CronArguments = ReturnType<typeof cronArguments.parse>;
