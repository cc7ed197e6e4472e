import type { HostRecap, RunState } from '../../model/run.js';
import type { PlayView, RunView, StepView } from '../../model/run-view.js';
import { context, count, duration, inline, mention, message, section, typed, type Message } from './message.js';
import { isFine, tally } from './recap.js';

const MAX_STEPS = 15;
const MAX_PLAYS = 8;
const MAX_HOST_LINES = 10;
const MAX_NOTES = 3;

const ICONS = {
  'awaiting-approval': '✋',
  queued: '⚪',
  running: '🔵',
  succeeded: '✅',
  failed: '❌',
  cancelled: '🚫',
  denied: '⛔',
  expired: '⌛',
  interrupted: '⚠️',
} satisfies Record<RunState, string>;

const WORDS = {
  'awaiting-approval': 'waits for approval',
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  denied: 'denied',
  expired: 'expired',
  interrupted: 'interrupted',
} satisfies Record<RunState, string>;

const STEP_ICONS = { running: '🔵', done: '✅', failed: '❌' } satisfies Record<StepView['state'], string>;

export function stateIcon(state: RunState): string {
  return ICONS[state];
}

export function stateWords(state: RunState): string {
  return WORDS[state];
}

/** Whether nothing more will happen in a run of this state. */
export function isFinal(state: RunState): boolean {
  return state !== 'awaiting-approval' && state !== 'queued' && state !== 'running' && state !== 'interrupted';
}

/** The one message of a run: posted once, then edited in place. `now` is for the elapsed time of a running one. */
export function runMessage(view: RunView, now: Date): Message {
  const body = [
    stepLines(view.steps),
    playLines(view),
    outcomeLine(view),
    errorLines(view),
    noteLines(view.notes),
  ].filter(Boolean);
  return message(`${view.text}: ${headline(view)}`, [
    section(header(view, now)),
    ...body.map(section),
    context(typed(`stars show ${view.id}`)),
  ]);
}

/** The first line of a good end; the whole of it closes the thread. */
function outcomeLine({ state, summary }: RunView): string {
  return state === 'succeeded' && summary ? inline(summary.split('\n')[0] ?? '', 300) : '';
}

function header(view: RunView, now: Date): string {
  const started = Date.parse(view.requestedAt);
  const elapsed = duration(view.ms ?? now.getTime() - started);
  const facts = [WORDS[view.state], view.environment && inline(view.environment, 60), elapsed, mention(view.person)];
  return `${ICONS[view.state]} *${inline(view.text, 300)}*\n${facts.filter(Boolean).join(' · ')}`;
}

function headline({ state, error, summary, plays }: RunView): string {
  if (error) return `${WORDS[state]}: ${error.message}`;
  if (summary && isFinal(state)) return `${WORDS[state]}: ${summary}`;
  const play = plays.at(-1);
  return play && state === 'running' ? `${WORDS[state]}, ${play.name}, ${count(play.tasks, 'task')}` : WORDS[state];
}

function stepLines(steps: StepView[]): string {
  const shown = steps.slice(-MAX_STEPS);
  const hidden = steps.length - shown.length;
  return [
    ...(hidden > 0 ? [`… ${count(hidden, 'earlier step')}`] : []),
    ...shown.map(
      ({ title, state, message: words }) =>
        `${STEP_ICONS[state]} ${inline(title, 120)}${words && state === 'failed' ? `: ${inline(words, 200)}` : ''}`,
    ),
  ].join('\n');
}

function playLines(view: RunView): string {
  const shown = view.plays.slice(-MAX_PLAYS);
  const hidden = view.plays.length - shown.length;
  const last = shown.at(-1);
  return [
    ...(hidden > 0 ? [`… ${count(hidden, 'earlier play')}`] : []),
    ...shown.map((play) => playLine(play, play === last && !isFinal(view.state))),
    ...(last && !isFinal(view.state) ? [hostLines(last), ...currentTask(last)] : []),
  ]
    .filter(Boolean)
    .join('\n');
}

/** One line about a play: how far it is and how its hosts fare. */
export function playLine(play: PlayView, underWay: boolean): string {
  const { failed, unreachable } = tally(play.recap);
  const icon = failed.length + unreachable.length > 0 ? '❌' : underWay ? '🔵' : '✅';
  const bad = [
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(unreachable.length > 0 ? [`${unreachable.length} unreachable`] : []),
  ];
  return [
    `${icon} *${inline(play.name, 80)}*`,
    count(play.hosts.length, 'host'),
    count(play.tasks, 'task'),
    ...bad,
  ].join(' · ');
}

/** A line per host for a few hosts; for many a sum, and a line for each in trouble. */
export function hostLines(play: PlayView): string {
  const hosts = inOrder(play);
  if (hosts.length === 0) return '';
  if (hosts.length <= MAX_HOST_LINES) return hosts.map(([host, recap]) => hostLine(host, recap)).join('\n');
  const bad = hosts.filter(([, recap]) => !isFine(recap));
  const { fine, changed } = tally(play.recap);
  return [
    `${fine} of ${hosts.length} hosts fine · ${changed} changed`,
    ...bad.slice(0, MAX_HOST_LINES).map(([host, recap]) => hostLine(host, recap)),
    ...(bad.length > MAX_HOST_LINES ? [`… ${count(bad.length - MAX_HOST_LINES, 'more host')} in trouble`] : []),
  ].join('\n');
}

/** The hosts that have answered, in the order of the inventory. */
function inOrder({ hosts, recap }: PlayView): [string, HostRecap][] {
  return hosts.flatMap((host): [string, HostRecap][] => (recap[host] ? [[host, recap[host]]] : []));
}

function hostLine(host: string, { ok, changed, failed, unreachable }: HostRecap): string {
  const state = unreachable > 0 ? '⛔' : failed > 0 ? '❌' : '•';
  const counts = [
    `${ok} ok`,
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unreachable > 0 ? ['unreachable'] : []),
  ];
  return `${state} ${inline(host, 60)} · ${counts.join(' · ')}`;
}

function currentTask({ current }: PlayView): string[] {
  if (!current) return [];
  return [`→ ${taskName(current)}`];
}

/** `role : task`, as Ansible writes it. */
export function taskName({ role, task }: { role: string | null; task: string }): string {
  return inline(role ? `${role} : ${task}` : task, 150);
}

function errorLines({ error }: RunView): string {
  if (!error) return '';
  return [`*${inline(error.message, 600)}*`, ...(error.hint ? [inline(error.hint, 600)] : [])].join('\n');
}

function noteLines(notes: string[]): string {
  const shown = notes.slice(-MAX_NOTES);
  const hidden = notes.length - shown.length;
  return [
    ...(hidden > 0 ? [`… ${count(hidden, 'earlier note')}`] : []),
    ...shown.map((note) => `ℹ️ ${inline(note, 300)}`),
  ].join('\n');
}
