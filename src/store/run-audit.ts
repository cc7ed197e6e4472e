import type { AuditEntry } from '../model/audit.js';
import type { RunError, RunState } from '../model/run.js';
import type { Audit } from './audit.js';
import { isProposing, type Run } from './run-rows.js';

/** Writes in the transaction of somebody else; always its last statement. */
export type AuditWriter = Pick<Audit, 'recordIn'>;

export function startEntry(run: Run, fence: number): AuditEntry {
  const outcome = isProposing(run) ? 'proposing' : 'running';
  return { ...aboutRun(run), kind: 'start', outcome, details: { fence, resources: run.resources } };
}

export function endEntry(run: Run, end: { state: RunState; ms: number; error?: RunError | undefined }): AuditEntry {
  return { ...aboutRun(run), kind: 'end', outcome: end.state, reason: end.error?.message, details: { ms: end.ms } };
}

/** The run, and who asked for it; somebody else who does something to it is named in their place. */
export function aboutRun({ id, person, source, environment, command, text }: Run): Omit<AuditEntry, 'kind'> {
  return { run: id, person, source, environment, command, text };
}
