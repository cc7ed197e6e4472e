import type { Definition } from '../normalise.js';

/** Whether something in it is as only 1.5 and later write it. */
export function isNewShape(app: Definition): boolean {
  return newerWord(app) !== undefined;
}

/** The first thing in it that Marathon before 1.5 does not know. */
export function newerWord({ networks, container, unreachableStrategy, constraints }: Definition): string | undefined {
  if (Array.isArray(networks)) return 'networks';
  if (list(fields(container)['portMappings'])) return 'container.portMappings';
  if (unreachableStrategy === 'disabled') return 'an unreachableStrategy that is disabled';
  return constraintsIn(constraints).some(([, operator]) => operator === 'IS') ? 'the constraint IS' : undefined;
}

function constraintsIn(constraints: unknown): unknown[][] {
  return (list(constraints) ?? []).filter((one) => Array.isArray(one)) as unknown[][];
}

/** Whether something in it is as only Marathon before 1.5 writes it. */
export function isOldShape({ ipAddress, ports, portDefinitions, container, uris }: Definition): boolean {
  const docker = fields(fields(container)['docker']);
  return [ipAddress, uris, docker['network'], docker['portMappings'], portDefinitions ? undefined : ports].some(
    (field) => field !== undefined,
  );
}

const MODES: Record<string, string> = { HOST: 'host', BRIDGE: 'container/bridge', USER: 'container' };

/** An app of before 1.5 as later versions write it. */
export function toNewShape(app: Definition): Definition {
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
  return { ...others, ...own };
}

/** An app as Marathon before 1.5 takes it, or why there is no such thing, as the end of a sentence. */
export function toOldShape(app: Definition): { app: Definition } | { refused: string } {
  const { networks, container: whole, role: _role, ...kept } = app;
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
    app: {
      ...withOldWords(kept),
      ...(whole === undefined ? {} : { container: old }),
      ...(inNetwork ? { ipAddress: addressOf(network, isObject(docker) ? [] : mappings) } : {}),
    },
  };
}

/** IS is CLUSTER with a value, and a task that is out of reach was not replaced at once. */
function withOldWords({ unreachableStrategy, constraints, ...app }: Definition): Definition {
  const { inactiveAfterSeconds: after = 300, expungeAfterSeconds: expunge = 600 } = fields(unreachableStrategy);
  const isKnown = Number(after) >= 1 && Number(after) < Number(expunge);
  const same =
    list(constraints) &&
    constraintsIn(constraints).map(([name, operator, ...more]) => [
      name,
      operator === 'IS' ? 'CLUSTER' : operator,
      ...more,
    ]);
  return {
    ...app,
    ...defined({ constraints: same ?? constraints, unreachableStrategy: isKnown ? unreachableStrategy : undefined }),
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
