import { createHash } from 'node:crypto';
import { type DefinitionKind, differences } from '../../cluster/differences.js';
import { type Definition, normaliseApp, normaliseJob, normalisePod } from '../../cluster/normalise.js';
import { allGroups, type Group } from '../contents.js';
import type { Backup } from '../folder.js';
import type { Created } from '../manifest.js';
import { fitApp, type Fitted, isId } from './fit-app.js';
import { fitJob, parentsOf } from './fit-job.js';
import type { Live, LiveMarathon } from './live.js';
import { inRows } from './order.js';
import type { Selection } from './selection.js';

export type Action = 'create' | 'update' | 'remove' | 'unchanged' | 'refused';

/** One app, pod, job or group of a restore. */
export type Item = {
  kind: DefinitionKind | 'group';
  id: string;
  key: string;
  action: Action;
  /** What an update changes, or why it is refused; a phrase each. */
  changes: string[];
  /** What people should know besides. */
  notes: string[];
  /** What is sent. */
  body: Definition;
  /** Keys of those that have to be there before. */
  after: string[];
  /** It is as it should be, but a deployment is still at it. */
  underWay: boolean;
};

export type Plan = {
  backup: string;
  environment: string;
  /** In rows that are done one after the other, removals at the end. */
  rows: Item[][];
  items: Item[];
  /** What will be there then that is not there now, with the groups that come along with apps and pods. */
  creates: Created[];
  /** The same for a plan that does the same. */
  hash: string;
};

export type PlanRequest = {
  backup: Backup;
  environment: string;
  live: Live;
  selection: Selection;
  /** Cancels deployments in the way. */
  force: boolean;
  now: Date;
  /** The backup that was restored after this one was taken for an undo; what that restore created is removed. */
  undone?: Backup | undefined;
};

/** What a restore would do, from what is saved and what is there; pure. */
export function planRestore(request: PlanRequest): Plan {
  const ofMarathon = ordered([...groupItems(request), ...appItems(request), ...podItems(request)]);
  // Chronos may be one of the apps, so its jobs come when those are well.
  const ofChronos = withoutOrphans(ordered(jobItems(request)));
  const all = [...ofMarathon, ...ofChronos, ...removalRows(request)].filter((row) => row.length > 0);
  const items = all.flat();
  return {
    backup: request.backup.name,
    environment: request.environment,
    rows: all,
    items,
    creates: createdBy(items, request.live),
    hash: hashOf(request, items),
  };
}

function ordered(items: readonly Item[]): Item[][] {
  const { rows, stuck } = inRows(items);
  return [...rows, stuck.map((one) => refusal(one, 'it waits for itself in a circle'))];
}

function createdBy(items: readonly Item[], { marathon }: Live): Created[] {
  const created = items.filter(({ action }) => action === 'create').map(({ kind, id }): Created => ({ kind, id }));
  const there = new Set(marathon ? allGroups(marathon.groups).map(({ id }) => id) : []);
  const along = created.flatMap(({ kind, id }) => (kind === 'job' ? [] : groupsAbove(id)));
  const groups = new Set(along.filter((id) => !there.has(id)));
  const asked = new Set(created.flatMap(({ kind, id }) => (kind === 'group' ? [id] : [])));
  return [...created, ...[...groups].filter((id) => !asked.has(id)).map((id) => ({ kind: 'group' as const, id }))];
}

/** `/a/b/c` is in `/a/b` and `/a`. */
function groupsAbove(id: string): string[] {
  const parts = id.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

type Found = Pick<Item, 'kind' | 'id'> & { fitted: Fitted; live: Definition | undefined; after?: string[] };

function item({ kind, id, fitted, live, after = [] }: Found, { busy, force }: { busy: boolean; force: boolean }): Item {
  const base = { kind, id, key: keyOf(kind, id), changes: [], notes: [], body: {}, after, underWay: false };
  if ('refused' in fitted) return { ...base, action: 'refused', changes: [fitted.refused] };
  const { body, notes } = fitted;
  if (!live) return { ...base, body, notes, action: 'create' };
  const changes = kind === 'group' ? [] : differences(kind, body, live);
  if (changes.length === 0) return { ...base, body, action: 'unchanged', underWay: busy };
  if (busy && !force) return { ...base, action: 'refused', changes: ['a deployment is at work on it'] };
  return { ...base, body, changes, notes, action: 'update' };
}

function refusal(of: Item, why: string): Item {
  return { ...of, action: 'refused', changes: [why], notes: [], underWay: false };
}

export function keyOf(kind: Item['kind'], id: string): string {
  return `${kind}:${id}`;
}

/** `/zeppelin`, `pod /x`, `job reindex`. */
export function nameOf({ kind, id }: Pick<Item, 'kind' | 'id'>): string {
  return kind === 'app' ? id : `${kind} ${id}`;
}

/** Only groups that no app or pod brings along, and those with dependencies. */
function groupItems({ backup, live: { marathon }, selection }: PlanRequest): Item[] {
  if (!marathon || !backup.groups || !selection.groups) return [];
  const there = new Map(allGroups(marathon.groups).map((group) => [group.id, group]));
  const wanted = allGroups(backup.groups).filter(
    ({ id, dependencies, apps, pods, groups }) =>
      id !== '/' && (dependencies.length > 0 || apps.length + pods.length + groups.length === 0),
  );
  return wanted.map(({ id, dependencies }) => {
    const now = there.get(id);
    const fitted: Fitted = isId(id) ? { body: { id, dependencies }, notes: [] } : { refused: 'it is no id of a group' };
    const made = item({ kind: 'group', id, fitted, live: now && { id } }, { busy: false, force: false });
    if (!now || [...now.dependencies].sort().join() === [...dependencies].sort().join()) return made;
    return refusal(made, 'its dependencies are others by now, and changing them would replace all that is in it');
  });
}

function appItems({ backup, live: { marathon }, selection, force }: PlanRequest): Item[] {
  if (!marathon) return [];
  const there = byName(marathon.apps, 'id');
  const groups = backup.groups ? allGroups(backup.groups) : [];
  const ids = backup.apps.map(({ id }) => String(id));
  return backup.apps
    .filter(({ id }) => selection.app(String(id)))
    .map((saved) => {
      const id = String(saved['id']);
      const fitted = taken('app', id, marathon) ?? fitApp(saved, marathon.version);
      const after = neededBy(saved, { groups, ids }).map((other) => keyOf('app', other));
      const found = {
        kind: 'app' as const,
        id,
        fitted,
        live: there.get(id),
        after: [...after, ...groupsOf(id, groups)],
      };
      return item(found, { busy: marathon.busy.has(id), force });
    });
}

/** A group and an app, or an app and a pod, cannot have one id. */
function taken(kind: 'app' | 'pod', id: string, { apps, pods = [], groups }: LiveMarathon): Fitted | undefined {
  if (allGroups(groups).some((group) => group.id === id && id !== '/'))
    return { refused: 'there is a group of this id' };
  const others = kind === 'app' ? pods : apps;
  if (!others.some((other) => other['id'] === id)) return undefined;
  return { refused: `there is ${kind === 'app' ? 'a pod' : 'an app'} of this id` };
}

/** The apps that it depends on by itself, or because its group does. */
function neededBy(
  { id, dependencies }: Definition,
  { groups, ids }: { groups: readonly Group[]; ids: readonly string[] },
) {
  const own = Array.isArray(dependencies) ? dependencies.map(String) : [];
  const ofGroups = groups.filter((group) => isWithin(String(id), group.id)).flatMap((group) => group.dependencies);
  return ids.filter((other) => other !== id && [...own, ...ofGroups].some((needed) => isWithin(other, needed)));
}

function groupsOf(id: string, groups: readonly Group[]): string[] {
  return groups.filter((group) => group.id !== '/' && isWithin(id, group.id)).map((group) => keyOf('group', group.id));
}

function isWithin(id: string, other: string): boolean {
  return id === other || other === '/' || id.startsWith(`${other}/`);
}

function podItems({ backup, live: { marathon }, selection, force }: PlanRequest): Item[] {
  if (!marathon) return [];
  const there = byName(marathon.pods ?? [], 'id');
  const groups = backup.groups ? allGroups(backup.groups) : [];
  return backup.pods
    .filter(({ id }) => selection.app(String(id)))
    .map((saved) => {
      const id = String(saved['id']);
      const fitted = taken('pod', id, marathon) ?? fitPod(saved, marathon);
      const found = { kind: 'pod' as const, id, fitted, live: there.get(id), after: groupsOf(id, groups) };
      return item(found, { busy: marathon.busy.has(id), force });
    });
}

function fitPod(saved: Definition, { pods, version }: LiveMarathon): Fitted {
  if (!pods) return { refused: `Marathon ${version} knows no pods` };
  return isId(String(saved['id']))
    ? { body: normalisePod(saved), notes: [] }
    : { refused: 'it is no id that Marathon takes' };
}

function jobItems({ backup, live: { chronos }, selection, now }: PlanRequest): Item[] {
  const wanted = backup.jobs.filter(({ name }) => selection.job(String(name)));
  if (!chronos) return [];
  const there = 'away' in chronos ? new Map<string, Definition>() : byName(chronos.jobs, 'name');
  return wanted.map((saved) => {
    const id = String(saved['name']);
    const fitted: Fitted =
      'away' in chronos ? { refused: chronos.away } : fitJob(saved, { generation: chronos.generation, now });
    const after = parentsOf(saved).map((parent) => keyOf('job', parent));
    const live = there.get(id);
    const made = item({ kind: 'job', id, fitted, live, after }, { busy: false, force: false });
    return orphaned(made.action === 'update' ? counting(made, live ?? {}) : made, there);
  });
}

/** What it has counted so far would be lost with the replacement. */
function counting(made: Item, live: Definition): Item {
  return { ...made, body: { ...made.body, ...countersOf(live) } };
}

const COUNTERS = ['successCount', 'errorCount', 'errorsSinceLastSuccess', 'lastSuccess', 'lastError'];

function countersOf(job: Definition): Definition {
  return Object.fromEntries(Object.entries(job).filter(([name, value]) => COUNTERS.includes(name) && value !== null));
}

/** Marks the parents that Chronos has, so that only those it lacks count. */
function orphaned(made: Item, there: ReadonlyMap<string, Definition>): Item {
  return { ...made, after: made.after.filter((key) => !there.has(key.slice('job:'.length))) };
}

/** A job whose parents are neither there nor come before it would be dropped by Chronos without a word. */
function withoutOrphans(rows: readonly Item[][]): Item[][] {
  const coming = new Set<string>();
  return rows.map((row) => {
    const looked = row.map((one) => {
      const missing = one.kind === 'job' ? one.after.filter((key) => !coming.has(key)) : [];
      if (missing.length === 0 || one.action === 'refused') return one;
      const names = missing.map((key) => key.slice('job:'.length)).join(' and ');
      return refusal(one, `its parent ${names} is not there and does not come with it`);
    });
    for (const { action, key } of looked) if (action !== 'refused') coming.add(key);
    return looked;
  });
}

/** What the restore that is undone created and nobody has changed since, those that need others first. */
function removalRows(request: PlanRequest): Item[][] {
  const creates = request.backup.manifest?.before?.creates ?? [];
  const items = creates.flatMap(({ kind, id }) => (kind === 'group' ? [] : removalOf({ kind, id }, request)));
  return inRows([...items, ...emptied(creates, items, request)]).rows.toReversed();
}

function removalOf(
  { kind, id }: { kind: DefinitionKind; id: string },
  { undone, live: { marathon, chronos }, selection }: PlanRequest,
): Item[] {
  const jobs = chronos && 'jobs' in chronos ? chronos.jobs : [];
  const isMeant = kind === 'job' ? selection.job(id) : selection.app(id);
  const [list, saved] = {
    app: [marathon?.apps, undone?.apps],
    pod: [marathon?.pods, undone?.pods],
    job: [jobs, undone?.jobs],
  }[kind];
  const named = kind === 'job' ? 'name' : 'id';
  const live = list?.find((one) => one[named] === id);
  if (!isMeant || !live) return [];
  const original = saved?.find((one) => one[named] === id);
  return [removal({ kind, id, live, original, version: marathon?.version ?? '' })];
}

/** Groups that came along and hold nothing any more; one that somebody uses by now stays. */
function emptied(
  creates: readonly Created[],
  items: readonly Item[],
  { live: { marathon }, selection }: PlanRequest,
): Item[] {
  if (!marathon || !selection.groups) return [];
  const wanted = new Set(creates.flatMap(({ kind, id }) => (kind === 'group' ? [id] : [])));
  const going = new Set(items.flatMap(({ action, id }) => (action === 'remove' ? [id] : [])));
  const isEmptied = ({ apps, pods, groups }: Group): boolean =>
    [...apps, ...pods].every((id) => going.has(id)) && groups.every((one) => wanted.has(one.id) && isEmptied(one));
  return allGroups(marathon.groups)
    .filter((group) => wanted.has(group.id) && isEmptied(group))
    .map(({ id }) => {
      const after = groupsAbove(id).map((group) => keyOf('group', group));
      return { kind: 'group', id, key: keyOf('group', id), action: 'remove', ...REMOVED, after };
    });
}

const REMOVED = { changes: [], notes: ['the restore had created it'], body: {}, underWay: false };

type Removed = {
  kind: DefinitionKind;
  id: string;
  live: Definition;
  original: Definition | undefined;
  version: string;
};

function removal({ kind, id, live, original, version }: Removed): Item {
  const after =
    kind === 'job'
      ? parentsOf(live).map((parent) => keyOf('job', parent))
      : groupsAbove(id).map((group) => keyOf('group', group));
  const made: Item = { kind, id, key: keyOf(kind, id), action: 'remove', ...REMOVED, after };
  if (!original)
    return refusal(
      made,
      'the restore had created it, but the backup it came from is gone, so nobody knows whether it was changed',
    );
  const fitted = kind === 'app' ? fitApp(original, version) : { body: NORMALISE[kind](original) };
  const changes = 'refused' in fitted ? [] : differences(kind, fitted.body, live);
  if (changes.length > 0)
    return refusal(made, `the restore had created it, but it was changed since (${changes.join(', ')})`);
  if (live['residency'] !== undefined && live['residency'] !== null)
    return refusal(made, 'the restore had created it, but it may hold data on disks by now');
  return made;
}

const NORMALISE = { app: normaliseApp, pod: normalisePod, job: normaliseJob };

function byName(list: readonly Definition[], key: 'id' | 'name'): Map<string, Definition> {
  return new Map(list.map((one) => [String(one[key]), one]));
}

/** Of what is done, not of when: first runs move on while people think. */
function hashOf({ backup, environment, force }: PlanRequest, items: readonly Item[]): string {
  const saved = backup.manifest?.files ?? [backup.apps, backup.pods, backup.jobs];
  const done = items.map(({ key, action, changes }) => [key, action, changes]);
  const text = JSON.stringify([environment, backup.name, saved, force, done]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
