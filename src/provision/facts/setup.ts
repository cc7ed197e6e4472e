import type { Dict, Value } from '../../jinja/value.js';
import type { Fact } from '../module.js';
import { dateTimeFacts } from './date-time.js';
import { distributionFacts, packageManagerOf } from './distribution.js';
import { dict } from './facts-dict.js';
import { hardwareFacts } from './hardware.js';
import { localFacts } from './local-facts.js';
import { networkFacts } from './network.js';
import { createSections, type Sections } from './sections.js';
import { setupScript } from './setup-script.js';
import { serviceManager, virtualization } from './virtualization.js';

/** Everything `setup` gathers, by one script in one round trip: a dict of `ansible_*` facts under ansible-core's names. */
export const setupFact: Fact<Dict> = {
  script: setupScript,
  parse: ({ stdout }) => factsOf(createSections(stdout)),
};

function factsOf(sections: Sections): Dict {
  const distribution = distributionFacts(sections);
  return dict({
    ...systemFacts(sections),
    ...distribution,
    ...hardwareFacts(sections),
    ...networkFacts(sections),
    ...userFacts(sections),
    ansible_date_time: dateTimeFacts(sections.line('date')),
    ansible_pkg_mgr: packageManagerOf(distribution, sections.words('managers')),
    ansible_service_mgr: serviceManager(sections),
    ...virtualization(sections),
    ...securityFacts(sections),
    ...pythonFacts(sections.text('python')),
    ansible_lsb: lsbFacts(sections.pairs('lsb', ':')),
    ansible_local: localFacts(sections.text('local')),
    ansible_dns: dnsFacts(sections.lines('resolv')),
    ...sshKeyFacts(sections.lines('sshkeys')),
    gather_subset: ['all'],
    module_setup: true,
  });
}

function systemFacts(sections: Sections): Record<string, Value> {
  const [system = 'Linux', nodename = '', kernel = '', version = '', machine = ''] = sections.lines('uname');
  const fqdn = sections.line('fqdn') || nodename;
  return {
    ansible_system: system,
    ansible_nodename: nodename,
    ansible_hostname: nodename.split('.')[0] ?? '',
    ansible_fqdn: fqdn,
    ansible_domain: fqdn.split('.').slice(1).join('.'),
    ansible_kernel: kernel,
    ansible_kernel_version: version,
    ansible_machine: machine,
    ansible_architecture: machine,
    ansible_userspace_architecture: machine,
    ansible_userspace_bits: machine.includes('64') || machine === 's390x' ? '64' : '32',
    ansible_machine_id: sections.line('machineid'),
    ansible_cmdline: commandLine(sections.line('cmdline')),
    ansible_proc_cmdline: commandLine(sections.line('cmdline')),
    ansible_is_chroot: sections.line('chroot') === 'yes',
  };
}

function commandLine(line: string): Dict {
  const words = line.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return new Map(
    words.map((word): [Value, Value] => {
      const [name = '', ...rest] = word.replaceAll('"', '').split('=');
      return [name, rest.length > 0 ? rest.join('=') : true];
    }),
  );
}

function userFacts(sections: Sections): Record<string, Value> {
  const [uid = '0', gid = '0', realUid = uid, realGid = gid] = sections.lines('ids');
  const [name = '', , , , gecos = '', home = '', shell = ''] = sections.line('passwd').split(':');
  return {
    ansible_env: dict(Object.fromEntries(sections.environment('env'))),
    ansible_user_id: name,
    ansible_user_uid: Number(uid),
    ansible_user_gid: Number(gid),
    ansible_user_gecos: gecos,
    ansible_user_dir: home,
    ansible_user_shell: shell,
    ansible_effective_user_id: Number(uid),
    ansible_effective_group_id: Number(gid),
    ansible_real_user_id: Number(realUid),
    ansible_real_group_id: Number(realGid),
  };
}

function securityFacts(sections: Sections): Record<string, Value> {
  const mode = sections.line('selinux').toLowerCase();
  const config = sections.pairs('selinuxconfig', '=');
  const enabled = mode === 'enforcing' || mode === 'permissive';
  const selinux = enabled
    ? {
        status: 'enabled',
        mode,
        config_mode: config.get('SELINUX') ?? 'unknown',
        type: config.get('SELINUXTYPE') ?? 'unknown',
      }
    : { status: 'disabled' };
  return {
    ansible_selinux: dict(selinux),
    ansible_apparmor: dict({ status: sections.line('apparmor') === 'yes' ? 'enabled' : 'disabled' }),
    ansible_fips: sections.line('fips') === '1',
  };
}

/** Absent on a host without Python, where Ansible itself could not gather anything. */
function pythonFacts(text: string): Record<string, Value> {
  const [, executable = '', version = ''] = /^(\S+) Python (\S+)/.exec(text.trim()) ?? [];
  const [major = 0, minor = 0, micro = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (version === '') return {};
  const parts = dict({ major, minor, micro, releaselevel: 'final', serial: 0 });
  return {
    ansible_python: dict({
      executable,
      version: parts,
      version_info: [major, minor, micro, 'final', 0],
      type: 'cpython',
      has_sslcontext: true,
    }),
    ansible_python_version: version,
  };
}

function lsbFacts(pairs: ReadonlyMap<string, string>): Dict {
  const release = pairs.get('Release') ?? pairs.get('DISTRIB_RELEASE');
  return dict({
    id: pairs.get('Distributor ID') ?? pairs.get('DISTRIB_ID'),
    release,
    description: pairs.get('Description') ?? pairs.get('DISTRIB_DESCRIPTION'),
    codename: pairs.get('Codename') ?? pairs.get('DISTRIB_CODENAME'),
    major_release: release?.split('.')[0],
  });
}

function dnsFacts(lines: string[]): Dict {
  const values = (keyword: string) =>
    lines.flatMap((line) => {
      const [first, ...rest] = line.trim().split(/\s+/);
      return first === keyword ? rest : [];
    });
  const nameservers = values('nameserver');
  const search = values('search');
  return dict({
    nameservers: nameservers.length > 0 ? nameservers : undefined,
    search: search.length > 0 ? search : undefined,
    domain: values('domain')[0],
  });
}

function sshKeyFacts(lines: string[]): Record<string, Value> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [type = '', key] = line.split(' ');
      const name = type
        .replace('ssh-', '')
        .replace(/^ecdsa.*/, 'ecdsa')
        .replace('dss', 'dsa');
      if (key === undefined) return [];
      return [
        [`ansible_ssh_host_key_${name}_public`, key],
        [`ansible_ssh_host_key_${name}_public_keytype`, type],
      ];
    }),
  );
}
