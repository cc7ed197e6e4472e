import type { RunView } from '../../model/run-view.js';
import { code, cutLines, duration, escape, inline, message, section, SECTION_CHARS, type Message } from './message.js';
import { recapTable } from './recap.js';
import { stateIcon, stateWords } from './run.js';

/** The last words in a run's thread: how it ended, the command's own closing words, the recap of its hosts. */
export function summaryMessage(view: RunView): Message {
  const { id, state, ms, summary, error, hosts } = view;
  const ending = `${stateWords(state)}${ms === undefined ? '' : ` after ${duration(ms)}`}`;
  // A report stands in the message itself.
  const words = summary && !view.report && cutLines(summary.trim(), { maxChars: SECTION_CHARS, maxLines: 40, run: id });
  return message(`${view.text} ${ending}${error ? `: ${error.message}` : ''}`, [
    section(`${stateIcon(state)} *${inline(view.text, 300)}* ${ending}`),
    ...(words ? [section(words)] : []),
    ...(error ? [section(errorText(error))] : []),
    ...(hosts && Object.keys(hosts).length > 0 ? [section(code(escape(recapTable(hosts))))] : []),
  ]);
}

function errorText({ message: words, hint }: NonNullable<RunView['error']>): string {
  return [`*${inline(words, 600)}*`, ...(hint ? [inline(hint, 600)] : [])].join('\n');
}
