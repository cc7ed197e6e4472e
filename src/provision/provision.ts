import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import type { Inventory } from '../inventory/inventory.js';
import type { Dict } from '../jinja/value.js';
import type { Emit, HostRecap, RunError } from '../model/run.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { controlModules, FREE_FORM } from './control-modules.js';
import { readExtraVars } from './extra-vars.js';
import { createHostRun, type HostRun } from './host-run.js';
import type { AnyModule, Fact } from './module.js';
import { createPlaybookLoader, type Play } from './playbook.js';
import { createPlayRunner } from './play-runner.js';
import { batchesOf } from './serial.js';
import { type KnownModules, playbookError, type Task, textList } from './task.js';
import { createTaskRunner } from './task-runner.js';
import { type PlayRun, searchFolders, templarFor, type VariableWorld } from './variables.js';

export type PlaybookRequest = {
  /** A playbook's file, or a role's name and the pattern of its hosts. */
  target: { playbook: string } | { role: string; hosts: string };
  limit?: string | undefined;
  tags?: readonly string[];
  skipTags?: readonly string[];
  startAt?: string | undefined;
  /** Overrides the plays' own `serial`. */
  serial?: string | undefined;
  forks?: number | undefined;
  check?: boolean;
  diff?: boolean;
  extraVars?: readonly string[];
};

export type ProvisionResult = { hosts: Record<string, HostRecap>; failed: RunError | undefined; plays: number };

export type Provision = {
  /** Runs a playbook or role on the environment's hosts; a host that fails is in the result, a mistake in the files is thrown before any host is touched. */
  run(request: PlaybookRequest): Promise<ProvisionResult>;
};

export type ProvisionOptions = {
  /** The inventory with the group_vars beside the playbook's folder. */
  inventory(playbookFolder: string): Promise<Inventory>;
  inventoryFile: string;
  stackFolder: string;
  connect(host: string, variables: ConnectionVariables, signal: AbortSignal): Promise<Connection>;
  modules: ReadonlyMap<string, AnyModule>;
  setupFact: Fact<Dict>;
  decrypt(text: string, file: string): string;
  vault: ((text: string) => string) | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  emit: Emit;
  clock: Clock;
  runId: string;
  signal: AbortSignal;
};

/** Variables of a host that say how to reach it, templated. */
export type ConnectionVariables = Dict;

const DEFAULT_FORKS = 50;

export function createProvision(options: ProvisionOptions): Provision {
  const known = knownModules(options.modules);

  async function run(request: PlaybookRequest): Promise<ProvisionResult> {
    const remarks = new Set<string>();
    const remark = (message: string) => {
      if (remarks.size >= 50 || remarks.has(message)) return;
      remarks.add(message);
      options.emit({ type: 'note', message });
    };
    const deprecated = (message: string, where?: { file: string; line?: number }) =>
      remark(where ? `${where.file}:${where.line ?? 1}: ${message}` : message);
    const rolesFolders = [join(options.stackFolder, 'roles')];
    const loader = createPlaybookLoader({ known, rolesFolders, decrypt: options.decrypt, deprecated });
    const plays =
      'playbook' in request.target
        ? loader.loadPlaybook(request.target.playbook)
        : [loader.playOfRole(request.target.role, { hosts: request.target.hosts, folder: options.stackFolder })];
    const playbookFolder = 'playbook' in request.target ? dirname(request.target.playbook) : options.stackFolder;
    const inventory = await options.inventory(playbookFolder);
    for (const warning of inventory.warnings) remark(warning);
    if (request.limit !== undefined) inventory.requireHosts(request.limit);

    const hosts = new Map<string, HostRun>();
    const world = createWorld(request, { inventory, playbookFolder, hosts, deprecated: remark });
    const runner = createTaskRunner({ ...options, world });
    const playRunner = createPlayRunner({
      ...options,
      world,
      runner,
      loader,
      forks: request.forks ?? DEFAULT_FORKS,
      tags: request.tags ?? [],
      skipTags: request.skipTags ?? [],
      startAt: { name: request.startAt },
      now: () => options.clock.now().getTime(),
    });
    try {
      let matched = 0;
      for (const play of plays) matched += await runPlay(play, { request, world, playRunner, remark });
      if (matched === 0) throw nobodyMatched(request, plays, inventory);
      return resultOf(hosts, plays.length);
    } finally {
      await closeAll(hosts);
    }
  }

  function createWorld(
    request: PlaybookRequest,
    given: Pick<VariableWorld, 'inventory' | 'playbookFolder' | 'deprecated'> & { hosts: Map<string, HostRun> },
  ): VariableWorld {
    const { inventory, hosts, playbookFolder } = given;
    const world: VariableWorld = {
      ...given,
      groups: inventory.groupsDict(),
      hostRun(name) {
        const existing = hosts.get(name);
        if (existing || !inventory.hosts.includes(name)) return existing;
        const made: HostRun = createHostRun(name, inventory.variablesOf(name, { playbookDir: playbookFolder }), () =>
          options.connect(name, connectionVariables(world, made), options.signal),
        );
        hosts.set(name, made);
        return made;
      },
      extraVars: readExtraVars(request.extraVars ?? [], options.stackFolder),
      checkMode: request.check ?? false,
      diffMode: request.diff ?? false,
      forks: request.forks ?? DEFAULT_FORKS,
      inventoryFile: options.inventoryFile,
      tags: request.tags ?? ['all'],
      skipTags: request.skipTags ?? [],
      vault: options.vault,
      environment: options.environment,
      now: () => options.clock.now(),
    };
    return world;
  }

  type PlaySetting = {
    request: PlaybookRequest;
    world: VariableWorld;
    playRunner: ReturnType<typeof createPlayRunner>;
    remark(message: string): void;
  };

  /** How many hosts the play's pattern matched. */
  async function runPlay(play: Play, { request, world, playRunner, remark }: PlaySetting): Promise<number> {
    const { hosts: names, warnings } = world.inventory.match(textList(play.hosts), request.limit);
    for (const warning of warnings) remark(warning);
    const all = names.map((name) => world.hostRun(name)).filter((host) => host !== undefined);
    const able = all.filter(({ status }) => status === 'active' || status === 'ended');
    if (able.length === 0) return all.length;
    for (const host of able) host.status = 'active';
    options.emit({ type: 'play.started', play: play.name, hosts: able.map(({ name }) => name) });
    for (const batch of batchesOf(able, request.serial ?? play.keywords.get('serial') ?? null)) {
      const playRun: PlayRun = { play, batch, all: able, varsFiles: new Map(), roles: play.roles };
      readVarsFiles(playRun, world);
      await playRunner.runBatch(withFactGathering(playRun));
      if (batch.every(({ status }) => status === 'failed' || status === 'unreachable')) break;
    }
    return all.length;
  }

  function readVarsFiles(run: PlayRun, world: VariableWorld): void {
    for (const host of run.batch) {
      const variables: Dict = new Map();
      run.varsFiles.set(host.name, variables);
      for (const entry of run.play.varsFiles) {
        const templar = templarFor(world, run, host);
        const candidates = (Array.isArray(entry) ? entry : [entry]).map((one) =>
          String(templar.template(one, run.play.where)),
        );
        const folders = searchFolders('vars', undefined, world.playbookFolder, run.play.file);
        for (const [name, value] of firstVarsFile(candidates, folders, run)) variables.set(name, value);
      }
    }
  }

  function firstVarsFile(candidates: readonly string[], folders: readonly string[], run: PlayRun): Dict {
    for (const candidate of candidates) {
      for (const folder of folders) {
        const text = readIfThere(join(candidate.startsWith('/') ? '' : folder, candidate));
        if (text === undefined) continue;
        const value = loadYaml(options.decrypt(text, candidate), { file: candidate });
        if (value === null) return new Map();
        if (value instanceof Map) return value;
        throw playbookError(`The variables file ${candidate} must hold a mapping.`, run.play.where);
      }
    }
    throw playbookError(
      `The variables file ${candidates.join(' or ')} was not found.`,
      run.play.where,
      `It was looked for in ${folders.join(', ')}.`,
    );
  }

  return { run };
}

/** The first task of a play is the gathering of facts, unless the play says no. */
function withFactGathering(run: PlayRun): PlayRun {
  const gather = run.play.keywords.get('gather_facts');
  if (gather === false || gather === 'no' || gather === 'false') return run;
  if (run.batch.every((host) => host.facts.size > 0)) return run;
  const keywords = new Map(
    [...run.play.keywords].filter(
      ([name]) => name === 'become' || name === 'become_user' || name === 'become_method' || name === 'remote_user',
    ),
  );
  const task: Task = {
    kind: 'task',
    name: 'Gathering Facts',
    module: 'setup',
    args: new Map(),
    argsTemplate: undefined,
    rawText: undefined,
    loop: undefined,
    loopControl: undefined,
    keywords: new Map(),
    listen: [],
    scope: { when: [], tags: ['always'], vars: [], environment: [], notify: [], keywords, role: undefined, params: [] },
    where: run.play.where,
  };
  return { ...run, play: { ...run.play, preTasks: [task, ...run.play.preTasks] } };
}

/** How to reach the host: its `ansible_*` variables, templated. */
function connectionVariables(world: VariableWorld, host: HostRun): ConnectionVariables {
  const templar = templarFor(world, undefined, host);
  const variables: Dict = new Map();
  for (const [name, value] of [...host.inventoryVars, ...world.extraVars]) {
    if (typeof name === 'string' && name.startsWith('ansible_')) variables.set(name, templar.template(value));
  }
  return variables;
}

function knownModules(modules: ReadonlyMap<string, AnyModule>): KnownModules {
  return {
    has: (name) => modules.has(name) || controlModules.has(name),
    names: () => [...modules.keys(), ...controlModules.keys()],
    freeForm: (name) => FREE_FORM.has(name) || modules.get(name)?.freeForm !== undefined,
  };
}

function nobodyMatched(request: PlaybookRequest, plays: readonly Play[], inventory: Inventory): StarsError {
  const patterns = [...new Set(plays.flatMap(({ hosts }) => textList(hosts)))].join(', ');
  const within = request.limit === undefined ? '' : ` within the limit ${request.limit}`;
  return new StarsError('UNKNOWN_HOST_PATTERN', `No host matches ${patterns}${within}.`, {
    hint: `Groups of this inventory: ${[...inventory.groups.keys()].filter((name) => name !== 'ungrouped').join(', ')}.`,
  });
}

function resultOf(hosts: ReadonlyMap<string, HostRun>, plays: number): ProvisionResult {
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

async function closeAll(hosts: ReadonlyMap<string, HostRun>): Promise<void> {
  await Promise.allSettled([...hosts.values()].map((host) => host.session.close()));
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
