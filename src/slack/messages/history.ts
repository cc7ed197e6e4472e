import type { Person, RunState } from '../../model/run.js';
import { duration, inline, mention, message, section, type Message } from './message.js';
import { stateIcon, stateWords } from './run.js';

export type PastRun = {
  id: string;
  text: string;
  state: RunState;
  person: Person;
  /** ISO UTC. */
  requestedAt: string;
  ms?: number | undefined;
};

const MAX_RUNS = 15;

/** The latest runs, newest first as given, two short lines each. */
export function historyMessage(runs: PastRun[]): Message {
  if (runs.length === 0) return message('No runs yet.', [section('No runs yet.')]);
  const shown = runs.slice(0, MAX_RUNS);
  const hidden = runs.length - shown.length;
  const lines = [...shown.map(pastRun), ...(hidden > 0 ? [`… ${hidden} more`] : [])];
  const half = Math.ceil(lines.length / 2);
  const sections = lines.length > 8 ? [lines.slice(0, half), lines.slice(half)] : [lines];
  return message(
    shown.map(({ text, state }) => `${text}: ${stateWords(state)}`).join('; '),
    sections.map((part) => section(part.join('\n'))),
  );
}

function pastRun({ id, text, state, person, requestedAt, ms }: PastRun): string {
  const facts = [when(requestedAt), ...(ms === undefined ? [] : [duration(ms)]), mention(person), inline(id, 40)];
  return `${stateIcon(state)} *${inline(text, 100)}*\n${facts.join(' · ')}`;
}

// Slack shows the moment in the reader's own time zone; the text after the bar is for clients that cannot.
function when(iso: string): string {
  const seconds = Math.floor(Date.parse(iso) / 1000);
  if (!Number.isFinite(seconds)) return inline(iso, 30);
  return `<!date^${seconds}^{date_short_pretty} {time}|${iso.slice(0, 16).replace('T', ' ')} UTC>`;
}
