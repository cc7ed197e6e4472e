import type { RequestListener } from 'node:http';
import { createFileDelivery } from './bot/file-delivery.js';
import { createSlackDesk } from './bot/slack-desk.js';
import { createSlackInbox, notRecorded } from './bot/slack-inbox.js';
import { createPresenter } from './bot/slack-presenter.js';
import type { Clock } from './clock.js';
import type { Log } from './log.js';
import { createReceiver } from './receiver.js';
import { repeat } from './repeat.js';
import { createSlack, EVENTS_PATH, type Slack, type SlackSettings } from './slack/app.js';
import { createHttpServer } from './slack/http.js';
import type { Incoming } from './slack/incoming.js';
import { plainMessage } from './slack/messages/plain.js';
import type { Run } from './store/runs.js';
import type { Stars } from './stars.js';

export type SlackService = {
  /** For what Stars itself says; it never receives. */
  slack: Slack;
  port: number | undefined;
  /** Whether people can reach Stars, by this process or by another one. */
  connected(): boolean;
  /** Resolves when everything that was asked is done and Slack has seen it all. */
  idle(): Promise<void>;
  stop(): Promise<void>;
};

export type ServeOptions = { stars: Stars; settings: SlackSettings; clock: Clock; log: Log; http?: RequestListener };

const RECOVER_EVERY_MS = 5_000;

/** Stars in Slack: what people ask there becomes runs, until `stop`. Of several processes one receives, all work. */
export async function serveSlack({ stars, settings, clock, log, http }: ServeOptions): Promise<SlackService> {
  const { bot, store, runs, owner, claims } = stars;
  const receive = createSlackDesk({ bot, store, places: stars.places, shown: () => void presenter.look() });
  const inbox = createSlackInbox({
    inbox: stars.inbox,
    owner,
    clock,
    log,
    redactor: stars.redactor,
    isAlive: runs.isAlive,
    tell: (incoming, reply) => slack.tell(incoming, reply),
    handle: async (incoming, key) => {
      const reply = await receive(incoming, key);
      if (reply) await slack.tell(incoming, reply);
    },
  });
  const make = () =>
    createSlack({
      settings: { ...settings, port: undefined },
      clock,
      log,
      receive: (incoming) => inbox.perform(incoming),
      accept: (incoming) => inbox.accept(incoming).catch((thrown: unknown) => Promise.reject(notRecorded(thrown))),
      leave: async (incoming) => {
        await inbox.leave(incoming);
        // Where only the socket is gone, nobody can be quicker.
        if (!stopping) recoverNow();
      },
    });
  const slack = make();
  const receiver = createReceiver({
    make,
    claims,
    isAlive: runs.isAlive,
    beat: runs.beat,
    owner,
    clock,
    log,
    alone: settings.appToken !== undefined,
    opened: () => recoverNow(),
  });
  const tellAsker = (run: Run, words: string) =>
    slack.tell(askerOf(run), { to: 'person', message: plainMessage(words) });
  const common = { owner, isAlive: runs.isAlive, tellAsker, clock, log };
  const presenter = createPresenter({
    ...common,
    runs,
    store,
    places: stars.places,
    threads: slack.threads,
    files: createFileDelivery({ ...common, files: stars.files, uploads: slack.uploads }),
    isFirst: receiver.isFirst,
  });
  const server = createHttpServer((request, response) => {
    const isSlacks = request.url?.split('?')[0] === EVENTS_PATH;
    const listener = isSlacks ? receiver.current()?.requestListener : http;
    if (listener) listener(request, response);
    else response.writeHead(isSlacks ? 503 : 404).end();
  });

  let stops: (() => Promise<void>)[] = [];
  let stopping = false;

  const port = settings.port === undefined ? undefined : await server.listen(settings.port);
  try {
    await receiver.start();
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  await presenter.start();
  await runs.serve();
  stops = [
    recoverAgain(),
    stars.startDailyHead(slack.post),
    stars.startTimers(slack.post),
    stars.startSchedules(slack.post),
    stars.startWatcher(slack.threads),
  ];

  /** What processes that died, or whose socket closed, had not done. */
  function recoverAgain(): () => Promise<void> {
    return repeat(inbox.recover, { clock, everyMs: RECOVER_EVERY_MS, onError: notRecovered });
  }

  function recoverNow(): void {
    inbox.recover().catch(notRecovered);
  }

  function notRecovered(error: unknown): void {
    log.warn({ error }, 'requests that were left could not be looked for');
  }

  async function stop(): Promise<void> {
    stopping = true;
    // What is under way goes on; what Slack does not take now is posted by the next process.
    for (const end of stops) void end();
    presenter.stop();
    await receiver.stop();
    await Promise.all([slack.stop(), server.close()]);
  }

  async function idle(): Promise<void> {
    await receiver.current()?.idle();
    await runs.idle();
    await presenter.idle();
    await slack.idle();
  }

  const connected = () => receiver.current()?.connected() ?? !receiver.isFirst();
  return { slack, port, connected, idle, stop };
}

/** Who asked for a run, as somebody to be told something in its channel. */
function askerOf({ id, person, address }: Run): Incoming {
  const { channel = '', threadTs, responseUrl } = address ?? {};
  return { key: id, kind: 'command', text: '', person, channel: { id: channel }, threadTs, responseUrl };
}
