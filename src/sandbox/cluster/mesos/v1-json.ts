import { allTasks, BUILD, isLive } from './json.js';
import type { Masters } from './masters.js';
import type { Agent, Framework, Mesos } from './mesos.js';
import { portRanges, type MesosTask, type Resources } from './task.js';

/** The whole state as the operator API tells it, ids as `{"value": …}`. */
export function stateV1({ mesos, masters }: { mesos: Mesos; masters: Masters }): Record<string, unknown> {
  return {
    get_tasks: tasksV1(mesos),
    get_executors: {},
    get_frameworks: { frameworks: mesos.frameworks.map(frameworkV1) },
    get_agents: { agents: masters.registered().map(agentV1) },
  };
}

export function tasksV1(mesos: Mesos): Record<string, unknown> {
  const all = allTasks(mesos);
  return {
    tasks: all.filter((task) => isLive(task) && task.state !== 'TASK_UNREACHABLE').map(taskV1),
    unreachable_tasks: all.filter(({ state }) => state === 'TASK_UNREACHABLE').map(taskV1),
    completed_tasks: all.filter((task) => !isLive(task)).map(taskV1),
  };
}

export function taskV1({ id, name, frameworkId, agentId, state, resources }: MesosTask): Record<string, unknown> {
  return {
    name,
    task_id: { value: id },
    framework_id: { value: frameworkId },
    agent_id: { value: agentId },
    state,
    resources: resourcesV1(resources),
  };
}

export function agentV1(agent: Agent): Record<string, unknown> {
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

export function frameworkV1({ id, name, active, principal }: Framework): Record<string, unknown> {
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

export function flagsV1(flags: Record<string, string>): Record<string, unknown> {
  return { flags: Object.entries(flags).map(([name, value]) => ({ name, value })) };
}
