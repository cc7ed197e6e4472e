import type { DifferentialCase, Intended } from '../case.js';
import { generated, numbered, oneTask } from '../one-task.js';
import { UNITS, units } from '../unit-setups.js';

const ignore = {
  fields: ['status'],
  why: 'All that systemd tells of a unit is full of times, numbers of processes and sizes.',
};
/** The cases of `service`, which may share the hosts, have units of lower numbers. */
const FIRST = 500;
const one = (args: Record<string, unknown>, number: number, setup: string = UNITS.stopped) =>
  numbered(oneTask('systemd', args, setup, { ignore }), FIRST + number);

export const intended: readonly Intended[] = [
  {
    lines: /^check mode, .*Could not find the requested service|^check mode, .*changed: Ansible false, Stars true/,
    why: 'In check mode a unit that is not there yet may come with a package that an earlier task would have installed.',
  },
];

export const cases: DifferentialCase[] = [
  one({ name: 'dNNN', state: 'started', enabled: true, daemon_reload: true }, 1),
  one({ name: 'dNNN.service', state: 'restarted', no_block: true }, 2, UNITS.running),
  one({ daemon_reload: true }, 3),
  one({ daemon_reexec: true }, 4),
  one({ name: 'nothing-here', state: 'started' }, 5),
  one({ name: 'nothing-here', enabled: true }, 6),
  one({ name: 'nothing-here', masked: true }, 7),
  one({ name: 'tNNN@one', state: 'started', enabled: true }, 8, UNITS.template),
  one({ name: 'tNNN.timer', state: 'started', enabled: true }, 9, UNITS.timer),
  one({ name: 'dNNN', state: 'started' }, 10, UNITS.broken),
  one({ name: 'dNNN', enabled: true }, 11, UNITS.static),
  one({ name: 'dNNN', state: 'started' }, 12, UNITS.oneshot),
  one({ name: 'ssh', state: 'started' }, 13),
  one({ name: 'dNNN*', state: 'stopped' }, 14, UNITS.running),
  one({ name: 'dNNN', enabled: true, scope: 'global' }, 15, UNITS.user),
  one({ name: 'dNNN', enabled: true, scope: 'system' }, 20),
  {
    ...one({ name: 'dNNN', enabled: true, scope: 'user' }, 21, UNITS.user),
    differs: {
      lines: /^check mode/,
      why: 'In check mode the manager of a user who is not logged in yet is no failure.',
    },
  },
  one({ name: 'dNNN', enabled: true, force: true }, 16, UNITS.linked),
  one({ name: 'aliasNNN', enabled: true, state: 'started' }, 17, UNITS.alias),
  one({ state: 'started' }, 18),
  {
    ...one({ name: 'dNNN', masked: true }, 19),
    differs: {
      lines: /task 1 .*(status|changed): Ansible/,
      why: 'A unit that cannot be masked fails the task; Ansible says that it masked it.',
    },
  },
  ...generated(
    'systemd',
    {
      state: [undefined, 'started', 'stopped', 'restarted', 'reloaded'],
      enabled: [undefined, true, false],
      masked: [undefined, true, false],
      daemon_reload: [undefined, true],
      no_block: [undefined, true],
      force: [undefined, true],
    },
    { always: { name: 'dNNN' }, before: units(), more: () => ({ ignore }), from: FIRST + 100 },
  ).filter(maskable),
];

/** systemctl masks no unit whose file is the administrator's own. */
function maskable({ tasks, setup = '' }: DifferentialCase): boolean {
  return !tasks.includes('"masked":true') || !setup.includes('>/etc/systemd/system');
}
