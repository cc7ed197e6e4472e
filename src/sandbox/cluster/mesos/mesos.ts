import type { Ids } from '../ids.js';
import type { Delays, Timers } from '../timing.js';
import { addResources, appendLog, hasEnded, NO_RESOURCES, round, sumResources } from './task.js';
import type { MesosTask, Resources, TaskSpec, TaskState } from './task.js';

export type AgentSpec = {
  name: string;
  address: string;
  cpus: number;
  mem: number;
  disk: number;
  attributes?: Record<string, string>;
  /** What it holds back for roles; no framework here has one, so that nobody gets it. */
  reserved?: Record<string, { cpus?: number; mem?: number; disk?: number }>;
};

export type Agent = Omit<AgentSpec, 'attributes'> & {
  id: string;
  /** Where its API listens. */
  port: number;
  /** `lost` after the master gave it up; `disconnected` while it still waits for it. */
  state: 'active' | 'disconnected' | 'lost' | 'down';
  /** Its process runs. */
  running: boolean;
  registeredMs: number;
  reregisteredMs: number | undefined;
  startedMs: number;
  attributes: Record<string, string>;
  /** Newest last. */
  ended: MesosTask[];
};

export type Framework = {
  id: string;
  name: string;
  hostname: string;
  webuiUrl: string;
  principal: string;
  active: boolean;
  registeredMs: number;
  reregisteredMs: number | undefined;
  tasks: Map<string, MesosTask>;
  /** At most 1000, newest last. */
  completed: MesosTask[];
};

/** What one agent has left to offer; the framework decides whether it fits. */
export type Offer = {
  agent: Agent;
  cpus: number;
  mem: number;
  disk: number;
  gpus: number;
  /** Its maintenance has begun. */
  inMaintenance: boolean;
  takenPorts: ReadonlySet<number>;
};

export type Update = { task: MesosTask; framework: Framework; previous: TaskState };

/** What a role is promised. */
export type Quota = { role: string; guarantee: unknown[] };

export type Mesos = ReturnType<typeof createMesos>;

const MAX_COMPLETED = 1000;
export const PORT_RANGE = { from: 31_000, to: 32_000 };

/** The cluster as its masters know it: agents, frameworks and tasks. Whether a master answers is not its business. */
export function createMesos({ timers, ids, delays }: { timers: Timers; ids: Ids; delays: Delays }) {
  const clusterId = ids.uuid();
  const agents: Agent[] = [];
  const frameworks: Framework[] = [];
  const listeners: ((update: Update) => void)[] = [];
  const launchListeners: ((task: MesosTask) => void)[] = [];
  const agentListeners: ((agent: Agent, there: boolean) => void)[] = [];
  const quota = new Map<string, Quota>();
  const counters: Record<string, number> = {};
  let electable = true;
  let isOut: (agent: Agent) => boolean = () => false;

  function addAgent(spec: AgentSpec, port: number): Agent {
    const nowMs = timers.nowMs();
    const agent: Agent = {
      ...spec,
      id: `${clusterId}-S${agents.length}`,
      port,
      state: 'active',
      running: true,
      registeredMs: nowMs,
      reregisteredMs: undefined,
      startedMs: nowMs,
      attributes: spec.attributes ?? {},
      ended: [],
    };
    agents.push(agent);
    count('slave_registrations');
    return agent;
  }

  function register(name: string, { hostname, webuiUrl }: { hostname: string; webuiUrl: string }): Framework {
    const framework: Framework = {
      id: `${clusterId}-${String(frameworks.length).padStart(4, '0')}`,
      name,
      hostname,
      webuiUrl,
      principal: name.split('-')[0] ?? name,
      active: true,
      registeredMs: timers.nowMs(),
      reregisteredMs: undefined,
      tasks: new Map(),
      completed: [],
    };
    frameworks.push(framework);
    return framework;
  }

  function tasksOn(agent: Agent): MesosTask[] {
    return frameworks.flatMap(({ tasks }) => [...tasks.values()].filter(({ agentId }) => agentId === agent.id));
  }

  function used(agent: Agent): Resources {
    return sumResources(tasksOn(agent).filter(({ state }) => !hasEnded(state)));
  }

  /** One offer per agent, the least loaded first; none without a leading master. */
  function offers(): Offer[] {
    if (!electable) return [];
    return agents
      .filter(({ state }) => state === 'active')
      .map(offer)
      .sort((a, b) => a.takenPorts.size - b.takenPorts.size || b.cpus / b.agent.cpus - a.cpus / a.agent.cpus);
  }

  function offer(agent: Agent): Offer {
    const taken = used(agent);
    const kept = reservedOn(agent);
    return {
      agent,
      cpus: round(agent.cpus - kept.cpus - taken.cpus),
      mem: round(agent.mem - kept.mem - taken.mem),
      disk: round(agent.disk - kept.disk - taken.disk),
      gpus: 0,
      inMaintenance: isOut(agent),
      takenPorts: new Set(taken.ports),
    };
  }

  /** Starts a task; it runs after the staging delay unless something ends it before. */
  function launch(framework: Framework, agent: Agent, spec: TaskSpec, { atOnce = false } = {}): MesosTask {
    const task: MesosTask = {
      ...spec,
      frameworkId: framework.id,
      agentId: agent.id,
      containerId: ids.uuid(),
      state: 'TASK_STAGING',
      statuses: [],
      message: '',
      files: new Map(),
    };
    framework.tasks.set(task.id, task);
    count('messages_launch_tasks');
    for (const listener of launchListeners) listener(task);
    for (const file of ['stdout', 'stderr']) appendLog(task, file, [], timers.nowMs());
    appendLog(task, 'stderr', executorLines(agent, task, timers.now()), timers.nowMs());
    if (atOnce) started(task);
    else timers.after(delays.stagingMs, () => task.state === 'TASK_STAGING' && isReachable(task) && started(task));
    return task;
  }

  function started(task: MesosTask): void {
    appendLog(
      task,
      'stdout',
      [`Starting task ${task.id}`, `sh -c '${task.command}'`, 'Forked command at 4711'],
      timers.nowMs(),
    );
    update(task, 'TASK_RUNNING');
  }

  function isReachable(task: MesosTask): boolean {
    return agentOf(task)?.state !== 'lost';
  }

  function agentOf({ agentId }: { agentId: string }): Agent | undefined {
    return agents.find(({ id }) => id === agentId);
  }

  /** A task's new state; ended tasks give their resources back. Later updates of an ended task are ignored. */
  function update(
    task: MesosTask,
    state: TaskState,
    { message = '', healthy }: { message?: string; healthy?: boolean } = {},
  ): void {
    const framework = frameworks.find(({ id }) => id === task.frameworkId);
    if (!framework || hasEnded(task.state)) return;
    const previous = task.state;
    task.state = state;
    task.message = message;
    task.statuses.push({ state, atMs: timers.nowMs(), ...(healthy === undefined ? {} : { healthy }) });
    if (task.statuses.length > 20) task.statuses.shift();
    if (hasEnded(state)) finish(framework, task);
    for (const listener of listeners) listener({ task, framework, previous });
  }

  function finish(framework: Framework, task: MesosTask): void {
    framework.tasks.delete(task.id);
    framework.completed.push(task);
    if (framework.completed.length > MAX_COMPLETED) framework.completed.shift();
    const agent = agentOf(task);
    agent?.ended.push(task);
    if (agent && agent.ended.length > 200) agent.ended.shift();
    count(task.state.toLowerCase().replace('task_', 'tasks_'));
  }

  /** Asks the agent to kill it: TASK_KILLED after the kill delay; an unreachable agent does not hear of it. */
  function kill(task: MesosTask): void {
    count('messages_kill_task');
    if (task.state === 'TASK_KILLING' || hasEnded(task.state) || agentOf(task)?.state !== 'active') return;
    update(task, 'TASK_KILLING');
    timers.after(delays.killMs, () => {
      if (task.state !== 'TASK_KILLING') return;
      appendLog(task, 'stdout', ['Shutting down', 'Sending SIGTERM to process tree at pid 4711'], timers.nowMs());
      update(task, 'TASK_KILLED', { message: 'Command terminated with signal Terminated' });
    });
  }

  function count(name: string): void {
    counters[name] = (counters[name] ?? 0) + 1;
  }

  return {
    clusterId,
    agents,
    frameworks,
    counters,
    count,
    addAgent,
    register,
    tasksOn,
    used,
    offers,
    launch,
    update,
    kill,
    agentOf,
    quota,
    onLaunch: (listener: (task: MesosTask) => void) => void launchListeners.push(listener),
    /** Whether the agent came or was given up. */
    onAgent: (listener: (agent: Agent, there: boolean) => void) => void agentListeners.push(listener),
    tellOfAgent(agent: Agent, there: boolean) {
      for (const listener of agentListeners) listener(agent, there);
    },
    onUpdate: (listener: (update: Update) => void) => void listeners.push(listener),
    /** Whose maintenance has begun, which its offers tell. */
    tellOfOutages(of: (agent: Agent) => boolean) {
      isOut = of;
    },
    /** Without a leading master there are no offers. */
    setLeading(leading: boolean) {
      electable = leading;
    },
  };
}

function executorLines(agent: Agent, task: MesosTask, now: Date): string[] {
  const docker = task.container?.docker
    ? [`${glog(now)} docker.cpp:1000] Running docker container for task ${task.id}`]
    : [];
  return [
    `${glog(now)} exec.cpp:162] Version: 1.3.1`,
    `${glog(now)} exec.cpp:237] Executor registered on agent ${agent.id}`,
    ...docker,
  ];
}

/** The head of a line in Mesos's own logs: `I0904 14:55:47.103000  8120`. */
export function glog(now: Date): string {
  const iso = now.toISOString();
  return `I${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000  8120`;
}

/** All that an agent holds back for roles. */
export function reservedOn({ reserved = {} }: AgentSpec): Resources {
  return Object.values(reserved).reduce<Resources>(
    (sum, { cpus = 0, mem = 0, disk = 0 }) => addResources(sum, { ...NO_RESOURCES, cpus, mem, disk }),
    NO_RESOURCES,
  );
}

/** All resources of the given agents. */
export function totalResources(agents: Agent[]): Resources {
  return agents.reduce(
    (sum, agent) => addResources(sum, { ...NO_RESOURCES, cpus: agent.cpus, mem: agent.mem, disk: agent.disk }),
    NO_RESOURCES,
  );
}
