import type { Value } from '../../jinja/value.js';
import { dateTimeFacts } from './date-time.js';
import { distributionFacts, packageManagerOf } from './distribution.js';
import { hardwareFacts, loadFacts } from './hardware.js';
import { localFacts } from './local-facts.js';
import { networkFacts } from './network.js';
import type { Sections } from './sections.js';
import { serviceManager } from './service-manager.js';
import {
  bootFacts,
  capabilityFacts,
  chrootFacts,
  dnsFacts,
  lsbFacts,
  pythonFacts,
  selinuxFacts,
  sshKeyFacts,
  storageNames,
  systemFacts,
  userFacts,
} from './system.js';
import { virtualization } from './virtualization.js';

/** Facts that Ansible gathers together, under a name that `gather_subset` may use. */
export type Collector = {
  name: string;
  /** Other names in `gather_subset`: single facts, for which all of the collector is gathered. */
  aliases?: readonly string[];
  /** Collectors without which this one is not gathered. */
  needs?: readonly string[];
  /** Parts of the script that it reads. */
  sections: readonly string[];
  collect(sections: Sections): Record<string, Value | undefined>;
};

/** What is gathered even with `!all`. */
export const MINIMAL: readonly string[] = [
  'apparmor caps cmdline date_time distribution dns env fips local lsb pkg_mgr platform python selinux',
  'service_mgr ssh_pub_keys user',
].flatMap((names) => names.split(' '));

export const COLLECTORS: readonly Collector[] = [
  {
    name: 'platform',
    aliases: ['system', 'kernel', 'kernel_version', 'machine', 'python_version', 'architecture', 'machine_id'],
    sections: ['uname', 'fqdn', 'machineid', 'python'],
    collect: (sections) => ({
      ...systemFacts(sections),
      ansible_python_version: pythonFacts(sections).ansible_python_version,
    }),
  },
  {
    name: 'distribution',
    aliases: ['distribution_version', 'distribution_release', 'distribution_major_version', 'os_family'],
    sections: ['osrelease', 'releases'],
    collect: distributionFacts,
  },
  { name: 'lsb', sections: ['lsb'], collect: (sections) => ({ ansible_lsb: lsbFacts(sections.pairs('lsb', ':')) }) },
  {
    name: 'caps',
    aliases: ['system_capabilities', 'system_capabilities_enforced'],
    sections: ['caps'],
    collect: capabilityFacts,
  },
  { name: 'cmdline', sections: ['cmdline'], collect: bootFacts },
  { name: 'chroot', aliases: ['is_chroot'], sections: ['chroot'], collect: chrootFacts },
  {
    name: 'date_time',
    sections: ['date', 'zone'],
    collect: (sections) => ({ ansible_date_time: dateTimeFacts(sections.line('date'), sections.line('zone')) }),
  },
  { name: 'env', sections: ['env'], collect: (sections) => ({ ansible_env: new Map(sections.environment('env')) }) },
  {
    name: 'user',
    aliases: [
      'user_id user_uid user_gid user_gecos user_dir user_shell real_user_id effective_user_id effective_group_ids',
    ].flatMap((names) => names.split(' ')),
    sections: ['ids', 'passwd'],
    collect: userFacts,
  },
  { name: 'dns', sections: ['resolv'], collect: (sections) => ({ ansible_dns: dnsFacts(sections.lines('resolv')) }) },
  { name: 'selinux', sections: ['selinux', 'selinuxconfig', 'selinuxpolicy'], collect: selinuxFacts },
  {
    name: 'apparmor',
    sections: ['apparmor'],
    collect: (sections) => ({
      ansible_apparmor: new Map([['status', sections.line('apparmor') === 'yes' ? 'enabled' : 'disabled']]),
    }),
  },
  { name: 'fips', sections: ['fips'], collect: (sections) => ({ ansible_fips: sections.line('fips') === '1' }) },
  {
    name: 'python',
    sections: ['python'],
    collect: (sections) => ({ ansible_python: pythonFacts(sections).ansible_python }),
  },
  {
    name: 'local',
    sections: ['local'],
    collect: (sections) => ({ ansible_local: localFacts(sections.text('local')) }),
  },
  {
    name: 'ssh_pub_keys',
    aliases: ['ssh_host_pub_keys', ...['dsa', 'rsa', 'ecdsa', 'ed25519'].map((type) => `ssh_host_key_${type}_public`)],
    sections: ['sshkeys'],
    collect: (sections) => sshKeyFacts(sections.lines('sshkeys')),
  },
  {
    name: 'pkg_mgr',
    needs: ['distribution'],
    sections: ['managers'],
    collect: (sections) => ({
      ansible_pkg_mgr: packageManagerOf(distributionFacts(sections), sections.words('managers')),
    }),
  },
  {
    name: 'service_mgr',
    needs: ['platform', 'distribution'],
    sections: ['init'],
    collect: (sections) => ({ ansible_service_mgr: serviceManager(sections) }),
  },
  { name: 'loadavg', sections: ['load'], collect: loadFacts },
  {
    name: 'hardware',
    aliases: ['processor', 'processor_cores', 'processor_count', 'mounts', 'devices'],
    needs: ['platform'],
    sections: ['meminfo', 'cpuinfo', 'uptime', 'nproc', 'mounts', 'sizes', 'block', 'disklinks', 'lvm', 'dmi'],
    collect: hardwareFacts,
  },
  {
    name: 'network',
    aliases: ['interfaces', 'default_ipv4', 'default_ipv6', 'all_ipv4_addresses', 'all_ipv6_addresses'],
    needs: ['distribution', 'platform'],
    sections: ['ip', 'route', 'net', 'netlinks'],
    collect: networkFacts,
  },
  {
    name: 'virtual',
    aliases: ['virtualization_type', 'virtualization_role', 'virtualization_tech_guest', 'virtualization_tech_host'],
    sections: ['virt', 'dmi', 'cpuinfo'],
    collect: virtualization,
  },
  { name: 'iscsi', sections: ['storage'], collect: (sections) => storageNames(sections).iscsi },
  { name: 'nvme', sections: ['storage'], collect: (sections) => storageNames(sections).nvme },
  { name: 'fibre_channel_wwn', sections: ['storage'], collect: (sections) => storageNames(sections).fibre_channel_wwn },
];

/** Names Ansible knows whose facts come from programs that Stars does not run. */
export const EMPTY_COLLECTORS: readonly string[] = ['facter', 'ohai'];
