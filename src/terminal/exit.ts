import { StarsError } from '../errors.js';
import type { RunEnd } from '../store/runs.js';

/** The exit status of a run: 0 succeeded, 130 cancelled, else what its error's code says. */
export function exitStatusOf({ state, error }: Pick<RunEnd, 'state' | 'error'>): number {
  if (state === 'succeeded') return 0;
  if (state === 'cancelled') return 130;
  if (state === 'denied') return 3;
  return error ? statusOfCode(error.code) : 1;
}

function statusOfCode(code: string): number {
  return new StarsError(code as StarsError['code'], '').exitStatus ?? 1;
}
