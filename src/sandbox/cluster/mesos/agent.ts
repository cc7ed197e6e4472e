import { route, routed, type Handler } from '../http.js';
import type { HttpReply } from '../reply.js';
import type { Timers } from '../timing.js';
import { createFiles, fileRoutes, piece, type Files } from './files.js';
import { ownLog } from './own-log.js';
import { agentPid, BUILD, isLive, resourcesJson, seconds, taskJson } from './json.js';
import type { Masters } from './masters.js';
import { PORT_RANGE, type Agent, type Framework, type Mesos } from './mesos.js';
import { agentMetrics } from './metrics.js';
import { operatorApi, type Call } from './operator.js';
import type { MesosTask } from './task.js';
import { flagsV1 } from './v1-json.js';
import { refuseVerb } from './verbs.js';

const WORK_DIR = '/var/lib/mesos';

export type AgentDeps = { mesos: Mesos; masters: Masters; agent: Agent; timers: Timers; gcMs: number };

/** The HTTP side of one agent. */
export function createAgentHandler(deps: AgentDeps): Handler {
  const { mesos, agent, timers, gcMs } = deps;
  const isKept = ({ statuses }: MesosTask) => timers.nowMs() - (statuses.at(-1)?.atMs ?? 0) < gcMs;
  const own = () => [...mesos.tasksOn(agent), ...agent.ended.filter(isKept)];
  const containers: Handler = () => ({
    json: mesos
      .tasksOn(agent)
      .filter(isLive)
      .map((task) => containerJson(task, timers.nowMs())),
  });
  const statistics: Handler = () => ({
    json: mesos
      .tasksOn(agent)
      .filter(isLive)
      .map((task) => containerJson(task, timers.nowMs()))
      .map(({ status: _status, ...container }) => container),
  });
  const files = createFiles({ tasks: own, directory: taskDirectory, own: ownLog('slave', agent) });
  const routes = [
    route('GET', /^\/health$/, () => ({ status: 200 })),
    route('GET', /^\/version$/, () => ({ json: BUILD })),
    route('GET', /^\/flags$/, () => ({ json: { flags: flags(agent) } })),
    route('GET', /^\/metrics\/snapshot$/, () => ({ json: agentMetrics(mesos, agent, timers) })),
    route('GET', /^\/state$/, () => ({ json: stateJson(deps) })),
    route('GET', /^\/containers$/, containers),
    route('GET', /^\/monitor\/statistics$/, statistics),
    ...fileRoutes(files),
    operatorApi('agent', (call) => operatorCall(call, { deps, files })),
  ];
  const handle = routed(routes, { missing: () => ({ status: 404 }), wrongVerb: refuseVerb(routes) });
  return (request) =>
    handle({
      ...request,
      path: request.path.replace(/^\/slave\(1\)(?=\/)/, '').replace(/(?<!^\/files\/.*)\.json$/, ''),
    });
}

function operatorCall({ type, of }: Call, { deps, files }: { deps: AgentDeps; files: Files }): HttpReply | undefined {
  const path = typeof of['path'] === 'string' ? of['path'] : '';
  if (type === 'LIST_FILES') {
    const entries = files.list(path);
    if (!entries) return { status: 404 };
    const infos = entries.map(({ modifiedMs, ...one }) => ({
      ...one,
      nlink: 1,
      mode: 33188,
      uid: 'root',
      gid: 'root',
      mtime: { nanoseconds: modifiedMs * 1_000_000 },
    }));
    return { json: { type, list_files: { file_infos: infos } } };
  }
  if (type === 'READ_FILE') {
    const file = files.at(path);
    if (file === undefined) return { status: 404 };
    if (file === 'directory') return { status: 400, text: 'Cannot read a directory' };
    const length = typeof of['length'] === 'number' ? of['length'] : undefined;
    const data = piece(file.bytes, Number(of['offset'] ?? 0), length).toString('base64');
    return { json: { type, read_file: { size: file.bytes.length, data } } };
  }
  const read = readers[type];
  return read && { json: { type, [type.toLowerCase()]: read(deps) } };
}

const readers: Record<string, (deps: AgentDeps) => unknown> = {
  GET_HEALTH: () => ({ healthy: true }),
  GET_VERSION: () => ({ version_info: BUILD }),
  GET_FLAGS: ({ agent }) => flagsV1(flags(agent)),
  GET_METRICS: ({ mesos, agent, timers }) => ({
    metrics: Object.entries(agentMetrics(mesos, agent, timers)).map(([name, value]) => ({ name, value })),
  }),
  GET_CONTAINERS: ({ mesos, agent, timers }) => ({
    containers: mesos
      .tasksOn(agent)
      .filter(isLive)
      .map((task) => {
        const { container_id, executor_id, executor_name, framework_id, statistics } = containerJson(
          task,
          timers.nowMs(),
        );
        return {
          container_id: { value: container_id },
          executor_id: { value: executor_id },
          executor_name,
          framework_id: { value: framework_id },
          resource_statistics: statistics,
        };
      }),
  }),
};

/** The sandbox of a task: `<work_dir>/slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>`. */
export function taskDirectory({ agentId, frameworkId, id, containerId }: MesosTask): string {
  return `${WORK_DIR}/slaves/${agentId}/frameworks/${frameworkId}/executors/${id}/runs/${containerId}`;
}

function flags({ name, port }: Agent): Record<string, string> {
  return {
    containerizers: 'docker,mesos',
    executor_registration_timeout: '10mins',
    gc_delay: '1weeks',
    hostname: name,
    ip: '127.0.0.1',
    master: 'zk://stars-dc0:2181,stars-dc1:2181,stars-dc2:2181/mesos',
    port: String(port),
    work_dir: WORK_DIR,
  };
}

function stateJson({ mesos, masters, agent }: AgentDeps): Record<string, unknown> {
  const { cpus, mem, disk } = agent;
  const resources = { disk, mem, gpus: 0, cpus, ports: `[${PORT_RANGE.from}-${PORT_RANGE.to}]` };
  return {
    ...BUILD,
    start_time: seconds(agent.startedMs),
    id: agent.id,
    pid: agentPid(agent),
    hostname: agent.name,
    capabilities: ['MULTI_ROLE'],
    resources,
    reserved_resources: {},
    unreserved_resources: resources,
    reserved_resources_full: {},
    unreserved_resources_full: [],
    reserved_resources_allocated: {},
    unreserved_resources_allocated: resourcesJson(mesos.used(agent)),
    attributes: agent.attributes,
    ...(masters.leader() && { master_hostname: masters.leader()?.name }),
    flags: flags(agent),
    frameworks: mesos.frameworks
      .map((framework) => frameworkJson(agent, framework))
      .filter(({ executors, completed_executors }) => executors.length + completed_executors.length > 0),
    completed_frameworks: [],
  };
}

function frameworkJson(agent: Agent, framework: Framework) {
  const here = (task: MesosTask) => task.agentId === agent.id && task.frameworkId === framework.id;
  return {
    id: framework.id,
    name: framework.name,
    user: 'root',
    failover_timeout: 604800,
    checkpoint: true,
    role: '*',
    hostname: framework.hostname,
    executors: [...framework.tasks.values()].filter(here).map((task) => executorJson(task, agent)),
    completed_executors: agent.ended.filter(here).map((task) => executorJson(task, agent)),
  };
}

function executorJson(task: MesosTask, agent: Agent): Record<string, unknown> {
  const json = taskJson(task, agent);
  const live = isLive(task);
  const queued = live && task.state === 'TASK_STAGING';
  return {
    id: task.id,
    name: executorName(task),
    source: task.id,
    container: task.containerId,
    directory: taskDirectory(task),
    resources: resourcesJson({ ...task.resources, cpus: task.resources.cpus + 0.1, mem: task.resources.mem + 32 }),
    role: '*',
    tasks: live && !queued ? [json] : [],
    queued_tasks: queued ? [json] : [],
    completed_tasks: live ? [] : [json],
  };
}

function executorName({ id, command, container }: MesosTask): string {
  const shown = container?.docker ? 'NO EXECUTABLE' : `sh -c '${command.slice(0, 12)}...'`;
  return `Command Executor (Task: ${id}) (Command: ${shown})`;
}

function containerJson(task: MesosTask, nowMs: number) {
  const ranSeconds = Math.max(0, (nowMs - (task.statuses[0]?.atMs ?? nowMs)) / 1000);
  return {
    container_id: task.containerId,
    executor_id: task.id,
    executor_name: executorName(task),
    framework_id: task.frameworkId,
    source: task.id,
    statistics: {
      cpus_limit: task.resources.cpus + 0.1,
      cpus_nr_periods: Math.round(ranSeconds * 10),
      cpus_nr_throttled: 0,
      cpus_system_time_secs: ranSeconds * 0.02,
      cpus_throttled_time_secs: 0,
      cpus_user_time_secs: ranSeconds * 0.1,
      mem_limit_bytes: (task.resources.mem + 32) * 1024 * 1024,
      mem_rss_bytes: Math.round(task.resources.mem * 0.6) * 1024 * 1024,
      timestamp: seconds(nowMs),
    },
    status: { container_id: { value: task.containerId } },
  };
}
