import { route, routed, type Handler, type Route } from '../http.js';
import type { HttpReply } from '../reply.js';
import type { Timers } from '../timing.js';
import { createFiles, fileRoutes } from './files.js';
import { allTasks, BUILD, frameworkJson, fullAgentJson, seconds, stateSummary, taskJson } from './json.js';
import { maintenanceRoutes, type Maintenance } from './maintenance.js';
import type { Master, Masters } from './masters.js';
import type { Mesos } from './mesos.js';
import { masterMetrics } from './metrics.js';
import { ownLog } from './own-log.js';
import { refuseVerb } from './verbs.js';
import { operatorRoute } from './operator.js';
import { quotaRoutes } from './quota.js';
import type { Subscribers } from './subscribers.js';

export type MasterDeps = {
  mesos: Mesos;
  masters: Masters;
  self: Master;
  timers: Timers;
  maintenance: Maintenance;
  subscribers: Subscribers;
  zk: string;
};

/** The HTTP side of one master; those that do not lead send most readers on to the one that does. */
export function createMasterHandler(deps: MasterDeps): Handler {
  const { masters, self } = deps;
  const led = leaderRoutes(deps).map((one) => ({ ...one, handler: onlyLeader(one.handler) }));
  const routes = [...ownRoutes(deps), ...led];
  const handle = routed(routes, { missing: () => ({ status: 404 }), wrongVerb: refuseVerb(routes) });

  function onlyLeader(handler: Handler): Handler {
    return (request) => {
      const leader = masters.leader();
      if (!leader) return { status: 503, text: 'No leader elected' };
      if (leader !== self) return redirectTo(leader, request.asked ?? request.path);
      if (masters.isRecovering()) return { status: 503, text: 'Master has not finished recovery' };
      return handler(request);
    };
  }

  // Every endpoint is there with and without `/master` and with an old `.json` at its end.
  return (request) => {
    const path = request.path.replace(/^\/master(?=\/)/, '').replace(/\.json$/, '') || '/';
    return handle({ ...request, asked: request.path, path });
  };
}

/** 307 to `//host:port/path`, without a scheme and without the query. */
function redirectTo({ port }: Master, path: string): HttpReply {
  return { status: 307, headers: { Location: `//127.0.0.1:${port}${path}` } };
}

/** What each master says for itself. */
function ownRoutes(deps: MasterDeps): Route[] {
  const { masters, self } = deps;
  const files = createFiles({ tasks: () => [], directory: () => '', own: ownLog('master', self) });
  const redirect: Handler = () => {
    const leader = masters.leader();
    return leader
      ? { status: 307, headers: { Location: `//127.0.0.1:${leader.port}` } }
      : { status: 503, text: 'No leader elected' };
  };
  return [
    route('GET', /^\/health$/, () => ({ status: 200 })),
    route('GET', /^\/version$/, () => ({ json: BUILD })),
    route('GET', /^\/flags$/, () => ({ json: { flags: flags(deps) } })),
    route('GET', /^\/metrics\/snapshot$/, () => ({ json: masterMetrics(deps) })),
    route('GET', /^\/redirect$/, redirect),
    ...fileRoutes(files),
    route('GET', /^\/$/, () => ({
      html: '<!DOCTYPE html><html><head><title>Mesos</title></head><body></body></html>',
    })),
  ];
}

function leaderRoutes(deps: MasterDeps): Route[] {
  const { mesos, maintenance, masters } = deps;
  const agents = () => masters.registered();
  const tasks: Handler = ({ query }) => {
    const ordered = allTasks(mesos);
    if (query.get('order') !== 'asc') ordered.reverse();
    const offset = whole(query.get('offset'), 0);
    const page = ordered.slice(offset, offset + whole(query.get('limit'), 100));
    return { json: { tasks: page.map((task) => taskJson(task, mesos.agentOf(task))) } };
  };
  const teardown: Handler = ({ body }) =>
    teardownFramework(deps, new URLSearchParams(body.toString()).get('frameworkId'));
  return [
    route('GET', /^\/state$/, () => ({ json: stateJson(deps) })),
    route('GET', /^\/state-summary$/, () => ({
      json: stateSummary(mesos, { hostname: deps.self.name, agents: agents() }),
    })),
    route('GET', /^\/slaves$/, () => ({
      json: { slaves: agents().map((agent) => fullAgentJson(mesos, agent)), recovered_slaves: [] },
    })),
    route('GET', /^\/frameworks$/, () => ({
      json: {
        frameworks: mesos.frameworks.map((one) => frameworkJson(mesos, one)),
        completed_frameworks: [],
        unregistered_frameworks: [],
      },
    })),
    route('GET', /^\/tasks$/, tasks),
    route('GET', /^\/roles$/, () => ({ json: { roles: [rolesJson(mesos)] } })),
    ...quotaRoutes(mesos),
    route('POST', /^\/teardown$/, teardown),
    ...['reserve', 'unreserve', 'create-volumes', 'destroy-volumes'].map((what) =>
      route('POST', new RegExp(`^/${what}$`), onAgent(mesos)),
    ),
    ...maintenanceRoutes(maintenance),
    operatorRoute({ ...deps, flags: () => flags(deps) }),
  ];
}

/** A change of what an agent holds back, as far as its form goes: the sandbox reserves nothing. */
function onAgent(mesos: Mesos): Handler {
  return ({ body }) => {
    const form = new URLSearchParams(body.toString());
    const slaveId = form.get('slaveId');
    if (slaveId === null) return { status: 400, text: "Missing 'slaveId' query parameter in the request body" };
    if (!mesos.agents.some(({ id }) => id === slaveId))
      return { status: 400, text: 'No agent found with specified ID' };
    if (!form.has('resources') && !form.has('volumes'))
      return { status: 400, text: "Missing 'resources' query parameter in the request body" };
    return { status: 202 };
  };
}

function whole(text: string | null, fallback: number): number {
  const value = Number(text ?? fallback);
  return Number.isInteger(value) && value >= 0 ? value : fallback;
}

function rolesJson(mesos: Mesos) {
  return {
    name: '*',
    weight: 1,
    frameworks: mesos.frameworks.map(({ id }) => id),
    resources: { disk: 0, mem: 0, gpus: 0, cpus: 0 },
  };
}

function teardownFramework({ mesos }: MasterDeps, id: string | null): HttpReply {
  if (!id) return { status: 400, text: "Missing 'frameworkId' query parameter in the request body" };
  const framework = mesos.frameworks.find((one) => one.id === id);
  if (!framework) return { status: 400, text: 'No framework found with specified ID' };
  for (const task of framework.tasks.values()) mesos.update(task, 'TASK_KILLED', { message: 'Framework torn down' });
  framework.active = false;
  return { status: 200 };
}

export function masterInfo({ id, port, name }: Master) {
  return { id, pid: `master@127.0.0.1:${port}`, port, hostname: name };
}

function flags({ self, masters, zk }: MasterDeps): Record<string, string> {
  return {
    agent_ping_timeout: '15secs',
    agent_reregister_timeout: '10mins',
    allocation_interval: '1secs',
    authenticate_agents: 'false',
    authenticate_frameworks: 'false',
    cluster: 'stars',
    hostname: self.name,
    hostname_lookup: 'true',
    ip: '127.0.0.1',
    max_agent_ping_timeouts: '5',
    max_completed_tasks_per_framework: '1000',
    offer_timeout: '2mins',
    port: String(self.port),
    quorum: String(Math.floor(masters.all.length / 2) + 1),
    registry: 'replicated_log',
    work_dir: '/var/lib/mesos',
    zk,
    zk_session_timeout: '10secs',
  };
}

function stateJson(deps: MasterDeps): Record<string, unknown> {
  const { mesos, masters, self } = deps;
  const leader = masters.leader() ?? self;
  const registered = masters.registered();
  return {
    ...BUILD,
    start_time: seconds(self.startedMs),
    elected_time: seconds(masters.electedMs()),
    id: self.id,
    pid: masterInfo(self).pid,
    hostname: self.name,
    activated_slaves: registered.filter(({ state }) => state === 'active').length,
    deactivated_slaves: registered.filter(({ state }) => state !== 'active').length,
    unreachable_slaves: mesos.agents.filter(({ state }) => state === 'lost').length,
    leader: masterInfo(leader).pid,
    leader_info: masterInfo(leader),
    cluster: 'stars',
    log_dir: '/var/log/mesos',
    flags: flags(deps),
    slaves: registered.map((agent) => fullAgentJson(mesos, agent)),
    recovered_slaves: [],
    frameworks: mesos.frameworks.filter(({ active }) => active).map((one) => frameworkJson(mesos, one)),
    completed_frameworks: mesos.frameworks.filter(({ active }) => !active).map((one) => frameworkJson(mesos, one)),
    orphan_tasks: [],
    unregistered_frameworks: [],
  };
}
