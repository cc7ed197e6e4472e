import { fileText, partLines, recapLines } from '../bot/run-text.js';
import type { RunEvent } from '../model/run.js';
import type { RunObserver } from '../runs/runs.js';

/** Prints a run as it goes, one line for what happened; tasks where nothing changed stay quiet. */
export function createProgress(write: (line: string) => void): RunObserver {
  return (event) => {
    for (const line of linesOf(event)) write(line);
  };
}

/** Prints the events themselves, one JSON object a line. */
export function createJsonProgress(write: (line: string) => void): RunObserver {
  return (event) => write(JSON.stringify(event));
}

function linesOf(event: RunEvent): string[] {
  switch (event.type) {
    case 'run.started':
      return [`Run ${event.run}`];
    case 'run.queued':
      return event.reason === undefined ? [] : [`⏳ ${event.reason}`];
    case 'approval.asked':
      return [event.text, `Waits for ${event.needed} to approve it: stars approve ${event.run}`];
    case 'run.approved':
      return [`✓ Approved by ${event.by?.name ?? 'somebody'}`];
    case 'play.started':
      return [`Play ${event.play} on ${event.hosts.length} ${event.hosts.length === 1 ? 'host' : 'hosts'}`];
    case 'part.made':
    case 'part.changed':
      return partLines(event);
    case 'task.result':
      return resultLines(event);
    case 'step.started':
      return [`… ${event.step}`];
    case 'step.finished':
      return [`${event.ok ? '✓' : '✗'} ${event.step}${event.message ? `: ${event.message}` : ''}`];
    case 'file.attached':
      return [fileText(event)];
    case 'offer':
      return [`${event.label}: stars ${event.words}`];
    case 'note':
      return [`note: ${event.message}`];
    case 'run.finished':
      return recapLines(event.hosts ?? {});
    default:
      return [];
  }
}

function resultLines(event: Extract<RunEvent, { type: 'task.result' }>): string[] {
  const task = event.role ? `${event.role} : ${event.task}` : event.task;
  const message = event.message ? `\n${event.message.replaceAll(/^/gm, '      ')}` : '';
  if (event.item !== undefined) return [];
  if (event.status === 'failed' || event.status === 'unreachable')
    return [`  ✗ ${event.host}  ${event.status}  ${task}${message}`];
  if (event.status === 'ignored') return [`  · ${event.host}  failed, ignored  ${task}${message}`];
  const diff = event.diff ? `\n${event.diff.replaceAll(/^/gm, '      ')}` : '';
  if (event.changed) return [`  ± ${event.host}  ${task}${diff}`];
  return event.status === 'ok' && event.message && event.message.length < 400
    ? [`  · ${event.host}  ${task}: ${event.message}`]
    : [];
}
