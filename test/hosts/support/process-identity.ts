import { existsSync, readFileSync } from 'node:fs';

/** A process by its number and the moment it started: numbers are used again. */
export type ProcessIdentity = { pid: number; startTime: string };

export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid);
  return fields && { pid, startTime: fields.startTime };
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return statFields(pid)?.startTime === startTime;
}

/** Sends the signal to that very process, if it still runs. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Children of a process, oldest first. */
export function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number);
}

function statFields(pid: number): { startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTime = rest[18];
    return state === 'Z' || startTime === undefined ? undefined : { startTime };
  } catch {
    return undefined;
  }
}
