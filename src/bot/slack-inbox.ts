import { z } from 'zod';
import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Redactor } from '../secret.js';
import type { Reply } from '../slack/answers.js';
import type { Incoming } from '../slack/incoming.js';
import { errorMessage } from '../slack/messages/error.js';
import { plainMessage } from '../slack/messages/plain.js';
import type { InboxItem, InboxStore } from '../store/inbox.js';
import { notWritten } from '../store/trouble.js';

export type SlackInboxOptions = {
  inbox: InboxStore;
  owner: string;
  clock: Clock;
  log: Log;
  redactor: Redactor;
  isAlive(owner: string): Promise<boolean>;
  tell(incoming: Incoming, reply: Reply): Promise<unknown>;
  /** Does what is asked; what it returns says what became of it. */
  handle(incoming: Incoming, key: string): Promise<void>;
};

const YOUNG_MS = 5 * 60_000;
const MOST_TRIES = 3;
/** Slack waits three seconds for an answer; a part of that goes for the way to Stars. */
const TAKEN_WITHIN_MS = 2_000;
const NOT_TAKEN = 'it could not be written down';
const KEEP_MS = 48 * 3_600_000;

const Stored = z.object({
  key: z.string(),
  kind: z.enum(['command', 'mention', 'action']),
  text: z.string(),
  person: z.object({ id: z.string(), name: z.string() }),
  channel: z.object({ id: z.string(), name: z.string().optional() }),
  threadTs: z.string().optional(),
  responseUrl: z.string().optional(),
  action: z.object({ id: z.string(), value: z.string(), messageTs: z.string() }).optional(),
  /** The words hold what must not be written down, so they were not. */
  withheld: z.boolean().optional(),
});

/** What people ask in Slack, written down before it is acknowledged, so that each is done once or answered. */
export function createSlackInbox(options: SlackInboxOptions) {
  const { inbox, owner, clock, log, redactor, isAlive, tell, handle } = options;
  /** What the database may have taken without being able to say so. */
  const doubtful = new Set<string>();

  /**
   * Writes it down; false when it is a repetition, whose person is told if it was a click. Throws when it cannot be written, and in time for
   * Slack, which shows the person an error of its own after three seconds.
   */
  async function accept(incoming: Incoming): Promise<boolean> {
    const key = keyOf(incoming);
    const late = new AbortController();
    const writing = write(incoming, late.signal);
    let cancel: () => void = () => undefined;
    const tooLate = new Promise<never>((_, reject) => {
      cancel = clock.after(TAKEN_WITHIN_MS, () => {
        late.abort();
        reject(tookTooLong());
      });
    });
    try {
      return await Promise.race([writing, tooLate]);
    } catch (error) {
      doubtful.add(key);
      // What was on its way to the disk by then is written all the same, maybe later than anybody looks for it.
      writing.then(
        (fresh) => fresh && doubtful.add(key),
        () => undefined,
      );
      throw error;
    } finally {
      cancel();
    }
  }

  async function write(incoming: Incoming, signal: AbortSignal): Promise<boolean> {
    const key = keyOf(incoming);
    const body = redactor.redactValue(written(incoming));
    const there = await inbox.receive({ key, kind: incoming.kind, body }, owner, clock.now(), signal);
    if (doubtful.delete(key) || !there) return true;
    // A click that was refused may be permitted by now, and of one that was not taken nothing was done.
    const isClick = incoming.kind === 'action';
    const mayComeAgain = there.outcome?.startsWith('refused') === true || there.outcome === NOT_TAKEN;
    if (isClick && mayComeAgain && (await inbox.reopen(key, there.outcome ?? '', owner))) return true;
    log.info({ key }, 'Slack repeated itself');
    if (isClick) void answerRepetition(incoming, there);
    return false;
  }

  async function answerRepetition(incoming: Incoming, { outcome, run, receivedAt }: InboxItem): Promise<void> {
    const seconds = Math.max(0, Math.round((clock.now().getTime() - Date.parse(receivedAt)) / 1_000));
    const became = run ? `it became the run ${run}` : (outcome ?? 'it is being done');
    await tell(incoming, { to: 'person', message: plainMessage(`You pressed that ${seconds} s ago: ${became}.`) });
  }

  /** Does it, and notes what became of it. Errors are told to the person by whoever calls. */
  async function perform(incoming: Incoming): Promise<void> {
    const key = keyOf(incoming);
    try {
      await handle(incoming, key);
      await settle(key, 'it was done');
    } catch (thrown) {
      await settle(key, `refused: ${asStarsError(thrown).code}`);
      throw thrown;
    }
  }

  async function settle(key: string, outcome: string): Promise<void> {
    await inbox
      .settle(key, outcome, clock.now())
      .catch((error: unknown) => log.error({ key, error }, 'an answer is not noted'));
  }

  /** Leaves what was accepted to whoever looks next: this process takes nothing more. Never rejects; should it fail, the end of this process has it looked at. */
  async function leave(incoming: Incoming): Promise<void> {
    const key = keyOf(incoming);
    await inbox.letGo(key, owner).catch((error: unknown) => log.error({ key, error }, 'a request is left undone'));
  }

  /** Does or answers what processes that died had not done, or left; resolves with the number. */
  async function recover(): Promise<number> {
    let recovered = 0;
    const doubted = [...doubtful];
    for (const item of await inbox.open()) {
      // Schedules finish theirs by themselves.
      if (item.kind === 'schedule' || !(await isLeft(item)) || !(await inbox.takeOver(item, owner))) continue;
      recovered += 1;
      await recoverOne(item).catch((error: unknown) =>
        log.error({ key: item.key, error }, 'a request that was left is not answered'),
      );
    }
    for (const key of doubted) doubtful.delete(key);
    await inbox.sweep(new Date(clock.now().getTime() - KEEP_MS));
    return recovered;
  }

  async function isLeft({ key, owner: from }: InboxItem): Promise<boolean> {
    return from === owner ? doubtful.has(key) : !(await isAlive(from));
  }

  async function recoverOne(item: InboxItem): Promise<void> {
    const { data: incoming } = Stored.safeParse(item.body);
    // Whoever typed or pressed it was told then that nothing was done. A mention is neither answered nor repeated for ever.
    if (doubtful.delete(item.key) && item.kind !== 'mention') return settle(item.key, NOT_TAKEN);
    if (!incoming) return settle(item.key, 'it cannot be read any more');
    if (item.run !== undefined) return settle(item.key, 'it was done');
    const ageMs = clock.now().getTime() - Date.parse(item.receivedAt);
    if (ageMs < YOUNG_MS && item.tries < MOST_TRIES && !incoming.withheld) {
      try {
        return await perform(incoming);
      } catch (thrown) {
        return void (await tell(incoming, { to: 'person', message: errorMessage(asStarsError(thrown)) }));
      }
    }
    const what = incoming.withheld ? 'What you asked' : `“${incoming.text}”`;
    const words = `${what} was not run: Stars was stopped before it began. Nothing was done. Ask again if it still should be.`;
    await tell(incoming, { to: 'person', message: plainMessage(words) });
    await settle(item.key, 'it was not run');
  }

  return { accept, perform, leave, recover };
}

/** The same for everything that means one and the same wish. */
function keyOf({ kind, key, action, person }: Incoming): string {
  return action ? ['action', action.id, action.value, action.messageTs, person.id].join(' ') : `${kind} ${key}`;
}

// Only later is it known which values after -e are secret.
const MAY_HOLD_SECRETS = /(?:^|\s)(?:-e|--extra-vars)(?:[\s=]|\S)/;

function written(incoming: Incoming): z.infer<typeof Stored> {
  if (incoming.kind === 'action' || !MAY_HOLD_SECRETS.test(incoming.text)) return incoming;
  return { ...incoming, text: '', withheld: true };
}

function tookTooLong(): StarsError {
  return new StarsError('STORE', `The database did not take it within ${TAKEN_WITHIN_MS / 1_000} s.`, {
    hint: 'Another process may be writing for long: ask again in a moment, and look at the database if that stays so.',
  });
}

/** A store that cannot be written, for the person who asked. */
export function notRecorded(thrown: unknown): StarsError {
  return notWritten('Stars could not write down what you asked', 'Nothing was done.', thrown);
}
