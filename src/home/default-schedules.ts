/** What happens in every environment that says where its cluster is and in which channel it is talked about, unless it says otherwise. */
export const DEFAULT_SCHEDULES: ReadonlyMap<string, { command: string; cron: string }> = new Map([
  ['daily-backup', { command: 'backup', cron: '30 2 * * *' }],
  ['daily-report', { command: 'report', cron: '0 7 * * *' }],
  ['weekly-drill', { command: 'backup drill', cron: '30 4 * * 0' }],
]);
