import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Attachment } from '../model/attachment.js';
import { callFailure, slackError, type SlackClient } from './client.js';

export type UploadTo = { channel: string; threadTs?: string | undefined };

export type Upload = {
  /** What Slack called it at an earlier try, which may have come through. */
  known?: string | undefined;
  /** Told what Slack calls it before it stands in the channel. */
  named?: (id: string) => Promise<void>;
  signal?: AbortSignal | undefined;
};

export type Uploads = {
  /** Puts a file into a channel or below a message; a SLACK or CONFIG error says why Slack will not have it. */
  send(file: Attachment, to: UploadTo, upload?: Upload): Promise<void>;
};

const TRIES = 5;
const UPLOAD_TIMEOUT_MS = 60_000;
const PAGES = 5;

/** Files for Slack: each is there once, also when an answer of Slack is lost. */
export function createUploads({ client, clock, log }: { client: SlackClient; clock: Clock; log: Log }): Uploads {
  async function send(file: Attachment, to: UploadTo, { known, named, signal }: Upload = {}): Promise<void> {
    let id = known;
    const remember = async (made: string) => {
      id = made;
      await named?.(made);
    };
    for (let tried = 1; ; tried += 1) {
      signal?.throwIfAborted();
      try {
        if (id !== undefined && (await isThere(id, to))) return;
        return await sendOnce(file, to, remember);
      } catch (thrown) {
        if (thrown instanceof StarsError) throw thrown;
        const failure = callFailure(thrown);
        log.info({ file: file.name, failure, tried }, 'A file did not go through');
        if (failure.kind === 'refused' || tried >= TRIES) throw slackError(failure, thrown);
        await clock.sleep(failure.kind === 'rate-limited' ? failure.retryAfterMs : 1_000 * 2 ** tried, signal);
      }
    }
  }

  async function sendOnce(
    { name, content, alt }: Attachment,
    { channel, threadTs }: UploadTo,
    remember: (id: string) => Promise<void>,
  ): Promise<void> {
    const bytes = Buffer.from(content);
    const asked = { filename: name, length: bytes.length, ...(alt === undefined ? {} : { alt_txt: alt }) };
    const { upload_url: url, file_id: id } = await client.files.getUploadURLExternal(asked);
    if (!url || !id) throw new StarsError('SLACK', 'Slack took a file but did not say where to.');
    await put(url, bytes);
    await remember(id);
    const place = threadTs ? { channel_id: channel, thread_ts: threadTs } : { channel_id: channel };
    await client.files.completeUploadExternal({ files: [{ id, title: alt ?? name }], ...place });
  }

  /** Whether a message holds it. Where Stars may not read, nobody knows: twice is better than not at all. */
  async function isThere(id: string, { channel, threadTs }: UploadTo): Promise<boolean> {
    let cursor: string | undefined;
    for (let page = 0; page < PAGES; page += 1) {
      const common = { channel, limit: 200, ...(cursor ? { cursor } : {}) };
      const call = threadTs
        ? client.conversations.replies({ ...common, ts: threadTs })
        : client.conversations.history(common);
      const answer = await call.catch((thrown: unknown) => {
        if (callFailure(thrown).kind !== 'refused') throw thrown;
        return undefined;
      });
      if (answer?.messages?.some(({ files }) => files?.some((file) => file.id === id))) return true;
      cursor = answer?.response_metadata?.next_cursor;
      if (!cursor) return false;
    }
    return false;
  }

  return { send };
}

async function put(url: string, bytes: Buffer): Promise<void> {
  const signal = AbortSignal.timeout(UPLOAD_TIMEOUT_MS);
  const body = new Uint8Array(bytes);
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal });
  const words = await answer.text();
  if (!answer.ok) throw new Error(`Slack answered ${answer.status} to a file: ${words.slice(0, 100)}`);
}
