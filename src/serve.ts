import type { RequestListener } from 'node:http';
import { followInterrupted } from './bot/interrupted-threads.js';
import { createSlackDesk } from './bot/slack-desk.js';
import type { Clock } from './clock.js';
import type { Log } from './log.js';
import { createSlack, type Slack, type SlackSettings } from './slack/app.js';
import type { Stars } from './stars.js';

export type SlackService = {
  slack: Slack;
  port: number | undefined;
  /** Resolves when everything that was asked is done and Slack has seen it all. */
  idle(): Promise<void>;
  stop(): Promise<void>;
};

export type ServeOptions = { stars: Stars; settings: SlackSettings; clock: Clock; log: Log; http?: RequestListener };

/** Stars in Slack: what people ask there becomes runs, until `stop`. */
export async function serveSlack({ stars, settings, clock, log, http }: ServeOptions): Promise<SlackService> {
  const receive = createSlackDesk({
    bot: stars.bot,
    store: stars.store,
    log,
    threads: () => slack.threads,
    tell: (incoming, reply) => slack.tell(incoming, reply),
  });
  const slack: Slack = createSlack({ settings, clock, log, http, receive });

  const { port } = await slack.start();
  const stopFollowing = await followInterrupted({ store: stars.store, threads: slack.threads, clock, log });
  const stop = () => {
    stopFollowing();
    return slack.stop();
  };
  return { slack, port, idle: () => slack.idle(), stop };
}
