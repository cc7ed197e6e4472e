import { flag, route, type Handler, type Route } from '../http.js';
import type { HttpReply } from '../reply.js';
import { absoluteId } from './app.js';
import { parseObject } from './app-fields.js';
import { badRequest, notFound, unknownApp } from './errors.js';
import { taskJson, type Instance } from './instance.js';
import type { Marathon } from './marathon.js';

const LISTED_STATES: Record<string, string> = { running: 'TASK_RUNNING', staging: 'TASK_STAGING' };

/** Reading and killing tasks. */
export function taskRoutes(marathon: Marathon): Route[] {
  function instances(appId?: string): Instance[] {
    if (marathon.isLoading()) return [];
    const all = [...marathon.launcher.runtimes.values()].flatMap((one) => [...one.instances.values()]);
    return appId === undefined ? all : all.filter((instance) => instance.appId === appId);
  }

  function requireAppId(text = ''): string {
    const id = absoluteId(text);
    if (!marathon.root().apps.has(id)) throw unknownApp(id);
    return id;
  }

  function withServicePorts(instance: Instance): Record<string, unknown> {
    return { ...taskJson(instance), servicePorts: marathon.root().apps.get(instance.appId)?.ports ?? [] };
  }

  const list: Handler = ({ query, headers }) => {
    // Other values of status are ignored.
    const wanted = [...query.getAll('status'), ...query.getAll('status[]')].flatMap((one) => LISTED_STATES[one] ?? []);
    const matches = ({ task }: Instance) => wanted.length === 0 || wanted.includes(task.state);
    const found = instances().filter(matches);
    if (wantsText(headers.accept)) return { text: plainList(found) };
    return { json: { tasks: found.map(withServicePorts) } };
  };

  function plainList(found: Instance[]): string {
    const rows = [...marathon.root().apps.values()].flatMap((app) => {
      const own = found.filter(({ appId }) => appId === app.id);
      const name = app.id.slice(1).replaceAll('/', '_');
      const ports = app.ports ?? [];
      if (ports.length === 0) return [`${name}\t \t${own.map(({ agent }) => agent.name).join('\t')}`];
      return ports.map(
        (port, index) =>
          `${name}\t${port}\t${own.map(({ agent, ports: hosts }) => `${agent.name}:${hosts[index] ?? 0}`).join('\t')}`,
      );
    });
    return rows.map((row) => `${row}\n`).join('');
  }

  const listOfApp: Handler = ({ params }) => ({ json: { tasks: instances(requireAppId(params[0])).map(taskJson) } });

  const killOne: Handler = ({ params, query }) => {
    const id = requireAppId(params[0]);
    const { scale, wipe, force } = killFlags(query);
    const victim = instances(id).find(({ task }) => task.id === params[1]);
    if (!victim && !scale) throw notFound(`Task '${params[1]}' does not exist`);
    if (scale) return scaleDown(victim ? [victim] : [], { force, fallbackId: id });
    const json = taskJson(victim!);
    end(victim!, wipe);
    return { json: { task: json } };
  };

  const killOfApp: Handler = ({ params, query }) => {
    const id = requireAppId(params[0]);
    const { scale, wipe, force } = killFlags(query);
    const host = query.get('host');
    const victims = instances(id).filter(({ agent }) => host === null || agent.name === host);
    return scale ? scaleDown(victims, { force, fallbackId: id }) : killAll(victims, { wipe, services: false });
  };

  const killMany: Handler = ({ body, query }) => {
    const { scale, wipe, force } = killFlags(query);
    const { ids } = parseObject(body);
    if (!Array.isArray(ids)) throw badRequest('ids is missing');
    const unreadable = ids.find((one) => typeof one !== 'string' || !/^.+\..+$/.test(one));
    if (unreadable !== undefined) throw badRequest(`Invalid task id '${String(unreadable)}'.`);
    // Unknown ids are passed over in silence.
    const victims = instances().filter(({ task }) => ids.includes(task.id));
    return scale ? scaleDown(victims, { force, fallbackId: undefined }) : killAll(victims, { wipe, services: true });
  };

  function killAll(victims: Instance[], { wipe, services }: { wipe: boolean; services: boolean }): HttpReply {
    const tasks = victims.map((one) => (services ? withServicePorts(one) : taskJson(one)));
    for (const victim of victims) end(victim, wipe);
    return { json: { tasks } };
  }

  // What is out of reach hears of no kill; wiped, it counts for nothing any more.
  function end(victim: Instance, wipe: boolean): void {
    if (wipe && victim.unreachable !== 'no') marathon.launcher.expunge(victim);
    else marathon.launcher.kill(victim);
  }

  /** Lowers `instances` by as many as die, so that nothing replaces them. */
  function scaleDown(
    victims: Instance[],
    { force, fallbackId }: { force: boolean; fallbackId: string | undefined },
  ): HttpReply {
    const { version, deploymentId } = marathon.change(
      ({ apps }) => {
        for (const appId of new Set([...victims.map((one) => one.appId), ...(fallbackId ? [fallbackId] : [])])) {
          const app = apps.get(appId);
          const fewer = victims.filter((one) => one.appId === appId).length;
          if (app) apps.set(appId, { ...app, instances: Math.max(0, app.instances - fewer) });
        }
      },
      { force },
    );
    for (const victim of victims) marathon.launcher.kill(victim);
    return { headers: { 'Marathon-Deployment-Id': deploymentId }, json: { version, deploymentId } };
  }

  return [
    route('GET', /^\/v2\/tasks\/?$/, list),
    route('POST', /^\/v2\/tasks\/delete\/?$/, killMany),
    route('GET', /^\/v2\/apps\/(.+)\/tasks\/?$/, listOfApp),
    route('DELETE', /^\/v2\/apps\/(.+)\/tasks\/?$/, killOfApp),
    route('DELETE', /^\/v2\/apps\/(.+)\/tasks\/([^/]+)$/, killOne),
  ];
}

function wantsText(accept = ''): boolean {
  return accept.includes('text/plain') && !accept.includes('json') && !accept.includes('*/*');
}

function killFlags(query: URLSearchParams): { scale: boolean; wipe: boolean; force: boolean } {
  const flags = { scale: flag(query, 'scale'), wipe: flag(query, 'wipe'), force: flag(query, 'force') };
  if (flags.scale && flags.wipe) throw badRequest('You cannot use scale and wipe at the same time.');
  return flags;
}
