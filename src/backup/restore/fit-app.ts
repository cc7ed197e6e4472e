import { type Definition, normaliseApp } from '../../cluster/normalise.js';

/** What is sent in the end, and what had to be said otherwise for that; or why it cannot be sent, as the end of a sentence. */
export type Fitted = { body: Definition; notes: string[] } | { refused: string };

const SEGMENT = /^(?:[a-z0-9]|[a-z0-9][a-z0-9.-]*[a-z0-9])$/;

/** A saved app in the form that Marathon of this version (`1.4.7`) takes. Networks are written in another way from 1.5 on. */
export function fitApp(saved: Definition, version: string): Fitted {
  const app = normaliseApp(saved);
  const id = String(app['id']);
  if (!isId(id)) return { refused: `${id} is no id that Marathon takes` };
  if (app['cmd'] === undefined && !list(app['args']) && !isObject(app['container']))
    return { refused: 'it has neither a command nor a container' };
  if (app['cmd'] !== undefined && list(app['args'])) return { refused: 'it has both a command and arguments' };
  const newer = isFrom15(version);
  if (newer === isNewShape(app) || (newer && !isOldShape(app))) return { body: app, notes: [] };
  return newer ? toNewShape(app) : toOldShape(app);
}

export function isId(id: string): boolean {
  return (
    /^(?:\/[^/]+)+$/.test(id) &&
    id
      .slice(1)
      .split('/')
      .every((segment) => SEGMENT.test(segment))
  );
}

function isFrom15(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 5);
}

function isNewShape({ networks, container, unreachableStrategy }: Definition): boolean {
  return (
    Array.isArray(networks) ||
    list(fields(container)['portMappings']) !== undefined ||
    unreachableStrategy === 'disabled'
  );
}

function isOldShape({ ipAddress, ports, portDefinitions, container, uris }: Definition): boolean {
  const docker = fields(fields(container)['docker']);
  return [ipAddress, uris, docker['network'], docker['portMappings'], portDefinitions ? undefined : ports].some(
    (field) => field !== undefined,
  );
}

const MODES: Record<string, string> = { HOST: 'host', BRIDGE: 'container/bridge', USER: 'container' };

function toNewShape(app: Definition): Fitted {
  const { ipAddress, ports, uris, ...kept } = app;
  const { docker: dockerFields, ...container } = fields(app['container']);
  const { network, portMappings, ...docker } = fields(dockerFields);
  const address = fields(ipAddress);
  const mode = typeof network === 'string' ? (MODES[network] ?? 'host') : isObject(ipAddress) ? 'container' : 'host';
  const mappings =
    list(portMappings) ?? portsOf(address).map(({ number, ...port }) => ({ containerPort: number, ...port }));
  const named = { name: address['networkName'], labels: address['labels'] };
  const body: Record<string, unknown> = {
    ...kept,
    networks: [mode === 'container' ? defined({ mode, ...named }) : { mode }],
    ...(list(uris) ? { fetch: (list(uris) ?? []).map((uri) => ({ uri })) } : {}),
    ...(list(ports) && !app['portDefinitions']
      ? { portDefinitions: (list(ports) ?? []).map((port) => ({ port })) }
      : {}),
  };
  if (app['container'] !== undefined || mappings.length > 0)
    body['container'] = {
      type: 'MESOS',
      ...container,
      ...(isObject(dockerFields) ? { docker } : {}),
      ...(mappings.length > 0 ? { portMappings: mappings } : {}),
    };
  // Ports of the host are only for apps on the host's network.
  const { portDefinitions, requirePorts, ...others } = body;
  const own = mode === 'host' ? defined({ portDefinitions, requirePorts }) : {};
  return { body: { ...others, ...own }, notes: ['written in the form of Marathon 1.5 and later'] };
}

function toOldShape(app: Definition): Fitted {
  const { networks, container: whole, ...kept } = app;
  const { portMappings, docker, pullConfig, linuxInfo, ...container } = fields(whole);
  if (app['unreachableStrategy'] === 'disabled')
    return { refused: 'its unreachable strategy is switched off, which Marathon before 1.5 cannot' };
  if (pullConfig !== undefined || linuxInfo !== undefined)
    return { refused: 'its container has settings that Marathon before 1.5 does not know' };
  const [network = { mode: 'host' }, ...more] = (list(networks) ?? []).filter(isObject);
  if (more.length > 0) return { refused: 'it is in several networks, which Marathon before 1.5 cannot' };
  const onBridge = network['mode'] === 'container/bridge';
  if (onBridge && !isObject(docker))
    return { refused: 'it is on a bridge without Docker, which Marathon before 1.5 cannot' };
  const mappings = (list(portMappings) ?? []).filter(isObject).map(({ networkNames: _names, ...mapping }) => mapping);
  const inNetwork = network['mode'] === 'container';
  const old = {
    ...container,
    ...(isObject(docker)
      ? {
          docker: {
            ...docker,
            network: onBridge ? 'BRIDGE' : inNetwork ? 'USER' : 'HOST',
            ...(mappings.length > 0 ? { portMappings: mappings } : {}),
          },
        }
      : {}),
  };
  return {
    body: {
      ...kept,
      ...(whole === undefined ? {} : { container: old }),
      ...(inNetwork ? { ipAddress: addressOf(network, isObject(docker) ? [] : mappings) } : {}),
    },
    notes: ['written in the form of Marathon before 1.5'],
  };
}

function addressOf({ name, labels }: Definition, mappings: Definition[]): Definition {
  const ports = mappings.map(({ containerPort, name: port, protocol }) =>
    defined({ number: containerPort, name: port, protocol }),
  );
  return defined({ networkName: name, labels, ...(ports.length > 0 ? { discovery: { ports } } : {}) });
}

function portsOf(address: Definition): Definition[] {
  return (list(fields(address['discovery'])['ports']) ?? []).filter(isObject);
}

function defined(values: Definition): Definition {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function fields(value: unknown): Definition {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for an empty one, and for what is none. */
function list(value: unknown): unknown[] | undefined {
  return Array.isArray(value) && value.length > 0 ? (value as unknown[]) : undefined;
}
