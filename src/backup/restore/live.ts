import type { Chronos } from '../../cluster/chronos/client.js';
import type { Marathon } from '../../cluster/marathon/client.js';
import type { Definition } from '../../cluster/normalise.js';
import { StarsError } from '../../errors.js';
import { type Group, readPart } from '../contents.js';
import type { ChronosGeneration } from './fit-job.js';

/** What the cluster has now, as far as a restore looks at it. */
export type Live = {
  marathon: LiveMarathon | undefined;
  /** Or why it cannot be asked, as the end of a sentence. */
  chronos: LiveChronos | { away: string } | undefined;
};

export type LiveMarathon = {
  version: string;
  apps: readonly Definition[];
  /** Undefined where Marathon knows no pods. */
  pods: readonly Definition[] | undefined;
  groups: Group;
  /** Ids of apps and pods at which a deployment works. */
  busy: ReadonlySet<string>;
};

export type LiveChronos = { generation: ChronosGeneration; jobs: readonly Definition[] };

export type LiveSources = {
  /** Undefined for what is not to be looked at. */
  marathon: Marathon | undefined;
  chronos: Chronos | undefined;
  signal?: AbortSignal | undefined;
};

export async function readLive({ marathon, chronos, signal }: LiveSources): Promise<Live> {
  const [apps, jobs] = await Promise.all([
    marathon && readMarathon(marathon, signal),
    chronos && readChronos(chronos, signal).catch(away),
  ]);
  return { marathon: apps, chronos: jobs };
}

async function readMarathon(marathon: Marathon, signal?: AbortSignal): Promise<LiveMarathon> {
  const hasPods = await marathon.hasPods({ signal });
  const [{ version }, apps, pods, groups, deployments] = await Promise.all([
    marathon.info({ signal }),
    marathon.definitions({ signal }),
    hasPods ? marathon.podDefinitions({ signal }) : undefined,
    readGroups(marathon, signal),
    marathon.deployments({ signal }),
  ]);
  const busy = new Set(deployments.flatMap(({ affectedApps, affectedPods }) => [...affectedApps, ...affectedPods]));
  return { version, apps, pods, groups, busy };
}

/** The root of all groups. */
export async function readGroups(marathon: Marathon, signal?: AbortSignal): Promise<Group> {
  const tree = readPart('groups', await marathon.raw('/v2/groups', { signal }));
  if ('value' in tree) return tree.value;
  throw new StarsError('API_ANSWER', `Marathon's answer to what groups it has ${tree.wrong}.`);
}

async function readChronos(chronos: Chronos, signal?: AbortSignal): Promise<LiveChronos> {
  const jobs = await chronos.definitions({ signal });
  return { jobs, generation: await chronos.generation({ signal }) };
}

// It may be one of the apps that are to be restored.
function away(error: unknown): { away: string } {
  if (error instanceof StarsError && error.code === 'API_UNREACHABLE')
    return { away: error.message.replace(/\.$/, '') };
  throw error;
}
