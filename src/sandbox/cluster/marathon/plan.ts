import { compareApps, type App } from './app.js';
import { podAsApp } from './pod.js';
import type { Root } from './root.js';

export type ActionKind =
  | 'StartApplication'
  | 'StopApplication'
  | 'ScaleApplication'
  | 'RestartApplication'
  | 'ResolveArtifacts';
export type Action = { kind: ActionKind; id: string; pod: boolean };
export type Step = Action[];

/** What one root has for an id, app or pod. */
export function runSpec(root: Root, id: string): App | undefined {
  const pod = root.pods.get(id);
  return root.apps.get(id) ?? (pod && podAsApp(pod));
}

/** The steps from one root to another: stops, then starts with no instances, then scaling and restarts, parents first. */
export function planSteps(original: Root, target: Root, touched: ReadonlySet<string>): Step[] {
  const ids = [
    ...new Set([...original.apps.keys(), ...original.pods.keys(), ...target.apps.keys(), ...target.pods.keys()]),
  ];
  const action = (kind: ActionKind, id: string): Action => ({
    kind,
    id,
    pod: (target.pods.get(id) ?? original.pods.get(id)) !== undefined,
  });
  const stops = ids
    .filter((id) => runSpec(original, id) && !runSpec(target, id))
    .map((id) => action('StopApplication', id));
  const starts = ids
    .filter((id) => !runSpec(original, id) && runSpec(target, id))
    .map((id) => action('StartApplication', id));
  const artifacts = starts
    .filter(({ id }) => target.apps.get(id)?.storeUrls.length)
    .map(({ id }) => action('ResolveArtifacts', id));
  const changes = ids.flatMap((id) => changeOf(original, target, { id, touched }).map((kind) => action(kind, id)));
  return [artifacts, stops, starts, ...inOrder(changes, target)].filter((step) => step.length > 0);
}

function changeOf(
  original: Root,
  target: Root,
  { id, touched }: { id: string; touched: ReadonlySet<string> },
): ActionKind[] {
  const before = runSpec(original, id);
  const after = runSpec(target, id);
  if (!after) return [];
  if (!before) return after.instances > 0 ? ['ScaleApplication'] : [];
  if (touched.has(id)) return ['RestartApplication'];
  const change = compareApps(before, after);
  if (change === 'config') return ['RestartApplication'];
  return change === 'scale' ? ['ScaleApplication'] : [];
}

/** Actions in steps: an app comes after all the apps and groups on which it depends. */
function inOrder(actions: Action[], target: Root): Step[] {
  const depth = new Map<string, number>();
  const depthOf = (id: string, path: string[]): number => {
    const known = depth.get(id);
    if (known !== undefined) return known;
    if (path.includes(id)) return 0;
    const dependencies = target.apps.get(id)?.dependencies ?? [];
    const before = actions.filter(
      (other) => other.id !== id && dependencies.some((one) => other.id === one || other.id.startsWith(`${one}/`)),
    );
    const own = before.length === 0 ? 0 : 1 + Math.max(...before.map((other) => depthOf(other.id, [...path, id])));
    depth.set(id, own);
    return own;
  };
  const steps: Step[] = [];
  for (const action of actions) (steps[depthOf(action.id, [])] ??= []).push(action);
  return steps.filter((step) => step !== undefined);
}

/** An action as Marathon prints it: pods have their own names. */
export function actionJson({ kind, id, pod }: Action): Record<string, string> {
  return pod ? { action: kind.replace('Application', 'Pod'), pod: id } : { action: kind, app: id };
}
