import { type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { pythonText } from './python-text.js';

/** Told about an old form, with its place. */
export type Deprecated = (message: string, where: Position | undefined) => void;

/** Told about a mistake and the task it belongs to: throws it, or keeps it while the rest is read. */
export type Report = (error: StarsError, task?: Position) => void;

/** The report of a reader that stops at the first mistake. */
const throwAtOnce: Report = (error) => {
  throw error;
};

/** A report whose listener can be changed while something is read; without one, mistakes are thrown. */
export function createReports() {
  let listener = throwAtOnce;

  /** What `read` gives while `other` is told about mistakes. */
  function during<T>(other: Report, read: () => T): T {
    const before = listener;
    listener = other;
    try {
      return read();
    } finally {
      listener = before;
    }
  }

  const report: Report = (error, task) => listener(error, task);
  return { report, during };
}

export type Reports = ReturnType<typeof createReports>;

/** What `read` gives, or nothing when it is wrong and the mistake is kept. */
export function orReport<T>(report: Report, read: () => T[], task?: Position): T[] {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof StarsError)) throw thrown;
    report(thrown, task);
    return [];
  }
}

/** A mistake in a playbook, role or task file, with its place when it is known. */
export function playbookError(
  message: string,
  where: Position | undefined,
  hint?: string,
  code: 'PLAYBOOK' | 'UNSUPPORTED' = 'PLAYBOOK',
): StarsError {
  return new StarsError(code, message, { ...(hint ? { hint } : {}), ...(where ? { where } : {}) });
}

/** Refuses what stands where it may not. */
export function checkKeywords(
  entry: Dict,
  allowed: ReadonlySet<string>,
  what: string,
  report: Report = throwAtOnce,
): void {
  for (const key of entry.keys()) {
    const name = pythonText(key);
    if (allowed.has(name)) continue;
    const where = keyPosition(entry, key) ?? positionOf(entry);
    const hint = didYouMean(name, allowed) ?? 'Check the spelling and the indentation.';
    report(playbookError(`“${name}” is not a keyword of a ${what}.`, where, hint));
  }
}

/** A name or a list of names, as notify and listen are written. */
export function nameList(value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.flatMap((entry) => nameList(entry)) : [pythonText(value)];
}

/** `a, b` or a list, as tags and hosts are written. */
export function textList(value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((entry) => textList(entry));
  return pythonText(value)
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
