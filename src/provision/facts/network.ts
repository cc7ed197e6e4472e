import type { Dict, Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';
import type { Sections } from './sections.js';

type Address = {
  interface: string;
  /** The name of the address itself, `eth0:1`, which is the interface's own for most. */
  label: string;
  secondary: boolean;
  family: string;
  address: string;
  prefix: number;
  broadcast: string;
  scope: string;
};
type Device = {
  mtu: number | undefined;
  active: boolean | undefined;
  promisc: boolean | undefined;
  type: string;
  mac: string | undefined;
  /** What only some kinds of interfaces have. */
  details: Record<string, Value | undefined>;
};

/** Interfaces, their addresses, and the ones of the default routes. */
export function networkFacts(sections: Sections): Record<string, Value> {
  const devices = devicesOf(sections);
  const addresses = sections
    .lines('ip')
    .flatMap((line) => toAddress(line))
    .filter((address) => devices.has(address.interface));
  const names = [...new Set([...devices.keys(), ...addresses.map(({ label }) => label)])];
  const outside = addresses.filter(({ address }) => !address.startsWith('127.') && address !== '::1');
  const ofFamily = (family: string) => outside.filter((entry) => entry.family === family).map(({ address }) => address);
  return {
    ansible_interfaces: names.map((name) => name.replaceAll(':', '_')),
    ansible_all_ipv4_addresses: ofFamily('inet'),
    ansible_all_ipv6_addresses: ofFamily('inet6'),
    ansible_default_ipv4: defaultRoute(sections.lines('route'), 'inet', addresses, devices),
    ansible_default_ipv6: defaultRoute(sections.lines('route'), 'inet6', addresses, devices),
    ...Object.fromEntries(
      names.map((name) => [`ansible_${name.replaceAll(/[-:.]/g, '_')}`, interfaceFacts(name, devices, addresses)]),
    ),
  };
}

/** `2: eth0    inet 10.0.0.2/24 brd 10.0.0.255 scope global eth0\ …` */
function toAddress(line: string): Address[] {
  const [, name = '', family = '', address = '', prefix = ''] =
    /^\d+:\s+([^\s@]+)\S*\s+(inet6?)\s+([^\s/]+)(?:\/(\d+))?/.exec(line) ?? [];
  if (address === '') return [];
  const [, scope = 'global', flags = '', label = name] =
    / scope (\S+)((?: [a-z]+)*?)(?: ([^\s\\]+))?\s*(?:\\|$)/.exec(line) ?? [];
  return [
    {
      interface: name,
      label: family === 'inet' ? label : name,
      secondary: flags.includes(' secondary'),
      family,
      address,
      prefix: Number(prefix || (family === 'inet' ? 32 : 128)),
      broadcast: / brd (\S+)/.exec(line)?.[1] ?? '',
      scope,
    },
  ];
}

/** Interfaces by name, from `grep -sH . /sys/class/net/…` and where their links point. */
function devicesOf(sections: Sections): Map<string, Device> {
  const files = new Map<string, Map<string, string>>();
  for (const line of sections.lines('net')) {
    const [, name, file, content = ''] = /^\/sys\/class\/net\/([^/]+)\/([^:]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || file === undefined) continue;
    const own = files.get(name) ?? new Map<string, string>();
    files.set(name, own.set(file, content.trim()));
  }
  const links = linkTargets(sections.lines('netlinks'));
  return new Map([...files].map(([name, own]) => [name, toDevice(name, own, links)]));
}

/** `… /sys/class/net/eth0/device -> ../../../virtio2`: the last part of the target, by path within the folder. */
function linkTargets(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, path, target] = /\/sys\/class\/net\/(\S+) -> \S*?([^/\s]+)$/.exec(line) ?? [];
      return path === undefined || target === undefined ? [] : [[path, target]];
    }),
  );
}

const KINDS: Record<string, string> = { '1': 'ether', '772': 'loopback', '512': 'ppp', '32': 'infiniband' };

function toDevice(name: string, files: ReadonlyMap<string, string>, links: ReadonlyMap<string, string>): Device {
  const number = (file: string) => (files.has(file) ? Number(files.get(file)) : undefined);
  const bridge = files.has('bridge/bridge_id');
  const bonding = files.has('bonding/mode');
  const flags = files.get('flags');
  const mac = files.get('address');
  return {
    mtu: number('mtu'),
    active: files.has('operstate') ? files.get('operstate') !== 'down' : undefined,
    promisc: flags === undefined ? undefined : (Number.parseInt(flags, 16) & 0x100) !== 0,
    type: bonding ? 'bonding' : bridge ? 'bridge' : (KINDS[files.get('type') ?? ''] ?? 'unknown'),
    mac: mac === '00:00:00:00:00:00' ? undefined : mac,
    details: {
      speed: number('speed'),
      pciid: links.get(`${name}/device`),
      module: links.get(`${name}/device/driver/module`),
      ...(bridge ? bridgeDetails(files) : {}),
      ...(bonding ? bondingDetails(files) : {}),
      perm_macaddress: files.get('bonding_slave/perm_hwaddr'),
    },
  };
}

function bridgeDetails(files: ReadonlyMap<string, string>): Device['details'] {
  return {
    interfaces: [...files.keys()].flatMap((file) => /^brif\/([^/]+)\//.exec(file)?.[1] ?? []),
    id: files.get('bridge/bridge_id'),
    stp: files.get('bridge/stp_state') === '1',
  };
}

function bondingDetails(files: ReadonlyMap<string, string>): Device['details'] {
  const word = (file: string) => files.get(`bonding/${file}`)?.split(' ')[0];
  return {
    slaves: (files.get('bonding/slaves') ?? '').split(' ').filter(Boolean),
    mode: word('mode'),
    miimon: word('miimon'),
    lacp_rate: word('lacp_rate'),
    primary: word('primary') || undefined,
  };
}

function interfaceFacts(name: string, devices: ReadonlyMap<string, Device>, addresses: readonly Address[]): Dict {
  const device = devices.get(name);
  const v4 = addresses.filter(({ family }) => family === 'inet');
  const named = v4.filter(({ label }) => label === name);
  const first = named.find(({ secondary }) => !secondary);
  const others = [
    ...named.filter((address) => address !== first),
    ...v4.filter((address) => address.secondary && address.interface === name && address.label !== name),
  ];
  const v6 = addresses
    .filter((address) => address.family === 'inet6' && address.interface === name)
    .map(({ address, prefix, scope }) => dict({ address, prefix: String(prefix), scope }));
  return dict({
    device: device && name,
    active: device?.active,
    mtu: device?.mtu,
    promisc: device?.promisc,
    type: device?.type,
    macaddress: device?.mac,
    ...device?.details,
    ipv4: first && ipv4(first),
    ipv4_secondaries: others.length > 0 ? others.map(ipv4) : undefined,
    ipv6: v6.length > 0 ? v6 : undefined,
  });
}

function ipv4({ address, prefix, broadcast }: Address): Dict {
  const netmask = maskOf(prefix);
  return dict({ address, broadcast, netmask, network: and(address, netmask), prefix: String(prefix) });
}

function defaultRoute(
  lines: string[],
  family: string,
  addresses: readonly Address[],
  devices: ReadonlyMap<string, Device>,
): Dict {
  const line = lines.find(
    (each) =>
      /^(default|8\.8\.8\.8|2404:\S+) /.test(each) &&
      each.includes(':') === (family === 'inet6') &&
      each.includes(' dev '),
  );
  const name = / dev (\S+)/.exec(line ?? '')?.[1];
  if (name === undefined) return new Map();
  const gateway = / via (\S+)/.exec(line ?? '')?.[1];
  const device = devices.get(name);
  const preferred = / src (\S+)/.exec(line ?? '')?.[1];
  const own = addresses.filter(
    (each) => each.interface === name && each.family === family && (family === 'inet' || each.scope === 'global'),
  );
  const found = own.find(({ address }) => address === preferred) ?? own[0];
  const shared = { interface: name, gateway, macaddress: device?.mac, mtu: device?.mtu, type: device?.type };
  if (!found) return dict(shared);
  return family === 'inet'
    ? dict({ ...shared, alias: found.label, ...Object.fromEntries(ipv4(found)) })
    : dict({ ...shared, address: found.address, prefix: String(found.prefix), scope: found.scope });
}

function maskOf(prefix: number): string {
  return [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - from)))).join('.');
}

function and(address: string, mask: string): string {
  const bits = mask.split('.').map(Number);
  return address
    .split('.')
    .map((part, index) => Number(part) & (bits[index] ?? 0))
    .join('.');
}
