import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { readHosts } from '../src/bot/read-hosts.js';
import type { ClusterPart } from '../src/cluster/cluster.js';
import { type Health, readHealth, summarise } from '../src/cluster/health.js';
import { describeApp } from '../src/cluster/marathon/describe-app.js';
import { recentFailures } from '../src/cluster/recent-failures.js';
import { asStarsError, StarsError } from '../src/errors.js';
import type { Environment } from '../src/home/home.js';
import { utcWords } from '../src/model/utc-words.js';
import { drawCharts } from '../src/report/charts.js';
import { withOtherMeaning } from './app-changes/find-app.js';
import { hostsMatching } from './host-subject.js';
import { hostsText, hostText } from './status/hosts.js';
import { serviceLines } from './status/service.js';
import { nodeNamed, nodeText, treeLines } from './status/zookeeper-tree.js';

// What people call a layer; anything else is a host, an app or a service of the environment.
const LAYERS: Record<string, { part: ClusterPart; names: string[] }> = {
  zookeeper: { part: 'zookeeper', names: ['zookeeper'] },
  mesos: { part: 'mesos', names: ['mesos', 'agents'] },
  agents: { part: 'mesos', names: ['agents'] },
  marathon: { part: 'marathon', names: ['marathon'] },
  chronos: { part: 'chronos', names: ['chronos'] },
  dns: { part: 'mesosDns', names: ['mesos-dns'] },
  'mesos-dns': { part: 'mesosDns', names: ['mesos-dns'] },
};

const PARTS: readonly ClusterPart[] = ['marathon', 'chronos', 'mesos', 'mesosDns', 'zookeeper', 'services'];

// Marathon knows no such app, is not configured, or is not there to be asked.
const UNANSWERED: ReadonlySet<string> = new Set(['APP_NOT_FOUND', 'CONFIG', 'API_UNREACHABLE']);

const HOSTS_TIMEOUT_MS = 20_000;
const FAILURES_TIMEOUT_MS = 8_000;
const DAY_MS = 86_400_000;

type Context = CommandContext<{ subject?: string | undefined; chart: boolean }>;

export const status = defineCommand({
  name: 'status',
  summary: 'Show how the stack stands, from ZooKeeper up, or one part of it.',
  words: ['[subject]'],
  environment: 'required',
  flags: { chart: { says: 'attach a chart of what was in use, also where there is no chat' } },
  args: z.object({ subject: z.string().optional(), chart: z.boolean().default(false) }),
  permission: 'read',
  cluster: true,
  kind: 'run',
  async subject({ args: { subject }, cluster, environment }) {
    if (subject === undefined) return {};
    const name = subject.toLowerCase();
    if (LAYERS[name]) return { targets: [{ kind: 'app', name }] };
    if (nodeNamed(subject) !== undefined) return { targets: [{ kind: 'app', name: 'zookeeper' }] };
    if (name === 'hosts') return { hosts: await hostsMatching(undefined, environment) };
    if (await isHost(subject, environment)) return { hosts: await hostsMatching(subject, environment) };
    // A service of the environment that is no app goes by its own name.
    const found = await (await cluster()).marathon.find(subject).catch(() => undefined);
    return { targets: [{ kind: 'app', name: found?.id ?? subject }] };
  },
  examples: [
    'status production',
    'status hosts staging',
    'status stars-c3',
    'status zeppelin production',
    'status zookeeper/marathon production',
  ],

  async run(context) {
    const { subject } = context.args;
    if (subject === undefined) {
      const [health] = await Promise.all([look(context), chart(context)]);
      return [summarise(health), ...unsaid(context), ...(await soon(context))].join('\n');
    }
    const layer = LAYERS[subject.toLowerCase()];
    if (layer) {
      if (!context.cluster.has(layer.part)) context.environment.requireSection(layer.part);
      return statusOfLayer(context, layer);
    }
    const node = nodeNamed(subject);
    if (node !== undefined) {
      if (!context.cluster.has('zookeeper')) context.environment.requireSection('zookeeper');
      return nodeText(context.cluster.zookeeper, node, context.signal);
    }
    if (subject.toLowerCase() === 'hosts') return hostsText(await readHosts(context, { timeoutMs: HOSTS_TIMEOUT_MS }));
    if (await isHost(subject, context.environment)) return statusOfHost(context, subject);
    return statusOfApp(context, subject).catch((error: unknown) => statusOfService(context, subject, error));
  },
});

/** What is going to happen by itself. */
async function soon({ control, environment }: Context): Promise<string[]> {
  const timers = await control.timers(environment.name);
  return timers.map(({ says, dueAt, person }) => `⏰ ${utcWords(dueAt)}: ${says} (${person.name})`);
}

/** What of the cluster was in use in the last day, as a picture; none where nothing was measured. */
async function chart({ args, source, samples, environment, clock, attach, note }: Context): Promise<void> {
  if (!args.chart && source !== 'slack') return;
  const measured = await samples.since(environment.name, '1m', new Date(clock.now().getTime() - DAY_MS));
  if (measured.length < 2) {
    if (args.chart) note('There is no chart yet: the service has to measure for a while first.');
    return;
  }
  try {
    const [inUse] = await drawCharts(environment.name, measured);
    if (inUse) await attach(inUse);
  } catch (thrown) {
    note(`The chart could not be drawn: ${asStarsError(thrown).message}`);
  }
}

async function look(context: Context): Promise<Health> {
  const { cluster, clock, signal, environment } = context;
  const hosts =
    environment.inventorySources.length === 0
      ? undefined
      : (asking: { timeoutMs: number }) => readHosts(context, asking);
  const health = await readHealth(cluster, { clock, signal, hosts });
  if (health.layers.length > 0) return health;
  throw new StarsError('CONFIG', nowhere(environment), { hint: whatToAdd(environment) });
}

async function statusOfLayer(
  context: Context,
  { part, names }: { part: ClusterPart; names: string[] },
): Promise<string> {
  const { cluster, signal } = context;
  const [health, tree] = await Promise.all([
    look(context),
    part === 'zookeeper' ? treeLines(cluster.zookeeper, '/', signal) : [],
  ]);
  return [summarise(only(health, names)), ...tree].join('\n');
}

/** For an environment that has hosts and nothing else. */
function unsaid({ cluster, environment }: Context): string[] {
  return PARTS.some((part) => cluster.has(part)) ? [] : [`${nowhere(environment)} ${whatToAdd(environment)}`];
}

function nowhere({ name }: Environment): string {
  return `The environment ${name} does not say where anything of its stack is.`;
}

function whatToAdd({ files }: Environment): string {
  return `Add what there is to ${files.environment}, for example: marathon: {url: "http://master.example.org:8080"}`;
}

/** These layers alone, with the ones that explain their trouble. */
function only(health: Health, names: string[]): Health {
  const wanted = health.layers.filter(({ name }) => names.includes(name));
  const causes = new Set(wanted.map(({ because }) => because));
  return { ...health, layers: health.layers.filter((layer) => wanted.includes(layer) || causes.has(layer.name)) };
}

/** Whether it is one host of the inventory, which may be missing or broken where an app is meant. */
async function isHost(name: string, { inventorySources, inventory }: Environment): Promise<boolean> {
  if (inventorySources.length === 0) return false;
  return (await inventory().catch(() => undefined))?.hosts.includes(name) ?? false;
}

async function statusOfHost(context: Context, host: string): Promise<string> {
  const { cluster, signal } = context;
  const [[reading], agents] = await Promise.all([
    readHosts(context, { hosts: [host], timeoutMs: HOSTS_TIMEOUT_MS }),
    cluster.has('mesos') ? cluster.mesos.agents({ signal, timeoutMs: HOSTS_TIMEOUT_MS }).catch(() => []) : [],
  ]);
  const agent = agents.find(({ hostname }) => hostname === host || hostname?.split('.')[0] === host.split('.')[0]);
  return reading ? hostText(reading, agent) : `${host} told nothing.`;
}

async function statusOfApp({ cluster, clock, signal }: Context, name: string): Promise<string> {
  const [app, queue] = await Promise.all([cluster.marathon.find(name, { signal }), cluster.marathon.queue({ signal })]);
  const service = app.id.slice(app.id.lastIndexOf('/') + 1);
  const known = cluster.has('services') && cluster.services.names.includes(service);
  const [lines, failures] = await Promise.all([
    known ? serviceLines(cluster.services, service, signal) : [],
    recentFailures(cluster, app, { now: clock.now(), signal, timeoutMs: FAILURES_TIMEOUT_MS }),
  ]);
  return [describeApp(app, queue, failures), ...lines].join('\n');
}

/** A service that does not run as an app, if it is one of the environment's; else it is the app that was not found. */
async function statusOfService(context: Context, name: string, notFound: unknown): Promise<string> {
  const { cluster, signal } = context;
  const service = cluster.has('services') && cluster.services.names.includes(name);
  if (!service || !(notFound instanceof StarsError) || !UNANSWERED.has(notFound.code))
    throw await withOtherMeaning(notFound, name, context);
  const [health, lines] = await Promise.all([look(context), serviceLines(cluster.services, name, signal)]);
  return [summarise(only(health, [name])), ...lines].join('\n');
}
