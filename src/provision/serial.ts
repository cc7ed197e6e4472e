import { StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { pythonText } from './python-text.js';

/** The hosts in batches by `serial`: a number, a percentage, or a list of these of which the last repeats. */
export function batchesOf<T>(hosts: readonly T[], serial: Value): T[][] {
  const sizes = (Array.isArray(serial) ? serial : [serial]).map((size) => batchSize(size, hosts.length));
  const batches: T[][] = [];
  let start = 0;
  while (start < hosts.length) {
    const size = sizes[Math.min(batches.length, sizes.length - 1)] ?? hosts.length;
    batches.push(hosts.slice(start, start + size));
    start += size;
  }
  return batches;
}

function batchSize(serial: Value, hosts: number): number {
  if (serial === null) return Math.max(1, hosts);
  const text = pythonText(serial).trim();
  const match = /^(\d+)(%?)$/.exec(text);
  if (!match) throw new StarsError('PLAYBOOK', `serial must be a number or a percentage, not “${text}”.`);
  const number = Number(match[1]);
  if (match[2] === '%') return Math.max(1, Math.floor((hosts * number) / 100));
  return number === 0 ? Math.max(1, hosts) : number;
}
