import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { didYouMean } from '../../near-names.js';
import { poll } from '../../poll.js';
import { mayHaveHappened, noAnswerYet } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import { type Definition, normaliseJob } from '../normalise.js';
import { parseGraph } from './graph.js';

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

export type ChangesNeeds = {
  http: Http;
  clock: Clock;
  prefix: (options?: Asking) => Promise<string>;
  definitions: (options?: Asking) => Promise<Definition[]>;
};

const LOOK_EVERY_MS = 1_000;
const LOOK_FOR_MS = 10_000;
const OLD_PREFIX = '/scheduler';

/** Changes of jobs. Chronos answers 204 to nearly everything, so what was changed is read back. */
export function createJobChanges({ http, clock, prefix, definitions }: ChangesNeeds) {
  async function find(name: string, options?: Asking): Promise<Definition | undefined> {
    return (await definitions(options)).find((job) => job['name'] === name);
  }

  /** Creates the job or makes it what the definition says. Its parents have to be there: 3.x would take it and drop it later. */
  async function put(definition: Definition, options?: Asking): Promise<void> {
    const name = String(definition['name']);
    const all = await definitions(options);
    requireParents(definition, all);
    const exists = all.some((job) => job['name'] === name);
    const lost = await send(definition, exists, options).catch((error: unknown) => {
      if (mayHaveHappened(error)) return error;
      throw error;
    });
    await readBack(definition, lost, options);
  }

  async function send(definition: Definition, exists: boolean, options?: Asking): Promise<undefined> {
    const path = await prefix(options);
    const kind = parentsOf(definition).length > 0 ? 'dependency' : 'iso8601';
    // 2.x replaces by PUT; 3.x knows POST alone.
    const method = exists && path === OLD_PREFIX ? 'PUT' : 'POST';
    await http.send(method, `${path}/${kind}`, { ...options, body: sendable(definition) });
  }

  /** `lost`: why nobody knows whether Chronos took it. */
  async function readBack(definition: Definition, lost: unknown, options?: Asking): Promise<void> {
    const name = String(definition['name']);
    const there = async () => {
      const job = await find(name, options).catch(noAnswerYet);
      return job && holds(job, definition) ? true : undefined;
    };
    const polling = { clock, everyMs: LOOK_EVERY_MS, timeoutMs: LOOK_FOR_MS, what: 'The job' };
    await poll(there, { ...polling, signal: options?.signal }).catch((error: unknown) => {
      if (!(error instanceof StarsError) || error.code !== 'TIMEOUT') throw error;
      if (lost !== undefined) throw lost;
      throw new StarsError('API_ANSWER', `Chronos took the job ${name}, but does not show it as it was sent.`, {
        hint: 'Look at the log of Chronos: it drops a job when it reads its graph and something is wrong with it.',
        cause: error,
      });
    });
  }

  /** Enables or disables a job by sending it again, with every field and counter it has. False when it was so already. */
  async function setDisabled(name: string, disabled: boolean, options?: Asking): Promise<boolean> {
    const job = await require(name, options);
    if ((job['disabled'] ?? false) === disabled) return false;
    await put({ ...job, disabled }, options);
    return true;
  }

  async function require(name: string, options?: Asking): Promise<Definition> {
    const all = await definitions(options);
    const job = all.find((one) => one['name'] === name);
    if (job) return job;
    throw unknownJob(
      name,
      all.map((one) => String(one['name'])),
    );
  }

  /** Queues a run. Chronos says 204 and does nothing when the job is disabled or queued already. */
  async function run(name: string, { arguments: words, ...options }: Asking & { arguments?: string } = {}) {
    await http.send('PUT', await jobPath(name, options), { ...options, query: { arguments: words } });
  }

  /** Kills the tasks of the job that run now. */
  async function kill(name: string, options?: Asking): Promise<void> {
    const path = await prefix(options);
    await http.send('DELETE', `${path}/task/kill/${encodeURIComponent(name)}`, options);
  }

  /**
   * Deletes the job. Its children go on without it: those of a scheduled job get its schedule and lose container, environment and
   * constraints, those of a dependent one get its parents. Resolves with their names.
   */
  async function remove(name: string, options?: Asking): Promise<string[]> {
    const orphans = await children(name, options);
    await http.send('DELETE', await jobPath(name, options), options);
    return orphans;
  }

  /** The jobs that run after it. */
  async function children(name: string, options?: Asking): Promise<string[]> {
    const csv = await http.text(`${await prefix(options)}/graph/csv`, { ...options, accept: '*/*' });
    return parseGraph(csv)
      .links.filter(({ parent }) => parent === name)
      .map(({ child }) => child);
  }

  async function jobPath(name: string, options?: Asking): Promise<string> {
    return `${await prefix(options)}/job/${encodeURIComponent(name)}`;
  }

  return { definition: find, requireDefinition: require, put, setDisabled, run, kill, remove, children };
}

export function unknownJob(name: string, names: readonly string[]): StarsError {
  const shown = names.slice(0, 20).join(', ');
  const all = names.length === 0 ? 'It has none at all.' : `It has ${shown}${names.length > 20 ? ' and more' : ''}.`;
  return new StarsError('APP_NOT_FOUND', `Chronos has no job "${name}".`, { hint: didYouMean(name, names) ?? all });
}

function requireParents(definition: Definition, all: readonly Definition[]): void {
  const names = new Set(all.map((job) => job['name']));
  const missing = parentsOf(definition).filter((parent) => !names.has(parent));
  if (missing.length === 0) return;
  throw new StarsError(
    'USAGE',
    `The job ${String(definition['name'])} waits for ${missing.join(' and ')}, which Chronos does not have.`,
    {
      hint: 'Deploy the parents first: Chronos drops a job whose parents are missing.',
    },
  );
}

function parentsOf({ parents }: Definition): string[] {
  return Array.isArray(parents) ? parents.map(String) : [];
}

/** The list fills `uris` and `fetch` from each other, and a job with both is refused. */
function sendable(definition: Definition): Definition {
  const { uris, fetch, ...rest } = definition;
  const kept = normaliseJob({ uris, fetch });
  return { ...rest, ...kept };
}

const MOVING: ReadonlySet<string> = new Set([
  'schedule',
  'uris',
  'fetch',
  'successCount',
  'errorCount',
  'errorsSinceLastSuccess',
  'lastSuccess',
  'lastError',
]);

/** Whether the job stands there as it was sent, as far as it holds still. */
function holds(there: Definition, sent: Definition): boolean {
  return Object.entries(sent).every(([key, value]) => MOVING.has(key) || same(there[key], value));
}

function same(there: unknown, sent: unknown): boolean {
  if (sent === null || sent === undefined) return true;
  // What Stars does not know of, or Chronos does not keep, cannot be looked for.
  if (there === undefined) return sent !== true;
  if (typeof sent !== 'object') return there === sent;
  return Array.isArray(sent) ? isDeepStrictEqual(there, sent) : true;
}
