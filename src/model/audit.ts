import { createHash } from 'node:crypto';
import type { Person, RunSource } from './run.js';

/** What the audit tells of. */
export const AUDIT_KINDS = [
  'request',
  'refusal',
  'proposal',
  'approval',
  'denial',
  'click',
  'start',
  'end',
  'cancel',
  'lock',
  'unlock',
  'takeover',
  'timer',
  'configuration',
  'service',
] as const;

export type AuditKind = (typeof AUDIT_KINDS)[number];

export type AuditDetail = string | number | boolean | null | readonly string[];

/** One thing that happened. Everything in it is redacted and shortened when it is written. */
export type AuditEntry = {
  kind: AuditKind;
  /** Left out when nobody did it, such as a timer or the service itself. */
  person?: Person | undefined;
  source?: RunSource | undefined;
  environment?: string | null | undefined;
  command?: string | undefined;
  /** The words as typed, normalised. */
  text?: string | undefined;
  /** The id of the run. */
  run?: string | undefined;
  /** How it went, in one word: a run's state, a refusal's code. */
  outcome?: string | undefined;
  reason?: string | undefined;
  details?: Readonly<Record<string, AuditDetail>> | undefined;
};

/** An entry as it stands in the chain; `seq` counts from 1 without gaps, `at` is ISO UTC with milliseconds. */
export type AuditRecord = AuditEntry & { seq: number; at: string; previous: string; hash: string };

/** The entry that the chain ends with; a hash may be shortened to what people compare. */
export type AuditHead = { seq: number; hash: string };

/** A row of the chain; `body` is the entry's JSON, exactly as it was sealed. */
export type AuditRow = { seq: number; at: string; kind: string; body: string; previous: string; hash: string };

/** SHA-256 in hex over the row and, with `previous`, over all rows before it. */
export function auditSeal({ seq, at, kind, body, previous }: Omit<AuditRow, 'hash'>): string {
  return createHash('sha256')
    .update(JSON.stringify([seq, at, kind, body, previous]))
    .digest('hex');
}

const SHORT_HASH = 24;

/** `1042:9f3c0d…` with 24 digits: enough that nobody finds another chain that ends so. */
export function shortHead({ seq, hash }: AuditHead): string {
  return `${seq}:${hash.slice(0, SHORT_HASH)}`;
}
