import type { Clock } from './clock.js';
import { asStarsError } from './errors.js';
import type { Log } from './log.js';
import type { Slack } from './slack/app.js';
import type { ClaimStore } from './store/claims.js';

export type ReceiverOptions = {
  /** One that has not started; what stopped once cannot start again. */
  make(): Slack;
  claims: ClaimStore;
  isAlive(process: string): Promise<boolean>;
  /** Says that this process lives, unless it just did. */
  beat(): Promise<void>;
  owner: string;
  clock: Clock;
  log: Log;
  /** Of two sockets each would get a part of what people say, so only one process has one. Signed requests may go to any. */
  alone: boolean;
  /** This process receives now: what the one before has left waits for somebody. */
  opened(): void;
};

export type Receiver = {
  /** Resolves when this process receives, or knows that another does. Rejects when Slack refuses it. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The connection that receives here; undefined while another process does. */
  current(): Slack | undefined;
  /** Whether this process is the one that shows what nobody performs. */
  isFirst(): boolean;
};

const PLACE = 'slack';
const RENEW_EVERY_MS = 2_000;
const HELD_FOR_MS = 6_000;

/** Receives from Slack while this process holds the place for it; otherwise waits until whoever has it is gone. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { make, claims, isAlive, beat, owner, clock, log, alone } = options;
  let slack: Slack | undefined;
  let heldUntilMs = 0;
  let stopped = false;
  let cancelTimer: () => void = () => undefined;
  let working: Promise<void> = Promise.resolve();

  async function start(): Promise<void> {
    if (!alone) await open();
    await renew();
    again();
  }

  function again(): void {
    if (stopped) return;
    cancelTimer = clock.after(RENEW_EVERY_MS, () => {
      working = renew()
        .catch((error: unknown) => log.warn({ error: asStarsError(error).message }, 'Cannot receive from Slack yet'))
        .finally(again);
    });
  }

  async function renew(): Promise<void> {
    const now = clock.now();
    const until = new Date(now.getTime() + HELD_FOR_MS);
    const held = await hold(until, now).catch((error: unknown) => {
      log.warn({ error }, 'The place in Slack could not be renewed');
      // As long as nobody else can have it, it is still ours.
      return heldUntilMs > clock.now().getTime() + RENEW_EVERY_MS ? undefined : false;
    });
    if (held === undefined || stopped) return;
    if (held) heldUntilMs = until.getTime();
    else heldUntilMs = 0;
    if (!alone) return;
    if (held && !slack) await open();
    if (!held && slack) {
      log.info('Another process receives from Slack');
      await close();
    }
  }

  /** A place whose holder is known to be dead need not be waited for. */
  async function hold(until: Date, now: Date): Promise<boolean> {
    await beat();
    if (await claims.hold(PLACE, owner, until, now)) return true;
    const holder = await claims.whoHolds(PLACE);
    if (holder === undefined || (await isAlive(holder))) return false;
    await claims.letGo(PLACE, holder);
    return claims.hold(PLACE, owner, until, now);
  }

  async function open(): Promise<void> {
    const opened = make();
    await opened.start();
    slack = opened;
    log.info('This process receives from Slack');
    options.opened();
  }

  async function close(): Promise<void> {
    const closing = slack;
    slack = undefined;
    await closing?.stop();
  }

  async function stop(): Promise<void> {
    stopped = true;
    cancelTimer();
    await working;
    await close();
    await claims
      .letGo(PLACE, owner)
      .catch((error: unknown) => log.warn({ error }, 'The place in Slack was not given back'));
  }

  return { start, stop, current: () => slack, isFirst: () => heldUntilMs > clock.now().getTime() };
}
