import { completeApp, type App } from './app.js';

export type PodContainer = {
  name: string;
  resources?: { cpus?: number; mem?: number; disk?: number; gpus?: number };
} & Record<string, unknown>;

/** A pod's specification as Marathon keeps it. */
export type Pod = {
  id: string;
  version: string;
  containers: PodContainer[];
  scaling: { kind: string; instances: number } & Record<string, unknown>;
} & Record<string, unknown>;

const EXECUTOR = { cpus: 0.1, mem: 32, disk: 10 };

/** The specification with Marathon's defaults. */
export function completePod(json: Record<string, unknown>, { id, version }: { id: string; version: string }): Pod {
  const given = Array.isArray(json['containers']) ? (json['containers'] as PodContainer[]) : [];
  const containers = given.map((container) => ({
    ...container,
    resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0, ...container.resources },
  }));
  return {
    labels: {},
    environment: {},
    secrets: {},
    volumes: [],
    networks: [{ mode: 'host' }],
    scheduling: { placement: { constraints: [], acceptedResourceRoles: [] } },
    executorResources: EXECUTOR,
    ...json,
    id,
    version,
    containers,
    scaling: { kind: 'fixed', instances: 1, ...(json['scaling'] as object | undefined) },
  };
}

/** The pod as something to launch: the sum of its containers, one Mesos task an instance. */
export function podAsApp(pod: Pod): App {
  const sum = (name: 'cpus' | 'mem' | 'disk') =>
    pod.containers.reduce((total, { resources }) => total + (resources?.[name] ?? 0), EXECUTOR[name]);
  return {
    ...completeApp(
      pod.id,
      {
        cmd: 'pod',
        cpus: sum('cpus'),
        mem: sum('mem'),
        disk: sum('disk'),
        instances: pod.scaling.instances,
        ports: [],
      },
      pod.version,
    ),
  };
}
