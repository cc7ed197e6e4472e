import { StarsError } from '../errors.js';
import type { Home } from '../home/home.js';
import type { AuditHead, AuditRecord } from '../model/audit.js';
import type { Person, RunSource } from '../model/run.js';
import type { Audit, AuditFilter } from '../store/audit.js';
import type { AuditVerdict } from '../store/audit-chain.js';
import type { Rights } from './rights.js';

/** The audit as far as one person may read it: those whom stars.yml lets read, without the entries of environments closed to them. */
export type ReadableAudit = {
  /** All of these throw NOT_PERMITTED. */
  verify(options: { posted?: AuditHead | undefined; signal: AbortSignal }): Promise<AuditVerdict>;
  /** The last entry; undefined as long as there is none. */
  head(): Promise<AuditHead | undefined>;
  /** Newest first. */
  search(filter: AuditFilter, signal: AbortSignal): Promise<AuditRecord[]>;
  /** Every entry from that time on, oldest first; those of closed environments are `withheld`. */
  records(options: {
    since?: Date | undefined;
    signal: AbortSignal;
  }): AsyncGenerator<AuditRecord & { withheld: boolean }>;
};

type Sources = { audit: Audit; rights: Pick<Rights, 'mayReadRuns'>; home: Pick<Home, 'environments'> };

export function createReadableAudit(
  { audit, rights, home }: Sources,
  asker: { person: Person; source: RunSource },
): ReadableAudit {
  async function requireRight(): Promise<void> {
    const verdict = await rights.mayReadRuns(asker, null);
    if (!verdict.allowed) throw new StarsError('NOT_PERMITTED', 'You may not read the audit.', { hint: verdict.hint });
  }

  async function verify({ posted, signal }: Parameters<ReadableAudit['verify']>[0]): Promise<AuditVerdict> {
    await requireRight();
    return audit.verify({ posted, signal });
  }

  async function head(): Promise<AuditHead | undefined> {
    await requireRight();
    return audit.head();
  }

  async function search(filter: AuditFilter, signal: AbortSignal): Promise<AuditRecord[]> {
    await requireRight();
    const isClosed = await closedEnvironments();
    return audit.search({ ...filter, accept: (record) => !isClosed(record) }, signal);
  }

  async function* records(options: Parameters<ReadableAudit['records']>[0]) {
    await requireRight();
    const isClosed = await closedEnvironments();
    for await (const record of audit.records(options)) yield { ...record, withheld: isClosed(record) };
  }

  async function closedEnvironments(): Promise<(record: AuditRecord) => boolean> {
    const closed = new Set<string>();
    for (const name of home.environments()) {
      // A file that cannot be read may well close its environment.
      const verdict = await rights.mayReadRuns(asker, name).catch(() => ({ allowed: false }));
      if (!verdict.allowed) closed.add(name);
    }
    return ({ environment }) => typeof environment === 'string' && closed.has(environment);
  }

  return { verify, head, search, records };
}
