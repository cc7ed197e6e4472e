import { StarsError } from '../errors.js';
import type { SimulatedHosts } from './host/hosts.js';

const MASTER = { packages: 'mesosphere-zookeeper mesos marathon', units: 'zookeeper mesos-master marathon' };
const WORKER = { packages: 'docker mesos', units: 'docker mesos-slave' };

/** Puts on the hosts what the simulated cluster is made of: without it nothing on them could be stopped or restarted. */
export async function installStack(
  hosts: SimulatedHosts,
  { masters, workers }: { masters: readonly string[]; workers: readonly string[] },
): Promise<void> {
  for (const name of masters) await install(hosts, name, MASTER);
  for (const name of workers) await install(hosts, name, WORKER);
}

async function install(hosts: SimulatedHosts, name: string, { packages, units }: typeof MASTER): Promise<void> {
  const script = `yum install -y -q ${packages} && systemctl enable ${units} && systemctl start ${units}`;
  const { code, stderr } = await hosts.host(name).run(script);
  if (code !== 0) throw new StarsError('INTERNAL', `The stack could not be put on ${name}: ${stderr.slice(-300)}`);
}
