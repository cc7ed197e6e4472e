import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

// Process ids repeat: only with the time of the start they name a process, and only within one boot and one container.
type Identity = { world: string; pid: number; started: string };

/** Names this process so that another one on the same machine can tell later whether it still lives. */
export function processIdentity(): string {
  const { world, pid, started } = identityOf(process.pid) ?? { world: 'elsewhere', pid: process.pid, started: '' };
  return [world, pid, started, randomUUID()].join('/');
}

/** Whether the process of that name has certainly ended; false for one of another machine or container. */
export function processIsGone(name: string): boolean {
  const [world, pid, started] = name.split('/');
  const here = identityOf(process.pid);
  if (!here || world !== here.world || !/^\d+$/.test(pid ?? '')) return false;
  return identityOf(Number(pid))?.started !== started;
}

function identityOf(pid: number): Identity | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
    return { world: `${boot}-${namespace}`, pid, started: startOf(pid) };
  } catch {
    return undefined;
  }
}

/** When the process began, in ticks since the boot; empty when there is no such process. */
function startOf(pid: number): string {
  try {
    // The name in parentheses may hold spaces and parentheses itself; the 22nd field is the 20th behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
