import { SocketModeReceiver } from '@slack/bolt';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Secret } from '../secret.js';
import { callFailure, clientOptions, isRefusedToken, slackError, slackLogger } from './client.js';

export type SocketSettings = {
  appToken: Secret;
  apiUrl?: string | undefined;
  clientPingTimeoutMs?: number | undefined;
};

export type Socket = {
  receiver: SocketModeReceiver;
  /** Resolves with the first connection, rejects when Slack refuses the token or does not answer. From then on reconnects. */
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  connected(): boolean;
};

const CONNECT_WITHIN_MS = 15_000;
const FIRST_TRIES = 5;
const BACKOFF_MS = [0, 1_000, 2_000, 5_000, 10_000, 30_000];
const REFUSED_RETRY_MS = 60_000;

type Options = {
  settings: SocketSettings;
  clock: Clock;
  log: Log;
  /** Called once for each outage that lasts `watchdogMs`, and when Slack refuses the token. */
  onDown: (error: StarsError) => void;
  watchdogMs: number;
};

/**
 * Socket Mode with our own reconnecting. The library's waits five seconds, has no upper limit, and ends the process with
 * an unhandled rejection when the token was revoked meanwhile.
 */
export function createSocket({ settings, clock, log, onDown, watchdogMs }: Options): Socket {
  const { appToken, apiUrl, clientPingTimeoutMs = 2_000 } = settings;
  const receiver = new SocketModeReceiver({
    appToken: appToken.reveal(),
    logger: slackLogger(log),
    clientPingTimeout: clientPingTimeoutMs,
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: clientOptions({ apiUrl, log }) },
    customPropertiesExtractor: ({ envelope_id: envelopeId }: { envelope_id?: string }) => ({ envelopeId }),
  });
  const { client } = receiver;
  let state: 'down' | 'up' | 'stopped' = 'down';
  let cancelWatchdog: () => void = () => undefined;
  const stopping = new AbortController();

  client.on('disconnected', () => {
    if (state !== 'up') return;
    state = 'down';
    log.warn('Lost the connection to Slack');
    watch();
    void stayConnected();
  });

  async function connect(): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await connectOnce();
      } catch (thrown) {
        const failure = callFailure(thrown);
        if (isRefusedToken(failure) || tried >= FIRST_TRIES) throw slackError(failure, thrown);
        log.warn({ failure }, 'Cannot connect to Slack yet');
        await clock.sleep(backoff(tried), stopping.signal);
      }
    }
  }

  async function connectOnce(): Promise<void> {
    const { promise: late, cancel } = lateAfter(clock, CONNECT_WITHIN_MS);
    try {
      const starting = client.start();
      starting.catch(() => undefined);
      await Promise.race([starting, late]);
    } catch (thrown) {
      dropSocket();
      throw thrown;
    } finally {
      cancel();
    }
    if (state === 'stopped') return dropSocket();
    state = 'up';
    cancelWatchdog();
    log.info('Connected to Slack');
  }

  async function stayConnected(): Promise<void> {
    for (let tried = 0; state === 'down'; tried += 1) {
      try {
        await clock.sleep(backoff(tried), stopping.signal);
        await connectOnce();
      } catch (thrown) {
        if (stopping.signal.aborted) return;
        const failure = callFailure(thrown);
        log.warn({ failure, tried }, 'Cannot reconnect to Slack');
        if (!isRefusedToken(failure)) continue;
        onDown(slackError(failure, thrown));
        await clock.sleep(REFUSED_RETRY_MS, stopping.signal).catch(() => undefined);
      }
    }
  }

  function watch(): void {
    cancelWatchdog = clock.after(watchdogMs, () => {
      const minutes = Math.round(watchdogMs / 60_000);
      onDown(new StarsError('SLACK', `Not connected to Slack for ${minutes} minutes; still trying.`));
      dropSocket();
    });
  }

  /** The first close asks the peer, the second does not wait for its answer. */
  function dropSocket(): void {
    void client.disconnect();
    void client.disconnect();
  }

  async function disconnect(): Promise<void> {
    state = 'stopped';
    cancelWatchdog();
    stopping.abort();
    const { promise: late, cancel } = lateAfter(clock, 2_000);
    await Promise.race([client.disconnect(), late.catch(() => undefined)]).finally(cancel);
    dropSocket();
  }

  return { receiver, connect, disconnect, connected: () => state === 'up' };
}

function backoff(tried: number): number {
  return BACKOFF_MS[Math.min(tried, BACKOFF_MS.length - 1)] ?? 0;
}

function lateAfter(clock: Clock, ms: number): { promise: Promise<never>; cancel: () => void } {
  let cancel: () => void = () => undefined;
  const promise = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(new StarsError('TIMEOUT', `Slack did not answer within ${ms / 1000} s.`)));
  });
  promise.catch(() => undefined);
  return { promise, cancel };
}
