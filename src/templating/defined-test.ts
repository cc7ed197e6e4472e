import { StarsError } from '../errors.js';

const DEFINED = /(hostvars\[.+\]|\w+)\s+(not\s+is|is|is\s+not)\s+(defined|undefined)/g;

/**
 * Ansible's second thought about a condition that failed on an undefined variable: if the condition itself asks whether that
 * variable is defined, this is the answer. Undefined when it does not ask.
 */
export function conditionWithoutUndefined(expression: string, thrown: unknown): boolean | undefined {
  if (!(thrown instanceof StarsError) || thrown.code !== 'UNDEFINED_VARIABLE') return undefined;
  const name = /'(hostvars\[.+\]|\w+)' is undefined/.exec(thrown.message)?.[1];
  if (name === undefined) return undefined;
  for (const [, tested = '', logic = '', state] of expression.matchAll(DEFINED)) {
    if (tested.replaceAll("'", '"') !== name.replaceAll("'", '"')) continue;
    const shouldExist = logic.includes('not') !== (state === 'defined');
    return !shouldExist;
  }
  return undefined;
}
