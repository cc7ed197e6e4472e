import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Secret } from '../secret.js';
import { createChronos, type Chronos } from './chronos/client.js';
import { createHttp, type Http } from './http.js';
import { createMarathon, type Marathon } from './marathon/client.js';
import { createMesosDns, type MesosDns } from './mesos-dns/client.js';
import { createMesos, type Mesos } from './mesos/client.js';
import { createServices, type ServiceAccess, titleOf, type Services } from './services/client.js';
import { createZooKeeper, type ZooKeeper } from './zookeeper/client.js';

/** Where a service answers, and the login it wants. */
export type Endpoint = { url: readonly string[]; username?: string | undefined; password?: Secret | undefined };

export type ServiceEndpoint = { url: string; username?: string | undefined; password?: Secret | undefined };

/** The endpoints of an environment, as its environment.yml names them. */
export type ClusterConfig = {
  /** Certificates in PEM to trust beside the well-known ones. */
  ca?: string | undefined;
  marathon?: Endpoint | undefined;
  chronos?: Endpoint | undefined;
  mesos?: Endpoint | undefined;
  mesosDns?: { url: string } | undefined;
  zookeeper?: { hosts: readonly string[]; admin?: readonly string[] | undefined } | undefined;
  services?: Readonly<Record<string, ServiceEndpoint>> | undefined;
};

export type ClusterPart = Exclude<keyof ClusterConfig, 'ca'>;

/** The clients of one environment. Taking one that is not configured throws CONFIG, which says what to add where. */
export type Cluster = {
  /** The environment's name. */
  readonly environment: string;
  readonly marathon: Marathon;
  readonly chronos: Chronos;
  readonly mesos: Mesos;
  readonly mesosDns: MesosDns;
  readonly zookeeper: ZooKeeper;
  readonly services: Services;
  has(part: ClusterPart): boolean;
};

export type ClusterDeps = { environment: string; clock: Clock; log: Log; timeoutMs?: number };

/** All clients of an environment, each made when it is first used. Nothing is connected before that. */
export function createCluster(config: ClusterConfig, { environment, clock, log, timeoutMs }: ClusterDeps): Cluster {
  const http = (service: string, baseUrls: readonly string[], { username, password }: Partial<Endpoint> = {}): Http => {
    const auth = username !== undefined && password ? { username, password } : undefined;
    return createHttp({ service, baseUrls, auth, timeoutMs, ca: config.ca, log, clock });
  };
  const needed = <P extends ClusterPart>(part: P): NonNullable<ClusterConfig[P]> => {
    const endpoint = config[part];
    if (endpoint === undefined) throw missing(environment, part);
    return endpoint;
  };
  const marathon = once(() =>
    createMarathon({ http: http('Marathon', needed('marathon').url, needed('marathon')), clock }),
  );
  const chronos = once(() => createChronos({ http: http('Chronos', needed('chronos').url, needed('chronos')), clock }));
  const mesos = once(() =>
    createMesos({
      http: http('Mesos', needed('mesos').url, needed('mesos')),
      httpToMaster: (url) => http('the Mesos master', [url], needed('mesos')),
      httpTo: (service, url) => http(service, [url]),
    }),
  );
  const mesosDns = once(() => createMesosDns({ http: http('Mesos-DNS', [needed('mesosDns').url]) }));
  const zookeeper = once(() => {
    const { hosts, admin } = needed('zookeeper');
    return createZooKeeper({ hosts, admin: admin?.map((url) => http("ZooKeeper's AdminServer", [url])), clock });
  });
  const services = once(() => {
    const entries = Object.entries(needed('services'));
    return createServices(new Map(entries.map(([name, endpoint]) => [name, serviceAccess(name, endpoint)])));
  });

  // Zeppelin wants a session in place of a password with each call.
  function serviceAccess(name: string, { url, username, password }: ServiceEndpoint): ServiceAccess {
    const login = username !== undefined && password ? { username, password } : undefined;
    return { http: http(titleOf(name), [url], name === 'zeppelin' ? {} : login), login };
  }

  return {
    environment,
    get marathon() {
      return marathon();
    },
    get chronos() {
      return chronos();
    },
    get mesos() {
      return mesos();
    },
    get mesosDns() {
      return mesosDns();
    },
    get zookeeper() {
      return zookeeper();
    },
    get services() {
      return services();
    },
    has: (part) => config[part] !== undefined,
  };
}

const EXAMPLES: Record<ClusterPart, string> = {
  marathon: 'marathon: {url: [http://host:8080]}',
  chronos: 'chronos: {url: [http://host:4400]}',
  mesos: 'mesos: {url: [http://host:5050]}',
  mesosDns: 'mesosDns: {url: http://host:8123}',
  zookeeper: 'zookeeper: {hosts: [host:2181]}',
  services: 'services: {zeppelin: {url: http://host:8081}}',
};

function missing(environment: string, part: ClusterPart): StarsError {
  return new StarsError('CONFIG', `The environment ${environment} does not say where ${part} is.`, {
    hint: `Add \`${EXAMPLES[part]}\` to inventories/${environment}/environment.yml.`,
  });
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
