import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import type { Http } from '../http.js';
import { createFrames, type MarathonEvent } from './event-frames.js';

export type EventsOptions = {
  /** Only events of these types; all when left out. */
  types?: readonly string[] | undefined;
  signal: AbortSignal;
  onEvent: (event: MarathonEvent) => void;
  /** The stream has begun, at first or anew: what happened before is not told again, so it has to be read. */
  onBegin?: (() => void) | undefined;
  /** The stream has broken off; it is tried again. */
  onEnd?: (() => void) | undefined;
};

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
// Marathon sends a blank line every few seconds.
const SILENT_FOR_MS = 60_000;

/**
 * Reads Marathon's events until the signal aborts, again and again when the stream breaks off, as with each change of leader. Resolves
 * when it is over; rejects only when this Marathon lets nobody read its events.
 */
export async function readEvents({ http, clock }: { http: Http; clock: Clock }, options: EventsOptions): Promise<void> {
  const { signal } = options;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await readOnce({ http, clock }, options, () => {
        pauseMs = FIRST_PAUSE_MS;
      });
    } catch (error) {
      if (isFinal(error)) throw error;
    }
    if (signal.aborted) return;
    options.onEnd?.();
    await pause(pauseMs, clock, signal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

/** Resolves when the stream ends; rejects when it does not begin, breaks off or falls silent. */
async function readOnce(
  { http, clock }: { http: Http; clock: Clock },
  { types = [], signal, onEvent, onBegin }: EventsOptions,
  begun: () => void,
): Promise<void> {
  const over = new AbortController();
  let stopWatching = () => {};
  // Only the request's own signal ends a stream whose next piece is being waited for.
  const watchSilence = () => {
    stopWatching();
    stopWatching = clock.after(SILENT_FOR_MS, () => over.abort());
  };
  try {
    const stream = await http.stream('/v2/events', {
      accept: 'text/event-stream',
      // The whole plan would come with each event, twice.
      query: { event_type: types, 'plan-format': 'light' },
      signal: AbortSignal.any([signal, over.signal]),
    });
    begun();
    onBegin?.();
    watchSilence();
    const take = createFrames(onEvent);
    stream.setEncoding('utf8');
    for await (const text of stream) {
      watchSilence();
      take(String(text));
    }
  } finally {
    stopWatching();
    over.abort();
  }
}

/** Resolves when the time is up, or the signal aborts. */
function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** A refusal is the same each time; a Marathon that is away, or without a leader, comes back. */
function isFinal(error: unknown): boolean {
  return error instanceof StarsError && (error.code === 'API_REFUSED' || error.code === 'CONFIG');
}
