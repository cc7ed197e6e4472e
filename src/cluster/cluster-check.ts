import type { Clock } from '../clock.js';
import { type Check, failed, ok, warning } from '../model/check.js';
import type { Cluster } from './cluster.js';
import { type Layer, readHealth } from './health.js';

export type ClusterCheckOptions = { clock: Clock; signal?: AbortSignal | undefined };

const DEADLINE_MS = 5_000;

/** Whether every configured address answers, with its version where it tells one. */
export async function checkCluster(cluster: Cluster, { clock, signal }: ClusterCheckOptions): Promise<Check[]> {
  const [{ layers }, versions] = await Promise.all([
    readHealth(cluster, { clock, signal, deadlineMs: DEADLINE_MS }),
    versionsOf(cluster, signal),
  ]);
  return layers.map((layer) => inWords(layer, versions[layer.name]));
}

function inWords({ title, state, reason, details }: Layer, version: string | undefined): Check {
  const says = `${title}${version === undefined ? '' : ` ${version}`}: ${reason}.`;
  if (state === 'up') return ok(says);
  if (state === 'degraded') return warning(says, details.slice(0, 3).join('; ') || undefined);
  return failed(says, 'Compare its address and login in environment.yml with where it runs.');
}

/** By the layer's name; what does not tell its version is down, which the health says better. */
async function versionsOf(
  cluster: Cluster,
  signal: AbortSignal | undefined,
): Promise<Record<string, string | undefined>> {
  const asking = { signal: AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), ...(signal ? [signal] : [])]) };
  const [marathon, mesos] = await Promise.all([
    cluster.has('marathon') ? cluster.marathon.info(asking).catch(() => undefined) : undefined,
    cluster.has('mesos') ? cluster.mesos.version(asking).catch(() => undefined) : undefined,
  ]);
  return { marathon: marathon?.version, mesos };
}
