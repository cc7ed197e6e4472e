import type { RunError } from '../model/run.js';
import type { HostRun } from './host-run.js';
import type { ProvisionResult } from './provision-result.js';

/** How a run ended on every host it took part with, and in one sentence what went wrong. */
export function resultOf(
  hosts: ReadonlyMap<string, HostRun>,
  plays: number,
  hint: (hosts: string) => string = continued,
): Omit<ProvisionResult, 'broken' | 'files'> {
  const taken = [...hosts.values()].filter(({ recap }) => Object.values(recap).some((number) => number > 0));
  const recap = Object.fromEntries(taken.map(({ name, recap: counts }) => [name, counts]));
  // A failure that was cleared, or a failed handler that was rescued, stands in the recap alone.
  const lost = taken.filter(({ status }) => status === 'failed' || status === 'unreachable');
  const own = lost.filter(({ recap: counts }) => counts.failed > 0 || counts.unreachable > 0);
  // Others are out because of these. In a rescue that failed, though, nobody counts as failed.
  const bad = own.length > 0 ? own : lost;
  if (bad.length === 0) return { hosts: recap, failed: undefined, plays };
  if (bad.every(({ locked }) => locked)) return { hosts: recap, failed: onlyLocked(bad, taken.length), plays };
  const unreachable = bad.filter(({ recap: counts }) => counts.unreachable > 0);
  const failed = bad.filter(({ recap: counts }) => counts.unreachable === 0);
  const parts = [
    failed.length > 0 ? `failed on ${namesOf(failed)}` : '',
    unreachable.length > 0 ? `could not reach ${namesOf(unreachable)}` : '',
  ].filter((part) => part !== '');
  return {
    hosts: recap,
    failed: {
      code: failed.length > 0 ? 'HOSTS_FAILED' : 'UNREACHABLE',
      message: `It ${parts.join(' and ')}; ${taken.length - bad.length} of ${taken.length} hosts are done.`,
      hint: hint(bad.map(({ name }) => name).join(',')),
    },
    plays,
  };
}

function continued(hosts: string): string {
  return `Mend what the thread says, then “resume last” goes on there, and “retry last” begins anew with --limit ${hosts}: what is done stays as it is.`;
}

/** Nothing failed but that another run has a host: the one itself, or one that its tasks are delegated to. */
function onlyLocked(bad: readonly HostRun[], all: number): RunError {
  const many = bad.length > 1;
  const untouched = bad.every(({ recap }) => recap.changed === 0);
  const met = untouched
    ? `${namesOf(bad)} ${many ? 'are' : 'is'} locked`
    : `It met the lock of another run on ${namesOf(bad)}`;
  const done = all - bad.length;
  const rest = done > 0 ? `; ${done} of ${all} hosts are done` : '';
  return {
    code: 'LOCKED',
    message: `${met}${untouched ? `, so nothing was done${done > 0 ? ' there' : ''}` : ''}${rest}.`,
    hint: `The thread says by which run. Wait for its end, or give --wait 10m; then “retry last” does ${many ? 'these hosts' : 'that host'}.`,
  };
}

function namesOf(hosts: readonly HostRun[]): string {
  const names = hosts.map(({ name }) => name);
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}
