import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import type { Definition } from '../normalise.js';
import { createJobChanges, unknownJob } from './changes.js';
import { type JobGraph, parseGraph } from './graph.js';
import { ChronosLeader, JobDefinitions, Jobs, Summary, type Job, type JobSummary } from './schema.js';

export type Chronos = ReturnType<typeof createChronos>;

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

// 3.x and later, up to 2.5.
const PREFIXES = ['/v1/scheduler', '/scheduler'] as const;

/** Chronos 2.5 and 3.0 in its own words; which of the two paths it has is found out once. */
export function createChronos({ http, clock }: { http: Http; clock: Clock }) {
  let known: (typeof PREFIXES)[number] | undefined;

  async function prefixed<T>(ask: (prefix: string) => Promise<T>): Promise<T> {
    if (known) return ask(known);
    for (const prefix of PREFIXES) {
      const answer = await ask(prefix).then((value) => ({ value }), noneWhenMissing);
      if (!answer) continue;
      known = prefix;
      return answer.value;
    }
    throw new StarsError(
      'API_ANSWER',
      `${http.baseUrls[0] ?? 'The address'} has neither ${PREFIXES.join(' nor ')}: it is not Chronos.`,
      {
        hint: 'Check the address of Chronos in environment.yml.',
      },
    );
  }

  /** Finds the prefix by the one call that every version has. */
  async function prefix(options?: Asking): Promise<string> {
    return known ?? prefixed(async (path) => (await http.get(`${path}/jobs`, Jobs, options), path));
  }

  const jobs = (options?: Asking): Promise<Job[]> => prefixed((path) => http.get(`${path}/jobs`, Jobs, options));

  /** One job; APP_NOT_FOUND names similar ones. The list has it in every version. */
  async function job(name: string, options?: Asking): Promise<Job> {
    const all = await jobs(options);
    const found = all.find((one) => one.name === name);
    if (found) return found;
    throw unknownJob(
      name,
      all.map((one) => one.name),
    );
  }

  /** What each job does and how its last run ended. 2.x says it only in the graph. */
  async function summary(options?: Asking): Promise<JobSummary[]> {
    const path = await prefix(options);
    if (path === '/scheduler') return (await graph(options)).jobs;
    const { jobs } = await http.get(`${path}/jobs/summary`, Summary, options);
    return jobs.map(({ name, status = 'fresh', state = 'idle' }) => ({ name, status, state }));
  }

  async function graph(options?: Asking): Promise<JobGraph> {
    return parseGraph(await http.text(`${await prefix(options)}/graph/csv`, { ...options, accept: '*/*' }));
  }

  /** All jobs with every field that Chronos has, known to Stars or not. */
  const definitions = (options?: Asking): Promise<Definition[]> =>
    prefixed((path) => http.get(`${path}/jobs`, JobDefinitions, options));

  return {
    jobs,
    job,
    summary,
    graph,
    definitions,
    ...createJobChanges({ http, clock, prefix, definitions }),
    /** The body of the list as it came, for backups. */
    raw: (options?: Asking) => prefixed((path) => http.text(`${path}/jobs`, options)),
    leader: async (options?: Asking) =>
      (await http.get(`${await prefix(options)}/leader`, ChronosLeader, options)).leader,
    /** `2` up to 2.5, which has other fields and takes other names; `3` for later ones. */
    generation: async (options?: Asking) =>
      (await prefix(options)) === '/scheduler' ? ('2' as const) : ('3' as const),
    ping: (options?: Asking) => http.text('/ping', { ...options, accept: '*/*' }),
  };
}

function noneWhenMissing(error: unknown): undefined {
  if (refusalOf(error)?.status === 404) return undefined;
  throw error;
}
