import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { untilde, type Variables } from '../config.js';
import { StarsError, type Position } from '../errors.js';
import { loadInventory, type Inventory } from '../inventory/inventory.js';
import type { Vault } from '../inventory/vault.js';
import { Float, Unsafe } from '../jinja/value.js';
import type { Redactor, Secret } from '../secret.js';
import { readChecked } from './checked-file.js';
import { EnvironmentFile } from './environment-file.js';
import { resolveSecret, type SecretReference } from './secret-reference.js';
import type { StarsFile } from './stars-file.js';

export type ConnectionConfig = {
  user: string | undefined;
  port: number | undefined;
  /** Absolute paths. */
  privateKeyFile: string | undefined;
  knownHosts: string | undefined;
  timeoutSeconds: number;
};

/** environment.yml with its defaults filled in. */
export type EnvironmentConfig = Omit<EnvironmentFile, 'connection' | 'production' | 'access' | 'inventory'> & {
  production: boolean;
  connection: ConnectionConfig;
  access: StarsFile['access'];
};

/** Sections without which some commands do not work. */
export type Section = 'marathon' | 'chronos' | 'mesos' | 'mesosDns' | 'zookeeper' | 'services' | 'slack' | 'approvals';

export type Endpoint = { url: string[]; username?: string | undefined; password?: Secret | undefined };

/** The addresses of the cluster with their logins. */
export type Endpoints = Pick<EnvironmentConfig, 'mesosDns' | 'zookeeper'> & {
  services?: Record<string, { url: string; username?: string | undefined; password?: Secret | undefined }> | undefined;
  /** Certificates in PEM to trust beside the well-known ones. */
  ca?: string | undefined;
  marathon?: Endpoint | undefined;
  chronos?: Endpoint | undefined;
  mesos?: Endpoint | undefined;
};

export type Environment = {
  readonly name: string;
  /** `inventories/<name>`, absolute. */
  readonly folder: string;
  /** Absolute; none when the environment has no inventory. */
  readonly inventorySources: readonly string[];
  readonly config: EnvironmentConfig;
  readonly files: { readonly environment: string };
  /** The section of environment.yml. Throws CONFIG that says which lines to add to which file. */
  requireSection<S extends Section>(section: S): NonNullable<EnvironmentConfig[S]>;
  /** The inventory as it stands now. Throws CONFIG, INVENTORY, SYNTAX or VAULT. */
  inventory(): Promise<Inventory>;
  /** Throws CONFIG or VAULT, saying what to provide. */
  secret(reference: SecretReference): Promise<Secret>;
  /** Every configured address with its password looked up. Throws CONFIG or VAULT. */
  endpoints(): Promise<Endpoints>;
};

export type EnvironmentOptions = {
  name: string;
  folder: string;
  stackFolder: string;
  access: StarsFile['access'];
  env: Variables;
  vault: Vault;
  redactor: Redactor;
};

const INVENTORY_NAMES = ['hosts', 'hosts.ini', 'hosts.yml', 'hosts.yaml', 'inventory'];

/** Whether a folder looks like an environment: it has an inventory or an environment.yml. */
export function isEnvironment(folder: string): boolean {
  return [...INVENTORY_NAMES, 'environment.yml'].some((name) => existsSync(join(folder, name)));
}

/** Reads `inventories/<name>`. Throws CONFIG or SYNTAX with file, line and what to do. */
export function openEnvironment(options: EnvironmentOptions): Environment {
  const { name, folder, stackFolder, env, vault, redactor } = options;
  const file = join(folder, 'environment.yml');
  const parsed = readChecked(existsSync(file) ? readFileSync(file, 'utf8') : '', file, EnvironmentFile);
  const inventorySources = sourcesOf(parsed, folder, env);
  const config = completed(parsed, options);

  async function inventory(): Promise<Inventory> {
    if (inventorySources.length === 0) throw noInventory(name, folder);
    return readInventory();
  }

  function readInventory(): Promise<Inventory> {
    return loadInventory({
      sources: inventorySources,
      variableFolders: [folder],
      vault,
      redactor,
      limitFolder: folder,
    });
  }

  function requireSection<S extends Section>(section: S): NonNullable<EnvironmentConfig[S]> {
    const value = config[section];
    if (value === undefined) throw missingSection(section, name, file);
    return value;
  }

  // The variables of this machine are those of the group all: the place for what belongs to the whole environment.
  async function vaultVariable(variable: string): Promise<string | undefined> {
    const value = (await readInventory()).variablesOf('localhost', { playbookDir: stackFolder }).get(variable);
    if (value instanceof Unsafe) return value.text;
    if (typeof value === 'string' && value.includes('{{')) throw templatedSecret(variable, { file });
    if (value instanceof Float) return String(value.value);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : undefined;
  }

  function secret(reference: SecretReference): Promise<Secret> {
    return resolveSecret(reference, { env, folder, redactor, vaultVariable }, { file });
  }

  async function endpoint(section: 'marathon' | 'chronos' | 'mesos'): Promise<Endpoint | undefined> {
    const { url, username, password } = config[section] ?? {};
    return url && { url, username, password: password && (await secret(password)) };
  }

  async function servicesOf(
    given: NonNullable<EnvironmentConfig['services']>,
  ): Promise<NonNullable<Endpoints['services']>> {
    const entries = Object.entries(given).map(
      async ([service, { password, ...rest }]) =>
        [service, { ...rest, password: password && (await secret(password)) }] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async function endpoints(): Promise<Endpoints> {
    const { mesosDns, zookeeper } = config;
    const services = config.services && (await servicesOf(config.services));
    const [marathon, chronos, mesos] = [await endpoint('marathon'), await endpoint('chronos'), await endpoint('mesos')];
    return {
      ca: config.ca && (await certificates(config.ca)),
      marathon,
      chronos,
      mesos,
      mesosDns,
      zookeeper,
      services,
    };
  }

  async function certificates(path: string): Promise<string> {
    const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw noCertificates(`${path} cannot be read`, { file, cause });
    });
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw noCertificates(`${path} holds no certificate`, { file });
    return pem;
  }

  return {
    name,
    folder,
    inventorySources,
    config,
    files: { environment: file },
    requireSection,
    inventory,
    secret,
    endpoints,
  };
}

function completed(parsed: EnvironmentFile, { name, folder, access, env }: EnvironmentOptions): EnvironmentConfig {
  const { inventory: _inventory, connection, ...rest } = parsed;
  const path = (text: string | undefined) => (text === undefined ? undefined : resolve(folder, untilde(text, env)));
  return {
    ...rest,
    production: parsed.production ?? name === 'production',
    ca: path(parsed.ca),
    access: { ...access, ...parsed.access },
    connection: {
      user: connection.user,
      port: connection.port,
      privateKeyFile: path(connection.privateKeyFile),
      knownHosts: path(connection.knownHosts),
      timeoutSeconds: connection.timeoutSeconds ?? 10,
    },
  };
}

function sourcesOf({ inventory }: EnvironmentFile, folder: string, env: Variables): string[] {
  if (inventory) return inventory.map((source) => resolve(folder, untilde(source, env)));
  const found = INVENTORY_NAMES.find((name) => existsSync(join(folder, name)));
  return found === undefined ? [] : [join(folder, found)];
}

function noInventory(name: string, folder: string): StarsError {
  return new StarsError('CONFIG', `The environment ${name} has no inventory.`, {
    where: { file: folder },
    hint: `Write the hosts to ${join(folder, 'hosts')}, or name a file with inventory: PATH in environment.yml.`,
  });
}

function noCertificates(what: string, { file, cause }: { file: string; cause?: unknown }): StarsError {
  return new StarsError('CONFIG', `${what}, which ca in ${file} names.`, {
    where: { file },
    hint: 'Name a file in PEM with the certificate of the authority that signed those of the cluster.',
    cause,
  });
}

const EXAMPLES: Record<Section, string> = {
  marathon: 'marathon: {url: "http://master.example.org:8080"}',
  chronos: 'chronos: {url: "http://master.example.org:4400"}',
  mesos: 'mesos: {url: "http://master.example.org:5050"}',
  mesosDns: 'mesosDns: {url: "http://master.example.org:8123"}',
  zookeeper: 'zookeeper: {hosts: ["master.example.org:2181"]}',
  services: 'services: {zeppelin: {url: "http://zeppelin.example.org:8080"}}',
  slack: 'slack: {channel: "C012AB3CD"}',
  approvals: 'approvals: {commands: [deploy], approvers: [U012AB3CD]}',
};

function missingSection(section: Section, name: string, file: string): StarsError {
  return new StarsError('CONFIG', `The environment ${name} says nothing about ${section}.`, {
    where: { file },
    hint: `Add this line to ${file}, with your own values: ${EXAMPLES[section]}`,
  });
}

function templatedSecret(variable: string, where: Position): StarsError {
  return new StarsError('CONFIG', `The variable ${variable} is a template, not a secret.`, {
    where,
    hint: 'Refer to the encrypted variable itself, the one that the template names.',
  });
}
