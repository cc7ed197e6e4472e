import { isDeepStrictEqual } from 'node:util';
import { DateTime, Duration } from 'luxon';
import { normaliseApp, normaliseJob, type Definition } from './normalise.js';

/** The definitions that a backup holds, or that a cluster has now. */
export type Definitions = { apps: readonly Definition[]; jobs: readonly Definition[] };

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
  return [
    ...diffList({ kind: 'app', key: 'id', before: before.apps, after: after.apps, normalise: normaliseApp }),
    ...diffList({ kind: 'job', key: 'name', before: before.jobs, after: after.jobs, normalise: normaliseJob }),
  ];
}

type ListDiff = {
  kind: 'app' | 'job';
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
    const label = kind === 'app' ? name.replace(/^\//, '') : `job ${name}`;
    if (!was) return [`${label} new`];
    if (!is) return [`${label} gone`];
    const changes = diffFields(normalise(was), normalise(is));
    return changes.length > 0 ? [`${label}: ${changes.join(', ')}`] : [];
  });
}

function diffFields(before: Definition, after: Definition): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => !same(name, before[name], after[name]))
    .flatMap((name) => describe(name, before[name], after[name]));
}

function same(name: string, before: unknown, after: unknown): boolean {
  if (isDeepStrictEqual(before, after)) return true;
  return name === 'schedule' && typeof before === 'string' && typeof after === 'string' && isMoved(before, after);
}

// Chronos moves the start on after each run and counts the repetitions down: that is no change of anybody's.
function isMoved(before: string, after: string): boolean {
  const [repeatsBefore = '', startBefore = '', period = ''] = before.split('/');
  const [repeatsAfter = '', startAfter = '', periodAfter = ''] = after.split('/');
  if (period !== periodAfter || !countedDown(repeatsBefore, repeatsAfter)) return false;
  const [from, to, step] = [DateTime.fromISO(startBefore), DateTime.fromISO(startAfter), Duration.fromISO(period)];
  if (!from.isValid || !to.isValid || !step.isValid) return startBefore === '' && to.isValid;
  // Months and years are not equally long: any later start is taken for the next one.
  if (step.months > 0 || step.years > 0) return to >= from;
  const ms = step.toMillis();
  return ms > 0 && (to.toMillis() - from.toMillis()) % ms === 0;
}

function countedDown(before: string, after: string): boolean {
  if (before === after) return true;
  const [from, to] = [/^R(\d+)$/.exec(before)?.[1], /^R(\d+)$/.exec(after)?.[1]];
  return from !== undefined && to !== undefined && Number(to) <= Number(from);
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
  if (value === undefined || value === '') return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
