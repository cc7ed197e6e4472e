import { basename, dirname, join } from 'node:path';
import type { Clock } from '../clock.js';
import type { HostClaim } from '../connection/claim.js';
import type { Connection } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import type { Inventory } from '../inventory/inventory.js';
import type { Dict } from '../jinja/value.js';
import type { OwedHandler } from '../model/remainder.js';
import type { Emit } from '../model/run.js';
import type { Redactor } from '../secret.js';
import { createTemplar } from '../templating/templar.js';
import type { AdHocPlay, OnResult } from './ad-hoc.js';
import { createCrossings, type Crossing, notToBeSplit, playsAcrossHosts } from './across-hosts.js';
import { readAnsibleCfg } from './ansible-cfg.js';
import { type Asked, askHosts, type HostAnswer } from './ask-hosts.js';
import { readExtraVars } from './extra-vars.js';
import type { StaticName } from './role-reader.js';
import type { InventoryChanges } from './control/index.js';
import { FACT_TASK, gatheringTask } from './fact-gathering.js';
import { createFindings, type Findings } from './survey/findings.js';
import type { Watch } from './change.js';
import { createForesight } from './foresight.js';
import type { RunClaim } from './host-claim.js';
import type { HostRun } from './host-run.js';
import type { AnyModule } from './module.js';
import { jobsGoOn } from './async-jobs.js';
import { createModuleRunner } from './module-runner.js';
import { inventoryFiles } from './file-seals.js';
import { createPlaybookLoader, type Play, type PlaybookLoader } from './playbook.js';
import { createReports } from './playbook-error.js';
import { createRemarks, placed } from './remarks.js';
import { createPlayRunner } from './play-runner.js';
import type { ProvisionResult } from './provision-result.js';
import { resultOf } from './recap.js';
import { inOrder } from './host-order.js';
import { knownModules } from './known-modules.js';
import { nobodyMatched, noSuchTask } from './nothing-to-run.js';
import { ofBatch, prepare, type ReadyPlay, rematched, serialOf } from './ready-play.js';
import { batchesOf } from './serial.js';
import type { KnownModules } from './task-module.js';
import { createPythonPlugins, pluginFolders } from './survey/python-plugins.js';
import { surveyPlays } from './survey/survey.js';
import { flatTasks, type Task } from './task.js';
import { createTaskJournal } from './task-journal.js';
import { createTaskRunner } from './task-runner.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';
import { createVariablesReader } from './variables-reader.js';
import { type HostHalt, haltOnHosts, type HostLook, lookAtHosts } from './verify-hosts.js';
import { type ConnectionVariables, createWorld } from './world.js';

export type PlaybookRequest = {
  /** A playbook's file, a role's name and the pattern of its hosts, or a play that stands in no file. */
  target: { playbook: string } | { role: string; hosts: string } | { play: AdHocPlay };
  onResult?: OnResult | undefined;
  limit?: string | undefined;
  /** It has some hosts of what was split by `divide`: what speaks of all of them is refused. */
  part?: boolean;
  tags?: readonly string[];
  skipTags?: readonly string[];
  startAt?: string | undefined;
  /** Handlers that hosts owe from a run that this one continues. */
  owed?: readonly OwedHandler[];
  /** Told of every change before it is made; an error that it throws keeps the host from it. */
  watch?: Watch | undefined;
  /** Emits no events. */
  quiet?: boolean;
  /** Overrides the plays' own `serial`. */
  serial?: string | undefined;
  /** How long to wait for a host that another run works on; by default not at all. */
  waitMs?: number | undefined;
  forks?: number | undefined;
  check?: boolean;
  diff?: boolean;
  extraVars?: readonly string[];
  /** False when `extraVars` come from a chat: then they are data, never templates. Default true. */
  trusted?: boolean;
};

export type { ProvisionResult } from './provision-result.js';
export type { ConnectionVariables } from './world.js';
import { pythonText } from './python-text.js';

export type Provision = {
  /** Runs a playbook or role on the environment's hosts; a host that fails is in the result, a mistake in the files is thrown before any host is touched. */
  run(request: PlaybookRequest): Promise<ProvisionResult>;
  /**
   * The hosts of a request in at most so many parts, each of which can run alone with them as its limit. UNSUPPORTED names what in the
   * files speaks of all hosts at once. No host is touched.
   */
  divide(request: PlaybookRequest, count: number): Promise<string[][]>;
  /** Reads on the hosts of a pattern, all at once; what cannot be asked is part of the answer, and nothing is changed or locked. */
  ask<T>(asked: Asked<T>): Promise<HostAnswer<T>[]>;
  /** What hosts tell of the last action of a run, which may be one that died; asks and changes nothing. */
  lookAt(run: string, hosts: readonly string[]): Promise<HostLook[]>;
  /** Ends what a run does on hosts, though it may be alive, and frees them. */
  halt(run: string, hosts: readonly string[]): Promise<HostHalt[]>;
};

export type ProvisionOptions = {
  /** The inventory with the group_vars beside the playbook's folder. */
  inventory(playbookFolder: string): Promise<Inventory>;
  inventoryFile: string;
  stackFolder: string;
  /** With a claim, the host's lock is taken for it. */
  connect(host: string, variables: ConnectionVariables, signal: AbortSignal, claim?: HostClaim): Promise<Connection>;
  modules: ReadonlyMap<string, AnyModule>;
  /** The plain text of a vaulted file, its bytes as `latin1`; other text as it is. */
  decrypt(text: string, file: string, encoding?: 'utf8' | 'latin1'): string;
  vault: ((text: string) => string) | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  emit: Emit;
  /** Learns the passwords in the variables of hosts before events can show them. */
  redactor?: Redactor | undefined;
  clock: Clock;
  runId: string;
  /** In whose name runs that change something lock their hosts; by default in that of this process. */
  claim?: RunClaim | undefined;
  /** Resolves when all that was emitted is stored: what acts on a host waits for it. */
  durable?: (() => Promise<void>) | undefined;
  signal: AbortSignal;
};

export function createProvision(options: ProvisionOptions): Provision {
  const known = knownModules(options.modules);
  let tasks = 0;
  const nextTask = () => (tasks += 1);
  return {
    run: (request) => createOneRun({ ...options, nextTask }, known, request).run(request),
    divide: (request, count) =>
      createOneRun({ ...options, nextTask }, known, { ...request, quiet: true }).divide(request, count),
    ask: (asked) => askHosts(options, asked),
    lookAt: (run, hosts) => lookAtHosts(options, run, hosts),
    halt: (run, hosts) => haltOnHosts(options, run, hosts),
  };
}

/** `nextTask` counts the announced tasks over all playbooks of a run. */
type OneRunOptions = ProvisionOptions & { nextTask(): number };

/** One run of a playbook, which keeps track of the files that it reads. */
function createOneRun(
  given: OneRunOptions,
  known: KnownModules,
  { quiet, watch }: PlaybookRequest,
): Pick<Provision, 'run' | 'divide'> {
  const files = new Set<string>();
  /** Hosts that stay so for the plays that follow, though errors were cleared in one. */
  const unreachable = new Set<HostRun>();
  const onRead = (file: string) => void files.add(file);
  const decrypt: ProvisionOptions['decrypt'] = (text, file, encoding) => {
    onRead(file);
    return given.decrypt(text, file, encoding);
  };
  const readVariables = createVariablesReader({ decrypt, redactor: given.redactor });
  const options = {
    ...given,
    watch,
    emit: quiet ? () => undefined : given.emit,
    decrypt,
    readVariables,
    vault: given.vault && hiding(given.vault, given.redactor),
  };

  /** Reads all that the files say and looks whether it can be run, before any host is touched. */
  async function surveyed(request: PlaybookRequest, withCrossings = false) {
    const remark = createRemarks(options.emit);
    const playbook = 'playbook' in request.target ? dirname(request.target.playbook) : options.stackFolder;
    const findings = createFindings(
      options.stackFolder,
      createPythonPlugins(() => pluginFolders(playbook, options.stackFolder)),
    );
    const { loader, reports, plays, playbookFolder } = load(request, remark, findings);
    for (const file of inventoryFiles([], elsewhere(plays, playbookFolder))) onRead(file);
    const hosts = new Map<string, HostRun>();
    const { inventory, ready, world, ...inventoryOfRun } = await makeReady().catch(refuse);
    const crossings = withCrossings ? createCrossings((name) => isOfInventory(name, world)) : undefined;
    try {
      surveyPlays(ready, {
        crossings,
        modules: options.modules,
        world,
        loader,
        reports,
        findings,
        tags: request.tags ?? [],
        skipTags: request.skipTags ?? [],
      });
    } catch (error) {
      refuse(error);
    }
    tell(findings, request, remark);
    const matched = ready.some(({ names }) => names.length > 0);
    if (!matched) throw nobodyMatched(request, plays, inventory);
    return { ready, world, hosts, plays, loader, remark, inventoryOfRun, crossings: crossings?.all() ?? [] };

    /** What is wrong with the inventory or the variables is told together with what is wrong with the playbook. */
    function refuse(error: unknown): never {
      if (error instanceof StarsError && error.code !== 'CANCELLED') findings.add(error, undefined, true);
      for (const task of plays.flatMap(tasksIn)) findings.count(task.where);
      throw findings.refusal(nameOf(request)) ?? error;
    }

    async function makeReady() {
      const inventory = await options.inventory(playbookFolder);
      for (const warning of inventory.warnings) remark(warning);
      if (request.limit !== undefined) inventory.requireHosts(request.limit);
      const extraVars = extraVarsOf(request);
      const setting = { inventory, playbookFolder, hosts, extraVars, deprecated: placed(remark), onRead };
      const made = createWorld(options, request, setting);
      const { world } = made;
      return {
        ...made,
        inventory,
        ready: plays.map((play) => prepare(play, { request, world, remark, readVariables })),
      };
    }
  }

  async function divide(request: PlaybookRequest, count: number): Promise<string[][]> {
    const { ready, world, crossings } = await surveyed(request, true);
    const withHosts = ready.filter(({ names }) => names.length > 0);
    const names = withHosts[0]?.names ?? [];
    const all = [
      ...withHosts.flatMap(({ play }) => playsAcrossHosts(play)),
      ...otherHosts(withHosts),
      ...locally(names, world),
      ...crossings,
    ];
    if (all.length > 0)
      throw notToBeSplit(nameOf(request), all, (place) => place.replace(`${options.stackFolder}/`, ''));
    const size = Math.ceil(names.length / Math.min(count, names.length));
    return Array.from({ length: Math.ceil(names.length / size) }, (_, part) =>
      names.slice(part * size, (part + 1) * size),
    );
  }

  async function run(request: PlaybookRequest): Promise<ProvisionResult> {
    const { ready, world, hosts, plays, loader, remark, inventoryOfRun } = await surveyed(request);
    const startAt = { name: request.startAt };
    let tasksStarted = false;
    const emit: Emit = (event) => {
      tasksStarted ||= event.type === 'task.started' && event.task !== FACT_TASK;
      options.emit(event);
    };
    const { playRunner, jobsLeft } = createRunner(request, { world, loader, startAt, emit, remark, ...inventoryOfRun });
    try {
      let broken = false;
      for (const play of ready) {
        // What tasks added to the inventory counts for the plays after them.
        world.enter(play.play.folder);
        const asBefore = inventoryOfRun.version() === 0 && !play.matchedLater;
        const now = asBefore ? play : rematched(play, { request, world });
        broken = (await runPlay(now, { request, world, playRunner })) === 'broken';
        if (broken) break;
      }
      if (startAt.name !== undefined && !broken) throw noSuchTask(startAt.name);
      if (!tasksStarted && request.tags?.length)
        remark(`No task was run: none has a tag of ${request.tags.join(', ')}.`);
      return { ...resultOf(hosts, plays.length, hintOf(request)), broken, files: [...files] };
    } finally {
      if (jobsLeft().length > 0) remark(jobsGoOn(jobsLeft()));
      await Promise.allSettled([...hosts.values()].map((host) => host.close()));
    }
  }

  function extraVarsOf({ extraVars = [], trusted = true }: PlaybookRequest): Dict {
    return readExtraVars(extraVars, { folder: options.stackFolder, trusted, readVariables });
  }

  /** Names of roles see what was given with -e and what the play itself says. */
  function staticName(request: PlaybookRequest): StaticName {
    const given = extraVarsOf(request);
    return (text, variables, where) => {
      const lookup = (name: string) => [given, ...variables].find((one) => one.has(name))?.get(name);
      return pythonText(createTemplar({ lookup, environment: options.environment }).template(text, where));
    };
  }

  /** Everything that the files say, before any host is touched. */
  function load(request: PlaybookRequest, remark: (message: string) => void, findings: Findings) {
    const cfg = readAnsibleCfg(options.stackFolder, onRead);
    for (const line of cfg.remarks) remark(line);
    const rolesFolders = [join(options.stackFolder, 'roles'), ...cfg.rolesPath];
    const reports = createReports();
    const loader = createPlaybookLoader({
      known,
      // What stands in no file says all that it wants itself.
      keywords: 'play' in request.target ? new Map() : cfg.keywords,
      rolesFolders,
      decrypt,
      readVariables,
      deprecated: placed(remark),
      report: reports.report,
      nameOf: staticName(request),
    });
    const { target } = request;
    const plays = reports.during(
      (error, task) => findings.add(error, task, true),
      () =>
        'playbook' in target
          ? loader.loadPlaybook(target.playbook)
          : 'play' in target
            ? [loader.playOf(target.play, options.stackFolder)]
            : [loader.playOfRole(target.role, { hosts: target.hosts, folder: options.stackFolder })],
    );
    return {
      loader,
      reports,
      plays,
      playbookFolder: 'playbook' in target ? dirname(target.playbook) : options.stackFolder,
    };
  }

  function createRunner(
    request: PlaybookRequest,
    given: {
      world: VariableWorld;
      loader: PlaybookLoader;
      startAt: { name: string | undefined };
      emit: Emit;
      remark(message: string): void;
      changes: InventoryChanges;
      refreshInventory(): Promise<void>;
    },
  ) {
    const journal = createTaskJournal({
      next: () => (quiet ? 0 : options.nextTask()),
      durable: options.durable,
    });
    const moduleRunner = createModuleRunner({ ...options, journal, world: given.world });
    const playRunner = createPlayRunner({
      ...options,
      ...given,
      announced: journal.announced,
      runner: createTaskRunner({ ...options, moduleRunner, journal, world: given.world, inventory: given.changes }),
      foresight: createForesight({ moduleRunner, world: given.world }),
      actions: moduleRunner.actions,
      forks: given.world.forks,
      owed: request.owed ?? [],
      onResult: request.onResult,
      tags: request.tags ?? [],
      skipTags: request.skipTags ?? [],
      now: () => options.clock.now().getTime(),
    });
    return { playRunner, jobsLeft: moduleRunner.jobsLeft };
  }

  async function runPlay(
    { play, names, varsFiles }: ReadyPlay,
    {
      request,
      world,
      playRunner,
    }: { request: PlaybookRequest; world: VariableWorld; playRunner: ReturnType<typeof createPlayRunner> },
  ): Promise<'done' | 'broken'> {
    const all = names.flatMap((name) => world.hostRun(name) ?? []);
    for (const host of unreachable) host.status = 'unreachable';
    const able = all.filter((host) => !isLost(host));
    if (able.length === 0) return 'done';
    for (const host of able) host.status = 'active';
    options.emit({ type: 'play.started', play: play.shown, hosts: able.map(({ name }) => name) });
    let lostBefore = lostOf(world);
    let broken = false;
    // As in Ansible hosts that failed before keep their places: they make batches smaller, and percentages are of all.
    for (const batch of batchesOf(inOrder(all, play), serialOf({ play, varsFiles }, { request, world }))) {
      const playRun: PlayRun = { play: ofBatch(play), batch, all, varsFiles };
      const here = batch.filter((host) => !isLost(host));
      for (const host of here) varsFiles.read(host.name, templarFor(world, playRun, host), false);
      const end = await playRunner.runBatch(playRun, here.length > 0 ? gatheringTask(playRun, world) : undefined);
      if (end.playEnded) break;
      broken ||= end.broken;
      // Nothing that follows is safe when all hosts of a batch are lost: what comes next may build on them.
      const lost = lostOf(world);
      broken ||= lost - lostBefore === batch.length;
      if (lost - lostBefore === batch.length) break;
      lostBefore = lost;
      for (const host of batch) if (host.status === 'unreachable') unreachable.add(host);
    }
    return broken ? 'broken' : 'done';
  }

  return { run, divide };
}

/** What is opened while the run goes on is kept out of everything shown, as what the inventory holds. */
function hiding(open: (text: string) => string, redactor: Redactor | undefined): (text: string) => string {
  return (text) => {
    const plain = open(text);
    redactor?.add(plain);
    return plain;
  };
}

/** Plays after each other on different hosts promise an order that parts would not keep. */
function otherHosts(plays: readonly ReadyPlay[]): Crossing[] {
  const key = ({ names }: ReadyPlay) => [...names].sort().join(' ');
  const [first] = plays;
  const other = plays.find((play) => first && key(play) !== key(first));
  return other ? [{ what: `“${other.play.name}” follows on other hosts`, where: other.play.where }] : [];
}

/** What runs on the machine of Stars would run on several. */
function locally(names: readonly string[], world: VariableWorld): Crossing[] {
  const local = names.find((name) => world.hostRun(name)?.inventoryVars.get('ansible_connection') === 'local');
  return local === undefined ? [] : [{ what: `ansible_connection: local of ${local}`, where: undefined }];
}

function isOfInventory(variable: string, { inventory, hostRun }: VariableWorld): boolean {
  if (['inventory_hostname', 'group_names', 'ansible_host'].includes(variable)) return true;
  return inventory.hosts.some((name) => hostRun(name)?.inventoryVars.has(variable));
}

function tasksIn({ preTasks, tasks, postTasks, handlers }: Play): Task[] {
  return flatTasks([...preTasks, ...tasks, ...postTasks, ...handlers]);
}

/** The folders of imported playbooks, in which variables of theirs may stand. */
function elsewhere(plays: readonly Play[], playbookFolder: string): string[] {
  return [...new Set(plays.map(({ folder }) => folder))].filter((folder) => folder !== playbookFolder);
}

function isLost({ status }: HostRun): boolean {
  return status === 'failed' || status === 'unreachable';
}

function lostOf({ hosts }: VariableWorld): number {
  return [...hosts.values()].filter(isLost).length;
}

/** Refuses what the run would come by and cannot do; a plan is told how much of the project can be run. */
function tell(findings: Findings, request: PlaybookRequest, remark: (message: string) => void): void {
  const refusal = findings.refusal(nameOf(request));
  if (refusal) throw refusal;
  if (request.check) remark(`Of ${nameOf(request)}, ${findings.summary()}.`);
  for (const line of findings.remarks()) remark(line);
}

/** A deploy can be continued; what stands in no file is asked for anew. */
function hintOf({ target }: PlaybookRequest): ((hosts: string) => string) | undefined {
  return 'play' in target
    ? (hosts) => `The thread says what happened there. Mend it and ask again for these alone: ${hosts}`
    : undefined;
}

function nameOf({ target }: PlaybookRequest): string {
  if ('playbook' in target) return basename(target.playbook);
  return 'play' in target ? target.play.name : `the role ${target.role}`;
}
