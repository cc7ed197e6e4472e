import { StarsError } from '../errors.js';
import type { Chronos } from './chronos/client.js';
import { jobState } from './chronos/job-health.js';
import { type Culprit, type Finding, limited } from './finding.js';
import { GOOD_STATES, healthByCounts, waitsForPlace } from './marathon/app-health.js';
import type { Marathon } from './marathon/client.js';
import { failureWords, type RecentFailures } from './marathon/describe-app.js';
import type { App } from './marathon/schema.js';
import { describeFailure } from './marathon/waiting.js';
import type { MesosDns } from './mesos-dns/client.js';
import type { Master, Mesos } from './mesos/client.js';
import type { Services } from './services/client.js';
import type { ServerAnswer, ZooKeeper } from './zookeeper/client.js';
import { counted } from '../model/figures.js';

type Looking = { signal: AbortSignal };
type LookingNow = Looking & { now: Date };

export async function probeZooKeeper(zookeeper: ZooKeeper, { signal }: Looking): Promise<Finding> {
  return judgeEnsemble(await zookeeper.eachServer({ signal }));
}

/** An ensemble serves with one leader and a majority behind it; a server that may not say how it is counts as living. */
export function judgeEnsemble(servers: readonly ServerAnswer[]): Finding {
  const majority = Math.floor(servers.length / 2) + 1;
  const serving = servers.filter(({ said }) => said.kind === 'serving');
  const mute = servers.filter(({ said }) => said.kind === 'not-allowed' || said.kind === 'unknown');
  const details = servers.flatMap(({ address, said }) => troubleOf(address, said));
  const living = serving.length + mute.length;
  if (serving.length === 0 && mute.length > 0 && living >= majority) {
    return {
      state: 'unknown',
      reason: `${living} of ${servers.length} servers answer, but none may say more than that`,
      details,
    };
  }
  if (living < majority)
    return {
      state: 'down',
      silent: servers.every(({ said }) => said.kind === 'down'),
      reason: `has no quorum: ${living} of ${servers.length} servers serve, ${majority} are needed`,
      details,
    };
  const leaders = servers.filter(
    ({ said }) => said.kind === 'serving' && (said.mode === 'leader' || said.mode === 'standalone'),
  );
  if (leaders.length > 1)
    return { state: 'degraded', reason: `${leaders.length} servers lead: they are not one ensemble`, details };
  const behind = followersBehind(servers, leaders[0]);
  if (living < servers.length)
    return { state: 'degraded', reason: `${living} of ${servers.length} servers serve`, details };
  if (behind > 0)
    return {
      state: 'degraded',
      reason: `${behind} of ${servers.length - 1} followers are not in step with the leader`,
      details,
    };
  if (leaders.length === 0 && mute.length === 0)
    return { state: 'degraded', reason: 'no server says that it leads', details };
  return {
    state: 'up',
    reason: `${living} of ${servers.length} servers serve${leaders[0] ? `, ${leaders[0].address} leads` : ''}`,
    details,
  };
}

function followersBehind(servers: readonly ServerAnswer[], leader: ServerAnswer | undefined): number {
  if (leader?.said.kind !== 'serving' || leader.said.syncedFollowers === undefined) return 0;
  return Math.max(0, servers.length - 1 - leader.said.syncedFollowers);
}

function troubleOf(address: string, said: ServerAnswer['said']): string[] {
  if (said.kind === 'down') return [said.words.replace(/\.$/, '')];
  if (said.kind === 'no-quorum') return [`${address} lives but is not serving`];
  if (said.kind === 'not-allowed') return [`${address} answers but may not say how it is (whitelist)`];
  return said.kind === 'unknown' ? [`${address} says something odd: ${said.words}`] : [];
}

/** Exactly one master must say that it was elected. */
export async function probeMasters(mesos: Mesos, { signal }: Looking): Promise<Finding> {
  const all = await mesos.eachMaster({ signal });
  const answering = all
    .map(({ answer }) => answer)
    .filter((answer): answer is Master => !(answer instanceof StarsError));
  const details = all.flatMap(({ answer }) =>
    answer instanceof StarsError ? [answer.message.replace(/\.$/, '')] : [],
  );
  const leaders = answering.filter(({ elected }) => elected);
  if (answering.length === 0)
    return { state: 'down', reason: `none of ${all.length} masters answers`, details, silent: true };
  if (leaders.length !== 1) {
    const reason =
      leaders.length === 0
        ? `no master is elected (${answering.length} of ${all.length} answer)`
        : `${leaders.length} masters say that they lead`;
    return { state: leaders.length === 0 ? 'down' : 'degraded', reason, details };
  }
  const reason = `${answering.length} of ${all.length} masters answer, ${new URL(leaders[0]?.url ?? '').host} leads`;
  return { state: answering.length < all.length ? 'degraded' : 'up', reason, details };
}

export async function probeAgents(mesos: Mesos, { signal }: Looking): Promise<Finding> {
  const [{ agents }, masters, maintained] = await Promise.all([
    mesos.stateSummary({ signal }),
    mesos.eachMaster({ signal }),
    maintenanceWords(mesos, signal),
  ]);
  const leader = masters
    .map(({ answer }) => answer)
    .find((answer): answer is Master => !(answer instanceof StarsError) && answer.elected);
  const gone =
    (leader?.metrics.get('master/slaves_unreachable') ?? 0) + (leader?.metrics.get('master/slaves_disconnected') ?? 0);
  const active = agents.filter((agent) => agent.active);
  const inactive = agents.filter((agent) => !agent.active).map(({ hostname, id }) => `${hostname ?? id} is not active`);
  if (active.length === 0)
    return { state: 'down', reason: `no agent is registered: nothing can run${maintained}`, details: inactive };
  const figures = { ...usage(leader), agentsActive: active.length, agentsMissing: Math.max(gone, inactive.length) };
  const use = `${percent(leader, 'cpus')} of the CPUs and ${percent(leader, 'mem')} of the memory in use`;
  const missing = Math.max(gone, inactive.length);
  if (missing > 0)
    return {
      state: 'degraded',
      reason: `${active.length} active, ${missing} gone or cut off${maintained}; ${use}`,
      details: limited(inactive),
      figures,
    };
  return { state: 'up', reason: `${active.length} active${maintained}; ${use}`, figures };
}

/** Which machines somebody has taken out on purpose; nothing where that may not be read. */
async function maintenanceWords(mesos: Mesos, signal: AbortSignal): Promise<string> {
  const status = await mesos.maintenance.status({ signal }).catch(() => undefined);
  if (!status) return '';
  const named = (['draining', 'down'] as const).flatMap((state) =>
    status[state].map(({ hostname, ip }) => `${hostname || ip} ${state}`),
  );
  return named.length === 0 ? '' : `, ${named.length} in maintenance (${limited(named, 3).join(', ')})`;
}

/** What of the cluster is in use, as its leading master counts it. */
function usage(leader: Master | undefined): Record<string, number> {
  const names = ['cpus', 'mem', 'disk', 'gpus'].flatMap((name) => [`${name}_used`, `${name}_total`]);
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = leader?.metrics.get(`master/${name}`);
      return value === undefined ? [] : [[name.replace(/_(.)/, (_, letter: string) => letter.toUpperCase()), value]];
    }),
  );
}

function percent(leader: Master | undefined, resource: 'cpus' | 'mem'): string {
  const fraction = leader?.metrics.get(`master/${resource}_percent`);
  return fraction === undefined ? 'an unknown part' : `${Math.round(fraction * 100)} %`;
}

type LookingAtApps = LookingNow & {
  /** What looks well by the counts, but crashed several times of late. */
  failuresOf: (apps: readonly App[]) => Promise<Failures>;
};
type Failures = ReadonlyMap<string, RecentFailures>;

export async function probeMarathon(marathon: Marathon, { signal, now, failuresOf }: LookingAtApps): Promise<Finding> {
  const [leader, apps, deployments] = await Promise.all([
    marathon.leader({ signal }),
    marathon.apps({ signal }),
    marathon.deployments({ signal }),
  ]);
  if (leader === undefined) return { state: 'down', reason: 'has no leader' };
  const looksGood = (app: App) => GOOD_STATES.has(healthByCounts(app).state);
  const failures = await failuresOf(apps.filter(looksGood));
  const bad = apps.filter((app) => failures.has(app.id) || !looksGood(app));
  const figures = { apps: apps.length, appsInTrouble: bad.length, deployments: deployments.length };
  const running = deployments.length > 0 ? `, ${counted(deployments.length, 'deployment')} running` : '';
  if (bad.length === 0)
    return {
      state: 'up',
      reason: `${counted(apps.length, 'app')}, all as they should be${running}`,
      figures,
    };
  return {
    state: 'degraded',
    reason: `${bad.length} of ${apps.length} apps not as they should be${running}`,
    details: limited(bad.map((app) => `${app.id}: ${wordsOf(app, failures)}`)),
    figures,
    culprit: culpritOf(bad, failures),
    troubledApps: bad.map((app) => ({ name: lastPartOf(app.id), waits: waitsForPlace(app, now) })),
  };
}

function culpritOf(bad: readonly App[], failures: Failures): Culprit {
  const [only, second] = bad;
  if (only && !second) return { name: `The app ${only.id}`, is: 'is in trouble', why: wordsOf(only, failures) };
  const why = limited(
    bad.map(({ id }) => id),
    3,
  ).join(', ');
  return { name: counted(bad.length, 'app'), is: 'are in trouble', why };
}

function lastPartOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function wordsOf(app: App, failures: Failures): string {
  const failure = app.lastTaskFailure ? `; last failure: ${describeFailure(app.lastTaskFailure)}` : '';
  return `${healthByCounts(app).words}${failureWords(failures.get(app.id))}${failure}`;
}

export async function probeChronos(chronos: Chronos, { signal }: Looking): Promise<Finding> {
  const jobs = await chronos.jobs({ signal });
  const leader = await chronos.leader({ signal });
  if (!leader) return { state: 'down', reason: 'has no leader' };
  const failing = jobs.filter((job) => jobState(job) === 'failing');
  const figures = { jobs: jobs.length, jobsFailing: failing.length };
  if (failing.length === 0) return { state: 'up', reason: `${counted(jobs.length, 'job')}, none failing`, figures };
  const lines = failing.map(
    ({ name, errorsSinceLastSuccess: errors, lastError }) =>
      `${name}: ${errors} failed since its last success (${lastError ?? 'never'})`,
  );
  return {
    state: 'degraded',
    reason: `${failing.length} of ${jobs.length} jobs failing`,
    details: limited(lines),
    figures,
  };
}

// An answer about its version alone proves little: it must know the leader of the masters.
export async function probeMesosDns(mesosDns: MesosDns, { signal }: Looking): Promise<Finding> {
  const [version, leader] = await Promise.all([
    mesosDns.version({ signal }),
    mesosDns.hosts('leader.mesos', { signal }),
  ]);
  if (leader.length === 0)
    return { state: 'degraded', reason: `version ${version} answers but does not know leader.mesos` };
  return { state: 'up', reason: `version ${version}, leader.mesos is ${leader[0]?.ip}` };
}

export async function probeService(services: Services, name: string, { signal }: Looking): Promise<Finding> {
  return services.check(name, { signal });
}
