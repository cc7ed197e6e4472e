import type { Cluster } from '../cluster/cluster.js';
import { StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { RunRequest } from '../model/run.js';
import type { Run, RunStore } from '../store/runs.js';
import { type AnyCommand, permissionFor } from './command.js';
import { isTrusted, type Meaning, subjectOf, validate } from './meaning.js';
import { parse, unknownCommand } from './parse.js';
import type { RightTo } from './rights.js';
import { splitWords } from './words.js';

export type RecordedRequestOptions = {
  commands: readonly AnyCommand[];
  home: Home;
  store: RunStore;
  environmentOf(name: string): Promise<Environment>;
  clusterOf(environment: Environment): Promise<Cluster>;
};

/** What a recorded request means now. */
export type Remade = Omit<Meaning, 'person' | 'source'> & { command: AnyCommand };

export type RecordedRequests = ReturnType<typeof createRecordedRequests>;

/** From what was recorded of a request to what it means, wherever and whenever it was asked. */
export function createRecordedRequests(options: RecordedRequestOptions) {
  const { commands, home, store } = options;

  async function of(run: Pick<Run, 'id'>): Promise<RunRequest> {
    const request = await store.request(run.id);
    if (request) return request;
    throw new StarsError('STORE', `The request of the run ${run.id} is not to be found.`);
  }

  async function remade(request: RunRequest): Promise<Remade> {
    const { args: recorded, environment: named, resumes, retries } = request;
    const command = commandOf(request.command);
    const { rest, ...input } = recorded;
    const trusted = isTrusted(request) && request.trusted !== false && input['asData'] !== true;
    const text = typeof rest === 'string' ? rest : undefined;
    const parsed = { command, input, environment: named ?? undefined, rest: text, trusted, resumes, retries };
    const hasEnvironment = command.environment === 'required' || command.standsFor !== undefined;
    const environment = hasEnvironment && named !== null ? await options.environmentOf(named) : undefined;
    return { command, parsed, args: validate(parsed), environment };
  }

  function commandOf(name: string): AnyCommand {
    const command = commands.find((known) => known.name === name);
    if (command) return command;
    throw unknownCommand(name, commands);
  }

  /** What whoever asks for the same run needs a right to, as narrow as what it is about. */
  async function rightTo(run: Pick<Run, 'id' | 'command' | 'environment'>): Promise<RightTo> {
    try {
      return rightToDo(await remade(await of(run)));
    } catch {
      // What cannot be told any more needs the right to everything.
      return wholeOf(run);
    }
  }

  function rightToDo(again: Remade): RightTo {
    const { command, args, environment } = again;
    const asked = { name: command.name, permission: permissionFor(command, args) };
    return { command: asked, environment, subject: subjectOf(again, options) };
  }

  /** The same of words that are not asked for yet. */
  async function rightToWords(text: string, environment: string | null): Promise<RightTo> {
    try {
      const parsed = { ...parse(splitWords(text), { commands, environments: home.environments() }), trusted: false };
      const about = environment === null ? undefined : await options.environmentOf(environment);
      const args = validate(parsed);
      const subject = subjectOf({ parsed, args, environment: about }, options);
      const command = { name: parsed.command.name, permission: permissionFor(parsed.command, args) };
      return { command, environment: about, subject };
    } catch {
      return wholeOf({ command: text.split(' ')[0] ?? '', environment });
    }
  }

  async function wholeOf({ command, environment }: Pick<Run, 'command' | 'environment'>): Promise<RightTo> {
    const known = environment !== null && home.environments().includes(environment);
    return {
      command: commands.find(({ name }) => name === command) ?? { name: command, permission: 'provision' },
      environment: known && environment !== null ? await home.environment(environment) : undefined,
    };
  }

  return { of, remade, commandOf, rightToDo, rightTo, rightToWords };
}
