import type { App, AppFields } from './app.js';
import { newerForm, type Json, type MarathonVersion } from './newer-form.js';
import { badRequest, invalidJson, notValid, requirementFailed, type FieldError } from './errors.js';

type Kind = 'string' | 'number' | 'int' | 'boolean' | 'object' | 'array' | 'strings' | 'ints' | 'constraints';

export const FIELDS: Record<string, Kind> = {
  id: 'string',
  cmd: 'string',
  args: 'strings',
  user: 'string',
  env: 'object',
  instances: 'int',
  cpus: 'number',
  mem: 'number',
  disk: 'number',
  gpus: 'int',
  executor: 'string',
  constraints: 'constraints',
  uris: 'strings',
  fetch: 'array',
  storeUrls: 'strings',
  backoffSeconds: 'number',
  backoffFactor: 'number',
  maxLaunchDelaySeconds: 'number',
  container: 'object',
  healthChecks: 'array',
  readinessChecks: 'array',
  dependencies: 'strings',
  upgradeStrategy: 'object',
  labels: 'object',
  ipAddress: 'object',
  version: 'string',
  residency: 'object',
  secrets: 'object',
  taskKillGracePeriodSeconds: 'number',
  unreachableStrategy: 'object',
  killSelection: 'string',
  acceptedResourceRoles: 'strings',
  ports: 'ints',
  portDefinitions: 'array',
  requirePorts: 'boolean',
};

/** What 1.5 and later know besides. */
const NEWER_FIELDS: Record<string, Kind> = { ...FIELDS, networks: 'array', role: 'string' };

export const JSON_TYPES: Record<Kind, string> = {
  string: 'string',
  number: 'number',
  int: 'integer',
  boolean: 'boolean',
  object: 'object',
  array: 'array',
  strings: 'array',
  ints: 'array',
  constraints: 'array',
};

/** What stands inside the fields that are objects, or lists of objects. */
const INNER: Record<string, Record<string, Kind>> = {
  upgradeStrategy: { minimumHealthCapacity: 'number', maximumOverCapacity: 'number' },
  unreachableStrategy: { inactiveAfterSeconds: 'number', expungeAfterSeconds: 'number' },
  healthChecks: {
    protocol: 'string',
    path: 'string',
    gracePeriodSeconds: 'number',
    intervalSeconds: 'number',
    timeoutSeconds: 'number',
    maxConsecutiveFailures: 'int',
  },
  portDefinitions: { port: 'int', protocol: 'string', name: 'string', labels: 'object' },
  fetch: { uri: 'string', extract: 'boolean', executable: 'boolean', cache: 'boolean' },
  container: { type: 'string', docker: 'object', volumes: 'array' },
};

const OPERATORS = new Set(['UNIQUE', 'CLUSTER', 'GROUP_BY', 'LIKE', 'UNLIKE', 'MAX_PER']);

/** The JSON of a request body; anything else is refused as Marathon refuses it. */
export function parseBody(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidJson(text.trim() === '' ? 'No content to map due to end-of-input' : parserText(error, text));
  }
}

function parserText(error: unknown, text: string): string {
  const token = /^\s*([^\s"{[\]},:]+)/.exec(text)?.[1];
  const reason = token
    ? `Unrecognized token '${token}': was expecting ('true', 'false' or 'null')`
    : (error as Error).message;
  return `${reason}\n at [Source: (String)"${text.slice(0, 60)}"; line: 1, column: 1]`;
}

export function parseObject(body: Buffer): Record<string, unknown> {
  return requireObject(parseBody(body));
}

export function requireObject(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw invalidJson([{ path: '/', errors: ['error.expected.jsobject'] }]);
}

export function parseList(body: Buffer): Record<string, unknown>[] {
  const json = parseBody(body);
  if (!Array.isArray(json)) throw invalidJson([{ path: '/', errors: ['error.expected.jsarray'] }]);
  return json.map(requireObject);
}

/** The known fields of an app or an update of one. `partial`: any `uris` beside any `fetch` is refused, even both empty. */
export function readAppFields(
  sent: Json,
  { partial, version }: { partial: boolean; version: MarathonVersion },
): AppFields {
  const errors: FieldError[] = [];
  const fields: Record<string, unknown> = {};
  const isNewer = version !== '1.4';
  const json = isNewer ? newerForm(sent, { partial }) : sent;
  for (const [name, value] of Object.entries(json)) {
    const kind = (isNewer ? NEWER_FIELDS : FIELDS)[name];
    if (!kind || value === null) continue;
    if (isNewer && name === 'unreachableStrategy' && value === 'disabled') {
      fields[name] = value;
      continue;
    }
    errors.push(...mismatches(`/${name}`, kind, isNewer ? withoutIs(value) : value), ...innerMismatches(name, value));
    fields[name] = value;
  }
  if (errors.length > 0) throw invalidJson(errors);
  refuseContradictions(fields, partial);
  return fields;
}

/** IS came with 1.6; 1.4 knows it as CLUSTER with a value. */
function withoutIs(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((one: unknown) => (Array.isArray(one) && one[1] === 'IS' ? [one[0], 'CLUSTER', one[2]] : one));
}

function mismatches(path: string, kind: Kind, value: unknown): FieldError[] {
  const wrong = (type: string): FieldError[] => [{ path, errors: [`error.expected.${type}`] }];
  switch (kind) {
    case 'string':
      return typeof value === 'string' ? [] : wrong('jsstring');
    case 'number':
      return typeof value === 'number' ? [] : wrong('jsnumber');
    case 'int':
      if (typeof value !== 'number') return wrong('jsnumber');
      return Number.isInteger(value) ? [] : wrong('int');
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('jsboolean');
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) ? [] : wrong('jsobject');
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((one, at) => mismatches(`${path}(${at})`, 'object', one))
        : wrong('jsarray');
    case 'strings':
      return Array.isArray(value)
        ? value.flatMap((one, at) => mismatches(`${path}(${at})`, 'string', one))
        : wrong('jsarray');
    case 'ints':
      return Array.isArray(value)
        ? value.flatMap((one, at) => mismatches(`${path}(${at})`, 'int', one))
        : wrong('jsarray');
    case 'constraints':
      return Array.isArray(value)
        ? value.flatMap((one, at) => constraintErrors(`${path}(${at})`, one))
        : wrong('jsarray');
  }
}

function innerMismatches(name: string, value: unknown): FieldError[] {
  const kinds = Object.entries(INNER[name] ?? {});
  const objects: [string, unknown][] = Array.isArray(value)
    ? value.map((one, at) => [`/${name}(${at})`, one as unknown])
    : [[`/${name}`, value]];
  return objects.flatMap(([path, one]) => {
    if (typeof one !== 'object' || one === null) return [];
    const fields = one as Record<string, unknown>;
    return kinds.flatMap(([key, kind]) => {
      const inner = fields[key];
      return inner === undefined || inner === null ? [] : mismatches(`${path}/${key}`, kind, inner);
    });
  });
}

function constraintErrors(path: string, value: unknown): FieldError[] {
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string'))
    return [{ path, errors: ['error.expected.jsarray'] }];
  if (value.length < 2 || value.length > 3)
    return [{ path, errors: ['Constraint definition must have 2 or 3 elements'] }];
  if (!OPERATORS.has(String(value[1]))) {
    return [
      {
        path: `${path}(1)`,
        errors: ['Constraint operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER or UNLIKE'],
      },
    ];
  }
  return [];
}

function refuseContradictions(fields: AppFields, partial: boolean): void {
  const bothFetch = partial
    ? fields.uris !== undefined && fields.fetch !== undefined
    : Boolean(fields.uris?.length && fields.fetch?.length);
  if (bothFetch) throw badRequest('You cannot specify both uris and fetch fields');
  if (fields.ports && fields.portDefinitions && !samePorts(fields)) {
    throw badRequest('You cannot specify both ports and port definitions');
  }
  if (fields.ipAddress && (fields.ports ?? fields.portDefinitions)) {
    throw badRequest('You cannot specify both an IP address and ports');
  }
  if (fields.acceptedResourceRoles?.length === 0) {
    throw invalidJson([{ path: '/acceptedResourceRoles', errors: ['must not be empty'] }]);
  }
}

function samePorts({ ports = [], portDefinitions = [] }: AppFields): boolean {
  return ports.length === portDefinitions.length && ports.every((port, at) => port === portDefinitions[at]?.port);
}

const SEGMENT = /^(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])$/;
const SEGMENT_TEXT =
  "must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$'";

export function checkId(id: string): void {
  const segments = id.split('/').filter(Boolean);
  if (segments.length === 0) throw notValid([{ path: '/id', errors: ['Path must contain at least one path element'] }]);
  if (!segments.every((segment) => SEGMENT.test(segment))) throw notValid([{ path: '/id', errors: [SEGMENT_TEXT] }]);
}

/** 422 with everything that is wrong with a whole app. */
export function checkApp(app: App, version: MarathonVersion): void {
  checkId(app.id);
  const errors: FieldError[] = [];
  const note = (path: string, ...texts: (string | undefined)[]) => {
    const found = texts.filter((text) => text !== undefined);
    if (found.length > 0) errors.push({ path, errors: found });
  };
  for (const name of ['instances', 'cpus', 'mem', 'disk'] as const) {
    note(`/${name}`, app[name] < 0 ? `got ${app[name]}, expected 0 or more` : undefined);
  }
  note('/backoffFactor', app.backoffFactor < 1 ? `got ${app.backoffFactor}, expected 1 or more` : undefined);
  note('/upgradeStrategy/minimumHealthCapacity', outside(app.upgradeStrategy.minimumHealthCapacity));
  note('/upgradeStrategy/maximumOverCapacity', outside(app.upgradeStrategy.maximumOverCapacity));
  if (version === '1.4' && app.unreachableStrategy !== 'disabled') {
    const { inactiveAfterSeconds: inactive, expungeAfterSeconds: expunge } = app.unreachableStrategy;
    note('/unreachableStrategy/inactiveAfterSeconds', inactive < 1 ? `got ${inactive}, expected 1 or more` : undefined);
    note('/unreachableStrategy', inactive >= expunge ? `got ${inactive}, expected less than ${expunge}` : undefined);
  }
  const ports = app.ports ?? [];
  const fixed = ports.filter((port) => port !== 0);
  note('/portDefinitions', new Set(fixed).size < fixed.length ? 'Ports must be unique.' : undefined);
  note('/', app.cmd === null && !app.args && !app.container ? MISSING_COMMAND : undefined);
  note('/', app.cmd !== null && app.args ? MISSING_COMMAND : undefined);
  if (errors.length > 0) throw notValid(errors);
  if (app.gpus < 0) throw requirementFailed('gpus must not be negative');
}

const MISSING_COMMAND = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";

function outside(fraction: number): string | undefined {
  if (fraction > 1) return 'is greater than 1';
  return fraction < 0 ? 'is less than 0' : undefined;
}
