import { asStarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { RunEvent } from '../model/run.js';
import type { RunView } from '../model/run-view.js';
import type { Reply } from '../slack/answers.js';
import type { Incoming } from '../slack/incoming.js';
import { plainMessage } from '../slack/messages/plain.js';
import type { RunThread, Threads } from '../slack/thread.js';
import type { RunStore } from '../store/runs.js';
import type { Bot } from './bot.js';
import { isRun } from './command.js';
import { normalise, splitWords } from './words.js';

export type SlackDeskOptions = {
  bot: Bot;
  threads: () => Threads;
  tell(incoming: Incoming, reply: Reply): Promise<unknown>;
  store: RunStore;
  log: Log;
};

/** Takes what people ask in Slack: an answer goes to the asker, a run gets its message and thread in the channel. */
export function createSlackDesk({ bot, threads, tell, store, log }: SlackDeskOptions) {
  return async function receive(incoming: Incoming): Promise<Reply | void> {
    if (incoming.kind === 'action')
      return { to: 'person', message: plainMessage('This button is of an older message and does nothing any more.') };
    const text = normalise(incoming.text);
    const watch = createWatch({ incoming, threads, tell, store, log, commands: bot.commands });
    const channel = [incoming.channel.id, ...(incoming.channel.name ? [incoming.channel.name] : [])];
    const answer = await bot.handle(
      { words: splitWords(text), text, person: incoming.person, source: 'slack', channel },
      watch.observe,
    );
    if (answer.kind === 'answer') return { to: 'person', message: plainMessage(answer.text) };
    await watch.shown();
  };
}

type WatchOptions = Omit<SlackDeskOptions, 'bot'> & { incoming: Incoming; commands: Bot['commands'] };

/** Follows one run: opens its message at the first event and shows every later state in it. */
function createWatch({ incoming, threads, tell, store, log, commands }: WatchOptions) {
  let latest: RunView | undefined;
  let thread: RunThread | undefined;
  let opening: Promise<void> | undefined;

  function observe(_event: RunEvent, view: RunView): void {
    if (!isRun(commands, view.command)) return;
    latest = view;
    opening ??= open(view);
    thread?.update(view);
  }

  async function open(first: RunView): Promise<void> {
    try {
      const opened = await threads().open(first, incoming.channel.id, { threadTs: incoming.threadTs });
      thread = opened;
      await store.rememberThread(first.id, opened.channel, opened.ts);
      if (latest) opened.update(latest);
    } catch (error) {
      // The run goes on without its message; the person learns why there is none and how to look at it.
      log.warn({ run: first.id, error }, 'the message of a run could not be posted');
      await tell(incoming, {
        to: 'person',
        message: plainMessage(
          `Run ${first.id} has begun, but its message could not be posted: ${asStarsError(error).describe()}\n\`/stars show ${first.id}\` tells how it goes.`,
        ),
      });
    }
  }

  return { observe, shown: async () => opening };
}
