import { z } from 'zod';
import type { Clock } from '../clock.js';
import { asStarsError, type StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import { type Schedule, schedulesOf } from '../home/schedules.js';
import type { Log } from '../log.js';
import type { Attachment } from '../model/attachment.js';
import { utcWords } from '../model/utc-words.js';
import type { Message } from '../slack/messages/message.js';
import { plainMessage } from '../slack/messages/plain.js';
import type { Audit } from '../store/audit.js';
import type { InboxItem, InboxStore } from '../store/inbox.js';
import type { ScheduleStore } from '../store/schedules.js';
import type { Bot } from './bot.js';
import type { AnyCommand } from './command.js';
import type { Rights } from './rights.js';
import { fileText } from './run-text.js';
import { type Due, dueOf } from './schedule-plan.js';
import { scheduledWords, whyNotOffered } from './schedule-words.js';

export type SchedulesOptions = {
  home: Home;
  environmentOf(name: string): Promise<Environment>;
  commands: readonly AnyCommand[];
  schedules: ScheduleStore;
  inbox: InboxStore;
  audit: Audit;
  rights: Rights;
  bot: Pick<Bot, 'handle'>;
  owner: string;
  isAlive(owner: string): Promise<boolean>;
  clock: Clock;
  log: Log;
  /** Posts into a channel; left out where there is no chat. */
  post?: ((channel: string, message: Message) => Promise<unknown>) | undefined;
};

const KIND = 'schedule';
const MOST_TRIES = 3;

const Request = z.object({ environment: z.string(), schedule: z.string(), dueAt: z.string() });
type Request = z.infer<typeof Request>;

/** Does what the schedules of all environments ask for when it is due. Nothing is done twice, however many processes look. */
export function createSchedules(options: SchedulesOptions) {
  const { home, commands, schedules, inbox, rights, bot, owner, clock, log } = options;
  const underWay = new Set<string>();

  /** One look. Resolves when what was due has been asked for. */
  async function look(): Promise<void> {
    await finishLeft();
    for (const name of home.environments()) {
      // A file that cannot be read is told by doctor, and to whoever uses the environment.
      const environment = await options.environmentOf(name).catch(() => undefined);
      if (environment) await lookAt(environment);
    }
  }

  async function lookAt(environment: Environment): Promise<void> {
    const active: Schedule[] = [];
    for (const schedule of schedulesOf(environment, home))
      if (schedule.enabled && (await isOffered(schedule, environment))) active.push(schedule);
    const marks = await schedules.marks(environment.name);
    const now = clock.now();
    for (const name of marks.keys())
      if (!active.some((one) => one.name === name))
        await schedules.end({ environment: environment.name, schedule: name });
    const due = active.map(async (schedule) => lookAtOne(schedule, environment, marks.get(schedule.name), now));
    for (const result of await Promise.allSettled(due))
      if (result.status === 'rejected')
        log.warn({ error: result.reason as unknown }, 'a schedule could not be looked at');
  }

  /** A default one is only there where it may do what it is for; one that somebody wrote is refused each time, which is told. */
  async function isOffered(schedule: Schedule, environment: Environment): Promise<boolean> {
    if (!schedule.byDefault) return true;
    const refused = await whyNotOffered(schedule, { commands, home, environment, rights }).catch(
      () => 'it cannot be done',
    );
    return refused === undefined;
  }

  type Mark = { definition: string; until: string } | undefined;

  async function lookAtOne(schedule: Schedule, environment: Environment, mark: Mark, now: Date): Promise<void> {
    const key = { environment: environment.name, schedule: schedule.name };
    const definition = `${schedule.cron} ${schedule.timeZone}`;
    if (mark?.definition !== definition) return schedules.begin({ ...key, definition }, now);
    const due = dueOf(schedule, new Date(mark.until), now);
    if (!due) return;
    const request = due.run && requestOf(schedule, due.run);
    const decision = {
      ...key,
      definition,
      from: mark.until,
      until: due.until.toISOString(),
      occurrences: due.occurrences,
    };
    const state = await schedules.decide({ ...decision, request }, owner, now);
    if (state === undefined) return;
    if (due.missed.length > 0) await tellMissed(schedule, due);
    if (state === 'overlapped' && due.run) await tellOverlap(schedule, due.run);
    if (state === 'asked' && request) await perform(request.key, request.body, schedule, environment);
  }

  /** Asks for it; what is refused is told where its results would go. Throws only what may go well the next time. */
  async function perform(key: string, { dueAt }: Request, schedule: Schedule, environment: Environment): Promise<void> {
    underWay.add(key);
    try {
      const { words, text } = await scheduledWords(schedule, { commands, home, environment });
      const { person, channel } = schedule;
      const address = channel !== undefined && options.post ? { channel } : undefined;
      const answer = await bot.handle({ words, text, person, source: 'schedule', address, requestKey: key });
      if (answer.kind === 'answer') await post(schedule, withFiles(answer));
      await settle(key, 'it was done');
    } catch (thrown) {
      const error = asStarsError(thrown);
      // A process that stops takes no new runs: the next one asks for it.
      if (error.code === 'STORE' || error.code === 'CANCELLED') throw error;
      await refused(key, dueAt, schedule, error);
    } finally {
      underWay.delete(key);
    }
  }

  async function refused(key: string, dueAt: string, schedule: Schedule, error: StarsError): Promise<void> {
    log.warn({ schedule: schedule.name, error }, 'what was scheduled was refused');
    await settle(key, `refused: ${error.code}`);
    await schedules.tell(key, `refused: ${error.message}`);
    await post(schedule, `⚠️ ${titleOf(schedule)}, due at ${utcWords(dueAt)}, was refused.\n${error.describe()}`);
  }

  /** What a process that died, or the store, left between the decision and the run. */
  async function finishLeft(): Promise<void> {
    for (const item of await inbox.open()) {
      if (item.kind !== KIND || underWay.has(item.key)) continue;
      if (item.run !== undefined) await settle(item.key, 'it was done');
      else if (item.owner === owner || !(await options.isAlive(item.owner))) await finishOne(item);
    }
  }

  async function finishOne(item: InboxItem): Promise<void> {
    if (!(await inbox.takeOver(item, owner))) return;
    const { data: request } = Request.safeParse(item.body);
    const environment = request && (await options.environmentOf(request.environment).catch(() => undefined));
    const schedule = environment && schedulesOf(environment, home).find(({ name }) => name === request?.schedule);
    if (!request || !environment || !schedule) return settle(item.key, 'the schedule is gone');
    const lateMs = clock.now().getTime() - Date.parse(request.dueAt);
    if (lateMs <= schedule.missedWithinMs && item.tries < MOST_TRIES)
      return perform(item.key, request, schedule, environment);
    await settle(item.key, 'it was not run');
    const says = 'Stars was stopped before it began, and by now it is too late';
    await schedules.tell(item.key, `not run: ${says}`);
    await post(schedule, `⚠️ ${titleOf(schedule)}, due at ${utcWords(request.dueAt)}, was not run: ${says}.`);
  }

  async function tellMissed(schedule: Schedule, { missed }: Due): Promise<void> {
    const [first, last] = [missed[0], missed.at(-1)];
    if (!first || !last) return;
    const when =
      missed.length === 1 ? wordsFor(first) : `${missed.length} times from ${wordsFor(first)} to ${wordsFor(last)}`;
    const says = `${titleOf(schedule)} was missed: it was due ${missed.length === 1 ? 'at ' : ''}${when}, when no Stars was there`;
    const { environment, person, command: text } = schedule;
    await options.audit.record({ kind: 'timer', person, environment, text, outcome: 'missed', reason: says });
    await post(schedule, `⚠️ ${says}. “${text}” does it now.`);
  }

  async function tellOverlap(schedule: Schedule, due: Date): Promise<void> {
    const { says } = (await schedules.last(schedule.environment, [schedule.name])).get(schedule.name) ?? {};
    await post(
      schedule,
      `⏭ ${titleOf(schedule)}, due at ${wordsFor(due)}, was not started: ${says ?? 'the one before still goes on'}.`,
    );
  }

  function settle(key: string, outcome: string): Promise<void> {
    return inbox.settle(key, outcome, clock.now());
  }

  async function post({ channel, name }: Schedule, text: string): Promise<void> {
    if (!options.post || channel === undefined) return;
    await options.post(channel, plainMessage(text)).catch((error: unknown) => {
      log.warn({ schedule: name, channel, error }, 'what became of a schedule could not be posted');
    });
  }

  return { look };
}

/** An answer has no thread for its files: they were put into a folder. */
function withFiles({ text, files = [] }: { text: string; files?: readonly Attachment[] | undefined }): string {
  const lines = files.map(({ content, ...file }) => fileText({ ...file, bytes: Buffer.byteLength(content) }));
  return [text, ...lines].join('\n');
}

function requestOf({ environment, name }: Schedule, due: Date): { key: string; body: Request } {
  const dueAt = due.toISOString();
  return { key: `schedule ${environment} ${name} ${dueAt}`, body: { environment, schedule: name, dueAt } };
}

function titleOf({ name, environment }: Schedule): string {
  return `The schedule ${name} of ${environment}`;
}

function wordsFor(at: Date): string {
  return utcWords(at.toISOString());
}
