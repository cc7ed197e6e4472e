import { StarsError } from '../errors.js';
import type { Undefined } from './value.js';

/** A fault found while evaluating; whoever knows the line adds it. */
export function templateError(message: string, hint?: string): StarsError {
  return new StarsError('TEMPLATE', message, hint === undefined ? {} : { hint });
}

export function undefinedError({ name, hint }: Undefined): StarsError {
  return new StarsError('UNDEFINED_VARIABLE', hint ?? `'${name}' is undefined`);
}
