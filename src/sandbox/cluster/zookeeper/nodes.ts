import type { Clock } from '../../../clock.js';
import type { Master } from '../mesos/masters.js';
import { createTree, type ZNode } from './tree.js';

/** What the cluster's parts keep in ZooKeeper: who leads, as nodes that go with their makers; and what tests and clients write. */
export function createNodes(
  state: () => { masters: readonly Master[]; marathon: string | undefined; frameworkId: string; chronos: string },
  clock: Pick<Clock, 'now'>,
) {
  return createTree(() => {
    const { masters, marathon, frameworkId, chronos } = state();
    const infos = masters
      .filter(({ running }) => running)
      .map((master): [string, ZNode] => [
        `/mesos/json.info_${String(master.sequence).padStart(10, '0')}`,
        ephemeral(JSON.stringify(masterInfo(master))),
      ]);
    return [
      ['/zookeeper/quota', kept('')],
      ['/mesos/log_replicas/0000000000', ephemeral('')],
      ...infos,
      ['/marathon/leader-curator', kept('')],
      ...(marathon === undefined ? [] : [['/marathon/leader-curator/0000000000', ephemeral(marathon)] as const]),
      ['/marathon/state/framework:id', kept(frameworkId)],
      ['/chronos/state/candidate/0000000000', ephemeral(chronos)],
    ];
  }, clock);
}

function kept(text: string): ZNode {
  return { data: Buffer.from(text) };
}

function ephemeral(text: string): ZNode {
  return { data: Buffer.from(text), ephemeral: true };
}

function masterInfo({ id, name, port }: Master): Record<string, unknown> {
  const address = { hostname: name, ip: '127.0.0.1', port };
  return { address, hostname: name, id, ip: 16777343, pid: `master@127.0.0.1:${port}`, port, version: '1.3.1' };
}
