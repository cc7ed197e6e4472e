import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../../src/clock.js';
import { connectLocal } from '../../src/connection/local.js';
import { loadInventory } from '../../src/inventory/inventory.js';
import { createVault, isVault } from '../../src/inventory/vault.js';
import { clean } from '../../src/model/clean.js';
import type { RunEventBody } from '../../src/model/run.js';
import { modules } from '../../src/provision/modules/index.js';
import {
  createProvision,
  type PlaybookRequest,
  type ProvisionOptions,
  type ProvisionResult,
} from '../../src/provision/provision.js';
import type { Redactor } from '../../src/secret.js';

/** A project's files by their path below its folder; `inventory`, a file or a folder, and `site.yml` are what is run. */
export type Project = Record<string, string>;

export type RunOptions = Omit<Partial<PlaybookRequest>, 'target'> &
  Partial<Pick<ProvisionOptions, 'connect' | 'runId' | 'claim' | 'durable'>> & {
    target?: PlaybookRequest['target'];
    clock?: Clock;
    signal?: AbortSignal;
    vaultPassword?: string;
    /** Takes out of events what it was told, as the record of runs does. */
    redactor?: Redactor;
  };

export type Played = {
  folder: string;
  result: ProvisionResult | undefined;
  error: unknown;
  events: RunEventBody[];
  notes: string[];
  /** Names of the hosts that were connected to, in order. */
  connected: string[];
};

const folders: string[] = [];

/** Writes the project into a new folder. `removeProjects` removes all of them. */
export function writeProject(project: Project): string {
  const folder = mkdtempSync(join(tmpdir(), 'stars-play-'));
  folders.push(folder);
  const isFolder = Object.keys(project).some((name) => name.startsWith('inventory/'));
  const all = { ...(isFolder ? {} : { inventory: '[web]\nh1\nh2\n' }), ...project };
  for (const [name, text] of Object.entries(all)) {
    const file = join(folder, 'project', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (text.startsWith('#!')) chmodSync(file, 0o755);
  }
  mkdirSync(join(folder, 'out'));
  return folder;
}

export function removeProjects(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Runs a project's site.yml on this machine, each host through a shell of its own; `base` is a variable with an empty folder. */
export async function runPlaybook(project: Project, options: RunOptions = {}): Promise<Played> {
  return runIn(writeProject(project), options);
}

/** The hosts of the project in so many parts; rejects with why it cannot be split. No host can be reached. */
export async function divided(project: Project, count: number, options: RunOptions = {}): Promise<string[][]> {
  const folder = writeProject(project);
  const connect = () => Promise.reject(new Error('A host was touched.'));
  const { provision, target, extraVars } = provisionIn(folder, { ...options, connect });
  return provision.divide({ ...options, target, extraVars }, count);
}

/** The same for a project that is written already. */
export async function runIn(folder: string, options: RunOptions = {}): Promise<Played> {
  const { provision, target, extraVars, request, events, connected } = provisionIn(folder, options);
  const notes = () => events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
  try {
    const result = await provision.run({ ...request, target, extraVars });
    return { folder, result, error: undefined, events, notes: notes(), connected };
  } catch (error) {
    return { folder, result: undefined, error, events, notes: notes(), connected };
  }
}

function provisionIn(folder: string, options: RunOptions) {
  const {
    connect,
    clock = systemClock,
    signal = new AbortController().signal,
    vaultPassword,
    redactor,
    runId = 'test',
    claim,
    durable,
    ...request
  } = options;
  const stack = join(folder, 'project');
  const events: RunEventBody[] = [];
  const connected: string[] = [];
  const vault = createVault(vaultPassword === undefined ? {} : { passwordFile: writePassword(folder, vaultPassword) });
  const provision = createProvision({
    inventory: () => loadInventory({ sources: [join(stack, 'inventory')], vault, redactor }),
    inventoryFile: join(stack, 'inventory'),
    stackFolder: stack,
    async connect(host, variables, stop, claimed) {
      connected.push(host);
      return connect ? connect(host, variables, stop, claimed) : connectLocal({ name: host });
    },
    modules,
    decrypt: (text, file, encoding) => (isVault(text) ? vault(text, { file }, encoding) : text),
    vault: (text) => vault(text, { file: 'a value' }),
    environment: process.env,
    emit: (event) => events.push(redactor ? clean(event, redactor) : event),
    redactor,
    clock,
    runId,
    claim,
    durable,
    signal,
  });
  const target = options.target ?? { playbook: join(stack, 'site.yml') };
  const extraVars = [`base=${join(folder, 'out')}`, ...(request.extraVars ?? [])];
  return { provision, target, extraVars, request, events, connected };
}

function writePassword(folder: string, password: string): string {
  const file = join(folder, 'vault-password');
  writeFileSync(file, password, { mode: 0o600 });
  return file;
}

type ResultEvent = Extract<RunEventBody, { type: 'task.result' }>;

export function resultsOf({ events }: Played): ResultEvent[] {
  return events.filter((event): event is ResultEvent => event.type === 'task.result');
}

/** `task host status`, one line for each result of a whole task, in order; `changed` instead of `ok` where something changed. */
export function linesOf(played: Played): string[] {
  return resultsOf(played)
    .filter(({ item }) => item === undefined)
    .map(({ task, host, status, changed }) => `${task} ${host} ${status === 'ok' && changed ? 'changed' : status}`);
}

/** What debug tasks said, one line each with its host; items of a loop each. */
export function saidBy(played: Played): string[] {
  const results = resultsOf(played);
  return results.flatMap(({ task, host, item, message }, index) => {
    const itsItems = results.slice(0, index).findLast((one) => one.item !== undefined && one.host === host);
    const summary = item === undefined && itsItems?.task === task && itsItems !== undefined;
    return message === undefined || summary ? [] : [`${host}: ${message}`];
  });
}
