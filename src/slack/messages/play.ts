import type { PlayView, RunView } from '../../model/run-view.js';
import { count, message, section, type Message } from './message.js';
import { hostLines, isFinal, playLine, taskName } from './run.js';

/** The reply about one play in a run's thread; `index` counts from 0. Undefined when the run has no such play. */
export function playMessage(view: RunView, index: number): Message | undefined {
  const play = view.plays[index];
  if (!play) return undefined;
  const underWay = index === view.plays.length - 1 && !isFinal(view.state);
  const text = [playLine(play, underWay), ...(underWay ? currentLines(play) : []), hostLines(play)]
    .filter(Boolean)
    .join('\n');
  return message(`Play ${play.name}: ${count(play.tasks, 'task')} on ${count(play.hosts.length, 'host')}`, [
    section(text),
  ]);
}

function currentLines({ current }: PlayView): string[] {
  if (!current) return [];
  const counts = Object.entries(current.counts).map(([kind, hosts]) => `${hosts} ${kind}`);
  return [`→ ${taskName(current)}${counts.length > 0 ? ` · ${counts.join(' · ')}` : ''}`];
}
