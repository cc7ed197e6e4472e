import { route, type Handler, type Route } from '../http.js';
import { jettyPage } from '../reply.js';
import { FIELDS, JSON_TYPES } from './app-fields.js';
import { badRequest, notFound } from './errors.js';
import type { Marathon } from './marathon.js';

export type MarathonSite = {
  /** host:port of the leading instance, as it listens. */
  leader: () => string | undefined;
  zk: string;
  master: string;
  hostname: string;
  abdicate: () => void;
};

/** The server about itself: ping, info, leader, metrics, events. */
export function serverRoutes(marathon: Marathon, site: MarathonSite): Route[] {
  const ping: Handler = ({ headers }) =>
    headers.accept?.split(',').every((one) => one.trim().startsWith('application/json'))
      ? { json: 'pong' }
      : { text: 'pong' };

  const info: Handler = () => ({
    json: {
      name: 'marathon',
      version: marathon.version() === '1.4' ? '1.4.7' : '1.10.17',
      buildref: '8ffdb1e5d0fd3ff3f0ef5b3e2b0c8a1d2c5ab5ac',
      elected: site.leader() !== undefined,
      leader: site.leader() ?? null,
      frameworkId: marathon.framework.id,
      marathon_config: {
        master: site.master,
        failover_timeout: 604800,
        framework_name: 'marathon',
        ha: true,
        checkpoint: true,
        local_port_min: 10000,
        local_port_max: 20000,
        executor: '//cmd',
        hostname: site.hostname,
        webui_url: null,
        mesos_role: null,
        task_launch_timeout: 300000,
        reconciliation_initial_delay: 15000,
        reconciliation_interval: 600000,
        mesos_user: 'root',
        leader_proxy_connection_timeout_ms: 5000,
        leader_proxy_read_timeout_ms: 10000,
        features: [],
        mesos_leader_ui_url: null,
      },
      zookeeper_config: { zk: site.zk, zk_timeout: 10000, zk_session_timeout: 10000, zk_max_versions: 50 },
      event_subscriber: { type: 'http_callback', http_endpoints: null },
      http_config: { assets_path: null, http_port: Number(site.leader()?.split(':')[1] ?? 8080), https_port: 8443 },
    },
  });

  const leader: Handler = () => {
    const address = site.leader();
    if (address === undefined) throw notFound('There is no leader');
    return { json: { leader: address } };
  };

  const abdicate: Handler = () => {
    site.abdicate();
    return { json: { message: 'Leadership abdicated' } };
  };

  /** What went away after 1.4. */
  const onlyOld =
    (handler: Handler): Handler =>
    (request) => {
      if (marathon.version() !== '1.4') throw notFound(`URI not found: ${request.path.slice(1)}`);
      return handler(request);
    };

  // Their names changed in 1.5 and in 1.7.
  const newerMetrics = () => ({
    version: '4.0.0',
    gauges: {
      'marathon.apps.active.gauge': { value: marathon.root().apps.size },
      'marathon.groups.active.gauge': { value: marathon.root().groups.size + 1 },
      'marathon.instances.running.gauge': { value: marathon.framework.tasks.size },
      'marathon.uptime.gauge.seconds': { value: (marathon.nowMs() - marathon.framework.registeredMs) / 1000 },
    },
    counters: {},
    histograms: {},
    meters: {},
    timers: {},
  });

  const metrics: Handler = () => ({
    json: marathon.version() === '1.4' ? olderMetrics() : newerMetrics(),
  });

  const olderMetrics = () => ({
    version: '3.0.0',
    gauges: {
      'service.mesosphere.marathon.app.count': { value: marathon.root().apps.size },
      'service.mesosphere.marathon.group.count': { value: marathon.root().groups.size + 1 },
      'service.mesosphere.marathon.task.running.count': { value: marathon.framework.tasks.size },
      'service.mesosphere.marathon.uptime': { value: marathon.nowMs() - marathon.framework.registeredMs },
      'jvm.memory.heap.used': { value: 268435456 },
    },
    counters: {
      'service.mesosphere.marathon.core.task.tracker.impl.InstanceTrackerActor.tasks': {
        count: marathon.framework.tasks.size,
      },
    },
    histograms: {},
    meters: {},
    timers: {},
  });

  const events: Handler = ({ headers, query, remoteAddress }) => {
    if (!headers.accept?.includes('text/event-stream')) return methodNotAllowed('/v2/events');
    return {
      headers: { 'Content-Type': 'text/event-stream;charset=UTF-8', 'Cache-Control': 'no-cache', Connection: 'close' },
      stream: (response) =>
        marathon.events.attach(response, { types: query.getAll('event_type'), address: remoteAddress }),
    };
  };

  const subscribe =
    (on: boolean): Handler =>
    ({ query, remoteAddress: clientIp }) => {
      const url = query.get('callbackUrl');
      if (!url) throw badRequest('The callbackUrl is missing');
      return { json: marathon.events.subscribe(url, { clientIp, on }) };
    };

  return [
    route(
      'GET',
      /^\/v2\/eventSubscriptions\/?$/,
      onlyOld(() => ({ json: { callbackUrls: marathon.events.callbackUrls() } })),
    ),
    route('POST', /^\/v2\/eventSubscriptions\/?$/, onlyOld(subscribe(true))),
    route('DELETE', /^\/v2\/eventSubscriptions\/?$/, onlyOld(subscribe(false))),
    route('GET', /^\/ping\/?$/, ping),
    route('GET', /^\/$/, () => ({ status: 302, headers: { Location: '/ui/' } })),
    route('GET', /^\/(?:ui|help)\/?$/, () => ({
      html: '<!DOCTYPE html><html><head><title>Marathon</title></head><body></body></html>',
    })),
    route('GET', /^\/v2\/plugins\/?$/, () => ({ json: { plugins: [] } })),
    route(
      'GET',
      /^\/v2\/schemas\/app\/?$/,
      onlyOld(() => ({ json: APP_SCHEMA })),
    ),
    route('GET', /^\/metrics\/?$/, metrics),
    route('GET', /^\/v2\/info\/?$/, info),
    route('GET', /^\/v2\/leader\/?$/, leader),
    route('DELETE', /^\/v2\/leader\/?$/, abdicate),
    route('GET', /^\/v2\/events\/?$/, events),
  ];
}

const APP_SCHEMA = {
  $schema: 'http://json-schema.org/schema#',
  id: 'AppDefinition',
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: Object.fromEntries(Object.entries(FIELDS).map(([name, kind]) => [name, { type: JSON_TYPES[kind] }])),
};

export function methodNotAllowed(path: string) {
  return { status: 405, html: jettyPage(405, 'Method Not Allowed', path) };
}
