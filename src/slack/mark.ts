import type { Log } from '../log.js';
import { callFailure, type SlackClient } from './client.js';

/** What a message is, hidden in its metadata, so that it can be found again: which part of which run. */
export type Mark = { run: string; part: string };

const EVENT_TYPE = 'stars_run';
const PAGES = 3;

export function metadataOf({ run, part }: Mark): { event_type: string; event_payload: { run: string; part: string } } {
  return { event_type: EVENT_TYPE, event_payload: { run, part } };
}

/**
 * The `ts` of our message with this mark, if it is there. Rejects when Slack cannot tell now; when it will never tell
 * (a scope is missing), undefined: posting twice is better than not at all.
 */
export async function findMarked(
  client: SlackClient,
  { channel, threadTs }: { channel: string; threadTs?: string | undefined },
  mark: Mark,
  log: Log,
): Promise<string | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const common = { channel, limit: 200, include_all_metadata: true, ...(cursor ? { cursor } : {}) };
    const call = threadTs
      ? client.conversations.replies({ ...common, ts: threadTs })
      : client.conversations.history(common);
    const answer = await call.catch((thrown: unknown) => {
      const failure = callFailure(thrown);
      if (failure.kind !== 'refused') throw thrown;
      log.warn({ ...mark, error: failure.error }, 'Cannot look whether a message was posted');
      return undefined;
    });
    const found = answer?.messages?.find((message) => hasMark(message, mark));
    cursor = answer?.response_metadata?.next_cursor;
    if (found?.ts || !cursor) return found?.ts;
  }
  return undefined;
}

type Marked = { metadata?: { event_type?: string; event_payload?: unknown } };

function hasMark({ metadata }: Marked, { run, part }: Mark): boolean {
  const payload = metadata?.event_type === EVENT_TYPE ? metadata.event_payload : undefined;
  if (typeof payload !== 'object' || payload === null) return false;
  return 'run' in payload && payload.run === run && 'part' in payload && payload.part === part;
}
