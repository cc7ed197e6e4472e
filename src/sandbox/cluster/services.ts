import { route, routed, type Handler } from './http.js';
import { jettyPage, type HttpReply } from './reply.js';

export type ServiceName = 'zeppelin' | 'livy' | 'blazegraph' | 'lightning' | 'spark';
export const SERVICE_NAMES: ServiceName[] = ['zeppelin', 'livy', 'blazegraph', 'lightning', 'spark'];

/** What the data services answer about themselves; one whose app has no running task hangs up. */
export function createServiceHandler(name: ServiceName, isUp: (name: ServiceName) => boolean): Handler {
  const missing: Handler = ({ path }) => ({ status: 404, html: jettyPage(404, 'Not Found', path) });
  const handle = routed(ROUTES[name], {
    missing,
    wrongVerb: ({ path }) => ({ status: 405, html: jettyPage(405, 'Method Not Allowed', path) }),
  });
  return (request) => (isUp(name) ? handle(request) : { hangUp: true });
}

const ok = (body: unknown): HttpReply => ({ json: { status: 'OK', message: '', body } });

const livySessions = { from: 0, total: 0, sessions: [] };

const application = {
  id: 'app-20170904145544-0001',
  name: 'Zeppelin',
  attempts: [
    {
      startTime: '2017-09-04T14:55:44.791GMT',
      endTime: '1969-12-31T23:59:59.999GMT',
      lastUpdated: '2017-09-04T14:56:01.000GMT',
      duration: 0,
      sparkUser: 'stars',
      completed: false,
    },
  ],
};

const ask: Handler = ({ headers }) =>
  headers.accept?.includes('json')
    ? {
        bytes: Buffer.from('{"head":{},"boolean":true}'),
        headers: { 'Content-Type': 'application/sparql-results+json' },
      }
    : {
        bytes: Buffer.from(
          "<?xml version='1.0' encoding='UTF-8'?>\n<sparql xmlns='http://www.w3.org/2005/sparql-results#'><head></head><boolean>true</boolean></sparql>",
        ),
        headers: { 'Content-Type': 'application/sparql-results+xml' },
      };

// Blazegraph lives under a context path, but a proxy may have taken it off.
const blazegraphStatus: Handler = ({ query }) =>
  query.has('health')
    ? { status: 200 }
    : {
        html: '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><html><head><title>blazegraph&trade; by SYSTAP</title></head><body><p>Accepted query count=0</p><p>Running query count=0</p></body></html>',
      };

const ROUTES = {
  zeppelin: [
    route('GET', /^\/api\/version$/, () => ok('0.7.2')),
    route('GET', /^\/api\/notebook$/, () =>
      ok([{ id: '2A94M5J1Z', name: 'Zeppelin Tutorial/Basic Features (Spark)' }]),
    ),
    route('GET', /^\/api\/notebook\/job\/([^/]+)$/, () =>
      ok([{ id: '20150210-015259_1403135953', status: 'FINISHED', progress: '100' }]),
    ),
    route('GET', /^\/api\/interpreter\/setting$/, () => ok({})),
  ],
  livy: [
    route('GET', /^\/version$/, () => ({
      json: {
        url: 'https://github.com/cloudera/livy',
        branch: 'HEAD',
        revision: '',
        version: '0.4.0',
        date: '2017-08-23',
        user: 'livy',
      },
    })),
    route('GET', /^\/sessions$/, () => ({ json: livySessions })),
    route('GET', /^\/sessions\/(\d+)(?:\/.*)?$/, ({ params }) => ({
      status: 404,
      json: `Session '${params[0]}' not found.`,
    })),
    route('GET', /^\/batches$/, () => ({ json: livySessions })),
    route('GET', /^\/metrics\/ping$/, () => ({ text: 'pong\n' })),
  ],
  blazegraph: [
    route('GET', /^(?:\/blazegraph|\/bigdata)?\/status$/, blazegraphStatus),
    route('GET', /^(?:\/blazegraph|\/bigdata)?\/namespace\/kb\/sparql$/, ask),
    route('POST', /^(?:\/blazegraph|\/bigdata)?\/namespace\/kb\/sparql$/, ask),
  ],
  lightning: [
    route('GET', /^\/status$/, () => ({
      json: {
        database: { dialect: 'sqlite' },
        visualizations: 0,
        sessions: 0,
        visualizationTypes: [{ name: 'line' }, { name: 'scatter' }],
      },
    })),
    route('GET', /^\/sessions$/, () => ({ json: [] })),
  ],
  spark: [
    route('GET', /^\/api\/v1\/applications$/, () => ({ json: [application] })),
    route('GET', /^\/api\/v1\/version$/, () => ({ json: { spark: '2.1.0' } })),
  ],
};
