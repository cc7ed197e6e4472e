import type { Position } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';

/** The hosts in batches by `serial`: a number, a percentage, or a list of these of which the last repeats. */
export function batchesOf<T>(hosts: readonly T[], serial: Value, where?: Position): T[][] {
  const sizes = (Array.isArray(serial) ? serial : [serial]).map((size) => batchSize(size, hosts.length, where));
  const batches: T[][] = [];
  let start = 0;
  while (start < hosts.length) {
    const size = sizes[Math.min(batches.length, sizes.length - 1)] ?? hosts.length;
    batches.push(hosts.slice(start, start + size));
    start += size;
  }
  return batches;
}

function batchSize(serial: Value, hosts: number, where: Position | undefined): number {
  if (serial === null) return Math.max(1, hosts);
  const text = pythonText(serial).trim();
  const match = /^(-?\d+)(%?)$/.exec(text);
  if (!match) throw playbookError(`serial must be a number or a percentage, not “${text}”.`, where);
  const number = Number(match[1]);
  // Divided first, as Ansible does: 58 % of 50 hosts are 28 of them.
  const size = match[2] === '%' ? Math.trunc((number / 100) * hosts) || 1 : number;
  return size > 0 ? size : Math.max(1, hosts);
}
