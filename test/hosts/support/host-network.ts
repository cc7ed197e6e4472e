import { existsSync, writeFileSync } from 'node:fs';
import { run, tryRun } from './run-command.js';

/** A bridge that belongs to one set of hosts: the number decides names and addresses. */
export type HostNetwork = { number: number; bridge: string; subnet: string };

const NETWORKS = 200;

/** Takes a bridge that nobody has: making it is what decides, so that two sets at once never share one. */
export async function createNetwork(): Promise<HostNetwork> {
  for (let number = 0; number < NETWORKS; number++) {
    const network = networkOf(number);
    const made = await tryRun('ip', [
      'link',
      'add',
      network.bridge,
      'type',
      'bridge',
      'forward_delay',
      '0',
      'stp_state',
      '0',
    ]);
    if (made.code === 0) return bringUp(network);
    if (!/exists/.test(made.stderr)) throw new Error(`No bridge for the hosts: ${made.stderr.trim()}`);
  }
  throw new Error(`All ${NETWORKS} networks for test hosts are taken.`);
}

export function networkOf(number: number): HostNetwork {
  return { number, bridge: `starsbr${number}`, subnet: `10.78.${number}` };
}

async function bringUp(network: HostNetwork): Promise<HostNetwork> {
  const { bridge, subnet } = network;
  disableIpv6(bridge);
  await run('ip', ['addr', 'add', `${subnet}.1/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  // A packet for a host that is not up must not leave by the default route.
  await run('ip', ['route', 'replace', 'unreachable', `${subnet}.0/24`, 'metric', '4096']);
  return network;
}

/** A network namespace with one address on the bridge; the fixed MAC keeps a restarted host from hiding behind a stale ARP entry. */
export async function createNamespace({ number, bridge, subnet }: HostNetwork, index: number): Promise<string> {
  const namespace = `stars${number}-${index}`;
  const outside = `starsv${number}-${index}`;
  const mac = ['02', '78', '00', number, index, 0].map((part) => Number(part).toString(16).padStart(2, '0')).join(':');
  await run('ip', ['netns', 'add', namespace]);
  await run('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'address', mac, 'netns', namespace]);
  disableIpv6(outside);
  await run('ip', ['link', 'set', outside, 'master', bridge, 'up']);
  await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  await run('ip', ['-n', namespace, 'addr', 'add', `${subnet}.${10 + index}/24`, 'dev', 'eth0']);
  await run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
  return namespace;
}

/** Removes the namespaces, then the bridge. The unreachable route stays while it protects the subnet. */
export async function removeNetwork({ bridge, number }: HostNetwork, hosts: number): Promise<void> {
  for (let index = 0; index < hosts; index++) {
    await tryRun('ip', ['link', 'del', `starsv${number}-${index}`]);
    await tryRun('ip', ['netns', 'del', `stars${number}-${index}`]);
  }
  await tryRun('ip', ['link', 'del', bridge]);
}

function disableIpv6(link: string): void {
  const setting = `/proc/sys/net/ipv6/conf/${link}/disable_ipv6`;
  if (existsSync(setting)) writeFileSync(setting, '1');
}
