import { utcWords } from './utc-words.js';
import { conflict, type Lease } from './lease.js';
import type { Person } from './run.js';

/** A run as far as it matters to those behind it. */
export type Queued = {
  id: string;
  text: string;
  environment: string | null;
  person: Person;
  resources: readonly string[];
  /** The run that it is a part of, if it is one. */
  partOf?: string | undefined;
};

/** Why a run cannot begin: what holds a resource that it wants, or runs that wanted it before. */
export type Blockers<T extends Queued> = { leases: Lease[]; runs: T[] };

/** What keeps a run waiting; `earlier` are the runs queued before it. */
export function blockersOf<T extends Queued>(run: T, leases: readonly Lease[], earlier: readonly T[]): Blockers<T> {
  const held = leases.filter(
    (lease) =>
      lease.environment === run.environment &&
      lease.run !== run.id &&
      !isForParts(lease, run) &&
      conflict(run.resources, [heldBy(lease)]),
  );
  const holders = new Map(held.map((lease) => [lease.holder, lease]));
  const runs = earlier.filter(
    (other) =>
      other.environment === run.environment &&
      other.partOf === undefined &&
      run.partOf === undefined &&
      conflict(run.resources, other.resources),
  );
  return { leases: [...holders.values()], runs };
}

/** A part begins under what the whole holds, and as that has begun, no freeze keeps it. */
function isForParts(lease: Lease, { partOf }: Queued): boolean {
  return partOf !== undefined && (lease.run === partOf || lease.run === undefined);
}

// A freeze keeps everything away.
function heldBy({ run, resource }: Lease): string {
  return run === undefined ? '*' : resource;
}

/** What a run waits for in one sentence with its place in the queue, and the run that holds it, if one does. */
export type Waiting = { reason: string; holder?: string | undefined };

/** Undefined when nothing keeps it. */
export function waitsFor<T extends Queued>(blockers: Blockers<T>): Waiting | undefined {
  const reason = reasonOf(blockers);
  return reason === undefined ? undefined : { reason, holder: blockers.leases[0]?.run };
}

function reasonOf<T extends Queued>({ leases, runs }: Blockers<T>): string | undefined {
  const place = runs.length === 0 ? '' : ` It is number ${runs.length + 1} in the queue.`;
  const [lease] = leases;
  const [first] = runs;
  if (lease?.run !== undefined) return `Waits for ${lease.reason} of ${lease.person.name} (run ${lease.run}).${place}`;
  if (lease) return `${frozen(lease)}.${place}`;
  return first && `Waits for ${first.text} of ${first.person.name} (run ${first.id}), which is before it.${place}`;
}

/** `production is locked by Ada until …: release day` */
export function frozen({ environment, person, reason, until }: Lease): string {
  const end = until === undefined ? '' : ` until ${utcWords(until)}`;
  return `${environment} is locked by ${person.name}${end}: ${reason}`;
}
