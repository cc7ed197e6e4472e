import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSettings, untilde, type Settings, type Variables } from '../config.js';
import { StarsError } from '../errors.js';
import { createVault, type Vault } from '../inventory/vault.js';
import { didYouMean } from '../near-names.js';
import { createRedactor, type Redactor } from '../secret.js';
import { readChecked } from './checked-file.js';
import { isEnvironment, openEnvironment, type Environment } from './environment.js';
import { createPlanKey, passwordOf } from './plan-key.js';
import { resolveTarget, stackTargets, type Target } from './stack-targets.js';
import { StarsFile } from './stars-file.js';
import { isFolder } from '../path-kind.js';

export type { Environment } from './environment.js';
export type { Target } from './stack-targets.js';

export type HomeOptions = { env: Variables; cwd: string; redactor?: Redactor };

/** A folder with inventories and a stack, and what the environment variables say about it. */
export type Home = {
  /** Absolute, as are the other folders. */
  readonly folder: string;
  readonly stackFolder: string;
  /** For backups, the embedded database and other state; never part of the stack. */
  readonly dataFolder: string;
  readonly settings: Settings;
  /** The environment variables of the process. */
  readonly env: Variables;
  /** stars.yml */
  readonly config: StarsFile;
  readonly vault: Vault;
  readonly redactor: Redactor;
  /** With which plans and links to runs are sealed. Throws CONFIG when it can be neither read nor made. */
  readonly planKey: () => Buffer;
  /** Names of the environments there are now, sorted. */
  environments(): string[];
  /** The environment meant when none is named: the channel's (by id or name), else the home's, else the only one there is. */
  defaultEnvironment(...channel: string[]): string | undefined;
  /** Reads the environment as it stands now. Throws UNKNOWN_ENVIRONMENT, CONFIG or SYNTAX. */
  environment(name: string): Promise<Environment>;
  /** What can be deployed now. */
  targets(): Promise<Target[]>;
  /** Throws UNKNOWN_TARGET with near names or a list. */
  resolveTarget(text: string): Promise<Target>;
};

/** Opens the Stars home that STARS_HOME names, default `cwd`. Throws CONFIG or SYNTAX with file, line and what to do. */
export async function openHome({ env, cwd, redactor = createRedactor() }: HomeOptions): Promise<Home> {
  const settings = readSettings(env, cwd);
  const folder = settings.home;
  if (!isFolder(folder)) throw noFolder(folder);
  registerSecrets(settings, redactor);
  const config = readStarsFile(join(folder, 'stars.yml'));
  const inFolder = (path: string) => resolve(folder, untilde(path, env));
  const stackFolder = inFolder(config.stack);
  const inventories = join(folder, 'inventories');
  const vault = createVault({ passwordFile: settings.vaultPasswordFile });
  const dataFolder = settings.data ?? inFolder(config.data ?? '.stars');

  function environments(): string[] {
    if (!isFolder(inventories)) return [];
    return readdirSync(inventories)
      .filter((name) => !name.startsWith('.') && isEnvironment(join(inventories, name)))
      .sort();
  }

  function defaultEnvironment(...channel: string[]): string | undefined {
    const { channels, environment } = config.defaults;
    const named = channel
      .map((name) => channels[name] ?? channels[name.replace(/^#/, '')])
      .find((name) => name !== undefined);
    const all = environments();
    return named ?? environment ?? (all.length === 1 ? all[0] : undefined);
  }

  async function environment(name: string): Promise<Environment> {
    const known = environments();
    if (!known.includes(name)) throw unknownEnvironment(name, known, inventories);
    return openEnvironment({
      name,
      folder: join(inventories, name),
      stackFolder,
      access: config.access,
      env,
      vault,
      redactor,
    });
  }

  return {
    folder,
    stackFolder,
    dataFolder,
    settings,
    env,
    config,
    vault,
    redactor,
    planKey: createPlanKey({ databaseUrl: settings.databaseUrl, dataFolder }),
    environments,
    defaultEnvironment,
    environment,
    targets: () => stackTargets(stackFolder),
    resolveTarget: async (text) => resolveTarget(text, await stackTargets(stackFolder), stackFolder),
  };
}

function readStarsFile(file: string): StarsFile {
  return readChecked(existsSync(file) ? readFileSync(file, 'utf8') : '', file, StarsFile);
}

function registerSecrets({ databaseUrl, slack }: Settings, redactor: Redactor): void {
  for (const secret of [slack.botToken, slack.appToken, slack.signingSecret]) if (secret) redactor.add(secret);
  // Of the database's address only the password: host names are no secret and stand in many messages.
  const password = databaseUrl && passwordOf(databaseUrl);
  if (password) redactor.add(password);
}

function noFolder(folder: string): StarsError {
  return new StarsError('CONFIG', `The Stars home ${folder} does not exist.`, {
    hint: 'Set STARS_HOME to a folder with inventories/ and stack/, or start Stars inside of it.',
  });
}

function unknownEnvironment(name: string, known: string[], inventories: string): StarsError {
  const list =
    known.length === 0
      ? `There is none yet: make ${join(inventories, '<name>', 'hosts')}.`
      : `There are: ${known.join(', ')}.`;
  const near = didYouMean(name, known);
  return new StarsError('UNKNOWN_ENVIRONMENT', `There is no environment called ${name}.`, {
    hint: near === undefined ? list : `${near} ${list}`,
  });
}
