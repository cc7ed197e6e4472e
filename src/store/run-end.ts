import type { RunError, RunEventBody, RunState } from '../model/run.js';

/** What the last event of a run says. */
export type RunEnd = Omit<Extract<RunEventBody, { type: 'run.finished' }>, 'type'>;

/** The end of a run that comes from outside of it, such as a cancel while it waits. */
export function endedNow(run: { requestedAt: string }, now: Date, state: RunState, error: RunError): RunEnd {
  return { state, ms: now.getTime() - Date.parse(run.requestedAt), error };
}
