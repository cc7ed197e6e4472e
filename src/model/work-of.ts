import type { RunEvent } from './run.js';

/** What a run has done itself, of its events: without what it only found out for those who were to approve it. */
export function workOf(events: readonly RunEvent[]): readonly RunEvent[] {
  return events.slice(events.findLastIndex(({ type }) => type === 'approval.asked') + 1);
}
