import type { App, Container, Network } from './app.js';
import { notNormal, notValid } from './errors.js';

/** `1.4` prints apps in the form of before 1.5; all later ones take that form too, but print another. */
export type MarathonVersion = '1.4' | '1.10';

export type Json = Record<string, unknown>;

const MODES: Record<string, Network['mode']> = {
  HOST: 'host',
  BRIDGE: 'container/bridge',
  USER: 'container',
  NONE: 'host',
};
const DEFAULTS: Json = { unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 }, role: '*' };

/** What was sent, in the form of 1.5 and later, whichever it was written in; a whole app also gets what it leaves out. */
export function newerForm(json: Json, { partial }: { partial: boolean }): Json {
  const { uris, ports, ipAddress, ...kept } = withoutNulls(json);
  const address = isObject(ipAddress) ? ipAddress : undefined;
  const container = movedMappings(isObject(kept['container']) ? kept['container'] : undefined, address);
  const networks = networksOf(kept['networks'], { docker: dockerOf(kept['container']), address });
  const known = networks ?? (partial ? undefined : HOST);
  if (known) refuseMixed(known);
  const isHost = known === undefined || known.every(({ mode }) => mode === 'host');
  const definitions = kept['portDefinitions'] ?? (Array.isArray(ports) ? ports.map((port) => ({ port })) : undefined);
  const { portDefinitions: _definitions, ...rest } = kept;
  return {
    ...(partial ? {} : DEFAULTS),
    ...rest,
    ...fetched(uris, kept['fetch']),
    ...(known && { networks: known }),
    ...(container && { container: withPorts(container, known) }),
    ...(!container && !isHost && { container: withPorts({ type: 'MESOS' }, known) }),
    ...(definitions !== undefined && isHost && { portDefinitions: definitions }),
  };
}

const HOST: Network[] = [{ mode: 'host' }];

/** The app as 1.5 and later print it: no nulls, no older spellings. */
export function printedNewer(app: App): Json {
  const whole = app.networks ? app : { ...app, ...newerForm({ ...app }, { partial: false }) };
  const { ports = [], uris: _uris, ipAddress: _address, portDefinitions, requirePorts, ...kept } = whole;
  const networks = whole.networks ?? HOST;
  const isHost = networks.every(({ mode }) => mode === 'host');
  const mappings = kept.container?.portMappings?.map((one, at) => ({
    labels: {},
    protocol: 'tcp',
    ...one,
    servicePort: one.servicePort || (ports[at] ?? 0),
  }));
  return withoutNulls({
    ...kept,
    networks,
    container: kept.container && { volumes: [], ...kept.container, ...(mappings && { portMappings: mappings }) },
    requirePorts: isHost && (requirePorts ?? false),
    ...(isHost && portDefinitions && { portDefinitions }),
  });
}

function withPorts({ docker, portMappings, ...container }: Container, networks: Network[] | undefined): Container {
  const { network: _network, portMappings: _mappings, ...plain } = docker ?? {};
  const own = { ...container, ...(docker && { docker: plain as Container['docker'] }) } as Container;
  if (networks === undefined) return portMappings ? { ...own, portMappings } : own;
  if (networks.every(({ mode }) => mode === 'host')) return own;
  const onBridge = networks.some(({ mode }) => mode === 'container/bridge');
  const mappings = portMappings ?? [{ containerPort: 0, name: 'default' }];
  return { ...own, portMappings: mappings.map((one) => (onBridge ? { hostPort: 0, ...one } : one)) };
}

function movedMappings(container: Json | undefined, address: Json | undefined): Container | undefined {
  if (!container) return address && withDiscovered({ type: 'MESOS' }, address);
  const { portMappings, ...kept } = container as Container;
  const older = kept.docker?.portMappings;
  if (portMappings && portMappings.length > 0 && older && older.length > 0)
    throw notNormal('cannot specify both portMappings and docker.portMappings');
  const mappings = older ?? portMappings;
  return withDiscovered({ ...kept, ...(mappings && { portMappings: mappings }) }, address);
}

function withDiscovered(container: Container, address: Json | undefined): Container {
  const { ports } = (isObject(address?.['discovery']) ? address['discovery'] : {}) as { ports?: Json[] };
  if (container.type !== 'MESOS' || !ports?.length) return container;
  return {
    ...container,
    portMappings: ports.map(({ number, ...one }) => ({ containerPort: Number(number), ...one })),
  };
}

function networksOf(
  given: unknown,
  { docker, address }: { docker: Json | undefined; address: Json | undefined },
): Network[] | undefined {
  if (Array.isArray(given) && given.length > 0)
    return given.filter(isObject).map((one) => ({ ...one, mode: one['mode'] ?? 'container' }) as Network);
  const mode = typeof docker?.['network'] === 'string' ? (MODES[docker['network']] ?? 'host') : undefined;
  const named = { name: address?.['networkName'], labels: address?.['labels'] };
  if (mode === 'container' || (mode === undefined && address))
    return [withoutNulls({ mode: 'container', ...named }) as Network];
  return mode && [{ mode }];
}

function refuseMixed(networks: Network[]): void {
  const modes = new Set(networks.map(({ mode }) => mode));
  const unknown = [...modes].find((mode) => !['host', 'container', 'container/bridge'].includes(mode));
  if (unknown !== undefined) throw notValid([{ path: '/networks', errors: [`unknown network mode ${unknown}`] }]);
  if (modes.size > 1 || (networks.length > 1 && !modes.has('container')))
    throw notValid([
      {
        path: '/networks',
        errors: ['May specify a single host network, single bridge network, or else 1-to-n container networks'],
      },
    ]);
  if (networks.some(({ mode, name }) => mode === 'container' && !name))
    throw notValid([
      { path: '/networks', errors: ['Network name must be specified when container network is selected.'] },
    ]);
}

function fetched(uris: unknown, fetch: unknown): Json {
  const hasFetch = Array.isArray(fetch) && fetch.length > 0;
  if (!Array.isArray(uris) || uris.length === 0) return {};
  if (hasFetch) throw notNormal('cannot specify both uris and fetch fields');
  return { fetch: uris.map((uri: string) => ({ uri })) };
}

function dockerOf(container: unknown): Json | undefined {
  return isObject(container) && isObject(container['docker']) ? container['docker'] : undefined;
}

function withoutNulls(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null && value !== undefined));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
