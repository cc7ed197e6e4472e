import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Audit } from '../store/audit.js';
import type { InboxStore } from '../store/inbox.js';
import { repeat } from '../repeat.js';
import { actions, message, section, type Message, escape } from '../slack/messages/message.js';
import type { Address } from '../store/runs.js';
import type { Timer, TimerStore } from '../store/timers.js';
import type { Bot } from './bot.js';
import { splitWords } from './words.js';
import { counted } from '../model/figures.js';

export type TimersOptions = {
  timers: TimerStore;
  inbox: InboxStore;
  audit: Audit;
  bot: Bot;
  owner: string;
  clock: Clock;
  log: Log;
  /** The channel of an environment: for what was asked where there is no chat. */
  channelOf(environment: string | undefined): Promise<string | undefined>;
  /** Posts into a channel; left out where there is no chat. */
  post?: ((channel: string, message: Message) => Promise<unknown>) | undefined;
};

const LOOK_EVERY_MS = 1_000;

/** Does what is due and reminds of what soon will be, until the returned function is called. */
export function startTimers(options: TimersOptions): () => Promise<void> {
  const { clock, log } = options;
  const onError = (error: unknown) => log.warn({ error }, 'the timers could not be looked at');
  const tries: Tries = new Map();
  return repeat(() => lookAtTimers(options, tries), { clock, everyMs: LOOK_EVERY_MS, onError });
}

/** Timers whose request could not be written down, by id: how often, when to try again, and whether the audit has it already. */
export type Tries = Map<string, Try>;

type Try = { count: number; againAtMs: number; isTold: boolean };

const AGAIN_MS = [1_000, 2_000, 5_000, 15_000, 30_000, 60_000];

/** One look: every timer that is due is done once, however many processes look. */
export async function lookAtTimers(options: TimersOptions, tries: Tries = new Map()): Promise<void> {
  const { timers, clock } = options;
  const now = clock.now().toISOString();
  for (const timer of await timers.waiting()) {
    if (timer.dueAt <= now) await fireInTurn(timer, options, tries);
    else if (timer.remindAt !== undefined && timer.remindAt <= now) await remind(timer, options);
  }
}

/** What the database refuses is tried again after a while, longer each time. */
async function fireInTurn(timer: Timer, options: TimersOptions, tries: Tries): Promise<void> {
  const nowMs = options.clock.now().getTime();
  const attempt = tries.get(timer.id) ?? { count: 0, againAtMs: 0, isTold: false };
  if (attempt.againAtMs > nowMs) return;
  try {
    await fire(timer, options, attempt);
    tries.delete(timer.id);
  } catch (error) {
    const waitMs = AGAIN_MS[Math.min(attempt.count, AGAIN_MS.length - 1)] ?? 0;
    tries.set(timer.id, { ...attempt, count: attempt.count + 1, againAtMs: nowMs + waitMs });
    options.log.warn({ timer: timer.id, error, waitMs }, 'what was due could not be written down');
  }
}

async function fire(timer: Timer, options: TimersOptions, attempt: Try): Promise<void> {
  const { timers, audit, clock, log } = options;
  const { id, environment, person, words: text, says } = timer;
  try {
    // Once, however often it is tried.
    if (!attempt.isTold)
      await audit.record({ kind: 'timer', person, environment, text, reason: says, details: { timer: id } });
    attempt.isTold = true;
    if (text !== '') await ask(timer, options);
    if ((await timers.end(id, 'done', clock.now())) && text === '') await tell(timer, `⏰ ${says}.`, options);
  } catch (thrown) {
    // What the command refuses would be refused again; all else is the database, or a process that stops and takes no new runs.
    if (!(thrown instanceof StarsError) || thrown.code === 'STORE' || thrown.code === 'CANCELLED') throw thrown;
    log.warn({ timer: id, error: thrown }, 'what was due was refused');
    if (await timers.end(id, 'failed', clock.now()))
      await tell(timer, `⚠️ ${says}: this was due now, but was refused. ${thrown.describe()}`, options);
  }
}

/** The request stands in the inbox under the timer's key, so that one run comes of it. */
async function ask(timer: Timer, options: TimersOptions): Promise<void> {
  const { inbox, bot, owner, clock } = options;
  const key = `timer ${timer.id}`;
  const now = clock.now();
  const there = await inbox.receive({ key, kind: 'timer', body: { words: timer.words } }, owner, now);
  if (there?.run !== undefined) return;
  const { words: text, person } = timer;
  const words = splitWords(text);
  const address = await addressOf(timer, options);
  // Whoever closed the environment since may not even know of it: it comes when that is over.
  await bot.handle({ words, text, person, source: 'schedule', address, requestKey: key, promised: true });
  await inbox.settle(key, 'it was done', clock.now());
}

async function remind(timer: Timer, options: TimersOptions): Promise<void> {
  if (!options.post || !(await options.timers.takeReminder(timer.id))) return;
  const minutes = Math.max(1, Math.round((Date.parse(timer.dueAt) - options.clock.now().getTime()) / 60_000));
  const words = `⏰ In ${counted(minutes, 'minute')}: ${timer.says}.`;
  await tell(timer, words, options, [{ words: `cancel ${timer.id}`, label: 'Do not' }]);
}

async function tell(
  timer: Timer,
  words: string,
  options: TimersOptions,
  buttons: { words: string; label: string }[] = [],
): Promise<void> {
  const { id, person } = timer;
  const { post, log } = options;
  const address = await addressOf(timer, options);
  if (!post || !address) return;
  const text = `${escape(words)}${/^[UW]/.test(person.id) ? ` <@${person.id}>` : ''}`;
  await post(address.channel, message(text, [section(text), ...actions(buttons)])).catch((error: unknown) =>
    log.warn({ timer: id, error }, 'a reminder could not be posted'),
  );
}

/** Where it was asked for; what was asked where there is no chat belongs into the channel of its environment. */
async function addressOf(
  { address, environment }: Timer,
  { post, channelOf }: TimersOptions,
): Promise<Address | undefined> {
  if (address !== undefined || !post) return address;
  const channel = await channelOf(environment);
  return channel === undefined ? undefined : { channel };
}
