import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commands } from '../../commands/index.js';
import type { Bot } from '../../src/bot/bot.js';
import { createSchedules } from '../../src/bot/schedules.js';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import { StarsError } from '../../src/errors.js';
import { type Home, openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createStars, type Stars } from '../../src/stars.js';
import type { Run } from '../../src/store/runs.js';
import { createScheduleStore } from '../../src/store/schedules.js';
import { runOneCommand } from '../../src/terminal/one-command.js';
import { createTerminal } from '../../src/terminal/terminal.js';

export type Process = { stars: Stars; look(): Promise<void> };

export type SchedulesPlace = {
  home: Home;
  clock: ManualClock;
  /** What was posted, channel and text. */
  posted: [channel: string, text: string][];
  write(path: string, text: string): void;
  /**
   * A process on the same store. With `dies` it is gone when it has decided what to do and has not yet done it; with `serves` it performs
   * what was asked.
   */
  process(how?: { dies?: boolean; serves?: boolean }): Promise<Process>;
  /** Oldest first. */
  runs(stars: Stars): Promise<Run[]>;
  /** What `stars <words>` prints. */
  type(stars: Stars, ...words: string[]): Promise<string>;
  stop(): Promise<void>;
};

/** A home with files of its own, whose processes share a database; the clock stands at the time that is given. */
export async function schedulesPlace(files: Record<string, string>, now: string): Promise<SchedulesPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-schedules-'));
  const write = (path: string, text: string) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  const home = await openHome({ env: { STARS_HOME: folder, HOME: folder, TZ: 'UTC' }, cwd: folder });
  const clock = createManualClock(new Date(now));
  const posted: [string, string][] = [];
  const all: Stars[] = [];

  async function process({ dies = false, serves = false } = {}): Promise<Process> {
    const connect = () => Promise.reject(new StarsError('UNREACHABLE', 'There are no hosts here.'));
    const stars = await createStars({ home, clock, log: silentLog, connect, env: {} });
    all.push(stars);
    if (serves) await stars.runs.serve();
    const { rights, inbox, audit, owner } = stars;
    const gone: Pick<Bot, 'handle'> = { handle: () => new Promise(() => undefined) };
    const { look } = createSchedules({
      home,
      commands,
      clock,
      rights,
      inbox,
      audit,
      log: silentLog,
      environmentOf: (name) => home.environment(name),
      schedules: createScheduleStore(stars.database),
      bot: dies ? gone : stars.bot,
      // Both are in the same process of the operating system.
      owner: dies ? 'dead' : owner,
      isAlive: (name) => (name === 'dead' ? Promise.resolve(false) : stars.runs.isAlive(name)),
      post: async (channel, message) => void posted.push([channel, toPlain(message)]),
    });
    return { stars, look };
  }

  async function type(stars: Stars, ...argv: string[]): Promise<string> {
    let out = '';
    const stream = { write: (piece: string) => void (out += piece), on: () => stream };
    const terminal = createTerminal(stream as never, stream as never);
    await runOneCommand({ argv, bot: stars.bot, terminal });
    return out;
  }

  return {
    home,
    clock,
    posted,
    write,
    process,
    type,
    runs: async (stars) => (await stars.store.list({ limit: 100 })).toReversed(),
    async stop() {
      for (const stars of all) await stars.runs.close('The test is over.');
      for (const stars of all) await stars.close();
      rmSync(folder, { recursive: true });
    },
  };
}
