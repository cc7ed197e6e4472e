import type { RunEvent } from './run.js';
import { hasEnded } from './run-states.js';
import { workOf } from './work-of.js';

const SHOWN_HOSTS = 10;

/** In one sentence what was under way when a run was cut off, told from its events, oldest first; undefined when nothing was. */
export function inFlight(recorded: readonly RunEvent[]): string | undefined {
  const events = workOf(recorded);
  const parts = partsInFlight(events);
  if (parts.length > 0) return `In flight ${parts.length === 1 ? 'was' : 'were'} ${parts.join(', ')}.`;
  const index = events.findLastIndex(
    ({ type }) => type === 'task.started' || type === 'step.started' || type === 'step.finished',
  );
  const last = events[index];
  if (last?.type === 'step.started' || (last?.type === 'step.finished' && !last.ok))
    return `In flight was the step “${last.step}”.`;
  if (last?.type !== 'task.started') return undefined;
  const since = events.slice(index);
  const ended = new Set(since.flatMap((event) => (event.type === 'task.result' && !event.item ? [event.host] : [])));
  const hosts = (last.hosts ?? hostsOfPlay(events.slice(0, index))).filter((host) => !ended.has(host));
  if (hosts.length === 0) return `The task “${last.task}” of ${last.play} had just ended on all hosts.`;
  const more = hosts.length - SHOWN_HOSTS;
  const names = `${hosts.slice(0, SHOWN_HOSTS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `In flight was the task “${last.task}” of ${last.play} on ${names}.`;
}

/** Parts of the run that had not ended, each with the run that it is. */
function partsInFlight(events: readonly RunEvent[]): string[] {
  const open = new Map<number, string>();
  for (const event of events) {
    if (event.type === 'part.made') open.set(event.part, event.id);
    if (event.type === 'part.changed' && hasEnded(event.state)) open.delete(event.part);
  }
  return [...open].map(([part, id]) => `part ${part} (run ${id})`);
}

/** The hosts of the play that is under way, without those that it lost. */
function hostsOfPlay(events: readonly RunEvent[]): string[] {
  const index = events.findLastIndex(({ type }) => type === 'play.started');
  const play = events[index];
  if (play?.type !== 'play.started') return [];
  const last = new Map<string, string>();
  for (const event of events.slice(index)) if (event.type === 'task.result') last.set(event.host, event.status);
  return play.hosts.filter((host) => last.get(host) !== 'failed' && last.get(host) !== 'unreachable');
}
