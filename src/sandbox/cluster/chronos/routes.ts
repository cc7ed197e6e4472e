import { route, routed, type Handler, type Route } from '../http.js';
import { isJson, jettyPage, Refusal, refusedOr, type HttpReply, type HttpRequest } from '../reply.js';
import type { Timers } from '../timing.js';
import { statusOf, type Chronos } from './chronos.js';
import { isDependent, jobJson, readJob, validName, type Job } from './job.js';
import { parseSchedule } from './schedule.js';

export type ChronosSite = { leader: () => string | undefined; timers: Timers };

/** The HTTP side of Chronos, under the prefix of its version. */
export function createChronosHandler(chronos: Chronos, site: ChronosSite): Handler {
  const missing: Handler = ({ path }) => ({ status: 404, html: jettyPage(404, 'Not Found', path) });
  const wrongVerb: Handler = ({ path }) => ({ status: 405, html: jettyPage(405, 'Method Not Allowed', path) });
  const inside = routed([...jobRoutes(chronos, site), ...reportRoutes(chronos, site)], { missing, wrongVerb });
  const outside = routed(
    [
      route('GET', /^\/ping\/?$/, () => ({ text: 'pong' })),
      route('GET', /^\/metrics\/?$/, () => ({ json: metrics(chronos) })),
    ],
    { missing, wrongVerb },
  );
  return (request) => {
    const prefix = chronos.version() === '2.5' ? '/scheduler/' : '/v1/scheduler/';
    if (!request.path.startsWith(prefix)) return outside(request);
    return inside({ ...request, path: request.path.slice(prefix.length - 1) });
  };
}

/** An instance that does not lead passes everything on, and loses what an error said. */
export function createChronosStandby(handle: Handler): Handler {
  return async (request) => {
    const reply = await refusedOr(() => handle(request));
    return (reply.status ?? 200) < 400 || request.path === '/ping' ? reply : { status: reply.status ?? 500 };
  };
}

function jobRoutes(chronos: Chronos, { timers }: ChronosSite): Route[] {
  const old = () => chronos.version() === '2.5';

  function refuse(status: number, message: string): Refusal {
    const reason = status === 400 ? 'Bad Request' : 'Internal Server Error';
    return new Refusal(old() ? { status, text: message } : { status, json: { message, status: reason } });
  }

  function requireJob(name = ''): Job {
    const job = chronos.jobs.get(name);
    if (!job) throw refuse(400, old() ? `Job '${name}' not found` : `requirement failed: Job '${name}' not found`);
    return job;
  }

  function bodyJob(request: HttpRequest): Job {
    if (!isJson(request))
      throw new Refusal({ status: 415, html: jettyPage(415, 'Unsupported Media Type', request.path) });
    let json: unknown;
    try {
      json = JSON.parse(request.body.toString());
    } catch {
      throw refuse(400, traced('com.fasterxml.jackson.core.JsonParseException: Unrecognized token'));
    }
    const job = readJob(json);
    if (typeof job === 'string') throw refuse(400, traced(job));
    if (!validName(job.name, chronos.version()))
      throw refuse(
        400,
        `the job's name is invalid. Allowed names: '${old() ? String.raw`([\w\s\.#_-]+)` : String.raw`([\w\.-]+)`}'`,
      );
    if (!chronos.jobs.has(job.name) && job.uris.length > 0 && job.fetch.length > 0) {
      throw refuse(400, `Tried to add both uri (deprecated) and fetch parameters on ${job.name}`);
    }
    return { ...job, name: job.name };
  }

  /** 3.x writes the whole stack trace into the message. */
  function traced(message: string): string {
    return old()
      ? message
      : `${message}\n\tat org.apache.mesos.chronos.scheduler.api.Iso8601JobResource.post(Iso8601JobResource.scala:45)\n\tat sun.reflect.GeneratedMethodAccessor12.invoke(Unknown Source)`;
  }

  const postScheduled: Handler = (request) => {
    const job = bodyJob(request);
    if (job.schedule === undefined) throw refuse(400, 'requirement failed: The schedule is missing');
    if (!parseSchedule(job.schedule, { zone: job.scheduleTimeZone ?? '', now: timers.now() })) {
      throw refuse(400, `Cannot parse schedule '${job.schedule}'`);
    }
    const { parents: _parents, ...scheduled } = job;
    chronos.put(scheduled);
    return { status: 204 };
  };

  const postDependent: Handler = (request) => {
    const job = bodyJob(request);
    if (!isDependent(job))
      throw refuse(
        500,
        traced('java.lang.IllegalArgumentException: requirement failed: The job does not have any parents'),
      );
    const unknown = job.parents?.filter((parent) => !chronos.jobs.has(parent)) ?? [];
    if (unknown.length > 0 && old()) throw refuse(400, `Unable to find parents: ${unknown.join(', ')}`);
    const { schedule: _schedule, scheduleTimeZone: _zone, ...dependent } = job;
    chronos.put(dependent);
    return { status: 204 };
  };

  const list: Handler = () => ({ json: [...chronos.jobs.values()].map((job) => jobJson(job, chronos.version())) });

  const show: Handler = ({ params, path }) => {
    if (old()) return { status: 405, html: jettyPage(405, 'Method Not Allowed', path) };
    return { json: jobJson(requireJob(params[0]), chronos.version()) };
  };

  const runNow: Handler = ({ params, query }) => {
    chronos.runNow(requireJob(params[0]).name, query.get('arguments') ?? '');
    return { status: 204 };
  };

  const remove: Handler = ({ params }) => {
    chronos.remove(requireJob(params[0]).name);
    return { status: 204 };
  };

  const succeed: Handler = ({ params }) => {
    chronos.succeed(requireJob(params[0]).name);
    return { text: `marked job ${params[0]} as successful` };
  };

  const kill: Handler = ({ params }) => {
    if (old() && !chronos.jobs.has(params[0] ?? '')) throw refuse(500, 'java.util.NoSuchElementException: None.get');
    chronos.killTasks(requireJob(params[0]).name);
    return { status: 204 };
  };

  /** An asynchronous task tells by itself how it ended. */
  const report: Handler = ({ params, body }) => {
    const code = statusCode(body.toString());
    if (code === undefined) throw refuse(400, 'the statusCode is missing');
    chronos.report(params[0] ?? '', code);
    return { status: 204 };
  };

  const onlyOld =
    (handler: Handler): Handler =>
    (request) =>
      old() ? handler(request) : { status: 404, html: jettyPage(404, 'Not Found', request.path) };

  return [
    route('GET', /^\/jobs\/?$/, list),
    route('GET', /^\/jobs\/search\/?$/, search(chronos)),
    route('GET', /^\/jobs\/summary\/?$/, summary(chronos)),
    route('POST', /^\/iso8601\/?$/, postScheduled),
    route('PUT', /^\/iso8601\/?$/, onlyOld(postScheduled)),
    route('POST', /^\/dependency\/?$/, postDependent),
    route('PUT', /^\/dependency\/?$/, onlyOld(postDependent)),
    route('PUT', /^\/job\/success\/([^/]+)\/?$/, succeed),
    route('GET', /^\/job\/stat\/([^/]+)\/?$/, ({ params }) => ({
      json: histogram(chronos.durations(requireJob(params[0]).name)),
    })),
    route('GET', /^\/job\/([^/]+)\/?$/, show),
    route('PUT', /^\/job\/([^/]+)\/?$/, runNow),
    route('DELETE', /^\/job\/([^/]+)\/?$/, remove),
    route('DELETE', /^\/task\/kill\/([^/]+)\/?$/, kill),
    route(
      'DELETE',
      /^\/task\/all\/?$/,
      onlyOld(() => {
        chronos.clearQueue();
        return { status: 204 };
      }),
    ),
    route('PUT', /^\/task\/([^/]+)\/?$/, onlyOld(report)),
  ];
}

function statusCode(text: string): number | undefined {
  try {
    const { statusCode: code } = JSON.parse(text) as { statusCode?: unknown };
    return typeof code === 'number' ? code : undefined;
  } catch {
    return undefined;
  }
}

function reportRoutes(chronos: Chronos, { leader }: ChronosSite): Route[] {
  const stats: Handler = ({ params }) => ({
    json: [...chronos.jobs.keys()].map((name) => ({
      jobNameLabel: name,
      time: percentile(chronos.durations(name), params[0] ?? '') / 1000,
    })),
  });
  return [
    route('GET', /^\/leader\/?$/, () => ({ json: { leader: leader() ?? '' } })),
    route('GET', /^\/stats\/(99thPercentile|98thPercentile|95thPercentile|75thPercentile|median|mean)$/, stats),
    route('GET', /^\/graph\/csv\/?$/, () => ({ text: csvGraph(chronos) })),
    route('GET', /^\/graph\/dot\/?$/, () => ({ text: dotGraph(chronos) })),
  ];
}

/** Substring search; 10 results unless the limit says otherwise. */
function search(chronos: Chronos): Handler {
  return ({ query }) => {
    const has = (text: string, wanted: string | null) => !wanted || text.toLowerCase().includes(wanted.toLowerCase());
    const any = query.get('any');
    const found = [...chronos.jobs.values()].filter(
      ({ name, command }) =>
        has(name, query.get('name')) &&
        has(command, query.get('command')) &&
        (!any || has(name, any) || has(command, any)),
    );
    const offset = Number(query.get('offset') ?? 0) || 0;
    const limit = Number(query.get('limit') ?? 10) || 10;
    return { json: found.slice(offset, offset + limit).map((job) => jobJson(job, chronos.version())) };
  };
}

function summary(chronos: Chronos): Handler {
  return ({ path }): HttpReply => {
    if (chronos.version() === '2.5') return { status: 404, html: jettyPage(404, 'Not Found', path) };
    const rows = [...chronos.jobs.values()].map((job) => ({
      name: job.name,
      status: statusOf(job),
      state: chronos.stateOf(job.name),
      schedule: isDependent(job) ? '' : (job.schedule ?? ''),
      parents: job.parents ?? [],
      disabled: job.disabled,
    }));
    return { json: { jobs: rows } };
  };
}

function csvGraph(chronos: Chronos): string {
  const nodes = [...chronos.jobs.values()].map(
    (job) => `node,${job.name},${statusOf(job)},${chronos.stateOf(job.name)}`,
  );
  const links = [...chronos.jobs.values()].flatMap(({ name, parents = [] }) =>
    parents.map((parent) => `link,${parent},${name}`),
  );
  return [...nodes, ...links].map((line) => `${line}\n`).join('');
}

function dotGraph(chronos: Chronos): string {
  const links = [...chronos.jobs.values()].flatMap(({ name, parents = [] }) =>
    parents.map((parent) => `  "${parent}" -> "${name}" [ label = "0" ];`),
  );
  return ['digraph {', ...[...chronos.jobs.keys()].map((name) => `  "${name}"`), ...links, '}', ''].join('\n');
}

function percentile(values: number[], name: string): number {
  if (values.length === 0) return 0;
  if (name === 'mean') return values.reduce((sum, value) => sum + value, 0) / values.length;
  const fraction = name === 'median' ? 0.5 : Number.parseInt(name, 10) / 100;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0;
}

function histogram(values: number[]): Record<string, unknown> {
  const names = ['75thPercentile', '95thPercentile', '98thPercentile', '99thPercentile', 'median', 'mean'];
  return { count: values.length, ...Object.fromEntries(names.map((name) => [name, percentile(values, name) / 1000])) };
}

function metrics(chronos: Chronos): Record<string, unknown> {
  return {
    version: '3.0.0',
    gauges: { 'jobs.count': { value: chronos.jobs.size } },
    counters: {},
    histograms: {},
    meters: {},
    timers: {},
  };
}
