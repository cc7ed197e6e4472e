import type { CommandContext } from '../../src/bot/command.js';
import type { Agent, Machine } from '../../src/cluster/mesos/schema.js';
import { isIn, machineOf, sameAs } from '../../src/cluster/mesos/maintenance.js';
import { readGround } from '../../src/cluster/pre-flight.js';
import { StarsError } from '../../src/errors.js';
import { withoutRoom } from './room-elsewhere.js';
import { type TasksOn, tasksOn } from './tasks-on.js';
import { waitUntil } from './wait-until.js';

export type Working = Pick<CommandContext<unknown>, 'cluster' | 'clock' | 'signal' | 'note' | 'environment'>;

/** Plans an outage from now on for the agent's machine, beside what others have planned. */
export async function planOutage(agent: Agent, { cluster, clock, signal }: Working): Promise<Machine> {
  const machine = machineOf(agent);
  if (!machine)
    throw new StarsError('API_ANSWER', `Mesos does not tell the address of the agent ${agent.hostname ?? agent.id}.`);
  await cluster.mesos.maintenance.plan({ machines: [machine], from: clock.now() }, { signal });
  return machine;
}

type Leaving = { agent: Agent; leaving: readonly Agent[]; force: boolean };

/** Whether what Marathon runs there has room on agents that stay. Throws UNHEALTHY when it has not, unless `force`. */
export async function hasRoom(
  { ofApps }: TasksOn,
  { agent, leaving, force }: Leaving,
  { cluster, signal, clock }: Working,
): Promise<boolean> {
  if (ofApps.length === 0) return true;
  const [{ rooms, tasks, withRole }, { draining, down }] = await Promise.all([
    readGround(cluster, { signal, now: clock.now() }),
    cluster.mesos.maintenance.status({ signal }),
  ]);
  // Who is to go next is no place to move to, whatever Marathon thinks of it.
  const out = new Set([...draining, ...down, ...leaving, agent].map(({ hostname }) => hostname));
  const staying = (id: string) =>
    tasks.flatMap(({ appId, host }) => (appId === id && host !== undefined && !out.has(host) ? [host] : []));
  const apps = ofApps.map(({ app }) => withRole(app));
  const homeless = withoutRoom(
    { apps, staying },
    rooms.filter(({ host }) => !out.has(host)),
  );
  if (homeless.length === 0 || force) return homeless.length === 0;
  const words = homeless.slice(0, 5).map(({ app, words }) => `${app.id} (${words})`);
  throw new StarsError(
    'UNHEALTHY',
    `What runs on ${agent.hostname} has no room on other agents: ${words.join(', ')}${homeless.length > 5 ? ' …' : ''}.`,
    {
      hint: 'Make room first: scale something down, or bring agents back. --force goes on, and it runs nowhere for a while.',
    },
  );
}

/** Has Mesos end everything on the machine and refuse its agent; then waits until Marathon runs the same elsewhere, unless `timeoutMs` is 0. */
export async function takeDown(
  { agent, machine, timeoutMs }: { agent: Agent; machine: Machine; timeoutMs: number },
  working: Working,
): Promise<TasksOn> {
  const { cluster, signal } = working;
  const tasks = await tasksOn(cluster, agent, { signal });
  const { down } = await cluster.mesos.maintenance.status({ signal });
  if (!down.some(sameAs(machine))) await cluster.mesos.maintenance.down([machine], { signal });
  if (timeoutMs > 0) await waitUntilElsewhere(tasks, { agent, timeoutMs }, working);
  return tasks;
}

/** Waits until the apps have all their tasks, none of them on the agent. Throws UNHEALTHY that says which have not. */
async function waitUntilElsewhere(
  { ofApps }: TasksOn,
  { agent, timeoutMs }: { agent: Agent; timeoutMs: number },
  working: Working,
): Promise<void> {
  const { cluster, signal } = working;
  const ids = new Set(ofApps.map(({ app }) => app.id));
  if (ids.size === 0) return;
  const look = async () => {
    const [apps, tasks] = await Promise.all([cluster.marathon.apps({ signal }), cluster.marathon.tasks({ signal })]);
    const here = new Set(tasks.filter(({ agentId }) => agentId === agent.id).map(({ appId }) => appId));
    const wanting = apps.filter((app) => ids.has(app.id) && (here.has(app.id) || !isWhole(app)));
    return wanting.length === 0 ? true : `not all is well yet with ${wanting.map(({ id }) => id).join(', ')}`;
  };
  const what = `That what ran on ${agent.hostname} runs elsewhere`;
  await waitUntil(look, { what, hint: '“status <app>” says what an app waits for.', timeoutMs }, working);
}

function isWhole(app: {
  instances: number;
  tasksRunning: number;
  tasksHealthy: number;
  healthChecks: unknown[];
}): boolean {
  return app.tasksRunning >= app.instances && (app.healthChecks.length === 0 || app.tasksHealthy >= app.instances);
}

/** Lets the machine work again: out of the schedule, and up when it was down. What it had been; undefined when it was neither. */
export async function bringBack(
  machine: Machine,
  { cluster, signal }: Working,
): Promise<'down' | 'draining' | undefined> {
  const { maintenance } = cluster.mesos;
  const { down } = await maintenance.status({ signal });
  if (down.some(sameAs(machine))) {
    await maintenance.up([machine], { signal });
    return 'down';
  }
  if (!isIn(await maintenance.schedule({ signal }), machine)) return undefined;
  await maintenance.cancel([machine], { signal });
  return 'draining';
}

/** Waits until Mesos has an active agent of this name. Throws UNHEALTHY when it does not come. */
export async function waitForAgent(
  hostname: string,
  { timeoutMs }: { timeoutMs: number },
  working: Working,
): Promise<Agent> {
  const { cluster, signal } = working;
  const look = async () => {
    const found = (await cluster.mesos.agents({ signal })).filter((one) => one.hostname === hostname);
    return (
      found.find(({ active }) => active) ?? (found.length > 0 ? 'it is not active yet' : 'Mesos has no such agent')
    );
  };
  return waitUntil(
    look,
    {
      what: `The return of the agent of ${hostname} to Mesos`,
      hint: `Look why: run ${hostname} ${working.environment.name} --become -- journalctl -u mesos-slave -n 50`,
      timeoutMs,
    },
    working,
  );
}
