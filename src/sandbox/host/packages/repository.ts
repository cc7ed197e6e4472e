import type { Package, PackageFile } from './package.js';
import { SERVICE_PACKAGES } from './service-packages.js';

const base = (name: string, version: string, release: string, arch = 'x86_64'): Package => ({
  name,
  version,
  release,
  arch,
  repo: 'anaconda',
  summary: `The ${name} package`,
  files: [],
});

/** What a minimal CentOS 7 has from the start. */
export const BASE_PACKAGES: readonly Package[] = [
  base('bash', '4.2.46', '35.el7_9'),
  base('basesystem', '10.0', '7.el7.centos', 'noarch'),
  base('ca-certificates', '2021.2.50', '72.el7_9', 'noarch'),
  base('centos-release', '7', '9.2009.1.el7.centos'),
  base('coreutils', '8.22', '24.el7_9.2'),
  base('cronie', '1.4.11', '23.el7'),
  base('curl', '7.29.0', '59.el7_9.1'),
  base('filesystem', '3.2', '25.el7'),
  base('findutils', '4.5.11', '6.el7'),
  base('gawk', '4.0.2', '4.el7_3.1'),
  base('glibc', '2.17', '326.el7_9'),
  base('grep', '2.20', '3.el7'),
  base('gzip', '1.5', '11.el7_9'),
  base('initscripts', '9.49.53', '1.el7_9.1'),
  base('iproute', '4.11.0', '30.el7'),
  base('kernel', '3.10.0', '1160.el7'),
  base('openssh', '7.4p1', '22.el7_9'),
  base('openssh-server', '7.4p1', '22.el7_9'),
  base('openssl', '1.0.2k', '26.el7_9'),
  base('passwd', '0.79', '6.el7'),
  base('procps-ng', '3.3.10', '28.el7'),
  base('python', '2.7.5', '94.el7_9'),
  base('rpm', '4.11.3', '48.el7_9'),
  base('sed', '4.2.2', '7.el7'),
  base('setup', '2.8.71', '11.el7', 'noarch'),
  base('shadow-utils', '4.6', '5.el7'),
  base('sudo', '1.8.23', '10.el7_9.3'),
  base('systemd', '219', '78.el7_9.9'),
  base('tar', '1.26', '35.el7'),
  base('tzdata', '2024a', '1.el7', 'noarch'),
  base('util-linux', '2.23.2', '65.el7_9.1'),
  base('yum', '3.4.3', '168.el7.centos', 'noarch'),
];

const tool = (
  name: string,
  version: string,
  release: string,
  {
    repo = 'base',
    summary = name,
    requires = [] as string[],
    files = [] as PackageFile[],
    arch = 'x86_64',
    programs = [name],
  } = {},
): Package => ({
  name,
  version,
  release,
  arch,
  repo,
  summary,
  requires,
  files: [
    ...programs.map((program) => ({ path: `/usr/bin/${program}`, kind: 'file' as const, program: `stub-${program}` })),
    ...files,
  ],
});

const library = (
  name: string,
  version: string,
  release: string,
  options: { repo?: string; requires?: string[]; arch?: string } = {},
): Package => tool(name, version, release, { ...options, programs: [] });

const EPEL_REPO =
  '[epel]\nname=Extra Packages for Enterprise Linux 7 - $basearch\nmetalink=https://mirrors.fedoraproject.org/metalink?repo=epel-7&arch=$basearch\nenabled=1\ngpgcheck=1\n';

const TOOLS: readonly Package[] = [
  tool('git', '1.8.3.1', '25.el7_9'),
  tool('wget', '1.14', '18.el7_6.1', {
    programs: [],
    files: [{ path: '/usr/bin/wget', kind: 'file', program: 'wget' }],
  }),
  tool('curl', '7.29.0', '59.el7_9.2', { repo: 'updates', programs: [] }),
  tool('unzip', '6.0', '24.el7_9', {
    programs: [],
    files: [{ path: '/usr/bin/unzip', kind: 'file', program: 'unzip' }],
  }),
  tool('zip', '3.0', '11.el7'),
  tool('tree', '1.6.0', '10.el7'),
  tool('jq', '1.6', '2.el7', { repo: 'epel' }),
  tool('vim-enhanced', '7.4.629', '8.el7_9', { programs: ['vim'] }),
  tool('htop', '2.2.0', '3.el7', { repo: 'epel' }),
  tool('bind-utils', '9.11.4', '26.P2.el7_9.16', { repo: 'updates', programs: ['dig', 'host', 'nslookup'] }),
  tool('net-tools', '2.0', '0.25.20131004git.el7', { programs: [] }),
  tool('nc', '1.10', '16.el7', { programs: ['nc'] }),
  tool('rsync', '3.1.2', '12.el7_9'),
  tool('lsof', '4.87', '6.el7'),
  tool('createrepo', '0.9.9', '28.el7', { arch: 'noarch' }),
  tool('yum-utils', '1.1.31', '54.el7_8', { arch: 'noarch', programs: ['yum-config-manager', 'package-cleanup'] }),
  tool('maven', '3.0.5', '17.el7', {
    programs: ['mvn'],
    requires: ['java-1.8.0-openjdk'],
    files: [{ path: '/etc/maven/settings.xml', kind: 'config', text: '<settings/>\n' }],
  }),
  tool('nodejs', '16.20.2', '1.el7', { repo: 'epel', programs: ['node', 'npm'] }),
  tool('python3', '3.6.8', '21.el7_9', { repo: 'updates', requires: ['python3-libs'] }),
  library('python3-libs', '3.6.8', '21.el7_9', { repo: 'updates' }),
  tool('python3-pip', '9.0.3', '8.el7', { programs: ['pip3'], requires: ['python3'], arch: 'noarch' }),
  tool('python2-pip', '8.1.2', '14.el7', { repo: 'epel', programs: ['pip'], arch: 'noarch' }),
  tool('python-setuptools', '0.9.8', '7.el7', { programs: ['easy_install'], arch: 'noarch' }),
  library('python-devel', '2.7.5', '94.el7_9', { repo: 'updates' }),
  library('python3-devel', '3.6.8', '21.el7_9', { repo: 'updates' }),
  library('libselinux-python', '2.5', '15.el7'),
  library('policycoreutils-python', '2.5', '34.el7'),
  library('gcc', '4.8.5', '44.el7'),
  library('gcc-c++', '4.8.5', '44.el7'),
  library('make', '3.82', '24.el7'),
  library('openssl-devel', '1.0.2k', '26.el7_9', { repo: 'updates' }),
  library('cyrus-sasl-md5', '2.1.26', '24.el7_9', { repo: 'updates' }),
  library('subversion-libs', '1.7.14', '16.el7'),
  library('libevent-devel', '2.0.21', '4.el7'),
  library('yum-plugin-versionlock', '1.1.31', '54.el7_8', { arch: 'noarch' }),
  library('device-mapper-persistent-data', '0.8.5', '3.el7_9.2', { repo: 'updates' }),
  library('lvm2', '2.02.187', '6.el7_9.5', { repo: 'updates' }),
  library('container-selinux', '2.119.2', '1.911c772.el7_8', { repo: 'extras', arch: 'noarch' }),
  tool('java-1.8.0-openjdk-headless', '1.8.0.412.b08', '1.el7_9', {
    repo: 'updates',
    programs: [],
    files: [
      { path: '/usr/bin/java', kind: 'file', program: 'java' },
      { path: '/usr/lib/jvm/java-1.8.0-openjdk/bin/java', kind: 'file', program: 'java' },
    ],
  }),
  library('java-1.8.0-openjdk', '1.8.0.412.b08', '1.el7_9', {
    repo: 'updates',
    requires: ['java-1.8.0-openjdk-headless'],
  }),
  tool('java-1.8.0-openjdk-devel', '1.8.0.412.b08', '1.el7_9', {
    repo: 'updates',
    programs: ['javac', 'jar'],
    requires: ['java-1.8.0-openjdk'],
  }),
  library('java-1.7.0-openjdk', '1.7.0.261', '2.6.22.2.el7_8', {
    repo: 'updates',
    requires: ['java-1.8.0-openjdk-headless'],
  }),
  tool('epel-release', '7', '14', {
    repo: 'extras',
    arch: 'noarch',
    programs: [],
    files: [{ path: '/etc/yum.repos.d/epel.repo', kind: 'config', text: EPEL_REPO }],
  }),
  tool('sudo', '1.8.23', '10.el7_9.4', { repo: 'updates', programs: [] }),
  library('ca-certificates', '2023.2.60', '72.el7_9', { repo: 'updates', arch: 'noarch' }),
];

/** Everything the simulated repositories offer. */
export const REPOSITORY: readonly Package[] = [...TOOLS, ...SERVICE_PACKAGES];
