import type { Incident, KnownProblem, Problem, Severity } from '../model/incident.js';

export type TrackRules = {
  /** So long something is wrong before it is an incident, and well before that is over. */
  afterMs: number;
  clearMs: number;
  /** Whether people want to hear of something so bad now. */
  tells(severity: Severity): boolean;
  /** When somebody is called; undefined for never. */
  escalateAfterMs?: number | undefined;
};

export type Seen = {
  problems: readonly Problem[];
  /** The keys of what could not be looked at; one with a colon at its end stands for all that begin so. */
  unseen: readonly string[];
};

/** What is known of an environment: problems by key, and the incidents that are open or were until a moment ago. */
export type Tracked = { problems: readonly KnownProblem[]; incidents: readonly Incident[] };

/** What ended so recently goes on when it comes back. */
export const REOPEN_MS = 30 * 60_000;
const FLAPPING = 3;
const FLAPPING_CLEAR_MS = 30 * 60_000;
/** What begins so shortly after something it needs follows from that. */
const FOLLOWS_MS = 10 * 60_000;
const MOST_HISTORY = 20;

/** What is known after one more look. Incidents that ended long ago are left out. `newId` gives an id for one that begins. */
export function track(
  before: Tracked,
  seen: Seen,
  rules: TrackRules,
  now: Date,
  newIncident: () => Pick<Incident, 'id' | 'environment'>,
): Tracked {
  const problems = known(before.problems, seen, now);
  const groups = grouped(problems, rules, now);
  const live = before.incidents.filter(({ closedAt }) => closedAt === undefined || since(closedAt, now) < REOPEN_MS);
  const taken = assigned(groups, live, newIncident, now);
  const elsewhere = new Set(groups.flatMap(keysOfGroup));
  const incidents = taken
    .map(({ incident, groups: own }) =>
      own.length > 0 ? goingOn(incident, own, now) : recovering(incident, { problems, elsewhere }, rules, now),
    )
    .map((incident) => told(incident, rules, now));
  const inUse = new Set(incidents.flatMap((incident) => (incident.closedAt === undefined ? keysOf(incident) : [])));
  return { incidents, problems: problems.filter(({ key, clearSince }) => clearSince === undefined || inUse.has(key)) };
}

function known(before: readonly KnownProblem[], { problems, unseen }: Seen, now: Date): KnownProblem[] {
  const at = now.toISOString();
  const earlier = new Map(before.map((problem) => [problem.key, problem]));
  const present = problems.map((problem): KnownProblem => {
    const { since: first = at, clearSince } = earlier.get(problem.key) ?? {};
    return { ...problem, since: clearSince === undefined ? first : at };
  });
  const keys = new Set(present.map(({ key }) => key));
  const gone = before.filter(({ key }) => !keys.has(key));
  return [
    ...present,
    ...gone.map((problem) =>
      unseen.some((key) => problem.key === key || (key.endsWith(':') && problem.key.startsWith(key)))
        ? problem
        : { ...problem, clearSince: problem.clearSince ?? at },
    ),
  ];
}

/** A cause and what follows from it. */
export type Group = { cause: KnownProblem; dependents: KnownProblem[] };

function grouped(problems: readonly KnownProblem[], { afterMs }: Pick<TrackRules, 'afterMs'>, now: Date): Group[] {
  const present = new Map(problems.filter(({ clearSince }) => clearSince === undefined).map((one) => [one.key, one]));
  const groups = new Map<string, Group>();
  const confirmed = [...present.values()].filter(
    (one) => since(one.since, now) >= Math.max(afterMs, one.patienceMs ?? 0),
  );
  for (const problem of confirmed) {
    const cause = causeOf(problem, present);
    const group = groups.get(cause.key) ?? { cause, dependents: [] };
    if (problem !== cause) group.dependents.push(problem);
    groups.set(cause.key, group);
  }
  // What follows from something that is not sure yet waits for it.
  return [...groups.values()].filter(({ cause }) => confirmed.includes(cause));
}

/** What is wrong now, each cause with what follows from it. */
export function causesOf(problems: readonly KnownProblem[]): Group[] {
  return grouped(problems, { afterMs: 0 }, new Date(8.64e15));
}

function causeOf(problem: KnownProblem, present: ReadonlyMap<string, KnownProblem>, depth = 0): KnownProblem {
  const need = problem.needs.map((key) => present.get(key)).find((one) => one !== undefined && explains(one, problem));
  return need === undefined || depth > 10 ? problem : causeOf(need, present, depth + 1);
}

/** What is only degraded explains what began with it, not all that goes wrong for as long as it lasts. */
function explains(need: KnownProblem, problem: KnownProblem): boolean {
  if (need.key === problem.key) return false;
  const laterMs = Date.parse(problem.since) - Date.parse(need.since);
  return need.severity === 'down' || (laterMs >= -FOLLOWS_MS && laterMs <= FOLLOWS_MS);
}

type Taken = { incident: Incident; groups: Group[] };

/** Each group belongs to the oldest incident that was about any of it; apps, jobs or hosts that go wrong together begin one together. */
function assigned(
  groups: readonly Group[],
  live: readonly Incident[],
  newIncident: () => Pick<Incident, 'id' | 'environment'>,
  now: Date,
): Taken[] {
  const taken: Taken[] = live.map((incident) => ({ incident, groups: [] }));
  const begun = new Map<string, Taken>();
  for (const group of groups) {
    const keys = keysOfGroup(group);
    const known = taken.find(({ incident }) => keysOf(incident).some((key) => keys.includes(key)));
    const kind = group.cause.key.replace(/^(app|job|host):.*$/, '$1');
    const own = known ?? begun.get(kind) ?? { incident: begin(newIncident(), group, now), groups: [] };
    if (!known) begun.set(kind, own);
    own.groups.push(group);
  }
  return [...taken, ...begun.values()];
}

function begin(made: Pick<Incident, 'id' | 'environment'>, { cause }: Group, now: Date): Incident {
  const history = [{ at: now.toISOString(), says: `${cause.title} ${cause.says}` }];
  return { ...made, openedAt: cause.since, returns: 0, severity: cause.severity, causes: [], dependents: [], history };
}

function goingOn(incident: Incident, groups: readonly Group[], now: Date): Incident {
  const { causes: earlier, severity } = incident;
  const causes = groups.map(({ cause: { key, title, says, severity: how, since: first } }) => ({
    key,
    title,
    says,
    severity: how,
    since: first,
  }));
  const dependents = groups.flatMap((group) => group.dependents.map(({ key, title }) => ({ key, title })));
  const fresh = earlier.length === 0 ? [] : causes.filter(({ key }) => !earlier.some((one) => one.key === key));
  const back = incident.clearSince !== undefined || incident.closedAt !== undefined;
  const worst = severity === 'down' || causes.some((cause) => cause.severity === 'down') ? 'down' : 'degraded';
  return {
    ...incident,
    causes,
    dependents,
    severity: worst,
    ...(worst !== severity && incident.toldAt !== undefined && { worseAt: now.toISOString() }),
    closedAt: undefined,
    clearSince: undefined,
    returns: incident.returns + (back ? 1 : 0),
    history: noted(incident.history, now, [
      ...(back ? ['It came back'] : []),
      ...fresh.map(({ title, says }) => `${title} ${says}`),
    ]),
  };
}

type Around = { problems: readonly KnownProblem[]; elsewhere: ReadonlySet<string> };

function recovering(incident: Incident, { problems, elsewhere }: Around, { clearMs }: TrackRules, now: Date): Incident {
  if (incident.closedAt !== undefined) return incident;
  const keys = keysOf(incident);
  if (keys.some((key) => elsewhere.has(key))) return closed(incident, now, 'It follows from something else now');
  const left = problems.some(({ key, clearSince }) => keys.includes(key) && clearSince === undefined);
  // What cannot be looked at is not over, and what came back a moment ago is no more than not sure yet.
  if (left && incident.clearSince === undefined) return incident;
  const clearSince = incident.clearSince ?? now.toISOString();
  const neededMs = incident.returns >= FLAPPING ? Math.max(clearMs, FLAPPING_CLEAR_MS) : clearMs;
  if (left || since(clearSince, now) < neededMs) return { ...incident, clearSince };
  return closed({ ...incident, clearSince }, now, 'It is over');
}

function closed(incident: Incident, now: Date, says: string): Incident {
  return { ...incident, closedAt: now.toISOString(), history: noted(incident.history, now, [says]) };
}

function told(incident: Incident, { tells, escalateAfterMs }: TrackRules, now: Date): Incident {
  const { toldAt, closedAt, clearSince, escalatedAt, severity } = incident;
  if (closedAt !== undefined || clearSince !== undefined || !tells(severity)) return incident;
  if (toldAt === undefined) return { ...incident, toldAt: now.toISOString() };
  if (escalateAfterMs === undefined || escalatedAt !== undefined || since(toldAt, now) < escalateAfterMs)
    return incident;
  return { ...incident, escalatedAt: now.toISOString() };
}

function keysOfGroup({ cause, dependents }: Group): string[] {
  return [cause, ...dependents].map(({ key }) => key);
}

function keysOf({ causes, dependents }: Incident): string[] {
  return [...causes, ...dependents].map(({ key }) => key);
}

function noted(history: Incident['history'], now: Date, says: readonly string[]): Incident['history'] {
  const at = now.toISOString();
  return [...history, ...says.map((words) => ({ at, says: words }))].slice(-MOST_HISTORY);
}

function since(iso: string, now: Date): number {
  return now.getTime() - Date.parse(iso);
}
