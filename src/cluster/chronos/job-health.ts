import type { Job } from './schema.js';

/** How a job stands: `off` (disabled, or a one-shot that is done), `fresh` (never ran), `failing` or `good`. */
export type JobState = 'good' | 'failing' | 'fresh' | 'off';

/** Only what happened since the last success counts; `errorCount` is history. */
export function jobState({ disabled, errorsSinceLastSuccess, lastSuccess, lastError }: Job): JobState {
  if (disabled) return 'off';
  if (errorsSinceLastSuccess > 0) return 'failing';
  if (!lastSuccess && !lastError) return 'fresh';
  return (lastError ?? '') > (lastSuccess ?? '') ? 'failing' : 'good';
}
