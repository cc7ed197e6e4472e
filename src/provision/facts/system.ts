import type { Dict, Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';
import type { Sections } from './sections.js';

export function systemFacts(sections: Sections): Record<string, Value> {
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
  };
}

/** `ansible_cmdline` and, with a list for a name that stands there twice, `ansible_proc_cmdline`. */
export function bootFacts(sections: Sections): Record<string, Value> {
  const words = bootWords(sections.line('cmdline'));
  const all: Dict = new Map();
  for (const [name, value] of words) {
    const known = all.get(name);
    all.set(name, known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]);
  }
  return { ansible_cmdline: new Map(words), ansible_proc_cmdline: all };
}

function bootWords(line: string): [Value, Value][] {
  const words = line.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return words.map((word) => {
    const [name = '', ...rest] = word.replaceAll('"', '').split('=');
    return [name, rest.length > 0 ? rest.join('=') : true];
  });
}

/** Whether `/` is another folder than PID 1's; where that may not be known, whether it is no root of a file system. */
export function chrootFacts(sections: Sections): Record<string, Value> {
  const [own = '', first = '', type = ''] = sections.lines('chroot');
  const root = type.includes('btrfs') ? '256' : type.includes('xfs') ? '128' : '2';
  return { ansible_is_chroot: first.includes(':') ? own !== first : own.split(':')[1] !== root };
}

export function userFacts(sections: Sections): Record<string, Value> {
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

export function selinuxFacts(sections: Sections): Record<string, Value> {
  const mode = sections.line('selinux').toLowerCase();
  const config = sections.pairs('selinuxconfig', '=');
  if (mode !== 'enforcing' && mode !== 'permissive') return { ansible_selinux: dict({ status: 'disabled' }) };
  const policy = sections.line('selinuxpolicy');
  return {
    ansible_selinux: dict({
      status: 'enabled',
      policyvers: policy === '' ? 'unknown' : Number(policy),
      config_mode: config.get('SELINUX') ?? 'unknown',
      mode,
      type: config.get('SELINUXTYPE') ?? 'unknown',
    }),
  };
}

/** From `capsh --print`; `N/A` where there is none. */
export function capabilityFacts(sections: Sections): Record<string, Value> {
  const current = sections
    .line('caps')
    .replace(/^Current:/, '')
    .trim();
  const lines = sections.text('caps').trim();
  if (lines === '') return { ansible_system_capabilities_enforced: 'N/A', ansible_system_capabilities: 'N/A' };
  const all = current === '=ep';
  return {
    ansible_system_capabilities_enforced: all ? 'False' : 'True',
    ansible_system_capabilities: all ? [] : (current.split('=')[1] ?? '').split(',').map((name) => name.trim()),
  };
}

/** Names by which storage knows the host: iSCSI, NVMe and Fibre Channel. */
export function storageNames(
  sections: Sections,
): Record<'iscsi' | 'nvme' | 'fibre_channel_wwn', Record<string, Value>> {
  const lines = sections.lines('storage');
  const valueOf = (mark: string) =>
    lines
      .find((line) => line.startsWith(mark))
      ?.slice(mark.length)
      .trim() ?? '';
  return {
    iscsi: { ansible_iscsi_iqn: valueOf('InitiatorName=') },
    nvme: { ansible_hostnqn: valueOf('hostnqn=') },
    fibre_channel_wwn: {
      ansible_fibre_channel_wwn: lines.flatMap((line) => (line.startsWith('0x') ? [line.slice(2)] : [])),
    },
  };
}

/** Absent on a host without Python, where Ansible itself could not gather anything. */
export function pythonFacts(sections: Sections): Record<string, Value> {
  const [, executable = '', version = ''] = /^(\S+) Python (\S+)/.exec(sections.text('python').trim()) ?? [];
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

export function lsbFacts(pairs: ReadonlyMap<string, string>): Dict {
  const release = pairs.get('Release') ?? pairs.get('DISTRIB_RELEASE');
  return dict({
    id: pairs.get('Distributor ID') ?? distributorOf(pairs) ?? pairs.get('DISTRIB_ID'),
    release,
    description: pairs.get('Description') ?? pairs.get('DISTRIB_DESCRIPTION'),
    codename: pairs.get('Codename') ?? pairs.get('DISTRIB_CODENAME'),
    major_release: release?.split('.')[0],
  });
}

/** As Debian's lsb_release makes it of os-release: the id with a capital, or the name where they differ in capitals alone. */
function distributorOf(osRelease: ReadonlyMap<string, string>): string | undefined {
  const id = osRelease.get('ID');
  const name = osRelease.get('NAME') ?? '';
  if (id === undefined) return undefined;
  if (name.toLowerCase() === id.toLowerCase()) return name || 'n/a';
  return id.charAt(0).toUpperCase() + id.slice(1);
}

/** `ansible_dns` from resolv.conf: nameservers add up, of the other words the last line counts. */
export function dnsFacts(lines: readonly string[]): Dict {
  const found: Record<string, Value> = {};
  const nameservers: string[] = [];
  for (const line of lines) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver') nameservers.push(...rest);
    else if (word === 'domain' && rest[0] !== undefined) found.domain = rest[0];
    else if (word === 'search' || word === 'sortlist') found[word] = rest;
    else if (word === 'options') found.options = dnsOptions(rest);
  }
  return dict({ nameservers: nameservers.length > 0 ? nameservers : undefined, ...found });
}

function dnsOptions(words: readonly string[]): Dict {
  return new Map(
    words.map((word): [Value, Value] => {
      const [, name = word, value] = /^([^:]*):(.*)$/.exec(word) ?? [];
      return [name, value || true];
    }),
  );
}

export function sshKeyFacts(lines: string[]): Record<string, Value> {
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
