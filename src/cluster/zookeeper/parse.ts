export type Mode = 'leader' | 'follower' | 'standalone' | 'observer';

/**
 * What a server said about itself: it serves in this mode, it lives without a quorum, or it may not say (the word is not on its
 * whitelist, which is no sign of trouble).
 */
export type Said =
  | { kind: 'serving'; mode: Mode; syncedFollowers: number | undefined; version: string | undefined }
  | { kind: 'no-quorum' }
  | { kind: 'not-allowed' }
  | { kind: 'unknown'; words: string };

/** The answer to `mntr`: lines of key, tab, value. */
export function parseMntr(answer: string): Said {
  const values = new Map<string, string | undefined>(answer.split('\n').map((line) => twoOf(line.split('\t', 2))));
  const mode = modeOf(values.get('zk_server_state'));
  if (!mode) return parseRefusal(answer);
  const synced = Number(values.get('zk_synced_followers'));
  return {
    kind: 'serving',
    mode,
    syncedFollowers: mode === 'leader' && Number.isFinite(synced) ? synced : undefined,
    version: versionOf(values.get('zk_version')),
  };
}

/** The answer to `srvr` or `stat`: `Mode: leader` among other lines. */
export function parseSrvr(answer: string): Said {
  const mode = modeOf(/^Mode: (\S+)/m.exec(answer)?.[1]);
  if (!mode) return parseRefusal(answer);
  return { kind: 'serving', mode, syncedFollowers: undefined, version: /version: ([^-,\s]+)/i.exec(answer)?.[1] };
}

function twoOf([key = '', value]: string[]): [string, string | undefined] {
  return [key, value];
}

function parseRefusal(answer: string): Said {
  if (/not currently serving requests/.test(answer)) return { kind: 'no-quorum' };
  if (/not in the whitelist/.test(answer)) return { kind: 'not-allowed' };
  return { kind: 'unknown', words: answer.trim().split('\n', 1)[0]?.slice(0, 100) || 'an empty answer' };
}

/** `3.4.6` of `3.4.6-1569965, built on 02/20/2014`. */
export function versionOf(text: string | undefined): string | undefined {
  return text?.split(/[-,]/, 1)[0];
}

export function modeOf(text: string | undefined): Mode | undefined {
  const word = text?.trim();
  return word === 'leader' || word === 'follower' || word === 'standalone' || word === 'observer' ? word : undefined;
}
