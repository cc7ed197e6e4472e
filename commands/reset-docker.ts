import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { askFirst, YES_FLAG } from '../src/bot/confirm.js';
import { readHosts } from '../src/bot/read-hosts.js';
import { StarsError } from '../src/errors.js';
import type { AdHocTask } from '../src/provision/ad-hoc.js';
import { agentsByHost } from './host-services/agent-of.js';
import { bringBack, hasRoom, planOutage, takeDown, waitForAgent } from './host-services/agents-out.js';
import { describeTasks, tasksOn } from './host-services/tasks-on.js';
import { requireRunning, serviceTask, workOn } from './host-services/work.js';
import { hostsMatching } from './host-subject.js';
import { TimeSpan } from './time-span.js';

const ResetArgs = z.strictObject({
  pattern: z.string().min(1),
  yes: z.boolean().default(false),
  force: z.boolean().default(false),
  wait: TimeSpan.default(900_000),
});

type Context = CommandContext<z.infer<typeof ResetArgs>>;

/** A host with Docker: where it comes from, and the agent above it. */
type Target = { host: string; package: string; agentUnit: string | undefined };

export const resetDocker = defineCommand({
  name: 'reset-docker',
  summary:
    'Wipe Docker with all its images, containers and volumes on hosts and install it anew, one host at a time, drained first.',
  words: ['<pattern>'],
  environment: 'required',
  flags: {
    ...YES_FLAG,
    force: { says: 'Also when what runs there has no room elsewhere.' },
    wait: { takes: 'TIME', says: 'How long one host may take at each wait, 15m unless told.' },
  },
  args: ResetArgs,
  permission: 'provision',
  cluster: true,
  kind: 'run',
  examples: ['reset-docker stars-c4 production', 'reset-docker workers staging --yes'],

  subject: async ({ args: { pattern }, environment }) => ({ hosts: await hostsMatching(pattern, environment) }),

  async run(context) {
    const { args, environment, step } = context;
    const targets = await step(
      `Find Docker on ${args.pattern}`,
      () => targetsOf(context),
      (found) => found.map(({ host }) => host).join(', '),
    );
    // An approval by others answers the question as well.
    if (!args.yes && !context.approved) ask(targets, context);
    const done: string[] = [];
    for (const target of targets) {
      await step(`Reset Docker on ${target.host}`, () => reset(target, context)).catch((error: unknown) => {
        throw cutShort(error, { done, left: targets.map(({ host }) => host).filter((host) => !done.includes(host)) });
      });
      done.push(target.host);
    }
    return `Docker is new on ${done.join(', ')} of ${environment.name}.`;
  },
});

function ask(targets: readonly Target[], { args: { pattern, force }, environment }: Context): never {
  const hosts = targets.map(({ host }) => host).join(', ');
  return askFirst({
    says: `This wipes all images, containers and volumes of Docker on ${hosts}, one after another, and moves away what Mesos runs there.`,
    hint: 'Volumes are gone for good: save what is needed first.',
    words: `reset-docker ${pattern} ${environment.name}${force ? ' --force' : ''}`,
    label: 'Wipe Docker',
  });
}

/** Throws what keeps any of the hosts from it, before one of them is touched. */
async function targetsOf(context: Context): Promise<Target[]> {
  const { args, provision, environment } = context;
  const hosts = (await environment.inventory()).requireHosts(args.pattern);
  const [owners, readings] = await Promise.all([
    provision.ask({ hosts, fact: DOCKER_PACKAGE, timeoutMs: 30_000 }),
    readHosts(context, { hosts, timeoutMs: 30_000 }),
  ]);
  return owners.map((answer) => {
    if ('error' in answer) throw answer.error;
    if (answer.told === '')
      throw new StarsError(
        'UNSUPPORTED',
        `${answer.host}: its Docker comes from no package, so it cannot be installed anew from one.`,
        {
          hint: 'Leave the host out, or reset it by hand.',
        },
      );
    const reading = readings.find(({ host }) => host === answer.host);
    const units = reading && 'state' in reading ? reading.state.units : [];
    const agent = units.find(({ name, state }) => AGENTS.has(name) && state === 'running');
    return { host: answer.host, package: answer.told, agentUnit: agent?.name };
  });
}

const AGENTS: ReadonlySet<string> = new Set(['mesos-slave', 'mesos-agent']);

/** The package that brought dockerd. */
const DOCKER_PACKAGE = {
  script: `program=$(command -v dockerd || command -v dockerd-current) || exit 0
if command -v rpm >/dev/null 2>&1; then rpm -qf --qf '%{NAME}\\n' "$program" 2>/dev/null
elif command -v dpkg >/dev/null 2>&1; then dpkg -S "$(readlink -f "$program")" 2>/dev/null | sed 's/:.*//'
elif command -v apk >/dev/null 2>&1; then apk info -W "$program" 2>/dev/null | sed -n 's/.* owned by \\(.*\\)-[0-9].*/\\1/p'
fi
:`,
  parse: ({ stdout, code }: { stdout: string; code: number }) =>
    code === 0 && /^[\w.+-]+$/.test(stdout.trim()) ? stdout.trim() : '',
};

/** What is below /var/lib/docker may be mounted, so it goes first; its configuration stays. */
function wipeTasks({ package: name }: Target): AdHocTask[] {
  const unmount = `awk '$2 ~ "^/var/lib/docker(/|$)" {print $2}' /proc/mounts | sort -r | while read -r path; do umount -l "$path"; done; :`;
  return [
    serviceTask('stop', 'docker'),
    { name: 'Unmount what Docker left', module: 'shell', args: { cmd: unmount } },
    { name: 'Remove Docker', module: 'package', args: { name, state: 'absent' } },
    { name: 'Wipe /var/lib/docker', module: 'shell', args: { cmd: 'rm -rf /var/lib/docker/* /var/lib/docker/.[!.]*' } },
    { name: 'Install Docker', module: 'package', args: { name, state: 'present' } },
    { name: 'Start Docker', module: 'service', args: { name: 'docker', state: 'started', enabled: true } },
  ];
}

async function reset(target: Target, context: Context): Promise<void> {
  const { host, agentUnit } = target;
  const { wait: waitMs } = context.args;
  const machine = await drained(host, context);
  if (agentUnit)
    await workOn(context, {
      name: `stop ${agentUnit}`,
      hosts: [host],
      tasks: [serviceTask('stop', agentUnit)],
      waitMs,
    });
  await workOn(context, { name: `reset Docker`, hosts: [host], tasks: wipeTasks(target), waitMs });
  await requireRunning(context, { hosts: [host], units: ['docker'] });
  if (machine) await bringBack(machine, context);
  if (agentUnit)
    await workOn(context, {
      name: `start ${agentUnit}`,
      hosts: [host],
      tasks: [serviceTask('start', agentUnit)],
      waitMs,
    });
  if (machine) await waitForAgent(machine.hostname, { timeoutMs: waitMs }, context);
}

/** Its machine, out of Mesos; undefined when Mesos has no agent there. */
async function drained(host: string, context: Context) {
  const { cluster, environment, args, note, signal } = context;
  if (!cluster.has('mesos')) {
    note('environment.yml does not say where Mesos is, so nothing is drained.');
    return undefined;
  }
  const agents = await cluster.mesos.agents({ signal });
  const agent = agentsByHost([host], agents, await environment.inventory()).get(host);
  if (!agent) {
    note(`Mesos has no agent on ${host}, so there is nothing to drain.`);
    return undefined;
  }
  const tasks = await tasksOn(cluster, agent, { signal });
  const room = await hasRoom(tasks, { agent, leaving: [], force: args.force }, context);
  const machine = await planOutage(agent, context);
  const what = describeTasks(tasks);
  if (what !== '') note(`${room ? 'Moves away from' : 'Ends on'} ${host}: ${what}.`);
  await takeDown({ agent, machine, timeoutMs: room ? args.wait : 0 }, context);
  return machine;
}

function cutShort(thrown: unknown, { done, left }: { done: readonly string[]; left: readonly string[] }): unknown {
  if (!(thrown instanceof StarsError)) return thrown;
  const was = done.length === 0 ? '' : ` Done: ${done.join(', ')}.`;
  const [host] = left;
  const undo = `Mend ${host} and let it work again with “undrain ${host}”.`;
  const hint = thrown.hint === undefined ? undo : `${thrown.hint} ${undo}`;
  return new StarsError(thrown.code, `${thrown.message}${was} Not through: ${left.join(', ')}.`, {
    hint,
    cause: thrown,
  });
}
