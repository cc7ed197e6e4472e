import { type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { REFUSED_KEYWORDS } from './keywords.js';
import { pythonText } from './python-text.js';

/** Told about an old form, with its place. */
export type Deprecated = (message: string, where: Position | undefined) => void;

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
export function checkKeywords(entry: Dict, allowed: ReadonlySet<string>, what: string): void {
  refuseKeywords(entry);
  for (const key of entry.keys()) {
    const name = pythonText(key);
    if (!allowed.has(name))
      throw playbookError(
        `“${name}” is not a keyword of a ${what}.`,
        keyPosition(entry, key) ?? positionOf(entry),
        didYouMean(name, allowed) ?? 'Check the spelling and the indentation.',
      );
  }
}

/** Refuses keywords that would change the meaning of the entry if they were left out. */
export function refuseKeywords(entry: Dict): void {
  for (const key of entry.keys()) {
    const advice = REFUSED_KEYWORDS.get(pythonText(key));
    const where = keyPosition(entry, key) ?? positionOf(entry);
    if (advice !== undefined)
      throw playbookError(`${pythonText(key)} is not run by Stars.`, where, advice, 'UNSUPPORTED');
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
