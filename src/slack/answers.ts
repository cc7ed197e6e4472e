import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Attachment } from '../model/attachment.js';
import { callFailure, postMessage, slackError, type SlackClient } from './client.js';
import type { Incoming } from './incoming.js';
import { errorMessage } from './messages/error.js';
import type { Message } from './messages/message.js';
import { plainMessage } from './messages/plain.js';
import { createUploads } from './uploads.js';

/** An answer for the person who asked alone, or for the whole channel. */
export type Reply = {
  message: Message;
  to: 'person' | 'channel';
  /** For the person alone: they are sent in a direct conversation, since a file in a channel is there for everybody. */
  files?: readonly Attachment[];
};

export type Answers = {
  /** Tells the person by the first way that works; false when there was none. */
  tell(incoming: Incoming, reply: Reply): Promise<boolean>;
  /** The same for an error. */
  tellError(incoming: Incoming, thrown: unknown): Promise<boolean>;
};

type Asked = Pick<Incoming, 'channel' | 'person' | 'threadTs' | 'responseUrl'>;
type Way = { name: string; send: () => Promise<unknown> };

const TRIES = 3;
const MAX_WAIT_MS = 30_000;
const RESPOND_TIMEOUT_MS = 5_000;

/** Short answers, by a client of their own so that no progress message holds them up. */
export function createAnswers({ client, clock, log }: { client: SlackClient; clock: Clock; log: Log }): Answers {
  const uploads = createUploads({ client, clock, log });

  async function tell(incoming: Incoming, reply: Reply): Promise<boolean> {
    const told = await tellWords(incoming, reply);
    for (const file of reply.files ?? []) await sendFile(incoming, file);
    return told;
  }

  async function sendFile(incoming: Incoming, file: Attachment): Promise<void> {
    try {
      await uploads.send(file, { channel: await directChannel(incoming.person.id) });
    } catch (thrown) {
      const error = thrown instanceof StarsError ? thrown : slackError(callFailure(thrown), thrown);
      await firstThatWorks(
        privateWays(incoming, plainMessage(`The file ${file.name} could not be sent: ${error.describe()}`)),
      );
    }
  }

  async function tellWords(incoming: Incoming, { message, to }: Reply): Promise<boolean> {
    if (to === 'person') return firstThatWorks(privateWays(incoming, message));
    const posted = await tryWay(inChannel(incoming, message));
    if (posted === 'sent') return true;
    return firstThatWorks([...privateWays(incoming, withError(message, posted))]);
  }

  function tellError(incoming: Incoming, thrown: unknown): Promise<boolean> {
    return firstThatWorks(privateWays(incoming, errorMessage(asStarsError(thrown))));
  }

  async function firstThatWorks(ways: Way[]): Promise<boolean> {
    for (const way of ways) if ((await tryWay(way)) === 'sent') return true;
    log.error('No way to answer a person in Slack worked');
    return false;
  }

  async function tryWay({ name, send }: Way): Promise<'sent' | StarsError> {
    let reason = asStarsError(undefined);
    for (let tried = 0; tried < TRIES; tried += 1) {
      try {
        await send();
        return 'sent';
      } catch (thrown) {
        const failure = callFailure(thrown);
        reason = slackError(failure, thrown);
        log.info({ way: name, failure }, 'An answer did not go through');
        if (failure.kind === 'refused') return reason;
        const waitMs = failure.kind === 'rate-limited' ? failure.retryAfterMs : 1_000 * 2 ** tried;
        if (waitMs > MAX_WAIT_MS || tried === TRIES - 1) return reason;
        await clock.sleep(waitMs);
      }
    }
    return reason;
  }

  function privateWays({ responseUrl, ...asked }: Asked, message: Message): Way[] {
    const byUrl = responseUrl ? [{ name: 'response_url', send: () => respond(responseUrl, message) }] : [];
    return [...byUrl, ephemeral(asked, message), direct(asked, message)];
  }

  function ephemeral({ channel, person, threadTs }: Asked, message: Message): Way {
    const thread = threadTs ? { thread_ts: threadTs } : {};
    const send = () => client.chat.postEphemeral({ channel: channel.id, user: person.id, ...thread, ...message });
    return { name: 'chat.postEphemeral', send };
  }

  function direct({ person }: Asked, message: Message): Way {
    const send = async () => postMessage(client, { channel: await directChannel(person.id), ...message });
    return { name: 'direct message', send };
  }

  async function directChannel(person: string): Promise<string> {
    const { channel } = await client.conversations.open({ users: person });
    return channel?.id ?? person;
  }

  function inChannel({ channel, threadTs }: Asked, message: Message): Way {
    const thread = threadTs ? { thread_ts: threadTs } : {};
    return { name: 'channel', send: () => postMessage(client, { channel: channel.id, ...thread, ...message }) };
  }

  return { tell, tellError };
}

/** Works in channels that Stars is no member of; five times, for half an hour. */
async function respond(url: string, message: Message): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, ...message }),
    redirect: 'error',
    signal: AbortSignal.timeout(RESPOND_TIMEOUT_MS),
  });
  const body = await answer.text();
  if (!answer.ok) throw new Error(`response_url answered ${answer.status} ${body.slice(0, 100)}`);
}

function withError({ text, blocks }: Message, error: StarsError): Message {
  return { text, blocks: [...blocks.slice(0, 49), ...errorMessage(error).blocks] };
}
