import { z } from 'zod';
import { refusalOf } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import { maybe } from '../nullish.js';
import { modeOf, versionOf, type Said } from './parse.js';

const Monitor = z.object({
  error: maybe(z.string()),
  server_state: maybe(z.string()),
  synced_followers: maybe(z.number()),
  version: maybe(z.string()),
});

/** What a server says through its AdminServer (from 3.5 on), which answers 200 even for errors. Rejects as Http does. */
export async function askAdmin(http: Http, options?: Pick<CallOptions, 'signal' | 'timeoutMs'>): Promise<Said> {
  try {
    const {
      error,
      server_state: state,
      synced_followers: synced,
      version,
    } = await http.get('/commands/monitor', Monitor, options);
    if (error !== undefined) return refused(error);
    const mode = modeOf(state);
    if (!mode) return { kind: 'unknown', words: state ? `the state "${state}"` : 'no state' };
    return {
      kind: 'serving',
      mode,
      syncedFollowers: mode === 'leader' ? synced : undefined,
      version: versionOf(version),
    };
  } catch (error) {
    // 3.8 fails with a page of HTML when it has no quorum.
    if (refusalOf(error)?.status === 500) return { kind: 'no-quorum' };
    throw error;
  }
}

function refused(error: string): Said {
  if (/not currently serving requests/.test(error)) return { kind: 'no-quorum' };
  return { kind: 'unknown', words: error.slice(0, 100) };
}
