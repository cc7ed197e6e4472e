import { App, HTTPReceiver } from '@slack/bolt';
import type { RequestListener } from 'node:http';
import type { Clock } from '../clock.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Secret } from '../secret.js';
import { createAnswers, type Reply } from './answers.js';
import {
  callFailure,
  clientOptions,
  createSlackClient,
  isRefusedToken,
  postMessage,
  slackError,
  slackLogger,
} from './client.js';
import { createHttpServer } from './http.js';
import { fromRequest, type Incoming } from './incoming.js';
import { createPeople } from './people.js';
import { createSocket } from './socket.js';
import { createThreads, type Threads } from './thread.js';
import { createUploads, type Uploads } from './uploads.js';
import { createTurns } from './turns.js';
import type { Message } from './messages/message.js';

export type SlackSettings = {
  botToken: Secret;
  /** For requests over HTTP. */
  signingSecret?: Secret | undefined;
  /** For Socket Mode; it wins when both are given. */
  appToken?: Secret | undefined;
  /** Ends in `/`; Slack's own when left out. */
  apiUrl?: string | undefined;
  /** Without it nothing listens here, and `requestListener` belongs under somebody else's server. */
  port?: number | undefined;
  clientPingTimeoutMs?: number | undefined;
  /** How long the socket may be down before `onDown` is told. */
  watchdogMs?: number | undefined;
  command?: string | undefined;
};

export type SlackOptions = {
  settings: SlackSettings;
  clock: Clock;
  log: Log;
  /** The core's entry; what it returns is shown to the person, what it throws is told to the person. */
  receive: (incoming: Incoming) => Promise<Reply | void>;
  /** Writes it down before Slack is told that it has arrived; false for a repetition. What it throws is told to the person. */
  accept: (incoming: Incoming) => Promise<boolean>;
  /** Sees to it that somebody else does what was written down when this one has stopped; never rejects. */
  leave: (incoming: Incoming) => Promise<void>;
  /** So many requests may be under way at a time; what comes besides is refused before it is written down. */
  maxUnderWay?: number | undefined;
  /** Answers every HTTP request but Slack's own. */
  http?: RequestListener | undefined;
  /** Told when Slack cannot be reached for long or refuses the token; Stars goes on trying. */
  onDown?: ((error: StarsError) => void) | undefined;
};

export type Slack = {
  /** Resolves with the HTTP port, if any, once Slack knows us; a CONFIG or SLACK error says why it does not. */
  start(): Promise<{ port: number | undefined }>;
  /** Takes nothing new, waits a little for what is under way, and lets go of everything. */
  stop(): Promise<void>;
  threads: Threads;
  /** Puts files into channels and threads. */
  uploads: Uploads;
  /** Posts a message that belongs to no run, such as a report; resolves with its `ts`. */
  post(channel: string, message: Message): Promise<string>;
  /** Tells the person behind something they asked, later than by `receive`. */
  tell(incoming: Incoming, reply: Reply): Promise<boolean>;
  /** Whether commands can arrive. */
  connected(): boolean;
  /** Resolves when everything that has arrived is done and answered, and its messages show their last state. */
  idle(): Promise<void>;
  requestListener: RequestListener;
};

export const EVENTS_PATH = '/slack/events';
const MAX_UNDER_WAY = 1_000;
const AT_ONCE = 8;
const START_TRIES = 4;
const STOP_WITHIN_MS = 5_000;
const WATCHDOG_MS = 5 * 60_000;

/** Stars in Slack, over Socket Mode or signed HTTP. Nothing happens before `start`. */
export function createSlack(options: SlackOptions): Slack {
  const { settings, clock, log, receive, accept, leave, http, onDown, maxUnderWay = MAX_UNDER_WAY } = options;
  const { botToken, apiUrl, command = '/stars' } = settings;
  const client = createSlackClient(botToken, { apiUrl, log });
  // Answers to people have a client of their own: nothing that a thread waits for holds them up.
  const answers = createAnswers({ client: createSlackClient(botToken, { apiUrl, log }), clock, log });
  const threads = createThreads({ client, clock, log });
  const people = createPeople(client);
  const underWay = new Set<Promise<void>>();
  // Many at once would keep the store from writing down what arrives, for which Slack waits three seconds.
  const turns = createTurns(AT_ONCE);
  const transport = createTransport();
  const server = createHttpServer(requestListener);
  let state: 'new' | 'started' | 'stopped' = 'new';

  function createTransport() {
    const { appToken, signingSecret, watchdogMs = WATCHDOG_MS } = settings;
    if (appToken) {
      const socket = createSocket({ settings: { ...settings, appToken }, clock, log, onDown: tellDown, watchdogMs });
      return { receiver: socket.receiver, socket };
    }
    if (!signingSecret) {
      const hint = 'Set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP).';
      throw new StarsError('CONFIG', 'Nothing says how Slack reaches Stars.', { hint });
    }
    const options = { signingSecret: signingSecret.reveal(), endpoints: EVENTS_PATH, logger: slackLogger(log) };
    return { receiver: new HTTPReceiver(options), socket: undefined };
  }

  function tellDown(error: StarsError): void {
    log.error({ code: error.code }, error.message);
    onDown?.(error);
  }

  async function start(): Promise<{ port: number | undefined }> {
    const port = settings.port === undefined ? undefined : await server.listen(settings.port);
    try {
      const bot = await whoAmI();
      listenFor(bot);
      await transport.socket?.connect();
      if (state === 'new') state = 'started';
      log.info({ bot: bot.botUserId, port, socket: transport.socket !== undefined }, 'In Slack');
      return { port };
    } catch (thrown) {
      await stop();
      throw asStarsError(thrown);
    }
  }

  async function whoAmI(): Promise<{ botId: string; botUserId: string }> {
    for (let tried = 1; ; tried += 1) {
      try {
        const { bot_id: botId, user_id: botUserId } = await client.auth.test();
        if (botId && botUserId) return { botId, botUserId };
        throw new StarsError('CONFIG', 'SLACK_BOT_TOKEN is not the token of a bot.', { hint: 'It starts with xoxb-.' });
      } catch (thrown) {
        if (thrown instanceof StarsError) throw thrown;
        const failure = callFailure(thrown);
        if (failure.kind === 'refused' || isRefusedToken(failure) || tried >= START_TRIES)
          throw slackError(failure, thrown);
        log.warn({ failure }, 'Slack does not answer yet');
        await clock.sleep(failure.kind === 'rate-limited' ? failure.retryAfterMs : 1_000 * 2 ** tried);
      }
    }
  }

  // The identity is known by now, so Bolt asks for nothing in its constructor, where a failure would end the process.
  function listenFor(bot: { botId: string; botUserId: string }): void {
    const app = new App({
      ...bot,
      token: botToken.reveal(),
      receiver: transport.receiver,
      tokenVerificationEnabled: false,
      logger: slackLogger(log),
      clientOptions: clientOptions({ apiUrl, log }),
    });
    takeAll(app, bot.botUserId);
    app.error(async (error) => log.warn({ error: error.message }, 'Bolt could not handle a request'));
  }

  /**
   * Takes what people ask before Bolt does: Bolt acknowledges events before anybody sees them, and calls nobody when an acknowledgement
   * does not get through, though what was accepted has to be done all the same.
   */
  function takeAll(app: App, botUserId: string): void {
    const others = app.processEvent.bind(app);
    app.processEvent = async (event) => {
      const envelopeId = envelopeOf(event.customProperties ?? {});
      const incoming = fromRequest(event.body, { envelopeId, botUserId, command });
      if (!incoming) return others(event);
      let fresh = false;
      try {
        // Before it is written: what stands in the inbox has to be done.
        if (underWay.size >= maxUnderWay) throw tooMuch();
        fresh = await accept(incoming);
      } catch (thrown) {
        // Slack delivers an event again that nobody acknowledged; of all else the person has to hear now.
        if (incoming.kind === 'mention') throw thrown;
        await event.ack();
        return void (await answers.tellError(incoming, thrown));
      }
      await event
        .ack()
        .catch((error: unknown) => log.warn({ error, key: incoming.key }, 'Slack was not told that it has arrived'));
      if (fresh) take(incoming);
    };
  }

  function take(incoming: Incoming): void {
    if (state === 'stopped') return void leave(incoming);
    const work = turns
      .take(() => handle(incoming), { urgent: incoming.kind === 'action' })
      .catch((thrown: unknown) => {
        log.error({ error: asStarsError(thrown).message }, 'An answer failed');
      });
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  async function handle(incoming: Incoming): Promise<void> {
    try {
      const reply = await receive(await named(incoming));
      if (reply) await answers.tell(incoming, reply);
    } catch (thrown) {
      const error = asStarsError(thrown);
      log.info({ code: error.code, key: incoming.key }, error.message);
      await answers.tellError(incoming, error);
    }
  }

  async function named(incoming: Incoming): Promise<Incoming> {
    if (incoming.kind !== 'mention') return incoming;
    const { id } = incoming.person;
    return { ...incoming, person: { id, name: await people.nameOf(id) } };
  }

  function requestListener(...[request, response]: Parameters<RequestListener>): void {
    const path = request.url?.split('?')[0];
    if (path === EVENTS_PATH && transport.receiver instanceof HTTPReceiver) {
      if (request.method === 'POST' && state === 'started') transport.receiver.requestListener(request, response);
      else response.writeHead(request.method === 'POST' ? 503 : 405).end();
    } else if (http) http(request, response);
    else response.writeHead(404).end();
  }

  async function post(channel: string, message: Message): Promise<string> {
    try {
      return await postMessage(client, { channel, unfurl_links: false, ...message });
    } catch (thrown) {
      throw slackError(callFailure(thrown), thrown);
    }
  }

  async function stop(): Promise<void> {
    if (state === 'stopped') return;
    state = 'stopped';
    await Promise.all([transport.socket?.disconnect(), server.close()]);
    await within(STOP_WITHIN_MS, idle());
    threads.stop();
  }

  async function idle(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay);
    await threads.idle();
  }

  async function within(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(ms, resolve);
    });
    await Promise.race([work, late]).finally(() => cancel());
  }

  return {
    start,
    stop,
    threads,
    uploads: createUploads({ client, clock, log }),
    post,
    tell: (incoming, reply) => answers.tell(incoming, reply),
    idle,
    connected: () => state === 'started' && (transport.socket?.connected() ?? true),
    requestListener,
  };
}

function tooMuch(): StarsError {
  return new StarsError('SLACK', 'Stars has too much to do at the moment.', { hint: 'Ask again in a minute.' });
}

function envelopeOf(context: Record<string, unknown>): string | undefined {
  return typeof context['envelopeId'] === 'string' ? context['envelopeId'] : undefined;
}
