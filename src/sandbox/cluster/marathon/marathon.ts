import type { Ids } from '../ids.js';
import { Refusal } from '../reply.js';
import type { Framework, Mesos } from '../mesos/mesos.js';
import type { Delays, Timers } from '../timing.js';
import { assignPorts, compareApps, completeApp, type App, type AppFields } from './app.js';
import { affectedIds, createDeployments, type Deployment } from './deployments.js';
import { locked, notFound, notValid } from './errors.js';
import { createEvents } from './events.js';
import { createLauncher, type Runtime } from './launcher.js';
import { type MarathonVersion, printedNewer } from './newer-form.js';
import { planSteps, runSpec } from './plan.js';
import type { Pod } from './pod.js';
import { emptyRoot, type GroupInfo, parentOf, type Root } from './root.js';

/** A root on its way to the next version. */
export type Draft = { apps: Map<string, App>; pods: Map<string, Pod>; groups: Map<string, GroupInfo>; version: string };

export type ChangeOptions = {
  force: boolean;
  /** Apps that get new tasks although their definition stays. */
  restart?: string[];
  /** Only say what would be done. */
  dryRun?: boolean;
};

export type Accepted = { version: string; deploymentId: string; steps: ReturnType<typeof planSteps> };
export type Marathon = ReturnType<typeof createMarathon>;

const KEPT_VERSIONS = 50;

export type MarathonDeps = {
  mesos: Mesos;
  framework: Framework;
  timers: Timers;
  ids: Ids;
  delays: Delays;
  version?: MarathonVersion | undefined;
};

/** Marathon's state and what may be done to it; the HTTP routes put it into words. */
export function createMarathon({ mesos, framework, timers, ids, delays, version: firstVersion = '1.4' }: MarathonDeps) {
  let generation = firstVersion;
  const events = createEvents(timers);
  let lastVersionMs = 0;
  let loading = false;
  let root: Root = emptyRoot(newVersion());
  const rootHistory: Root[] = [root];
  const history = new Map<string, Map<string, App>>();
  const podHistory = new Map<string, Map<string, Pod>>();
  const launcher = createLauncher({
    mesos,
    framework,
    timers,
    ids,
    delays,
    appOf: (id) => runSpec(root, id),
    isNewer: () => generation !== '1.4',
    firstContainerOf: (id) => root.pods.get(id)?.containers[0]?.name,
    emit: events.emit,
    onChange: (id) => deployments.onChange(id),
  });
  const deployments = createDeployments({
    timers,
    delays,
    launcher,
    emit: events.emit,
    isNewer: () => generation !== '1.4',
    print,
  });

  /** An app as this version prints it. */
  function print(app: App): Record<string, unknown> {
    return generation === '1.4' ? app : printedNewer(app);
  }

  /** A version: the time, moved on if two fall into one millisecond. */
  function newVersion(): string {
    lastVersionMs = Math.max(timers.nowMs(), lastVersionMs + 1);
    return new Date(lastVersionMs).toISOString();
  }

  /** Changes what is wanted and starts the deployment to it; 409 if another one holds what it touches, unless forced. */
  function change(edit: (draft: Draft) => void, options: ChangeOptions): Accepted {
    const made = newVersion();
    try {
      return changed(edit, options, made);
    } catch (error) {
      if (error instanceof Refusal && !options.dryRun)
        events.emit('group_change_failed', { groupId: '/', version: made, reason: reasonOf(error) });
      throw error;
    }
  }

  function changed(
    edit: (draft: Draft) => void,
    { force, restart = [], dryRun = false }: ChangeOptions,
    made: string,
  ): Accepted {
    const draft: Draft = {
      apps: new Map(root.apps),
      pods: new Map(root.pods),
      groups: new Map(root.groups),
      version: made,
    };
    edit(draft);
    nameGroups(draft, made);
    refuseCycles(draft.apps);
    const touched = new Set(restart);
    const target: Root = { ...draft, apps: versioned(draft, touched), version: made };
    const steps = planSteps(root, target, touched);
    const deployment: Deployment = {
      id: ids.uuid(),
      version: made,
      original: root,
      target,
      steps,
      currentStep: 0,
      announcedMs: timers.nowMs(),
      stuck: false,
    };
    if (dryRun) return { version: made, deploymentId: deployment.id, steps };
    makeRoom(deployment, force);
    commit(target);
    deployments.start(deployment);
    return { version: made, deploymentId: deployment.id, steps };
  }

  function versioned(draft: Draft, touched: ReadonlySet<string>): Map<string, App> {
    const takenPorts = new Set([...root.apps.values(), ...draft.apps.values()].flatMap(({ ports }) => ports ?? []));
    const apps = new Map<string, App>();
    for (const [id, app] of draft.apps) {
      const withPorts = assignPorts(app, takenPorts);
      for (const port of withPorts.ports ?? []) takenPorts.add(port);
      apps.set(id, stamped(withPorts, { version: draft.version, touched: touched.has(id) }));
    }
    return apps;
  }

  function stamped(app: App, { version: made, touched }: { version: string; touched: boolean }): App {
    const before = root.apps.get(app.id);
    const difference = before && !touched ? compareApps(before, app) : 'config';
    if (before && difference === 'none') return before;
    const lastConfigChangeAt = difference === 'config' || !before ? made : before.versionInfo.lastConfigChangeAt;
    return { ...app, version: made, versionInfo: { lastScalingAt: made, lastConfigChangeAt } };
  }

  function makeRoom(deployment: Deployment, force: boolean): void {
    const inTheWay = deployments.touching(affectedIds(deployment));
    if (inTheWay.length > 0 && !force) throw locked(inTheWay.map(({ id }) => id));
    for (const other of inTheWay) deployments.cancel(other);
  }

  function commit(target: Root): void {
    for (const id of root.apps.keys()) if (!target.apps.has(id)) history.delete(id);
    for (const app of target.apps.values()) remember(history, app);
    for (const pod of target.pods.values()) remember(podHistory, pod);
    root = target;
    rootHistory.push(target);
    if (rootHistory.length > KEPT_VERSIONS) rootHistory.shift();
    events.emit('group_change_success', { groupId: '/', version: target.version });
  }

  /** Reverts a running deployment by a new one; what other deployments did to other apps stays. */
  function revert(id: string): Accepted {
    const deployment = requireDeployment(id);
    return change(
      (draft) => {
        for (const affected of affectedIds(deployment)) {
          restore(draft.apps, affected, deployment.original.apps.get(affected));
          restore(draft.pods, affected, deployment.original.pods.get(affected));
        }
      },
      { force: true },
    );
  }

  function requireDeployment(id: string): Deployment {
    const deployment = deployments.find(id);
    if (!deployment) throw notFound(`DeploymentPlan ${id} does not exist`);
    return deployment;
  }

  /** Takes over what a backup holds, with its versions; tasks start at once where they fit. */
  function load(apps: Record<string, unknown>[]): void {
    const loaded = new Map(root.apps);
    for (const raw of apps) {
      const app = loadedApp(raw, newVersion());
      loaded.set(app.id, app);
      remember(history, app);
    }
    const groups = new Map(root.groups);
    const version = newVersion();
    nameGroups({ apps: loaded, pods: root.pods, groups }, version);
    root = { ...root, apps: loaded, groups, version };
    rootHistory.push(root);
    for (const app of loaded.values()) launcher.startLoaded(app);
  }

  /** A deployment that holds the app and does nothing. */
  function lock(appId: string, deploymentId: string = ids.uuid()): string {
    deployments.start({
      id: deploymentId,
      version: newVersion(),
      original: root,
      target: root,
      steps: [[{ kind: 'ScaleApplication', id: appId, pod: false }]],
      currentStep: 0,
      announcedMs: timers.nowMs() - delays.unlistedMs,
      stuck: true,
    });
    return deploymentId;
  }

  /** The newest offers that did not fit the app, with the reason. */
  function unusedOffers({ stats }: Runtime): unknown[] {
    return mesos
      .offers()
      .filter(({ agent }) => (stats.lastOffers.get(agent.id) ?? 'used') !== 'used')
      .map((offer) => ({
        offer: {
          id: `${framework.id}-O${stats.processed}`,
          agentId: offer.agent.id,
          hostname: offer.agent.name,
          resources: (['cpus', 'mem', 'disk'] as const).map((name) => ({ name, scalar: offer[name], role: '*' })),
          attributes: [],
        },
        timestamp: new Date(stats.lastUnusedMs ?? timers.nowMs()).toISOString(),
        reason: [stats.lastOffers.get(offer.agent.id)],
      }));
  }

  return {
    events,
    launcher,
    deployments,
    framework,
    history,
    podHistory,
    rootHistory,
    root: () => root,
    /** A new leader that has not read its tasks yet shows none. */
    isLoading: () => loading,
    setLoading(value: boolean) {
      loading = value;
    },
    nowMs: () => timers.nowMs(),
    newVersion,
    change,
    revert,
    requireDeployment,
    load,
    lock,
    unusedOffers,
    print,
    version: () => generation,
    setVersion(value: MarathonVersion) {
      generation = value;
    },
  };
}

/** The groups of an app or pod stay when it is gone. */
function nameGroups({ apps, pods, groups }: Omit<Root, 'version'> & Pick<Draft, 'groups'>, version: string): void {
  for (const id of [...apps.keys(), ...pods.keys()])
    for (let group = parentOf(id); group !== '/'; group = parentOf(group))
      if (!groups.has(group)) groups.set(group, { dependencies: [], version });
}

function reasonOf({ reply: { json } }: Refusal): string {
  return (json as { message?: string } | undefined)?.message ?? '';
}

function refuseCycles(apps: ReadonlyMap<string, App>): void {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open')
      throw notValid([{ path: '/', errors: ['Dependency graph has cyclic dependencies.'] }]);
    state.set(id, 'open');
    for (const one of apps.get(id)?.dependencies ?? [])
      for (const other of apps.keys()) if (other !== id && (other === one || other.startsWith(`${one}/`))) visit(other);
    state.set(id, 'done');
  };
  for (const id of apps.keys()) visit(id);
}

function remember<Spec extends { id: string; version: string }>(
  history: Map<string, Map<string, Spec>>,
  spec: Spec,
): void {
  const versions = history.get(spec.id) ?? new Map<string, Spec>();
  versions.set(spec.version, spec);
  if (versions.size > KEPT_VERSIONS) versions.delete([...versions.keys()].sort()[0] ?? '');
  history.set(spec.id, versions);
}

function restore<Spec>(into: Map<string, Spec>, id: string, old: Spec | undefined): void {
  if (old === undefined) into.delete(id);
  else into.set(id, old);
}

function loadedApp(raw: Record<string, unknown>, version: string): App {
  const fields = raw as AppFields & { id: string; versionInfo?: App['versionInfo'] };
  const app = completeApp(fields.id, fields, fields.version ?? version);
  return { ...assignPorts(app, new Set()), ...(fields.versionInfo && { versionInfo: fields.versionInfo }) };
}
