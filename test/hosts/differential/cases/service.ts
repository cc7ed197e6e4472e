import type { DifferentialCase, Intended } from '../case.js';
import { generated, numbered, oneTask } from '../one-task.js';
import { UNITS, units } from '../unit-setups.js';

const ignore = {
  fields: ['status'],
  why: 'All that systemd tells of a unit is full of times, numbers of processes and sizes.',
};
const SYSV = `printf '%s\\n' '#!/bin/sh' '### BEGIN INIT INFO' '# Provides: vNNN' '# Required-Start:' '# Required-Stop:' '# Default-Start: 2 3 4 5' '# Default-Stop: 0 1 6' '### END INIT INFO' 'case $1 in start) touch /run/vNNN;; stop) rm -f /run/vNNN;; status) test -e /run/vNNN || exit 3;; esac' >/etc/init.d/vNNN; chmod 755 /etc/init.d/vNNN; systemctl daemon-reload`;
const sysv = (args: Record<string, unknown>, number: number) =>
  numbered(oneTask('service', { name: 'vNNN', ...args }, SYSV, { ignore }), number);

/** Brings the hosts to the same again, where one of them does nothing. */
const STOPPED = { service: { name: 'dNNN', state: 'stopped' } };

export const intended: readonly Intended[] = [
  {
    lines: /^check mode, .*Could not find the requested service|^check mode, .*changed: Ansible false, Stars true/,
    why: 'In check mode a unit that is not there yet may come with a package that an earlier task would have installed.',
  },
];

export const cases: DifferentialCase[] = [
  numbered(oneTask('service', { name: 'dNNN', state: 'started', enabled: true }, UNITS.stopped, { ignore }), 1),
  numbered(oneTask('service', { name: 'dNNN', state: 'started', use: 'systemd' }, UNITS.stopped, { ignore }), 2),
  numbered(
    oneTask(
      'service',
      { name: 'dNNN', state: 'restarted', sleep: 1, pattern: 'd', arguments: '-x', runlevel: 'default' },
      UNITS.running,
      { ignore },
    ),
    3,
  ),
  numbered(oneTask('service', { name: 'dNNN', state: 'started', daemon_reload: true }, UNITS.stopped, { ignore }), 4),
  numbered(
    {
      name: 'module_defaults of systemd, also for dNNN',
      tasks: JSON.stringify([{ service: { name: 'dNNN' }, module_defaults: { systemd: { state: 'stopped' } } }]),
      setup: UNITS.running,
      ignore,
    },
    6,
  ),
  oneTask('service', { name: 'cron' }, undefined, { ignore }),
  {
    ...numbered(
      oneTask('service', { name: 'dNNN', state: 'running' }, UNITS.stopped, {
        tasks: JSON.stringify([{ service: { name: 'dNNN', state: 'running' } }, STOPPED]),
        ignore,
      }),
      5,
    ),
    differs: { lines: /./, why: 'Ansible of today refuses the old word `running`, which old playbooks have.' },
    alone: true,
  },
  sysv({ state: 'started' }, 20),
  sysv({ enabled: true }, 21),
  sysv({ state: 'started', enabled: true }, 22),
  sysv({ state: 'stopped', enabled: false }, 23),
  ...generated(
    'service',
    { state: [undefined, 'started', 'stopped', 'restarted', 'reloaded'], enabled: [undefined, true, false] },
    { always: { name: 'dNNN' }, before: units(), more: () => ({ ignore }) },
  ),
];
