import type { Agent, Mesos } from './mesos.js';
import { totalResources } from './mesos.js';
import type { Master, Masters } from './masters.js';
import type { Timers } from '../timing.js';
import { isLive } from './json.js';
import { addResources, NO_RESOURCES, round, type Resources, type TaskState } from './task.js';

const COUNTERS = `
  tasks_failed tasks_lost tasks_killed tasks_finished tasks_error tasks_dropped tasks_gone dropped_messages
  slave_registrations slave_reregistrations slave_removals slave_removals/reason_registered
  slave_removals/reason_unhealthy slave_removals/reason_unregistered slave_shutdowns_canceled
  slave_shutdowns_completed slave_shutdowns_scheduled slave_unreachable_canceled slave_unreachable_completed
  slave_unreachable_scheduled recovery_slave_removals messages_kill_task messages_launch_tasks
  messages_status_update messages_register_framework messages_reregister_framework messages_register_slave
  messages_reregister_slave messages_decline_offers messages_revive_offers invalid_status_updates
  valid_status_updates invalid_executor_to_framework_messages invalid_framework_to_executor_messages
  invalid_status_update_acknowledgements messages_authenticate messages_deactivate_framework
  messages_executor_to_framework messages_exited_executor messages_framework_to_executor messages_reconcile_tasks
  messages_status_update_acknowledgement messages_suppress_offers messages_unregister_framework
  messages_unregister_slave messages_update_slave messages_resource_request valid_executor_to_framework_messages
  valid_framework_to_executor_messages valid_status_update_acknowledgements
`
  .trim()
  .split(/\s+/);

const STORE_TIMES: [string, number][] = [
  ['min', 3.8],
  ['p50', 5.1],
  ['p90', 23.4],
  ['p95', 32.3],
  ['p99', 39.4],
  ['p999', 41],
  ['p9999', 41.2],
  ['max', 41.2],
];

const SYSTEM = {
  'system/cpus_total': 4,
  'system/load_15min': 0.21,
  'system/load_1min': 0.17,
  'system/load_5min': 0.19,
  'system/mem_free_bytes': 5242343424,
  'system/mem_total_bytes': 8239603712,
};

/** `/metrics/snapshot` of a master: one that does not lead knows no agents and no tasks. */
export function masterMetrics({
  mesos,
  masters,
  self,
  timers,
}: {
  mesos: Mesos;
  masters: Masters;
  self: Master;
  timers: Timers;
}): Record<string, number> {
  const leads = masters.leader() === self;
  const agents = leads ? masters.registered() : [];
  const active = agents.filter(({ state }) => state === 'active');
  const frameworks = leads ? mesos.frameworks : [];
  const tasks = frameworks.flatMap((framework) => [...framework.tasks.values()]);
  const inState = (state: TaskState) => tasks.filter((task) => task.state === state).length;
  const usage = usageMetrics('master', totalResources(active), sumUsed(mesos, active));
  return {
    ...Object.fromEntries(COUNTERS.map((name) => [`master/${name}`, leads ? (mesos.counters[name] ?? 0) : 0])),
    ...usage,
    'master/elected': leads ? 1 : 0,
    'master/uptime_secs': (timers.nowMs() - self.startedMs) / 1000 + 0.137,
    'master/slaves_active': active.length,
    'master/slaves_inactive': agents.length - active.length,
    'master/slaves_connected': active.length,
    'master/slaves_disconnected': agents.length - active.length,
    'master/slaves_unreachable': leads ? mesos.agents.filter(({ state }) => state === 'lost').length : 0,
    'master/frameworks_active': frameworks.filter((one) => one.active).length,
    'master/frameworks_inactive': frameworks.filter((one) => !one.active).length,
    'master/frameworks_connected': frameworks.filter((one) => one.active).length,
    'master/frameworks_disconnected': frameworks.filter((one) => !one.active).length,
    'master/tasks_running': inState('TASK_RUNNING'),
    'master/tasks_staging': inState('TASK_STAGING'),
    'master/tasks_starting': inState('TASK_STARTING'),
    'master/tasks_killing': inState('TASK_KILLING'),
    'master/tasks_unreachable': inState('TASK_UNREACHABLE'),
    'master/outstanding_offers': 0,
    'master/event_queue_dispatches': 0,
    'master/event_queue_messages': 0,
    'master/event_queue_http_requests': 0,
    'registrar/log/ensemble_size': masters.all.length,
    'registrar/log/recovered': leads ? 1 : 0,
    'registrar/queued_operations': 0,
    'registrar/registry_size_bytes': 300 + 150 * agents.length,
    'registrar/state_fetch_ms': 8.3,
    'registrar/state_store_ms': 5.1,
    'registrar/state_store_ms/count': 6,
    ...Object.fromEntries(STORE_TIMES.map(([name, ms]) => [`registrar/state_store_ms/${name}`, ms])),
    ...SYSTEM,
  };
}

function sumUsed(mesos: Mesos, agents: Agent[]): Resources {
  return agents.reduce((sum, agent) => addResources(sum, mesos.used(agent)), NO_RESOURCES);
}

function usageMetrics(prefix: string, total: Resources, used: Resources): Record<string, number> {
  return Object.fromEntries(
    (['cpus', 'mem', 'disk', 'gpus'] as const).flatMap((name) => [
      [`${prefix}/${name}_total`, total[name]],
      [`${prefix}/${name}_used`, used[name]],
      [`${prefix}/${name}_percent`, total[name] === 0 ? 0 : round(used[name] / total[name])],
      [`${prefix}/${name}_revocable_total`, 0],
      [`${prefix}/${name}_revocable_used`, 0],
      [`${prefix}/${name}_revocable_percent`, 0],
    ]),
  );
}

/** `/metrics/snapshot` of an agent. */
export function agentMetrics(mesos: Mesos, agent: Agent, timers: Timers): Record<string, number> {
  const live = mesos.tasksOn(agent).filter(isLive);
  const endedAs = (state: TaskState) => agent.ended.filter((task) => task.state === state).length;
  const inState = (state: TaskState) => live.filter((task) => task.state === state).length;
  return {
    ...usageMetrics('slave', totalResources([agent]), mesos.used(agent)),
    'slave/executors_registering': 0,
    'slave/executors_running': live.length,
    'slave/executors_terminated': agent.ended.length,
    'slave/executors_terminating': 0,
    'slave/frameworks_active': new Set(live.map(({ frameworkId }) => frameworkId)).size,
    'slave/registered': agent.state === 'active' ? 1 : 0,
    'slave/recovery_errors': 0,
    'slave/container_launch_errors': 0,
    'slave/executor_directory_max_allowed_age_secs': 604_800,
    'slave/executors_preempted': 0,
    'slave/invalid_framework_messages': 0,
    'slave/invalid_status_updates': 0,
    'slave/valid_framework_messages': 0,
    'slave/valid_status_updates': live.length * 2 + agent.ended.length * 3,
    'slave/tasks_failed': endedAs('TASK_FAILED'),
    'slave/tasks_finished': endedAs('TASK_FINISHED'),
    'slave/tasks_killed': endedAs('TASK_KILLED'),
    'slave/tasks_lost': endedAs('TASK_LOST'),
    'slave/tasks_gone': 0,
    'slave/tasks_killing': inState('TASK_KILLING'),
    'slave/tasks_running': inState('TASK_RUNNING'),
    'slave/tasks_staging': inState('TASK_STAGING'),
    'slave/tasks_starting': inState('TASK_STARTING'),
    'slave/uptime_secs': (timers.nowMs() - agent.startedMs) / 1000 + 0.784,
    ...SYSTEM,
  };
}
