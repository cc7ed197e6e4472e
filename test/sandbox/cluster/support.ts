import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { createManualClock, type ManualClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { startCluster, type ClusterOptions, type SimulatedCluster } from '../../../src/sandbox/cluster/cluster.js';

export type Practice = SimulatedCluster & {
  clock: ManualClock;
  marathon: Ask;
  chronos: Ask;
  mesos: Ask;
  agent: Ask;
  dns: Ask;
};

export type Answer = AxiosResponse<unknown>;
export type Ask = (method: string, path: string, body?: unknown, config?: AxiosRequestConfig) => Promise<Answer>;

const MASTERS = ['stars-dc0', 'stars-dc1', 'stars-dc2'].map((name) => ({ name, address: '127.0.0.1' }));
export const AGENTS = ['stars-dw0', 'stars-dw1', 'stars-dw2', 'stars-dw3'].map((name) => ({
  name,
  address: '127.0.0.1',
  cpus: 4,
  mem: 8192,
  disk: 50_000,
}));

/** A cluster on a clock that the test moves. */
export async function startPractice(options: Partial<ClusterOptions> = {}): Promise<Practice> {
  const clock = createManualClock();
  const cluster = await startCluster({ clock, log: silentLog, masters: MASTERS, agents: AGENTS, ...options });
  return {
    ...cluster,
    clock,
    marathon: asker(cluster.urls.marathon),
    chronos: asker(cluster.urls.chronos),
    mesos: asker(cluster.urls.mesos[0] ?? ''),
    agent: asker(cluster.urls.agents[0] ?? ''),
    dns: asker(cluster.urls.mesosDns),
  };
}

/** Sends requests as they are and takes any status for an answer. */
export function asker(baseURL: string): Ask {
  return (method, path, body, config) =>
    axios.request({
      baseURL,
      method,
      url: path,
      maxRedirects: 0,
      validateStatus: () => true,
      headers: { 'Content-Type': 'application/json' },
      ...(body !== undefined && { data: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }),
      ...config,
    });
}

/** The value at a path such as `apps.0.id`. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
