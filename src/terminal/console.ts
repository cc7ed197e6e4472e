import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { BotAnswer } from '../bot/bot.js';
import { isRun } from '../bot/command.js';
import { normalise } from '../bot/words.js';
import type { Clock } from '../clock.js';
import { asStarsError } from '../errors.js';
import type { RunView } from '../model/run-view.js';
import { escape, type Message } from '../slack/messages/message.js';
import { toPlain } from '../slack/messages/plain.js';
import { runMessage } from '../slack/messages/run.js';
import { summaryMessage } from '../slack/messages/summary.js';
import { playMessage } from '../slack/messages/play.js';
import { failuresMessage } from '../slack/messages/failures.js';
import type { Redactor } from '../secret.js';
import type { Stars } from '../stars.js';
import { CONSOLE_PAGE } from './console-page.js';
import { terminalPerson } from './one-command.js';

export type ConsoleOptions = { stars: Stars; clock: Clock; redactor: Redactor; otherwise: RequestListener };

type Entry = { said: string; answer: string | undefined; view: RunView | undefined };

const MOST_ENTRIES = 50;
const MOST_BYTES = 10_000;
const MOST_UNDER_WAY = 100;

/** A web page on this machine on which commands can be typed and their threads read, for when there is no Slack. */
export function createConsole({ stars, clock, redactor, otherwise }: ConsoleOptions): RequestListener {
  const entries: Entry[] = [];
  let underWay = 0;

  async function say(text: string): Promise<void> {
    const entry: Entry = { said: normalise(text), answer: undefined, view: undefined };
    entries.push(entry);
    if (entries.length > MOST_ENTRIES) entries.shift();
    if (underWay >= MOST_UNDER_WAY) {
      entry.answer = 'Stars has too much to do at the moment.\nAsk again in a minute.';
      return;
    }
    underWay += 1;
    try {
      const answer = await stars.bot.handle(
        { words: entry.said, text: entry.said, person: terminalPerson(), source: 'console' },
        (_event, view) => {
          if (isRun(stars.bot.commands, view.command)) entry.view = view;
        },
      );
      if (answer.kind === 'answer') entry.answer = answerText(answer);
    } catch (error) {
      entry.answer = asStarsError(error).describe();
    } finally {
      underWay -= 1;
    }
  }

  return (request, response) => {
    if (!isLocal(request.headers.host)) return void response.writeHead(403).end();
    const path = request.url?.split('?')[0];
    if (request.method === 'GET' && path === '/') return html(response);
    if (request.method === 'GET' && path === '/console/thread')
      return json(
        response,
        entries.map((entry) => redactor.redactValue(shown(entry, clock.now()))),
      );
    if (request.method === 'POST' && path === '/console/say')
      // The browser went away in the middle of its words: nobody is left to answer.
      return void take(request, response, say).catch(() => response.destroy());
    return otherwise(request, response);
  };
}

function answerText({ text, files = [] }: Extract<BotAnswer, { kind: 'answer' }>): string {
  return [toPlain({ text: escape(text) }), ...files.map(({ name, path }) => `file ${path ?? name}`)].join('\n');
}

// A page of another site could point its own name at this machine; the browser then sends that name here.
function isLocal(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host ?? '');
}

function shown({ said, answer, view }: Entry, now: Date): { said: string; parts: string[] } {
  if (!view) return { said, parts: answer === undefined ? ['…'] : [answer] };
  const over = view.finishedAt !== undefined;
  const messages: (Message | undefined)[] = [
    runMessage(view, now),
    ...view.plays.map((_play, index) => playMessage(view, index)),
    failuresMessage(view),
    over ? summaryMessage(view) : undefined,
  ];
  return { said, parts: messages.filter((message) => message !== undefined).map((message) => toPlain(message)) };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  say: (text: string) => Promise<void>,
): Promise<void> {
  // Only this page may post: another site in the same browser cannot set this header without asking first.
  if (request.headers['x-stars-console'] !== '1') return void response.writeHead(403).end();
  const text = await bodyOf(request);
  if (text === undefined) return void response.writeHead(413).end();
  void say(text);
  response.writeHead(202).end();
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function html(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
  });
  response.end(CONSOLE_PAGE);
}

function json(response: ServerResponse, body: unknown): void {
  response
    .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
