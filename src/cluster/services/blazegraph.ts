import { z } from 'zod';
import { StarsError } from '../../errors.js';
import type { Finding } from '../finding.js';
import type { Http } from '../http.js';
import { type Asking, whenMissing } from './asking.js';

export type Blazegraph = ReturnType<typeof createBlazegraph>;

const Answer = z.object({ boolean: z.boolean() });
const Counted = z.object({
  results: z.object({ bindings: z.array(z.object({ n: z.object({ value: z.string() }) })).min(1) }),
});

const RESULTS = 'application/sparql-results+json';
const NAMESPACE = '<http://www.bigdata.com/rdf#/features/KB/Namespace>';
const COUNT = 'SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }';

/** Blazegraph 2.1. The address may or may not hold its context path, which is `/blazegraph`, and was `/bigdata` once. */
export function createBlazegraph({ http }: { http: Http }) {
  let context: string | undefined;

  async function within<T>(call: (context: string) => Promise<T>): Promise<T> {
    if (context !== undefined) return call(context);
    const at = async (one: string) => {
      const answer = await call(one);
      context = one;
      return answer;
    };
    return at('')
      .catch((error: unknown) => whenMissing(error, () => at('/blazegraph')))
      .catch((error: unknown) => whenMissing(error, () => at('/bigdata')));
  }

  /** Whether a namespace answers queries; `/status?health` is an empty 200 on a standalone server, so it proves little. */
  async function answers(namespace = 'kb', options?: Asking): Promise<boolean> {
    const asking = { ...options, accept: RESULTS, query: { query: 'ASK{}' } };
    return within(
      async (at) => (await http.get(`${at}/namespace/${encodeURIComponent(namespace)}/sparql`, Answer, asking)).boolean,
    );
  }

  /** Names of the namespaces, sorted. */
  async function namespaces(options?: Asking): Promise<string[]> {
    const text = await within((at) => http.text(`${at}/namespace`, { ...options, accept: 'text/plain' }));
    const names = text.split('\n').flatMap((line) => {
      const [, predicate, name] = /^\S+ (<[^>]+>) "([^"]*)"/.exec(line) ?? [];
      return predicate === NAMESPACE && name !== undefined ? [name] : [];
    });
    return [...new Set(names)].sort();
  }

  /** How many statements a namespace holds. It reads them all, which may take long. */
  async function countStatements(namespace: string, options?: Asking): Promise<number> {
    const asking = { ...options, accept: RESULTS, query: { query: COUNT } };
    const path = (at: string) => `${at}/namespace/${encodeURIComponent(namespace)}/sparql`;
    const { results } = await within((at) => http.get(path(at), Counted, asking));
    return Number(results.bindings[0]?.n.value);
  }

  async function check(options?: Asking): Promise<Finding> {
    if (!(await answers('kb', options)))
      throw new StarsError('API_ANSWER', 'Blazegraph answers ASK{} with false, which no working one does.');
    const names = await namespaces(options).catch(() => undefined);
    return {
      state: 'up',
      reason: names === undefined ? 'answers queries' : `answers queries, namespaces ${names.join(', ')}`,
    };
  }

  return { answers, namespaces, countStatements, check };
}
