import type { CommandContext } from '../../src/bot/command.js';
import { hostNamed } from './agent-of.js';
import type { Visit } from './visits.js';

type Context = Pick<CommandContext<unknown>, 'cluster' | 'environment' | 'note' | 'signal'>;

/** The hosts in the order of the inventory, the one whose service leads last, so that leaders change once and not once a host. */
export async function leaderLast(visits: readonly Visit[], context: Context): Promise<Visit[]> {
  const [first] = visits;
  if (!first || visits.length === 1) return [...visits];
  const leader = await leaderOf(first.service.name, context);
  if (leader === undefined) {
    if (LEADERS[first.service.name])
      context.note(
        `Which host leads ${first.service.title} cannot be told, so they are taken in the order of the inventory.`,
      );
    return [...visits];
  }
  return [...visits.filter(({ host }) => host !== leader), ...visits.filter(({ host }) => host === leader)];
}

async function leaderOf(service: string, context: Context): Promise<string | undefined> {
  const address = await LEADERS[service]?.(context).catch(() => undefined);
  return address === undefined ? undefined : hostNamed(address.replace(/:\d+$/, ''), context.environment);
}

/** Where each says that its leader is. */
const LEADERS: Record<string, (context: Context) => Promise<string | undefined>> = {
  async zookeeper({ cluster, signal }) {
    if (!cluster.has('zookeeper')) return undefined;
    const servers = await cluster.zookeeper.eachServer({ signal });
    return servers.find(({ said }) => said.kind === 'serving' && said.mode === 'leader')?.address;
  },
  async 'mesos-master'({ cluster, signal }) {
    return cluster.has('mesos') ? (await cluster.mesos.stateSummary({ signal })).hostname : undefined;
  },
  async marathon({ cluster, signal }) {
    return cluster.has('marathon') ? cluster.marathon.leader({ signal }) : undefined;
  },
  async chronos({ cluster, signal }) {
    return cluster.has('chronos') ? cluster.chronos.leader({ signal }) : undefined;
  },
};
