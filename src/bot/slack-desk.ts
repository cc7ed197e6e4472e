import { StarsError } from '../errors.js';
import type { Reply } from '../slack/answers.js';
import type { Incoming } from '../slack/incoming.js';
import { plainMessage } from '../slack/messages/plain.js';
import type { RunStore } from '../store/runs.js';
import type { ThreadStore } from '../store/threads.js';
import type { Bot } from './bot.js';
import { normalise } from './words.js';

export type SlackDeskOptions = {
  bot: Bot;
  store: RunStore;
  places: Pick<ThreadStore, 'runAt'>;
  /** Whoever shows runs is told that there is a new one. */
  shown(): void;
};

/** What a button of ours is called; its value holds the words that it stands for. */
const BUTTON = /^stars\.do\b/;
const TAKE_OVER = /^unlock \S+ --run (\S+)/;

/** Takes what people ask in Slack: an answer goes to the asker, a run gets its message and thread in the channel. */
export function createSlackDesk({ bot, store, places, shown }: SlackDeskOptions) {
  return async function receive(incoming: Incoming, requestKey: string): Promise<Reply | void> {
    const text = normalise(incoming.text);
    if (incoming.action) await takeClick(incoming.action, incoming);
    const channel = [incoming.channel.id, ...(incoming.channel.name ? [incoming.channel.name] : [])];
    const answer = await bot.handle({
      words: text,
      text,
      person: incoming.person,
      source: 'slack',
      channel,
      address: {
        channel: incoming.channel.id,
        threadTs: incoming.action ? undefined : incoming.threadTs,
        responseUrl: incoming.responseUrl,
      },
      requestKey,
    });
    if (answer.kind === 'answer')
      return { to: 'person', message: plainMessage(answer.text), ...(answer.files ? { files: answer.files } : {}) };
    shown();
  };

  async function takeClick(action: NonNullable<Incoming['action']>, { channel, person }: Incoming): Promise<void> {
    const click = { text: action.value, person, source: 'slack' as const };
    await bot.clicked(click, action.id);
    await requireOwnButton(action, channel.id).catch((error: unknown) => bot.refused(click, error));
  }

  /** A button does what it says on the message of its run alone, in the channel of that. */
  async function requireOwnButton(action: NonNullable<Incoming['action']>, channel: string): Promise<void> {
    const { id, value } = action;
    if (!BUTTON.test(id))
      throw new StarsError('USAGE', 'This button is of an older message and does nothing any more.', {
        hint: '“help” lists what can be typed instead.',
      });
    const holder = TAKE_OVER.exec(value)?.[1];
    if (holder !== undefined) return requireWaitsFor(holder, action, channel);
    const run = await store.find(value.split(' ')[1] ?? '');
    if (run?.address !== undefined && run.address.channel !== channel) throw ofAnotherChannel(value);
  }

  /** What takes a run's locks away stands on the message of one that waits for it, which may have been asked for elsewhere than the other. */
  async function requireWaitsFor(
    holder: string,
    { value, messageTs }: NonNullable<Incoming['action']>,
    channel: string,
  ): Promise<void> {
    const waiting = await places.runAt(channel, messageTs);
    const [own, other] = [waiting === undefined ? undefined : await store.find(waiting), await store.find(holder)];
    if (own === undefined || own.environment !== other?.environment) throw ofAnotherChannel(value);
  }
}

function ofAnotherChannel(value: string): StarsError {
  return new StarsError('NOT_PERMITTED', 'This button belongs to a message of another channel.', {
    hint: `Press it there, or type “${value}”.`,
  });
}
