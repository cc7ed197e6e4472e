import type { Value } from '../../jinja/value.js';
import type { Sections } from './sections.js';

/** `ansible_virtualization_type` and `_role`. */
export function virtualization(sections: Sections): Record<string, Value> {
  const values = sections.pairs('virt', '=');
  const guest = guestType(values, sections.line('flags') === 'hypervisor');
  const host = values.get('kvmhost') === 'yes';
  const type = guest ?? (host ? 'kvm' : 'NA');
  return {
    ansible_virtualization_type: type,
    ansible_virtualization_role: guest ? 'guest' : host ? 'host' : 'NA',
    ansible_virtualization_tech_guest: guest ? [guest] : [],
    ansible_virtualization_tech_host: host ? ['kvm'] : [],
  };
}

function guestType(values: ReadonlyMap<string, string>, hypervisor: boolean): string | undefined {
  if (values.has('docker')) return 'docker';
  if (values.has('podman')) return 'podman';
  const container = values.get('container');
  if (container) return container === 'systemd-nspawn' ? 'container' : container;
  if (values.has('openvz')) return 'openvz';
  const product = values.get('product_name') ?? '';
  const vendor = values.get('sys_vendor') ?? '';
  const found = MACHINES.find(([pattern]) => pattern.test(`${vendor}|${product}`));
  if (found) return found[1];
  if (values.has('xen')) return 'xen';
  return hypervisor ? 'kvm' : undefined;
}

const MACHINES: readonly (readonly [RegExp, string])[] = [
  [/KVM|Bochs|QEMU|Red Hat|Amazon EC2|DigitalOcean|Google Compute Engine|Nutanix|Hetzner/, 'kvm'],
  [/VMware/, 'VMware'],
  [/OpenStack/, 'openstack'],
  [/VirtualBox|innotek/, 'virtualbox'],
  [/Microsoft Corporation/, 'VirtualPC'],
  [/Parallels/, 'parallels'],
  [/HVM domU|Xen/, 'xen'],
  [/RHEV/, 'RHEV'],
  [/oVirt/, 'oVirt'],
];

/** What runs services: systemd, openrc, upstart, sysvinit or `service`. */
export function serviceManager(sections: Sections): string {
  const lines = sections.lines('init');
  const has = (word: string) => lines.includes(word);
  const first = lines.find((line) => line.startsWith('comm '))?.slice('comm '.length) ?? '';
  // A process of another name runs the host's services itself, or there are none, as in a container.
  if (first !== '' && first !== 'init' && !first.endsWith('sh')) return KNOWN_FIRST[first] ?? first;
  if (has('systemd')) return 'systemd';
  if (has('openrc')) return 'openrc';
  if (has('upstart')) return 'upstart';
  if (has('offline') && has('systemctl')) return 'systemd';
  return first === 'init' ? 'sysvinit' : 'service';
}

const KNOWN_FIRST: Record<string, string> = {
  procd: 'openwrt_init',
  'runit-init': 'runit',
  svscan: 'svc',
  'openrc-init': 'openrc',
};
