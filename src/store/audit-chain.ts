import { type AuditHead, type AuditRow, auditSeal, shortHead } from '../model/audit.js';

/** The first place at which the chain is not what was written. */
export type AuditBreak = {
  seq: number;
  what: 'changed' | 'missing' | 'extra' | 'cut' | 'rewritten';
  /** In one sentence. */
  says: string;
};

/** `head` is the last row that was read; a chain without rows has none. */
export type AuditVerdict = { rows: number; head: AuditHead | undefined; broken: AuditBreak | undefined };

/** Looks at the rows of a chain one after the other, in the order of `seq`. */
export function createChainCheck(posted: AuditHead | undefined) {
  let last: AuditHead = { seq: 0, hash: '' };

  /** What is wrong with the next row; after a break nothing more can be said. */
  function next(row: AuditRow): AuditBreak | undefined {
    const broken = placeOf(row) ?? sealOf(row) ?? linkOf(row) ?? postedAt(row);
    last = { seq: row.seq, hash: row.hash };
    return broken;
  }

  function placeOf({ seq }: AuditRow): AuditBreak | undefined {
    const expected = last.seq + 1;
    if (seq === expected) return undefined;
    if (seq < expected)
      return { seq, what: 'extra', says: `Row ${seq} does not belong to the chain, which starts at 1.` };
    return { seq: expected, what: 'missing', says: `${rows(expected, seq - 1)} missing.` };
  }

  function sealOf(row: AuditRow): AuditBreak | undefined {
    if (auditSeal(row) === row.hash) return undefined;
    return { seq: row.seq, what: 'changed', says: `Row ${row.seq} was changed: it is not what its hash was made of.` };
  }

  function linkOf({ seq, previous }: AuditRow): AuditBreak | undefined {
    if (previous === last.hash) return undefined;
    const says =
      seq === 1
        ? 'Row 1 was changed: it names a row before it.'
        : `Row ${seq - 1} or ${seq} was replaced, hash and all: row ${seq} was written after another row ${seq - 1}.`;
    return { seq, what: 'changed', says };
  }

  function postedAt({ seq, hash }: AuditRow): AuditBreak | undefined {
    if (!posted || posted.seq !== seq || hash.startsWith(posted.hash)) return undefined;
    const says = `The chain was rewritten at row ${seq} or before it: its head was posted as ${shortHead(posted)}, and is ${shortHead({ seq, hash })} now.`;
    return { seq, what: 'rewritten', says };
  }

  /** What is wrong with the end; `counter` is the number of the last row that was given out, before and after all rows were read. */
  function end(counter: { before: number; after: number }): AuditBreak | undefined {
    const { seq } = last;
    const known = Math.max(counter.before, posted?.seq ?? 0);
    if (known > seq)
      return { seq: seq + 1, what: 'cut', says: `The end was cut off. ${rows(seq + 1, known)} missing.` };
    if (counter.after >= seq) return undefined;
    return { seq, what: 'extra', says: `Row ${seq} was not written by Stars, which has counted to ${counter.after}.` };
  }

  return { next, end, head: () => (last.seq === 0 ? undefined : last) };
}

function rows(first: number, last: number): string {
  return first === last ? `Row ${first} is` : `Rows ${first} to ${last} are`;
}
