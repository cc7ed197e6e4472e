import { createHash } from 'node:crypto';
import { route, routed, type Handler } from './http.js';
import type { Masters } from './mesos/masters.js';
import type { Agent, Mesos } from './mesos/mesos.js';
import type { Delays, Timers } from './timing.js';

type Row = {
  name: string;
  host: string;
  ip: string;
  port: string;
  rtype: 'A' | 'SRV';
  framework: string;
  task: { id: string; name: string } | undefined;
};

export type MesosDnsDeps = {
  mesos: Mesos;
  masters: Masters;
  timers: Timers;
  delays: Delays;
  addressOf: (masterName: string) => string;
};

/** Mesos-DNS 0.6: answers from what it read last, whether or not the master still lives. */
export function createMesosDns({ mesos, masters, timers, delays, addressOf }: MesosDnsDeps) {
  let rows: Row[] = [];
  let loaded = false;
  let enumeration = true;

  function refresh(): void {
    const leader = masters.leader();
    if (!leader) return;
    loaded = true;
    const address = addressOf(leader.name);
    const fixed = ['leader.mesos.', 'master.mesos.', 'master0.mesos.'].map((name) => record({ name, ip: address }));
    rows = [
      ...fixed,
      ...mesos.frameworks.flatMap((framework) =>
        [...framework.tasks.values()]
          .filter(({ state }) => state === 'TASK_RUNNING')
          .flatMap((task) => taskRows(task, framework.name)),
      ),
    ];
  }

  function taskRows(
    task: { id: string; name: string; agentId: string; resources: { ports: number[] } },
    framework: string,
  ): Row[] {
    const agent = mesos.agentOf(task);
    if (!agent) return [];
    const name = hostLabel(task.name);
    const own = { framework, task: { id: task.id, name: task.name } };
    const unique = `${name}-${shortHash(task.id)}-s${agentNumber(agent)}`;
    const zones = [`${framework}.mesos.`, `${framework}.slave.mesos.`];
    const hosts = zones.flatMap((zone) =>
      [name, unique].map((label) => record({ name: `${label}.${zone}`, ip: agent.address, ...own })),
    );
    const services = zones.flatMap((zone) =>
      task.resources.ports.flatMap((port) =>
        ['tcp', 'udp'].map((protocol) =>
          record({
            name: `_${name}._${protocol}.${zone}`,
            ip: agent.address,
            host: `${unique}.${zone}`,
            port: String(port),
            rtype: 'SRV',
            ...own,
          }),
        ),
      ),
    );
    return [...hosts, ...services];
  }

  const hosts: Handler = ({ params }) => {
    const wanted = fullName(params[0] ?? '');
    const found = rows
      .filter(({ name, rtype }) => name === wanted && rtype === 'A')
      .map(({ name, ip }) => ({ host: name, ip }));
    return pretty(found.length > 0 ? found : [{ host: '', ip: '' }]);
  };

  const services: Handler = ({ params }) => {
    const asked = (params[0] ?? '').replace(/\.$/, '');
    const found = rows
      .filter(({ name, rtype }) => name === fullName(asked) && rtype === 'SRV')
      .map(({ host, ip, port }) => ({ service: asked, host, ip, port }));
    return pretty(found.length > 0 ? found : [{ service: '', host: '', ip: '', port: '' }]);
  };

  const notThere: Handler = () => ({ status: 404, text: '404: Page Not Found' });
  const enumerate: Handler = (request) =>
    enumeration ? pretty({ frameworks: loaded ? grouped(rows) : null }) : notThere(request);
  const axfr: Handler = (request) => {
    if (!enumeration) return notThere(request);
    const of = (rtype: Row['rtype']) =>
      Object.fromEntries(
        rows
          .filter((row) => row.rtype === rtype)
          .map(({ name, ip, host, port }) => [name, [rtype === 'A' ? ip : `${host}:${port}`]]),
      );
    return pretty({
      TTL: 60,
      Serial: Math.floor(timers.nowMs() / 1000),
      RefreshSeconds: delays.dnsRefreshMs / 1000,
      Mname: 'ns1.mesos.',
      Rname: 'root.ns1.mesos.',
      Domain: 'mesos',
      Records: { A: of('A'), AAAA: {}, SRV: of('SRV') },
    });
  };

  const handler = routed(
    [
      route('GET', /^\/v1\/version$/, () =>
        pretty({ Service: 'Mesos-DNS', URL: 'https://github.com/mesosphere/mesos-dns', Version: 'v0.6.0' }),
      ),
      route('GET', /^\/v1\/config$/, () => ({ json: config(masters, delays) })),
      route('GET', /^\/v1\/hosts\/([^/]+)$/, hosts),
      route('GET', /^\/v1\/hosts\/([^/]+)\/ports$/, () => ({ status: 501 })),
      route('GET', /^\/v1\/services\/([^/]+)$/, services),
      route('GET', /^\/v1\/enumerate$/, enumerate),
      route('GET', /^\/v1\/axfr$/, axfr),
    ],
    { missing: notThere, wrongVerb: () => ({ status: 405, text: '405: Method Not Allowed' }) },
  );

  timers.every(delays.dnsRefreshMs, refresh);
  return {
    handler,
    refresh,
    setEnumeration(value: boolean) {
      enumeration = value;
    },
  };
}

function record(part: Partial<Row> & { name: string; ip: string }): Row {
  return { host: part.ip, port: '', rtype: 'A', framework: '', task: undefined, ...part };
}

/** go-restful prints JSON with one space before every line. */
function pretty(json: unknown) {
  return {
    bytes: Buffer.from(JSON.stringify(json, null, 1).replaceAll(/\n/g, '\n ')),
    headers: { 'Content-Type': 'application/json' },
  };
}

/** Host names know no dots: `logging.development` is `logging-development`. */
function hostLabel(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
}

function fullName(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

function shortHash(text: string): string {
  return [...createHash('sha1').update(text).digest().subarray(0, 5)].map((byte) => BASE32[byte % 32]).join('');
}

function agentNumber({ id }: Agent): string {
  return /-S(\d+)$/.exec(id)?.[1] ?? '0';
}

function grouped(rows: Row[]): unknown[] {
  const frameworks = new Map<string, Map<string, { name: string; id: string; records: unknown[] }>>();
  for (const { framework, task, name, host, ip, port, rtype } of rows) {
    if (!task) continue;
    const tasks = frameworks.get(framework) ?? new Map<string, { name: string; id: string; records: unknown[] }>();
    frameworks.set(framework, tasks);
    const entry = tasks.get(task.id) ?? { name: task.name, id: task.id, records: [] };
    tasks.set(task.id, entry);
    entry.records.push({ name, host: rtype === 'A' ? ip : `${host}:${port}`, rtype });
  }
  return [...frameworks].map(([name, tasks]) => ({ tasks: [...tasks.values()], name }));
}

function config(masters: Masters, delays: Delays): Record<string, unknown> {
  return {
    RefreshSeconds: delays.dnsRefreshMs / 1000,
    Port: 53,
    Timeout: 5,
    StateTimeoutSeconds: 300,
    ZkDetectionTimeout: 30,
    HttpPort: 8123,
    TTL: 60,
    SOASerial: 1505000000,
    SOARefresh: 60,
    SOARetry: 600,
    SOAExpire: 86400,
    SOAMinttl: 60,
    SOAMname: 'ns1.mesos.',
    SOARname: 'root.ns1.mesos.',
    Masters: masters.all.map(({ port }) => `127.0.0.1:${port}`),
    Resolvers: ['127.0.0.1'],
    IPSources: ['netinfo', 'mesos', 'host'],
    Zk: `zk://${masters.all.map(({ name }) => `${name}:2181`).join(',')}/mesos`,
    Domain: 'mesos',
    File: '/etc/mesos-dns/config.json',
    Listener: '0.0.0.0',
    HTTPListener: '0.0.0.0',
    RecurseOn: true,
    DnsOn: true,
    HttpOn: true,
    ExternalOn: true,
    EnforceRFC952: false,
    EnumerationOn: true,
    MesosHTTPSOn: false,
    CACertFile: '',
    MesosCredentials: { Principal: '', Secret: '' },
    IAMConfigFile: '',
    MesosAuthentication: '',
  };
}
