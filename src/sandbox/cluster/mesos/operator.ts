import { route, type Handler, type Route } from '../http.js';
import type { HttpReply, HttpRequest } from '../reply.js';
import type { Timers } from '../timing.js';
import { BUILD, seconds } from './json.js';
import type { Maintenance } from './maintenance.js';
import type { Master, Masters } from './masters.js';
import type { Mesos } from './mesos.js';
import { masterMetrics } from './metrics.js';
import type { Subscribers } from './subscribers.js';
import { agentV1, flagsV1, frameworkV1, stateV1, tasksV1 } from './v1-json.js';

/** A call of the operator API: its arguments stand under its name in lower case. */
export type Call = { type: string; of: Record<string, unknown> };

type OperatorDeps = {
  mesos: Mesos;
  masters: Masters;
  self: Master;
  timers: Timers;
  maintenance: Maintenance;
  subscribers: Subscribers;
  flags: () => Record<string, string>;
};

/** `POST /api/v1` of a master. */
export function operatorRoute(deps: OperatorDeps): Route {
  const { maintenance, subscribers } = deps;
  const done = (refusal: string | undefined): HttpReply =>
    refusal === undefined ? { status: 200 } : { status: 400, text: refusal };
  const machines = ({ of }: Call) => JSON.stringify(of['machines'] ?? []);
  return operatorApi('master', ({ type, of }, { body }) => {
    if (type === 'SUBSCRIBE') return { headers: { 'Content-Type': 'application/json' }, stream: subscribers.attach };
    // The digits of a time must not go through a number.
    if (type === 'UPDATE_MAINTENANCE_SCHEDULE')
      return done(maintenance.replace(innerObject(body.toString(), 'schedule')));
    if (type === 'START_MAINTENANCE') return done(maintenance.start(machines({ type, of })));
    if (type === 'STOP_MAINTENANCE') return done(maintenance.stop(machines({ type, of })));
    if (type === 'LIST_FILES' || type === 'READ_FILE') return { status: 404 };
    if (type === 'GET_MAINTENANCE_SCHEDULE') {
      const json = `{"type":"${type}","get_maintenance_schedule":{"schedule":${maintenance.scheduleText()}}}`;
      return { bytes: Buffer.from(json), headers: { 'Content-Type': 'application/json' } };
    }
    return readers[type] && { json: { type, [type.toLowerCase()]: readers[type](deps) } };
  });
}

/** The parts of the operator API that masters and agents share; `answer` gives undefined for a call it does not know. */
export function operatorApi(
  of: 'master' | 'agent',
  answer: (call: Call, request: HttpRequest) => HttpReply | undefined,
): Route {
  const handle: Handler = (request) => {
    const { headers, body } = request;
    if (!headers['content-type']?.startsWith('application/json'))
      return { status: 415, text: "Expecting 'Content-Type' of 'application/json' or 'application/x-protobuf'" };
    if (!/application\/json|\*\/\*|application\/\*/.test(headers.accept ?? '*/*'))
      return { status: 406, text: "Expecting 'Accept' to allow 'application/json' or 'application/x-protobuf'" };
    const call = parseCall(body.toString());
    if (!call) return { status: 400, text: 'Failed to parse body into JSON: syntax error' };
    return (
      answer(call, request) ?? { status: 400, text: `Failed to validate ${of}::Call: Unknown call type '${call.type}'` }
    );
  };
  return route('POST', /^\/api\/v1$/, handle);
}

function parseCall(text: string): Call | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== 'object' || json === null) return undefined;
    const fields = json as Record<string, unknown>;
    const type = typeof fields['type'] === 'string' ? fields['type'] : '';
    const own = fields[type.toLowerCase()];
    return { type, of: typeof own === 'object' && own !== null ? (own as Record<string, unknown>) : {} };
  } catch {
    return undefined;
  }
}

/** The text of the object under a key, cut out of JSON as it was sent. */
function innerObject(json: string, key: string): string {
  const start = json.indexOf('{', json.indexOf(`"${key}"`));
  let depth = 0;
  for (let at = start; at >= 0 && at < json.length; at++) {
    if (json[at] === '{') depth++;
    if (json[at] === '}' && --depth === 0) return json.slice(start, at + 1);
  }
  return '{}';
}

const readers: Record<string, (deps: OperatorDeps) => unknown> = {
  GET_HEALTH: () => ({ healthy: true }),
  GET_VERSION: () => ({ version_info: BUILD }),
  GET_FLAGS: ({ flags }) => flagsV1(flags()),
  GET_LOGGING_LEVEL: () => ({ level: 0 }),
  GET_METRICS: (deps) => ({ metrics: Object.entries(masterMetrics(deps)).map(([name, value]) => ({ name, value })) }),
  GET_MASTER: ({ masters, self }) => ({
    master_info: {
      id: self.id,
      ip: 16777343,
      port: self.port,
      pid: `master@127.0.0.1:${self.port}`,
      hostname: self.name,
      version: BUILD.version,
      address: { hostname: self.name, ip: '127.0.0.1', port: self.port },
    },
    start_time: seconds(self.startedMs),
    elected_time: seconds(masters.electedMs()),
  }),
  GET_AGENTS: ({ masters }) => ({ agents: masters.registered().map(agentV1) }),
  GET_FRAMEWORKS: ({ mesos }) => ({ frameworks: mesos.frameworks.map(frameworkV1) }),
  GET_TASKS: ({ mesos }) => tasksV1(mesos),
  GET_EXECUTORS: () => ({}),
  GET_ROLES: ({ mesos }) => ({
    roles: [{ name: '*', weight: 1, frameworks: mesos.frameworks.map(({ id }) => ({ value: id })) }],
  }),
  GET_WEIGHTS: () => ({}),
  GET_QUOTA: ({ mesos }) => ({ status: mesos.quota.size === 0 ? {} : { infos: [...mesos.quota.values()] } }),
  GET_STATE: stateV1,
  GET_MAINTENANCE_STATUS: ({ maintenance }) => ({ status: maintenance.statusJson() }),
};
