import type { Delays, Timers } from '../timing.js';
import type { App } from './app.js';
import type { Instance } from './instance.js';
import type { Launcher } from './launcher.js';
import { actionJson, runSpec, type Action, type Step } from './plan.js';
import { groupJson, type GroupView, type Root } from './root.js';

export type Deployment = {
  id: string;
  version: string;
  original: Root;
  target: Root;
  steps: Step[];
  /** 0 before the first step begins. */
  currentStep: number;
  announcedMs: number;
  /** Holds its apps and never gets anywhere. */
  stuck: boolean;
};

export type Deployments = ReturnType<typeof createDeployments>;

export type DeploymentDeps = {
  timers: Timers;
  delays: Delays;
  launcher: Launcher;
  emit: (type: string, data: Record<string, unknown>) => void;
  /** Whether it is a version after 1.4, whose events carry no apps. */
  isNewer: () => boolean;
  print: (app: App) => unknown;
};

/** Carries deployments out, step by step, and knows which are under way. */
export function createDeployments({ timers, delays, launcher, emit, isNewer, print }: DeploymentDeps) {
  const planJson = (deployment: Deployment) => planOf(deployment, isNewer() ? undefined : { ...WHOLE, apps: print });
  const active: Deployment[] = [];

  function start(deployment: Deployment): void {
    if (deployment.steps.length === 0) {
      emit('deployment_success', { id: deployment.id, plan: planJson(deployment) });
      return;
    }
    active.push(deployment);
    tellOfHealthChecks(deployment, emit);
    timers.after(delays.stepMs, () => nextStep(deployment));
  }

  function nextStep(deployment: Deployment): void {
    if (!active.includes(deployment)) return;
    const step = deployment.steps[deployment.currentStep];
    if (!step) {
      end(deployment, 'deployment_success');
      return;
    }
    deployment.currentStep++;
    emit('deployment_info', { plan: planJson(deployment), currentStep: { actions: step.map(typedAction) } });
    for (const action of step) begin(deployment, action);
    look(deployment);
  }

  function begin({ target, stuck }: Deployment, { kind, id }: Action): void {
    if (stuck) return;
    const runtime = launcher.runtime(id);
    const spec = runSpec(target, id);
    runtime.restartLimit = undefined;
    if (kind === 'StopApplication') runtime.want = 0;
    if (kind === 'ScaleApplication') runtime.want = spec?.instances ?? 0;
    if (kind === 'RestartApplication') {
      runtime.want = spec?.instances ?? 0;
      runtime.restartLimit = restartBounds(id, target).most;
      Object.assign(runtime, { delayUntilMs: 0, backoffMs: 0 });
    }
    launcher.settle(id);
  }

  function restartBounds(id: string, target: Root): { least: number; most: number } {
    const app = runSpec(target, id);
    const instances = app?.instances ?? 0;
    const { minimumHealthCapacity = 1, maximumOverCapacity = 1 } = app?.upgradeStrategy ?? {};
    const least = Math.ceil(instances * minimumHealthCapacity);
    const most = Math.floor(instances * (1 + maximumOverCapacity));
    // With neither room above nor below nothing could move: Marathon then allows one more.
    return least === most && most <= launcher.activeOf(launcher.runtime(id)).length
      ? { least, most: most + 1 }
      : { least, most };
  }

  /** Looks whether the current step is done, and moves a restart on. */
  function look(deployment: Deployment): void {
    if (deployment.stuck || deployment.currentStep === 0 || !active.includes(deployment)) return;
    const step = deployment.steps[deployment.currentStep - 1];
    if (!step) return;
    for (const action of step) if (action.kind === 'RestartApplication') replaceOld(deployment, action.id);
    if (!step.every((action) => isDone(deployment, action))) return;
    const finished = deployment.currentStep;
    timers.after(delays.stepMs, () => {
      if (deployment.currentStep !== finished || !active.includes(deployment)) return;
      emit('deployment_step_success', { plan: planJson(deployment), currentStep: { actions: step.map(typedAction) } });
      nextStep(deployment);
    });
  }

  function replaceOld({ target }: Deployment, id: string): void {
    const runtime = launcher.runtime(id);
    const { least } = restartBounds(id, target);
    const alive = launcher.activeOf(runtime);
    const old = alive.filter((instance) => !launcher.isCurrent(instance));
    const spare = alive.filter((instance) => isReady(instance)).length - least;
    const unready = old.filter((instance) => !isReady(instance));
    const ready = old.filter((instance) => isReady(instance));
    for (const instance of [...unready, ...ready.slice(0, Math.max(0, spare))]) launcher.kill(instance);
    launcher.settle(id);
  }

  function isReady(instance: Instance): boolean {
    return launcher.isReady(instance);
  }

  function isDone({ target }: Deployment, { kind, id }: Action): boolean {
    const runtime = launcher.runtime(id);
    const instances = [...runtime.instances.values()];
    const wanted = runSpec(target, id)?.instances ?? 0;
    if (kind === 'StartApplication' || kind === 'ResolveArtifacts') return true;
    if (kind === 'StopApplication') return instances.length === 0;
    const settled = launcher.activeOf(runtime).filter((instance) => isReady(instance));
    if (kind === 'ScaleApplication') return settled.length >= wanted && instances.length <= wanted;
    return (
      settled.filter((instance) => launcher.isCurrent(instance)).length >= wanted &&
      instances.every((instance) => launcher.isCurrent(instance))
    );
  }

  function end(deployment: Deployment, event: 'deployment_success' | 'deployment_failed'): void {
    const index = active.indexOf(deployment);
    if (index < 0) return;
    active.splice(index, 1);
    for (const { kind, id } of deployment.steps.flat()) {
      launcher.runtime(id).restartLimit = undefined;
      if (kind === 'StopApplication' && event === 'deployment_success') {
        emit('app_terminated_event', { appId: id });
        launcher.forget(id);
      }
    }
    const reason = event === 'deployment_failed' && isNewer() ? { reason: 'canceled' } : {};
    emit(event, { id: deployment.id, plan: planJson(deployment), ...reason });
  }

  /** Ends it where it stands: nothing is put back, and Marathon does not go on with it. */
  function cancel(deployment: Deployment): void {
    const ids = affectedIds(deployment);
    end(deployment, 'deployment_failed');
    for (const id of ids) {
      const runtime = launcher.runtime(id);
      runtime.want = Math.min(Math.max(launcher.activeOf(runtime).length, 0), runtime.want || Number.MAX_SAFE_INTEGER);
    }
  }

  function onChange(id: string): void {
    for (const deployment of touching([id])) look(deployment);
  }

  function touching(ids: Iterable<string>): Deployment[] {
    const wanted = new Set(ids);
    return active.filter((deployment) => affectedIds(deployment).some((id) => wanted.has(id)));
  }

  return {
    active,
    start,
    cancel,
    onChange,
    touching,
    find: (id: string) => active.find((deployment) => deployment.id === id),
    /** What GET /v2/deployments shows: nothing of a deployment that was only just announced. */
    listed: () =>
      active.filter(
        (one) => one.stuck || (one.currentStep > 0 && timers.nowMs() - one.announcedMs >= delays.unlistedMs),
      ),
    json: (deployment: Deployment) => deploymentJson(deployment, launcher),
    readiness: (deployment: Deployment, id: string) => readinessResults(deployment, { id, launcher }),
  };
}

/** Which health checks come and go with it. */
function tellOfHealthChecks({ original, target, version, steps }: Deployment, emit: DeploymentDeps['emit']): void {
  const text = (check: unknown) => JSON.stringify(check);
  for (const appId of new Set(steps.flat().map(({ id }) => id))) {
    const before = original.apps.get(appId)?.healthChecks ?? [];
    const after = target.apps.get(appId)?.healthChecks ?? [];
    for (const healthCheck of after)
      if (!before.some((one) => text(one) === text(healthCheck)))
        emit('add_health_check_event', { appId, version, healthCheck });
    for (const healthCheck of before)
      if (!after.some((one) => text(one) === text(healthCheck)))
        emit('remove_health_check_event', { appId, version, healthCheck });
  }
}

export function affectedIds({ steps }: Deployment): string[] {
  return [...new Set(steps.flat().map(({ id }) => id))];
}

function deploymentJson(deployment: Deployment, launcher: Launcher): Record<string, unknown> {
  const { id, version, steps, currentStep } = deployment;
  const actions = steps.flat();
  const ids = (pod: boolean) => [...new Set(actions.filter((action) => action.pod === pod).map((action) => action.id))];
  return {
    id,
    version,
    affectedApps: ids(false),
    affectedPods: ids(true),
    steps: steps.map((step) => ({ actions: step.map(actionJson) })),
    currentActions: (steps[Math.max(0, currentStep - 1)] ?? []).map((action) => ({
      ...actionJson(action),
      readinessCheckResults: readinessResults(deployment, { id: action.id, launcher }),
    })),
    currentStep: Math.max(1, currentStep),
    totalSteps: steps.length,
  };
}

function readinessResults({ target }: Deployment, { id, launcher }: { id: string; launcher: Launcher }): unknown[] {
  const checks = target.apps.get(id)?.readinessChecks ?? [];
  const instances = [...launcher.runtime(id).instances.values()].filter(({ task }) => task.state === 'TASK_RUNNING');
  return instances.flatMap((instance) =>
    checks.map((check) => {
      const ready = launcher.isReady(instance);
      const lastResponse = { status: ready ? 200 : 503, contentType: 'application/json', body: '{}' };
      return {
        name: check.name ?? 'readinessCheck',
        taskId: instance.task.id,
        ready,
        ...(check.preserveLastResponse && { lastResponse }),
      };
    }),
  );
}

// Events name the kind of an action `type`, unlike the list of deployments.
function typedAction(action: Action): Record<string, string> {
  const { action: type, ...rest } = actionJson(action);
  return { type: type ?? '', ...rest };
}

const WHOLE = { pods: (pod: unknown) => pod, groups: true };

/** The plan in an event: with both whole roots, as 1.4 sends them, or without. */
function planOf(
  { id, version, original, target, steps }: Deployment,
  roots: GroupView | undefined,
): Record<string, unknown> {
  return {
    id,
    ...(roots && { original: groupJson(original, '/', roots), target: groupJson(target, '/', roots) }),
    steps: steps.map((step) => ({ actions: step.map(typedAction) })),
    version,
  };
}
