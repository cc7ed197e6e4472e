import type { Value } from '../../jinja/value.js';
import type { Sections } from './sections.js';

const FAMILIES: Record<string, readonly string[]> = {
  RedHat: [
    'RedHat',
    'CentOS',
    'Fedora',
    'Scientific',
    'SLC',
    'Ascendos',
    'CloudLinux',
    'PSBM',
    'OracleLinux',
    'OVS',
    'OEL',
    'Amazon',
    'Virtuozzo',
    'XenServer',
    'Alibaba',
    'EulerOS',
    'openEuler',
    'AlmaLinux',
    'Rocky',
    'TencentOS',
    'EuroLinux',
    'Kylin Linux Advanced Server',
  ],
  Debian: [
    'Debian',
    'Ubuntu',
    'Raspbian',
    'Neon',
    'KDE neon',
    'Linux Mint',
    'SteamOS',
    'Devuan',
    'Kali',
    'Cumulus Linux',
    'Pop!_OS',
    'Parrot',
    'Pardus GNU/Linux',
    'Uos',
    'Deepin',
  ],
  Suse: [
    'SuSE',
    'SLES',
    'SLED',
    'openSUSE',
    'openSUSE Tumbleweed',
    'SLES_SAP',
    'SUSE_LINUX',
    'openSUSE Leap',
    'ALP-Dolomite',
  ],
  Archlinux: ['Archlinux', 'Antergos', 'Manjaro'],
  Alpine: ['Alpine'],
  Gentoo: ['Gentoo', 'Funtoo'],
};

/** What os-release calls a distribution, in Ansible's words. */
const NAMES: Record<string, string> = {
  centos: 'CentOS',
  rhel: 'RedHat',
  fedora: 'Fedora',
  rocky: 'Rocky',
  almalinux: 'AlmaLinux',
  ol: 'OracleLinux',
  amzn: 'Amazon',
  scientific: 'Scientific',
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  raspbian: 'Debian',
  linuxmint: 'Linux Mint',
  devuan: 'Devuan',
  kali: 'Kali',
  alpine: 'Alpine',
  sles: 'SLES',
  sles_sap: 'SLES_SAP',
  sled: 'SLED',
  'opensuse-leap': 'openSUSE Leap',
  'opensuse-tumbleweed': 'openSUSE Tumbleweed',
  opensuse: 'openSUSE',
  arch: 'Archlinux',
  manjaro: 'Manjaro',
  gentoo: 'Gentoo',
};

/** `ansible_distribution*` and `ansible_os_family`. */
export function distributionFacts(sections: Sections): Record<string, Value> {
  const osRelease = sections.pairs('osrelease', '=');
  const files = sections.pairs('releases', '=');
  const redHat = files.get('oracle-release') ?? files.get('redhat-release');
  const id = (osRelease.get('ID') ?? '').toLowerCase();
  const name = NAMES[id] ?? (redHat ? redHatName(redHat) : (osRelease.get('NAME') ?? 'OtherLinux'));
  const version = versionOf(name, osRelease, files);
  const family = Object.entries(FAMILIES).find(([, members]) => members.includes(name))?.[0] ?? name;
  return {
    ansible_distribution: name,
    ansible_distribution_version: version,
    ansible_distribution_major_version: version.split('.')[0] ?? '',
    ...(name === 'Debian' && files.get('debian_version')?.includes('.')
      ? { ansible_distribution_minor_version: files.get('debian_version')?.split('.')[1] ?? '' }
      : {}),
    ansible_distribution_release: releaseOf(name, osRelease, redHat),
    ...originOf(family, files),
    ansible_os_family: family,
  };
}

function redHatName(line: string): string {
  return line.startsWith('Red Hat')
    ? 'RedHat'
    : line.startsWith('Oracle')
      ? 'OracleLinux'
      : (line.split(' ')[0] ?? 'RedHat');
}

type Pairs = ReadonlyMap<string, string>;

function versionOf(name: string, osRelease: Pairs, files: Pairs): string {
  const plain = osRelease.get('VERSION_ID') ?? '';
  if (name === 'Alpine') return files.get('alpine-release') ?? plain;
  if (name === 'Debian') {
    // Ansible reads /etc/debian_version only through the host's own python3-distro; without it the version is the plain one.
    const full = files.get('python3-distro') ? (files.get('debian_version') ?? '') : '';
    return /^\d/.test(full) ? full : plain;
  }
  const redHat = files.get('oracle-release') ?? files.get('redhat-release');
  const numbers = /release (\d+(?:\.\d+)*)/.exec(redHat ?? '')?.[1];
  return numbers && name !== 'Fedora' && name !== 'Amazon'
    ? numbers.split('.').slice(0, 2).join('.')
    : plain || (numbers ?? 'NA');
}

function releaseOf(name: string, osRelease: Pairs, redHat: string | undefined): string {
  const codename = osRelease.get('VERSION_CODENAME') ?? osRelease.get('UBUNTU_CODENAME');
  if (codename) return codename;
  if (name === 'Alpine') return 'NA';
  const inBrackets = /\(([^)]+)\)/.exec(redHat ?? osRelease.get('VERSION') ?? '')?.[1];
  if (inBrackets)
    return inBrackets.split(/[\s,]/)[0] === inBrackets
      ? inBrackets
      : (inBrackets.toLowerCase().split(' ')[0] ?? inBrackets);
  // SUSE counts its service packs here.
  return /^SLE|^openSUSE/.test(name) ? (/\.(\d+)$/.exec(osRelease.get('VERSION_ID') ?? '')?.[1] ?? '0') : 'NA';
}

function originOf(family: string, files: Pairs): Record<string, Value> {
  const path = { RedHat: '/etc/redhat-release', Alpine: '/etc/alpine-release' }[family] ?? '/etc/os-release';
  const variety = { Suse: 'SUSE' }[family] ?? family;
  const known = path === '/etc/os-release' || files.has(path.slice('/etc/'.length));
  return known
    ? {
        ansible_distribution_file_path: path,
        ansible_distribution_file_variety: variety,
        ansible_distribution_file_parsed: true,
      }
    : {};
}

/** The package manager Ansible chooses for a distribution. */
export function packageManagerOf(distribution: Readonly<Record<string, unknown>>, present: readonly string[]): string {
  const major = Number.parseInt(textOf(distribution.ansible_distribution_major_version), 10);
  const has = (name: string) => present.includes(name);
  switch (distribution.ansible_os_family) {
    case 'Debian':
      return has('apt-get') ? 'apt' : 'unknown';
    case 'RedHat':
      return redHatManager(textOf(distribution.ansible_distribution), major, has);
    case 'Suse':
      return 'zypper';
    case 'Alpine':
      return 'apk';
    default:
      return present[0]?.replace('apt-get', 'apt') ?? 'unknown';
  }
}

function redHatManager(name: string, major: number, has: (name: string) => boolean): string {
  const usesYum = name === 'Fedora' ? major < 23 : name === 'Amazon' ? major < 2022 : major < 8;
  if (usesYum) return has('yum') || !has('dnf') ? 'yum' : 'dnf';
  return has('dnf') || !has('yum') ? 'dnf' : 'yum';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
