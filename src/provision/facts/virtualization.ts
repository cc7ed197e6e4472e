import type { Value } from '../../jinja/value.js';
import type { Sections } from './sections.js';

/** A technology that the host runs on (`guest`) or offers (`host`); the first one found is the host's type. */
type Technology = { name: string; role: 'guest' | 'host'; unlisted?: boolean };

/** `ansible_virtualization_*`. */
export function virtualization(sections: Sections): Record<string, Value> {
  const lines = sections.lines('virt');
  const found = [
    ...containers(lines),
    ...machines(sections.fileContents('dmi')),
    ...emulators(sections.lines('cpuinfo')),
    ...kernelModules(lines),
  ];
  const [first] = found;
  const names = (role: Technology['role']) => [
    ...new Set(found.filter((one) => one.role === role && !one.unlisted).map(({ name }) => name)),
  ];
  const guests = names('guest');
  const contained = guests.some((name) => CONTAINERS.has(name)) || lines.some((line) => line.startsWith('container='));
  return {
    ansible_virtualization_type: first?.name ?? 'NA',
    ansible_virtualization_role: first?.role ?? 'NA',
    ansible_virtualization_tech_guest: contained ? [...new Set([...guests, 'container'])] : guests,
    ansible_virtualization_tech_host: names('host'),
  };
}

const CONTAINERS = new Set(['docker', 'lxc', 'podman', 'openvz', 'containerd']);

const guest = (name: string): Technology => ({ name, role: 'guest' });
const host = (name: string): Technology => ({ name, role: 'host' });

/** From PID 1's cgroup and environment, and from what containers leave in the file system. */
function containers(lines: readonly string[]): Technology[] {
  const has = (word: string) => lines.includes(word);
  const says = (pattern: RegExp) => lines.some((line) => pattern.test(line));
  const systemd = lines.find((line) => line.startsWith('container='))?.slice('container='.length);
  return [
    ...(says(/^\d+:.*\/docker(\/|-[0-9a-f]+\.scope)/) ? [guest('docker')] : []),
    ...(says(/^\d+:.*(\/lxc\/|\/machine\.slice\/machine-lxc)/) ? [guest('lxc')] : []),
    ...(says(/^\d+:.*\/system\.slice\/containerd\.service/) ? [guest('containerd')] : []),
    ...(says(/^init container=lxc/) ? [guest('lxc')] : []),
    ...(says(/^init container=podman/) ? [guest('podman')] : []),
    ...(says(/^init container=./) ? [guest('container')] : []),
    ...(has('vz') && !has('lve') ? [has('bc') ? host('openvz') : guest('openvz')] : []),
    ...(systemd ? [guest(systemd)] : []),
    ...(has('dockerenv') ? [guest('docker')] : []),
    ...(has('xen') ? [has('control_d') ? host('xen') : { ...guest('xen'), unlisted: true }] : []),
  ];
}

/** From what the firmware calls the machine. */
function machines(dmi: ReadonlyMap<string, string>): Technology[] {
  const values: Record<string, string> = Object.fromEntries(dmi);
  return MACHINES.filter(([field, pattern]) => pattern.test(values[field] ?? '')).map(([, , name]) => guest(name));
}

const MACHINES: readonly (readonly [string, RegExp, string])[] = [
  ['product_name', /^(KVM|KVM Server|Bochs|AHV)$/, 'kvm'],
  ['sys_vendor', /^oVirt$/, 'oVirt'],
  ['product_family', /^RHV$/, 'RHV'],
  ['product_name', /^RHEV Hypervisor$/, 'RHEV'],
  ['product_name', /^(VMware Virtual Platform|VMware7,1)$/, 'VMware'],
  ['product_name', /^OpenStack (Compute|Nova)$/, 'openstack'],
  ['bios_vendor', /^Xen$/, 'xen'],
  ['bios_vendor', /^innotek GmbH$/, 'virtualbox'],
  ['bios_vendor', /^(Amazon EC2|DigitalOcean|Hetzner)$/, 'kvm'],
  ['sys_vendor', /^(QEMU|Amazon EC2|DigitalOcean|Google|Scaleway|Nutanix)$/, 'kvm'],
  ['sys_vendor', /^KubeVirt$/, 'KubeVirt'],
  ['sys_vendor', /^Microsoft Corporation$/, 'VirtualPC'],
  ['sys_vendor', /^Parallels Software International Inc\.$/, 'parallels'],
  ['sys_vendor', /^OpenStack Foundation$/, 'openstack'],
];

function emulators(cpuinfo: readonly string[]): Technology[] {
  const says = (pattern: RegExp) => cpuinfo.some((line) => pattern.test(line));
  return [
    ...(says(/^model name.*QEMU Virtual CPU/) ? [guest('kvm')] : []),
    ...(says(/^(vendor_id.*User Mode Linux|model name.*UML)/) ? [guest('uml')] : []),
    ...(says(/^vendor_id.*PowerVM Lx86/) ? [guest('powervm_lx86')] : []),
  ];
}

function kernelModules(lines: readonly string[]): Technology[] {
  const has = (module: string) => lines.some((line) => line.startsWith(`${module} `));
  return [
    ...(has('kvm') ? [host('kvm')] : []),
    ...(has('vboxdrv') ? [host('virtualbox')] : []),
    // Ansible counts this driver of guests among what the host offers; only the type says guest.
    ...(has('virtio') ? [{ ...guest('kvm'), unlisted: true }, host('kvm')] : []),
    ...(lines.includes('devkvm') ? [host('kvm')] : []),
  ];
}
