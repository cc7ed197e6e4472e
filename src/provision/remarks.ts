import type { Emit } from '../model/run.js';
import type { Deprecated } from './playbook-error.js';

const MOST_REMARKS = 50;

/** A remark about an old form begins with its place. */
export function placed(remark: (message: string) => void): Deprecated {
  return (message, where) => remark(where ? `${where.file}:${where.line ?? 1}: ${message}` : message);
}

/** Tells each remark once. */
export function createRemarks(emit: Emit): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (told.size >= MOST_REMARKS || told.has(message)) return;
    told.add(message);
    emit({ type: 'note', message });
  };
}
