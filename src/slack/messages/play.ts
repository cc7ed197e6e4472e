import type { PlayView, RunView } from '../../model/run-view.js';
import { message, section, type Message } from './message.js';
import { hostLines, isFinal, playLine, taskName } from './run.js';
import { counted } from '../../model/figures.js';

/** The reply about one play in a run's thread; `index` counts from 0. Undefined when the run has no such play. */
export function playMessage(view: RunView, index: number): Message | undefined {
  const play = view.plays[index];
  if (!play) return undefined;
  const isLast = index === view.plays.length - 1;
  const underWay = isLast && !isFinal(view.state);
  const text = [
    playLine(play, isLast ? view.state : 'succeeded'),
    ...(underWay ? currentLines(play) : []),
    hostLines(play),
  ]
    .filter(Boolean)
    .join('\n');
  return message(`Play ${play.name}: ${counted(play.tasks, 'task')} on ${counted(play.hosts.length, 'host')}`, [
    section(text),
  ]);
}

function currentLines({ current }: PlayView): string[] {
  if (!current) return [];
  const counts = Object.entries(current.counts).map(([kind, hosts]) => `${hosts} ${kind}`);
  return [`→ ${taskName(current)}${counts.length > 0 ? ` · ${counts.join(' · ')}` : ''}`];
}
