import { z } from 'zod';
import { amount, listOf, maybe, texts } from '../nullish.js';

const Amounts = z.object({ cpus: amount, mem: amount, disk: amount, gpus: amount });
const Resources = maybe(Amounts.extend({ ports: maybe(z.string()) }));

/** One resource by itself, with the role that it is reserved for. */
const Resource = z
  .object({
    name: z.string(),
    role: maybe(z.string()),
    reservations: listOf(z.object({ role: maybe(z.string()) })),
    scalar: maybe(z.object({ value: amount })),
  })
  .transform(({ name, role, reservations, scalar }) => ({
    name,
    role: reservations.at(-1)?.role ?? role ?? '*',
    value: scalar?.value ?? 0,
  }));

function reservedIn(all: Record<string, z.infer<typeof Amounts> | undefined>) {
  const told = Object.entries(all).flatMap(([role, amounts]) => (amounts ? [[role, amounts] as const] : []));
  return Object.fromEntries(told);
}

const Agent = z
  .object({
    id: z.string(),
    hostname: maybe(z.string()),
    pid: maybe(z.string()),
    active: maybe(z.boolean()),
    registered_time: maybe(z.number()),
    reregistered_time: maybe(z.number()),
    attributes: texts,
    resources: Resources,
    used_resources: Resources,
    reserved_resources: maybe(z.record(z.string(), maybe(Amounts))),
    used_resources_full: listOf(Resource),
  })
  .transform(({ registered_time: first, reregistered_time: again, ...agent }) => ({
    id: agent.id,
    hostname: agent.hostname,
    pid: agent.pid,
    attributes: agent.attributes,
    resources: agent.resources,
    active: agent.active ?? true,
    used: agent.used_resources,
    /** What only tasks of a role get, by its name. */
    reserved: reservedIn(agent.reserved_resources ?? {}),
    /** What is used of what is reserved for which role; empty where the master does not tell. */
    usedByRole: agent.used_resources_full,
    /** Seconds since 1970, when it last made itself known. */
    registeredAt: again ?? first,
  }));

export const Agents = z.object({ slaves: listOf(Agent) }).transform(({ slaves }) => slaves);

export const StateSummary = z
  .object({
    cluster: maybe(z.string()),
    hostname: maybe(z.string()),
    slaves: listOf(Agent),
    frameworks: listOf(
      z.object({ id: z.string(), name: maybe(z.string()), active: maybe(z.boolean()), TASK_RUNNING: amount }),
    ),
  })
  .transform(({ slaves, ...summary }) => ({ ...summary, agents: slaves }));

const Task = z
  .object({
    id: z.string(),
    name: maybe(z.string()),
    framework_id: maybe(z.string()),
    executor_id: maybe(z.string()),
    slave_id: maybe(z.string()),
    state: z.string(),
    statuses: listOf(z.object({ state: maybe(z.string()), timestamp: maybe(z.number()), healthy: maybe(z.boolean()) })),
  })
  .transform(({ framework_id, executor_id, slave_id, ...task }) => ({
    ...task,
    frameworkId: framework_id,
    /** Undefined for a task that is its own executor. */
    executorId: executor_id || undefined,
    agentId: slave_id,
  }));

export const Tasks = z.object({ tasks: listOf(Task) }).transform(({ tasks }) => tasks);

const Framework = z
  .object({
    id: z.string(),
    name: maybe(z.string()),
    active: maybe(z.boolean()),
    connected: maybe(z.boolean()),
    hostname: maybe(z.string()),
    tasks: listOf(Task),
    unreachable_tasks: listOf(Task),
    completed_tasks: listOf(Task),
  })
  .transform(({ unreachable_tasks, completed_tasks, ...framework }) => ({
    ...framework,
    unreachableTasks: unreachable_tasks,
    completedTasks: completed_tasks,
  }));

/** `/state` without its flags, which may hold passwords. */
export const State = z
  .object({
    version: maybe(z.string()),
    cluster: maybe(z.string()),
    leader: maybe(z.string()),
    activated_slaves: amount,
    deactivated_slaves: amount,
    unreachable_slaves: amount,
    slaves: listOf(Agent),
    frameworks: listOf(Framework),
  })
  .transform(({ slaves, activated_slaves, deactivated_slaves, unreachable_slaves, ...state }) => ({
    ...state,
    agents: slaves,
    counts: { active: activated_slaves, inactive: deactivated_slaves, unreachable: unreachable_slaves },
  }));

/** Numbers by key; a value that is not a number is left out. */
export const Metrics = z
  .record(z.string(), z.unknown())
  .transform(
    (values) =>
      new Map(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
  );

export const Version = z.object({ version: z.string() });

const TaskOfExecutor = z.object({ id: z.string() });

const Executor = z.object({
  id: z.string(),
  directory: z.string(),
  tasks: listOf(TaskOfExecutor),
  queued_tasks: listOf(TaskOfExecutor),
  completed_tasks: listOf(TaskOfExecutor),
});

const FrameworkOfAgent = z.object({ executors: listOf(Executor), completed_executors: listOf(Executor) });

export const AgentState = z.object({
  frameworks: listOf(FrameworkOfAgent),
  completed_frameworks: listOf(FrameworkOfAgent),
});

const Statistics = z.object({
  cpus_limit: maybe(z.number()),
  cpus_user_time_secs: amount,
  cpus_system_time_secs: amount,
  mem_rss_bytes: maybe(z.number()),
  mem_limit_bytes: maybe(z.number()),
  timestamp: maybe(z.number()),
});

/** What runs on an agent; one without statistics has only just started, or is about to end. */
export const Containers = listOf(
  z
    .object({
      container_id: maybe(z.string()),
      executor_id: z.string(),
      framework_id: maybe(z.string()),
      statistics: maybe(Statistics),
    })
    .transform(({ container_id, executor_id, framework_id, statistics }) => ({
      containerId: container_id,
      executorId: executor_id,
      frameworkId: framework_id,
      usage: statistics && usageOf(statistics),
    })),
);

function usageOf(statistics: z.infer<typeof Statistics>) {
  return {
    cpuLimit: statistics.cpus_limit,
    /** Since the container began; what it uses now is the difference of two looks. */
    cpuSeconds: statistics.cpus_user_time_secs + statistics.cpus_system_time_secs,
    memoryBytes: statistics.mem_rss_bytes,
    memoryLimitBytes: statistics.mem_limit_bytes,
    /** Seconds since 1970. */
    at: statistics.timestamp,
  };
}

export const FileRead = z.object({ data: z.string(), offset: z.number() });
export const FileEntries = listOf(
  z.object({ path: z.string(), size: amount, mode: maybe(z.string()), mtime: maybe(z.number()) }),
);

const Machine = z
  .object({ hostname: maybe(z.string()), ip: maybe(z.string()) })
  .transform(({ hostname = '', ip = '' }) => ({ hostname, ip }));
const Nanoseconds = z.object({ nanoseconds: z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(BigInt) });

export const MaintenanceSchedule = z
  .object({
    windows: listOf(
      z.looseObject({
        machine_ids: listOf(Machine),
        unavailability: z.looseObject({ start: Nanoseconds, duration: maybe(Nanoseconds) }),
      }),
    ),
  })
  .transform(({ windows }) => windows);

export const MaintenanceStatus = z
  .object({
    draining_machines: listOf(z.object({ id: Machine })),
    down_machines: listOf(Machine),
  })
  .transform(({ draining_machines, down_machines }) => ({
    draining: draining_machines.map(({ id }) => id),
    down: down_machines,
  }));

export type Agent = z.infer<typeof Agent>;
export type AgentState = z.infer<typeof AgentState>;
export type Container = z.infer<typeof Containers>[number];
export type FileEntry = z.infer<typeof FileEntries>[number];
export type Machine = z.infer<typeof Machine>;
export type MaintenanceStatus = z.infer<typeof MaintenanceStatus>;
export type MaintenanceWindow = z.infer<typeof MaintenanceSchedule>[number];
export type MesosState = z.infer<typeof State>;
export type StateSummary = z.infer<typeof StateSummary>;
export type Task = z.infer<typeof Task>;
