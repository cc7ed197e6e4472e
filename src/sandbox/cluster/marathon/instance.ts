import type { Agent } from '../mesos/mesos.js';
import type { MesosTask } from '../mesos/task.js';
import { safeId } from './app.js';

export type HealthResult = {
  alive: boolean;
  consecutiveFailures: number;
  firstSuccess: string | null;
  lastFailure: string | null;
  lastFailureCause: string | null;
  lastSuccess: string | null;
};

/** One started instance of an app or pod. */
export type Instance = {
  uuid: string;
  appId: string;
  /** The app's version when it was launched. */
  version: string;
  task: MesosTask;
  agent: Agent;
  ports: number[];
  stagedAt: string;
  startedAt: string | undefined;
  /** One for each health check that has answered. */
  health: Map<number, HealthResult>;
  /** Somebody asked for its end, so that it is no failure. */
  killing: boolean;
  unreachable: 'no' | 'waiting' | 'inactive';
};

export type TaskFailure = {
  appId: string;
  host: string;
  message: string;
  slaveId: string;
  state: string;
  taskId: string;
  timestamp: string;
  version: string;
};

export function instanceId({ appId, uuid }: Pick<Instance, 'appId' | 'uuid'>): string {
  return `${safeId(appId)}.marathon-${uuid}`;
}

/** Whether it counts towards the wanted number of instances. */
export function isActive({ killing, unreachable }: Instance): boolean {
  return !killing && unreachable !== 'inactive';
}

export function isRunning({ task }: Instance): boolean {
  return task.state === 'TASK_RUNNING';
}

export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** Healthy if every check passed, unhealthy if one failed, else not known. */
export function healthOf({ health }: Instance, checks: number): Health {
  const results = [...health.values()];
  if (results.some(({ alive }) => !alive)) return 'unhealthy';
  return checks > 0 && results.length === checks ? 'healthy' : 'unknown';
}

/** The task as `/v2/apps/{id}/tasks` prints it. */
export function taskJson(instance: Instance): Record<string, unknown> {
  const { task, agent, ports, startedAt, stagedAt, version, appId } = instance;
  return {
    ipAddresses: [{ ipAddress: agent.address, protocol: 'IPv4' }],
    stagedAt,
    state: task.state,
    ports,
    ...(startedAt !== undefined && { startedAt }),
    version,
    id: task.id,
    appId,
    slaveId: agent.id,
    host: agent.name,
    ...(instance.health.size > 0 && {
      healthCheckResults: [...instance.health.values()].map((result) => ({
        ...result,
        instanceId: instanceId(instance),
      })),
    }),
  };
}
