import { z } from 'zod';
import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import { maybe } from '../nullish.js';

export type Services = ReturnType<typeof createServices>;

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** What a service says of itself in a few words ("0.7.2", "3 sessions"). Rejects as Http does. */
type Check = (http: Http, options?: Asking) => Promise<string>;

const ZeppelinVersion = z.object({
  status: z.literal('OK'),
  body: z.union([z.string(), z.object({ version: z.string() })]),
});
const LivySessions = z.object({ total: maybe(z.number()), sessions: z.array(z.object({ state: maybe(z.string()) })) });
const SparqlAnswer = z.object({ boolean: z.boolean() });
const LightningStatus = z.object({ visualizations: maybe(z.number()), sessions: maybe(z.number()) });
const SparkApplications = z.array(z.object({ attempts: z.array(z.object({ completed: maybe(z.boolean()) })) }));
const SparkMaster = z.object({ status: z.string(), aliveworkers: maybe(z.number()) });

const CHECKS: Record<string, Check> = { zeppelin, livy, blazegraph, lightning, spark };

/** The services on top of the stack; one that Stars does not know is asked for its front page. */
export function createServices(https: ReadonlyMap<string, Http>) {
  return {
    names: [...https.keys()],
    /** What the service says of itself; rejects when it does not answer as that service does. */
    async check(name: string, options?: Asking): Promise<string> {
      const http = https.get(name);
      if (!http) throw new StarsError('CONFIG', `The environment has no service ${name}.`);
      return (CHECKS[name] ?? frontPage)(http, options);
    },
  };
}

/** What people call the service: `zeppelin` is Zeppelin. */
export function titleOf(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

async function zeppelin(http: Http, options?: Asking): Promise<string> {
  const { body } = await http.get('/api/version', ZeppelinVersion, options);
  return `version ${typeof body === 'string' ? body : body.version}`;
}

async function livy(http: Http, options?: Asking): Promise<string> {
  const { sessions, total = sessions.length } = await http.get('/sessions', LivySessions, options);
  const dead = sessions.filter(({ state }) => state === 'error' || state === 'dead').length;
  return `${total} ${total === 1 ? 'session' : 'sessions'}${dead > 0 ? `, ${dead} of them dead` : ''}`;
}

// The address may or may not hold the context; `/status?health` is an empty 200 on a standalone server, so it proves little.
async function blazegraph(http: Http, options?: Asking): Promise<string> {
  const query = { query: 'ASK{}' };
  const accept = 'application/sparql-results+json';
  const sparql = (context: string) =>
    http.get(`${context}/namespace/kb/sparql`, SparqlAnswer, { ...options, query, accept });
  await sparql('').catch((error: unknown) => whenMissing(error, () => sparql('/blazegraph')));
  return 'answers queries';
}

async function lightning(http: Http, options?: Asking): Promise<string> {
  const { sessions = 0, visualizations = 0 } = await http.get('/status', LightningStatus, options);
  return `${sessions} sessions, ${visualizations} visualizations`;
}

// A driver or the history server, else a standalone master.
async function spark(http: Http, options?: Asking): Promise<string> {
  const applications = async () => {
    const all = await http.get('/api/v1/applications', SparkApplications, options);
    const running = all.filter(({ attempts }) => attempts.some(({ completed }) => completed === false)).length;
    return `${running} of ${all.length} applications running`;
  };
  const master = async () => {
    const { status, aliveworkers = 0 } = await http.get('/json/', SparkMaster, options);
    return `master ${status.toLowerCase()}, ${aliveworkers} workers`;
  };
  return applications().catch((error: unknown) => whenMissing(error, master));
}

async function frontPage(http: Http, options?: Asking): Promise<string> {
  await http.text('/', { ...options, accept: '*/*' });
  return 'answers';
}

function whenMissing<T>(error: unknown, otherwise: () => Promise<T>): Promise<T> {
  if (refusalOf(error)?.status === 404) return otherwise();
  throw error;
}
