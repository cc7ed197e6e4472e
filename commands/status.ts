import { z } from 'zod';
import { defineCommand, type CommandContext } from '../src/bot/command.js';
import { readHealth, summarise, type Health } from '../src/cluster/health.js';
import { describeApp } from '../src/cluster/marathon/describe-app.js';
import type { ClusterPart } from '../src/cluster/cluster.js';
import { StarsError } from '../src/errors.js';

// What people call a layer; anything else is a service of the environment or an app.
const LAYERS: Record<string, { part: ClusterPart; names: string[] }> = {
  zookeeper: { part: 'zookeeper', names: ['zookeeper'] },
  mesos: { part: 'mesos', names: ['mesos', 'agents'] },
  agents: { part: 'mesos', names: ['agents'] },
  marathon: { part: 'marathon', names: ['marathon'] },
  chronos: { part: 'chronos', names: ['chronos'] },
  dns: { part: 'mesosDns', names: ['mesos-dns'] },
  'mesos-dns': { part: 'mesosDns', names: ['mesos-dns'] },
};

// Marathon knows no such app, is not configured, or is not there to be asked.
const UNANSWERED: ReadonlySet<string> = new Set(['APP_NOT_FOUND', 'CONFIG', 'API_UNREACHABLE']);

export const status = defineCommand({
  name: 'status',
  summary: 'Show how the stack stands, from ZooKeeper up, or one part of it',
  words: ['[subject]'],
  environment: 'required',
  args: z.object({ subject: z.string().optional() }),
  permission: 'read',
  cluster: true,
  kind: 'run',
  examples: ['status production', 'status mesos staging', 'status zeppelin production'],
  async run(context) {
    const { subject } = context.args;
    if (subject === undefined) return summarise(await look(context));
    const layer = LAYERS[subject.toLowerCase()];
    if (layer) {
      if (!context.cluster.has(layer.part)) context.environment.requireSection(layer.part);
      return summarise(only(await look(context), layer.names));
    }
    return statusOfApp(context, subject).catch((error: unknown) => statusOfService(context, subject, error));
  },
});

async function look({ cluster, clock, signal, environment }: CommandContext<unknown>): Promise<Health> {
  const health = await readHealth(cluster, { clock, signal });
  if (health.layers.length > 0) return health;
  throw new StarsError('CONFIG', `The environment ${environment.name} does not say where anything of its stack is.`, {
    hint: `Add what there is to ${environment.files.environment}, for example: marathon: {url: "http://master.example.org:8080"}`,
  });
}

/** These layers alone, with the ones that explain their trouble. */
function only(health: Health, names: string[]): Health {
  const wanted = health.layers.filter(({ name }) => names.includes(name));
  const causes = new Set(wanted.map(({ because }) => because));
  return { ...health, layers: health.layers.filter((layer) => wanted.includes(layer) || causes.has(layer.name)) };
}

async function statusOfApp({ cluster: { marathon }, signal }: CommandContext<unknown>, name: string): Promise<string> {
  const [app, queue] = await Promise.all([marathon.find(name, { signal }), marathon.queue({ signal })]);
  return describeApp(app, queue);
}

/** A service that does not run as an app, if it is one of the environment's; else it is the app that was not found. */
async function statusOfService(context: CommandContext<unknown>, name: string, notFound: unknown): Promise<string> {
  const { cluster } = context;
  const service = cluster.has('services') && cluster.services.names.includes(name);
  if (service && notFound instanceof StarsError && UNANSWERED.has(notFound.code))
    return summarise(only(await look(context), [name]));
  throw notFound;
}
