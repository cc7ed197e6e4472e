import type { CommandContext } from '../../src/bot/command.js';
import type { Agent, Machine } from '../../src/cluster/mesos/schema.js';
import { StarsError } from '../../src/errors.js';
import { agentsByHost, isMachineOf } from './agent-of.js';
import { bringBack, hasRoom, planOutage, takeDown, waitForAgent } from './agents-out.js';
import type { Roll, RollOptions, UnderWay } from './roll-options.js';
import { describeTasks, tasksOn } from './tasks-on.js';
import type { Tier } from './visits.js';
import { requireRunning, serviceTask, workOn } from './work.js';

/** What is done on one worker: the units of its agent and its Docker, and the agent as Mesos knows it. */
export type Worker = {
  host: string;
  agentUnit: string | undefined;
  dockerUnit: string | undefined;
  agent: Agent | undefined;
  /** Somebody has taken it out of Mesos before. */
  out: 'draining' | 'down' | undefined;
};

/** Takes agents out of Mesos before anything of theirs is touched, and goes on only when they are back. */
export async function visitWorkers(
  tiers: readonly Tier[],
  underWay: UnderWay,
  context: CommandContext<unknown>,
): Promise<void> {
  const { roll, done } = underWay;
  const workers = await workersOf(tiers, underWay, context);
  for (const batch of inBatches(workers, roll.options.serial)) {
    const title = `${roll.verb.charAt(0).toUpperCase()}${roll.verb.slice(1)} ${unitsOf(batch).join(' and ')} on ${batch.map(({ host }) => host).join(', ')}`;
    await context.step(
      title,
      () => VISITS[roll.verb](batch, { roll, workers }, context),
      (words) => words,
    );
    for (const { host, agentUnit, dockerUnit } of batch)
      done.push(...[dockerUnit, agentUnit].flatMap((unit) => (unit === undefined ? [] : [`${unit} on ${host}`])));
  }
}

async function workersOf(
  tiers: readonly Tier[],
  { roll, found }: UnderWay,
  context: CommandContext<unknown>,
): Promise<Worker[]> {
  const visits = tiers.flatMap((tier) => tier.visits);
  const hosts = found.map(({ host }) => host).filter((host) => visits.some((visit) => visit.host === host));
  const [agents, out] = await Promise.all([agentsOf(hosts, context), outBefore(hosts, context)]);
  return hosts.map((host) => {
    const unitOf = (service: string) =>
      visits.find((visit) => visit.host === host && visit.service.name === service)?.unit;
    const docker = unitOf('docker');
    const runs = found
      .find((one) => one.host === host)
      ?.state.units.find(({ name, state }) => AGENTS.has(name) && state === 'running');
    // Without its Docker an agent would take tasks that it cannot start.
    const along = docker !== undefined && roll.verb !== 'start' ? runs?.name : undefined;
    if (along !== undefined && unitOf('mesos-agent') === undefined)
      context.note(`${along} on ${host} goes along with Docker, without which it cannot work.`);
    const agentUnit = unitOf('mesos-agent') ?? along;
    return { host, agentUnit, dockerUnit: docker, agent: agents.get(host), out: out.get(host) };
  });
}

async function outBefore(
  hosts: readonly string[],
  { cluster, environment, signal }: CommandContext<unknown>,
): Promise<Map<string, 'draining' | 'down'>> {
  if (!cluster.has('mesos')) return new Map();
  const [status, inventory] = await Promise.all([
    cluster.mesos.maintenance.status({ signal }),
    environment.inventory(),
  ]);
  const named = (['draining', 'down'] as const).flatMap((state) =>
    hosts
      .filter((host) => status[state].some((machine) => isMachineOf(host, machine, inventory)))
      .map((host) => [host, state] as const),
  );
  return new Map(named);
}

const AGENTS: ReadonlySet<string> = new Set(['mesos-slave', 'mesos-agent']);

async function agentsOf(
  hosts: readonly string[],
  { cluster, environment, signal, note }: CommandContext<unknown>,
): Promise<Map<string, Agent>> {
  if (cluster.has('mesos'))
    return agentsByHost(hosts, await cluster.mesos.agents({ signal }), await environment.inventory());
  note(
    'environment.yml does not say where Mesos is: agents cannot be drained, and nobody can tell whether they come back.',
  );
  return new Map();
}

type Setting = { roll: Roll; workers: readonly Worker[] };

type VisitBatch = (batch: readonly Worker[], setting: Setting, context: CommandContext<unknown>) => Promise<string>;

const VISITS: Record<Roll['verb'], VisitBatch> = {
  async restart(all, { roll: { options } }, context) {
    const batch = all.map((worker) => respected(worker, context));
    const leaving = batch.flatMap(({ agent }) => agent ?? []);
    const out = new Map<string, Machine>();
    try {
      await drain(batch, { options, leaving, out }, context);
      await stopAgents(batch, options, context);
      await onDocker('restart', batch, options, context);
      for (const [host, machine] of out) {
        await bringBack(machine, context);
        out.delete(host);
      }
      await startAgents(batch, options, context);
    } catch (error) {
      throw stillOut([...out.keys()], error, context);
    }
    return backWords(await awaitAgents(batch, options, context));
  },
  async stop(batch, { roll: { options }, workers }, context) {
    // What is stopped later is no place to move to.
    const leaving = workers.flatMap(({ agent }) => agent ?? []);
    const out = new Map<string, Machine>();
    try {
      if (batch.some(({ agentUnit }) => agentUnit !== undefined))
        await drain(batch, { options, leaving, out }, context);
      await stopAgents(batch, options, context);
      await onDocker('stop', batch, options, context);
    } catch (error) {
      throw stillOut([...out.keys()], error, context);
    }
    return 'stopped';
  },
  async start(batch, { roll: { options } }, context) {
    await onDocker('start', batch, options, context);
    // Whoever starts an agent wants it to work: one that is out would only be refused.
    for (const { host, agentUnit } of batch) if (agentUnit !== undefined) await letIn(host, context);
    await startAgents(batch, options, context);
    const agents = await awaitAgents(batch, options, context);
    return backWords(agents);
  },
};

/** What somebody has taken out of Mesos on purpose stays out. */
function respected(worker: Worker, { note, environment }: CommandContext<unknown>): Worker {
  const { host, out } = worker;
  if (out === undefined) return worker;
  if (out === 'draining') {
    note(
      `${host} stands in the maintenance schedule already, and stays there; its tasks are left to whoever put it there.`,
    );
    return { ...worker, agent: undefined };
  }
  note(
    `${host} is down for Mesos, and its agent is left as it is: “undrain ${host} ${environment.name}” lets it in again.`,
  );
  return { ...worker, agent: undefined, agentUnit: undefined };
}

type Draining = { options: RollOptions; leaving: readonly Agent[]; out: Map<string, Machine> };

/** Takes the agents out; their machines are put into `out` as soon as they are. */
async function drain(
  batch: readonly Worker[],
  { options, leaving, out }: Draining,
  context: CommandContext<unknown>,
): Promise<void> {
  for (const { host, agent, out: before } of batch) {
    if (!agent) {
      if (context.cluster.has('mesos') && before === undefined)
        context.note(`Mesos has no agent on ${host}, so there is nothing to drain.`);
      continue;
    }
    const tasks = await tasksOn(context.cluster, agent, context);
    const room = options.keepTasks || (await hasRoom(tasks, { agent, leaving, force: options.force }, context));
    const machine = await planOutage(agent, context);
    out.set(host, machine);
    const what = describeTasks(tasks);
    if (what !== '') context.note(`${whereTo(options, room)} ${host}: ${what}.`);
    if (!options.keepTasks) await takeDown({ agent, machine, timeoutMs: room ? options.waitMs : 0 }, context);
  }
}

function whereTo({ keepTasks }: RollOptions, room: boolean): string {
  if (keepTasks) return 'Stays on';
  return room ? 'Moves away from' : 'Ends on';
}

/** Says which hosts are still out of Mesos, and how they get back. */
function stillOut(hosts: readonly string[], thrown: unknown, { environment }: CommandContext<unknown>): unknown {
  if (!(thrown instanceof StarsError) || hosts.length === 0) return thrown;
  const undo = hosts.map((host) => `“undrain ${host} ${environment.name}”`).join(', ');
  const words = `${hosts.join(', ')} still out of Mesos: ${undo} lets work again.`;
  return thrown.with({ hint: thrown.hint === undefined ? words : `${thrown.hint} ${words}` });
}

async function stopAgents(
  batch: readonly Worker[],
  { waitMs }: RollOptions,
  context: CommandContext<unknown>,
): Promise<void> {
  await onUnits(
    'stop',
    batch.map(({ host, agentUnit }) => ({ host, unit: agentUnit })),
    waitMs,
    context,
  );
}

async function startAgents(
  batch: readonly Worker[],
  { waitMs }: RollOptions,
  context: CommandContext<unknown>,
): Promise<void> {
  await onUnits(
    'start',
    batch.map(({ host, agentUnit }) => ({ host, unit: agentUnit })),
    waitMs,
    context,
  );
}

/** Takes the host out of the maintenance schedule, where it may stand since it was stopped. */
async function letIn(host: string, context: CommandContext<unknown>): Promise<void> {
  const { cluster, environment, signal, note } = context;
  if (!cluster.has('mesos')) return;
  const inventory = await environment.inventory();
  const { draining, down } = await cluster.mesos.maintenance.status({ signal });
  const machines = [...draining, ...down].filter((machine) => isMachineOf(host, machine, inventory));
  for (const machine of machines)
    if (await bringBack(machine, context)) note(`${host} was out of Mesos for maintenance; it is let in again.`);
}

async function onDocker(
  verb: Roll['verb'],
  batch: readonly Worker[],
  { waitMs }: RollOptions,
  context: CommandContext<unknown>,
): Promise<void> {
  await onUnits(
    verb,
    batch.map(({ host, dockerUnit }) => ({ host, unit: dockerUnit })),
    waitMs,
    context,
  );
}

async function onUnits(
  verb: Roll['verb'],
  wanted: readonly { host: string; unit: string | undefined }[],
  waitMs: number,
  context: CommandContext<unknown>,
): Promise<void> {
  for (const unit of new Set(wanted.flatMap((one) => one.unit ?? []))) {
    const hosts = wanted.filter((one) => one.unit === unit).map(({ host }) => host);
    await workOn(context, { name: `${verb} ${unit}`, hosts, tasks: [serviceTask(verb, unit)], waitMs });
    if (verb !== 'stop') await requireRunning(context, { hosts, units: [unit] });
  }
}

async function awaitAgents(
  batch: readonly Worker[],
  { waitMs }: RollOptions,
  context: CommandContext<unknown>,
): Promise<Agent[]> {
  if (!context.cluster.has('mesos')) return [];
  const agents: Agent[] = [];
  for (const { host, agent, agentUnit } of batch)
    if (agentUnit !== undefined)
      agents.push(await waitForAgent(agent?.hostname ?? host, { timeoutMs: waitMs }, context));
  return agents;
}

function backWords(agents: readonly Agent[]): string {
  return agents.length === 0 ? 'it runs' : `${agents.map(({ hostname }) => hostname).join(', ')} back in Mesos`;
}

function unitsOf(batch: readonly Worker[]): string[] {
  return [
    ...new Set(batch.flatMap(({ dockerUnit, agentUnit }) => [dockerUnit, agentUnit].flatMap((unit) => unit ?? []))),
  ];
}

/** `2` or `25%` of them at a time; one by one when nothing is said. */
export function inBatches<T>(all: readonly T[], serial = '1'): T[][] {
  const number = Number(serial.replace('%', ''));
  const size = Math.max(1, serial.endsWith('%') ? Math.floor((all.length * number) / 100) : number);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
