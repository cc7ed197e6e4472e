import { createHmac } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { Log } from '../../log.js';
import type { Ack, Envelope, SocketServer } from './socket-server.js';

const ACK_WITHIN_MS = 3_000;
const EVENT_RETRIES_MS = [0, 60_000, 300_000];

/** What came of a delivery: `error` as the person sees it in Slack, such as `operation_timeout` or `dispatch_failed`. */
export type Delivered = { acked: boolean; response?: unknown; error?: string };

type Options = { clock: Clock; log: Log; socket: SocketServer; signingSecret: string };

/** Brings envelopes to the bot: over the socket when there is one, signed over HTTP when there is an address. */
export function createDelivery({ clock, log, socket, signingSecret }: Options) {
  let botUrl: string | undefined;
  let twice = false;
  let made = 0;
  const stopping = new AbortController();

  /** Commands and interactions are delivered once; Slack repeats only events. */
  function once(envelope: Envelope): Promise<Delivered> {
    return attempt(envelope, `envelope-${++made}`);
  }

  async function withRetries(envelope: Envelope): Promise<Delivered> {
    const id = `envelope-${++made}`;
    let delivered = await attempt(envelope, id);
    for (const [at, waitMs] of EVENT_RETRIES_MS.entries()) {
      if (delivered.acked || stopping.signal.aborted) break;
      await clock.sleep(waitMs, stopping.signal).catch(() => undefined);
      delivered = await attempt({ ...envelope, retry: at + 1 }, id);
    }
    return delivered;
  }

  async function attempt(envelope: Envelope, id: string): Promise<Delivered> {
    const repeat = twice;
    twice = false;
    if (socket.count() > 0) return fromAck(await socket.deliver(envelope, { id, twice: repeat }));
    if (!botUrl) return { acked: false, error: 'dispatch_failed' };
    const first = post(botUrl, envelope);
    if (repeat) await post(botUrl, { ...envelope, retry: 1 });
    return first;
  }

  function fromAck(ack: Ack | undefined): Delivered {
    return ack ? { acked: true, response: ack.payload } : { acked: false, error: 'operation_timeout' };
  }

  async function post(url: string, envelope: Envelope): Promise<Delivered> {
    const late = new AbortController();
    const cancel = clock.after(ACK_WITHIN_MS, () => late.abort());
    const { type, body } = encode(envelope);
    const retry: Record<string, string> = envelope.retry
      ? { 'x-slack-retry-num': String(envelope.retry), 'x-slack-retry-reason': 'http_timeout' }
      : {};
    const signed = signature(signingSecret, body, Math.floor(clock.now().getTime() / 1000));
    try {
      const headers = { 'content-type': type, ...signed, ...retry };
      const answer = await fetch(url, { method: 'POST', headers, body, signal: late.signal });
      const text = await answer.text();
      return answer.ok ? { acked: true, response: parsed(text) } : { acked: false, error: `http_${answer.status}` };
    } catch (thrown) {
      log.debug({ error: String(thrown) }, 'The bot did not answer');
      return { acked: false, error: late.signal.aborted ? 'operation_timeout' : 'dispatch_failed' };
    } finally {
      cancel();
    }
  }

  return {
    once,
    withRetries,
    toUrl: (url: string) => {
      botUrl = url;
    },
    twice: () => {
      twice = true;
    },
    stop: () => stopping.abort(),
  };
}

/** The headers by which a bot knows that a request comes from Slack. */
export function signature(secret: string, body: string, seconds: number): Record<string, string> {
  const hash = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${hash}` };
}

function encode({ type, payload }: Envelope): { type: string; body: string } {
  if (type === 'events_api') return { type: 'application/json', body: JSON.stringify(payload) };
  const fields = type === 'interactive' ? { payload: JSON.stringify(payload) } : (payload as Record<string, string>);
  return { type: 'application/x-www-form-urlencoded', body: new URLSearchParams(fields).toString() };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
