import { expect, test } from '@jest/globals';
import { commands } from '../support/canned-host.js';
import type { Answers } from '../support/planned.js';

const INSTALLED: [RegExp, string] = [/dpkg-query|rpm -q/, 'status ii 1.2-3\ninstalled 1.2-3\n  Candidate: 1.3-1\n'];
const MISSING: [RegExp, string] = [/dpkg-query|rpm -q/, '  Candidate: 1.3-1\n'];

test.each<[string, Record<string, unknown>, [RegExp, string][], RegExp | string | string[]]>([
  ['yum', { name: 'docker', state: 'present' }, [INSTALLED], []],
  [
    'yum',
    { name: 'docker,git', state: 'installed', enablerepo: 'extras' },
    [MISSING],
    ['yum -y -q --enablerepo=extras install docker git'],
  ],
  ['yum', { pkg: 'docker', state: 'latest' }, [INSTALLED, [/check-update/, 'code 100']], ['yum -y -q update docker']],
  ['yum', { name: 'docker', state: 'latest' }, [INSTALLED, [/check-update/, 'code 0']], []],
  ['yum', { name: ['docker'], state: 'absent' }, [INSTALLED], ['yum -y -q remove docker']],
  [
    'yum',
    { name: 'https://repo/x-1.0-1.noarch.rpm' },
    [MISSING],
    ['yum -y -q install https://repo/x-1.0-1.noarch.rpm'],
  ],
  ['yum', { name: 'a b; rm', state: 'present' }, [MISSING], ["yum -y -q install 'a b; rm'"]],
  ['apt', { name: 'mesos=1.2*', state: 'present' }, [INSTALLED], []],
  [
    'apt',
    { name: 'mesos=1.4*', state: 'present' },
    [INSTALLED, [/madison/, ' mesos | 1.4-2 | repo\n']],
    /install -- mesos=1\.4-2$/,
  ],
  [
    'apt',
    { name: 'mesos=1.2*', state: 'present' },
    [INSTALLED, [/madison/, ' mesos | 1.2-9 | repo\n']],
    /install -- mesos=1\.2-9$/,
  ],
  ['apt', { name: 'mesos=9*', state: 'present' }, [INSTALLED], /no available installation candidate for mesos=9\*/],
  ['apt', { name: 'curl', state: 'latest', default_release: 'stable' }, [INSTALLED], /-t stable install -- curl$/],
  ['apt', { name: 'curl', state: 'absent', purge: 'yes' }, [INSTALLED], /--purge remove -- curl$/],
  ['apt', { name: 'curl' }, [INSTALLED, [/extended_states/, 'curl\n']], ['apt-mark -qq manual -- curl']],
  ['apt', { name: 'curl>=1.0' }, [INSTALLED, [/compare-versions/, 'yes\n']], []],
  ['apt', { name: 'curl>=9' }, [INSTALLED], 'no available installation candidate for curl>=9'],
  ['apt', { name: 'curl', policy_rc_d: 101 }, [MISSING], /exit 101.*install -- curl/s],
  ['apt', { name: 'curl', state: 'build-dep' }, [], /build-dep -- curl$/],
  ['apt', { name: 'curl', state: 'absent', purge: 'yes' }, [[/dpkg-query/, 'rc \n']], /--purge remove -- curl$/],
  ['apt', { name: 'nothing' }, [[/dpkg-query/, '']], "No package matching 'nothing' is available"],
])('%s %j', async (name, args, answers, expected) => {
  const planned = await commands(name, args, answers);
  if (Array.isArray(expected)) expect(planned).toEqual(expected);
  else if (typeof expected === 'string') expect(planned).toBe(expected);
  else expect(String(planned)).toMatch(expected);
});

test.each([
  ['started', 'ActiveState=inactive', ['systemctl start docker']],
  ['started', 'ActiveState=active', []],
  ['stopped', 'ActiveState=active', ['systemctl stop docker']],
  ['restarted', 'ActiveState=active', ['systemctl restart docker']],
  ['restarted', 'ActiveState=failed', ['systemctl start docker']],
  ['reloaded', 'ActiveState=active', ['systemctl reload docker']],
  ['running', 'ActiveState=inactive', ['systemctl start docker']],
])('service %s of a unit with %s', async (state, active, expected) => {
  const answers: [RegExp, string][] = [[/systemctl/, `LoadState=loaded\n${active}\nenabled=enabled\n`]];
  expect(
    await commands('service', { name: 'docker', state, enabled: 'yes' }, answers, { ansible_service_mgr: 'systemd' }),
  ).toEqual(expected);
});

test('a service that systemd does not know is an error in the words of Ansible', async () => {
  const answers: [RegExp, string][] = [[/systemctl/, 'LoadState=not-found\nActiveState=inactive\nenabled=\n']];
  expect(await commands('systemd', { name: 'nope', state: 'started' }, answers)).toBe(
    'Could not find the requested service nope: host',
  );
});

test('package goes to the package manager of the host', async () => {
  const planned = await commands('package', { name: 'git', state: 'present' }, [MISSING], { ansible_pkg_mgr: 'yum' });
  expect(planned).toEqual(['yum -y -q install git']);
});

test('package hands on what module_defaults say for that package manager, under what it says itself', async () => {
  const on = { ansible_pkg_mgr: 'yum' };
  const defaults = { yum: { enablerepo: 'epel', state: 'absent' }, apt: { state: 'latest' } };
  expect(await commands('package', { name: 'git', state: 'present' }, [MISSING], on, defaults)).toEqual([
    'yum -y -q --enablerepo=epel install git',
  ]);
  expect(await commands('package', { name: 'git' }, [MISSING], on, defaults)).toEqual([]);
});

test('service hands on what module_defaults say for systemd', async () => {
  const on = { ansible_service_mgr: 'systemd' };
  const defaults = { systemd: { daemon_reload: true, state: 'restarted', no_block: 'yes' } };
  const unit: Answers[number] = [/systemctl/, 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n'];
  const restarted = await commands('service', { name: 'cron' }, [unit], on, defaults);
  expect(String(restarted)).toMatch(/daemon-reload[\s\S]*--no-block restart cron/);
  const left = await commands(
    'service',
    { name: 'cron', state: 'started', daemon_reload: false },
    [unit],
    on,
    defaults,
  );
  expect(left).toEqual([]);
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'file',
    { path: '/x', state: 'foo' },
    "file: state must be one of absent, directory, file, hard, link, touch, not 'foo'",
  ],
  ['file', { path: '/x', mode: 'u=q' }, "file: mode must be in octal or symbolic form, not 'u=q'"],
  ['file', { state: 'file' }, 'file: path is required'],
  ['copy', { dest: '/x', content: 'a', backup: 'maybe' }, "copy: backup must be yes or no, not 'maybe'"],
  ['copy', { dest: '/x', contents: 'a' }, 'copy: unknown argument contents'],
  ['group', { name: 'x', gid: 'ten' }, "group: gid must be a whole number, not 'ten'"],
])('%s refuses %j with words', async (name, args, words) => {
  await expect(commands(name, args, [])).rejects.toThrow(words);
});
