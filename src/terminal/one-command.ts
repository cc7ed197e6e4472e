import { userInfo } from 'node:os';
import type { Bot } from '../bot/bot.js';
import { type AnyCommand, isRun } from '../bot/command.js';
import type { ReadableRuns } from '../bot/readable-runs.js';
import { fromArguments } from '../bot/words.js';
import { asStarsError } from '../errors.js';
import type { Attachment } from '../model/attachment.js';
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
  const { json, rest } = takeFlags(argv, bot.commands);
  try {
    const words = fromArguments(rest.length === 0 ? ['help'] : rest);
    const request = { words, text: rest.map(typed).join(' '), person, source: 'terminal' as const, signal };
    if (json && words.words[0] === 'show') {
      // Asked for like any other: with its rights, and in the audit.
      await bot.handle(request);
      return await printStoredEvents(words.words[1], bot.runsFor(request), terminal);
    }
    const observe = json ? createJsonProgress(terminal.out) : createProgress(terminal.out);
    const shown: RunObserver = (event, view) => {
      if (json || isRun(bot.commands, view.command)) observe(event, view);
    };
    const answer = await bot.handle({ ...request, print: terminal.out }, shown);
    if (answer.kind === 'answer') {
      if (!json && answer.text !== '') terminal.out(plain(answer.text));
      if (!json) for (const file of answer.files ?? []) terminal.out(fileLine(file));
      return 0;
    }
    const end = await answer.ended;
    if (!json) printEnd({ id: answer.id, end }, terminal);
    if (!json && end.error?.code === 'UNCONFIRMED' && (await terminal.confirm?.('Go on all the same?')))
      return await runOneCommand({ argv: withYes(argv), bot, terminal, person, ...(signal ? { signal } : {}) });
    return exitStatusOf(end);
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

/** `--json` and `--yes` may stand anywhere before `--`; a command that never asks takes no `--yes`. */
function takeFlags(argv: readonly string[], commands: readonly AnyCommand[]): { json: boolean; rest: string[] } {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const words = own.filter((word) => word !== '--json' && word !== '--yes');
  const asks = commands.find(({ name }) => name === words[0])?.flags?.['yes'] !== undefined;
  const rest = asks && own.includes('--yes') ? [...words, '--yes'] : words;
  return {
    json: own.includes('--json'),
    rest: [...rest, ...(end === -1 ? [] : argv.slice(end))],
  };
}

/** The same with a yes to what was asked. */
function withYes(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return end === -1 ? [...argv, '--yes'] : [...argv.slice(0, end), '--yes', ...argv.slice(end)];
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

/** A text itself; of everything else where it was put. */
function fileLine({ name, content, path }: Attachment): string {
  return typeof content === 'string' ? content.replace(/\n$/, '') : `file ${path ?? name}`;
}

function plain(mrkdwn: string): string {
  return toPlain({ text: escape(mrkdwn) });
}
