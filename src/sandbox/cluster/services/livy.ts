import type { Handler, Route } from '../http.js';
import type { HttpReply, HttpRequest } from '../reply.js';
import { at, bodyObject, type Service, type ServiceDeps } from './service.js';

type State = 'not_started' | 'starting' | 'idle' | 'busy' | 'shutting_down' | 'error' | 'dead' | 'success';
type Statement = { id: number; code: string; state: 'running' | 'available' | 'cancelled' };
type Session = {
  id: number;
  kind: string | undefined;
  state: State;
  owner: string | null;
  proxyUser: string | null;
  statements: Statement[];
};

export type Livy = ReturnType<typeof createLivy>;

const PAGE = 100;
const LOG = [
  'stdout: ',
  '\nstderr: ',
  '17/09/04 14:00:22 INFO SparkContext: Running Spark version 2.1.0',
  '\nYARN Diagnostics: ',
];

/** Livy 0.4: interactive sessions and batches. */
export function createLivy({ timers, jobMs }: ServiceDeps) {
  const sessions: Session[] = [];
  const batches: Session[] = [];
  let nextId = 0;
  let csrf = false;

  function add(
    list: Session[],
    { state, kind, owner = null }: { state: State; kind?: string | undefined; owner?: string | null },
  ): Session {
    const session: Session = { id: nextId++, kind, state, owner, proxyUser: null, statements: [] };
    list.push(session);
    return session;
  }

  const create =
    (list: Session[], path: string): Handler =>
    (request) => {
      const body = bodyObject(request);
      if (!body) return { status: 400, json: { msg: 'requirement failed: the body is not JSON' } };
      const asked = typeof body['kind'] === 'string' ? body['kind'] : 'spark';
      const kind = list === sessions ? asked : undefined;
      if (list === batches && typeof body['file'] !== 'string')
        return { status: 400, json: 'requirement failed: File is required.' };
      const session = add(list, { state: 'starting', kind });
      timers.after(jobMs, () => {
        if (session.state === 'starting') session.state = list === sessions ? 'idle' : 'success';
      });
      return { status: 201, headers: { Location: `${path}/${session.id}` }, json: sessionJson(session) };
    };

  const listed =
    (list: Session[]): Handler =>
    ({ query }) => {
      const from = whole(query.get('from'), 0);
      const page = list.slice(from, from + whole(query.get('size'), PAGE));
      return { json: { from, total: list.length, sessions: page.map(sessionJson) } };
    };

  const withOne =
    (list: Session[], answer: (session: Session, request: HttpRequest) => HttpReply): Handler =>
    (request) => {
      const session = list.find(({ id }) => id === Number(request.params[0]));
      return session ? answer(session, request) : { status: 404, json: `Session '${request.params[0]}' not found.` };
    };

  const remove = (list: Session[]): Handler =>
    withOne(list, (session) => {
      list.splice(list.indexOf(session), 1);
      return { json: { msg: 'deleted' } };
    });

  const runStatement = withOne(sessions, (session, request) => {
    const code = bodyObject(request)?.['code'];
    if (typeof code !== 'string') return { status: 400, json: { msg: 'requirement failed: code is required' } };
    const statement: Statement = { id: session.statements.length, code, state: 'running' };
    session.statements.push(statement);
    session.state = 'busy';
    timers.after(jobMs, () => {
      if (statement.state !== 'running') return;
      statement.state = 'available';
      session.state = 'idle';
    });
    return {
      status: 201,
      headers: { Location: `/sessions/${session.id}/statements/${statement.id}` },
      json: statementJson(statement),
    };
  });

  const withStatement = (answer: (statement: Statement, session: Session) => HttpReply): Handler =>
    withOne(sessions, (session, { params }) => {
      const statement = session.statements[Number(params[1])];
      return statement ? answer(statement, session) : { status: 404, json: 'Statement not found' };
    });

  const cancel = withStatement((statement, session) => {
    if (statement.state === 'running') {
      statement.state = 'cancelled';
      session.state = 'idle';
    }
    return { json: { msg: 'canceled' } };
  });

  const both = (list: Session[], path: string): Route[] => [
    at('GET', path, listed(list)),
    at('POST', path, create(list, path)),
    at(
      'GET',
      `${path}/(\\d+)`,
      withOne(list, (session) => ({ json: sessionJson(session) })),
    ),
    at('DELETE', `${path}/(\\d+)`, remove(list)),
    at(
      'GET',
      `${path}/(\\d+)/state`,
      withOne(list, ({ id, state }) => ({ json: { id, state } })),
    ),
    at(
      'GET',
      `${path}/(\\d+)/log`,
      withOne(list, ({ id }) => ({ json: { id, from: 0, total: LOG.length, log: LOG } })),
    ),
  ];

  const routes = [
    at('GET', '/version', () => ({ json: VERSION })),
    at('GET', '/metrics', () => ({
      json: { version: '3.0.0', gauges: {}, counters: {}, histograms: {}, meters: {}, timers: {} },
    })),
    at('GET', '/metrics/ping', () => ({ text: 'pong\n' })),
    ...both(sessions, '/sessions'),
    ...both(batches, '/batches'),
    at(
      'GET',
      '/sessions/(\\d+)/statements',
      withOne(sessions, ({ statements }) => ({
        json: { total_statements: statements.length, statements: statements.map(statementJson) },
      })),
    ),
    at('POST', '/sessions/(\\d+)/statements', runStatement),
    at(
      'GET',
      '/sessions/(\\d+)/statements/(\\d+)',
      withStatement((statement) => ({ json: statementJson(statement) })),
    ),
    at('POST', '/sessions/(\\d+)/statements/(\\d+)/cancel', cancel),
  ];

  const guard: Service['guard'] = ({ method, headers }) =>
    csrf && (method === 'POST' || method === 'DELETE') && headers['x-requested-by'] === undefined
      ? { status: 400, text: 'Missing Required Header for CSRF protection.' }
      : undefined;

  return {
    routes,
    guard,
    /** A session in this state, as if somebody had begun it; its id. */
    addSession: (state: State, kind = 'pyspark', owner: string | null = null) =>
      add(sessions, { state, kind, owner }).id,
    protectAgainstCsrf(on: boolean) {
      csrf = on;
    },
  };
}

const VERSION = {
  url: 'https://github.com/cloudera/livy',
  branch: 'HEAD',
  revision: '',
  version: '0.4.0',
  date: '2017-08-23',
  user: 'livy',
};

function sessionJson({ id, kind, state, owner, proxyUser }: Session): Record<string, unknown> {
  const appInfo = { driverLogUrl: null, sparkUiUrl: null };
  return { id, appId: null, owner, proxyUser, state, ...(kind !== undefined && { kind }), appInfo, log: LOG };
}

function statementJson({ id, code, state }: Statement): Record<string, unknown> {
  const output = state === 'available' ? { status: 'ok', execution_count: id, data: { 'text/plain': '' } } : null;
  return { id, code, state, output, progress: state === 'available' ? 1 : 0 };
}

function whole(text: string | null, fallback: number): number {
  const value = Number(text ?? fallback);
  return Number.isInteger(value) && value >= 0 ? value : fallback;
}
