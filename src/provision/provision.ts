import { dirname, join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { type Position, StarsError } from '../errors.js';
import type { Inventory } from '../inventory/inventory.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Emit } from '../model/run.js';
import type { Redactor } from '../secret.js';
import { createTemplar } from '../templating/templar.js';
import { argumentNames } from './arguments.js';
import { controlModules, FREE_FORM } from './control-modules.js';
import { readExtraVars } from './extra-vars.js';
import { FACT_TASK, gatheringTask } from './fact-gathering.js';
import { createHostRun, type HostRun, type Reach } from './host-run.js';
import type { AnyModule, Fact } from './module.js';
import { createModuleRunner } from './module-runner.js';
import { registerPasswords } from './passwords.js';
import { createPlaybookLoader, type Play } from './playbook.js';
import { textList } from './playbook-error.js';
import { createPlayRunner } from './play-runner.js';
import type { ProvisionResult } from './provision-result.js';
import { resultOf } from './recap.js';
import { batchesOf } from './serial.js';
import type { KnownModules } from './task-module.js';
import { createTaskRunner } from './task-runner.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';
import { createVarsFiles, type VarsFiles } from './vars-files.js';

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
  /** False when `extraVars` come from a chat: then they are data, never templates. Default true. */
  trusted?: boolean;
};

export type { ProvisionResult } from './provision-result.js';
import { pythonText } from './python-text.js';

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
  /** Learns the passwords in the variables of hosts before events can show them. */
  redactor?: Redactor | undefined;
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
    const remark = createRemarks(options.emit);
    const { loader, plays, playbookFolder } = load(request, remark);
    const inventory = await options.inventory(playbookFolder);
    for (const warning of inventory.warnings) remark(warning);
    if (request.limit !== undefined) inventory.requireHosts(request.limit);

    const hosts = new Map<string, HostRun>();
    const world = createWorld(request, { inventory, playbookFolder, hosts, deprecated: remark });
    const ready = plays.map((play) => prepare(play, { request, world, remark }));
    const matched = ready.some(({ names }) => names.length > 0);
    if (!matched) throw nobodyMatched(request, plays, inventory);
    const startAt = { name: request.startAt };
    let tasksStarted = false;
    const emit: Emit = (event) => {
      tasksStarted ||= event.type === 'task.started' && event.task !== FACT_TASK;
      options.emit(event);
    };
    const playRunner = createRunner(request, { world, loader, startAt, emit });
    try {
      for (const play of ready) if ((await runPlay(play, { request, world, playRunner })) === 'broken') break;
      if (startAt.name !== undefined) throw noSuchTask(startAt.name);
      if (!tasksStarted && request.tags?.length)
        remark(`No task was run: none has a tag of ${request.tags.join(', ')}.`);
      return resultOf(hosts, plays.length);
    } finally {
      await Promise.allSettled([...hosts.values()].map((host) => host.close()));
    }
  }

  /** Everything that the files say, before any host is touched. */
  function load(request: PlaybookRequest, remark: (message: string) => void) {
    const deprecated = (message: string, where: Position | undefined) =>
      remark(where ? `${where.file}:${where.line ?? 1}: ${message}` : message);
    const rolesFolders = [join(options.stackFolder, 'roles')];
    const loader = createPlaybookLoader({ known, rolesFolders, decrypt: options.decrypt, deprecated });
    const { target } = request;
    const plays =
      'playbook' in target
        ? loader.loadPlaybook(target.playbook)
        : [loader.playOfRole(target.role, { hosts: target.hosts, folder: options.stackFolder })];
    return { loader, plays, playbookFolder: 'playbook' in target ? dirname(target.playbook) : options.stackFolder };
  }

  function createRunner(
    request: PlaybookRequest,
    given: {
      world: VariableWorld;
      loader: ReturnType<typeof createPlaybookLoader>;
      startAt: { name: string | undefined };
      emit: Emit;
    },
  ) {
    const moduleRunner = createModuleRunner({ ...options, world: given.world });
    return createPlayRunner({
      ...options,
      ...given,
      runner: createTaskRunner({ ...options, moduleRunner, world: given.world }),
      actions: moduleRunner.actions,
      forks: request.forks ?? DEFAULT_FORKS,
      tags: request.tags ?? [],
      skipTags: request.skipTags ?? [],
      now: () => options.clock.now().getTime(),
    });
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
        if (existing || !(inventory.hosts.includes(name) || LOCAL_NAMES.includes(name))) return existing;
        const variables = inventory.variablesOf(name, { playbookDir: playbookFolder });
        const made = createHostRun(name, variables, (host, reach) =>
          options.connect(name, connectionVariables(world, host, reach), options.signal),
        );
        hosts.set(name, made);
        world.hidePasswords(templarFor(world, undefined, made));
        return made;
      },
      extraVars: readExtraVars(request.extraVars ?? [], {
        folder: options.stackFolder,
        trusted: request.trusted ?? true,
      }),
      checkMode: request.check ?? false,
      diffMode: request.diff ?? false,
      forks: request.forks ?? DEFAULT_FORKS,
      inventoryFile: options.inventoryFile,
      tags: request.tags ?? ['all'],
      skipTags: request.skipTags ?? [],
      vault: options.vault,
      environment: options.environment,
      now: () => options.clock.now(),
      hidePasswords: (templar) => registerPasswords(templar, options.redactor),
    };
    return world;
  }

  type Setting = { request: PlaybookRequest; world: VariableWorld };

  /** The play with its hosts and variables files, so that a mistake in a later play shows before the first one runs. */
  function prepare(given: Play, { request, world, remark }: Setting & { remark(message: string): void }): ReadyPlay {
    const play = withNames(given, world);
    const { hosts: names, warnings } = world.inventory.match(textList(play.hosts), request.limit);
    for (const warning of warnings) remark(warning);
    batchesOf(names, serialOf(play, request));
    return { play, names, varsFiles: createVarsFiles(play, options.decrypt) };
  }

  async function runPlay(
    { play, names, varsFiles }: ReadyPlay,
    { request, world, playRunner }: Setting & { playRunner: ReturnType<typeof createPlayRunner> },
  ): Promise<'done' | 'broken'> {
    const all = names.flatMap((name) => world.hostRun(name) ?? []);
    const able = all.filter(({ status }) => status === 'active' || status === 'ended');
    if (able.length === 0) return 'done';
    for (const host of able) host.status = 'active';
    options.emit({ type: 'play.started', play: play.name, hosts: able.map(({ name }) => name) });
    for (const batch of batchesOf(able, serialOf(play, request))) {
      const playRun: PlayRun = { play, batch, all: able, varsFiles };
      for (const host of batch) varsFiles.read(host.name, templarFor(world, playRun, host), false);
      const end = await playRunner.runBatch(playRun, gatheringTask(playRun, world));
      if (end === 'play-ended') return 'done';
      // Nothing that follows is safe when all hosts of a batch are lost: what comes next may build on them.
      const lost = batch.every(({ status }) => status === 'failed' || status === 'unreachable');
      if (end === 'broken' || lost) return 'broken';
    }
    return 'done';
  }

  return { run };
}

type ReadyPlay = { play: Play; names: string[]; varsFiles: VarsFiles };

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];
const MOST_REMARKS = 50;

/** Tells each remark once. */
function createRemarks(emit: Emit): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (told.size >= MOST_REMARKS || told.has(message)) return;
    told.add(message);
    emit({ type: 'note', message });
  };
}

/** The play with its hosts and name templated, for which only the play's own and extra variables are known. */
function withNames(play: Play, world: VariableWorld): Play {
  const templar = createTemplar({
    lookup: (name) =>
      world.extraVars.get(name) ?? play.vars.get(name) ?? (name === 'groups' ? world.groups : undefined),
    environment: world.environment,
    now: world.now,
  });
  const name = templar.isTemplate(play.name) ? nameOrRaw(() => templar.template(play.name), play.name) : play.name;
  return { ...play, name, hosts: templar.template(play.hosts, play.where) };
}

function nameOrRaw(template: () => Value, raw: string): string {
  try {
    return pythonText(template());
  } catch {
    return raw;
  }
}

function serialOf(play: Play, request: PlaybookRequest): Value {
  return request.serial ?? play.keywords.get('serial') ?? null;
}

/** How to reach the host: its `ansible_*` variables, templated, and what the play says where they are silent. */
function connectionVariables(world: VariableWorld, host: HostRun, reach: Reach): ConnectionVariables {
  const templar = templarFor(world, undefined, host);
  const variables: Dict = new Map();
  for (const [name, value] of [...host.inventoryVars, ...world.extraVars]) {
    if (typeof name === 'string' && name.startsWith('ansible_')) variables.set(name, templar.template(value));
  }
  const fill = (value: string | undefined, name: string, older: string) => {
    if (value !== undefined && !variables.has(name) && !variables.has(older)) variables.set(name, value);
  };
  fill(reach.user, 'ansible_user', 'ansible_ssh_user');
  fill(reach.port, 'ansible_port', 'ansible_ssh_port');
  fill(reach.connection, 'ansible_connection', 'ansible_connection');
  return variables;
}

function knownModules(modules: ReadonlyMap<string, AnyModule>): KnownModules {
  const argumentsOf = new Map([...modules].map(([name, module]) => [name, argumentNames(module)]));
  return {
    has: (name) => modules.has(name) || controlModules.has(name),
    names: () => [...modules.keys(), ...controlModules.keys()],
    freeForm: (name) => FREE_FORM.has(name) || modules.get(name)?.freeForm !== undefined,
    argumentNames: (name) => argumentsOf.get(name),
  };
}

function nobodyMatched(request: PlaybookRequest, plays: readonly Play[], inventory: Inventory): StarsError {
  const patterns = [...new Set(plays.flatMap(({ hosts }) => textList(hosts)))].join(', ');
  const within = request.limit === undefined ? '' : ` within the limit ${request.limit}`;
  return new StarsError('UNKNOWN_HOST_PATTERN', `No host matches ${patterns}${within}.`, {
    hint: `Groups of this inventory: ${[...inventory.groups.keys()].filter((name) => name !== 'ungrouped').join(', ')}.`,
  });
}

function noSuchTask(name: string): StarsError {
  return new StarsError('USAGE', `No task is called “${name}”, so nothing ran.`, {
    hint: 'Write the name of the task as the playbook has it; * and ? stand for anything.',
  });
}
