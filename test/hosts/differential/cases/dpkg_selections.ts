import type { DifferentialCase } from '../case.js';

const one = (name: string, args: object, setup?: string): DifferentialCase => ({
  name,
  tasks: JSON.stringify([{ dpkg_selections: args }]),
  ...(setup === undefined ? {} : { setup }),
});

export const cases: DifferentialCase[] = [
  one('held', { name: 'curl', selection: 'hold' }),
  one('as it is', { name: 'sudo', selection: 'install' }),
  one('no longer held', { name: 'cron', selection: 'install' }, 'echo cron hold | dpkg --set-selections'),
  one('to be removed', { name: 'unzip', selection: 'deinstall' }),
  one('to be purged', { name: 'acl', selection: 'purge' }),
  one('a package that nobody knows', { name: 'no-such-package', selection: 'hold' }),
  one('a choice that there is not', { name: 'curl', selection: 'keep' }),
];
