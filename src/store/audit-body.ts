import { z } from 'zod';
import type { AuditDetail, AuditEntry } from '../model/audit.js';
import type { Redactor } from '../secret.js';

const LONGEST_TEXT = 4_000;
const LONGEST_DETAIL = 1_000;
const MOST_IN_A_LIST = 200;
const MOST_DETAILS = 50;

const Body = z.looseObject({
  person: z.object({ id: z.string(), name: z.string() }).optional(),
  source: z.enum(['slack', 'console', 'terminal', 'schedule']).optional(),
  environment: z.string().nullish(),
  command: z.string().optional(),
  text: z.string().optional(),
  run: z.string().optional(),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  details: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]))
    .optional(),
});

/** The entry as JSON without secrets and of bounded length; its kind stands beside it. */
export function auditBody({ kind: _kind, details, ...entry }: AuditEntry, redactor: Redactor): string {
  // First redacted and then shortened: the half of a secret would not be recognised.
  const clean = redactor.redactValue(entry);
  const shortened = Object.entries(clean).map(([name, value]) => [
    name,
    typeof value === 'string' ? shorten(value, LONGEST_TEXT) : value,
  ]);
  const kept = Object.entries(redactor.redactValue(details ?? {})).slice(0, MOST_DETAILS);
  const detailed = kept.map(([name, value]) => [shorten(name, LONGEST_DETAIL), detailOf(value)]);
  return JSON.stringify({
    ...Object.fromEntries(shortened),
    ...(detailed.length > 0 && { details: Object.fromEntries(detailed) }),
  });
}

/** A body as it was written; of one that was tampered with, what can be read. */
export function fromBody(body: string): Omit<AuditEntry, 'kind'> {
  const read = parsed(body);
  // Not what zod makes of it: the order of its keys belongs to what was sealed.
  if (Body.safeParse(read).success) return read as Omit<AuditEntry, 'kind'>;
  return { reason: 'This entry cannot be read: it was changed.' };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function detailOf(value: AuditDetail): AuditDetail {
  if (typeof value === 'string') return shorten(value, LONGEST_DETAIL);
  if (typeof value !== 'object' || value === null) return value;
  const listed = value.slice(0, MOST_IN_A_LIST).map((item) => shorten(item, LONGEST_DETAIL));
  return value.length > listed.length ? [...listed, `and ${value.length - listed.length} more`] : listed;
}

function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}
