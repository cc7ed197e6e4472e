import { z } from 'zod';
import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import type { Log } from '../../log.js';
import { createChronos } from './chronos/chronos.js';
import { readJob, type ChronosVersion, type Job } from './chronos/job.js';
import { createChronosHandler, createChronosStandby } from './chronos/routes.js';
import { createControl, type ClusterControl } from './control.js';
import { startHttpService, together, type Handler, type HttpService } from './http.js';
import { createGateway } from './gateway.js';
import { createIds } from './ids.js';
import { createMarathonHandler } from './marathon/handler.js';
import { createInstances } from './marathon/instances.js';
import { createMarathon } from './marathon/marathon.js';
import type { MarathonVersion } from './marathon/newer-form.js';
import { createStandbyHandler } from './marathon/standby.js';
import { createAgentHandler } from './mesos/agent.js';
import { createMaintenance } from './mesos/maintenance.js';
import { createMasterHandler } from './mesos/master.js';
import { createMasters, type Master } from './mesos/masters.js';
import { createMesos, type AgentSpec } from './mesos/mesos.js';
import { createSubscribers } from './mesos/subscribers.js';
import { createMesosDns } from './mesos-dns.js';
import { SEED_APPS, seedJobs } from './seed.js';
import { createServices, SERVICE_NAMES, type ServiceName, type Services } from './services/services.js';
import { createTimers, DEFAULT_DELAYS, type Delays } from './timing.js';
import { createAdminHandler } from './zookeeper/admin.js';
import { startEnsemble } from './zookeeper/ensemble.js';
import { createNodes } from './zookeeper/nodes.js';

export type ClusterOptions = {
  clock: Clock;
  log: Log;
  /** `listensOn`: an address of loopback for what runs there beside Mesos; 127.0.0.1 unless told. */
  masters: { name: string; address: string; listensOn?: string | undefined }[];
  agents: AgentSpec[];
  /** The body of `GET /v2/apps` or its list; without it the demo's apps. */
  apps?: unknown;
  /** The body of Chronos's list of jobs; without it the demo's jobs. */
  jobs?: unknown;
  marathonVersion?: MarathonVersion;
  chronosVersion?: ChronosVersion;
  seed?: number;
  delays?: Partial<Delays>;
};

export type ClusterUrls = {
  /** The instance that leads at first. */
  marathon: string;
  /** The others, which pass on what they are asked until one of them leads. */
  marathonStandbys: string[];
  chronos: string;
  /** An instance that does not lead. */
  chronosStandby: string;
  /** The same by a reverse proxy, below a path of its own. */
  chronosBehindProxy: string;
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
  const jobs = jobList(options.jobs, clock.now());
  const delays = { ...DEFAULT_DELAYS, ...options.delays };
  const timers = createTimers(clock);
  const ids = createIds(seed);
  const mesos = createMesos({ timers, ids, delays });
  const open: HttpService[] = [];

  /** A service whose handler is made once everybody's address is known. */
  async function listen(
    name: string,
    address?: string,
  ): Promise<{ service: HttpService; answerWith: (handler: Handler) => void }> {
    let handle: Handler = () => ({ status: 503 });
    const service = await startHttpService({
      log,
      name,
      address,
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
  const adminSlots = await Promise.all(
    masterSpecs.map(({ name, listensOn }) => listen(`zookeeper-admin-${name}`, listensOn)),
  );
  const marathonSlots = await Promise.all(
    masterSpecs.map(async ({ name, listensOn }) => ({
      host: name,
      ...(await listen(`marathon on ${name}`, listensOn)),
    })),
  );
  const agentSlots = await Promise.all(agentSpecs.map(({ name }) => listen(name)));
  const [chronosSlot, chronosStandbySlot, dnsSlot, gatewaySlot] = await Promise.all([
    listen('chronos'),
    listen('chronos-standby'),
    listen('mesos-dns'),
    listen('gateway'),
  ]);
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
    sequence: index,
  }));

  const hostname = masterSpecs[0]?.name ?? 'localhost';
  const marathon = createMarathon({
    mesos,
    framework: mesos.register('marathon', { hostname, webuiUrl: marathonSlots[0]?.service.url ?? '' }),
    timers,
    ids,
    delays,
    version: options.marathonVersion,
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
  const leaders = () => ({
    masters: masterRows,
    marathon: leadingMarathon(),
    frameworkId: marathon.framework.id,
    chronos: `127.0.0.1:${chronosSlot.service.port}`,
  });
  const znodes = createNodes(leaders, clock);
  const ensemble = await startEnsemble({
    servers: masterSpecs.map(({ name, listensOn }) => ({ name, address: listensOn ?? '127.0.0.1' })),
    onQuorum: (quorum) => control.quorumChanged(quorum),
    tree: znodes,
  });
  const instances = createInstances({
    instances: marathonSlots.map(({ host, service }) => ({ host, service, running: true })),
    timers,
    delays,
    hasQuorum: ensemble.hasQuorum,
    onLost: () => marathon.events.endAll(),
    onElected({ host, service }) {
      Object.assign(marathon.framework, { hostname: host, webuiUrl: service.url });
      marathon.setLoading(true);
      timers.after(delays.loadingMs, () => marathon.setLoading(false));
    },
  });
  function leadingMarathon(): string | undefined {
    return instances.leader()?.service.host;
  }
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
    mesos,
    masters,
    marathon,
    instances,
    chronos,
    ensemble,
    znodes,
    dns,
    services: {
      marathon: together(marathonSlots.map(({ service }) => service)),
      ...Object.fromEntries(marathonSlots.map(({ host, service }) => [`marathon on ${host}`, service])),
      chronos: chronosSlot.service,
      'mesos-dns': dnsSlot.service,
      ...Object.fromEntries(serviceSlots.map(({ name, service }) => [name, service])),
    },
    masterServices: masterSlots.map(({ service }) => service),
    agentServices: agentSlots.map(({ service }) => service),
  });

  const maintenance = createMaintenance({ masters, mesos, timers });
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
  const marathonHandler = createMarathonHandler(marathon, {
    leader: leadingMarathon,
    zk: `${zk}/marathon`,
    master: `${zk}/mesos`,
    hostname,
    abdicate: () => instances.elect(),
  });
  for (const { service, answerWith } of marathonSlots) {
    const standby = createStandbyHandler({
      self: service.host,
      leader: () => instances.leader()?.service,
      handle: marathonHandler,
      redirectsEvents: () => marathon.version() !== '1.4',
    });
    answerWith((request) => (leadingMarathon() === service.host ? marathonHandler(request) : standby(request)));
  }
  const chronosHandler = createChronosHandler(chronos, {
    leader: () => `127.0.0.1:${chronosSlot.service.port}`,
    timers,
  });
  const leadingChronos: Handler = (request) =>
    control.appIsUp('chronos') ? chronosHandler(request) : { hangUp: true };
  chronosSlot.answerWith(leadingChronos);
  chronosStandbySlot.answerWith(createChronosStandby(leadingChronos));
  dnsSlot.answerWith(dns.handler);
  gatewaySlot.answerWith(createGateway(new Map([['chronos', chronosSlot.service.url]])));
  const data = createServices({ timers, jobMs: delays.jobMs }, (name) => control.appIsUp(name));
  for (const { name, answerWith } of serviceSlots) answerWith(data.handlers[name]);

  marathon.load(apps);
  // A backup is taken as it is; the demo's own jobs have not been overdue for years.
  for (const job of jobs) chronos.put(job, { loaded: options.jobs !== undefined });
  dns.refresh();

  return {
    urls: {
      marathon: marathonSlots[0]?.service.url ?? '',
      marathonStandbys: marathonSlots.slice(1).map(({ service }) => service.url),
      chronos: chronosSlot.service.url,
      chronosStandby: chronosStandbySlot.service.url,
      chronosBehindProxy: `${gatewaySlot.service.url}/chronos`,
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

function jobList(jobs: unknown, now: Date): Job[] {
  if (jobs !== undefined && !Array.isArray(jobs)) {
    throw new StarsError('CONFIG', 'The jobs to load are not a list of jobs.', {
      hint: 'Expected what Chronos answers to GET jobs: [{"name": …}, …].',
    });
  }
  return (jobs ?? seedJobs(now)).map((json: unknown) => {
    const job = readJob(json);
    if (typeof job === 'string') throw new StarsError('CONFIG', `A job to load does not fit: ${job}.`);
    return job;
  });
}
