import { route, type Route } from '../http.js';
import type { HttpReply } from '../reply.js';
import type { Timers } from '../timing.js';
import { allTasks, BUILD, isLive, seconds } from './json.js';
import { parseSchedule, scheduleText, statusJson, type Maintenance } from './maintenance.js';
import type { Master, Masters } from './masters.js';
import type { Agent, Framework, Mesos } from './mesos.js';
import { masterMetrics } from './metrics.js';
import { portRanges, type MesosTask, type Resources } from './task.js';

type OperatorDeps = { mesos: Mesos; masters: Masters; self: Master; timers: Timers; maintenance: Maintenance };

/** `POST /api/v1`: the operator calls a bot may make, ids as `{"value": …}`. */
export function operatorRoute(deps: OperatorDeps): Route {
  return route('POST', /^\/api\/v1$/, ({ headers, body }) => {
    if (!headers['content-type']?.startsWith('application/json')) {
      return { status: 415, text: "Expecting 'Content-Type' of 'application/json' or 'application/x-protobuf'" };
    }
    const accept = headers.accept ?? '*/*';
    if (!/application\/json|\*\/\*|application\/\*/.test(accept)) {
      return { status: 406, text: "Expecting 'Accept' to allow 'application/json' or 'application/x-protobuf'" };
    }
    return answer(deps, body.toString());
  });
}

function answer(deps: OperatorDeps, text: string): HttpReply {
  let call: Record<string, unknown>;
  try {
    call = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { status: 400, text: 'Failed to parse body into JSON: syntax error' };
  }
  const type = typeof call['type'] === 'string' ? call['type'] : '';
  if (type === 'UPDATE_MAINTENANCE_SCHEDULE') return updateSchedule(deps, call);
  if (type === 'GET_MAINTENANCE_SCHEDULE') {
    const json = `{"type":"${type}","get_maintenance_schedule":{"schedule":${scheduleText(deps.maintenance)}}}`;
    return { bytes: Buffer.from(json), headers: { 'Content-Type': 'application/json' } };
  }
  const reply = readers[type];
  if (!reply) return { status: 400, text: `Failed to validate master::Call: Unknown call type '${type}'` };
  return { json: { type, [type.toLowerCase()]: reply(deps) } };
}

function updateSchedule({ maintenance }: OperatorDeps, call: Record<string, unknown>): HttpReply {
  const schedule = (call['update_maintenance_schedule'] as { schedule?: unknown } | undefined)?.schedule;
  const windows = parseSchedule(JSON.stringify(schedule ?? {}));
  if (typeof windows === 'string') return { status: 400, text: windows };
  maintenance.windows = windows;
  return { status: 200 };
}

const readers: Record<string, (deps: OperatorDeps) => unknown> = {
  GET_HEALTH: () => ({ healthy: true }),
  GET_VERSION: () => ({ version_info: BUILD }),
  GET_METRICS: (deps) => ({ metrics: Object.entries(masterMetrics(deps)).map(([name, value]) => ({ name, value })) }),
  GET_MASTER: ({ masters, self }) => ({
    master_info: {
      id: self.id,
      ip: 16777343,
      port: self.port,
      pid: `master@127.0.0.1:${self.port}`,
      hostname: self.name,
      version: BUILD.version,
      address: { hostname: self.name, ip: '127.0.0.1', port: self.port },
    },
    start_time: seconds(self.startedMs),
    elected_time: seconds(masters.electedMs()),
  }),
  GET_AGENTS: ({ masters }) => ({ agents: masters.registered().map(agentV1) }),
  GET_FRAMEWORKS: ({ mesos }) => ({ frameworks: mesos.frameworks.map(frameworkV1) }),
  GET_TASKS: tasksV1,
  GET_EXECUTORS: () => ({}),
  GET_ROLES: ({ mesos }) => ({
    roles: [{ name: '*', weight: 1, frameworks: mesos.frameworks.map(({ id }) => ({ value: id })) }],
  }),
  GET_QUOTA: () => ({ status: {} }),
  GET_STATE: (deps) => ({
    get_tasks: tasksV1(deps),
    get_executors: {},
    get_frameworks: { frameworks: deps.mesos.frameworks.map(frameworkV1) },
    get_agents: { agents: deps.masters.registered().map(agentV1) },
  }),
  GET_MAINTENANCE_STATUS: ({ maintenance }) => ({ status: statusJson(maintenance) }),
};

function tasksV1({ mesos }: OperatorDeps): Record<string, unknown> {
  const all = allTasks(mesos);
  return {
    tasks: all.filter((task) => isLive(task) && task.state !== 'TASK_UNREACHABLE').map(taskV1),
    unreachable_tasks: all.filter(({ state }) => state === 'TASK_UNREACHABLE').map(taskV1),
    completed_tasks: all.filter((task) => !isLive(task)).map(taskV1),
  };
}

function taskV1({ id, name, frameworkId, agentId, state, resources }: MesosTask): Record<string, unknown> {
  return {
    name,
    task_id: { value: id },
    framework_id: { value: frameworkId },
    agent_id: { value: agentId },
    state,
    resources: resourcesV1(resources),
  };
}

function agentV1(agent: Agent): Record<string, unknown> {
  const total = { cpus: agent.cpus, mem: agent.mem, disk: agent.disk, gpus: 0, ports: [] };
  return {
    agent_info: { hostname: agent.name, port: agent.port, resources: resourcesV1(total), id: { value: agent.id } },
    active: agent.state === 'active',
    version: BUILD.version,
    pid: `slave(1)@127.0.0.1:${agent.port}`,
    registered_time: { nanoseconds: agent.registeredMs * 1_000_000 },
    total_resources: resourcesV1(total),
  };
}

function frameworkV1({ id, name, active, principal }: Framework): Record<string, unknown> {
  return {
    framework_info: { user: 'root', name, id: { value: id }, principal, role: '*' },
    active,
    connected: active,
    recovered: false,
  };
}

function resourcesV1({ cpus, mem, disk, ports }: Resources): unknown[] {
  const scalar = (name: string, value: number) => ({ name, type: 'SCALAR', scalar: { value }, role: '*' });
  return [
    scalar('cpus', cpus),
    scalar('mem', mem),
    scalar('disk', disk),
    ...(ports.length > 0 ? [{ name: 'ports', type: 'RANGES', ranges: portRanges(ports), role: '*' }] : []),
  ];
}
