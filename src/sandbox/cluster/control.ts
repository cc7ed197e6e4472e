import type { Chronos } from './chronos/chronos.js';
import type { ChronosVersion } from './chronos/job.js';
import { StarsError } from '../../errors.js';
import type { Fault } from './fault.js';
import type { Breakable, HttpService } from './http.js';
import { isRunning } from './marathon/instance.js';
import type { Instances } from './marathon/instances.js';
import type { Marathon } from './marathon/marathon.js';
import type { MarathonVersion } from './marathon/newer-form.js';
import type { createMesosDns } from './mesos-dns.js';
import type { Master, Masters } from './mesos/masters.js';
import type { Agent, Mesos } from './mesos/mesos.js';
import { appendLog } from './mesos/task.js';
import type { Timers } from './timing.js';
import type { Ensemble } from './zookeeper/ensemble.js';
import type { createNodes } from './zookeeper/nodes.js';
import type { ZooKeeperVersion } from './zookeeper/words.js';

export type ControlDeps = {
  timers: Timers;
  mesos: Mesos;
  masters: Masters;
  marathon: Marathon;
  instances: Instances;
  chronos: Chronos;
  ensemble: Ensemble;
  znodes: ReturnType<typeof createNodes>;
  dns: ReturnType<typeof createMesosDns>;
  services: Record<string, Breakable>;
  masterServices: HttpService[];
  agentServices: HttpService[];
};

export type ClusterControl = ReturnType<typeof createControl>;

/** The hand that breaks things and mends them, for tests and for practice. */
export function createControl(deps: ControlDeps) {
  const {
    timers,
    mesos,
    masters,
    marathon,
    instances,
    chronos,
    ensemble,
    znodes,
    dns,
    services,
    masterServices,
    agentServices,
  } = deps;
  const seenApps = new Set<string>();

  function serviceNamed(name: string): Breakable {
    const service =
      services[name] ??
      masterServices[masters.all.findIndex((one) => one.name === name)] ??
      agentServices[mesos.agents.findIndex((one) => one.name === name)];
    if (!service)
      throw unknown('service', name, [
        ...Object.keys(services),
        ...masters.all.map((one) => one.name),
        ...mesos.agents.map((one) => one.name),
      ]);
    return service;
  }

  function agentNamed(name: string): Agent {
    const agent = mesos.agents.find((one) => one.name === name);
    if (!agent)
      throw unknown(
        'agent',
        name,
        mesos.agents.map((one) => one.name),
      );
    return agent;
  }

  function behaviour(appId: string) {
    return marathon.launcher.runtime(appId).behaviour;
  }

  /** Every task of the app ends soon after it started, the running ones now; `false` mends it. */
  function crashLoop(appId: string, on = true): void {
    behaviour(appId).crash = on;
    if (!on) return;
    const tasks = [...marathon.launcher.runtime(appId).instances.values()].map(({ task }) => task);
    for (const task of tasks) marathon.launcher.crash(task);
  }

  /** Instances that start from now on crash; those that run go on. */
  function breakNewInstances(appId: string): void {
    behaviour(appId).crash = true;
  }

  function setHealth(appId: string, well: boolean): void {
    behaviour(appId).well = well;
    marathon.launcher.recheck(appId);
  }

  /** No offer fits the app any more; `false` lets offers through again. */
  function hangDeployments(appId: string, on = true): void {
    behaviour(appId).noOffers = on;
    if (!on) marathon.launcher.settle(appId);
  }

  /** Nobody leads for a while, then another one. */
  function changeLeader(of: 'mesos' | 'marathon' = 'mesos'): void {
    if (of === 'marathon') instances.elect();
    else masters.elect();
  }

  function mesosLeaderChanged(leader: Master | undefined): void {
    marathon.launcher.setConnected(leader !== undefined);
    chronos.setScheduling(leader !== undefined);
    if (leader) {
      const event = { frameworkId: marathon.framework.id, master: `127.0.0.1:${leader.port}` };
      marathon.events.emit('scheduler_reregistered_event', event);
    } else marathon.events.emit('scheduler_disconnected_event', {});
  }

  function quorumChanged(quorum: boolean): void {
    masters.setQuorum(quorum);
    instances.elect();
  }

  async function loseAgent(name: string): Promise<void> {
    const agent = agentNamed(name);
    agent.running = false;
    masters.agentGone(agent);
    await serviceNamed(name).stop();
  }

  async function returnAgent(name: string): Promise<void> {
    const agent = agentNamed(name);
    agent.running = true;
    await serviceNamed(name).start();
    // The agent of a machine that is down is refused.
    if (agent.state !== 'down') masters.agentBack(agent);
  }

  async function setMaster(name: string, running: boolean): Promise<void> {
    const index = masters.all.findIndex((one) => one.name === name);
    const master = masters.all[index];
    if (!master) return;
    masters.setRunning(master, running);
    await (running ? masterServices[index]?.start() : masterServices[index]?.stop());
  }

  async function setZookeeper(host: string, running: boolean): Promise<void> {
    const member = ensemble.members.find(({ name }) => name === host);
    await (running ? member?.start() : member?.stop());
  }

  /** Docker containers on the host die with its Docker. */
  function dockerStopped(host: string): void {
    const agent = mesos.agents.find(({ name }) => name === host);
    for (const task of agent ? mesos.tasksOn(agent) : []) {
      if (task.container?.docker) mesos.update(task, 'TASK_FAILED', { message: 'Container exited with status 137' });
    }
  }

  /** A unit on a simulated host went up or down. */
  async function serviceOn(host: string, unit: string, active: boolean): Promise<void> {
    const name = unit.replace(/\.service$/, '');
    const isAgent = mesos.agents.some((one) => one.name === host);
    if ((name === 'mesos-slave' || name === 'mesos-agent') && isAgent)
      await (active ? returnAgent(host) : loseAgent(host));
    if (name === 'mesos-master') await setMaster(host, active);
    if (name === 'zookeeper') await setZookeeper(host, active);
    if (name === 'marathon') await instances.setRunning(host, active);
    if (name === 'mesos-dns') await (active ? services['mesos-dns']?.start() : services['mesos-dns']?.stop());
    if (name === 'docker' && !active) dockerStopped(host);
  }

  /** Whether something that runs as an app has a running task; what never was an app runs elsewhere. */
  function appIsUp(name: string): boolean {
    const id = [...marathon.root().apps.keys()].find((one) => one.split('/').at(-1) === name);
    if (id) seenApps.add(name);
    if (!id) return !seenApps.has(name);
    const runtime = marathon.launcher.runtimes.get(id);
    return runtime?.behaviour.well === true && [...runtime.instances.values()].some(isRunning);
  }

  return {
    crashLoop,
    breakNewInstances,
    setHealth,
    hangDeployments,
    /** Holds the app by a deployment that does nothing; its id. */
    lockApp: (appId: string, deploymentId?: string) => marathon.lock(appId, deploymentId),
    /** Adds lines to a file in the sandboxes of the app's tasks. */
    writeLog(appId: string, file: 'stdout' | 'stderr', lines: string[]) {
      for (const { task } of marathon.launcher.runtime(appId).instances.values())
        appendLog(task, file, lines, timers.nowMs());
    },
    /** Ends every deployment that touches the app, where it stands. */
    unlockApp(appId: string) {
      for (const deployment of marathon.deployments.touching([appId])) marathon.deployments.cancel(deployment);
    },
    fault: (service: string, fault: Fault) => serviceNamed(service).fault({ ...fault }),
    requireLogin: (service: string, login: { username: string; password: string } | undefined) =>
      serviceNamed(service).requireLogin(login),
    clearFaults: (service: string) => serviceNamed(service).clearFaults(),
    /** Ends what is being read of the service, events too; it goes on listening. */
    dropConnections: (service: string) => serviceNamed(service).dropConnections(),
    stopService: (name: string) => serviceNamed(name).stop(),
    startService: (name: string) => serviceNamed(name).start(),
    changeLeader,
    loseAgent,
    returnAgent,
    loseQuorum: () => ensemble.setQuorumLost(true),
    returnQuorum: () => ensemble.setQuorumLost(false),
    setMarathonVersion: (version: MarathonVersion) => marathon.setVersion(version),
    setChronosVersion: (version: ChronosVersion) => chronos.setVersion(version),
    /** Lets every run of the job fail; `false` mends it. */
    failJob(name: string, on = true) {
      if (on) chronos.failing.add(name);
      else chronos.failing.delete(name);
    },
    /** Switches jobs off that fail so often in a row; 0 = none. */
    disableAfterFailures: (inARow: number) => chronos.disableAfterFailures(inARow),
    /** Chronos reads its graph anew, as after a restart. */
    reloadChronos: () => chronos.setScheduling(true),
    setZooKeeperVersion: (version: ZooKeeperVersion) => ensemble.setVersion(version),
    /** Adds a node to ZooKeeper's tree; undefined takes it away. */
    setNode: (path: string, data: string | undefined) => znodes.set(path, data),
    zookeeperWhitelist: (words: string[] | undefined) => ensemble.setWhitelist(words),
    refreshDns: () => dns.refresh(),
    dnsEnumeration: (on: boolean) => dns.setEnumeration(on),
    serviceOn,
    appIsUp,
    mesosLeaderChanged,
    quorumChanged,
    /** Newest events of Marathon, oldest first. */
    events: () => [...marathon.events.recent],
  };
}

function unknown(what: string, name: string, known: string[]): StarsError {
  return new StarsError('USAGE', `The simulated cluster has no ${what} ${name}.`, {
    hint: `It has: ${known.join(', ')}.`,
  });
}
