import type { PlayView, RunView } from '../../model/run-view.js';
import { code, context, cutLines, inline, message, section, typed, type Message } from './message.js';
import { counted } from '../../model/figures.js';

const MAX_FAILURES = 8;

type Failure = PlayView['failures'][number];

/** The reply that lists what failed where, the first eight in full; undefined while nothing has failed. */
export function failuresMessage(view: RunView): Message | undefined {
  const failures = view.plays.flatMap((play) => play.failures);
  if (failures.length === 0) return undefined;
  const hidden = failures.length - MAX_FAILURES;
  return message(`${counted(failures.length, 'failure')}: ${failures[0]?.host} ${failures[0]?.message}`, [
    ...failures.slice(0, MAX_FAILURES).map((failure) => section(failureText(failure, view.id))),
    ...(hidden > 0 ? [context(`… ${counted(hidden, 'more failure')}; ${typed(`stars show ${view.id}`)}`)] : []),
  ]);
}

function failureText({ host, task, status, message: words }: Failure, run: string): string {
  const icon = status === 'unreachable' ? '⛔' : '❌';
  const head = `${icon} *${inline(host, 60)}* · ${status === 'unreachable' ? 'unreachable · ' : ''}${inline(task, 150)}`;
  const output = words.trim();
  return output ? `${head}\n${code(cutLines(output, { maxChars: 1_100, maxLines: 12, run }))}` : head;
}
