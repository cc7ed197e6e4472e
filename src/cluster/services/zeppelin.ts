import { z } from 'zod';
import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import { type Finding, limited } from '../finding.js';
import type { Http } from '../http.js';
import { listOf, maybe } from '../nullish.js';
import type { Asking, Login } from './asking.js';
import { counted } from '../../model/figures.js';

export type Zeppelin = ReturnType<typeof createZeppelin>;

export type Interpreter = { id: string; name: string; group: string | undefined; status: string | undefined };

/** A paragraph that somebody waits for. */
export type Paragraph = { notebook: string; id: string; status: string };

const envelope = <T extends z.ZodType>(body: T) =>
  z.object({ status: z.literal('OK'), body }).transform((answer) => (answer as { body: z.output<T> }).body);

// A text in 0.7, an object from 0.8 on.
const Version = envelope(z.union([z.string(), z.object({ version: z.string() }).transform(({ version }) => version)]));
const Notebooks = envelope(listOf(z.object({ id: z.string(), name: maybe(z.string()) })));
const Setting = z.object({ id: z.string(), name: z.string(), group: maybe(z.string()), status: maybe(z.string()) });
// A list in 0.6, by id from 0.7 on.
const Settings = envelope(
  z.union([z.array(Setting), z.record(z.string(), Setting).transform(Object.values<Interpreter>)]),
);
const Paragraphs = envelope(listOf(z.object({ id: z.string(), status: z.string() })));

const AT_WORK: ReadonlySet<string> = new Set(['RUNNING', 'PENDING']);
const MOST_NOTEBOOKS = 200;

/** Zeppelin 0.6 to 0.8. With a login the session is opened anew for every piece of work: it may have ended meanwhile. */
export function createZeppelin({ http, login }: { http: Http; login?: Login | undefined }) {
  async function headers(options: Asking = {}): Promise<{ headers?: Record<string, string> }> {
    if (!login) return {};
    const form = { userName: login.username, password: login.password.reveal() };
    const answer = await http.send('POST', '/api/login', { ...options, form }).catch((error: unknown) => {
      throw refusalOf(error)?.status === 403 ? wrongLogin(error) : error;
    });
    const session = sessionOf(answer.headers['set-cookie'] ?? '');
    return session === undefined ? {} : { headers: { Cookie: `JSESSIONID=${session}` } };
  }

  const version = (options?: Asking): Promise<string> => http.get('/api/version', Version, options);

  async function interpreters(options?: Asking): Promise<Interpreter[]> {
    return http.get('/api/interpreter/setting', Settings, { ...options, ...(await headers(options)) });
  }

  /** The one that is meant by its name, group or id. Throws USAGE that names those there are. */
  async function findInterpreter(name: string, options?: Asking): Promise<Interpreter> {
    const all = await interpreters(options);
    const found = all.find((one) => one.name === name || one.id === name) ?? all.find(({ group }) => group === name);
    if (found) return found;
    throw new StarsError('USAGE', `Zeppelin has no interpreter ${name}.`, {
      hint: all.length === 0 ? 'It has none at all.' : `It has ${all.map((one) => one.name).join(', ')}.`,
    });
  }

  /** Ends what everybody runs in the interpreter, and lets it start anew. */
  async function restartInterpreter(id: string, options?: Asking): Promise<void> {
    const path = `/api/interpreter/setting/restart/${encodeURIComponent(id)}`;
    await http.put(path, z.unknown(), { ...options, ...(await headers(options)) });
  }

  /** What runs or waits in notebooks now; `looked` of `all` notebooks were asked. */
  async function atWork(options?: Asking): Promise<{ paragraphs: Paragraph[]; looked: number; all: number }> {
    const asking = { ...options, ...(await headers(options)) };
    const notebooks = await http.get('/api/notebook', Notebooks, asking);
    const some = notebooks.slice(0, MOST_NOTEBOOKS);
    const paragraphs: Paragraph[] = [];
    // One after another: Zeppelin reads a whole notebook for each.
    for (const { id, name } of some) {
      const jobs = await http.get(`/api/notebook/job/${encodeURIComponent(id)}`, Paragraphs, asking);
      for (const job of jobs) if (AT_WORK.has(job.status)) paragraphs.push({ notebook: name ?? id, ...job });
    }
    return { paragraphs, looked: some.length, all: notebooks.length };
  }

  /** The version may be open to anybody; only what needs a login proves that people can work. */
  async function check(options?: Asking): Promise<Finding> {
    const number = await version(options);
    try {
      const broken = (await interpreters(options)).filter(({ status }) => status === 'ERROR');
      if (broken.length === 0) return { state: 'up', reason: `version ${number}` };
      const details = limited(broken.map(({ name }) => `the interpreter ${name} is in error`));
      return {
        state: 'degraded',
        reason: `version ${number}, ${counted(broken.length, 'interpreter')} in error`,
        details,
      };
    } catch (error) {
      if (!login && wantsLogin(error))
        return { state: 'up', reason: `version ${number}; its interpreters cannot be seen without a login` };
      throw error;
    }
  }

  return { version, interpreters, findInterpreter, restartInterpreter, atWork, check };
}

/** It refuses, or sends us to a page of its own that is made for browsers. */
function wantsLogin(error: unknown): boolean {
  const { status = 0 } = refusalOf(error) ?? {};
  return [401, 403, 404, 405].includes(status) || (error instanceof StarsError && error.code === 'API_ANSWER');
}

/** The last one counts: a login first takes back the session of before. */
function sessionOf(cookies: string): string | undefined {
  return [...cookies.matchAll(/JSESSIONID=([^;,\s]+)/g)]
    .map(([, value]) => value)
    .findLast((value) => value !== 'deleteMe');
}

function wrongLogin(cause: unknown): StarsError {
  return new StarsError('API_REFUSED', 'Zeppelin does not take the login that it was given.', {
    hint: 'Check username and password of services: zeppelin: in environment.yml.',
    cause: cause instanceof StarsError ? cause.cause : cause,
  });
}
