import { StarsError } from '../../errors.js';
import type { Value } from '../../jinja/value.js';
import { pythonText } from '../python-text.js';

/** A number of seconds that a task gives, none below zero. Throws PLAYBOOK for what is no number. */
export function secondsOf(given: Value | undefined, name: string, otherwise: number): number {
  if (given === undefined || given === null) return otherwise;
  const number = Number(pythonText(given));
  if (!Number.isFinite(number))
    throw new StarsError('PLAYBOOK', `${name} must be a number of seconds, not ${pythonText(given)}.`);
  return Math.max(0, Math.trunc(number));
}
