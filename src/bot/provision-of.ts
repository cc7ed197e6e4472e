import type { Clock } from '../clock.js';
import type { Connect } from '../connection/connection.js';
import { hostTarget } from '../connection/target.js';
import type { Environment, Home } from '../home/home.js';
import { isVault } from '../inventory/vault.js';
import type { HostReading } from '../model/host-state.js';
import type { RunClaim } from '../provision/host-claim.js';
import { modules } from '../provision/modules/index.js';
import { createProvision, type Provision, type ProvisionOptions } from '../provision/provision.js';
import type { RunHandle } from '../runs/runs.js';
import { readHosts } from './read-hosts.js';

/** What reaches the hosts of any environment. */
export type Reach = {
  home: Home;
  clock: Clock;
  connect: Connect;
  env: Readonly<Record<string, string | undefined>>;
};

type For = { run: Pick<RunHandle, 'id' | 'emit' | 'durable' | 'signal'>; claim?: RunClaim };

/** The playbooks of the stack on the hosts of an environment, in the name of a run. */
export function provisionOf(
  { home, clock, connect, env }: Reach,
  environment: Environment,
  { run, claim }: For,
): Provision {
  const { user, port, privateKeyFile, knownHosts, timeoutSeconds } = environment.config.connection;
  return createProvision({
    inventory: () => environment.inventory(),
    inventoryFile: environment.inventorySources[0] ?? environment.folder,
    stackFolder: home.stackFolder,
    connect: (host, variables, signal, claim) =>
      connect(
        hostTarget(host, variables, {
          user,
          port,
          privateKeyFile,
          knownHosts,
          connectTimeoutMs: timeoutSeconds * 1000,
        }),
        signal,
        claim,
      ),
    modules,
    decrypt: decryptOf(home),
    vault: (text) => home.vault(text, { file: 'a !vault value' }),
    environment: env,
    emit: run.emit,
    redactor: home.redactor,
    clock,
    runId: run.id,
    durable: run.durable,
    claim,
    signal: run.signal,
  });
}

/** Opens files that are vaults. */
export function decryptOf({ vault }: Pick<Home, 'vault'>): ProvisionOptions['decrypt'] {
  return (text, file, encoding) => (isVault(text) ? vault(text, { file }, encoding) : text);
}

/** How the hosts of an environment stand, asked by the service itself; nothing is changed or locked. */
export function hostReadings(
  reach: Reach,
  environment: Environment,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<HostReading[]> {
  const run = { id: 'watch', emit: () => undefined, durable: async () => undefined, signal };
  return readHosts({ provision: provisionOf(reach, environment, { run }) }, { timeoutMs });
}
