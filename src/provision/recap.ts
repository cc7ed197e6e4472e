import type { HostRun } from './host-run.js';
import type { ProvisionResult } from './provision-result.js';

/** How a run ended on every host it took part with, and in one sentence what went wrong. */
export function resultOf(hosts: ReadonlyMap<string, HostRun>, plays: number): ProvisionResult {
  const taken = [...hosts.values()].filter(({ recap }) => Object.values(recap).some((number) => number > 0));
  const recap = Object.fromEntries(taken.map(({ name, recap: counts }) => [name, counts]));
  const bad = taken.filter(({ recap: counts }) => counts.failed > 0 || counts.unreachable > 0);
  if (bad.length === 0) return { hosts: recap, failed: undefined, plays };
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
      hint: `Mend what the thread says and run it again with --limit ${bad.map(({ name }) => name).join(',')}: what is done stays as it is.`,
    },
    plays,
  };
}

function namesOf(hosts: readonly HostRun[]): string {
  const names = hosts.map(({ name }) => name);
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}
