import type { Kernel } from './kernel.js';
import type { Process } from './process.js';

/** kill(2) by the text of a pid, `-pid` for a group or 0 for one's own; says what went wrong. */
export function sendSignal(kernel: Kernel, sender: Process, target: string, signal: number): string | undefined {
  if (!/^-?\d+$/.test(target)) return `${target}: arguments must be process or job IDs`;
  const number = Number(target);
  const receivers = [...kernel.processes.values()].filter((proc) => isMeant(proc, number, sender));
  if (receivers.length === 0) return `(${target}) - No such process`;
  const permitted = receivers.filter((proc) => sender.user.uid === 0 || sender.user.uid === proc.user.uid);
  if (permitted.length === 0) return `(${target}) - Operation not permitted`;
  for (const proc of permitted) proc.signal(signal);
  return undefined;
}

function isMeant(proc: Process, number: number, sender: Process): boolean {
  if (number > 0) return proc.pid === number;
  if (number === 0) return proc.group === sender.group;
  if (number === -1) return proc.pid !== 1 && proc !== sender;
  return proc.group === -number;
}
