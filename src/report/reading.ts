import type { BackupAge } from '../backup/backup-age.js';
import type { Chronos } from '../cluster/chronos/client.js';
import { jobState } from '../cluster/chronos/job-health.js';
import { missedSince } from '../cluster/chronos/missed.js';
import type { Job, JobSummary } from '../cluster/chronos/schema.js';
import type { Cluster } from '../cluster/cluster.js';
import {
  explainedByHosts,
  type Health,
  type HealthOptions,
  type Layer,
  readHealth,
  verbOf,
} from '../cluster/health.js';
import { type TroubledHost, troubledHosts } from '../cluster/hosts.js';
import { GOOD_STATES, healthByCounts } from '../cluster/marathon/app-health.js';
import type { App } from '../cluster/marathon/schema.js';
import type { HostReading } from '../model/host-state.js';
import type { Problem } from '../model/incident.js';
import type { Sample } from '../model/sample.js';

/** How an environment is now, as far as it could be looked at. */
export type Reading = {
  health: Health;
  /** Undefined where Marathon is not there or did not answer; so are the others. */
  apps: readonly App[] | undefined;
  jobs: readonly Job[] | undefined;
  queued: ReadonlySet<string>;
  problems: readonly Problem[];
  /** The keys of problems of which nothing could be learned; one with a colon at its end stands for all that begin so. */
  unseen: readonly string[];
};

export type ReadingOptions = HealthOptions & { backup?: BackupAge | undefined };

const DEPLOYMENT_PATIENCE_MS = 15 * 60_000;
const QUEUE_PATIENCE_MS = 15 * 60_000;
const APP_NEEDS = ['layer:zookeeper', 'layer:mesos', 'layer:agents', 'layer:marathon'];
const JOB_NEEDS = ['layer:zookeeper', 'layer:mesos', 'layer:agents', 'layer:marathon', 'layer:chronos'];

/** Looks at the layers, the apps and the jobs. What does not answer is a part of it; rejects only with CANCELLED. */
export async function readEnvironment(cluster: Cluster, { backup, ...options }: ReadingOptions): Promise<Reading> {
  const asking = { signal: options.signal, timeoutMs: options.deadlineMs ?? 10_000 };
  const { hosts } = options;
  let readings: readonly HostReading[] | undefined;
  const remembered = hosts && (async (how: { timeoutMs: number }) => (readings = await hosts(how)));
  const [health, apps, jobs, queued] = await Promise.all([
    readHealth(cluster, { ...options, hosts: remembered }),
    cluster.has('marathon') ? cluster.marathon.apps(asking).catch(() => undefined) : undefined,
    cluster.has('chronos') ? cluster.chronos.jobs(asking).catch(() => undefined) : undefined,
    cluster.has('chronos') ? queuedJobs(cluster.chronos, asking) : new Set<string>(),
  ]);
  const now = options.clock.now();
  const troubled = troubledHosts(readings ?? [], explainedByHosts(health.layers));
  const problems = [
    ...layerProblems(health, { apps, jobs, troubled }),
    ...hostProblems(health, troubled),
    ...(apps ?? []).flatMap(appProblems),
    ...(jobs ?? []).flatMap((job) => jobProblems(job, queued, now)),
    ...backupProblems(backup),
  ];
  const unseen = [
    ...health.layers.filter(({ state }) => state === 'unknown').map(({ name }) => `layer:${name}`),
    ...(cluster.has('marathon') && !apps ? ['app:'] : []),
    ...(cluster.has('chronos') && !jobs ? ['job:'] : []),
    ...(hosts && (!readings || isSilent(health)) ? ['host:'] : []),
    ...troubled.flatMap(({ host, why }) => (why === 'shut-out' ? [`host:${host}`] : [])),
    ...(backup ? [] : ['backup']),
  ];
  return { health, apps, jobs, queued, problems, unseen };
}

/** What of it is kept as a sample. */
export function sampleOf({ health, apps, jobs }: Reading): Sample {
  const figures = Object.assign({}, ...health.layers.map((layer) => layer.figures)) as Record<string, number>;
  const shares = [
    ['cpus', figures['cpusUsed'], figures['cpusTotal']],
    ['memory', figures['memUsed'], figures['memTotal']],
    ['disk', figures['diskUsed'], figures['diskTotal']],
  ] as const;
  const used = shares.flatMap(([name, part, whole]) =>
    part === undefined || !whole ? [] : [[name, part / whole] as const],
  );
  return {
    count: 1,
    figures: {
      ...Object.fromEntries(used),
      ...(figures['agentsActive'] === undefined ? {} : { agents: figures['agentsActive'] }),
      ...(apps && { apps: apps.length, appsInTrouble: apps.filter((app) => !isGood(app)).length }),
      ...(jobs && { jobs: jobs.length, jobsFailing: jobs.filter((job) => jobState(job) === 'failing').length }),
    },
    states: Object.fromEntries(health.layers.map(({ name, state }) => [name, state])),
  };
}

async function queuedJobs(
  chronos: Chronos,
  asking: { signal?: AbortSignal | undefined; timeoutMs: number },
): Promise<Set<string>> {
  const summaries = await chronos.summary(asking).catch((): JobSummary[] => []);
  return new Set(summaries.filter(({ state }) => state === 'queued').map(({ name }) => name));
}

type Told = Pick<Reading, 'apps' | 'jobs'> & { troubled: readonly TroubledHost[] };

/** A layer that is degraded for the sake of its apps, jobs or hosts is told by those. */
function layerProblems({ layers }: Health, { apps, jobs, troubled }: Told): Problem[] {
  const toldByOthers = new Set(['hosts', ...(apps ? ['marathon'] : []), ...(jobs ? ['chronos'] : [])]);
  const silent = troubled.flatMap(({ host, why }) => (why === 'silent' ? [`host:${host}`] : []));
  return layers.flatMap(({ name, title, state, reason, because }): Problem[] => {
    if (state === 'up' || state === 'unknown' || (state === 'degraded' && toldByOthers.has(name))) return [];
    // A service that runs as an app goes with it.
    const own = (apps ?? []).filter(({ id }) => id.slice(id.lastIndexOf('/') + 1) === name);
    const needs = [
      ...(because === undefined ? [] : [`layer:${because}`]),
      ...own.map(({ id }) => `app:${id}`),
      // Masters and agents that are missing are most likely those of hosts that are gone. What is down is never folded under less.
      ...(state === 'degraded' && name !== 'hosts' ? silent : []),
    ];
    const says = `${verbOf(title)} ${state}: ${reason}`;
    return [{ key: `layer:${name}`, title, severity: state, says, needs }];
  });
}

/** One for each host that is in trouble, unless none answers at all. */
function hostProblems(health: Health, troubled: readonly TroubledHost[]): Problem[] {
  if (isSilent(health)) return [];
  return troubled.flatMap(({ host, troubles, why }): Problem[] => {
    if (why === 'shut-out') return [];
    const says =
      why === 'silent' ? `does not answer over SSH: ${troubles.join(', ')}` : `is in trouble: ${troubles.join(', ')}`;
    return [{ key: `host:${host}`, title: host, severity: 'degraded', says, needs: [] }];
  });
}

/** Whether no host answers, which tells nothing about any of them. */
function isSilent({ layers }: Health): boolean {
  return layers.some(({ name, state }) => name === 'hosts' && state === 'down');
}

function appProblems(app: App): Problem[] {
  const { state, words } = healthByCounts(app);
  if (GOOD_STATES.has(state)) return [];
  const deploying = app.deployments.length > 0;
  const says = `${state === 'down' ? 'is down' : 'is not healthy'}: ${words}${deploying ? ', a deployment is running' : ''}`;
  const severity = state === 'down' ? 'down' : 'degraded';
  const patienceMs = deploying ? DEPLOYMENT_PATIENCE_MS : undefined;
  return [{ key: `app:${app.id}`, title: app.id, severity, says, needs: APP_NEEDS, patienceMs }];
}

function jobProblems(job: Job, queued: ReadonlySet<string>, now: Date): Problem[] {
  const about = { title: `job ${job.name}`, severity: 'degraded', needs: JOB_NEEDS } as const;
  const missed = missedSince(job, now);
  return [
    ...(jobState(job) === 'failing' ? [{ ...about, key: `job:${job.name}`, says: `fails: ${failureWords(job)}` }] : []),
    ...(missed === undefined || queued.has(job.name)
      ? []
      : [{ ...about, key: `job:${job.name} missed`, says: `was due at ${missed.since} and has not begun` }]),
    ...(queued.has(job.name)
      ? [{ ...about, key: `job:${job.name} queued`, says: 'waits to begin', patienceMs: QUEUE_PATIENCE_MS }]
      : []),
  ];
}

function failureWords({ errorsSinceLastSuccess: errors, lastError, lastSuccess }: Job): string {
  const times = `${errors} ${errors === 1 ? 'time' : 'times'} since its last success`;
  return `${times} (${lastSuccess ?? 'it never had one'}), last at ${lastError ?? 'an unknown time'}`;
}

function backupProblems(backup: BackupAge | undefined): Problem[] {
  if (!backup?.late) return [];
  const says = backup.words.replace(/\.$/, '').replace(/^(.)/, (letter) => letter.toLowerCase());
  return [{ key: 'backup', title: 'Backup', severity: 'degraded', says: `is missing: ${says}`, needs: [] }];
}

function isGood(app: App): boolean {
  return GOOD_STATES.has(healthByCounts(app).state);
}

/** The layers that people see as a stack, with what each says. */
export function layersOf({ health }: Reading, ...names: string[]): Layer[] {
  return health.layers.filter(({ name }) => names.includes(name));
}
