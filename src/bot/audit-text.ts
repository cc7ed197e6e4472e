import type { AuditRecord } from '../model/audit.js';

const LONGEST_WORDS = 160;
const SOURCES: Record<string, string> = { slack: 'Slack', console: 'the console', terminal: 'a terminal' };

/** One line an entry. */
export function auditText(records: readonly AuditRecord[]): string {
  if (records.length === 0) return 'The audit has no such entry.';
  return records.map(auditLine).join('\n');
}

function auditLine({
  seq,
  at,
  kind,
  person,
  source,
  environment,
  text,
  run,
  outcome,
  reason,
  details,
}: AuditRecord): string {
  const when = `${at.slice(0, 19).replace('T', ' ')} UTC`;
  const who = person && `${person.name} (${person.id})${source ? ` from ${SOURCES[source] ?? `a ${source}`}` : ''}`;
  const where = environment && !text?.split(/\s+/).includes(environment) ? environment : undefined;
  const names = Object.entries(details ?? {}).map(([name, value]) => `${name}: ${String(value)}`);
  const parts = [text && short(text), where, who, run && `\`${run}\``, reason && short(reason), ...names.map(short)];
  return [`\`#${seq}\` ${when}  ${[kind, outcome].filter(Boolean).join(' ')}`, ...parts.filter(Boolean)].join(' · ');
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_WORDS ? `${line.slice(0, LONGEST_WORDS)}…` : line;
}

/** The entry as one line of JSON, with what is needed to compute the chain again: its hash is over the text of `body`. */
export function auditJson({ seq, at, kind, previous, hash, ...entry }: AuditRecord): string {
  const line = JSON.stringify({ seq, at, kind, body: entry, previous, hash });
  // A terminal shows no control characters: written like this they arrive.
  return line.replaceAll(/[\u007f-\u009f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same of an entry that somebody may not read: its place in the chain and nothing else. */
export function withheldJson({ seq, previous, hash }: AuditRecord): string {
  return JSON.stringify({ seq, withheld: true, previous, hash });
}
