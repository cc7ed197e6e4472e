import type { Clock } from '../clock.js';
import { asStarsError, formatPosition, StarsError } from '../errors.js';
import { refusalOf } from './answer.js';
import type { Cluster } from './cluster.js';
import type { HostReading } from '../model/host-state.js';
import { type Culprit, type Finding, type LayerState, limited, type TroubledApp } from './finding.js';
import { evidenceOf, judgeHosts } from './hosts.js';
import {
  probeAgents,
  probeChronos,
  probeMarathon,
  probeMasters,
  probeMesosDns,
  probeService,
  probeZooKeeper,
} from './probes.js';
import { recentFailuresOf } from './recent-failures.js';
import { titleOf } from './services/client.js';

export type Layer = {
  /** `zookeeper`, `mesos`, `agents`, `marathon`, `chronos`, `mesos-dns`, `hosts`, or a service's name. */
  name: string;
  title: string;
  state: LayerState;
  reason: string;
  details: string[];
  figures: Readonly<Record<string, number>>;
  /** Nothing of it answered. */
  silent: boolean;
  /** What the hosts say that explains why it is not up. */
  evidence: string[];
  /** The layer whose failure explains this one's. */
  because: string | undefined;
  culprit?: Culprit | undefined;
};

/** The stack from ZooKeeper up; layers that the environment does not have are left out. */
export type Health = {
  environment: string;
  /** ISO UTC. */
  at: string;
  layers: Layer[];
};

export type HealthOptions = {
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
  clock: Clock;
  /** How the hosts stand, each as it tells itself; without it they are left out. Rejects with why nobody can be asked. */
  hosts?: ((options: { timeoutMs: number }) => Promise<readonly HostReading[]>) | undefined;
};

type Named = { name: string; title: string };

type Probe = Named & {
  needs: string[];
  look: (options: { signal: AbortSignal }) => Promise<Finding>;
};

const DEFAULT_DEADLINE_MS = 10_000;
// A large master may need long for all of its tasks; without them the rest is told.
const FAILURES_TIMEOUT_MS = 3_000;

/**
 * Looks at every layer at once, and at the hosts where `hosts` is given, for `deadlineMs` at most; a layer that fails is part of the
 * answer. Rejects only with CANCELLED.
 */
export async function readHealth(
  cluster: Cluster,
  { signal, deadlineMs = DEFAULT_DEADLINE_MS, clock, hosts }: HealthOptions,
): Promise<Health> {
  const probes = probesOf(cluster, clock.now());
  const deadline = new AbortController();
  const stopTimer = clock.after(deadlineMs, () => deadline.abort());
  const either = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  // Before the deadline, so that hosts which answered are told apart from those that did not.
  const asking = hosts?.({ timeoutMs: deadlineMs * 0.8 }).catch((error: unknown) => asStarsError(error));
  try {
    const findings = await Promise.all(probes.map((probe) => look(probe, either, deadlineMs)));
    const readings = await (asking && orAborted(asking, either));
    if (signal?.aborted)
      throw new StarsError('CANCELLED', 'Cancelled while looking at the cluster.', { cause: signal.reason });
    const known = Array.isArray(readings) ? (readings as readonly HostReading[]) : [];
    const layers = probes.map((probe, index) => layerOf(probe, findings[index] ?? UNSEEN, known));
    const apps = findings.flatMap(({ troubledApps = [] }) => troubledApps);
    const all = [...explain(layers, probes, apps), ...(hosts ? [hostsLayer(readings, layers)] : [])];
    return { environment: cluster.environment, at: clock.now().toISOString(), layers: all };
  } finally {
    stopTimer();
  }
}

const UNSEEN: Finding = { state: 'unknown', reason: 'was not looked at' };

function layerOf({ name, title }: Named, finding: Finding, readings: readonly HostReading[]): Layer {
  const evidence = finding.state === 'up' ? [] : evidenceOf(name, readings);
  const { troubledApps: _, ...told } = finding;
  return { name, title, details: [], figures: {}, silent: false, ...told, evidence, because: undefined };
}

function hostsLayer(readings: readonly HostReading[] | StarsError | undefined, layers: readonly Layer[]): Layer {
  return layerOf({ name: 'hosts', title: 'Hosts' }, hostsFinding(readings, explainedByHosts(layers)), []);
}

/** The names of the layers that tell what is wrong with their units on the hosts. */
export function explainedByHosts(layers: readonly Layer[]): ReadonlySet<string> {
  return new Set(layers.flatMap(({ name, evidence }) => (evidence.length > 0 ? [name] : [])));
}

function hostsFinding(readings: readonly HostReading[] | StarsError | undefined, told: ReadonlySet<string>): Finding {
  if (readings === undefined) return { state: 'unknown', reason: 'gave no answer in time' };
  if (readings instanceof StarsError) return unasked(readings);
  return judgeHosts(readings, told);
}

/** A mistake in the inventory stands at a place, and people need to know which. */
function unasked({ message, where, hint }: StarsError): Finding {
  const reason = `${where ? `${formatPosition(where)}: ` : ''}${message.replace(/\.$/, '')}`;
  return { state: 'unknown', reason, ...(hint ? { details: [hint] } : {}) };
}

/** Undefined when the signal aborts first. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    void work.then(resolve).finally(() => signal.removeEventListener('abort', stop));
  });
}

async function look({ look }: Probe, signal: AbortSignal, deadlineMs: number): Promise<Finding> {
  try {
    return await look({ signal });
  } catch (thrown) {
    const error = asStarsError(thrown);
    if (error.code === 'CANCELLED')
      return { state: 'down', reason: `gave no answer within ${deadlineMs / 1000} s`, silent: true };
    // Somebody is there who does not let us look: that says nothing about the layer.
    const status = refusalOf(error)?.status;
    const state = status === 401 || status === 403 || error.code === 'CONFIG' ? 'unknown' : 'down';
    return { state, reason: error.message.replace(/\.$/, ''), silent: error.code === 'API_UNREACHABLE' };
  }
}

function probesOf(cluster: Cluster, now: Date): Probe[] {
  const services = cluster.has('services') ? cluster.services.names : [];
  const all: (Probe & { part: Parameters<Cluster['has']>[0] })[] = [
    {
      part: 'zookeeper',
      name: 'zookeeper',
      title: 'ZooKeeper',
      needs: [],
      look: (o) => probeZooKeeper(cluster.zookeeper, o),
    },
    {
      part: 'mesos',
      name: 'mesos',
      title: 'Mesos masters',
      needs: ['zookeeper'],
      look: (o) => probeMasters(cluster.mesos, o),
    },
    {
      part: 'mesos',
      name: 'agents',
      title: 'Mesos agents',
      needs: ['mesos'],
      look: (o) => probeAgents(cluster.mesos, o),
    },
    {
      part: 'marathon',
      name: 'marathon',
      title: 'Marathon',
      needs: ['zookeeper', 'mesos'],
      look: (o) =>
        probeMarathon(cluster.marathon, {
          ...o,
          now,
          failuresOf: (apps) => recentFailuresOf(cluster, apps, { ...o, now, timeoutMs: FAILURES_TIMEOUT_MS }),
        }),
    },
    {
      part: 'chronos',
      name: 'chronos',
      title: 'Chronos',
      needs: ['zookeeper', 'mesos', 'agents', 'marathon'],
      look: (o) => probeChronos(cluster.chronos, o),
    },
    {
      part: 'mesosDns',
      name: 'mesos-dns',
      title: 'Mesos-DNS',
      needs: ['mesos'],
      look: (o) => probeMesosDns(cluster.mesosDns, o),
    },
    ...services.map((name) => ({
      part: 'services' as const,
      name,
      title: titleOf(name),
      needs: ['agents', 'marathon'],
      look: (o: { signal: AbortSignal }) => probeService(cluster.services, name, o),
    })),
  ];
  return all.filter(({ part }) => cluster.has(part));
}

/** Folds what is broken under the lowest broken layer it needs, or under what its own app is in trouble for. */
function explain(layers: Layer[], probes: Probe[], apps: readonly TroubledApp[]): Layer[] {
  const down = new Set(layers.filter(({ state }) => state === 'down').map(({ name }) => name));
  const needs = new Map(probes.map((probe) => [probe.name, probe.needs]));
  const lacksAgents = layers.some(({ name, state }) => name === 'agents' && state === 'degraded');
  return layers.map((layer) => {
    if (layer.state === 'up') return layer;
    const because = rootOf(layer.name, needs, down) ?? appCause(layer, { apps, lacksAgents });
    return { ...layer, because };
  });
}

type AppTrouble = { apps: readonly TroubledApp[]; lacksAgents: boolean };

/** A service that runs as an app goes with it, and apps that only wait for a place go with the agents that are gone. */
function appCause({ name, state }: Layer, { apps, lacksAgents }: AppTrouble): string | undefined {
  const onlyLackPlace = lacksAgents && apps.every(({ waits }) => waits);
  if (name === 'marathon') return state === 'degraded' && onlyLackPlace ? 'agents' : undefined;
  if (!apps.some((app) => app.name === name)) return undefined;
  return onlyLackPlace ? 'agents' : 'marathon';
}

function rootOf(name: string, needs: ReadonlyMap<string, string[]>, down: ReadonlySet<string>): string | undefined {
  for (const need of needs.get(name) ?? []) {
    const deeper = rootOf(need, needs, down);
    if (deeper) return deeper;
    if (down.has(need)) return need;
  }
  return undefined;
}

/** The layers that are broken for no other layer's sake, lowest first. */
export function rootCauses({ layers }: Health): Layer[] {
  return layers.filter(({ state, because }) => state !== 'up' && because === undefined);
}

const ICONS: Record<LayerState, string> = { up: '🟢', degraded: '🟡', down: '🔴', unknown: '⚪' };

/** The picture in words: one line for the whole, then one for each layer; what follows from a broken layer is folded under it. */
export function summarise(health: Health): string {
  const roots = rootCauses(health);
  const shown = health.layers.filter(({ because }) => because === undefined);
  return [headline(health, roots), ...shown.flatMap((layer) => layerLines(layer, health.layers))].join('\n');
}

function headline({ environment, layers }: Health, roots: Layer[]): string {
  if (layers.length === 0) return `Nothing of ${environment} is configured to be looked at.`;
  const [first] = roots.toSorted((a, b) => severity(b) - severity(a));
  if (!first) return `Everything in ${environment} is up.`;
  if (layers.length > 1 && layers.every(({ silent }) => silent))
    return `Nothing in ${environment} answers: all of it is down, or Stars cannot reach it from here.`;
  const more = roots.length > 1 ? ` (and ${roots.length - 1} more)` : '';
  const folded = layers.filter(({ because }) => because === first.name).length;
  const follow = folded > 0 ? ` ${folded} more ${folded === 1 ? 'layer suffers' : 'layers suffer'} from it.` : '';
  const { name, is, why } = first.culprit ?? culpritOf(first);
  return `${name} in ${environment} ${is}${more}: ${why}.${saidByHosts(first)}${follow}`;
}

function culpritOf({ title, state, reason }: Layer): Culprit {
  return { name: title, is: state === 'unknown' ? 'cannot be judged' : `${verbOf(title)} ${state}`, why: reason };
}

/** What goes with the title of a layer: `is` or `are`. */
export function verbOf(title: string): 'is' | 'are' {
  return /(?:masters|agents|hosts)$/i.test(title) ? 'are' : 'is';
}

function saidByHosts({ evidence }: Layer): string {
  return evidence.length === 0 ? '' : ` On its hosts: ${limited(evidence, 3).join('; ')}.`;
}

function severity({ state }: Layer): number {
  return { up: 0, unknown: 1, degraded: 2, down: 3 }[state];
}

function layerLines(layer: Layer, all: Layer[]): string[] {
  const folded = all.filter(({ because }) => because === layer.name).map(({ title, state }) => `${title} ${state}`);
  return [
    `${ICONS[layer.state]} *${layer.title}* ${layer.reason}`,
    ...[...limited(layer.evidence, 5), ...layer.details].map((detail) => `      • ${detail}`),
    ...(folded.length > 0 ? [`      ↳ because of this: ${folded.join(', ')}`] : []),
  ];
}
