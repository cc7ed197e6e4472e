import { join } from 'node:path';
import { commands } from '../commands/index.js';
import { type Bot, createBot } from './bot/bot.js';
import type { Clock } from './clock.js';
import { createCluster } from './cluster/cluster.js';
import type { Connect } from './connection/connection.js';
import { hostTarget } from './connection/target.js';
import { StarsError } from './errors.js';
import type { Environment, Home } from './home/home.js';
import { isVault } from './inventory/vault.js';
import type { Log } from './log.js';
import { setupFact } from './provision/facts/setup.js';
import { modules } from './provision/modules/index.js';
import { createProvision, type Provision } from './provision/provision.js';
import { processIdentity } from './runs/process-identity.js';
import { createRuns, type RunHandle, type Runs } from './runs/runs.js';
import { type Database, openDatabase } from './store/database.js';
import { createRunStore, type RunStore } from './store/runs.js';

export type Adapters = {
  home: Home;
  clock: Clock;
  log: Log;
  connect: Connect;
  env: Readonly<Record<string, string | undefined>>;
  /** The environment that stands for one marked `sandbox: true`; starts the practice cluster when it does not run. */
  sandboxEnvironment?: ((environment: Environment) => Promise<Environment>) | undefined;
};

export type Stars = { bot: Bot; runs: Runs; store: RunStore; database: Database; close(): Promise<void> };

/** The whole service from its adapters: every dependency is made here, once, and handed down. */
export async function createStars(adapters: Adapters): Promise<Stars> {
  const { home, clock, log } = adapters;
  const database = await openDatabase({ databaseUrl: home.settings.databaseUrl, dataFolder: home.dataFolder });
  const store = createRunStore(database);
  const recording = { clock, redactor: home.redactor, log, owner: processIdentity() };
  const runs = createRuns({ ...recording, store });
  const bot = createBot({
    commands,
    home,
    runs,
    unrecorded: createRuns({ ...recording, store: undefined }),
    store,
    environmentOf: (name) => environmentOf(adapters, name),
    clusterOf: async (environment) =>
      createCluster(await environment.endpoints(), { environment: environment.name, clock, log }),
    provisionOf: (environment, run) => provisionOf(adapters, environment, run),
    dataFolder: join(home.dataFolder, 'backups'),
    clock,
    log,
  });
  return { bot, runs, store, database, close: () => database.destroy() };
}

async function environmentOf({ home, sandboxEnvironment }: Adapters, name: string): Promise<Environment> {
  const environment = await home.environment(name);
  if (!environment.config.sandbox) return environment;
  if (sandboxEnvironment) return sandboxEnvironment(environment);
  throw new StarsError('CONFIG', `The environment ${name} is the sandbox, which does not run here.`, {
    hint: 'Start it with “npx stars sandbox”.',
  });
}

function provisionOf({ home, clock, connect, env }: Adapters, environment: Environment, run: RunHandle): Provision {
  const { user, port, privateKeyFile, knownHosts, timeoutSeconds } = environment.config.connection;
  const decrypt = (text: string, file: string) => (isVault(text) ? home.vault(text, { file }) : text);
  return createProvision({
    inventory: () => environment.inventory(),
    inventoryFile: environment.inventorySources[0] ?? environment.folder,
    stackFolder: home.stackFolder,
    connect: (host, variables, signal) =>
      connect(
        hostTarget(host, variables, {
          user,
          port,
          privateKeyFile,
          knownHosts,
          connectTimeoutMs: timeoutSeconds * 1000,
        }),
        signal,
      ),
    modules,
    setupFact,
    decrypt,
    vault: (text) => home.vault(text, { file: 'a !vault value' }),
    environment: env,
    emit: run.emit,
    redactor: home.redactor,
    clock,
    runId: run.id,
    signal: run.signal,
  });
}
