import { existsSync } from 'node:fs';
import { requireRootAndPackages } from '../test/hosts/support/requirements.js';
import { tryRun } from '../test/hosts/support/run-command.js';
import { MITOGEN_PLUGINS } from './contestants.js';
import type { BenchOptions } from './options.js';

/** In words, what keeps the chosen parts from running on this machine. */
export async function whatIsMissing({ parts, contestants }: BenchOptions): Promise<string[]> {
  if (!parts.has('provision') && !parts.has('rtt')) return [];
  const missing: string[] = [];
  await requireRootAndPackages().catch((error: unknown) => missing.push(error instanceof Error ? error.message : ''));
  const ansible = contestants.includes('ansible') || contestants.includes('mitogen');
  if (ansible && (await tryRun('sh', ['-c', 'command -v ansible-playbook'])).code !== 0)
    missing.push(
      'ansible-playbook is missing: apt-get install ansible-core, or leave it out with --with stars,script.',
    );
  if (contestants.includes('mitogen') && !existsSync(MITOGEN_PLUGINS))
    missing.push(
      'mitogen is missing: apt-get install ansible-mitogen, or leave it out with --with stars,script,ansible.',
    );
  if (!existsSync('/sys/fs/cgroup/unified') && !existsSync('/sys/fs/cgroup/cgroup.controllers'))
    missing.push('This machine has no cgroup2 tree, by which the CPU time of hosts and controllers is told apart.');
  if (missing.length > 0) missing.push('Without them only --only sandbox,cluster runs.');
  return missing;
}
