import { utcWords } from '../../model/utc-words.js';
import type { HostRecap, RunState } from '../../model/run.js';
import type { Report } from '../../model/report.js';
import { hasEnded } from '../../model/run-states.js';
import type { PartView, PlayView, RunView, StepView } from '../../model/run-view.js';
import type { KnownBlock } from '@slack/types';
import {
  actions,
  type ButtonOf,
  choiceButtons,
  context,
  cutLines,
  duration,
  inline,
  mention,
  message,
  section,
  typed,
  type Message,
} from './message.js';
import { isFine, tally } from './recap.js';
import { reportBlocks } from './report.js';
import { takeOverMenu } from './take-over.js';
import { counted } from '../../model/figures.js';

const MAX_STEPS = 15;
const MAX_PLAYS = 8;
const MAX_PARTS = 20;
const MAX_HOST_LINES = 10;
const MAX_NOTES = 3;
const LONGEST_ID = 100;

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
  return hasEnded(state);
}

/** The one message of a run: posted once, then edited in place. `now` is for the elapsed time of a running one. */
export function runMessage(view: RunView, now: Date): Message {
  if (view.report) return reported(view, view.report, now);
  const body = [
    waitingLine(view),
    stepLines(view.steps),
    playLines(view),
    partLines(view.parts),
    outcomeLine(view),
    errorLines(view),
    noteLines(view.notes),
  ].filter(Boolean);
  return message(`${view.text}: ${headline(view)}`, [
    section(header(view, now)),
    ...body.map(section),
    ...approvalBlocks(view),
    ...buttons(view),
    ...takeOverMenu(view),
    ...choices(view),
    context(typed(`stars show ${view.id}`)),
  ]);
}

/** A report is the message itself: what was done for it is of no interest. */
function reported(view: RunView, report: Report, now: Date): Message {
  const others = [errorLines(view), noteLines(view.notes)].filter(Boolean);
  return message(report.headline, [
    ...reportBlocks(report),
    ...others.map(section),
    context(`${header(view, now).replace('\n', ' · ')} · ${typed(`stars show ${view.id}`)}`),
  ]);
}

/** What people are asked to approve, and who has. */
function approvalBlocks({ state, approval }: RunView): KnownBlock[] {
  if (state !== 'awaiting-approval' || !approval) return [];
  const { text, hash, needed, until, given } = approval;
  const by = given.length === 0 ? '' : ` · approved by ${given.map(mention).join(', ')}`;
  const facts = `${given.length} of ${counted(needed, 'approval')}${by} · until ${utcWords(until)} · ${hash}`;
  return [section(cutLines(text, { maxChars: 2_000, maxLines: 20, run: '' })), context(facts)];
}

/** What can be done with a run in its state; each button stands for the words that it holds. */
function buttons(view: RunView): KnownBlock[] {
  const { id, state } = view;
  const onHosts = view.plays.length + view.parts.length > 0;
  // Ours are short; a button cannot hold a long one.
  if (id.length > LONGEST_ID) return [];
  switch (state) {
    case 'awaiting-approval':
      return actions([
        { words: `approve ${id}`, label: 'Approve', style: 'primary' },
        { words: `deny ${id}`, label: 'Deny', style: 'danger' },
      ]);
    case 'queued':
    case 'running':
      return actions([
        { words: `cancel ${id}`, label: 'Cancel', style: 'danger', asks: 'End this run at its next safe point?' },
      ]);
    case 'interrupted':
      return actions([
        ...(onHosts ? [{ words: `verify ${id}`, label: 'Verify' }] : []),
        { words: `resume ${id}`, label: 'Resume' },
        ...(onHosts ? [stop(id)] : []),
      ]);
    case 'failed':
    case 'cancelled':
      // A plan has changed nothing that could be gone on with, and a question is answered by its own buttons.
      return view.command === 'plan' || view.error?.code === 'UNCONFIRMED'
        ? []
        : actions([{ words: `resume ${id}`, label: 'Resume' }, retry(view)]);
    default:
      return [];
  }
}

/** What the command itself offers once it has ended. */
function choices({ state, error, offers }: RunView): KnownBlock[] {
  return isFinal(state) ? choiceButtons([...offers, ...(error?.choices ?? [])]) : [];
}

function retry({ id, command }: RunView): ButtonOf {
  const asks =
    command === 'deploy'
      ? 'Run this again on the hosts that failed, from its first task?'
      : 'Run this again from its start, also what is done already?';
  return { words: `retry ${id}`, label: 'Retry', asks };
}

function stop(id: string): ButtonOf {
  const asks = 'End what this run still does on its hosts? What is half done there stays half done.';
  return { words: `halt ${id}`, label: 'Stop', style: 'danger', asks };
}

/** The first line of a good end; the whole of it closes the thread. */
function outcomeLine({ state, summary }: RunView): string {
  return state === 'succeeded' && summary ? inline(summary.split('\n')[0] ?? '', 300) : '';
}

function waitingLine({ state, waitsFor }: RunView): string {
  return state === 'queued' && waitsFor ? `⏳ ${inline(waitsFor, 500)}` : '';
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
  return play && state === 'running' ? `${WORDS[state]}, ${play.name}, ${counted(play.tasks, 'task')}` : WORDS[state];
}

function stepLines(steps: StepView[]): string {
  const shown = steps.slice(-MAX_STEPS);
  const hidden = steps.length - shown.length;
  return [
    ...(hidden > 0 ? [`… ${counted(hidden, 'earlier step')}`] : []),
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
    ...(hidden > 0 ? [`… ${counted(hidden, 'earlier play')}`] : []),
    ...shown.map((play) => playLine(play, play === last ? view.state : 'succeeded')),
    ...(last && !isFinal(view.state) ? [hostLines(last), ...currentTask(last)] : []),
  ]
    .filter(Boolean)
    .join('\n');
}

/** One line about each part of a run that was split: by whom it is done, and how far it is. */
function partLines(parts: readonly PartView[]): string {
  const shown = parts.slice(0, MAX_PARTS).map((part, index) => partLine(part, index + 1));
  const hidden = parts.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`… ${counted(hidden, 'more part')}`] : [])].join('\n');
}

function partLine({ id, hosts, state, process, doing, lost }: PartView, part: number): string {
  const shown = hosts.length > 3 ? `${hosts[0]} to ${hosts.at(-1)}` : hosts.join(', ');
  return [
    `${ICONS[state]} *Part ${part}*`,
    `${counted(hosts.length, 'host')} (${inline(shown, 120)})`,
    ...(process === undefined ? [] : [inline(process, 60)]),
    ...(doing === undefined || isFinal(state) ? [] : [`→ ${inline(doing, 120)}`]),
    ...(lost.length > 0 ? [`lost ${inline(lost.join(', '), 120)}`] : []),
    typed(`stars show ${id}`),
  ].join(' · ');
}

/** One line about a play: how far it is and how its hosts fare. `state`: of the run for its last play; those before it are through. */
export function playLine(play: PlayView, state: RunState): string {
  const { failed, unreachable } = tally(play.recap);
  const icon = failed.length + unreachable.length > 0 ? '❌' : !isFinal(state) ? '🔵' : isCutOff(state) ? '⚠️' : '✅';
  const bad = [
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(unreachable.length > 0 ? [`${unreachable.length} unreachable`] : []),
  ];
  return [
    `${icon} *${inline(play.name, 80)}*`,
    counted(play.hosts.length, 'host'),
    counted(play.tasks, 'task'),
    ...bad,
  ].join(' · ');
}

/** Whether the run may have been left in the middle of a play. */
function isCutOff(state: RunState): boolean {
  return state === 'interrupted' || state === 'cancelled';
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
    ...(bad.length > MAX_HOST_LINES ? [`… ${counted(bad.length - MAX_HOST_LINES, 'more host')} in trouble`] : []),
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
    ...(hidden > 0 ? [`… ${counted(hidden, 'earlier note')}`] : []),
    ...shown.map((note) => `ℹ️ ${inline(note, 300)}`),
  ].join('\n');
}
