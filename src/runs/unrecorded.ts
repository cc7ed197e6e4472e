import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { clean } from '../model/clean.js';
import type { RunRequest } from '../model/run.js';
import type { Redactor } from '../secret.js';
import type { RunEnd } from '../store/runs.js';
import { createJournal, type RunObserver } from './journal.js';
import { performWork, type RunHandle, type RunResult } from './performance.js';
import { newRunId } from './run-id.js';

export type Unrecorded = ReturnType<typeof createUnrecorded>;

const DEADLINE_MS = 10 * 60_000;

/** Performs what leaves no trace: a question that is answered. */
export function createUnrecorded(options: { clock: Clock; redactor: Redactor; log: Log }) {
  const { clock, redactor } = options;

  return async function perform(
    request: RunRequest,
    work: (run: RunHandle) => Promise<RunResult>,
    observe: RunObserver,
    cancelled?: AbortSignal,
  ): Promise<RunEnd> {
    cancelled?.throwIfAborted();
    const id = newRunId(clock.now());
    const startedMs = clock.now().getTime();
    const controller = new AbortController();
    const follow = () => controller.abort(cancelled?.reason);
    cancelled?.addEventListener('abort', follow, { once: true });
    const journal = createJournal({
      ...options,
      id,
      owner: '',
      store: undefined,
      observe,
      onFailure: (error) => controller.abort(error),
    });
    try {
      journal.emit({ type: 'run.requested', ...request });
      journal.emit({ type: 'run.started' });
      const doing = { id, journal, controller, clock, deadlineMs: DEADLINE_MS, fence: 0, approved: undefined };
      const outcome = await performWork<RunResult>({ ...doing, work, events: async () => [] });
      const end = 'end' in outcome ? outcome.end : succeeded(outcome.value);
      return await journal.finish(clean({ ...end, ms: clock.now().getTime() - startedMs }, redactor));
    } finally {
      cancelled?.removeEventListener('abort', follow);
      journal.stop();
    }
  };
}

function succeeded({ summary, failed }: RunResult): Omit<RunEnd, 'ms'> {
  return failed ? { state: 'failed', summary, error: failed } : { state: 'succeeded', summary };
}
