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
};

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** Told from the events of a run, oldest first. */
export function remainderOf(events: readonly RunEvent[]): Remainder {
  const end = events.findLast((event): event is Of<'run.finished'> => event.type === 'run.finished');
  const results = events.filter((event): event is Of<'task.result'> => event.type === 'task.result');
  const lost = lostHosts(end, results);
  const wentThrough = end !== undefined && !end.brokenOff && (end.state === 'succeeded' || end.state === 'failed');
  const others = new Set(results.map(({ host }) => host).filter((host) => !lost.includes(host)));
  return {
    lost,
    through: wentThrough && end.hosts ? [...others] : [],
    startAt: startAfter(events, lost, wentThrough),
    owed: owedHandlers(events),
  };
}

/** By the recap when there is one: a failure that was rescued is none. */
function lostHosts(end: Of<'run.finished'> | undefined, results: readonly Of<'task.result'>[]): string[] {
  if (end?.hosts)
    return Object.entries(end.hosts).flatMap(([host, recap]) => (recap.failed + recap.unreachable > 0 ? [host] : []));
  const last = new Map(results.map(({ host, status }) => [host, status]));
  return [...last].flatMap(([host, status]) => (status === 'failed' || status === 'unreachable' ? [host] : []));
}

/** The earliest task at which a host was lost, or that was under way when the run broke off. */
function startAfter(events: readonly RunEvent[], lost: readonly string[], wentThrough: boolean): string | undefined {
  const ends = lost.map((host) =>
    events.findLastIndex(
      (event) =>
        event.type === 'task.result' &&
        event.host === host &&
        (event.status === 'failed' || event.status === 'unreachable'),
    ),
  );
  if (!wentThrough) ends.push(events.findLastIndex(({ type }) => type === 'task.started'));
  const first = Math.min(...ends);
  if (!Number.isFinite(first)) return undefined;
  // A handler, and what a task included, is only come by through the task before it.
  const task = events
    .slice(0, first + 1)
    .findLast(
      (event): event is Of<'task.started'> => event.type === 'task.started' && !event.handler && !event.included,
    );
  if (!task || task.task === 'Gathering Facts') return undefined;
  return task.role === null ? task.task : `${task.role} : ${task.task}`;
}

function owedHandlers(events: readonly RunEvent[]): OwedHandler[] {
  const owed = new Map<string, OwedHandler>();
  let inHandler = false;
  for (const event of events) {
    if (event.type === 'task.started') inHandler = event.handler === true;
    if (event.type !== 'task.result' || event.item !== undefined) continue;
    const { play, host } = event;
    const done = event.status !== 'failed' && event.status !== 'unreachable';
    if (inHandler && done) owed.delete(JSON.stringify([play, host, event.task]));
    for (const handler of event.notified ?? [])
      owed.set(JSON.stringify([play, host, handler]), { play, host, handler });
  }
  return [...owed.values()];
}
