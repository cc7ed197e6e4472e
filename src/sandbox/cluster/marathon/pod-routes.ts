import { flag, route, type Handler, type Route } from '../http.js';
import { Refusal } from '../reply.js';
import { absoluteId } from './app.js';
import { checkId, parseBody, parseObject } from './app-fields.js';
import { inStoreOrder } from './app-routes.js';
import { conflict, notValid } from './errors.js';
import { instanceId, isRunning, type Instance } from './instance.js';
import type { Marathon } from './marathon.js';
import { completePod, type Pod } from './pod.js';

/** Pods, as far as 1.4 has them. An instance of a pod is one Mesos task here, whatever its containers. */
export function podRoutes(marathon: Marathon): Route[] {
  function requirePod(text = ''): Pod {
    const id = absoluteId(text);
    const pod = marathon.root().pods.get(id);
    // The body is a JSON string that holds JSON.
    if (!pod) throw new Refusal({ status: 404, json: JSON.stringify({ message: `Pod '${id}' does not exist` }) });
    return pod;
  }

  function readPod(json: Record<string, unknown>, pathId?: string): Pod {
    const id = absoluteId(typeof json['id'] === 'string' ? json['id'] : (pathId ?? ''));
    checkId(id);
    if (pathId !== undefined && id !== pathId)
      throw new Refusal({
        status: 400,
        json: { message: `'${id}' definition id must match id in the path '${pathId}'` },
      });
    const pod = completePod(json, { id, version: marathon.newVersion() });
    if (pod.containers.length === 0) throw notValid([{ path: '/containers', errors: ['must not be empty'] }]);
    return pod;
  }

  const create: Handler = ({ body, query, remoteAddress }) => {
    const pod = readPod(parseObject(body));
    if (marathon.root().pods.has(pod.id) || marathon.root().apps.has(pod.id))
      throw conflict(`A pod with id [${pod.id}] already exists.`);
    const { deploymentId } = marathon.change((draft) => void draft.pods.set(pod.id, pod), {
      force: flag(query, 'force'),
    });
    marathon.events.emit('pod_created_event', { clientIp: remoteAddress, uri: '/v2/pods' });
    return {
      status: 201,
      headers: { Location: `/v2/pods${pod.id}`, 'Marathon-Deployment-Id': deploymentId },
      json: pod,
    };
  };

  const update: Handler = ({ body, query, params, remoteAddress }) => {
    const id = absoluteId(params[0] ?? '');
    const pod = readPod(parseObject(body), id);
    requirePod(id);
    const { deploymentId } = marathon.change((draft) => void draft.pods.set(id, pod), { force: flag(query, 'force') });
    marathon.events.emit('pod_updated_event', { clientIp: remoteAddress, uri: `/v2/pods${id}` });
    return { headers: { 'Marathon-Deployment-Id': deploymentId }, json: pod };
  };

  const remove: Handler = ({ params, query, remoteAddress }) => {
    const { id } = requirePod(params[0]);
    const { deploymentId } = marathon.change((draft) => void draft.pods.delete(id), { force: flag(query, 'force') });
    marathon.events.emit('pod_deleted_event', { clientIp: remoteAddress, uri: `/v2/pods${id}` });
    return { status: 202, headers: { 'Marathon-Deployment-Id': deploymentId } };
  };

  const instancesOf = (id: string) => [...(marathon.launcher.runtimes.get(id)?.instances.values() ?? [])];

  function status(pod: Pod): Record<string, unknown> {
    const instances = instancesOf(pod.id);
    const running = instances.filter(isRunning).length;
    const now = marathon.newVersion();
    return {
      id: pod.id,
      spec: pod,
      status: running >= pod.scaling.instances ? 'STABLE' : 'DEGRADED',
      statusSince: pod.version,
      instances: instances.map((instance) => instanceStatus(pod, instance)),
      terminationHistory: [],
      lastUpdated: now,
      lastChanged: pod.version,
    };
  }

  const killOne: Handler = ({ params }) => {
    const pod = requirePod(params[0]);
    const victim = instancesOf(pod.id).find((one) => instanceId(one) === params[1]);
    if (!victim)
      throw new Refusal({
        status: 404,
        json: JSON.stringify({ message: `pod instance '${params[1]}' does not exist` }),
      });
    marathon.launcher.kill(victim);
    return { json: instanceStatus(pod, victim) };
  };

  const killMany: Handler = ({ params, body }) => {
    const pod = requirePod(params[0]);
    const wanted = parseBody(body);
    if (!Array.isArray(wanted))
      throw new Refusal({ status: 400, json: { message: 'a list of instance ids is expected' } });
    const victims = instancesOf(pod.id).filter((one) => wanted.includes(instanceId(one)));
    for (const victim of victims) marathon.launcher.kill(victim);
    return { json: victims.map((one) => instanceStatus(pod, one)) };
  };

  const pods = () => [...marathon.root().pods.values()];
  return [
    route('HEAD', /^\/v2\/pods\/?$/, () => ({ status: 200 })),
    route('GET', /^\/v2\/pods\/?$/, () => ({ json: pods() })),
    route('POST', /^\/v2\/pods\/?$/, create),
    route('GET', /^\/v2\/pods\/::status\/?$/, () => ({ json: pods().map(status) })),
    route('GET', /^\/v2\/pods\/(.+)::status\/?$/, ({ params }) => ({ json: status(requirePod(params[0])) })),
    route('GET', /^\/v2\/pods\/(.+)::versions\/?$/, ({ params }) => ({
      json: inStoreOrder([...(marathon.podHistory.get(requirePod(params[0]).id)?.keys() ?? [])]),
    })),
    route('GET', /^\/v2\/pods\/(.+)::versions\/([^/]+)$/, ({ params }) => {
      const pod = marathon.podHistory.get(requirePod(params[0]).id)?.get(params[1] ?? '');
      if (!pod)
        throw new Refusal({
          status: 404,
          json: JSON.stringify({ message: `Pod '${params[0]}' does not exist in version ${params[1]}` }),
        });
      return { json: pod };
    }),
    route('DELETE', /^\/v2\/pods\/(.+)::instances\/([^/]+)$/, killOne),
    route('DELETE', /^\/v2\/pods\/(.+)::instances\/?$/, killMany),
    route('GET', /^\/v2\/pods\/(.+)$/, ({ params }) => ({ json: requirePod(params[0]) })),
    route('PUT', /^\/v2\/pods\/(.+)$/, update),
    route('DELETE', /^\/v2\/pods\/(.+)$/, remove),
  ];
}

function instanceStatus(pod: Pod, instance: Instance): Record<string, unknown> {
  const id = instanceId(instance);
  const since = instance.startedAt ?? instance.stagedAt;
  const { cpus, mem, disk, gpus } = instance.task.resources;
  return {
    id,
    status: isRunning(instance) ? 'STABLE' : 'STAGING',
    statusSince: since,
    conditions: [],
    agentHostname: instance.agent.name,
    resources: { cpus, mem, disk, gpus },
    networks: [],
    containers: pod.containers.map(({ name, resources }) => ({
      name,
      status: instance.task.state,
      statusSince: since,
      conditions: [],
      containerId: `${id}.${name}`,
      endpoints: [],
      resources,
      lastUpdated: since,
      lastChanged: since,
    })),
    specReference: `/v2/pods${pod.id}::versions/${pod.version}`,
    lastUpdated: since,
    lastChanged: since,
  };
}
