import type { Delays, Timers } from '../timing.js';
import { agentPid } from './json.js';
import type { Agent, Mesos } from './mesos.js';
import { hasEnded } from './task.js';

export type Master = {
  name: string;
  address: string;
  port: number;
  id: string;
  running: boolean;
  startedMs: number;
  /** Of its node in ZooKeeper: of those that run the lowest leads. */
  sequence: number;
};

export type Masters = ReturnType<typeof createMasters>;

export type MastersDeps = {
  mesos: Mesos;
  masters: Master[];
  timers: Timers;
  delays: Delays;
  onLeader: (leader: Master | undefined) => void;
};

/** Which master leads, who hears of agents that go away, and how the leader is chosen anew. */
export function createMasters({ mesos, masters, timers, delays, onLeader }: MastersDeps) {
  let leader: Master | undefined = masters[0];
  let electedMs = timers.nowMs();
  let nextSequence = masters.length;
  let quorum = true;
  let recovering = false;
  let cancelElection: (() => void) | undefined;

  function setLeader(next: Master | undefined): void {
    leader = next;
    electedMs = timers.nowMs();
    mesos.setLeading(next !== undefined);
    if (next) {
      for (const name of Object.keys(mesos.counters)) delete mesos.counters[name];
      for (const framework of mesos.frameworks) framework.reregisteredMs = timers.nowMs();
    }
    recovering = next !== undefined;
    if (next) timers.after(delays.recoveryMs, () => (recovering = false));
    onLeader(next);
  }

  /** Its node is gone, and it makes another one: it stands at the end of the line. */
  function rejoin(master: Master): void {
    master.sequence = nextSequence;
    nextSequence += 1;
  }

  /** No leader for a while, then the one that has waited longest, if ZooKeeper and enough masters are there. */
  function elect(gone: Master | undefined = leader): void {
    if (gone) rejoin(gone);
    setLeader(undefined);
    cancelElection?.();
    cancelElection = timers.after(delays.electionMs, () => {
      cancelElection = undefined;
      const running = masters.filter((master) => master.running).sort((a, b) => a.sequence - b.sequence);
      if (quorum && running.length * 2 > masters.length) setLeader(running[0]);
    });
  }

  function setRunning(master: Master, running: boolean): void {
    if (master.running === running) return;
    master.running = running;
    if (running) master.startedMs = timers.nowMs();
    if (running) rejoin(master);
    const alive = masters.filter((one) => one.running).length;
    if (!running && (leader === master || alive * 2 <= masters.length)) elect(master);
    // Who comes while others elect stands at the end of the line.
    if (running && !leader && !cancelElection) elect(undefined);
  }

  function setQuorum(value: boolean): void {
    if (quorum === value) return;
    quorum = value;
    if (value) elect(undefined);
    else {
      cancelElection?.();
      cancelElection = undefined;
      setLeader(undefined);
    }
  }

  /** The agent's connection broke: first inactive, then unreachable unless it comes back before. */
  function agentGone(agent: Agent): void {
    if (agent.state !== 'active') return;
    agent.state = 'disconnected';
    mesos.count('slave_unreachable_scheduled');
    timers.after(delays.agentTimeoutMs, () => {
      if (agent.state !== 'disconnected') return;
      agent.state = 'lost';
      mesos.tellOfAgent(agent, false);
      mesos.count('slave_unreachable_completed');
      mesos.count('slave_removals');
      for (const task of mesos.tasksOn(agent))
        mesos.update(task, 'TASK_UNREACHABLE', { message: `Agent ${agentPid(agent)} is unreachable` });
    });
  }

  /** It registers again with the id it had; its tasks have been running all the time. */
  function agentBack(agent: Agent): void {
    if (agent.state === 'active') return;
    agent.state = 'active';
    agent.reregisteredMs = timers.nowMs();
    mesos.count('slave_reregistrations');
    mesos.tellOfAgent(agent, true);
    for (const task of mesos.tasksOn(agent)) {
      if (task.state === 'TASK_UNREACHABLE' || task.state === 'TASK_STAGING') mesos.update(task, 'TASK_RUNNING');
    }
  }

  /** Kills everything on the agent at once, as `machine/down` does. */
  function machineDown(agent: Agent): void {
    for (const task of mesos.tasksOn(agent)) {
      if (!hasEnded(task.state)) mesos.update(task, 'TASK_LOST', { message: 'Agent shut down for maintenance' });
    }
    agent.state = 'down';
    mesos.tellOfAgent(agent, false);
  }

  /** Its agent may register again, if there is one. */
  function machineUp(agent: Agent): void {
    if (agent.running) agentBack(agent);
    else agent.state = 'lost';
  }

  return {
    all: masters,
    leader: () => leader,
    electedMs: () => electedMs,
    /** A new leader reads its registry first. */
    isRecovering: () => recovering,
    elect,
    setRunning,
    setQuorum,
    agentGone,
    agentBack,
    machineDown,
    machineUp,
    /** Agents as the leader lists them. */
    registered: () => mesos.agents.filter(({ state }) => state === 'active' || state === 'disconnected'),
  };
}
