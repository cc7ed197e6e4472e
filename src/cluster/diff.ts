import { isDeepStrictEqual } from 'node:util';
import { hasMoved } from './chronos/schedule.js';
import { normaliseApp, normaliseJob, normalisePod, type Definition } from './normalise.js';

/** The definitions that a backup holds, or that a cluster has now. */
export type Definitions = {
  apps: readonly Definition[];
  jobs: readonly Definition[];
  pods?: readonly Definition[] | undefined;
};

// Short values that hold no secret; of all others only the name is told (environments, commands and Docker parameters hold passwords).
const SHOWN = new Set([
  'instances',
  'cpus',
  'mem',
  'disk',
  'gpus',
  'backoffSeconds',
  'backoffFactor',
  'maxLaunchDelaySeconds',
  'requirePorts',
  'user',
  'disabled',
  'retries',
  'schedule',
  'scheduleTimeZone',
  'epsilon',
  'concurrent',
  'async',
  'highPriority',
  'runAsUser',
  'owner',
  'parents',
]); // prettier-ignore

/** What changed from one to the other, a phrase each: `zeppelin: mem 2048 → 4096`, `job reindex gone`. Empty when nothing did. */
export function diffBackups(before: Definitions, after: Definitions): string[] {
  const [podsBefore, podsAfter] = [before.pods ?? [], after.pods ?? []];
  return [
    ...diffList({ kind: 'app', key: 'id', before: before.apps, after: after.apps, normalise: normaliseApp }),
    ...diffList({ kind: 'pod', key: 'id', before: podsBefore, after: podsAfter, normalise: normalisePod }),
    ...diffList({ kind: 'job', key: 'name', before: before.jobs, after: after.jobs, normalise: normaliseJob }),
  ];
}

type ListDiff = {
  kind: 'app' | 'pod' | 'job';
  key: string;
  before: readonly Definition[];
  after: readonly Definition[];
  normalise: (definition: Definition) => Definition;
};

function diffList({ kind, key, before, after, normalise }: ListDiff): string[] {
  const old = new Map(before.map((one) => [String(one[key]), one]));
  const now = new Map(after.map((one) => [String(one[key]), one]));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    const label = kind === 'app' ? name.replace(/^\//, '') : `${kind} ${name.replace(/^\//, '')}`;
    if (!was) return [`${label} new`];
    if (!is) return [`${label} gone`];
    const changes = diffFields(normalise(was), normalise(is));
    return changes.length > 0 ? [`${label}: ${changes.join(', ')}`] : [];
  });
}

/** What changed from one normalised definition to another, a phrase each: `mem 2048 → 4096`, `env PASSWORD changed`. */
export function diffFields(before: Definition, after: Definition): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => !isSame(name, before[name], after[name]) && !(name === 'schedule' && hasMoved(before, after)))
    .flatMap((name) => describe(name, before[name], after[name]));
}

/** A field that Chronos left out once and gave as an empty text later says the same. */
function isSame(name: string, before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(before, after) || (SHOWN.has(name) && show(before) === show(after));
}

function describe(name: string, before: unknown, after: unknown): string[] {
  if (SHOWN.has(name)) return [`${name} ${show(before)} → ${show(after)}`];
  if (name === 'env') return [`env ${keysThatDiffer(before, after).join(', ')} changed`];
  if (name === 'container') return describeContainer(before, after);
  if (before === undefined) return [`${name} added`];
  return [after === undefined ? `${name} removed` : `${name} changed`];
}

function describeContainer(before: unknown, after: unknown): string[] {
  const [from, to] = [imageOf(before), imageOf(after)];
  return from !== to ? [`image ${from ?? 'none'} → ${to ?? 'none'}`] : ['container changed'];
}

function imageOf(container: unknown): string | undefined {
  const { image, docker } = fields(container);
  const name = image ?? fields(docker)['image'];
  return typeof name === 'string' ? name : undefined;
}

function keysThatDiffer(before: unknown, after: unknown): string[] {
  const [from, to] = [fields(before), fields(after)];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((key) => !isDeepStrictEqual(from[key], to[key]))
    .sort();
}

function fields(value: unknown): Definition {
  return typeof value === 'object' && value !== null ? (value as Definition) : {};
}

function show(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
