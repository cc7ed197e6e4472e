import { PORT_RANGE, reservedOn, type Agent, type Framework, type Mesos } from './mesos.js';
import { hasEnded, portRanges, sumResources, type MesosTask, type Resources, type TaskState } from './task.js';

const VERSION = '1.3.1';
export const BUILD = {
  build_date: '2017-07-25 19:47:29',
  build_time: 1501012049,
  build_user: 'ubuntu',
  git_sha: '1beec245135aa3ac0f4ca2ab35ccb5c4b0ea2b71',
  git_tag: '1.3.1',
  version: VERSION,
};

/** Seconds with a fraction, as Mesos writes times. */
export function seconds(ms: number): number {
  return ms / 1000 + 0.00029;
}

export function resourcesJson({ cpus, mem, disk, gpus, ports }: Resources): Record<string, unknown> {
  return { disk, mem, gpus, cpus, ...(ports.length > 0 && { ports: portRanges(ports) }) };
}

function ownedResources({ cpus, mem, disk }: Agent): Record<string, unknown> {
  return { disk, mem, gpus: 0, cpus, ports: `[${PORT_RANGE.from}-${PORT_RANGE.to}]` };
}

function reservedResources({ reserved = {} }: Agent): Record<string, unknown> {
  return Object.fromEntries(Object.entries(reserved).map(([role, amounts]) => [role, { ...NOTHING, ...amounts }]));
}

function unreservedResources(agent: Agent): Record<string, unknown> {
  const { cpus, mem, disk } = reservedOn(agent);
  return ownedResources({ ...agent, cpus: agent.cpus - cpus, mem: agent.mem - mem, disk: agent.disk - disk });
}

const NOTHING = { disk: 0, mem: 0, gpus: 0, cpus: 0 };

export function taskJson(task: MesosTask, agent: Agent | undefined): Record<string, unknown> {
  return {
    id: task.id,
    name: task.name,
    framework_id: task.frameworkId,
    executor_id: '',
    slave_id: task.agentId,
    state: task.state,
    resources: resourcesJson(task.resources),
    role: '*',
    ...(task.user && { user: task.user }),
    statuses: task.statuses.map(({ state, atMs, healthy }) => ({
      state,
      timestamp: seconds(atMs),
      container_status: containerStatus(task, agent),
      ...(healthy !== undefined && { healthy }),
    })),
    ...(task.labels &&
      Object.keys(task.labels).length > 0 && {
        labels: Object.entries(task.labels).map(([key, value]) => ({ key, value })),
      }),
    ...(task.discovery && { discovery: discoveryJson(task) }),
    ...(task.container && { container: task.container }),
  };
}

function containerStatus({ containerId }: MesosTask, agent: Agent | undefined) {
  return {
    container_id: { value: containerId },
    network_infos: [{ ip_addresses: [{ protocol: 'IPv4', ip_address: agent?.address ?? '127.0.0.1' }] }],
  };
}

function discoveryJson({ name, resources }: MesosTask) {
  return {
    visibility: 'FRAMEWORK',
    name,
    ports: { ports: resources.ports.map((number) => ({ number, protocol: 'tcp' })) },
  };
}

export function agentPid({ address, port }: Agent): string {
  return `slave(1)@${address === '127.0.0.1' ? address : '127.0.0.1'}:${port}`;
}

function agentJson(mesos: Mesos, agent: Agent): Record<string, unknown> {
  return {
    id: agent.id,
    hostname: agent.name,
    port: agent.port,
    attributes: agent.attributes,
    pid: agentPid(agent),
    registered_time: seconds(agent.registeredMs),
    ...(agent.reregisteredMs !== undefined && { reregistered_time: seconds(agent.reregisteredMs) }),
    resources: ownedResources(agent),
    used_resources: resourcesJson(mesos.used(agent)),
    offered_resources: NOTHING,
    reserved_resources: reservedResources(agent),
    unreserved_resources: unreservedResources(agent),
    active: agent.state === 'active',
    version: VERSION,
    capabilities: ['MULTI_ROLE'],
  };
}

export function fullAgentJson(mesos: Mesos, agent: Agent): Record<string, unknown> {
  return {
    ...agentJson(mesos, agent),
    reserved_resources_full: {},
    used_resources_full: usedInFull(mesos.used(agent)),
    offered_resources_full: [],
    unreserved_resources_full: [],
  };
}

/** Each resource by itself, with the role whose it is: here nobody's. */
function usedInFull({ cpus, mem, disk }: Resources): Record<string, unknown>[] {
  return Object.entries({ cpus, mem, disk })
    .filter(([, value]) => value > 0)
    .map(([name, value]) => ({ name, type: 'SCALAR', scalar: { value }, role: '*' }));
}

function frameworkHead({
  id,
  name,
  hostname,
  webuiUrl,
  active,
  registeredMs,
  principal,
  tasks,
}: Framework): Record<string, unknown> {
  const used = resourcesJson(sumResources(tasks.values()));
  return {
    id,
    name,
    pid: `scheduler-${id.slice(0, 8)}@${hostname}:41000`,
    used_resources: used,
    offered_resources: NOTHING,
    capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE'],
    hostname,
    webui_url: webuiUrl,
    active,
    connected: active,
    recovered: false,
    user: 'root',
    failover_timeout: 604800,
    checkpoint: true,
    registered_time: seconds(registeredMs),
    unregistered_time: 0,
    principal,
    resources: used,
    role: '*',
  };
}

export function frameworkJson(mesos: Mesos, framework: Framework): Record<string, unknown> {
  const toJson = (task: MesosTask) => taskJson(task, mesos.agentOf(task));
  const tasks = [...framework.tasks.values()];
  return {
    ...frameworkHead(framework),
    ...(framework.reregisteredMs !== undefined && { reregistered_time: seconds(framework.reregisteredMs) }),
    tasks: tasks.filter(({ state }) => state !== 'TASK_UNREACHABLE').map(toJson),
    unreachable_tasks: tasks.filter(({ state }) => state === 'TASK_UNREACHABLE').map(toJson),
    completed_tasks: framework.completed.map(toJson),
    offers: [],
    executors: [],
  };
}

const SUMMARY_STATES: TaskState[] = [
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_KILLED',
  'TASK_FAILED',
  'TASK_LOST',
  'TASK_ERROR',
  'TASK_UNREACHABLE',
];

function stateCounts(tasks: MesosTask[]): Record<string, number> {
  return Object.fromEntries(
    SUMMARY_STATES.map((state) => [state, tasks.filter((task) => task.state === state).length]),
  );
}

/** `/state-summary`: per agent and framework how many tasks are in which state. */
export function stateSummary(
  mesos: Mesos,
  { hostname, agents }: { hostname: string; agents: Agent[] },
): Record<string, unknown> {
  const all = mesos.frameworks.flatMap((framework) => [...framework.tasks.values(), ...framework.completed]);
  return {
    hostname,
    cluster: 'stars',
    slaves: agents.map((agent) => {
      const own = all.filter(({ agentId }) => agentId === agent.id);
      return {
        ...agentJson(mesos, agent),
        ...stateCounts(own),
        framework_ids: [...new Set(own.map(({ frameworkId }) => frameworkId))],
      };
    }),
    frameworks: mesos.frameworks.map((framework) => {
      const own = [...framework.tasks.values(), ...framework.completed];
      const { id, name, pid, used_resources, offered_resources, capabilities, hostname, webui_url, active } =
        frameworkHead(framework);
      const head = { id, name, pid, used_resources, offered_resources, capabilities, hostname, webui_url, active };
      return { ...head, ...stateCounts(own), slave_ids: [...new Set(own.map(({ agentId }) => agentId))] };
    }),
  };
}

/** All tasks as `/tasks` pages through them. */
export function allTasks(mesos: Mesos): MesosTask[] {
  const firstMs = (task: MesosTask) => task.statuses[0]?.atMs ?? 0;
  return mesos.frameworks
    .flatMap(({ tasks, completed }) => [...tasks.values(), ...completed])
    .sort((a, b) => firstMs(a) - firstMs(b));
}

export function isLive({ state }: MesosTask): boolean {
  return !hasEnded(state);
}
