import type { Dict, Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';
import type { Sections } from './sections.js';

type Address = { interface: string; family: string; address: string; prefix: number; broadcast: string; scope: string };
type Device = { mtu: number; active: boolean; promisc: boolean; type: string; mac: string | undefined };

/** Interfaces, their addresses, and the ones of the default routes. */
export function networkFacts(sections: Sections): Record<string, Value> {
  const addresses = sections.lines('ip').flatMap((line) => toAddress(line));
  const devices = new Map(sections.lines('net').map((line) => toDevice(line)));
  const names = [...devices.keys()];
  const outside = addresses.filter(({ address }) => !address.startsWith('127.') && address !== '::1');
  const ofFamily = (family: string) => outside.filter((entry) => entry.family === family).map(({ address }) => address);
  return {
    ansible_interfaces: names,
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
  const broadcast = / brd (\S+)/.exec(line)?.[1] ?? '';
  const scope = / scope (\S+)/.exec(line)?.[1] ?? 'global';
  return [
    { interface: name, family, address, prefix: Number(prefix || (family === 'inet' ? 32 : 128)), broadcast, scope },
  ];
}

function toDevice(line: string): [string, Device] {
  const [name = '', mtu = '', state = '', type = '', flags = '0', special = '-', mac = ''] = line.split(' ');
  const bits = Number.parseInt(flags, 16);
  const kinds: Record<string, string> = { '1': 'ether', '772': 'loopback', '512': 'ppp', '32': 'infiniband' };
  const active = state === 'up' || (state === 'unknown' && (bits & 1) === 1);
  return [
    name,
    {
      mtu: Number(mtu),
      active,
      promisc: (bits & 0x100) !== 0,
      type: special === '-' ? (kinds[type] ?? 'unknown') : special,
      mac: mac === '' || mac === '00:00:00:00:00:00' ? undefined : mac,
    },
  ];
}

function interfaceFacts(name: string, devices: ReadonlyMap<string, Device>, addresses: readonly Address[]): Dict {
  const device = devices.get(name);
  const own = addresses.filter((address) => address.interface === name);
  const v4 = own.filter(({ family }) => family === 'inet').map(ipv4);
  const v6 = own
    .filter(({ family }) => family === 'inet6')
    .map(({ address, prefix, scope }) => dict({ address, prefix: String(prefix), scope }));
  return dict({
    device: name,
    active: device?.active,
    mtu: device?.mtu,
    promisc: device?.promisc,
    type: device?.type,
    macaddress: device?.mac,
    ipv4: v4[0],
    ipv4_secondaries: v4.length > 1 ? v4.slice(1) : undefined,
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
    (each) => each.startsWith('default') && each.includes(':') === (family === 'inet6') && each.includes(' dev '),
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
    ? dict({ ...shared, alias: name, ...Object.fromEntries(ipv4(found)) })
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
