import { randomUUID } from 'node:crypto';
import type { Handler, Route } from '../http.js';
import type { HttpReply, HttpRequest } from '../reply.js';
import type { Timers } from '../timing.js';
import { at } from './service.js';

type Query = { id: string; text: string; startedMs: number };

export type Blazegraph = ReturnType<typeof createBlazegraph>;

const CONTEXT = '(?:/blazegraph|/bigdata)?';
const TITLE = '<title>blazegraph&trade; by SYSTAP</title>';
const RESULTS = 'http://www.w3.org/2005/sparql-results#';

/** Blazegraph 2.1, with its context path or behind a proxy that takes it off. It answers two forms of query: ASK, and one that counts. */
export function createBlazegraph({ timers }: { timers: Timers }) {
  const triples = new Map([
    ['kb', 1_204_311],
    ['stars', 88_120],
  ]);
  const running = new Map<string, Query>();

  // A look at its health is an empty 200 here, which proves little.
  const status: Handler = ({ query, headers }) => {
    if (query.has('health')) return { status: 200 };
    if (headers.accept?.includes('application/json') && !headers.accept.includes('html'))
      return {
        json: [...running.values()].map(({ id, startedMs }) => ({ queryId: id, elapsed: timers.nowMs() - startedMs })),
      };
    const shown = query.has('showQueries')
      ? [...running.values()].map(({ id, text }) => `<h2>${id}</h2><pre>${text.replaceAll('<', '&lt;')}</pre>`).join('')
      : '';
    const counts = `<p>Accepted query count=${running.size}</p><p>Running query count=${running.size}</p>`;
    return {
      html: `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><html><head>${TITLE}</head><body>${counts}${shown}</body></html>`,
    };
  };

  const cancel: Handler = (request) => {
    const form = new URLSearchParams(request.body.toString());
    if (!request.query.has('cancelQuery') && !form.has('cancelQuery')) return status(request);
    for (const id of [...request.query.getAll('queryId'), ...form.getAll('queryId')]) running.delete(id);
    return { status: 200 };
  };

  const sparql =
    (namespace: (request: HttpRequest) => string): Handler =>
    (request) => {
      const count = triples.get(namespace(request));
      if (count === undefined) return { status: 404, text: `Not found: namespace=${namespace(request)}` };
      const text = queryOf(request);
      if (text === undefined) return { status: 400, text: 'Required request parameter: query' };
      if (/^\s*ASK\b/i.test(text)) return results(request, { boolean: count > 0 });
      const name = /\bSELECT\s*\(\s*COUNT\s*\([^)]*\)\s+AS\s+\?(\w+)\s*\)/i.exec(text)?.[1];
      if (name === undefined) return { status: 400, text: MALFORMED };
      return results(request, { name, count });
    };

  const describe: Handler = ({ headers }) => {
    const accept = headers.accept ?? '';
    const names = [...triples.keys()];
    if (accept.includes('json')) return body(JSON.stringify(names.map(namespaceLd)), 'application/ld+json');
    if (accept.includes('n-triples') || accept.includes('text/plain'))
      return body(names.map(namespaceNt).join(''), 'application/n-triples');
    return body(
      `<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>`,
      'application/rdf+xml',
    );
  };

  const routes: Route[] = [
    at('GET', `${CONTEXT}/status`, status),
    at('POST', `${CONTEXT}/status`, cancel),
    at('GET', `${CONTEXT}/counters`, () => body(`<counters>${'<c/>'.repeat(50_000)}</counters>`, 'application/xml')),
    at('GET', `${CONTEXT}/namespace`, describe),
    ...['GET', 'POST'].flatMap((method) => [
      at(
        method,
        `${CONTEXT}/namespace/([^/]+)/sparql`,
        sparql(({ params }) => params[0] ?? ''),
      ),
      at(
        method,
        `${CONTEXT}/sparql`,
        sparql(() => 'kb'),
      ),
    ]),
  ];

  return {
    routes,
    /** A query that goes on until somebody cancels it; its id. */
    addQuery(text: string): string {
      const id = randomUUID();
      running.set(id, { id, text, startedMs: timers.nowMs() });
      return id;
    },
  };
}

const MALFORMED = `SPARQL-QUERY: queryStr=?
java.util.concurrent.ExecutionException: org.openrdf.query.MalformedQueryException: Encountered " "?" "? "" at line 1, column 1.
	at java.util.concurrent.FutureTask.report(FutureTask.java:122)
	at com.bigdata.rdf.sail.webapp.BigdataServlet.submitApiTask(BigdataServlet.java:281)
`;

function queryOf({ query, body: sent, headers }: HttpRequest): string | undefined {
  const inPath = query.get('query');
  if (inPath !== null) return inPath;
  if (headers['content-type']?.startsWith('application/sparql-query')) return sent.toString();
  return new URLSearchParams(sent.toString()).get('query') ?? undefined;
}

type Found = { boolean: boolean } | { name: string; count: number };

function results({ headers }: HttpRequest, found: Found): HttpReply {
  if (headers.accept?.includes('json')) return body(JSON.stringify(jsonOf(found)), 'application/sparql-results+json');
  const inner =
    'boolean' in found
      ? `<head></head><boolean>${found.boolean}</boolean>`
      : `<head><variable name='${found.name}'/></head><results><result><binding name='${found.name}'><literal>${found.count}</literal></binding></result></results>`;
  return body(
    `<?xml version='1.0' encoding='UTF-8'?>\n<sparql xmlns='${RESULTS}'>${inner}</sparql>`,
    'application/sparql-results+xml',
  );
}

function jsonOf(found: Found): unknown {
  if ('boolean' in found) return { head: {}, boolean: found.boolean };
  const value = { datatype: 'http://www.w3.org/2001/XMLSchema#integer', type: 'literal', value: String(found.count) };
  return { head: { vars: [found.name] }, results: { bindings: [{ [found.name]: value }] } };
}

const ABOUT = 'http://www.bigdata.com/rdf#/features/KB/';

function namespaceLd(name: string): unknown {
  return { '@id': `_:${name}`, [`${ABOUT}Namespace`]: [{ '@value': name }] };
}

function namespaceNt(name: string): string {
  return `_:${name} <${ABOUT}Namespace> "${name}" .\n`;
}

function body(text: string, type: string): HttpReply {
  return { bytes: Buffer.from(text), headers: { 'Content-Type': type } };
}
