import type { DifferentialCase } from '../case.js';
import { type Arguments, generated, numbered, oneTask } from '../one-task.js';
import { PACKAGES } from '../package-setups.js';

const ignore = {
  fields: ['stdout', 'stderr', 'msg'],
  why: 'apt tells of times, of percentages and of what it reads.',
};
let number = 100;
const withUpdates = {
  fields: [...ignore.fields, 'cache_updated'],
  why: `${ignore.why} Ansible compares times in whole seconds, and what fetches lists right after another one takes them for the same.`,
};
/** Brings the hosts to the same again, where one of them does nothing. */
const GONE = { apt: { name: 'pNNN', state: 'absent', purge: true } };
const one = (args: Arguments, before = 'none', more: Partial<DifferentialCase> = {}) =>
  numbered(
    oneTask('apt', args, PACKAGES[before], { name: `${JSON.stringify(args)} where ${before}`, ignore, ...more }),
    number++,
  );

/** What is asked of every argument is asked of these alone; others have cases of their own. */
const COMMON = Object.fromEntries(
  ['none', 'old', 'newest', 'needed', 'left', 'removed', 'held', 'changed'].map((before) => [
    before,
    PACKAGES[before] ?? '',
  ]),
);

export const cases: DifferentialCase[] = [
  one({ name: 'pNNN' }),
  one({ name: 'pNNN=1.0' }),
  one({ name: 'pNNN=1.*' }),
  one({ name: 'pNNN>=1.1' }),
  one({ name: 'pNNN=9.9' }),
  one({ name: ['pNNN', 'qNNN', 'sNNN'] }),
  one({ name: 'pNNN,sNNN' }),
  one({ name: 'no-such-package' }),
  one({ name: 'no-such-package', state: 'absent' }),
  one({ name: 'p?NN*', state: 'absent' }),
  one({ name: 'pNNN*' }, 'old'),
  one({ name: 'pNNN*', state: 'absent' }, 'old'),
  one({ name: 'rNNN', install_recommends: true }),
  one({ name: 'rNNN', install_recommends: false }),
  one({ name: 'rNNN' }),
  one({ name: 'pNNN:all' }),
  one({ name: 'pNNN=2.0' }, 'held'),
  one({ name: 'pNNN=2.0', allow_change_held_packages: true }, 'held'),
  one({ name: 'pNNN=1.0' }, 'newest'),
  one({ name: 'pNNN=1.0', allow_downgrade: true }, 'newest'),
  one({ name: 'pNNN=1.0', force: true }, 'newest'),
  one({ deb: '/srv/own/pNNN_1.1_all.deb' }),
  one({ deb: '/srv/own/pNNN_1.1_all.deb' }, 'old'),
  one({ deb: '/srv/own/pNNN_1.0_all.deb' }, 'newest'),
  one({ deb: '/srv/own/pNNN_1.0_all.deb', allow_downgrade: true }, 'newest'),
  one({ deb: '/srv/own/qNNN_1.0_all.deb' }, 'none', {
    tasks: JSON.stringify([
      { apt: { deb: '/srv/own/qNNN_1.0_all.deb' } },
      { shell: 'apt-mark showmanual pNNN qNNN' },
      { apt: { name: ['pNNN', 'qNNN'], state: 'absent' } },
    ]),
    ignore: { fields: ['stderr', 'msg'], why: 'apt tells of times, of percentages and of what it reads.' },
    differs: {
      lines: /task 2 .*stdout: |task [13] .*stdout: /,
      why: 'What a .deb file needs is there automatically, as apt has it.',
    },
  }),
  one({ deb: '/srv/own/pNNN_1.1_all.deb,/srv/own/sNNN_1.0_all.deb' }),
  one({ deb: '/srv/own/pNNN_1.1_all.deb', state: 'latest' }),
  one({ deb: '/srv/own/nothing.deb' }),
  one({ deb: '/srv/own/pNNN_1.1_all.deb', name: 'pNNN' }),
  one({ update_cache: true }),
  one({ update_cache: true, cache_valid_time: 3600 }),
  one({ update_cache: true, name: 'pNNN', cache_valid_time: 100000 }),
  one({ clean: true }),
  one({ autoclean: true }),
  one({ autoremove: true }, 'left', { alone: true }),
  one({ autoremove: true, purge: true }, 'left', { alone: true }),
  one({ name: 'qNNN', state: 'absent', autoremove: true }, 'needed', { alone: true }),
  one({ name: 'qNNN', state: 'absent', autoremove: true, purge: true }, 'needed', { alone: true }),
  one({ upgrade: 'dist' }, 'old', { alone: true }),
  one({ upgrade: 'yes' }, 'old', { alone: true }),
  one({ upgrade: 'safe' }, 'held', { alone: true }),
  one({ upgrade: 'full', autoremove: true }, 'old', { alone: true }),
  one({ name: '*', state: 'latest' }, 'old', { alone: true }),
  one({ name: 'pNNN', state: 'fixed' }),
  one({ name: 'pNNN', state: 'build-dep' }),
  one({ name: 'pNNN', default_release: 'nothing' }),
  one({ name: 'pNNN', state: 'installed' }, 'none', {
    tasks: JSON.stringify([{ apt: { name: 'pNNN', state: 'installed' } }, GONE]),
    differs: { lines: /./, why: 'Ansible of today refuses the old word `installed`, which old playbooks have.' },
    alone: true,
  }),
  one({ name: 'pNNN', state: 'removed' }, 'old', {
    tasks: JSON.stringify([{ apt: { name: 'pNNN', state: 'removed' } }, GONE]),
    differs: { lines: /./, why: 'Ansible of today refuses the old word `removed`, which old playbooks have.' },
    alone: true,
  }),
  one({ upgrade: 'no', update_cache: true }),
  one({ name: 'pNNN=1.*' }, 'old'),
  one({ name: 'pNNN=1.*', state: 'latest' }, 'old'),
  one({ name: 'pNNN>=1.1' }, 'old'),
  one({ name: 'pNNN>=1.0' }, 'old'),
  one({ name: 'pNNN>=1.0', state: 'latest' }, 'old'),
  one({ name: 'pNNN>=9' }, 'old'),
  one({ name: 'pNNN=1=1' }),
  one({ name: 'pNNN=1.1', state: 'absent' }, 'old'),
  one({ name: 'pNNN=1.0', state: 'absent' }, 'old'),
  one({ name: 'pNNN', state: 'absent', purge: true }, 'removed'),
  one({ name: 'pNNN', state: 'absent' }, 'removed'),
  one({ name: 'pNNN', state: 'absent', purge: true }, 'changed'),
  one({ name: 'pNNN' }, 'left'),
  one({ name: ['pNNN', 'sNNN'] }, 'left'),
  one({ name: 'pNNN', state: 'latest' }, 'left'),
  one({ name: 'nonesuch*' }),
  one({ name: ['*', 'pNNN'], state: 'latest' }, 'old'),
  one({ name: '*' }, 'old'),
  one({ name: 'pNNN', upgrade: 'dist' }, 'old'),
  one({ name: [] }),
  one({ name: 'vNNN' }, 'virtual'),
  one({ name: 'vNNN' }, 'provided'),
  one({ name: 'wNNN' }, 'virtual'),
  one({ name: '@/xNNN.dsc', state: 'build-dep' }, 'source'),
  one({ name: 'qNNN', state: 'fixed' }),
  one({ name: 'pNNN' }, 'asking', { alone: true }),
  one({ name: 'pNNN', policy_rc_d: 101 }, 'asking', { alone: true }),
  one({ name: 'pNNN', policy_rc_d: 0 }, 'policy', {
    alone: true,
    tasks: JSON.stringify([
      { apt: { name: 'pNNN', policy_rc_d: 0 } },
      { shell: 'mv /usr/sbin/policy-rc.d /srv/own/pNNN.before', args: { removes: '/usr/sbin/policy-rc.d' } },
    ]),
  }),
  one({ name: 'pNNN', state: 'latest', update_cache: true }, 'stale', { alone: true }),
  one({ name: 'sNNN', update_cache: true }, 'stale', {
    alone: true,
    differs: {
      lines: /^check mode/,
      why: 'New lists may know the package, so that check mode does not call it missing.',
    },
  }),
  one({ name: 'pNNN>=2', update_cache: true }, 'stale', {
    alone: true,
    differs: {
      lines: /^check mode/,
      why: 'New lists may know the version, so that check mode does not call it missing.',
    },
  }),
  one({ upgrade: 'dist', update_cache: true }, 'stale', { alone: true }),
  one({ name: 'pNNN', state: 'latest' }, 'stale', { alone: true }),
  one({ autoremove: true, update_cache: true }, 'left', { alone: true }),
  one({ autoremove: true, autoclean: true }, 'left', { alone: true }),
  one({ cache_valid_time: 100000 }),
  one({ update_cache: false, cache_valid_time: 1 }, 'none', {
    tasks: JSON.stringify([
      { shell: "find /var/lib/apt -maxdepth 2 -exec touch -d '1 hour ago' {} +" },
      { apt: { update_cache: false, cache_valid_time: 1 } },
    ]),
  }),
  one({ name: 'pNNN', policy_rc_d: 101, lock_timeout: 5, force_apt_get: true, allow_unauthenticated: true }),
  one({ name: 'pNNN', dpkg_options: 'force-confnew,force-confdef', state: 'latest' }, 'changed'),
  one({}),
  ...generated(
    'apt',
    {
      state: [undefined, 'present', 'latest', 'absent'],
      name: ['pNNN', ['pNNN', 'qNNN']],
      purge: [undefined, true],
      only_upgrade: [undefined, true],
      update_cache: [undefined, true, false],
      fail_on_autoremove: [undefined, true],
      install_recommends: [undefined, false],
    },
    { before: COMMON, more: () => ({ ignore: withUpdates }), from: 300 },
  ),
  one({ update_cache: true, update_cache_retries: 1, update_cache_retry_max_delay: 1 }),
];
