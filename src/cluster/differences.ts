import { isDeepStrictEqual } from 'node:util';
import { diffFields } from './diff.js';
import { hasMoved, scheduleOf } from './chronos/schedule.js';
import { isNewShape, toNewShape, toOldShape } from './marathon/app-shape.js';
import { normaliseApp, normaliseJob, normalisePod, type Definition } from './normalise.js';

export type DefinitionKind = 'app' | 'pod' | 'job';

const NORMALISE = { app: normaliseApp, pod: normalisePod, job: normaliseJob };

/** What the servers fill in for a field that is left out, wherever it stands. */
const DEFAULTS: Record<DefinitionKind, Definition> = {
  app: {
    instances: 1,
    cpus: 1,
    mem: 128,
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 3600,
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    minimumHealthCapacity: 1,
    maximumOverCapacity: 1,
    unreachableStrategy: { inactiveAfterSeconds: 300, expungeAfterSeconds: 600 },
    inactiveAfterSeconds: 300,
    expungeAfterSeconds: 600,
    killSelection: 'YOUNGEST_FIRST',
    gracePeriodSeconds: 300,
    intervalSeconds: 60,
    timeoutSeconds: 20,
    maxConsecutiveFailures: 3,
    protocol: 'tcp',
    extract: true,
    networks: [{ mode: 'host' }],
    mode: 'host',
    role: '*',
  },
  pod: {
    cpus: 0.1,
    mem: 32,
    executorResources: { cpus: 0.1, mem: 32, disk: 10 },
    scaling: { kind: 'fixed', instances: 1 },
    kind: 'fixed',
    instances: 1,
    networks: [{ mode: 'host' }],
    mode: 'host',
    scheduling: { placement: { constraints: [], acceptedResourceRoles: [] } },
    protocol: 'tcp',
  },
  job: {
    cpus: 0.1,
    mem: 128,
    disk: 256,
    retries: 2,
    runAsUser: 'root',
    shell: true,
    epsilon: 'PT60S',
    extract: true,
    type: 'DOCKER',
  },
};

/**
 * What of a live definition is otherwise than it is wanted, a phrase each, from what is to what is wanted; empty when it is as wanted.
 * A field that either leaves out has its default, and a schedule that has only moved on is the same.
 */
export function differences(kind: DefinitionKind, wanted: Definition, live: Definition): string[] {
  const [want, have] = aligned(kind, NORMALISE[kind](wanted), NORMALISE[kind](live));
  const names = [...new Set([...Object.keys(want), ...Object.keys(have)])].filter(
    (name) => !agree(want[name], have[name], { name, defaults: DEFAULTS[kind] }),
  );
  if (kind === 'job' && isSameSchedule(want, have)) {
    const others = names.filter((name) => name !== 'schedule' && !(name === 'disabled' && isOver(have)));
    return diffFields(picked(have, others), picked(want, others));
  }
  return diffFields(picked(have, names), picked(want, names));
}

/** Of two spellings of one thing the one that both have; ports that are left to Marathon are as they are. */
function aligned(kind: DefinitionKind, wanted: Definition, live: Definition): [Definition, Definition] {
  const [want, have] = [{ ...wanted }, { ...live }];
  if (Array.isArray(want['uris']) && Array.isArray(have['fetch'])) {
    have['uris'] = have['fetch'].map(({ uri }: { uri: unknown }) => uri);
    delete have['fetch'];
  }
  if (Array.isArray(want['ports']) && Array.isArray(have['portDefinitions'])) {
    have['ports'] = have['portDefinitions'].map(({ port }: { port: unknown }) => port);
    delete have['portDefinitions'];
  }
  const same = kind === 'app' ? inShapeOf(have, want) : want;
  for (const name of ['ports', 'portDefinitions']) if (same[name] === undefined) delete have[name];
  return [same, have];
}

/** Marathon 1.5 and later print networks and ports otherwise than older definitions write them, and the other way round. */
function inShapeOf(have: Definition, { uris, ports, ...want }: Definition): Definition {
  const spelled = {
    ...(uris === undefined ? {} : { uris }),
    ...(ports === undefined || !have['ports'] ? {} : { ports }),
  };
  if (isNewShape(have)) return { ...(isNewShape(want) ? want : toNewShape(want)), ...spelled };
  const asWritten = { ...want, ...spelled, ...(ports === undefined ? {} : { ports }) };
  const older = isNewShape(want) ? toOldShape(asWritten) : undefined;
  return older && 'app' in older ? older.app : asWritten;
}

type Field = { name: string; defaults: Definition };

function agree(want: unknown, have: unknown, field: Field): boolean {
  // Marathon chooses one where none is written.
  if (want === undefined && field.name === 'servicePort') return true;
  if (want === undefined) return isDefault(have, field);
  if (have === undefined) return isDefault(want, field);
  if (/^(?:ports?|servicePort|hostPort)$/.test(field.name) && want === 0) return true;
  if (Array.isArray(want) && Array.isArray(have))
    return want.length === have.length && want.every((one, at) => agree(one, have[at], field));
  if (!isObject(want) || !isObject(have)) return want === have;
  const names = new Set([...Object.keys(want), ...Object.keys(have)]);
  return [...names].every((name) => agree(want[name], have[name], { ...field, name }));
}

function isDefault(value: unknown, { name, defaults }: Field): boolean {
  if (value === undefined || value === null) return true;
  if (isObject(value)) return Object.entries(value).every(([key, inner]) => isDefault(inner, { name: key, defaults }));
  if (isDeepStrictEqual(value, defaults[name])) return true;
  // From 1.5.1 on what is out of reach is replaced at once.
  if (/^(?:inactive|expunge)AfterSeconds$/.test(name) && value === 0) return true;
  // The protocol of a check has another default than that of a port.
  if (name === 'protocol') return value === 'HTTP';
  if (Array.isArray(value)) return value.length === 0;
  return !Object.hasOwn(defaults, name) && (value === '' || value === false || value === 0);
}

function isSameSchedule(wanted: Definition, live: Definition): boolean {
  return wanted['schedule'] === live['schedule'] || hasMoved(wanted, live);
}

/** It has run as often as it was to, and is switched off for that. */
function isOver(live: Definition): boolean {
  return scheduleOf(live)?.repeats === 0;
}

function picked(definition: Definition, names: readonly string[]): Definition {
  return Object.fromEntries(Object.entries(definition).filter(([name]) => names.includes(name)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
