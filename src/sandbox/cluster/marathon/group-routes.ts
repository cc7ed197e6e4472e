import { flag, route, type Handler, type Route } from '../http.js';
import { absoluteId, completeApp, type App } from './app.js';
import { checkApp, checkId, parseObject, readAppFields, requireObject } from './app-fields.js';
import { appJson, listParts } from './app-json.js';
import { conflict, invalidJson, notFound, requirementFailed } from './errors.js';
import type { Accepted, Draft, Marathon } from './marathon.js';
import type { MarathonVersion } from './newer-form.js';
import { actionJson } from './plan.js';
import { completePod, type Pod } from './pod.js';
import { groupJson, hasGroup, isWithin, parentOf, type GroupView, type Root } from './root.js';

/** Groups of apps and pods. */
export function groupRoutes(marathon: Marathon): Route[] {
  function requireGroup(id: string, root: Root = marathon.root()): string {
    if (!hasGroup(root, id)) throw notFound(`Group '${id}' does not exist`);
    return id;
  }

  function viewOf(query: URLSearchParams): GroupView {
    const embed = query.getAll('embed');
    if (embed.length === 0) return { apps: marathon.print, pods: (pod) => pod, groups: true };
    const parts = listParts(embed.filter((one) => one.startsWith('group.apps.')));
    const counts = embed.includes('group.apps.counts');
    const deployments = embed.includes('group.apps.deployments');
    return {
      apps: embed.some((one) => one.startsWith('group.apps'))
        ? (app) => appJson(marathon, app, { ...parts, counts, deployments })
        : undefined,
      pods: embed.includes('group.pods') ? (pod) => pod : undefined,
      groups: embed.includes('group.groups'),
    };
  }

  const show: Handler = ({ params, query }) => {
    const id = requireGroup(absoluteId(params[0] ?? '/'));
    return { json: groupJson(marathon.root(), id, viewOf(query)) };
  };

  const versions: Handler = ({ params }) => {
    const id = requireGroup(absoluteId(params[0] ?? '/'));
    return { json: marathon.rootHistory.filter((root) => hasGroup(root, id)).map(({ version }) => version) };
  };

  const oneVersion: Handler = ({ params }) => {
    const id = absoluteId(params[0] ?? '/');
    const root = rootAt(params[1] ?? '', id);
    return {
      json: groupJson(root, requireGroup(id, root), { apps: marathon.print, pods: (pod) => pod, groups: true }),
    };
  };

  function rootAt(version: string, id: string): Root {
    const root = marathon.rootHistory.find((one) => one.version === version);
    if (!root) throw notFound(`Group '${id}' does not exist in version ${version}`);
    return root;
  }

  const create: Handler = ({ body, query, params }) => {
    const json = parseObject(body);
    const id = absoluteId(typeof json['id'] === 'string' ? json['id'] : '/', absoluteId(params[0] ?? '/'));
    checkId(id);
    if (marathon.root().apps.has(id)) throw conflict(`An app with id [${id}] already exists.`);
    if (hasGroup(marathon.root(), id)) throw conflict(`Group ${id} is already created. Use PUT to change this group.`);
    const accepted = marathon.change(replaceGroup(json, id), { force: flag(query, 'force') });
    return { status: 201, headers: { ...idHeader(accepted), Location: `/v2/groups${id}` }, json: plain(accepted) };
  };

  const update: Handler = ({ body, query, params }) => {
    const json = parseObject(body);
    const id = absoluteId(params[0] ?? '/');
    const existed = hasGroup(marathon.root(), id);
    const dryRun = flag(query, 'dryRun');
    const accepted = marathon.change(editOf(json, id), { force: flag(query, 'force'), dryRun });
    if (dryRun) return { json: { steps: accepted.steps.map((step) => ({ actions: step.map(actionJson) })) } };
    return { status: existed ? 200 : 201, headers: idHeader(accepted), json: plain(accepted) };
  };

  /** Exactly one of a scaling, a rollback or a replacement. */
  function editOf(json: Record<string, unknown>, id: string): (draft: Draft) => void {
    const { scaleBy, version } = json;
    if (typeof version === 'string') {
      if (Object.keys(json).length > 1)
        throw requirementFailed('To update the version, no other attributes are allowed.');
      const old = rootAt(version, id);
      return (draft) => takeOver(draft, id, old);
    }
    if (typeof scaleBy === 'number') {
      if (Object.keys(json).length > 1) throw requirementFailed('To scale, no other attributes are allowed.');
      requireGroup(id);
      return ({ apps }) => {
        for (const app of apps.values())
          if (isWithin(app.id, id)) apps.set(app.id, { ...app, instances: Math.ceil(app.instances * scaleBy) });
      };
    }
    return replaceGroup(json, id);
  }

  /** What the group holds afterwards is what was sent and nothing else. */
  function replaceGroup(json: Record<string, unknown>, id: string): (draft: Draft) => void {
    const content = readGroup(json, { id, version: marathon.newVersion(), marathonVersion: marathon.version() });
    return (draft) => {
      clear(draft, id);
      for (const app of content.apps) draft.apps.set(app.id, app);
      for (const pod of content.pods) draft.pods.set(pod.id, pod);
      for (const [groupId, dependencies] of content.groups)
        draft.groups.set(groupId, { dependencies, version: draft.version });
    };
  }

  const remove: Handler = ({ params, query }) => {
    const id = requireGroup(absoluteId(params[0] ?? '/'));
    const accepted = marathon.change((draft) => clear(draft, id), { force: flag(query, 'force') });
    return { headers: idHeader(accepted), json: plain(accepted) };
  };

  return [
    route('GET', /^\/v2\/groups(?:\/(.+))?\/versions\/?$/, versions),
    route('GET', /^\/v2\/groups(?:\/(.+))?\/versions\/([^/]+)$/, oneVersion),
    route('GET', /^\/v2\/groups\/?$/, show),
    route('POST', /^\/v2\/groups\/?$/, create),
    route('PUT', /^\/v2\/groups\/?$/, update),
    route('DELETE', /^\/v2\/groups\/?$/, remove),
    route('GET', /^\/v2\/groups\/(.+)$/, show),
    route('POST', /^\/v2\/groups\/(.+)$/, create),
    route('PUT', /^\/v2\/groups\/(.+)$/, update),
    route('DELETE', /^\/v2\/groups\/(.+)$/, remove),
  ];
}

function plain({ version, deploymentId }: Accepted) {
  return { version, deploymentId };
}

function idHeader({ deploymentId }: Accepted): Record<string, string> {
  return { 'Marathon-Deployment-Id': deploymentId };
}

function clear({ apps, pods, groups }: Draft, id: string): void {
  for (const map of [apps, pods, groups]) for (const key of map.keys()) if (isWithin(key, id)) map.delete(key);
}

function takeOver(draft: Draft, id: string, old: Root): void {
  clear(draft, id);
  for (const [key, app] of old.apps) if (isWithin(key, id)) draft.apps.set(key, app);
  for (const [key, pod] of old.pods) if (isWithin(key, id)) draft.pods.set(key, pod);
  for (const [key, group] of old.groups) if (isWithin(key, id)) draft.groups.set(key, group);
}

type GroupContent = { apps: App[]; pods: Pod[]; groups: [string, string[]][] };

/** A group's definition with everything below it, ids made absolute. */
function readGroup(
  json: Record<string, unknown>,
  { id, version, marathonVersion }: { id: string; version: string; marathonVersion: MarathonVersion },
): GroupContent {
  const list = (name: string) => {
    const value = json[name] ?? [];
    if (!Array.isArray(value)) throw invalidJson([{ path: `/${name}`, errors: ['error.expected.jsarray'] }]);
    return value;
  };
  const dependencies = list('dependencies').map((one) => absoluteId(textOf(one), id));
  const content: GroupContent = { apps: [], pods: [], groups: id === '/' ? [] : [[id, dependencies]] };
  for (const raw of list('apps').map(requireObject)) {
    const fields = readAppFields(raw, { partial: false, version: marathonVersion });
    const app = completeApp(absoluteId(fields.id ?? '', id), fields, version);
    checkApp(app, marathonVersion);
    content.apps.push({ ...app, dependencies: app.dependencies.map((one) => absoluteId(one, parentOf(app.id))) });
  }
  for (const raw of list('pods').map(requireObject))
    content.pods.push(completePod(raw, { id: absoluteId(textOf(raw['id']), id), version }));
  for (const raw of list('groups').map(requireObject)) {
    const inner = readGroup(raw, { id: absoluteId(textOf(raw['id']), id), version, marathonVersion });
    content.apps.push(...inner.apps);
    content.pods.push(...inner.pods);
    content.groups.push(...inner.groups);
  }
  return content;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
