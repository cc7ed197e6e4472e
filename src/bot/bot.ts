import type { z } from 'zod';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import { type ErrorCode, StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { Person, RunError, RunRequest, RunSource } from '../model/run.js';
import type { Provision } from '../provision/provision.js';
import type { RunHandle, RunObserver, RunResult, Runs } from '../runs/runs.js';
import type { RunEnd, RunStore } from '../store/runs.js';
import type { AnyCommand, CommandContext } from './command.js';
import { type Parsed, parse, usageError } from './parse.js';
import { mayRun, notPermitted } from './permission.js';
import { createReadableRuns, type ReadableRuns } from './readable-runs.js';
import { createStep } from './step.js';
import type { Words } from './words.js';

export type BotRequest = {
  words: Words;
  /** As typed, normalised; shown in the run's message. */
  text: string;
  person: Person;
  source: RunSource;
  /** Id and name of the Slack channel, whose default environment applies. */
  channel?: string[] | undefined;
  /** Ends what was asked for when it aborts. */
  signal?: AbortSignal | undefined;
};

/** How a request ended: an answer for the asker alone, or a run that everybody sees. */
export type BotAnswer = { kind: 'answer'; text: string } | { kind: 'run'; id: string; end: RunEnd; summary: string };

export type BotOptions = {
  commands: readonly AnyCommand[];
  home: Home;
  runs: Runs;
  /** Performs without recording: for answers, and for runs when there is no store. */
  unrecorded: Runs;
  store: RunStore;
  environmentOf(name: string): Promise<Environment>;
  clusterOf(environment: Environment): Promise<Cluster>;
  provisionOf(environment: Environment, run: RunHandle): Provision;
  dataFolder: string;
  clock: Clock;
  log: Log;
};

export type Bot = ReturnType<typeof createBot>;

/** From what a person typed to the command's run. Mistakes in the words are thrown before anything is recorded. */
export function createBot(options: BotOptions) {
  const { commands, home } = options;

  async function handle(request: BotRequest, observe: RunObserver = () => undefined): Promise<BotAnswer> {
    const parsed = parse(request.words, { commands, environments: home.environments() });
    const environment = await environmentOf(parsed, request);
    const args = validate(parsed);
    requirePermission(parsed.command, environment, request.person);
    await parsed.command.check?.({ args: args as never, home, text: request.text, trusted: isTrusted(request) });
    const runRequest: RunRequest = {
      command: parsed.command.name,
      text: request.text,
      args: { ...parsed.input, ...(parsed.rest === undefined ? {} : { rest: parsed.rest }) },
      environment: environment?.name ?? parsed.environment ?? null,
      person: request.person,
      source: request.source,
    };
    const runs = parsed.command.kind === 'run' ? options.runs : options.unrecorded;
    const { id, ...end } = await runs.perform(
      runRequest,
      (run) => work({ parsed, args, environment, request, run }),
      observe,
      request.signal,
    );
    if (parsed.command.kind === 'run') return { kind: 'run', id, end, summary: end.summary ?? '' };
    if (end.error) throw thrownAgain(end.error);
    return { kind: 'answer', text: end.summary ?? '' };
  }

  type Work = {
    parsed: Parsed;
    args: unknown;
    environment: Environment | undefined;
    request: BotRequest;
    run: RunHandle;
  };

  async function work({ parsed, args, environment, request, run }: Work): Promise<RunResult> {
    let hosts: RunResult['hosts'];
    let failed: RunResult['failed'];
    const cluster = environment && parsed.command.cluster ? await options.clusterOf(environment) : undefined;
    const context: CommandContext<unknown> = {
      args,
      rest: parsed.rest,
      get environment() {
        return required(environment, parsed.command);
      },
      environmentName: environment?.name ?? parsed.environment,
      get cluster() {
        if (cluster) return cluster;
        throw new StarsError('CONFIG', `${parsed.command.name} does not use the cluster.`);
      },
      provision: {
        run: async (asked) => {
          const result = await options.provisionOf(required(environment, parsed.command), run).run({
            ...asked,
            trusted: isTrusted(request),
          });
          ({ hosts, failed } = result);
          return result;
        },
      },
      home,
      runs: runsFor(request.person),
      commands,
      person: request.person,
      source: request.source,
      run: { id: run.id },
      dataFolder: options.dataFolder,
      clock: options.clock,
      log: options.log.child({ run: run.id }),
      signal: run.signal,
      emit: run.emit,
      step: createStep(run.emit, run.signal),
      note: (message) => run.emit({ type: 'note', message }),
    };
    const summary = await parsed.command.run(context as CommandContext<never>);
    return { summary, hosts, failed };
  }

  async function environmentOf(
    { command, environment }: Parsed,
    { channel }: BotRequest,
  ): Promise<Environment | undefined> {
    if (command.environment !== 'required') return undefined;
    const name = environment ?? home.defaultEnvironment(...(channel ?? []));
    if (name !== undefined) return options.environmentOf(name);
    const names = home.environments();
    if (names.length === 0) throw noHome(home);
    throw usageError(command, `the environment is missing; environments: ${names.join(', ')}`);
  }

  /** What was recorded, as far as this person may read it. */
  function runsFor(person: Person): ReadableRuns {
    return createReadableRuns(options.store, home, person);
  }

  return { handle, runsFor, commands };
}

function noHome({ folder }: Home): StarsError {
  return new StarsError('CONFIG', `${folder} is no Stars home yet: it has no environments.`, {
    hint: 'Put an Ansible inventory at inventories/<environment>/hosts in it, or set STARS_HOME to a folder that has one. “stars demo” needs none.',
  });
}

/** The error of an answer that was not recorded, for whoever asked. */
function thrownAgain({ code, message, hint }: RunError): StarsError {
  return new StarsError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}

function required(environment: Environment | undefined, command: AnyCommand): Environment {
  if (environment) return environment;
  throw new StarsError('CONFIG', `${command.name} was not given an environment.`);
}

function requirePermission(
  { name, permission }: AnyCommand,
  environment: Environment | undefined,
  person: Person,
): void {
  if (!environment || mayRun(environment.config.access, permission, person)) return;
  throw notPermitted(`${name} on ${environment.name}`, permission, environment.files.environment, person);
}

/** Whoever has a terminal can read and run everything there anyway; whoever has a chat cannot. */
function isTrusted({ source }: BotRequest): boolean {
  return source === 'terminal' || source === 'schedule';
}

function validate({ command, input }: Parsed): unknown {
  const parsed = command.args.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw usageError(command, issue ? wordsOf(issue) : 'the arguments are wrong');
}

function wordsOf({ path, message }: z.core.$ZodIssue): string {
  const name = path.join('.');
  return name === '' ? message : `${name}: ${message}`;
}
