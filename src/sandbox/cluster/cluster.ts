import { z } from 'zod';
import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import type { Log } from '../../log.js';
import { createChronos } from './chronos/chronos.js';
import { readJob, type ChronosVersion, type Job } from './chronos/job.js';
import { createChronosHandler } from './chronos/routes.js';
import { createControl, type ClusterControl } from './control.js';
import { startHttpService, type Handler, type HttpService } from './http.js';
import { createIds } from './ids.js';
import { createMarathonHandler } from './marathon/handler.js';
import { createMarathon } from './marathon/marathon.js';
import { createStandbyHandler } from './marathon/standby.js';
import { createAgentHandler } from './mesos/agent.js';
import { createMaintenance } from './mesos/maintenance.js';
import { createMasterHandler } from './mesos/master.js';
import { createMasters, type Master } from './mesos/masters.js';
import { createMesos, type AgentSpec } from './mesos/mesos.js';
import { createSubscribers } from './mesos/subscribers.js';
import { createMesosDns } from './mesos-dns.js';
import { SEED_APPS, SEED_JOBS } from './seed.js';
import { createServices, SERVICE_NAMES, type ServiceName, type Services } from './services/services.js';
import { createTimers, DEFAULT_DELAYS, type Delays } from './timing.js';
import { createAdminHandler } from './zookeeper/admin.js';
import { startEnsemble } from './zookeeper/ensemble.js';
import { createNodes } from './zookeeper/nodes.js';

export type ClusterOptions = {
  clock: Clock;
  log: Log;
  masters: { name: string; address: string }[];
  agents: AgentSpec[];
  /** The body of `GET /v2/apps` or its list; without it the demo's apps. */
  apps?: unknown;
  /** The body of Chronos's list of jobs; without it the demo's jobs. */
  jobs?: unknown;
  chronosVersion?: ChronosVersion;
  seed?: number;
  delays?: Partial<Delays>;
};

export type ClusterUrls = {
  marathon: string;
  /** Instances that do not lead and pass on what they are asked. */
  marathonStandbys: string[];
  chronos: string;
  mesos: string[];
  agents: string[];
  mesosDns: string;
  services: Record<ServiceName, string>;
};

export type SimulatedCluster = {
  urls: ClusterUrls;
  zookeeper: string[];
  /** The AdminServers of the same servers; they answer only as 3.8 (`control.setZooKeeperVersion`). */
  zookeeperAdmin: string[];
  control: ClusterControl;
  /** What runs inside the data services, to be filled and broken. */
  data: Services;
  stop(): Promise<void>;
};

/** Marathon, Chronos, Mesos, Mesos-DNS, ZooKeeper and the data services on loopback, acting together on one clock. */
export async function startCluster(options: ClusterOptions): Promise<SimulatedCluster> {
  const { clock, log, masters: masterSpecs, agents: agentSpecs, chronosVersion = '3.0', seed = 1 } = options;
  const apps = appList(options.apps);
  const jobs = jobList(options.jobs);
  const delays = { ...DEFAULT_DELAYS, ...options.delays };
  const timers = createTimers(clock);
  const ids = createIds(seed);
  const mesos = createMesos({ timers, ids, delays });
  const open: HttpService[] = [];

  /** A service whose handler is made once everybody's address is known. */
  async function listen(name: string): Promise<{ service: HttpService; answerWith: (handler: Handler) => void }> {
    let handle: Handler = () => ({ status: 503 });
    const service = await startHttpService({
      log,
      name,
      after: (ms, action) => timers.after(ms, action),
      handle: (request) => handle(request),
    });
    open.push(service);
    return {
      service,
      answerWith(handler) {
        handle = handler;
      },
    };
  }

  const masterSlots = await Promise.all(masterSpecs.map(({ name }) => listen(name)));
  const adminSlots = await Promise.all(masterSpecs.map(({ name }) => listen(`zookeeper-admin-${name}`)));
  const agentSlots = await Promise.all(agentSpecs.map(({ name }) => listen(name)));
  const [marathonSlot, chronosSlot, dnsSlot] = await Promise.all([
    listen('marathon'),
    listen('chronos'),
    listen('mesos-dns'),
  ]);
  const standbySlots = await Promise.all(masterSpecs.slice(1).map(({ name }) => listen(`marathon on ${name}`)));
  const serviceSlots = await Promise.all(SERVICE_NAMES.map(async (name) => ({ name, ...(await listen(name)) })));
  const zk = `zk://${masterSpecs.map(({ name }) => `${name}:2181`).join(',')}`;

  const agents = agentSpecs.map((spec, index) => mesos.addAgent(spec, agentSlots[index]!.service.port));
  const masterRows: Master[] = masterSpecs.map(({ name, address }, index) => ({
    name,
    address,
    port: masterSlots[index]!.service.port,
    id: ids.uuid(),
    running: true,
    startedMs: timers.nowMs(),
  }));

  const hostname = masterSpecs[0]?.name ?? 'localhost';
  const marathon = createMarathon({
    mesos,
    framework: mesos.register('marathon', { hostname, webuiUrl: marathonSlot.service.url }),
    timers,
    ids,
    delays,
  });
  const chronosFramework = mesos.register('chronos-3.0.0', { hostname, webuiUrl: chronosSlot.service.url });
  const chronos = createChronos({ mesos, framework: chronosFramework, timers, delays, version: chronosVersion });
  const masters = createMasters({
    mesos,
    masters: masterRows,
    timers,
    delays,
    onLeader(leader) {
      subscribers.endAll();
      control.mesosLeaderChanged(leader);
    },
  });
  const subscribers = createSubscribers({ mesos, masters });
  const znodes = createNodes(() => ({
    masters: masterRows,
    marathon: control.marathonLeads() ? `127.0.0.1:${marathonSlot.service.port}` : undefined,
    frameworkId: marathon.framework.id,
    chronos: `127.0.0.1:${chronosSlot.service.port}`,
  }));
  const ensemble = await startEnsemble({
    names: masterSpecs.map(({ name }) => name),
    onQuorum: (quorum) => control.quorumChanged(quorum),
    nodes: znodes.nodes,
  });
  adminSlots.forEach(({ answerWith }, index) =>
    answerWith(createAdminHandler(() => ensemble.state(masterSpecs[index]?.name ?? ''))),
  );
  const dns = createMesosDns({
    mesos,
    masters,
    timers,
    delays,
    addressOf: (name) => masterSpecs.find((one) => one.name === name)?.address ?? '127.0.0.1',
  });
  const control = createControl({
    timers,
    delays,
    mesos,
    masters,
    marathon,
    chronos,
    ensemble,
    znodes,
    dns,
    services: {
      marathon: marathonSlot.service,
      chronos: chronosSlot.service,
      'mesos-dns': dnsSlot.service,
      ...Object.fromEntries(serviceSlots.map(({ name, service }) => [name, service])),
    },
    masterServices: masterSlots.map(({ service }) => service),
    agentServices: agentSlots.map(({ service }) => service),
  });

  const maintenance = createMaintenance({ masters, mesos });
  masterSlots.forEach(({ answerWith }, index) =>
    answerWith(
      createMasterHandler({
        mesos,
        masters,
        self: masterRows[index]!,
        timers,
        maintenance,
        subscribers,
        zk: `${zk}/mesos`,
      }),
    ),
  );
  agentSlots.forEach(({ answerWith }, index) =>
    answerWith(createAgentHandler({ mesos, masters, agent: agents[index]!, timers, gcMs: delays.gcMs })),
  );
  const leader = () => (control.marathonLeads() ? `127.0.0.1:${marathonSlot.service.port}` : undefined);
  const marathonHandler = createMarathonHandler(marathon, {
    leader,
    zk: `${zk}/marathon`,
    master: `${zk}/mesos`,
    hostname,
    abdicate: () => control.changeLeader('marathon'),
  });
  marathonSlot.answerWith(marathonHandler);
  for (const { service, answerWith } of standbySlots) {
    const self = () => `127.0.0.1:${service.port}`;
    const reachable = () => marathonSlot.service.isListening();
    answerWith(createStandbyHandler({ self, leader, reachable, handle: marathonHandler }));
  }
  const chronosHandler = createChronosHandler(chronos, {
    leader: () => `127.0.0.1:${chronosSlot.service.port}`,
    timers,
  });
  chronosSlot.answerWith((request) => (control.appIsUp('chronos') ? chronosHandler(request) : { hangUp: true }));
  dnsSlot.answerWith(dns.handler);
  const data = createServices({ timers, jobMs: delays.jobMs }, (name) => control.appIsUp(name));
  for (const { name, answerWith } of serviceSlots) answerWith(data.handlers[name]);

  marathon.load(apps);
  // A backup is taken as it is; the demo's own jobs have not been overdue for years.
  for (const job of jobs) chronos.put(job, { loaded: options.jobs !== undefined });
  dns.refresh();

  return {
    urls: {
      marathon: marathonSlot.service.url,
      marathonStandbys: standbySlots.map(({ service }) => service.url),
      chronos: chronosSlot.service.url,
      mesos: masterSlots.map(({ service }) => service.url),
      agents: agentSlots.map(({ service }) => service.url),
      mesosDns: dnsSlot.service.url,
      services: Object.fromEntries(serviceSlots.map(({ name, service }) => [name, service.url])) as Record<
        ServiceName,
        string
      >,
    },
    zookeeper: ensemble.members.map(({ address }) => address),
    zookeeperAdmin: adminSlots.map(({ service }) => service.url),
    control,
    data,
    async stop() {
      timers.stop();
      await Promise.all([...open.map((service) => service.stop()), ensemble.stop()]);
    },
  };
}

const AppsBody = z.union([
  z.array(z.looseObject({ id: z.string() })),
  z.looseObject({ apps: z.array(z.looseObject({ id: z.string() })) }),
]);

function appList(apps: unknown): Record<string, unknown>[] {
  if (apps === undefined) return SEED_APPS;
  const body = AppsBody.safeParse(apps);
  if (!body.success)
    throw new StarsError('CONFIG', 'The apps to load are not the body of GET /v2/apps.', {
      hint: 'Expected {"apps": [{"id": …}, …]}.',
    });
  return Array.isArray(body.data) ? body.data : body.data.apps;
}

function jobList(jobs: unknown): Job[] {
  if (jobs !== undefined && !Array.isArray(jobs)) {
    throw new StarsError('CONFIG', 'The jobs to load are not a list of jobs.', {
      hint: 'Expected what Chronos answers to GET jobs: [{"name": …}, …].',
    });
  }
  return (jobs ?? SEED_JOBS).map((json: unknown) => {
    const job = readJob(json);
    if (typeof job === 'string') throw new StarsError('CONFIG', `A job to load does not fit: ${job}.`);
    return job;
  });
}
