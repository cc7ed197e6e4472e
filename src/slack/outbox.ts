import type { Clock } from '../clock.js';
import type { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { callFailure, postMessage, slackError, type CallFailure, type SlackClient } from './client.js';
import type { Message } from './messages/message.js';
import { withoutBlocks } from './messages/plain.js';
import { findMarked, metadataOf, type Mark } from './mark.js';

/** Where a message goes: a channel, and the thread in it. */
export type Address = { channel: string; threadTs?: string | undefined };

/** One Slack message that is posted once and then edited in place. */
export type LiveMessage = {
  /** What it shall show from now on; the latest wins, and nothing comes after a final one. */
  show(message: Message, options?: { final?: boolean }): void;
  /** Its `ts` once posted; rejects with a SLACK error when that was given up. */
  posted: Promise<string>;
  /** Resolves when Slack has a final one, rejects when that was given up. */
  ended: Promise<void>;
};

export type Outbox = {
  /** `ts`: when posted already. `lookFirst`: it may have been posted by an earlier process. */
  message(address: Address, mark: Mark, known?: { ts?: string; lookFirst?: boolean }): LiveMessage;
  /** Resolves when nothing is waiting to be sent. */
  idle(): Promise<void>;
  /** Sends nothing more. */
  stop(): void;
};

const EDIT_EVERY_MS = 2_000;
const BACKOFF_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const MAX_TRIES = 12;
const GIVE_UP_AFTER_MS = 15 * 60_000;
/** Longer than our own time-out on a call: after that no edit that we gave up on can still arrive. */
const REPEAT_FINAL_AFTER_MS = 15_000;

type Entry = {
  address: Address;
  mark: Mark;
  order: number;
  ts: string | undefined;
  wanted: { message: Message; final: boolean; version: number } | undefined;
  sentVersion: number;
  form: 'blocks' | 'text' | 'short';
  tries: number;
  failingSince: number | undefined;
  notBefore: number;
  editAt: number;
  /** A post whose answer was lost, or that an earlier process may have made: look before posting. */
  lookFirst: boolean;
  /** An edit whose answer was lost may still arrive after the final one. */
  editLost: boolean;
  onPosted: (ts: string) => void;
  onGivenUp: (error: StarsError) => void;
  onEnded: () => void;
};

type Channel = { id: string; waiting: Set<Entry>; pausedUntil: number; busy: boolean; cancelTimer: () => void };

/**
 * Delivers messages, one call at a time per channel: new messages in their order, final states before progress, and
 * whatever Slack made us wait for in one channel holds up no other.
 */
export function createOutbox({ client, clock, log }: { client: SlackClient; clock: Clock; log: Log }): Outbox {
  const channels = new Map<string, Channel>();
  const idlers = new Set<() => void>();
  const repeats = new Set<() => void>();
  let orders = 0;
  let stopped = false;

  function newMessage(address: Address, mark: Mark, known: { ts?: string; lookFirst?: boolean } = {}): LiveMessage {
    const { promise: posted, resolve: onPosted, reject: onNotPosted } = deferred<string>();
    const { promise: ended, resolve: onEnded, reject: onNotEnded } = deferred<void>();
    // Nobody has to wait for them; who does still sees the rejection.
    posted.catch(() => undefined);
    ended.catch(() => undefined);
    const onGivenUp = (error: StarsError) => {
      onNotPosted(error);
      onNotEnded(error);
    };
    const entry = newEntry({ address, mark, order: ++orders, ts: known.ts, lookFirst: known.lookFirst ?? false });
    Object.assign(entry, { onPosted, onGivenUp, onEnded });
    if (known.ts) onPosted(known.ts);
    return { posted, ended, show: (message, { final = false } = {}) => show(entry, message, final) };
  }

  function show(entry: Entry, message: Message, final: boolean): void {
    const { wanted } = entry;
    if (stopped || wanted?.final) return;
    if (wanted && !final && JSON.stringify(wanted.message) === JSON.stringify(message)) return;
    entry.wanted = { message, final, version: (wanted?.version ?? 0) + 1 };
    if (final) entry.editAt = 0;
    const channel = channelOf(entry.address.channel);
    channel.waiting.add(entry);
    pump(channel);
  }

  function channelOf(id: string): Channel {
    const known = channels.get(id);
    if (known) return known;
    const channel: Channel = { id, waiting: new Set(), pausedUntil: 0, busy: false, cancelTimer: () => undefined };
    channels.set(id, channel);
    return channel;
  }

  function pump(channel: Channel): void {
    if (channel.busy || stopped) return;
    channel.cancelTimer();
    if (channel.waiting.size === 0) return forget(channel);
    const now = clock.now().getTime();
    const entry = nextOf(channel, now);
    if (!entry) {
      channel.cancelTimer = clock.after(Math.max(1, earliestOf(channel) - now), () => pump(channel));
      return;
    }
    channel.busy = true;
    void sendNow(channel, entry).finally(() => {
      channel.busy = false;
      pump(channel);
    });
  }

  function forget(channel: Channel): void {
    channels.delete(channel.id);
    if (channels.size > 0) return;
    for (const wake of idlers) wake();
    idlers.clear();
  }

  async function sendNow(channel: Channel, entry: Entry): Promise<void> {
    const { wanted } = entry;
    if (!wanted) return void channel.waiting.delete(entry);
    try {
      await send(entry, wanted.message);
      delivered(channel, entry, wanted);
    } catch (thrown) {
      failed(channel, entry, callFailure(thrown), thrown);
    }
  }

  async function send(entry: Entry, message: Message): Promise<void> {
    if (!entry.ts && entry.lookFirst) {
      entry.ts = await findMarked(client, entry.address, entry.mark, log);
      entry.lookFirst = false;
      if (entry.ts) entry.onPosted(entry.ts);
    }
    const { channel, threadTs } = entry.address;
    const metadata = metadataOf(entry.mark);
    if (entry.ts) {
      // parse and link_names: an edit would otherwise turn "@here" in the text into a mention.
      const quiet = { parse: 'none', link_names: false } as const;
      await client.chat.update({ channel, ts: entry.ts, metadata, ...quiet, ...bodyOf(entry, message) });
      return;
    }
    const thread = threadTs ? { thread_ts: threadTs } : {};
    const quiet = { unfurl_links: false, unfurl_media: false };
    entry.ts = await postMessage(client, { channel, metadata, ...thread, ...quiet, ...bodyOf(entry, message) });
    entry.onPosted(entry.ts);
  }

  function delivered(channel: Channel, entry: Entry, sent: NonNullable<Entry['wanted']>): void {
    entry.sentVersion = sent.version;
    entry.tries = 0;
    entry.failingSince = undefined;
    entry.form = 'blocks';
    entry.editAt = clock.now().getTime() + EDIT_EVERY_MS;
    if (entry.wanted?.version === sent.version) channel.waiting.delete(entry);
    if (sent.final) entry.onEnded();
    if (sent.final && entry.editLost) repeatLater(entry);
  }

  function repeatLater(entry: Entry): void {
    entry.editLost = false;
    const cancel = clock.after(REPEAT_FINAL_AFTER_MS, () => {
      repeats.delete(cancel);
      if (stopped) return;
      const channel = channelOf(entry.address.channel);
      channel.waiting.add(entry);
      pump(channel);
    });
    repeats.add(cancel);
  }

  function failed(channel: Channel, entry: Entry, failure: CallFailure, thrown: unknown): void {
    const now = clock.now().getTime();
    entry.failingSince ??= now;
    if (failure.kind === 'rate-limited') {
      channel.pausedUntil = now + failure.retryAfterMs;
    } else if (failure.kind === 'unknown') {
      if (entry.ts) entry.editLost = true;
      else entry.lookFirst = true;
      entry.notBefore = now + (BACKOFF_MS[Math.min(entry.tries, BACKOFF_MS.length - 1)] ?? 0);
      entry.tries += 1;
    } else if (!simplify(entry, failure.error)) {
      return giveUp(channel, entry, failure, thrown);
    }
    if (entry.tries > MAX_TRIES || now - entry.failingSince > GIVE_UP_AFTER_MS) giveUp(channel, entry, failure, thrown);
  }

  /** Slack dislikes the form of the message: the same content in a simpler one. False when there is none left. */
  function simplify(entry: Entry, error: string): boolean {
    const next = SIMPLER[entry.form];
    if (!FORM_ERRORS.has(error) || !next) return false;
    log.warn({ error, run: entry.mark.run, part: entry.mark.part }, 'Slack refused the form of a message');
    entry.form = next;
    return true;
  }

  function giveUp(channel: Channel, entry: Entry, failure: CallFailure, thrown: unknown): void {
    channel.waiting.delete(entry);
    Object.assign(entry, { tries: 0, failingSince: undefined, notBefore: 0, form: 'blocks' });
    log.error({ ...entry.mark, channel: channel.id, failure }, 'A message was not delivered to Slack');
    if (!entry.ts) entry.onGivenUp(slackError(failure, thrown));
  }

  function idle(): Promise<void> {
    return channels.size === 0 ? Promise.resolve() : new Promise((resolve) => void idlers.add(resolve));
  }

  function stop(): void {
    stopped = true;
    for (const channel of channels.values()) channel.cancelTimer();
    for (const cancel of repeats) cancel();
    for (const wake of idlers) wake();
    channels.clear();
    idlers.clear();
    repeats.clear();
  }

  return { message: newMessage, idle, stop };
}

const FORM_ERRORS = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long']);
const SIMPLER: Record<Entry['form'], Entry['form'] | undefined> = { blocks: 'text', text: 'short', short: undefined };

function bodyOf({ form, ts }: Entry, message: Message): { text: string; blocks?: Message['blocks'] } {
  if (form === 'blocks') return message;
  const { text } = withoutBlocks(message);
  // An edit without `blocks` would keep the old ones.
  return { text: form === 'short' ? text.slice(0, 500) : text, ...(ts ? { blocks: [] } : {}) };
}

function newEntry(known: Pick<Entry, 'address' | 'mark' | 'order' | 'ts' | 'lookFirst'>): Entry {
  return {
    ...known,
    wanted: undefined,
    sentVersion: 0,
    form: 'blocks',
    tries: 0,
    failingSince: undefined,
    notBefore: 0,
    editAt: 0,
    editLost: false,
    onPosted: () => undefined,
    onGivenUp: () => undefined,
    onEnded: () => undefined,
  };
}

function nextOf(channel: Channel, now: number): Entry | undefined {
  if (channel.pausedUntil > now) return undefined;
  return [...channel.waiting]
    .filter((entry) => readyAt(entry) <= now && isItsTurn(entry, channel))
    .sort((a, b) => rank(a) - rank(b) || a.order - b.order)[0];
}

function earliestOf(channel: Channel): number {
  const ready = [...channel.waiting].filter((entry) => isItsTurn(entry, channel)).map(readyAt);
  return Math.max(channel.pausedUntil, Math.min(...ready));
}

function readyAt({ notBefore, editAt }: Entry): number {
  return Math.max(notBefore, editAt);
}

function rank({ ts, wanted }: Entry): number {
  if (ts) return wanted?.final ? 0 : 2;
  return 1;
}

/** New messages of one run appear in the order in which they were made. */
function isItsTurn(entry: Entry, { waiting }: Channel): boolean {
  if (entry.ts) return true;
  return ![...waiting].some((other) => !other.ts && other.order < entry.order && other.mark.run === entry.mark.run);
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
