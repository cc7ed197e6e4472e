import { machineOf } from '../../src/cluster/mesos/maintenance.js';
import type { Agent } from '../../src/cluster/mesos/schema.js';
import type { Environment } from '../../src/home/home.js';
import type { Inventory } from '../../src/inventory/inventory.js';

/** The agents of hosts: as Mesos calls them, or by the address that the inventory has. */
export function agentsByHost(
  hosts: readonly string[],
  agents: readonly Agent[],
  inventory: Inventory,
): Map<string, Agent> {
  return new Map(
    hosts.flatMap((host) => {
      const agent = agents.find((one) =>
        isMachineOf(host, { hostname: one.hostname, ip: machineOf(one)?.ip }, inventory),
      );
      return agent ? [[host, agent] as const] : [];
    }),
  );
}

/** The host of the inventory that a machine is, by its name or by an address that no other has. */
export async function hostNamed(text: string, environment: Environment): Promise<string | undefined> {
  const inventory = await environment.inventory();
  const byName = inventory.hosts.find((host) => isSame(text, host));
  const byAddress = inventory.hosts.filter((host) => text === addressOf(host, inventory));
  return byName ?? (byAddress.length === 1 ? byAddress[0] : undefined);
}

/** Whether a machine that Mesos names is this host. */
export function isMachineOf(
  host: string,
  { hostname, ip }: { hostname: string | undefined; ip: string | undefined },
  inventory: Inventory,
): boolean {
  const address = addressOf(host, inventory);
  if (hostname !== undefined && (isSame(hostname, host) || hostname === address)) return true;
  // Several may share an address of loopback.
  return ip !== undefined && ip === address && !ip.startsWith('127.');
}

/** With or without the domain. */
function isSame(a: string, b: string): boolean {
  const short = (name: string) => (/^[\d.:]+$/.test(name) ? name : name.split('.')[0]);
  return a === b || (short(a) === short(b) && (!a.includes('.') || !b.includes('.')));
}

function addressOf(host: string, inventory: Inventory): string | undefined {
  const address = inventory.variablesOf(host).get('ansible_host');
  return typeof address === 'string' ? address : undefined;
}
