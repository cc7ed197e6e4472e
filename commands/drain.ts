import { z } from 'zod';
import { Moment, momentOf } from '../src/bot/moment.js';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { generationOf } from '../src/cluster/marathon/generation.js';
import type { Agent, Machine } from '../src/cluster/mesos/schema.js';
import { StarsError } from '../src/errors.js';
import { utcWords } from '../src/model/utc-words.js';
import { agentsByHost, isMachineOf } from './host-services/agent-of.js';
import { bringBack, hasRoom, planOutage, takeDown, waitForAgent } from './host-services/agents-out.js';
import { describeTasks, tasksOn } from './host-services/tasks-on.js';
import { hostsMatching } from './host-subject.js';
import { callOffReturn, standingTimer, tellStanding } from './standing-timer.js';
import { TimeSpan } from './time-span.js';

const DrainArgs = z.strictObject({
  host: z.string().min(1),
  until: Moment.optional(),
  down: z.boolean().default(false),
  force: z.boolean().default(false),
  wait: TimeSpan.default(600_000),
});

type Draining = CommandContext<z.infer<typeof DrainArgs>>;

export const drain = defineCommand({
  name: 'drain',
  summary: 'Take the agent of a host out of Mesos: nothing new is to start there, and with --down nothing goes on.',
  words: ['<host>'],
  environment: 'required',
  takesEnd: true,
  flags: {
    down: { says: 'End everything that runs there, have it run elsewhere, and refuse the agent until undrain.' },
    force: { says: 'With --down: also when there is no room elsewhere.' },
    wait: { takes: 'TIME', says: 'How long what ran there may take to run elsewhere, 10m unless told.' },
  },
  args: DrainArgs,
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['drain stars-c4 production', 'drain stars-c4 production --down', 'drain stars-c4 staging for 2h'],

  subject: async ({ args: { host }, environment }) => ({ hosts: await hostsMatching(host, environment) }),
  resources: ({ args: { host } }) => [`host:${host}`],

  async run(context) {
    const { args, environment, step, later, clock } = context;
    const until = args.until === undefined ? undefined : momentOf(args.until, clock.now());
    const agent = await step(`Find the agent of ${args.host} in Mesos`, () => agentOf(args.host, context));
    const tasks = await step('See what runs there', () => tasksOn(context.cluster, agent, context), describeTasks);
    const room =
      args.down &&
      (await step('See whether others have room for it', () =>
        hasRoom(tasks, { agent, leaving: [], force: args.force }, context),
      ));
    // Written first: what is done for a time must never stay because this process died in between.
    if (until)
      await later({
        at: until,
        subject: timerSubject(args.host),
        words: `undrain ${args.host} ${environment.name}`,
        says: `${args.host} works again on ${environment.name}`,
      });
    const standing = until ? undefined : await standingTimer(timerSubject(args.host), context);
    if (standing) tellStanding(standing, context);
    const machine = await step('Plan the outage in Mesos', () => planOutage(agent, context));
    const end = until
      ? ` At ${utcWords(until.toISOString())} it works again.`
      : ` “undrain ${args.host} ${environment.name}” lets it work again.`;
    if (!args.down) return `${await drainedWords(args.host, describeTasks(tasks), context)}${end}`;
    const timeoutMs = room ? args.wait : 0;
    const moved = await step('End what runs there and wait until it runs elsewhere', () =>
      takeDown({ agent, machine, timeoutMs }, context),
    );
    const what = describeTasks(moved);
    const where = room ? 'runs elsewhere' : 'was ended, and waits for room';
    return `${args.host} is down for Mesos${what === '' ? ', nothing ran there' : `: ${what} ${where}`}.${end}`;
  },
});

/** No Marathon moves anything because of the schedule; older ones even start new tasks there. */
async function drainedWords(host: string, tasks: string, { cluster, environment, signal }: Draining): Promise<string> {
  const info = cluster.has('marathon') ? await cluster.marathon.info({ signal }).catch(() => undefined) : undefined;
  const heeds = info && generationOf(info).heedsMaintenance;
  const starts = heeds ? 'starts nothing new there' : 'may even start new ones there';
  const marathon = info === undefined ? 'Marathon' : `Marathon ${info.version}`;
  if (tasks === '')
    return `${host} is drained: nothing runs there${info && !heeds ? `, but ${marathon} ${starts}` : ''}.`;
  return [
    `${host} stands in the maintenance schedule of Mesos, but still runs there: ${tasks}.`,
    `${marathon} does not move tasks because of it${info === undefined ? '' : `, ${heeds ? 'but' : 'and'} ${starts}`}. “drain ${host} ${environment.name} --down” ends them, so that they start elsewhere.`,
  ].join('\n');
}

async function agentOf(host: string, { cluster, environment, signal }: Draining): Promise<Agent> {
  const agents = await cluster.mesos.agents({ signal });
  const agent = agentsByHost([host], agents, await environment.inventory()).get(host);
  if (agent) return agent;
  const { down } = await cluster.mesos.maintenance.status({ signal });
  if (down.some(({ hostname }) => hostname === host))
    throw new StarsError('USAGE', `${host} is down for Mesos already.`);
  throw new StarsError('USAGE', `Mesos has no agent on ${host}.`, {
    hint: `It has agents on ${
      agents
        .map(({ hostname }) => hostname)
        .slice(0, 10)
        .join(', ') || 'no host'
    }.`,
  });
}

export const undrain = defineCommand({
  name: 'undrain',
  summary: 'Let the agent of a host work again, and wait until Mesos has it.',
  words: ['<host>'],
  environment: 'required',
  flags: { wait: { takes: 'TIME', says: 'How long the agent may take to come back, 2m unless told.' } },
  args: z.strictObject({ host: z.string().min(1), wait: TimeSpan.default(120_000) }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['undrain stars-c4 production'],

  subject: async ({ args: { host }, environment }) => ({ hosts: await hostsMatching(host, environment) }),
  resources: ({ args: { host } }) => [`host:${host}`],

  async run(context) {
    const { args, step, environment } = context;
    const machines = await step(`Find ${args.host} in the maintenance schedule`, () => machinesOf(args.host, context));
    for (const machine of machines)
      await step(`Let ${machine.hostname || machine.ip} work again`, () => bringBack(machine, context));
    // What left the inventory may still stand in the schedule.
    if (machines.length === 0) (await environment.inventory()).requireHosts(args.host);
    const hostname = machines[0]?.hostname || args.host;
    await step('Wait for its agent', () => waitForAgent(hostname, { timeoutMs: args.wait }, context));
    await callOffReturn(timerSubject(args.host), context);
    if (machines.length === 0) return `${args.host} was not drained; its agent is active.`;
    return `${args.host} works again: its agent is active.`;
  },
});

function timerSubject(host: string): string {
  return `host:${host}`;
}

async function machinesOf(
  host: string,
  { cluster, environment, signal }: Pick<Draining, 'cluster' | 'environment' | 'signal'>,
): Promise<Machine[]> {
  const inventory = await environment.inventory();
  const { draining, down } = await cluster.mesos.maintenance.status({ signal });
  return [...draining, ...down].filter((machine) => isMachineOf(host, machine, inventory));
}
