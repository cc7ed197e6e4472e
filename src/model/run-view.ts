import type { Choice } from '../errors.js';
import type { Report } from './report.js';
import type { HostRecap, Person, RunError, RunEvent, RunState } from './run.js';

export type StepView = { title: string; state: 'running' | 'done' | 'failed'; message?: string | undefined };

export type TaskView = { role: string | null; task: string; counts: Record<string, number> };

export type PlayView = {
  name: string;
  hosts: string[];
  tasks: number;
  current: TaskView | undefined;
  /** Newest last. */
  failures: { host: string; task: string; status: string; message: string }[];
  recap: Record<string, HostRecap>;
};

/** A part of a run that was split by its hosts. */
export type PartView = {
  id: string;
  hosts: string[];
  state: RunState;
  process: string | undefined;
  doing: string | undefined;
  lost: string[];
};

/** Everything a message about a run shows, folded from its events. */
export type RunView = {
  id: string;
  text: string;
  command: string;
  environment: string | null;
  person: Person;
  state: RunState;
  requestedAt: string;
  finishedAt: string | undefined;
  ms: number | undefined;
  steps: StepView[];
  plays: PlayView[];
  /** Those that it was split into. */
  parts: PartView[];
  notes: string[];
  /** What may be wanted next. */
  offers: Choice[];
  summary: string | undefined;
  error: RunError | undefined;
  hosts: Record<string, HostRecap> | undefined;
  /** Why it waits for its turn. */
  waitsFor: string | undefined;
  /** The run that holds what it waits for. */
  holder: string | undefined;
  approval: ApprovalView | undefined;
  report: Report | undefined;
};

/** What people are asked to approve, and who did. */
export type ApprovalView = { hash: string; text: string; needed: number; until: string; given: Person[] };

/** The view of a run after these events, oldest first; undefined before its first event. */
export function viewOf(events: Iterable<RunEvent>): RunView | undefined {
  let view: RunView | undefined;
  for (const event of events) view = applyEvent(view, event);
  return view;
}

/** The view after one more event. Events of a run arrive in order of `seq`. */
export function applyEvent(view: RunView | undefined, event: RunEvent): RunView | undefined {
  if (event.type === 'run.requested') return requested(event);
  if (!view) return undefined;
  switch (event.type) {
    case 'run.queued':
      return { ...view, state: 'queued', waitsFor: event.reason, holder: event.holder };
    case 'run.started':
    case 'run.resumed':
      return { ...view, state: 'running', waitsFor: undefined, holder: undefined };
    case 'approval.asked':
      return { ...view, state: 'awaiting-approval', approval: approvalOf(event) };
    case 'run.denied':
      return { ...view, state: 'denied' };
    case 'run.approved':
      return approved(view, event);
    case 'run.interrupted':
      return { ...view, state: 'interrupted' };
    case 'report.made':
      return { ...view, report: { headline: event.headline, state: event.state, parts: event.parts } };
    case 'plan.made':
    case 'file.attached':
      return view;
    case 'note':
      return { ...view, notes: [...view.notes, event.message] };
    case 'offer':
      return { ...view, offers: [...view.offers, offerOf(event)] };
    case 'step.started':
      return { ...view, steps: [...view.steps, { title: event.step, state: 'running' }] };
    case 'step.finished':
      return { ...view, steps: finishStep(view.steps, event) };
    case 'part.made':
      return { ...view, parts: [...view.parts, newPart(event)] };
    case 'part.changed':
      return {
        ...view,
        parts: view.parts.map((part, index) => (index === event.part - 1 ? changed(part, event) : part)),
      };
    case 'play.started':
      return { ...view, plays: [...view.plays, newPlay(event)] };
    case 'task.started':
      return { ...view, plays: inLastPlay(view.plays, (play) => startTask(play, event)) };
    case 'task.result':
      return { ...view, plays: inLastPlay(view.plays, (play) => addResult(play, event)) };
    case 'run.finished':
      return {
        ...view,
        state: event.state,
        finishedAt: event.at,
        ms: event.ms,
        summary: event.summary,
        error: event.error,
        hosts: event.hosts,
      };
  }
}

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

function requested(event: Of<'run.requested'>): RunView {
  return {
    id: event.run,
    text: event.text,
    command: event.command,
    environment: event.environment,
    person: event.person,
    state: 'queued',
    requestedAt: event.at,
    finishedAt: undefined,
    ms: undefined,
    steps: [],
    plays: [],
    parts: [],
    notes: [],
    offers: [],
    summary: undefined,
    error: undefined,
    hosts: undefined,
    waitsFor: undefined,
    holder: undefined,
    approval: undefined,
    report: undefined,
  };
}

function offerOf({ words, label, style, asks }: Of<'offer'>): Choice {
  return { words, label, ...(style ? { style } : {}), ...(asks === undefined ? {} : { asks }) };
}

function approvalOf({ hash, text, needed, until }: Of<'approval.asked'>): ApprovalView {
  return { hash, text, needed, until, given: [] };
}

function approved(view: RunView, { by, given = 1, needed = 1 }: Of<'run.approved'>): RunView {
  const approval = view.approval && by ? { ...view.approval, given: [...view.approval.given, by] } : view.approval;
  return { ...view, approval, state: given >= needed ? 'queued' : view.state };
}

function finishStep(steps: StepView[], { step, ok, message }: Of<'step.finished'>): StepView[] {
  const index = steps.findLastIndex(({ title, state }) => title === step && state === 'running');
  return steps.map((existing, at) =>
    at === index ? { ...existing, state: ok ? 'done' : 'failed', message } : existing,
  );
}

function newPart({ id, hosts }: Of<'part.made'>): PartView {
  return { id, hosts, state: 'queued', process: undefined, doing: undefined, lost: [] };
}

function changed(part: PartView, { state, process, doing, lost = [] }: Of<'part.changed'>): PartView {
  return { ...part, state, process: process ?? part.process, doing, lost };
}

function newPlay({ play, hosts }: Of<'play.started'>): PlayView {
  return { name: play, hosts, tasks: 0, current: undefined, failures: [], recap: {} };
}

function inLastPlay(plays: PlayView[], change: (play: PlayView) => PlayView): PlayView[] {
  return plays.map((play, index) => (index === plays.length - 1 ? change(play) : play));
}

function startTask(play: PlayView, { role, task }: Of<'task.started'>): PlayView {
  return { ...play, tasks: play.tasks + 1, current: { role, task, counts: {} } };
}

function addResult(play: PlayView, event: Of<'task.result'>): PlayView {
  if (event.item !== undefined) return play;
  const kind = event.status === 'ok' && event.changed ? 'changed' : event.status;
  const counts = play.current?.counts ?? {};
  const bad = event.status === 'failed' || event.status === 'unreachable';
  return {
    ...play,
    current: play.current && { ...play.current, counts: { ...counts, [kind]: (counts[kind] ?? 0) + 1 } },
    failures: bad
      ? [...play.failures, { host: event.host, task: event.task, status: event.status, message: event.message ?? '' }]
      : play.failures,
    recap: { ...play.recap, [event.host]: count(play.recap[event.host] ?? emptyRecap(), event) },
  };
}

/** What hosts came to over several playbooks of a run. */
export function addRecaps(
  before: Readonly<Record<string, HostRecap>> = {},
  more: Readonly<Record<string, HostRecap>>,
): Record<string, HostRecap> {
  const sum = { ...before };
  for (const [host, recap] of Object.entries(more)) {
    const known = sum[host] ?? emptyRecap();
    const kinds = Object.keys(known) as (keyof HostRecap)[];
    sum[host] = Object.fromEntries(kinds.map((kind) => [kind, known[kind] + recap[kind]])) as HostRecap;
  }
  return sum;
}

export function emptyRecap(): HostRecap {
  return { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
}

/** Ansible counts an ignored failure as ok and as ignored, and a change as ok and as changed. */
export function count(
  recap: HostRecap,
  { status, changed }: { status: Of<'task.result'>['status']; changed: boolean },
): HostRecap {
  const next = { ...recap };
  if (status === 'ok' || status === 'ignored') next.ok += 1;
  if (status === 'ignored') next.ignored += 1;
  if (changed && status !== 'failed' && status !== 'unreachable') next.changed += 1;
  if (status === 'skipped') next.skipped += 1;
  if (status === 'failed') next.failed += 1;
  if (status === 'unreachable') next.unreachable += 1;
  return next;
}
