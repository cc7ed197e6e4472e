import type { Clock } from '../clock.js';
import type { Home } from '../home/home.js';
import type { Log } from '../log.js';
import { repeat } from '../repeat.js';
import { auditHeadMessage } from '../slack/messages/audit-head.js';
import type { Message } from '../slack/messages/message.js';
import { shortHead } from '../model/audit.js';
import type { Audit } from '../store/audit.js';
import type { DailyJobs } from '../store/daily-jobs.js';

export type PostToChannel = (channel: string, message: Message) => Promise<unknown>;

export type DailyHeadOptions = {
  audit: Audit;
  dailyJobs: DailyJobs;
  home: Home;
  post: PostToChannel;
  clock: Clock;
  log: Log;
};

const LOOK_EVERY_MS = 10 * 60_000;
const FROM_HOUR_UTC = 6;

/** Posts the head of the audit once a day into every channel that the configuration names, until the returned function is called. */
export function startDailyHead(options: DailyHeadOptions): () => Promise<void> {
  const { clock, log } = options;
  const onError = (error: unknown) => log.warn({ error }, 'the head of the audit could not be posted');
  return repeat(() => postDailyHead(options), { clock, everyMs: LOOK_EVERY_MS, onError });
}

/** One look: posts what is due today and was not posted by anybody. */
export async function postDailyHead({ audit, dailyJobs, home, post, clock, log }: DailyHeadOptions): Promise<void> {
  if (clock.now().getUTCHours() < FROM_HOUR_UTC) return;
  for (const channel of await channelsOf(home)) {
    const name = `audit-head ${channel}`;
    const head = await audit.head();
    if (!head || !(await dailyJobs.claim(name, clock.now()))) continue;
    try {
      await post(channel, auditHeadMessage(head));
      await audit.record({ kind: 'service', outcome: 'head-posted', details: { channel, head: shortHead(head) } });
      await dailyJobs.done(name, clock.now());
    } catch (error) {
      log.warn({ error, channel }, 'the head of the audit could not be posted; it is tried again');
    }
  }
}

async function channelsOf(home: Home): Promise<string[]> {
  const channels = new Set<string>();
  const others = home.config.slack.channel;
  for (const name of home.environments()) {
    // An environment.yml that cannot be read is told to whoever uses it.
    const environment = await home.environment(name).catch(() => undefined);
    const channel = environment?.config.slack?.channel ?? others;
    if (channel !== undefined) channels.add(channel);
  }
  return [...channels];
}
