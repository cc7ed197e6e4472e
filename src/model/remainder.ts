import type { RunEvent } from './run.js';

/** A handler that a host was to run when its run ended. */
export type OwedHandler = { play: string; host: string; handler: string };

/** What a provisioning run left undone. */
export type Remainder = {
  /** Hosts that failed or could not be reached. */
  lost: string[];
  /** Hosts that are through with the whole playbook. */
  through: string[];
  /** Where to go on: the task, as `role : name` or by its name; undefined for the beginning. */
  startAt: string | undefined;
  owed: OwedHandler[];
  /** Every part of it was done well before it was cut off. */
  nothingLeft: boolean;
};

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** Told from the events of a run, oldest first. */
export function remainderOf(events: readonly RunEvent[]): Remainder {
  const end = endOf(events);
  const results = events.filter((event): event is Of<'task.result'> => event.type === 'task.result');
  const lost = lostHosts(end, results);
  const wentThrough = isThrough(end);
  const others = new Set(results.map(({ host }) => host).filter((host) => !lost.includes(host)));
  return {
    lost,
    through: wentThrough && end.hosts ? [...others] : [],
    startAt: startAfter(events, lost, wentThrough),
    owed: owedHandlers(events),
    nothingLeft: false,
  };
}

/** Of a run that was split: told from the events of each of its parts. */
export function remainderOfParts(parts: readonly (readonly RunEvent[])[]): Remainder {
  const remainders = parts.map((events) => ({ events, ...remainderOf(events) }));
  const left = remainders.filter(({ events, lost }) => lost.length > 0 || !isThrough(endOf(events)));
  return {
    lost: remainders.flatMap(({ lost }) => lost),
    through: remainders.flatMap(({ through }) => through),
    startAt: earliest(
      left.map(({ startAt }) => startAt),
      parts,
    ),
    owed: remainders.flatMap(({ owed }) => owed),
    nothingLeft: left.length === 0,
  };
}

/** Of tasks to go on with the one that all parts came by first; undefined when one has to begin anew, or their order is not told. */
function earliest(tasks: readonly (string | undefined)[], parts: readonly (readonly RunEvent[])[]): string | undefined {
  const orders = parts.map((events) =>
    events.flatMap((event) => (event.type === 'task.started' ? [titleOf(event)] : [])),
  );
  const isBefore = (one: string, other: string) => {
    const told = orders.filter((order) => order.includes(one) && order.includes(other));
    return told.length > 0 && told.every((order) => order.indexOf(one) < order.indexOf(other));
  };
  return tasks.find((one) => tasks.every((other) => one === other || (one && other && isBefore(one, other))));
}

function endOf(events: readonly RunEvent[]): Of<'run.finished'> | undefined {
  return events.findLast((event): event is Of<'run.finished'> => event.type === 'run.finished');
}

function isThrough(end: Of<'run.finished'> | undefined): end is Of<'run.finished'> {
  return end !== undefined && !end.brokenOff && (end.state === 'succeeded' || end.state === 'failed');
}

/** By the recap when there is one: a failure that was rescued is none. */
function lostHosts(end: Of<'run.finished'> | undefined, results: readonly Of<'task.result'>[]): string[] {
  if (end?.hosts)
    return Object.entries(end.hosts).flatMap(([host, recap]) => (recap.failed + recap.unreachable > 0 ? [host] : []));
  const last = new Map(results.map(({ host, status }) => [host, status]));
  return [...last].flatMap(([host, status]) => (status === 'failed' || status === 'unreachable' ? [host] : []));
}

/** The task of the playbook that comes first of those at which hosts were lost, or that was under way when the run broke off. */
function startAfter(events: readonly RunEvent[], lost: readonly string[], wentThrough: boolean): string | undefined {
  const starts = lost.map((host) => startForHost(events, host));
  if (!wentThrough) starts.push(events.findLast(canStart));
  const first = starts.toSorted((a, b) => placeOf(events, a) - placeOf(events, b))[0];
  if (first === undefined || first.task === 'Gathering Facts') return undefined;
  return titleOf(first);
}

/** Not a handler, what a task included, or what rescues: those are only come by through the task before. */
function canStart(event: RunEvent): event is Of<'task.started'> {
  return event.type === 'task.started' && !event.handler && !event.included && event.part !== 'rescue';
}

/** A later batch comes by tasks again; a run starts at the first of a name. */
function placeOf(events: readonly RunEvent[], start: Of<'task.started'> | undefined): number {
  return events.findIndex(
    (event) => start !== undefined && canStart(event) && event.task === start.task && event.role === start.role,
  );
}

/** The last task that the host came by until it was lost, of those at which a run can start. */
function startForHost(events: readonly RunEvent[], host: string): Of<'task.started'> | undefined {
  const came = cameBy(events, host);
  return came
    .slice(0, lossIn(came) + 1)
    .flatMap(({ start }) => start ?? [])
    .findLast(canStart);
}

/** A result of a host with the start of its task. */
type Came = { lost: boolean; start: Of<'task.started'> | undefined };

function cameBy(events: readonly RunEvent[], host: string): Came[] {
  const starts = new Map<string, Of<'task.started'>>();
  return events.flatMap((event): Came[] => {
    if (event.type === 'task.started') starts.set(keyOf(event), event);
    if (event.type !== 'task.result' || event.host !== host || event.item !== undefined) return [];
    return [{ lost: event.status === 'failed' || event.status === 'unreachable', start: starts.get(keyOf(event)) }];
  });
}

function keyOf({ play, role, task }: Of<'task.started' | 'task.result'>): string {
  return JSON.stringify([play, role, task]);
}

/** At its last failure, or at one before it when nothing came in between but what is always done. */
function lossIn(came: readonly Came[]): number {
  let loss = came.findLastIndex(({ lost }) => lost);
  for (let at = loss - 1; at >= 0 && came[at + 1]?.start?.part === 'always'; at -= 1) if (came[at]?.lost) loss = at;
  return loss;
}

function titleOf({ role, task }: Of<'task.started'>): string {
  return role === null ? task : `${role} : ${task}`;
}

function owedHandlers(events: readonly RunEvent[]): OwedHandler[] {
  const owed = new Map<string, OwedHandler>();
  // In a free play other tasks begin while a handler runs.
  const isHandler = new Map<string, boolean>();
  for (const event of events) {
    if (event.type === 'task.started') isHandler.set(keyOf(event), event.handler === true);
    if (event.type !== 'task.result' || event.item !== undefined) continue;
    const { play, host } = event;
    const done = event.status !== 'failed' && event.status !== 'unreachable';
    if (isHandler.get(keyOf(event)) && done) owed.delete(JSON.stringify([play, host, event.task]));
    for (const handler of event.notified ?? [])
      owed.set(JSON.stringify([play, host, handler]), { play, host, handler });
  }
  return [...owed.values()];
}
