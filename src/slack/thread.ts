import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import type { RunView } from '../model/run-view.js';
import type { SlackClient } from './client.js';
import { failuresMessage } from './messages/failures.js';
import { playMessage } from './messages/play.js';
import { isFinal, runMessage } from './messages/run.js';
import { summaryMessage } from './messages/summary.js';
import type { Mark } from './mark.js';
import { type Address, createOutbox, type LiveMessage, type Outbox } from './outbox.js';

/** Where a run's message stands; enough to go on with it after a restart. */
export type ThreadRef = { channel: string; ts: string; threadTs?: string | undefined };

/** How much of a run is shown: its message alone, with the last words below it, or with all that belongs below it. What is left out is said by another process. */
export type Extent = 'message' | 'end' | 'whole';

/** The one message of a run and the replies below it. */
export type RunThread = ThreadRef & {
  /**
   * Shows this state of the run, soon and in order; never throws. A final state is the last that is shown. `lookFirst`: another process may
   * have said some of what belongs below the message.
   */
  update(view: RunView, extent?: Extent, lookFirst?: boolean): void;
  /** Resolves when Slack shows the end of the run; never, when that was given up. */
  ended: Promise<void>;
};

/** `lookFirst`: an earlier process may have posted it without telling. */
export type Where = { threadTs?: string | undefined; lookFirst?: boolean | undefined };

export type Threads = {
  /** Posts the run's message, in the thread `threadTs` if given; a SLACK error says why Slack will not have it. */
  open(view: RunView, channel: string, where?: Where): Promise<RunThread>;
  /** Goes on with a thread that an earlier process opened: what it posted is found again and edited. */
  attach(view: RunView, ref: ThreadRef, extent?: Extent): RunThread;
  /** A message that belongs to no run and is edited in place. `ts`: when it was posted already; without it the mark is looked for first. */
  notice(address: Address, mark: Mark, ts?: string): LiveMessage;
  /** Resolves when everything shown so far has reached Slack or was given up. */
  idle(): Promise<void>;
  stop(): void;
};

const MAX_PLAYS = 20;

export function createThreads({ client, clock, log }: { client: SlackClient; clock: Clock; log: Log }): Threads {
  const outbox = createOutbox({ client, clock, log });

  async function open(view: RunView, channel: string, { threadTs, lookFirst = false }: Where = {}) {
    const root = outbox.message({ channel, threadTs }, { run: view.id, part: 'run' }, { lookFirst });
    root.show(runMessage(view, clock.now()));
    const ts = await root.posted;
    return createRunThread({ outbox, clock, run: view.id, root, ref: { channel, ts, threadTs }, lookFirst });
  }

  function attach(view: RunView, ref: ThreadRef, extent: Extent = 'whole'): RunThread {
    const { channel, ts, threadTs } = ref;
    const root = outbox.message({ channel, threadTs }, { run: view.id, part: 'run' }, { ts });
    const thread = createRunThread({ outbox, clock, run: view.id, root, ref, lookFirst: true });
    thread.update(view, extent);
    return thread;
  }

  const notice: Threads['notice'] = (address, mark, ts) =>
    outbox.message(address, mark, ts === undefined ? { lookFirst: true } : { ts });

  return { open, attach, notice, idle: () => outbox.idle(), stop: () => outbox.stop() };
}

type Parts = { outbox: Outbox; clock: Clock; run: string; root: LiveMessage; ref: ThreadRef; lookFirst: boolean };

function createRunThread({ outbox, clock, run, root, ref, lookFirst }: Parts): RunThread {
  const replies = new Map<string, LiveMessage>();
  let over = false;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  function reply(part: string, saidElsewhere: boolean): LiveMessage {
    const known = replies.get(part);
    if (known) return known;
    const address = { channel: ref.channel, threadTs: ref.threadTs ?? ref.ts };
    const made = outbox.message(address, { run, part }, { lookFirst: lookFirst || saidElsewhere });
    replies.set(part, made);
    return made;
  }

  function update(view: RunView, extent: Extent = 'whole', saidElsewhere = false): void {
    if (over) return;
    const final = isFinal(view.state);
    over = final && extent !== 'message';
    root.show(runMessage(view, clock.now()), { final });
    if (extent === 'whole') {
      showPlays(view, final, saidElsewhere);
      const failures = failuresMessage(view);
      if (failures) reply('failures', saidElsewhere).show(failures, { final });
    }
    if (!over) return;
    const summary = reply('summary', saidElsewhere);
    summary.show(summaryMessage(view), { final });
    void Promise.all([root.ended, summary.ended]).then(end, () => undefined);
  }

  function showPlays(view: RunView, final: boolean, saidElsewhere: boolean): void {
    const last = view.plays.length - 1;
    for (let slot = 0; slot < Math.min(view.plays.length, MAX_PLAYS); slot += 1) {
      // A run with very many plays shows the latest one in its last slot.
      const index = slot === MAX_PLAYS - 1 ? last : slot;
      const message = playMessage(view, index);
      const over = final || (index < last && slot < MAX_PLAYS - 1);
      if (message) reply(`play-${slot + 1}`, saidElsewhere).show(message, { final: over });
    }
  }

  return { ...ref, update, ended };
}
