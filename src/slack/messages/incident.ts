import type { Incident } from '../../model/incident.js';
import { utcWords } from '../../model/utc-words.js';
import { actions, context, duration, inline, message, section, shorten, type Message } from './message.js';
import { counted } from '../../model/figures.js';

const MOST_CAUSES = 8;
const MOST_DEPENDENTS = 12;
const MOST_HISTORY = 6;
const FLAPPING = 3;

/** The one message of an incident: posted once, then edited until it says that it is over. */
export function incidentMessage(incident: Incident, now: Date): Message {
  const { environment, closedAt, causes, dependents } = incident;
  const shown = causes.slice(0, MOST_CAUSES).map(({ title, says }) => `*${inline(title, 80)}* ${inline(says, 300)}`);
  const more =
    causes.length > shown.length ? [`and ${counted(causes.length - shown.length, 'more')}`.replace(/s$/, '')] : [];
  const follows = dependents.slice(0, MOST_DEPENDENTS).map(({ title }) => inline(title, 60));
  const others = dependents.length > follows.length ? [`and ${dependents.length - follows.length} more`] : [];
  return message(headline(incident, now), [
    section([header(incident, now), ...shown, ...more].join('\n')),
    ...(follows.length > 0 ? [section(`↳ because of this: ${[...follows, ...others].join(', ')}`)] : []),
    ...(incident.history.length > 1 ? [context(historyLines(incident))] : []),
    ...(closedAt === undefined
      ? actions([
          {
            words: `mute ${environment} for 2h`,
            label: 'Mute 2 h',
            asks: `Tell nothing new about ${environment} for two hours?`,
          },
        ])
      : []),
  ]);
}

/** Called when it has lasted too long; `mention` is the id of a Slack user or group. */
export function escalationMessage(incident: Incident, mention: string, now: Date): Message {
  const whom = mention.startsWith('S') ? `<!subteam^${mention}>` : `<@${mention}>`;
  const text = `${whom} ${titleOf(incident)} has lasted ${lasted(incident, now)}.`;
  return message(text, [section(text)]);
}

/** A remark below it, since people are not told of an edit. */
export function worseMessage(incident: Incident): Message {
  const text = `🔴 It has become worse: ${titleOf(incident)}.`;
  return message(text, [section(text)]);
}

function header(incident: Incident, now: Date): string {
  const { environment, openedAt, closedAt, clearSince } = incident;
  const facts = [
    `since ${utcWords(openedAt)}`,
    closedAt === undefined
      ? lasted(incident, now)
      : `over since ${utcWords(clearSince ?? closedAt)}, after ${lasted(incident, now)}`,
    ...(closedAt === undefined && clearSince !== undefined ? ['well again; it is over when it stays so'] : []),
    ...(incident.returns >= FLAPPING ? [`comes and goes: ${incident.returns} times`] : []),
  ];
  return `${icon(incident)} *${inline(environment, 60)}* · ${facts.join(' · ')}`;
}

function headline(incident: Incident, now: Date): string {
  const { environment, closedAt } = incident;
  if (closedAt !== undefined) return `${environment}: over after ${lasted(incident, now)}: ${titleOf(incident)}`;
  return `${environment}: ${titleOf(incident)}`;
}

function titleOf({ causes }: Incident): string {
  const [first] = causes;
  if (!first) return 'something is wrong';
  const more = causes.length > 1 ? ` (and ${causes.length - 1} more)` : '';
  return `${inline(first.title, 80)}${more} ${inline(shorten(first.says, 200))}`;
}

function icon({ closedAt, severity }: Incident): string {
  if (closedAt !== undefined) return '✅';
  return severity === 'down' ? '🔴' : '🟡';
}

function lasted({ openedAt, closedAt, clearSince }: Incident, now: Date): string {
  const end = closedAt === undefined ? now.getTime() : Date.parse(clearSince ?? closedAt);
  const ms = end - Date.parse(openedAt);
  // To the minute: it is edited only when something changes.
  return ms < 60_000
    ? 'less than a minute'
    : duration(ms)
        .replace(/ 0 [sm]$/, '')
        .replace(/( m) \d+ s$/, '$1');
}

function historyLines({ history }: Incident): string {
  const lines = history.slice(-MOST_HISTORY).map(({ at, says }) => `${at.slice(11, 16)} ${inline(says, 160)}`);
  return lines.join('\n');
}
