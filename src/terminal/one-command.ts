import { userInfo } from 'node:os';
import type { Bot } from '../bot/bot.js';
import { isRun } from '../bot/command.js';
import type { ReadableRuns } from '../bot/readable-runs.js';
import { fromArguments } from '../bot/words.js';
import { asStarsError } from '../errors.js';
import type { Person } from '../model/run.js';
import { escape } from '../slack/messages/message.js';
import { toPlain } from '../slack/messages/plain.js';
import type { RunObserver } from '../runs/runs.js';
import { exitStatusOf } from './exit.js';
import { createJsonProgress, createProgress } from './progress.js';
import type { Terminal } from './terminal.js';

export type OneCommand = {
  argv: readonly string[];
  bot: Bot;
  terminal: Terminal;
  person?: Person;
  /** Cancels the command when it aborts. */
  signal?: AbortSignal;
};

/** Runs one command for a shell and resolves with the exit status. With --json only events go to standard output. */
export async function runOneCommand({
  argv,
  bot,
  terminal,
  person = terminalPerson(),
  signal,
}: OneCommand): Promise<number> {
  const { json, rest } = takeFlags(argv);
  try {
    const words = fromArguments(rest.length === 0 ? ['help'] : rest);
    if (json && words.words[0] === 'show')
      return await printStoredEvents(words.words[1], bot.runsFor(person), terminal);
    const observe = json ? createJsonProgress(terminal.out) : createProgress(terminal.out);
    const shown: RunObserver = (event, view) => {
      if (json || isRun(bot.commands, view.command)) observe(event, view);
    };
    const answer = await bot.handle(
      { words, text: rest.map(typed).join(' '), person, source: 'terminal', signal },
      shown,
    );
    if (answer.kind === 'answer') {
      if (!json) terminal.out(plain(answer.text));
      return 0;
    }
    if (!json) printEnd(answer, terminal);
    return exitStatusOf(answer.end);
  } catch (thrown) {
    const error = asStarsError(thrown);
    terminal.error(`stars: ${error.describe()}`);
    return error.exitStatus;
  }
}

/** A word as it can be typed again. */
function typed(word: string): string {
  return word === '' || /[\s'"\\]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : word;
}

function printEnd(
  {
    id,
    end,
  }: {
    id: string;
    end: { summary?: string | undefined; error?: { message: string; hint?: string | undefined } | undefined };
  },
  terminal: Terminal,
): void {
  if (end.summary) terminal.out(plain(end.summary));
  if (!end.error) return;
  terminal.error(`stars: ${end.error.message}`);
  if (end.error.hint) terminal.error(end.error.hint);
  terminal.error(`The whole story: stars show ${id}`);
}

/** `show --json`: the stored events of a run instead of the words about them. */
async function printStoredEvents(id: string | undefined, runs: ReadableRuns, terminal: Terminal): Promise<number> {
  for (const event of await runs.events(await runs.find(id ?? ''))) terminal.out(JSON.stringify(event));
  return 0;
}

/** `--json` and `--yes` belong to the terminal, wherever they stand before `--`; nothing asks back yet that `--yes` would answer. */
function takeFlags(argv: readonly string[]): { json: boolean; rest: string[] } {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const rest = own.filter((word) => word !== '--json' && word !== '--yes');
  return {
    json: own.includes('--json'),
    rest: [...rest, ...(end === -1 ? [] : argv.slice(end))],
  };
}

export function terminalPerson(): Person {
  const login = loginName();
  return { id: `terminal:${login}`, name: login };
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user id that has no name.
    return String(process.getuid?.() ?? 'unknown');
  }
}

function plain(mrkdwn: string): string {
  return toPlain({ text: escape(mrkdwn) });
}
