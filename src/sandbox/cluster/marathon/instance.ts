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
  /** What its id has before the number. */
  idWord: 'marathon' | 'instance';
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

export function instanceId({ appId, uuid, idWord }: Pick<Instance, 'appId' | 'uuid' | 'idWord'>): string {
  return `${safeId(appId)}.${idWord}-${uuid}`;
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

export function failureOf({ appId, agent, task, version }: Instance, now: Date): TaskFailure {
  return {
    appId,
    host: agent.name,
    message: task.message,
    state: task.state,
    taskId: task.id,
    timestamp: now.toISOString(),
    version,
    slaveId: agent.id,
  };
}

/** What `status_update_event` tells. */
export function statusUpdate({ task, agent, ports, version, appId }: Instance): Record<string, unknown> {
  return {
    slaveId: agent.id,
    taskId: task.id,
    taskStatus: task.state,
    message: task.message,
    appId,
    host: agent.name,
    ipAddresses: [{ ipAddress: agent.address, protocol: 'IPv4' }],
    ports,
    version,
  };
}

/** What `instance_changed_event` tells. */
export function instanceChange(instance: Instance): Record<string, unknown> {
  return {
    instanceId: instanceId(instance),
    condition: conditionOf(instance.task.state),
    runSpecId: instance.appId,
    agentId: instance.agent.id,
    host: instance.agent.name,
    runSpecVersion: instance.version,
  };
}

/** A Mesos state as the condition of an instance: `Running` of TASK_RUNNING. */
function conditionOf(state: string): string {
  const word = state.replace('TASK_', '').toLowerCase();
  return word[0]!.toUpperCase() + word.slice(1);
}
