import type { HostRecap, RunError, RunState } from '../model/run.js';

export type RunEnd = {
  state: RunState;
  ms: number;
  summary?: string | undefined;
  error?: RunError | undefined;
  hosts?: Record<string, HostRecap> | undefined;
  brokenOff?: true | undefined;
};

/** The end of a run that comes from outside of it, such as a cancel while it waits. */
export function endedNow(run: { requestedAt: string }, now: Date, state: RunState, error: RunError): RunEnd {
  return { state, ms: now.getTime() - Date.parse(run.requestedAt), error };
}
