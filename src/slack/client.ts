import { LogLevel, webApi, type Logger } from '@slack/bolt';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Secret } from '../secret.js';

export type SlackClient = webApi.WebClient;

const TIMEOUT_MS = 10_000;

/**
 * A Web API client that tries once and says what happened. Retrying is ours: the library's own would repeat a post whose
 * answer was lost, and would stop every other call while one is rate-limited.
 */
export function createSlackClient(
  token: Secret,
  { timeoutMs = TIMEOUT_MS, ...options }: { apiUrl?: string | undefined; log: Log; timeoutMs?: number },
): SlackClient {
  return new webApi.WebClient(token.reveal(), {
    ...clientOptions(options),
    timeout: timeoutMs,
    rejectRateLimitedCalls: true,
  });
}

/** Posts a message and resolves with its `ts`. */
export async function postMessage(client: SlackClient, args: webApi.ChatPostMessageArguments): Promise<string> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's method, not a browser window's
  const { ts } = await client.chat.postMessage(args);
  if (!ts) throw new StarsError('SLACK', 'Slack took a message but did not say which.');
  return ts;
}

/** Options for every Web API client, also the ones that Bolt and Socket Mode make for themselves. */
export function clientOptions({ apiUrl, log }: { apiUrl?: string | undefined; log: Log }): webApi.WebClientOptions {
  return {
    ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
    timeout: TIMEOUT_MS,
    retryConfig: { retries: 0 },
    logger: slackLogger(log),
  };
}

/** Bolt's logger over ours. Its debug lines hold whole payloads, and its errors are told again by our own code. */
export function slackLogger(log: Log): Logger {
  const line = (words: unknown[]) => words.map(String).join(' ');
  return {
    debug: () => undefined,
    info: (...words) => log.debug(line(words)),
    warn: (...words) => log.info(line(words)),
    error: (...words) => log.warn(line(words)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}

/** How a call failed: told to wait, refused by name, or with an outcome that nobody knows. */
export type CallFailure =
  | { kind: 'rate-limited'; retryAfterMs: number }
  | { kind: 'refused'; error: string; messages: string[] }
  | { kind: 'unknown'; error: string };

const TRANSIENT = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

export function callFailure(thrown: unknown): CallFailure {
  if (thrown instanceof webApi.WebAPIRateLimitedError) return rateLimited(thrown.retryAfter);
  if (thrown instanceof webApi.WebAPIPlatformError) return platformFailure(thrown);
  const error = thrown instanceof Error ? thrown.message : String(thrown);
  return error.startsWith('Retry header did not contain') ? rateLimited(5) : { kind: 'unknown', error };
}

function platformFailure({ data }: InstanceType<typeof webApi.WebAPIPlatformError>): CallFailure {
  const { error, response_metadata: metadata } = data;
  if (error === 'ratelimited' || error === 'rate_limited') return rateLimited(metadata?.retryAfter ?? 1);
  // An answer that is not Slack's JSON arrives here with the whole page as its "error".
  if (TRANSIENT.has(error) || !/^[a-z0-9_]+$/.test(error)) return { kind: 'unknown', error: error.slice(0, 200) };
  return { kind: 'refused', error, messages: metadata?.messages ?? [] };
}

function rateLimited(seconds: number): CallFailure {
  return { kind: 'rate-limited', retryAfterMs: Math.min(Math.max(seconds, 1), 300) * 1000 };
}

const REFUSED_TOKEN = new Set(['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired']);
const NOT_INVITED = new Set(['not_in_channel', 'channel_not_found']);

/** Whether the bot is not a member of the channel it wanted to write to. */
export function isNotInvited(failure: CallFailure): boolean {
  return failure.kind === 'refused' && NOT_INVITED.has(failure.error);
}

/** Whether Slack will go on refusing until somebody changes the configuration. */
export function isRefusedToken(failure: CallFailure): boolean {
  return failure.kind === 'refused' && REFUSED_TOKEN.has(failure.error);
}

/** A failed call in words for people. */
export function slackError(failure: CallFailure, cause?: unknown): StarsError {
  if (isNotInvited(failure)) {
    const hint = 'Invite it with `/invite @stars` in that channel, then ask again.';
    return new StarsError('SLACK', 'Stars is not a member of this channel, so it cannot write there.', { hint, cause });
  }
  if (isRefusedToken(failure)) {
    const hint = 'Check SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or install the app again.';
    return new StarsError('CONFIG', `Slack refuses the token (${reason(failure)}).`, { hint, cause });
  }
  if (failure.kind === 'refused' && failure.error === 'missing_scope') {
    const hint = 'Compare the scopes of the app with manifest.yml and install it again.';
    return new StarsError('CONFIG', 'The Slack app lacks a scope that Stars needs.', { hint, cause });
  }
  if (failure.kind === 'refused' && failure.error === 'is_archived') {
    return new StarsError('SLACK', 'This channel is archived.', { hint: 'Ask again in another channel.', cause });
  }
  const words = { 'rate-limited': 'Slack asks to wait', refused: 'Slack refused', unknown: 'Slack cannot be reached' };
  return new StarsError('SLACK', `${words[failure.kind]} (${reason(failure)}).`, { cause });
}

function reason(failure: CallFailure): string {
  return failure.kind === 'rate-limited' ? `${failure.retryAfterMs / 1000} s` : failure.error;
}
