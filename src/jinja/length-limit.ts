import { templateError } from './template-error.js';

/** Longest text or list, in characters or items, that one operation may make. */
export const MAX_LENGTH = 10_000_000;

/** Throws TEMPLATE when something would become longer than any sane result. */
export function checkLength(length: number): void {
  if (length > MAX_LENGTH) throw templateError(`This would become longer than ${MAX_LENGTH} characters or items.`);
}
