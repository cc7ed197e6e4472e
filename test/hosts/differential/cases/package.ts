import type { DifferentialCase } from '../case.js';
import { numbered, oneTask, type Arguments } from '../one-task.js';
import { PACKAGES } from '../package-setups.js';

const ignore = {
  fields: ['stdout', 'stderr', 'cache_updated'],
  why: 'apt tells of times, of percentages and of what it reads.',
};
const one = (args: Arguments, before: string, number: number, more: Partial<DifferentialCase> = {}) =>
  numbered(oneTask('package', args, PACKAGES[before], { ignore, ...more }), number);
/** Brings the hosts to the same again, where one of them does nothing. */
const GONE = { apt: { name: 'pNNN', state: 'absent', purge: true } };

export const cases: DifferentialCase[] = [
  one({ name: 'pNNN' }, 'none', 700),
  one({ name: 'pNNN', state: 'latest' }, 'old', 701),
  one({ name: 'pNNN', state: 'absent' }, 'old', 702),
  one({ name: ['pNNN', 'sNNN'], state: 'present', use: 'apt' }, 'old', 703),
  {
    ...one({ name: 'pNNN=1.1', state: 'installed' }, 'none', 704, {
      tasks: JSON.stringify([{ package: { name: 'pNNN=1.1', state: 'installed' } }, GONE]),
    }),
    alone: true,
    differs: { lines: /./, why: 'Ansible of today refuses the old word `installed`, which old playbooks have.' },
  },
  one({ name: 'pNNN', update_cache: true, cache_valid_time: 10 }, 'none', 705),
  one({ name: 'rNNN', install_recommends: false, allow_downgrade: true }, 'none', 706),
  one({ name: 'no-such-package' }, 'none', 707),
  numbered(
    {
      name: 'module_defaults of apt, also for pNNN',
      tasks: JSON.stringify([{ package: { name: 'pNNN' }, module_defaults: { apt: { state: 'latest' } } }]),
      setup: PACKAGES.old,
      ignore,
    },
    709,
  ),
  one({ name: 'pNNN', enablerepo: 'x', disablerepo: 'y', disable_gpg_check: true }, 'none', 708),
];
