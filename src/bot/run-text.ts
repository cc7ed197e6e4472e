import { utcWords } from '../model/utc-words.js';
import type { HostRecap, RunEvent } from '../model/run.js';
import type { Run } from '../store/runs.js';

const ICONS: Record<string, string> = {
  succeeded: '✅',
  failed: '❌',
  cancelled: '🚫',
  running: '🔵',
  queued: '⚪',
  interrupted: '⚠️',
  denied: '⛔',
  expired: '⌛',
  'awaiting-approval': '✋',
};

/** One line a run. */
export function historyText(runs: readonly Run[]): string {
  if (runs.length === 0) return 'Nothing has been run yet.';
  return runs.map(historyLine).join('\n');
}

function historyLine({ id, text, environment, person, state, requestedAt, ms, takenUpBy }: Run): string {
  const when = utcWords(requestedAt);
  const where = environment !== null && !text.split(/\s+/).includes(environment) ? ` (${environment})` : '';
  return `${ICONS[state] ?? '·'} \`${id}\` ${when}  ${shortened(text)}${where} · ${person.name}${ms === undefined ? '' : ` · ${duration(ms)}`}${takenUpBy === undefined ? '' : ` · taken up by \`${takenUpBy}\``}`;
}

/** Which run went on with one that had ended, or did it again. */
export function takenUpText({ id, text, person, state }: Run): string {
  return `Taken up by run ${id} of ${person.name} (${shortened(text)}): ${state}. “show ${id}” tells the rest.`;
}

const LONGEST_TEXT = 160;

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** A run from its first event to its last, in the order in which things happened; tasks where nothing happened are counted only. */
export function storyText(events: readonly RunEvent[]): string {
  const lines: string[] = [];
  let quiet = 0;
  const flushQuiet = () => {
    if (quiet > 0) lines.push(`    ${quiet} ${quiet === 1 ? 'result' : 'results'} ok or skipped, nothing changed`);
    quiet = 0;
  };
  for (const event of events) {
    if (event.type === 'task.started') continue;
    if (event.type === 'task.result' && (event.item !== undefined || isQuiet(event))) {
      if (event.item === undefined) quiet += 1;
      continue;
    }
    flushQuiet();
    lines.push(...storyLines(event));
  }
  flushQuiet();
  return lines.join('\n');
}

/** A run that is so old that its events were deleted. */
export function forgottenText(run: Run): string {
  const { summary, error } = run;
  const end = [summary, error?.message].filter((words) => words !== undefined && words !== '');
  return [
    historyLine(run),
    ...end,
    'What happened in it was deleted: stars.yml says how long that is kept (retention.events).',
  ].join('\n');
}

function isQuiet(event: Extract<RunEvent, { type: 'task.result' }>): boolean {
  return (event.status === 'ok' && !event.changed) || event.status === 'skipped';
}

function storyLines(event: RunEvent): string[] {
  const time = event.at.slice(11, 19);
  switch (event.type) {
    case 'run.requested':
      return [
        `Run ${event.run}: ${event.text}`,
        `${event.at.slice(0, 10)} ${time} UTC  asked by ${event.person.name} from ${event.source}${event.environment ? `, environment ${event.environment}` : ''}`,
      ];
    case 'play.started':
      return [
        `${time}  play ${event.play} on ${event.hosts.length} ${event.hosts.length === 1 ? 'host' : 'hosts'}: ${event.hosts.join(', ')}`,
      ];
    case 'task.result':
      return [
        `${time}    ${event.host}  ${event.changed && event.status === 'ok' ? 'changed' : event.status}  ${event.role ? `${event.role} : ` : ''}${event.task}`,
        ...indented(event.status === 'ok' && !event.changed ? undefined : event.message),
        ...indented(event.diff),
      ];
    case 'part.made':
    case 'part.changed':
      return partLines(event).map((line) => `${time}  ${line}`);
    case 'step.started':
      return [];
    case 'step.finished':
      return [`${time}  ${event.ok ? '✓' : '✗'} ${event.step}${event.message ? `: ${event.message}` : ''}`];
    case 'note':
      return [`${time}  note: ${event.message}`];
    case 'file.attached':
      return [`${time}  ${fileText(event)}`];
    case 'run.finished':
      return [
        ...recapLines(event.hosts ?? {}),
        ...(event.summary ? event.summary.split('\n') : []),
        ...(event.error ? [event.error.message, ...(event.error.hint ? [event.error.hint] : [])] : []),
        `${ICONS[event.state] ?? ''} ${event.state} after ${duration(event.ms)}`,
      ];
    case 'offer':
      return [`${time}  ${event.label}: ${event.words}`];
    case 'run.started':
      return [];
    case 'task.started':
      return [];
    case 'report.made':
      return [`${time}  report: ${event.headline}`];
    case 'plan.made':
      return [`${time}  plan ${event.hash}`];
    case 'approval.asked':
      return [`${time}  waits for approval of ${event.hash} until ${utcWords(event.until)}`, ...indented(event.text)];
    case 'run.approved':
    case 'run.denied':
      return [
        `${time}  ${event.type.slice('run.'.length)} by ${event.by?.name ?? 'somebody'}${event.reason ? `: ${event.reason}` : ''}`,
      ];
    default:
      return [`${time}  ${event.type.slice('run.'.length)}${event.reason ? `: ${event.reason}` : ''}`];
  }
}

/** A file that a run made, and where it is if not in the chat. */
export function fileText({ name, bytes, path }: { name: string; bytes: number; path?: string | undefined }): string {
  return `file ${path ?? name} (${bytes} bytes)`;
}

type OfPart = Extract<RunEvent, { type: 'part.made' | 'part.changed' }>;

/** What a part of a run came to; how far it is stands in its own story. */
export function partLines(event: OfPart): string[] {
  const name = `part ${event.part}`;
  if (event.type === 'part.made') return [`${name} (run ${event.id}): ${event.hosts.join(', ')}`];
  if (event.doing !== undefined) return [];
  const by = event.process === undefined || event.state !== 'running' ? '' : ` by ${event.process}`;
  const lost = event.lost?.length ? `, lost ${event.lost.join(', ')}` : '';
  return [`${name}: ${event.state}${by}${lost}`];
}

function indented(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split('\n').map((line) => `            ${line}`);
}

/** Ansible's recap, one line a host. */
export function recapLines(hosts: Record<string, HostRecap>): string[] {
  const width = Math.max(0, ...Object.keys(hosts).map((name) => name.length));
  return Object.entries(hosts).map(([name, counts]) => {
    const words = Object.entries(counts).map(([kind, number]) => `${kind}=${number}`);
    return `${name.padEnd(width)}  ${words.join(' ')}`;
  });
}

export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
