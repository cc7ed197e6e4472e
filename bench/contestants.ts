import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tryRun } from '../test/hosts/support/run-command.js';
import type { Fleet } from './fleet.js';
import { type Measured, measure } from './measure.js';
import type { ContestantName } from './options.js';

/** Brings a fleet to what the workload says, once, in a new process. */
export type Contestant = (fleet: Fleet) => Promise<Measured>;

export const MITOGEN_PLUGINS = '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy';

const ROOT = resolve(import.meta.dirname, '..');
const SCRIPT = join(import.meta.dirname, 'workload', 'worker.sh');

export const contestants: Record<ContestantName, Contestant> = {
  stars: (fleet) =>
    run(fleet, [process.execPath, join(ROOT, 'bin', 'stars.js'), 'deploy', 'site', 'bench'], {
      STARS_HOME: fleet.home,
    }),
  script: (fleet) => run(fleet, ['sh', '-c', EVERY_HOST, SCRIPT, fleet.sshConfig, ...fleet.names]),
  ansible: (fleet) => ansible(fleet, []),
  mitogen: (fleet) => ansible(fleet, ['strategy = mitogen_linear', `strategy_plugins = ${MITOGEN_PLUGINS}`]),
};

/** The floor: one OpenSSH client a host, all at once, each feeding the script to one shell. */
const EVERY_HOST = `config=$1; shift
pids=
for host; do ssh -F "$config" "$host" sudo -n sh -s <"$0" & pids="$pids $!"; done
status=0
for pid in $pids; do wait "$pid" || status=1; done
exit $status`;

async function ansible(fleet: Fleet, defaults: readonly string[]): Promise<Measured> {
  const config = join(fleet.home, 'ansible.cfg');
  const lines = [
    '[defaults]',
    `forks = ${fleet.names.length}`,
    'retry_files_enabled = false',
    // A busy machine must not make hosts unreachable.
    'timeout = 60',
    ...defaults,
    '[ssh_connection]',
    'pipelining = true',
    'ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o PreferredAuthentications=publickey',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const sockets = join(fleet.home, 'control');
  const playbook = join(fleet.home, 'stack', 'site.yml');
  try {
    return await run(fleet, ['ansible-playbook', '-i', fleet.inventory, playbook], {
      ANSIBLE_CONFIG: config,
      ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
      ANSIBLE_HOST_KEY_CHECKING: 'True',
    });
  } finally {
    await endMasters(sockets);
  }
}

/** Each run logs in anew, as a person's first run of the day does. */
async function endMasters(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    await tryRun('ssh', ['-o', `ControlPath=${join(folder, name)}`, '-O', 'exit', 'any']);
  await rm(folder, { recursive: true, force: true });
}

async function run(
  fleet: Fleet,
  command: readonly string[],
  environment: Record<string, string> = {},
): Promise<Measured> {
  const measured = await measure(command, { environment, folder: fleet.home, hostGroups: fleet.hostGroups });
  if (measured.code === 0) return measured;
  throw new Error(`${command.join(' ')} ended with exit code ${measured.code}:\n${measured.output.slice(-3000)}`);
}

/** How many changes the hosts' recaps count together. */
export function changesIn(output: string): number {
  return [...output.matchAll(/changed=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}
