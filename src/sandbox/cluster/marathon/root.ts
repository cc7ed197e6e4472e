import type { App } from './app.js';
import type { Pod } from './pod.js';

export type GroupInfo = { dependencies: string[]; version: string };

/** Everything Marathon has been told to run, at one version. Never changed in place. */
export type Root = {
  version: string;
  apps: ReadonlyMap<string, App>;
  pods: ReadonlyMap<string, Pod>;
  /** Groups that were made or named, and those that an app or pod was once put into. */
  groups: ReadonlyMap<string, GroupInfo>;
};

export function emptyRoot(version: string): Root {
  return { version, apps: new Map(), pods: new Map(), groups: new Map() };
}

export function parentOf(id: string): string {
  return id.slice(0, id.lastIndexOf('/')) || '/';
}

export function isWithin(id: string, group: string): boolean {
  return group === '/' || id === group || id.startsWith(`${group}/`);
}

/** Whether a group with this id exists, by itself or through what is in it. */
export function hasGroup(root: Root, id: string): boolean {
  if (id === '/' || root.groups.has(id)) return true;
  const inside = (key: string) => key.startsWith(`${id}/`);
  return [...root.apps.keys(), ...root.pods.keys(), ...root.groups.keys()].some(inside);
}

function childGroups(root: Root, id: string): string[] {
  const prefix = id === '/' ? '/' : `${id}/`;
  const names = new Set<string>();
  const collect = (key: string, isGroup: boolean) => {
    if (!key.startsWith(prefix) || key === id) return;
    const rest = key.slice(prefix.length).split('/');
    if (rest.length > 1 || isGroup) names.add(`${prefix}${rest[0]}`);
  };
  for (const key of [...root.apps.keys(), ...root.pods.keys()]) collect(key, false);
  for (const key of root.groups.keys()) collect(key, true);
  return [...names].sort();
}

export type GroupJson = {
  id: string;
  apps?: unknown[];
  pods?: unknown[];
  groups?: GroupJson[];
  dependencies: string[];
  version: string;
};

export type GroupView = {
  apps: ((app: App) => unknown) | undefined;
  pods: ((pod: Pod) => unknown) | undefined;
  groups: boolean;
};

/** A group as `/v2/groups` prints it; what the view leaves out is absent. */
export function groupJson(root: Root, id: string, view: GroupView): GroupJson {
  const own = <Thing>(all: ReadonlyMap<string, Thing>) =>
    [...all].filter(([key]) => parentOf(key) === id).map(([, one]) => one);
  return {
    id,
    ...(view.apps && { apps: own(root.apps).map(view.apps) }),
    ...(view.groups && { groups: childGroups(root, id).map((child) => groupJson(root, child, view)) }),
    ...(view.pods && { pods: own(root.pods).map(view.pods) }),
    dependencies: root.groups.get(id)?.dependencies ?? [],
    version: id === '/' ? root.version : newestWithin(root, id),
  };
}

function newestWithin(root: Root, id: string): string {
  const versions = [...root.apps.values(), ...root.pods.values()]
    .filter((one) => isWithin(one.id, id))
    .map(({ version }) => version);
  return [...versions, root.groups.get(id)?.version ?? ''].sort().at(-1) || root.version;
}
