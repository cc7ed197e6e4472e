import type { Cluster } from '../cluster/cluster.js';
import { type ErrorCode, StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { Attachment } from '../model/attachment.js';
import { clean } from '../model/clean.js';
import type { Person, RunError, RunRequest, RunSource } from '../model/run.js';
import type { RunHandle, RunObserver, Runs } from '../runs/runs.js';
import type { Unrecorded } from '../runs/unrecorded.js';
import type { Audit } from '../store/audit.js';
import type { Address, RunEnd, RunStore } from '../store/runs.js';
import { approvalsNeeded } from './approvals.js';
import { type AnyCommand, permissionFor, resourcesOf } from './command.js';
import type { Control } from './control.js';
import type { CommandWork } from './command-work.js';
import type { Gates } from './gates.js';
import { isTrusted, type Meaning, type Meant, subjectOf, validate } from './meaning.js';
import { type Parsed, parse, unknownCommand, usageError } from './parse.js';
import type { ConfigurationWatch } from './configuration-watch.js';
import { createReadableRuns, type ReadableRuns } from './readable-runs.js';
import { createRequestAudit, type Understood } from './request-audit.js';
import type { Rights } from './rights.js';
import { splitWords, type Words } from './words.js';

export type BotRequest = {
  /** A text is cut into words as a shell would do it. */
  words: Words | string;
  /** As typed, normalised; shown in the run's message. */
  text: string;
  person: Person;
  source: RunSource;
  /** Id and name of the Slack channel, whose default environment applies. */
  channel?: string[] | undefined;
  /** Ends what was asked for when it aborts. */
  signal?: AbortSignal | undefined;
  /** Takes lines that are too long for an answer. */
  print?: ((line: string) => void) | undefined;
  /** Where the run's message goes. */
  address?: Address | undefined;
  /** Under which it stands in the inbox. */
  requestKey?: string | undefined;
  /** Was promised before: where it may not begin now it waits until it may, in place of being refused. */
  promised?: boolean | undefined;
};

/** What became of a request: an answer for the asker alone, or a run that everybody sees. */
export type BotAnswer =
  | { kind: 'answer'; text: string; files?: readonly Attachment[] }
  | { kind: 'run'; id: string; ended: Promise<RunEnd> };

export type BotOptions = {
  commands: readonly AnyCommand[];
  home: Home;
  runs: Runs;
  /** Performs without recording: for answers. */
  unrecorded: Unrecorded;
  gates: Gates;
  work: CommandWork;
  controlOf(person: Person, source: RunSource): Control;
  store: RunStore;
  rights: Rights;
  audit: Audit;
  configuration: Pick<ConfigurationWatch, 'look'>;
  environmentOf(name: string): Promise<Environment>;
  clusterOf(environment: Environment): Promise<Cluster>;
  log: Log;
};

export type Bot = ReturnType<typeof createBot>;

/** From what a person typed to the command's run. Mistakes in the words are thrown before anything is recorded. */
export function createBot(options: BotOptions) {
  const { commands, home } = options;
  const requestAudit = createRequestAudit(options);

  async function handle(request: BotRequest, observe: RunObserver = () => undefined): Promise<BotAnswer> {
    const { parsed, environment, args } = await understood(request);
    const runRequest: RunRequest = {
      command: parsed.command.name,
      text: request.text,
      args: { ...parsed.input, ...(parsed.rest === undefined ? {} : { rest: parsed.rest }) },
      environment: environment?.name ?? parsed.environment ?? null,
      person: request.person,
      source: request.source,
      ...(parsed.resumes === undefined ? {} : { resumes: parsed.resumes }),
      ...(parsed.retries === undefined ? {} : { retries: parsed.retries }),
      ...(isTrusted(request) && !parsed.trusted ? { trusted: false } : {}),
    };
    const { person, source, channel, print, requestKey, address } = request;
    const meaning = { parsed, args, environment, person, source, channel, print, requestKey, address };
    const known = { command: parsed.command, environment: runRequest.environment };
    await requestAudit.asked(request, known);
    if (parsed.command.kind === 'run') {
      const asked = { ...meaning, request, runRequest, observe };
      return asRun(asked).catch((error: unknown) => requestAudit.refused(request, error, known));
    }
    const files: Attachment[] = [];
    const work = (run: RunHandle) => options.work.perform({ ...meaning, files, run });
    const end = await options.unrecorded(runRequest, work, observe, request.signal);
    if (end.error) {
      const error = thrownAgain(end.error);
      if (isRefusal(error)) return requestAudit.refused(request, error, known);
      throw error;
    }
    return { kind: 'answer', text: end.summary ?? '', files };
  }

  type ToRun = Meaning & { request: BotRequest; runRequest: RunRequest; observe: RunObserver };

  /** Records it; it begins when its turn comes. */
  async function asRun({ parsed, args, environment, request, runRequest, observe }: ToRun): Promise<BotAnswer> {
    const { command } = parsed;
    const resources = await resourcesOf(command, { args, home, environment });
    const isChange = environment !== undefined && resources.length > 0;
    if (isChange && request.promised !== true) await options.gates.requireOpen(environment);
    const approvals = approvalsNeeded(environment, command, resources);
    const { id, ended } = await options.runs.ask({
      request: runRequest,
      resources,
      ...(approvals === undefined ? {} : { approvals: approvals.count }),
      // Without an address nobody elsewhere could tell its asker how it goes.
      here: request.address === undefined || hasSecrets(runRequest, home),
      address: request.address,
      requestKey: request.requestKey,
      observe,
      cancelled: request.signal,
    });
    return { kind: 'run', id, ended };
  }

  /** What was asked for, if it is right and may be done. */
  async function understood(request: BotRequest) {
    const known: Understood = {};
    try {
      const parsed = await meant(parse(wordsOf(request), { commands, environments: home.environments() }), request);
      Object.assign(known, { command: parsed.command, environment: parsed.environment });
      const environment = await environmentOf(parsed, request);
      known.environment = environment?.name ?? parsed.environment;
      const args = validate(parsed);
      await options.rights.require({
        ...request,
        command: { name: parsed.command.name, permission: permissionFor(parsed.command, args) },
        environment,
        subject: subjectOf({ parsed, args, environment }, options),
      });
      const { rest, trusted } = parsed;
      await parsed.command.check?.({ args: args as never, rest, home, text: request.text, trusted });
      return { parsed, environment, args };
    } catch (error) {
      return requestAudit.refused(request, error, known);
    }
  }

  /** What was asked for, or what it stands for. */
  async function meant(asked: Parsed, request: BotRequest): Promise<Meant> {
    const trusted = isTrusted(request);
    if (!asked.command.standsFor) return { ...asked, trusted };
    const runs = runsFor(request);
    const control = options.controlOf(request.person, request.source);
    const instead = await asked.command.standsFor({ args: validate(asked) as never, runs, control, commands });
    if (!instead) return { ...asked, trusted };
    const command = commands.find(({ name }) => name === instead.command);
    if (!command) throw unknownCommand(instead.command, commands);
    const { input, environment, rest, resumes, retries } = instead;
    return { command, input, environment, rest, resumes, retries, trusted: trusted && instead.trusted };
  }

  async function environmentOf(
    { command, environment }: Parsed,
    { channel }: BotRequest,
  ): Promise<Environment | undefined> {
    // A command that found out what it stands for has its environment from there.
    if (command.environment !== 'required' && !(command.standsFor && environment !== undefined)) return undefined;
    const name = environment ?? home.defaultEnvironment(...(channel ?? []));
    if (name !== undefined) return options.environmentOf(name);
    const names = home.environments();
    if (names.length === 0) throw noHome(home);
    throw usageError(command, `the environment is missing; environments: ${names.join(', ')}`);
  }

  /** What was recorded, as far as this person may read it. */
  function runsFor(asker: { person: Person; source: RunSource }): ReadableRuns {
    return createReadableRuns(options.store, options.rights, asker);
  }

  return { handle, runsFor, commands, clicked: requestAudit.clicked, refused: requestAudit.refused };
}

function wordsOf({ words }: BotRequest): Words {
  return typeof words === 'string' ? splitWords(words) : words;
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

/** What failed for another reason was asked and permitted all the same. */
function isRefusal({ exitStatus }: StarsError): boolean {
  return exitStatus === 3 || exitStatus === 4;
}

/** Whether anything in it would not survive being written down. */
function hasSecrets(request: RunRequest, { redactor }: Home): boolean {
  const { args } = request;
  return JSON.stringify(clean({ args }, redactor)) !== JSON.stringify({ args });
}
