import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeProjects } from '../support/run-playbook.js';
import { FILE_TASKS, LOOKING_TASKS, RPM_STEPS, SERVICE_STEPS } from './host-kind-tasks.js';
import type { HostKind } from './support/host-kinds.js';
import { endsOf, playOnHosts, type PlayOptions } from './support/play-on-hosts.js';
import { PW_PASSWORD, type RealHost, type RealHosts, realHosts } from './support/real-hosts.js';

afterAll(removeProjects);

/** Tasks as YAML flow lines in one play. */
function site(tasks: readonly string[]): string {
  return `- hosts: all\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`;
}

const FILES = {
  'files/plain.txt': 'content\n',
  'files/say.sh': '#!/bin/sh\necho "said $1"\n',
  'templates/t.j2': 'on {{ ansible_system }}\n',
};

function describeKind(kind: HostKind, tests: (play: ReturnType<typeof player>, host: () => RealHost) => void): void {
  describe(`a host of the kind ${kind}`, () => {
    let hosts: RealHosts;
    beforeAll(async () => {
      hosts = await realHosts(1, { kind });
    });
    afterAll(() => hosts.stop());
    tests(
      player(() => hosts),
      () => hosts.host(0),
    );
  });
}

function player(hosts: () => RealHosts) {
  return async (tasks: readonly string[], options: PlayOptions = {}): Promise<string[]> =>
    withoutFacts(endsOf(await playOnHosts(hosts(), { 'site.yml': site(tasks), ...FILES }, options)));
}

function withoutFacts([facts = '', ...ends]: readonly string[]): string[] {
  return / failed /.test(facts) ? [facts] : ends;
}

const allOf = (tasks: readonly string[], word: string) => tasks.map((task) => `${nameOf(task)}: ${word}`);
const nameOf = (task: string) => /\w+/.exec(task)?.[0] ?? '';
describeKind('busybox', (play, host) => {
  const variables = { ansible_user: 'root', ansible_become: 'no' };

  test('files are managed with nothing but busybox; check mode writes nothing, the second run finds all done', async () => {
    await play(["file: {path: /srv/d, state: directory, mode: '0755'}"], { variables });
    const before = await host().inside('find', '/srv', '/tmp', '/root', '/var/tmp');
    await play(FILE_TASKS.slice(0, 7), { variables, check: true });
    expect(await host().inside('find', '/srv', '/tmp', '/root', '/var/tmp')).toBe(before);

    const first = await play([...FILE_TASKS, ...LOOKING_TASKS], { variables });
    expect(first).toEqual([...allOf(FILE_TASKS, 'changed'), ...allOf(LOOKING_TASKS, 'ok')]);
    const second = await play([...FILE_TASKS, ...LOOKING_TASKS], { variables });
    expect(second.filter((line) => !/: (ok|skipped)$/.test(line))).toEqual([]);
    expect(await host().inside('find', '/tmp', '/var/tmp', '/srv', '-name', '*stars-*')).toBe('');
  });

  const install = (program: string) => `${program} is no program of this host. Install it there first: the module `;
  test.each([
    ['user: {name: newbie}', `${install('adduser')}user needs `, "busybox's adduser and deluser"],
    ['group: {name: newbie}', `${install('addgroup')}group needs `, "busybox's addgroup and delgroup"],
    ['yum: {name: jq}', `${install('yum')}yum needs `, 'yum or dnf'],
    ['apt: {name: jq}', `${install('apt-cache')}apt needs `, 'apt-get'],
    ['package: {name: jq}', 'this host has no package manager that Stars knows.', 'use command or raw'],
    [
      'service: {name: sshd, state: started}',
      'the requested service sshd: host has neither systemd nor',
      'init.d/sshd',
    ],
  ])('%s, which it has no program for, says what is missing', async (task, ...words) => {
    const [ended = ''] = await play([task], { variables });
    expect(words.filter((each) => !ended.includes(each))).toEqual([]);
  });

  test('a stat that is missing, or has no formats, is told: a file is not taken for one that is not there', async () => {
    const looks = () => play(['stat: {path: /etc/passwd}'], { variables });
    const other = 'echo "stat: invalid option -- c" >&2; exit 1';
    const hint = 'so that Stars cannot tell how it is.\nInstall coreutils or busybox there.';
    await host().inside('mv', '/bin/stat', '/bin/stat.away');
    try {
      expect(await looks()).toEqual([`stat: failed (stat is no program of this host, ${hint})`]);
      await host().inside('sh', '-c', `printf '#!/bin/sh\n${other}\n' >/bin/stat; chmod 755 /bin/stat`);
      expect(await looks()).toEqual([`stat: failed (stat of this host does not know the option -c, ${hint})`]);
    } finally {
      await host().inside('mv', '-f', '/bin/stat.away', '/bin/stat');
    }
  });
});

describeKind('rpm', (play) => {
  test('rpm packages, repositories and keys come and go with the real dnf, and check mode leaves them', async () => {
    const tasks = RPM_STEPS.map(([task]) => task);
    await play(tasks, { check: true });
    expect(await play(tasks)).toEqual(RPM_STEPS.map(([task, word]) => `${nameOf(task)}: ${word}`));
  });
});

function servicesAre(manager: string, play: ReturnType<typeof player>): void {
  test('services are started, stopped and enabled by what runs the host', async () => {
    const tasks = [`assert: {that: 'ansible_service_mgr == "${manager}"'}`, ...SERVICE_STEPS.map(([task]) => task)];
    expect(await play(tasks)).toEqual([
      'assert: ok',
      ...SERVICE_STEPS.map(([task, word]) => `${nameOf(task)}: ${word}`),
    ]);
  });
}

describeKind('openrc', (play) => servicesAre('openrc', play));

describeKind('sysv', (play, host) => {
  const TASKS = FILE_TASKS.slice(1);
  servicesAre('sysvinit', play);

  const login = (shell: string) => host().inside('usermod', '-s', shell, 'stars');

  test.each(['/bin/tcsh', '/usr/bin/fish', '/bin/dash', '/bin/bash'])(
    'works whatever the login shell is: %s, with noise at every login and a narrow umask',
    async (shell) => {
      const noise = 'echo Welcome; echo to this host >&2';
      await host().inside(
        'sh',
        '-c',
        `rm -rf /srv/d /srv/out; install -d -o stars -m 755 /srv/d
for file in .tcshrc .bashrc .profile; do echo '${noise}; umask 077' >/home/stars/$file; done
mkdir -p /home/stars/.config/fish; echo '${noise}; umask 077' >/home/stars/.config/fish/config.fish
chown -R stars: /home/stars; echo '${noise}' >/etc/motd`,
      );
      await login(shell);
      expect(await play([FILE_TASKS[0] ?? '', ...TASKS])).toEqual(allOf([FILE_TASKS[0] ?? '', ...TASKS], 'changed'));
      const su = { ansible_become_method: 'su', ansible_become_user: 'pw', ansible_become_password: PW_PASSWORD };
      await host().inside('usermod', '-s', shell, 'pw');
      expect(await play(['command: id -un'], { variables: su })).toEqual(['command: changed']);
      await login('/bin/bash');
    },
  );

  const full = (folder: string) =>
    `mount -t tmpfs -o size=64k,mode=1777 tmpfs ${folder}; head -c 100000 /dev/zero >${folder}/full || :`;
  const inShell = (script: string) => host().inside('sh', '-c', script);

  test('is mended also where /tmp is full or closed', async () => {
    await inShell(full('/tmp'));
    try {
      expect(await play(["copy: {content: 'x', dest: /srv/mended}"])).toEqual(['copy: changed']);
      expect(await inShell("find /tmp /dev/shm -name '.stars-*'")).toBe('');
      await inShell('rm -f /tmp/full; mount -o remount,ro,noexec /tmp');
      expect(await play(["copy: {content: 'z', dest: /srv/mended}"])).toEqual(['copy: changed']);
    } finally {
      await inShell('umount /tmp');
    }
  });

  test.each([
    ['full', full('/dev/shm')],
    ['read-only', 'mount -t tmpfs -o ro,mode=1777 tmpfs /dev/shm'],
  ])('where the place of the lock is %s nothing is changed, and what to look at is told', async (_how, close) => {
    await inShell(close);
    try {
      const [ended] = await play(["copy: {content: 'x', dest: /srv/locked}"]);
      expect(ended).toMatch(/the lock of the host, \/dev\/shm\/.stars-lock, cannot be written, so nothing was done\./);
      expect(ended).toContain('See whether /dev/shm is full, read-only or not writable for this login: df /dev/shm');
      expect(await inShell("ls /srv/locked 2>/dev/null; find /tmp /dev/shm -name '.stars-*'; :")).toBe('');
    } finally {
      await inShell('umount /dev/shm');
    }
    expect(await play(["copy: {content: 'z', dest: /srv/locked}", 'file: {path: /srv/locked, state: absent}'])).toEqual(
      ['copy: changed', 'file: changed'],
    );
  });

  test('has its lock in /tmp where there is no shared memory', async () => {
    await inShell('umount /dev/shm');
    try {
      const task = "shell: 'ls -d /dev/shm/.stars-lock /tmp/.stars-lock; test -s /tmp/.stars-lock/holder'";
      expect(await play([task])).toEqual(['shell: changed']);
      expect(await inShell("find /tmp /dev/shm -name '.stars-*'")).toBe('');
    } finally {
      await inShell('mount -t tmpfs -o mode=1777 tmpfs /dev/shm');
    }
  });

  test('a read-only file system fails the task in words', async () => {
    await host().inside('sh', '-c', 'mkdir -p /mnt/ro; mount -t tmpfs -o ro tmpfs /mnt/ro');
    const [ended] = await play(['copy: {content: x, dest: /mnt/ro/file}']);
    expect(ended).toMatch(/^copy: failed \(.*Read-only file system/);
  });
});
