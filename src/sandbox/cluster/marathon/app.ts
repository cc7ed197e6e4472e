export type PortDefinition = { port: number; protocol: string; name?: string; labels: Record<string, string> };
export type FetchUri = { uri: string; extract: boolean; executable: boolean; cache: boolean; outputFile?: string };
export type PortMapping = {
  containerPort: number;
  hostPort?: number;
  servicePort?: number;
  protocol?: string;
  name?: string;
};
/** From 1.5 on. */
export type Network = {
  mode: 'host' | 'container' | 'container/bridge';
  name?: string;
  labels?: Record<string, string>;
};

export type Container = {
  type: string;
  /** From 1.5 on here. */
  portMappings?: PortMapping[] | null;
  docker?: { image: string; network?: string; portMappings?: PortMapping[] | null } & Record<string, unknown>;
  volumes?: { containerPath: string; hostPath?: string; mode: string }[];
} & Record<string, unknown>;

export type HealthCheck = {
  protocol: string;
  path?: string;
  gracePeriodSeconds: number;
  intervalSeconds: number;
  timeoutSeconds: number;
  maxConsecutiveFailures: number;
} & Record<string, unknown>;

export type ReadinessCheck = { name?: string; preserveLastResponse?: boolean } & Record<string, unknown>;
export type UpgradeStrategy = { minimumHealthCapacity: number; maximumOverCapacity: number };

/** An app as Marathon 1.4 keeps and prints it, in the order in which it prints. */
export type App = {
  id: string;
  cmd: string | null;
  args: string[] | null;
  user: string | null;
  env: Record<string, unknown>;
  instances: number;
  cpus: number;
  mem: number;
  disk: number;
  gpus: number;
  executor: string;
  constraints: string[][];
  uris: string[];
  fetch: FetchUri[];
  storeUrls: string[];
  backoffSeconds: number;
  backoffFactor: number;
  maxLaunchDelaySeconds: number;
  container: Container | null;
  healthChecks: HealthCheck[];
  readinessChecks: ReadinessCheck[];
  dependencies: string[];
  upgradeStrategy: UpgradeStrategy;
  labels: Record<string, string>;
  ipAddress: Record<string, unknown> | null;
  version: string;
  residency: Record<string, unknown> | null;
  secrets: Record<string, unknown>;
  taskKillGracePeriodSeconds: number | null;
  unreachableStrategy: UnreachableStrategy;
  killSelection: string;
  acceptedResourceRoles?: string[];
  ports?: number[];
  portDefinitions?: PortDefinition[];
  requirePorts?: boolean;
  /** From 1.5 on. */
  networks?: Network[];
  /** From 1.9 on. */
  role?: string;
  versionInfo: { lastScalingAt: string; lastConfigChangeAt: string };
};

/** It may be switched off from 1.5 on. */
export type UnreachableStrategy = { inactiveAfterSeconds: number; expungeAfterSeconds: number } | 'disabled';

/** The fields a person may set; every one may be missing. */
export type AppFields = { [Field in Exclude<keyof App, 'versionInfo'>]?: App[Field] };

const FETCH_DEFAULTS = { extract: true, executable: false, cache: false };

const HEALTH_DEFAULTS = {
  gracePeriodSeconds: 300,
  intervalSeconds: 60,
  timeoutSeconds: 20,
  maxConsecutiveFailures: 3,
  ignoreHttp1xx: false,
};

/** A whole app from what was sent: Marathon's defaults for the rest. Service ports of 0 stay 0 until `assignPorts`. */
export function completeApp(id: string, fields: AppFields, version: string): App {
  const portDefinitions = fields.ipAddress ? undefined : definedPorts(fields);
  const fetch = completeFetch(fields);
  return {
    id,
    cmd: fields.cmd ?? null,
    args: fields.args ?? null,
    user: fields.user ?? null,
    env: fields.env ?? {},
    instances: fields.instances ?? 1,
    cpus: fields.cpus ?? 1,
    mem: fields.mem ?? 128,
    disk: fields.disk ?? 0,
    gpus: fields.gpus ?? 0,
    executor: fields.executor ?? '',
    constraints: fields.constraints ?? [],
    uris: fetch.map(({ uri }) => uri),
    fetch,
    storeUrls: fields.storeUrls ?? [],
    backoffSeconds: fields.backoffSeconds ?? 1,
    backoffFactor: fields.backoffFactor ?? 1.15,
    maxLaunchDelaySeconds: fields.maxLaunchDelaySeconds ?? 3600,
    container: fields.container ?? null,
    healthChecks: (fields.healthChecks ?? []).map(completeHealthCheck),
    readinessChecks: fields.readinessChecks ?? [],
    dependencies: fields.dependencies ?? [],
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1, ...fields.upgradeStrategy },
    labels: fields.labels ?? {},
    ipAddress: fields.ipAddress ?? null,
    version,
    residency: fields.residency ?? null,
    secrets: fields.secrets ?? {},
    taskKillGracePeriodSeconds: fields.taskKillGracePeriodSeconds ?? null,
    unreachableStrategy: completeStrategy(fields.unreachableStrategy),
    killSelection: fields.killSelection ?? 'YOUNGEST_FIRST',
    ...(fields.acceptedResourceRoles?.length && { acceptedResourceRoles: fields.acceptedResourceRoles }),
    ...(portDefinitions && {
      ports: portDefinitions.map(({ port }) => port),
      portDefinitions,
      requirePorts: fields.requirePorts ?? false,
    }),
    ...(fields.networks && { networks: fields.networks }),
    ...(fields.role !== undefined && { role: fields.role }),
    versionInfo: { lastScalingAt: version, lastConfigChangeAt: version },
  };
}

function completeStrategy(given: UnreachableStrategy | undefined): UnreachableStrategy {
  return given === 'disabled' ? given : { inactiveAfterSeconds: 300, expungeAfterSeconds: 600, ...given };
}

/** An app changed by the fields that were sent; null and missing leave the old value. */
export function changeApp(app: App, fields: AppFields, version: string): App {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
  const { ports, portDefinitions, fetch, uris, ...old } = app;
  const oldPorts = 'ports' in given || 'portDefinitions' in given || given['ipAddress'] ? {} : { portDefinitions };
  const oldFetch = 'uris' in given || 'fetch' in given ? {} : { fetch };
  void [ports, uris];
  return {
    ...completeApp(app.id, { ...old, ...oldPorts, ...oldFetch, ...given }, version),
    versionInfo: app.versionInfo,
  };
}

function completeFetch({ fetch, uris }: AppFields): FetchUri[] {
  if (fetch?.length) return fetch.map((one) => ({ ...FETCH_DEFAULTS, ...one }));
  return (uris ?? []).map((uri) => ({ uri, extract: isArchive(uri), executable: false, cache: false }));
}

function isArchive(uri: string): boolean {
  return /\.(tgz|tar\.gz|tbz2|tar\.bz2|txz|tar\.xz|zip)$/.test(uri);
}

function completeHealthCheck(check: HealthCheck): HealthCheck {
  return { ...HEALTH_DEFAULTS, ...check, protocol: check.protocol ?? 'HTTP' };
}

function definedPorts({ portDefinitions, ports, container }: AppFields): PortDefinition[] {
  if (portDefinitions)
    return portDefinitions.map((one) => ({ ...one, protocol: one.protocol ?? 'tcp', labels: one.labels ?? {} }));
  if (ports) return ports.map((port) => ({ port, protocol: 'tcp', labels: {} }));
  const mappings = container?.portMappings ?? container?.docker?.portMappings;
  if (mappings) return mappings.map(({ servicePort }) => ({ port: servicePort ?? 0, protocol: 'tcp', labels: {} }));
  return [{ port: 0, protocol: 'tcp', labels: {} }];
}

const SERVICE_PORTS = { from: 10_000, to: 20_000 };

/** The app with a free service port in place of every 0. */
export function assignPorts(app: App, taken: ReadonlySet<number>): App {
  if (!app.portDefinitions?.some(({ port }) => port === 0)) return withServicePorts(app);
  const used = new Set(taken);
  const portDefinitions = app.portDefinitions.map((definition) => {
    const port = definition.port || nextPort(used);
    used.add(port);
    return { ...definition, port };
  });
  return withServicePorts({ ...app, ports: portDefinitions.map(({ port }) => port), portDefinitions });
}

/** Mappings of ports with what Marathon fills in, their service ports too. */
function withServicePorts(app: App): App {
  const { docker, ...container } = app.container ?? {};
  if (!docker?.portMappings) return app;
  const portMappings = docker.portMappings.map((one, at) => ({
    ...(docker.network === 'USER' ? {} : { hostPort: 0 }),
    protocol: 'tcp',
    labels: {},
    ...one,
    servicePort: app.ports?.[at] ?? one.servicePort ?? 0,
  }));
  return { ...app, container: { ...container, docker: { ...docker, portMappings } } as Container };
}

function nextPort(used: ReadonlySet<number>): number {
  for (let port = SERVICE_PORTS.from; port <= SERVICE_PORTS.to; port++) if (!used.has(port)) return port;
  return 0;
}

export type Change = 'none' | 'scale' | 'config';

/** How a definition differs from the one before, apart from its version. */
export function compareApps(before: App, after: App): Change {
  const text = (app: App) => JSON.stringify({ ...app, version: '', versionInfo: '', instances: 0 });
  if (text(before) !== text(after)) return 'config';
  return before.instances === after.instances ? 'none' : 'scale';
}

/** `/a/b` of `a/b`, `b` in `/a`, `//a/b` and `/a/b/`. */
export function absoluteId(id: string, base = '/'): string {
  const parts: string[] = id.startsWith('/') ? [] : base.split('/').filter(Boolean);
  for (const part of id.split('/').filter(Boolean)) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** `a_b` of `/a/b`: how task and instance ids begin. */
export function safeId(id: string): string {
  return id.slice(1).replaceAll('/', '_');
}
