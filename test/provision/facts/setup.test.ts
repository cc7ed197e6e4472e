import { describe, expect, test } from '@jest/globals';
import type { Dict } from '../../../src/jinja/value.js';
import { SECTION_MARK } from '../../../src/provision/facts/sections.js';
import { SETUP_DEFAULTS, setupFactFor } from '../../../src/provision/facts/setup.js';
import { localHost, shells } from '../support/local-host.js';

/** Everything, as a play gathers it. */
const setupFact = setupFactFor(SETUP_DEFAULTS);

function factsOf(sections: Record<string, string>): Dict {
  const stdout = Object.entries(sections)
    .map(([name, text]) => `\n${SECTION_MARK}${name}\n${text}`)
    .join('');
  return setupFact.parse({ code: 0, stdout, stderr: '', truncated: false });
}

const CENTOS7 = {
  uname: 'Linux\nw1.example.org\n3.10.0-1160.el7.x86_64\n#1 SMP\nx86_64\n',
  fqdn: 'w1.example.org',
  osrelease: 'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n',
  releases: 'redhat-release=CentOS Linux release 7.9.2009 (Core)\n',
  managers: 'yum\n',
  init: 'comm systemd\nsystemd\nsystemctl\n',
};

test.each([
  [
    'CentOS 7',
    CENTOS7,
    {
      distribution: 'CentOS',
      distribution_version: '7.9',
      distribution_major_version: '7',
      distribution_release: 'Core',
      os_family: 'RedHat',
      pkg_mgr: 'yum',
      service_mgr: 'systemd',
      distribution_file_variety: 'RedHat',
    },
  ],
  [
    'Debian',
    {
      osrelease: 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
      releases: 'debian_version=12.11\n',
      managers: 'apt-get\n',
      init: 'comm systemd\n',
    },
    {
      distribution: 'Debian',
      distribution_version: '12',
      distribution_minor_version: '11',
      distribution_major_version: '12',
      distribution_release: 'bookworm',
      os_family: 'Debian',
      pkg_mgr: 'apt',
    },
  ],
  [
    'Debian with its own python3-distro',
    {
      osrelease: 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
      releases: 'debian_version=12.11\npython3-distro=yes\n',
    },
    { distribution_version: '12.11', distribution_major_version: '12', distribution_minor_version: '11' },
  ],
  [
    'Ubuntu',
    {
      osrelease: 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="16.04"\nVERSION_CODENAME=xenial\n',
      releases: 'debian_version=stretch/sid\n',
      managers: 'apt-get\n',
    },
    {
      distribution: 'Ubuntu',
      distribution_version: '16.04',
      distribution_major_version: '16',
      distribution_release: 'xenial',
      os_family: 'Debian',
    },
  ],
  [
    'Alpine',
    {
      osrelease: 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.18.4\n',
      releases: 'alpine-release=3.18.4\n',
      managers: 'apk\n',
      init: 'comm init\nopenrc\n',
    },
    {
      distribution: 'Alpine',
      distribution_version: '3.18.4',
      distribution_major_version: '3',
      os_family: 'Alpine',
      pkg_mgr: 'apk',
      service_mgr: 'openrc',
    },
  ],
  [
    'openSUSE',
    { osrelease: 'NAME="openSUSE Leap"\nID="opensuse-leap"\nVERSION_ID="15.5"\n', managers: 'zypper\n' },
    {
      distribution: 'openSUSE Leap',
      distribution_version: '15.5',
      distribution_release: '5',
      os_family: 'Suse',
      pkg_mgr: 'zypper',
      distribution_file_variety: 'SUSE',
    },
  ],
  [
    'Rocky 9',
    {
      osrelease: 'NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="9.2"\n',
      releases: 'redhat-release=Rocky Linux release 9.2 (Blue Onyx)\n',
      managers: 'dnf\nyum\n',
    },
    { distribution: 'Rocky', distribution_version: '9.2', os_family: 'RedHat', pkg_mgr: 'dnf' },
  ],
])('the distribution is named as Ansible names it: %s', (_, sections, expected) => {
  const facts = factsOf(sections);
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, facts.get(`ansible_${name}`)]))).toEqual(
    expected,
  );
});

test('addresses, memory, processors and the environment are read', () => {
  const facts = factsOf({
    ...CENTOS7,
    ip: '1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.1.2.3/20 brd 10.1.15.255 scope global eth0\n',
    net: 'mtu:1500 operstate:up type:1 flags:0x1003 address:52:54:00:12:34:56'
      .split(' ')
      .map((file) => `/sys/class/net/eth0/${file}\n`)
      .join(''),
    route: 'default via 10.1.0.1 dev eth0 proto static\n',
    meminfo: 'MemTotal:        2048000 kB\nMemFree:          512000 kB\n',
    cpuinfo:
      'processor\t: 0\nphysical id\t: 0\nsiblings\t: 4\ncpu cores\t: 2\nprocessor\t: 1\nphysical id\t: 0\nsiblings\t: 4\ncpu cores\t: 2\n',
    env: 'HOME=/root\nTWO=a\nb\n',
  });
  const route = Object.fromEntries(facts.get('ansible_default_ipv4') as Map<string, unknown>);
  expect(route).toMatchObject({
    address: '10.1.2.3',
    netmask: '255.255.240.0',
    network: '10.1.0.0',
    gateway: '10.1.0.1',
    interface: 'eth0',
    macaddress: '52:54:00:12:34:56',
  });
  expect(facts.get('ansible_memtotal_mb')).toBe(2000);
  expect(facts.get('ansible_processor_vcpus')).toBe(4);
  expect(facts.get('ansible_domain')).toBe('example.org');
  expect(facts.get('ansible_env')).toEqual(
    new Map([
      ['HOME', '/root'],
      ['TWO', 'a\nb'],
    ]),
  );
});

describe.each(shells())('with %s as the shell of the host', (...words) => {
  test('setup answers without a complaint in one script', async () => {
    const host = localHost({ shell: words.filter((word) => typeof word === 'string') });
    const result = await host.run(setupFact.script);
    host.remove();
    const facts = setupFact.parse(result);
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(facts.get('ansible_system')).toBe('Linux');
    expect(Number(facts.get('ansible_memtotal_mb'))).toBeGreaterThan(0);
    expect(facts.get('ansible_user_dir')).toBeTruthy();
  });
});

test('a host that answers nothing gives facts all the same', () => {
  expect(factsOf({}).get('ansible_os_family')).toBe('OtherLinux');
});
