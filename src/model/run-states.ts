import type { RunState } from './run.js';

/** What may follow each state; a run in a state that nothing follows has ended. */
export const NEXT_STATES: Record<RunState, readonly RunState[]> = {
  queued: ['running', 'cancelled', 'denied', 'expired', 'failed', 'interrupted'],
  running: ['awaiting-approval', 'queued', 'succeeded', 'failed', 'cancelled', 'denied', 'interrupted'],
  'awaiting-approval': ['queued', 'denied', 'cancelled', 'expired', 'interrupted'],
  succeeded: [],
  failed: [],
  cancelled: [],
  denied: [],
  expired: [],
  interrupted: [],
};

export function hasEnded(state: RunState): boolean {
  return NEXT_STATES[state].length === 0;
}

/** Of a run that waits: for its turn, or for people. */
export const WAITING: RunState[] = ['queued', 'awaiting-approval'];
