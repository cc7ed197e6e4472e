import { z } from 'zod';
import { problem } from './checked-file.js';
import { RUN_TIME_OF_APP } from '../model/run-time-fields.js';

const SEGMENT = /^(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(?:\.(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*$/;
// Marathon takes these words at the end of a path for something else.
const UNREACHABLE = /\/(?:restart|tasks|versions)$/;

const AppId = z.string().check((context) => {
  const segments = context.value.split('/').filter((segment, at) => segment !== '' || at > 0);
  const right = segments.length > 0 && segments.every((segment) => SEGMENT.test(segment));
  if (right && !UNREACHABLE.test(`/${context.value}`)) return;
  const hint = right
    ? 'Marathon cannot reach an app whose id ends in restart, tasks or versions.'
    : 'Write it like /group/name, with small letters, digits, dots and dashes.';
  context.issues.push({ ...problem('{name} must be the id of an app', hint), input: context.value });
});

const amount = z.number().min(0);
const whole = z.int().min(0);
const fraction = z.number().min(0).max(1);
const texts = z.record(z.string(), z.string());

export const OPERATORS = ['UNIQUE', 'CLUSTER', 'GROUP_BY', 'LIKE', 'UNLIKE', 'MAX_PER', 'IS'] as const;
const NEEDS_VALUE: ReadonlySet<string> = new Set(['LIKE', 'UNLIKE', 'MAX_PER', 'IS']);

const Constraint = z.array(z.string()).check((context) => {
  const wrong = wrongConstraint(context.value);
  if (wrong !== undefined)
    context.issues.push({
      ...problem(`{name} ${wrong}`, 'Write it like ["hostname", "UNIQUE"] or ["rack", "LIKE", "a|b"].'),
      input: undefined,
    });
});

function wrongConstraint([field, operator, value, more]: readonly string[]): string | undefined {
  if (!field || !operator || more !== undefined) return 'must be a field, an operator and perhaps a value';
  if (!OPERATORS.some((known) => known === operator))
    return `has no operator ${operator}: there are ${OPERATORS.join(', ')}`;
  if (NEEDS_VALUE.has(operator) && !value) return `needs a value for ${operator}`;
  if (operator === 'UNIQUE' && value) return 'takes no value for UNIQUE';
  if (value && (operator === 'MAX_PER' || operator === 'GROUP_BY') && !/^[1-9]\d*$/.test(value))
    return `needs a number for ${operator}`;
  if (value && operator.endsWith('LIKE') && !isPattern(value)) return `has the broken pattern ${value}`;
  return undefined;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

const PortMapping = z.looseObject({
  containerPort: whole.optional(),
  hostPort: whole.optional(),
  servicePort: whole.optional(),
  protocol: z.string().optional(),
});

const Docker = z.strictObject({
  image: z.string().min(1),
  network: z.enum(['BRIDGE', 'HOST', 'USER', 'NONE']).nullish(),
  portMappings: z.array(PortMapping).nullish(),
  privileged: z.boolean().optional(),
  parameters: z.array(z.strictObject({ key: z.string(), value: z.string() })).optional(),
  forcePullImage: z.boolean().optional(),
  pullConfig: z.unknown().optional(),
  credential: z.unknown().optional(),
});

const Container = z.strictObject({
  type: z.enum(['DOCKER', 'MESOS']).default('DOCKER'),
  docker: Docker.nullish(),
  appc: z.unknown().optional(),
  volumes: z
    .array(z.looseObject({ containerPath: z.string().optional(), mode: z.enum(['RW', 'RO']).optional() }))
    .optional(),
  portMappings: z.array(PortMapping).nullish(),
  linuxInfo: z.unknown().optional(),
});

const HealthCheck = z.strictObject({
  protocol: z.enum(['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP']).optional(),
  path: z.string().nullish(),
  command: z.unknown().optional(),
  portIndex: z.int().min(0).nullish(),
  port: whole.nullish(),
  gracePeriodSeconds: amount.optional(),
  intervalSeconds: amount.optional(),
  timeoutSeconds: amount.optional(),
  delaySeconds: amount.optional(),
  maxConsecutiveFailures: whole.optional(),
  ignoreHttp1xx: z.boolean().nullish(),
  ipProtocol: z.string().optional(),
});

const Fetch = z.strictObject({
  uri: z.string().min(1),
  extract: z.boolean().optional(),
  executable: z.boolean().optional(),
  cache: z.boolean().optional(),
  destPath: z.string().nullish(),
  outputFile: z.string().nullish(),
});

const Env = z.record(z.string(), z.union([z.string(), z.strictObject({ secret: z.string() })]));

/** One app of `conf/marathon`, with Marathon's own fields of 1.4 to 1.10. */
export const AppDefinitionFile = z
  .strictObject({
    id: AppId,
    cmd: z.string().nullish(),
    args: z.array(z.string()).nullish(),
    user: z.string().nullish(),
    env: Env.optional(),
    instances: whole.optional(),
    cpus: amount.optional(),
    mem: amount.optional(),
    disk: amount.optional(),
    gpus: whole.optional(),
    executor: z.string().optional(),
    executorResources: z.unknown().optional(),
    constraints: z.array(Constraint).optional(),
    fetch: z.array(Fetch).nullish(),
    uris: z.array(z.string()).nullish(),
    storeUrls: z.array(z.string()).optional(),
    backoffSeconds: amount.optional(),
    backoffFactor: z.number().min(1).optional(),
    maxLaunchDelaySeconds: amount.optional(),
    container: Container.nullish(),
    healthChecks: z.array(HealthCheck).optional(),
    check: z.unknown().optional(),
    readinessChecks: z.array(z.looseObject({ name: z.string().optional() })).optional(),
    dependencies: z.array(z.string()).optional(),
    upgradeStrategy: z
      .strictObject({ minimumHealthCapacity: fraction.optional(), maximumOverCapacity: fraction.optional() })
      .nullish(),
    labels: texts.optional(),
    acceptedResourceRoles: z.array(z.string()).min(1).nullish(),
    ipAddress: z.unknown().optional(),
    networks: z.array(z.looseObject({ mode: z.string().optional() })).optional(),
    residency: z.unknown().optional(),
    secrets: z.record(z.string(), z.unknown()).optional(),
    taskKillGracePeriodSeconds: amount.nullish(),
    unreachableStrategy: z.unknown().optional(),
    killSelection: z.enum(['YOUNGEST_FIRST', 'OLDEST_FIRST', 'YoungestFirst', 'OldestFirst']).optional(),
    ports: z.array(whole).nullish(),
    portDefinitions: z
      .array(
        z.strictObject({
          port: whole.optional(),
          protocol: z.string().optional(),
          name: z.string().nullish(),
          labels: texts.optional(),
        }),
      )
      .nullish(),
    requirePorts: z.boolean().optional(),
    role: z.string().optional(),
    tty: z.boolean().nullish(),
    resourceLimits: z.unknown().optional(),
    ...Object.fromEntries(RUN_TIME_OF_APP.map((name) => [name, z.unknown().optional()])),
  })
  .check(({ value, issues }) => {
    for (const { path, message, hint } of contradictions(value))
      issues.push({ ...problem(message, hint), path, input: undefined });
  });

type AppFields = {
  cmd?: string | null | undefined;
  args?: readonly string[] | null | undefined;
  container?: object | null | undefined;
  uris?: readonly string[] | null | undefined;
  fetch?: readonly unknown[] | null | undefined;
  ports?: readonly number[] | null | undefined;
  portDefinitions?: readonly { port?: number | undefined }[] | null | undefined;
  ipAddress?: unknown;
  healthChecks?: readonly { portIndex?: number | null | undefined }[] | undefined;
};

type Contradiction = { path: (string | number)[]; message: string; hint: string };

/** What Marathon refuses although each field is right by itself. */
function contradictions(app: AppFields): Contradiction[] {
  const { ports, portDefinitions, healthChecks = [] } = app;
  const found: (Contradiction | false)[] = [
    app.cmd == null &&
      !app.args &&
      !app.container && {
        path: ['id'],
        message: 'The app says nothing that could be run',
        hint: 'Give it a cmd, args or a container.',
      },
    app.cmd != null &&
      Boolean(app.args) && {
        path: ['args'],
        message: '{name} cannot stand beside cmd',
        hint: 'Keep one of the two.',
      },
    Boolean(app.uris?.length && app.fetch?.length) && {
      path: ['uris'],
      message: '{name} cannot stand beside fetch: Marathon refuses both',
      hint: 'Move the addresses of uris into fetch: {"uri": …}.',
    },
    Boolean(ports && portDefinitions) &&
      !samePorts(ports ?? [], portDefinitions ?? []) && {
        path: ['ports'],
        message: '{name} says something else than portDefinitions: Marathon refuses both',
        hint: 'Keep portDefinitions.',
      },
    app.ipAddress != null &&
      Boolean(ports ?? portDefinitions) && {
        path: [ports ? 'ports' : 'portDefinitions'],
        message: '{name} cannot stand beside ipAddress',
        hint: 'An app with an address of its own has all ports.',
      },
    ...healthChecks.map(({ portIndex }, at): Contradiction | false => {
      const known = portDefinitions?.length ?? ports?.length;
      return (
        portIndex != null &&
        known !== undefined &&
        portIndex >= known &&
        !app.container && {
          path: ['healthChecks', at, 'portIndex'],
          message: `{name} is ${portIndex}, but the app has ${known} ${known === 1 ? 'port' : 'ports'}, counted from 0`,
          hint: 'Correct it, or give the check a port.',
        }
      );
    }),
  ];
  return found.filter((one) => one !== false);
}

function samePorts(ports: readonly number[], definitions: readonly { port?: number | undefined }[]): boolean {
  return ports.length === definitions.length && ports.every((port, at) => port === (definitions[at]?.port ?? 0));
}
