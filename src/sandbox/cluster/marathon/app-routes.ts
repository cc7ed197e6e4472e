import { flag, route, type Handler, type Route } from '../http.js';
import { absoluteId, changeApp, completeApp, type App, type AppFields } from './app.js';
import { checkApp, checkId, parseList, parseObject, readAppFields } from './app-fields.js';
import { appJson, listParts, partsOfOneApp } from './app-json.js';
import { badRequest, conflict, notValid, requirementFailed, unknownApp } from './errors.js';
import type { Draft, Marathon } from './marathon.js';
import { isWithin, parentOf } from './root.js';
import { parseSelector } from './selectors.js';

/** Reading and changing apps. Ids in paths may begin with one slash or two. */
export function appRoutes(marathon: Marathon): Route[] {
  const list: Handler = ({ query }) => {
    const includes = (name: string, value: string | null) =>
      !query.get(name) || (value ?? '').toLowerCase().includes(query.get(name)!.toLowerCase());
    const selector = query.get('label') ? parseSelector(query.get('label')!) : () => true;
    const parts = listParts(query.getAll('embed'));
    const apps = [...marathon.root().apps.values()].filter(
      (app) => includes('id', app.id) && includes('cmd', app.cmd) && selector(app.labels),
    );
    return { json: { apps: apps.map((app) => appJson(marathon, app, parts)) } };
  };

  const show: Handler = ({ params, query }) => {
    const id = absoluteId(params[0] ?? '');
    if (id.endsWith('/*')) {
      const group = id.slice(0, -2) || '/';
      const parts = listParts(query.getAll('embed'));
      const apps = [...marathon.root().apps.values()].filter((app) => isWithin(app.id, group));
      return { json: { '*': apps.map((app) => appJson(marathon, app, parts)) } };
    }
    return { json: { app: appJson(marathon, requireApp(id), partsOfOneApp(query.getAll('embed'))) } };
  };

  function requireApp(id: string): App {
    const app = marathon.root().apps.get(id);
    if (!app) throw unknownApp(id);
    return app;
  }

  const create: Handler = ({ body, query, headers, remoteAddress }) => {
    const fields = readAppFields(parseObject(body), { partial: false, version: marathon.version() });
    const id = absoluteId(fields.id ?? '');
    const app = completeApp(id, withAbsoluteIds(fields, id), marathon.newVersion());
    checkApp(app, marathon.version());
    refuseGroupId(id);
    if (marathon.root().apps.has(id)) throw conflict(`An app with id [${id}] already exists.`);
    const { deploymentId } = marathon.change((draft) => void draft.apps.set(id, app), { force: flag(query, 'force') });
    const made = requireApp(id);
    marathon.events.emit('api_post_event', {
      clientIp: remoteAddress,
      uri: '/v2/apps',
      appDefinition: marathon.print(made),
    });
    return {
      status: 201,
      headers: {
        Location: `http://${headers.host ?? '127.0.0.1'}/v2/apps/${id}`,
        'Marathon-Deployment-Id': deploymentId,
      },
      json: { ...marathon.print(made), ...NO_TASKS, deployments: [{ id: deploymentId }], tasks: [] },
    };
  };

  function refuseGroupId(id: string): void {
    if ([...marathon.root().apps.keys()].some((other) => other !== id && isWithin(other, id))) {
      throw conflict(`Group ${id} is already created. Use PUT to change this group.`);
    }
    for (let above = parentOf(id); above !== '/'; above = parentOf(above)) {
      if (marathon.root().apps.has(above)) throw notValid([{ path: '/id', errors: [NOT_BELOW_AN_APP] }]);
    }
  }

  /** The app after an update: replaced, changed, rolled back, or new. */
  function updated(
    id: string,
    json: Record<string, unknown>,
    { partial, mayCreate }: { partial: boolean; mayCreate: boolean },
  ): App {
    const before = marathon.root().apps.get(id);
    if (!before && !mayCreate) throw unknownApp(id);
    if (json['version'] !== undefined && json['version'] !== null) return rolledBack(id, json);
    const fields = withAbsoluteIds(
      readAppFields(json, { partial: partial && before !== undefined, version: marathon.version() }),
      id,
    );
    if (fields.id !== undefined && fields.id !== id) throw requirementFailed('app id does not match the path');
    const version = marathon.newVersion();
    const app =
      before && partial ? changeApp(before, fields, version) : completeApp(id, keptPorts(fields, before), version);
    checkApp(app, marathon.version());
    return app;
  }

  function rolledBack(id: string, json: Record<string, unknown>): App {
    if (Object.keys(json).some((key) => key !== 'version' && key !== 'id')) {
      throw requirementFailed("The 'version' field may only be combined with the 'id' field.");
    }
    const version = String(json['version']);
    const old = marathon.history.get(id)?.get(version);
    if (!old) throw unknownApp(id, version);
    return old;
  }

  const update =
    (method: 'PUT' | 'PATCH'): Handler =>
    ({ body, query, params, remoteAddress }) => {
      const id = absoluteId(params[0] ?? '');
      checkId(id);
      const partial = method === 'PATCH' || flag(query, 'partialUpdate', true);
      const existed = marathon.root().apps.has(id);
      const app = updated(id, parseObject(body), { partial, mayCreate: method === 'PUT' });
      const { version, deploymentId } = marathon.change((draft) => void draft.apps.set(id, app), {
        force: flag(query, 'force'),
      });
      marathon.events.emit('api_post_event', {
        clientIp: remoteAddress,
        uri: `/v2/apps/${id}`,
        appDefinition: marathon.print(requireApp(id)),
      });
      return {
        status: existed ? 200 : 201,
        headers: { 'Marathon-Deployment-Id': deploymentId },
        json: { version, deploymentId },
      };
    };

  const updateMany =
    (method: 'PUT' | 'PATCH'): Handler =>
    ({ body, query, remoteAddress }) => {
      const partial = method === 'PATCH' || flag(query, 'partialUpdate', true);
      const apps = parseList(body).map((json) => {
        if (typeof json['id'] !== 'string') throw badRequest('No id given for the app.');
        return updated(absoluteId(json['id']), json, { partial, mayCreate: method === 'PUT' });
      });
      const edit = (draft: Draft) => apps.forEach((app) => draft.apps.set(app.id, app));
      const { version, deploymentId } = marathon.change(edit, { force: flag(query, 'force') });
      for (const { id } of apps)
        marathon.events.emit('api_post_event', {
          clientIp: remoteAddress,
          uri: '/v2/apps',
          appDefinition: marathon.print(requireApp(id)),
        });
      return { headers: { 'Marathon-Deployment-Id': deploymentId }, json: { version, deploymentId } };
    };

  const remove: Handler = ({ query, params }) => {
    const id = requireApp(absoluteId(params[0] ?? '')).id;
    // Deleting alone forces by default.
    const force = flag(query, 'force', true);
    const { version, deploymentId } = marathon.change((draft) => void draft.apps.delete(id), { force });
    return { headers: { 'Marathon-Deployment-Id': deploymentId }, json: { version, deploymentId } };
  };

  const restart: Handler = ({ query, params }) => {
    const id = requireApp(absoluteId(params[0] ?? '')).id;
    const { version, deploymentId } = marathon.change(() => {}, { force: flag(query, 'force'), restart: [id] });
    return { headers: { 'Marathon-Deployment-Id': deploymentId }, json: { version, deploymentId } };
  };

  const versions: Handler = ({ params }) => {
    const id = requireApp(absoluteId(params[0] ?? '')).id;
    return { json: { versions: inStoreOrder([...(marathon.history.get(id)?.keys() ?? [])]) } };
  };

  const oneVersion: Handler = ({ params }) => {
    const id = requireApp(absoluteId(params[0] ?? '')).id;
    const app = marathon.history.get(id)?.get(params[1] ?? '');
    if (!app) throw unknownApp(id, params[1]);
    return { json: marathon.print(app) };
  };

  return [
    route('GET', /^\/v2\/apps\/?$/, list),
    route('POST', /^\/v2\/apps\/?$/, create),
    route('PUT', /^\/v2\/apps\/?$/, updateMany('PUT')),
    route('PATCH', /^\/v2\/apps\/?$/, updateMany('PATCH')),
    route('POST', /^\/v2\/apps\/(.+)\/restart\/?$/, restart),
    route('GET', /^\/v2\/apps\/(.+)\/versions\/?$/, versions),
    route('GET', /^\/v2\/apps\/(.+)\/versions\/([^/]+)$/, oneVersion),
    route('GET', /^\/v2\/apps\/(.+)$/, show),
    route('PUT', /^\/v2\/apps\/(.+)$/, update('PUT')),
    route('PATCH', /^\/v2\/apps\/(.+)$/, update('PATCH')),
    route('DELETE', /^\/v2\/apps\/(.+)$/, remove),
  ];
}

const NOT_BELOW_AN_APP = 'Groups and Applications may not have the same identifier.';
const NO_TASKS = { tasksStaged: 0, tasksRunning: 0, tasksHealthy: 0, tasksUnhealthy: 0 };

/** Dependencies may be written relative to the app. */
function withAbsoluteIds(fields: AppFields, id: string): AppFields {
  return {
    ...fields,
    ...(fields.id !== undefined && { id: absoluteId(fields.id) }),
    ...(fields.dependencies && { dependencies: fields.dependencies.map((one) => absoluteId(one, parentOf(id))) }),
  };
}

/** A replacement that names no ports keeps the service ports it had. */
function keptPorts(fields: AppFields, before: App | undefined): AppFields {
  const says = fields.ports ?? fields.portDefinitions ?? fields.ipAddress ?? fields.container;
  return says || !before?.portDefinitions ? fields : { ...fields, portDefinitions: before.portDefinitions };
}

/** The store lists versions by their hashes, so in no order a reader may rely on. */
export function inStoreOrder(versions: string[]): string[] {
  const scattered = (version: string) => version.split('').toReversed().join('');
  return versions.sort((a, b) => scattered(a).localeCompare(scattered(b)));
}
