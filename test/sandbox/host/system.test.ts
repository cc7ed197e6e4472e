import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createManualClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { startHosts } from '../../../src/sandbox/host/hosts.js';
import { oneHost } from './one-host.js';
import type { OneHost } from './one-host.js';

let one: OneHost;
beforeEach(async () => {
  one = await oneHost();
});
afterEach(() => one.stop());

const out = async (script: string) => (await one.host.run(script)).stdout;

describe('packages', () => {
  test('yum installs a package with what it needs, its files, users and units, and rpm knows it then', async () => {
    expect(await one.host.run('rpm -q mesos')).toEqual({
      code: 1,
      stdout: 'package mesos is not installed\n',
      stderr: '',
    });
    const { code, stdout } = await one.host.run('yum install -y mesos-1.3.0');
    expect(code).toBe(0);
    expect(stdout).toContain('Complete!');
    expect(await out("rpm -q mesos libevent-devel; rpm -q --qf '%{VERSION}-%{RELEASE}\\n' mesos")).toBe(
      'mesos-1.3.0-2.0.3.x86_64\nlibevent-devel-2.0.21-4.el7.x86_64\n1.3.0-2.0.3\n',
    );
    expect(await out('ls /etc/mesos-slave; cat /etc/default/mesos; systemctl is-enabled mesos-slave')).toBe(
      'work_dir\nLOGS=/var/log/mesos\nULIMIT="-n 8192"\ndisabled\n',
    );
    await one.host.run('yum -y install redis');
    expect(await out('id -un redis; stat -c %U /var/lib/redis')).toBe('redis\nredis\n');
  });

  test('a second install changes nothing and says so', async () => {
    await one.host.run('yum install -y tree');
    const before = one.host.packages.find('tree')?.installedAt;
    expect(await one.host.run('yum -y install tree')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing to do') as string,
    });
    expect(one.host.packages.find('tree')?.installedAt).toBe(before);
  });

  test('what no repository has fails with the words of yum', async () => {
    expect(await one.host.run('yum install -y no-such-thing')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('No package no-such-thing available.') as string,
      stderr: 'Error: Nothing to do\n',
    });
  });

  test('a removed package takes its files and those that need it along', async () => {
    await one.host.run('yum install -y marathon');
    expect(await one.host.run('yum remove -y java-1.8.0-openjdk-headless')).toMatchObject({ code: 0 });
    expect(await out('rpm -q marathon; command -v java; ls /usr/lib/systemd/system/marathon.service 2>&1')).toMatch(
      /^package marathon is not installed\nls: cannot access/,
    );
  });

  test('check-update ends with 100 while there is something newer', async () => {
    expect((await one.host.run('yum -q check-update curl')).code).toBe(100);
    await one.host.run('yum update -y curl');
    expect((await one.host.run('yum -q check-update curl')).code).toBe(0);
  });

  test('only root installs', async () => {
    expect(await one.host.run('yum install -y tree', { user: 'stars' })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('You need to be root') as string,
    });
  });
});

describe('services', () => {
  const unit = (lines: string) =>
    `printf '%b' '[Unit]\\nDescription=Test\\n[Service]\\n${lines}\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/t.service`;

  test('start, stop, enable and disable with the exit codes and words of systemd', async () => {
    await one.host.run('yum install -y redis');
    expect(
      await out('systemctl is-active redis; echo $?; systemctl start redis; systemctl is-active redis; echo $?'),
    ).toBe('inactive\n3\nactive\n0\n');
    expect(
      await out(
        'systemctl is-enabled redis; echo $?; systemctl enable redis 2>&1; systemctl is-enabled redis; echo $?',
      ),
    ).toBe(
      'disabled\n1\nCreated symlink from /etc/systemd/system/multi-user.target.wants/redis.service to /usr/lib/systemd/system/redis.service.\nenabled\n0\n',
    );
    expect(await out('ps -C redis-server -o user=; systemctl show -p ActiveState,SubState,UnitFileState redis')).toBe(
      'redis\nActiveState=active\nSubState=running\nUnitFileState=enabled\n',
    );
    expect(
      await out(
        'systemctl stop redis; systemctl is-active redis; systemctl disable redis 2>&1; ps -C redis-server -o pid=',
      ),
    ).toBe('inactive\nRemoved symlink /etc/systemd/system/multi-user.target.wants/redis.service.\n');
  });

  test('a unit that is not there', async () => {
    expect(await one.host.run('systemctl start nope')).toEqual({
      code: 5,
      stdout: '',
      stderr: 'Failed to start nope.service: Unit not found.\n',
    });
    expect(await one.host.run('systemctl status nope')).toMatchObject({ code: 4 });
    expect(await one.host.run('systemctl is-active nope')).toMatchObject({ code: 3, stdout: 'unknown\n' });
    expect(await one.host.run('systemctl show -p LoadState nope')).toMatchObject({
      code: 0,
      stdout: 'LoadState=not-found\n',
    });
    expect(await one.host.run('systemctl is-enabled nope')).toMatchObject({ code: 1 });
  });

  test('a changed unit file counts only after a reload, while its service runs', async () => {
    await one.host.run(`${unit('ExecStart=/bin/sleep 1000')}; systemctl start t; ${unit('ExecStart=/bin/sleep 2000')}`);
    expect(await out('systemctl show -p NeedDaemonReload t')).toBe('NeedDaemonReload=yes\n');
    expect((await one.host.run('systemctl restart t')).stderr).toContain(
      "changed on disk. Run 'systemctl daemon-reload'",
    );
    expect(await out('ps -C sleep -o args=')).toBe('/bin/sleep 1000\n');
    expect(await out('systemctl daemon-reload; systemctl restart t; ps -C sleep -o args=')).toBe('/bin/sleep 2000\n');
  });

  test.each([
    ['a program that is not there', 'ExecStart=/opt/missing', 'failed', /status=203\/EXEC/],
    ['a user who is not there', 'User=ghost\\nExecStart=/bin/sleep 9', 'failed', /status=217\/USER/],
    ['a program that fails', 'ExecStart=/bin/false', 'failed', /status=1\/FAILURE/],
  ])('%s leaves the unit failed', async (_title, lines, state, status) => {
    await one.host.run(`${unit(lines)}; systemctl start t`);
    expect(await out('systemctl is-active t')).toBe(`${state}\n`);
    const shown = await one.host.run('systemctl status t');
    expect(shown.code).toBe(3);
    expect(shown.stdout).toMatch(status);
  });

  test('a service that dies is started again after RestartSec, and given up when it dies too often', async () => {
    const clock = createManualClock();
    const still = await oneHost(clock);
    await still.host.run(
      `${unit('ExecStart=/bin/sh -c "echo started; sleep 1; exit 1"\\nRestart=always\\nRestartSec=1')}; systemctl start t`,
    );
    const seen: string[] = [];
    still.host.onServiceChange(({ state }) => seen.push(state));
    await clock.advance(2500);
    expect(seen).toEqual(['activating', 'active']);
    await clock.advance(60_000);
    expect(still.host.services.state('t')?.active).toBe('active');
    await still.host.run(
      `${unit('ExecStart=/bin/false\\nRestart=always\\nRestartSec=1')}; systemctl daemon-reload; systemctl restart t`,
    );
    await clock.advance(20_000);
    expect(still.host.services.state('t')).toMatchObject({ active: 'failed', result: 'start-limit' });
    await still.stop();
  });

  test('output and deeds of a unit are in the journal', async () => {
    await one.host.run(`${unit('Type=oneshot\\nExecStart=/bin/echo hello journal')}; systemctl start t`);
    expect(await out('journalctl -u t -n 5 --no-pager')).toMatch(/echo\[\d+\]: hello journal/);
  });

  test('tells who listens, also of a crash, and enabled services come back after a reboot', async () => {
    await one.host.run('yum install -y redis; systemctl enable redis; systemctl start redis');
    const seen: string[] = [];
    const stop = one.host.onServiceChange(({ unit: name, state }) => seen.push(`${name} ${state}`));
    await one.host.run('pkill -9 redis-server');
    expect(seen).toEqual(['redis.service failed']);
    stop();
    await one.host.reboot();
    expect(one.host.services.state('redis')?.active).toBe('active');
    expect(await out('systemctl is-active sshd')).toBe('active\n');
  });
});

describe('accounts and files', () => {
  test('useradd and its family change the files as shadow-utils do', async () => {
    expect(
      await out(
        'groupadd -g 5000 data; useradd -u 5001 -g data -G wheel -c "Data" -m worker; getent passwd worker; id worker; stat -c "%a %U:%G" /home/worker',
      ),
    ).toBe(
      'worker:x:5001:5000:Data:/home/worker:/bin/bash\nuid=5001(worker) gid=5000(data) groups=5000(data),10(wheel)\n700 worker:data\n',
    );
    expect(
      await out(
        'useradd worker; echo $?; usermod -s /bin/sh ghost; echo $?; groupadd data; echo $?; userdel -r worker; echo $?; ls -d /home/worker; echo $?',
      ),
    ).toBe('9\n6\n9\n0\n2\n');
  });

  test('permissions hold for everybody but root', async () => {
    expect(await one.host.run('cat /etc/shadow', { user: 'stars' })).toMatchObject({
      code: 1,
      stderr: 'cat: /etc/shadow: Permission denied\n',
    });
    expect(await one.host.run('touch /tmp/mine; rm -f /etc/hosts', { user: 'stars' })).toMatchObject({ code: 1 });
    expect(await one.host.run('rm -f /tmp/mine', { user: 'pw' })).toMatchObject({ code: 1 });
    expect(await one.host.run('chown pw /tmp/mine', { user: 'stars' })).toMatchObject({
      code: 1,
      stderr: "chown: changing ownership of '/tmp/mine': Operation not permitted\n",
    });
  });

  test('hosts share the base but never each other’s changes', async () => {
    const hosts = await startHosts({ names: ['a', 'b'], clock: createManualClock(), log: silentLog });
    await hosts
      .host('a')
      .run(
        'echo changed >/etc/motd; rm /etc/yum.conf; useradd onlyhere; chmod 700 /etc/fstab; echo more >>/etc/passwd',
      );
    expect(
      (
        await hosts
          .host('b')
          .run('ls /etc/yum.conf; cat /etc/motd; id onlyhere; stat -c %a /etc/fstab; grep -c more /etc/passwd')
      ).stdout,
    ).toBe('/etc/yum.conf\n644\n0\n');
    expect((await hosts.host('b').run('hostname; cat /etc/hostname')).stdout).toBe('b\nb\n');
    await hosts.stop();
  });

  test('curl and wget reach this machine only', async () => {
    const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await out(`curl -sf http://127.0.0.1:${port}/file -o /tmp/f; cat /tmp/f`)).toBe('GET /file');
    expect(await one.host.run('curl -sS http://example.com/')).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('Could not resolve host: example.com') as string,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(await one.host.run(`curl -sS http://127.0.0.1:${port}/`)).toMatchObject({ code: 7 });
  });

  test('looks like CentOS 7', async () => {
    expect(
      await out(
        '. /etc/os-release; echo $ID $VERSION_ID; cat /etc/redhat-release; uname -m; getenforce; nproc; cat /proc/1/comm',
      ),
    ).toBe('centos 7\nCentOS Linux release 7.9.2009 (Core)\nx86_64\nDisabled\n2\nsystemd\n');
  });
});

test('a name that cannot be a host is refused in words', async () => {
  await expect(startHosts({ names: ['ok', 'not ok'], clock: createManualClock(), log: silentLog })).rejects.toThrow(
    "'not ok' cannot be the name of a host.",
  );
});
