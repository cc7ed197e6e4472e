import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createChronos } from '../../src/cluster/chronos/client.js';
import { createMarathon } from '../../src/cluster/marathon/client.js';
import { createMesosDns } from '../../src/cluster/mesos-dns/client.js';
import { createMesos } from '../../src/cluster/mesos/client.js';
import { createServices } from '../../src/cluster/services/client.js';
import { askAdmin } from '../../src/cluster/zookeeper/admin.js';
import { StarsError } from '../../src/errors.js';
import { startPractice, type Practice } from '../sandbox/cluster/support.js';
import { closeServers, httpTo, hurryingClock, type Seen, serve, type Served } from './serve.js';

// Every call of every client on answers that somebody spoilt: recorded once from the simulated services, then given out again with a field
// missing, null, added or huge, with no JSON at all, or cut off.

type Answer = { status: number; type: string; body: string };

let practice: Practice;
let server: Served;
/** Where the first part of a path leads while answers are recorded. */
const targets = new Map<string, string>();
let recorded = new Map<string, Answer>();
let isRecording = true;
/** What is done to an answer before it is given out. */
let spoil: (key: string, answer: Answer) => Answer | 'cut' = (_key, answer) => answer;

beforeAll(async () => {
  practice = await startPractice();
  practice.control.setZooKeeperVersion('3.8');
  await practice.marathon('POST', '/v2/pods', { id: '/pod', containers: [{ name: 'one' }] });
  await practice.marathon('POST', '/v2/apps', { id: '/big', cmd: 'x', cpus: 64 });
  practice.control.crashLoop('/livy');
  practice.control.crashLoop('/livy', false);
  await practice.marathon('POST', '/v2/apps', { id: '/calm', cmd: 'x', cpus: 0.1, mem: 16, instances: 2 });
  await practice.clock.advance(20_000);
  practice.control.lockApp('/lightning');
  practice.data.livy.addSession('dead', 'spark', 'ann');
  practice.data.spark.addApplication('bad', { stages: [FAILED] });
  practice.data.zeppelin.hang();
  const { urls } = practice;
  for (const [name, url] of Object.entries({
    marathon: urls.marathon,
    chronos: urls.chronos,
    mesos: urls.mesos[0] ?? '',
    dns: urls.mesosDns,
    admin: practice.zookeeperAdmin[2] ?? '',
    ...urls.services,
  }))
    targets.set(name, url);
  server = await serve((seen, response) => {
    const key = `${seen.method} ${seen.url}`;
    if (isRecording) {
      void forward(seen, key).then(
        ({ status, type, body }) => response.writeHead(status, { 'Content-Type': type }).end(body),
        () => response.destroy(),
      );
      return undefined;
    }
    const answer = recorded.get(key) ?? { status: 404, type: 'text/plain', body: 'not recorded' };
    const given = spoil(key, answer);
    if (given === 'cut') {
      response.writeHead(answer.status, { 'Content-Length': answer.body.length + 10 });
      response.write(answer.body, () => response.destroy());
      return undefined;
    }
    return { status: given.status, headers: { 'Content-Type': given.type }, body: given.body };
  });
});
afterAll(async () => {
  await closeServers();
  await practice.stop();
});

const FAILED = { stageId: 3, status: 'FAILED' as const, name: 'join', numFailedTasks: 2, failureReason: 'lost' };

async function forward({ method, url, body, headers }: Seen, key: string): Promise<Answer> {
  const [, name = '', path = '/'] = /^\/([^/]+)(\/.*)$/.exec(url) ?? [];
  const sent = await fetch(`${targets.get(name)}${path}`, {
    method,
    headers: { accept: headers.accept ?? '*/*', 'content-type': headers['content-type'] ?? '' },
    ...(body && { body }),
  });
  const answer = {
    status: sent.status,
    type: sent.headers.get('content-type') ?? 'text/plain',
    body: Buffer.from(await sent.arrayBuffer()).toString('latin1'),
  };
  // A change is looked at before and after: the last answer counts.
  recorded.set(key, answer);
  return answer;
}

function clients() {
  const clock = hurryingClock();
  const to = (name: string) => httpTo(`${server.url}/${name}`, { service: name, clock });
  const services = new Map(
    ['zeppelin', 'livy', 'blazegraph', 'spark', 'lightning'].map((name) => [name, { http: to(name) }]),
  );
  return {
    marathon: createMarathon({ http: to('marathon'), clock }),
    chronos: createChronos({ http: to('chronos'), clock }),
    mesos: createMesos({
      http: to('mesos'),
      httpToMaster: () => to('mesos'),
      httpTo(_service, url) {
        targets.set('agent', url);
        return to('agent');
      },
    }),
    dns: createMesosDns({ http: to('dns') }),
    services: createServices(services),
    admin: () => askAdmin(to('admin')),
  };
}

type Clients = ReturnType<typeof clients>;
const task = async ({ marathon }: Clients) => (await marathon.app('/zeppelin')).tasks[0];
const onAgent = async (all: Clients) => {
  const { id = '', agentId = '' } = (await task(all)) ?? {};
  return { taskId: id, agentId };
};

/** Every call of every client that reads an answer. */
const CALLS: Record<string, (all: Clients) => Promise<unknown>> = {
  'Marathon apps': ({ marathon }) => marathon.apps(),
  'Marathon app': ({ marathon }) => marathon.app('/livy'),
  'Marathon find': ({ marathon }) => marathon.find('zeppelin'),
  'Marathon definitions': ({ marathon }) => marathon.definitions(),
  'Marathon definition': ({ marathon }) => marathon.definition('/livy'),
  'Marathon versions': ({ marathon }) => marathon.versions('/livy'),
  'Marathon version': async ({ marathon }) => marathon.version('/livy', (await marathon.versions('/livy'))[0] ?? ''),
  'Marathon deployments': ({ marathon }) => marathon.deployments(),
  'Marathon queue': ({ marathon }) => marathon.queue(),
  'Marathon tasks': ({ marathon }) => marathon.tasks(),
  'Marathon groups': ({ marathon }) => marathon.groups(),
  'Marathon group': ({ marathon }) => marathon.groupDefinition('/'),
  'Marathon try of a group': ({ marathon }) => marathon.tryGroup('/new', { id: '/new' }),
  'Marathon pods': ({ marathon }) => marathon.pods(),
  'Marathon definitions of pods': ({ marathon }) => marathon.podDefinitions(),
  'Marathon definition of a pod': ({ marathon }) => marathon.podDefinition('/pod'),
  'Marathon state of a pod': ({ marathon }) => marathon.podStatus('/pod'),
  'Marathon info': ({ marathon }) => marathon.info(),
  'Marathon leader': ({ marathon }) => marathon.leader(),
  'Marathon restart of a locked app': ({ marathon }) => marathon.restart('/lightning'),
  'Marathon restart': ({ marathon }) => marathon.restart('/calm'),
  'Marathon scale': ({ marathon }) => marathon.scale('/calm', 3, { force: true }),
  'Marathon creation': ({ marathon }) => marathon.create({ id: '/made', cmd: 'x', cpus: 0.1, mem: 16 }),
  'Marathon replacement': ({ marathon }) =>
    marathon.replace('/made', { id: '/made', cmd: 'y', cpus: 0.1, mem: 16 }, { force: true }),
  'Marathon end of a deployment': async ({ marathon }) =>
    marathon.revertDeployment((await marathon.deployments())[0]?.id ?? ''),
  'Marathon kill': async (all) => all.marathon.killTasks([(await all.marathon.app('/calm')).tasks[0]?.id ?? '']),
  'Chronos jobs': ({ chronos }) => chronos.jobs(),
  'Chronos job': ({ chronos }) => chronos.job('reindex'),
  'Chronos summary': ({ chronos }) => chronos.summary(),
  'Chronos graph': ({ chronos }) => chronos.graph(),
  'Chronos definitions': ({ chronos }) => chronos.definitions(),
  'Chronos leader': ({ chronos }) => chronos.leader(),
  'Chronos children': ({ chronos }) => chronos.children('fetch-catalog'),
  'Chronos switch': ({ chronos }) => chronos.setDisabled('reindex', true),
  'Mesos masters': async ({ mesos }) =>
    (await mesos.eachMaster()).map(({ answer }) => (answer instanceof StarsError ? answer.code : answer)),
  'Mesos agents': ({ mesos }) => mesos.agents(),
  'Mesos tasks': ({ mesos }) => mesos.tasks(),
  'Mesos state': ({ mesos }) => mesos.state(),
  'Mesos summary': ({ mesos }) => mesos.stateSummary(),
  'Mesos version': ({ mesos }) => mesos.version(),
  'Mesos containers': async ({ mesos }) => {
    const [agent] = await mesos.agents();
    return agent && mesos.containers(agent);
  },
  'Mesos log': async (all) => all.mesos.taskLog({ ...(await onAgent(all)), stream: 'stdout' }),
  'Mesos files': async (all) => all.mesos.taskFiles(await onAgent(all)),
  'Mesos outage': ({ mesos }) =>
    mesos.maintenance.plan({
      machines: [{ hostname: 'stars-dw0', ip: '127.0.0.1' }],
      from: new Date(0),
      durationMs: 5,
    }),
  'Mesos schedule': ({ mesos }) => mesos.maintenance.schedule(),
  'Mesos maintenance': ({ mesos }) => mesos.maintenance.status(),
  'Mesos-DNS version': ({ dns }) => dns.version(),
  'Mesos-DNS hosts': ({ dns }) => dns.hosts('leader.mesos'),
  'Zeppelin check': ({ services }) => services.check('zeppelin'),
  'Zeppelin interpreters': ({ services }) => services.of('zeppelin').interpreters(),
  'Zeppelin work': ({ services }) => services.of('zeppelin').atWork(),
  'Livy check': ({ services }) => services.check('livy'),
  'Blazegraph check': ({ services }) => services.check('blazegraph'),
  'Blazegraph count': ({ services }) => services.of('blazegraph').countStatements('kb'),
  'Spark check': ({ services }) => services.check('spark'),
  'Spark executors': async ({ services }) => {
    const [first] = await services.of('spark').applications();
    return services.of('spark').executors(first?.id ?? '');
  },
  'Lightning check': ({ services }) => services.check('lightning'),
  "ZooKeeper's AdminServer": ({ admin }) => admin(),
};

test('no call of a client is forgotten', () => {
  const { marathon, chronos, mesos } = clients();
  const names = [marathon, chronos, mesos, mesos.maintenance].flatMap((client) =>
    Object.entries(client).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
  );
  const used = Object.values(CALLS).map(String).join('\n');
  expect(names.filter((name) => !used.includes(`.${name}(`) && !ELSEWHERE.has(name))).toEqual([]);
});

/** Waits for what others read, or reads nothing of its answer. */
const ELSEWHERE: ReadonlySet<string> = new Set(
  `waitFor requireHealthy events patch remove rollBack replaceAll abandonDeployment resetDelay ping raw hasPods createPod replacePod removePod
  createGroup replaceGroup removeGroup definition requireDefinition put run kill generation followLog cancel down up`.split(
    /\s+/,
  ),
);

const KNOWN: ReadonlySet<string> = new Set(
  'API_ANSWER API_REFUSED API_UNREACHABLE APP_NOT_FOUND APP_LOCKED USAGE'.split(' '),
);

/** What came of a call: its value, or the code of an error that people can read; anything else is a fault of ours. */
async function outcome(call: (all: Clients) => Promise<unknown>): Promise<unknown> {
  try {
    return { value: bare(await call(clients())) };
  } catch (error) {
    if (error instanceof StarsError && KNOWN.has(error.code) && error.message.length < 3_000) return error.code;
    throw error;
  }
}

/** Without nulls, and without the field that was added, which definitions pass on. */
function bare(value: unknown): unknown {
  const plain = (key: string, one: unknown): unknown => {
    if (key === 'somethingNew' || one === null) return undefined;
    if (typeof one === 'bigint') return String(one);
    return one instanceof Map ? Object.fromEntries(one) : one;
  };
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value, plain));
}

type Path = (string | number)[];

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    pathsIn(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inner : [path, ...inner];
}

function changed(value: unknown, path: Path, change: (owner: Record<string, unknown>, key: string) => void): unknown {
  const copy = structuredClone(value);
  const owner = path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], copy);
  change(owner as Record<string, unknown>, String(path.at(-1)));
  return copy;
}

const HUGE = fc.constantFrom<unknown>(
  2 ** 60,
  -1,
  1e308,
  'x'.repeat(10_000),
  '',
  '\u0000\ud800',
  [],
  {},
  true,
  Array.from({ length: 100 }, () => null),
  { a: { b: {} } },
);
const NONSENSE = fc.constantFrom(
  '',
  'null',
  '[]',
  '{}',
  '"x"',
  '0',
  '<html><body>Bad Gateway</body></html>',
  '{"a":',
  '[[[[',
  '\u0000',
  'a,b\nnode,\nlink,,\n',
);

const RUNS = Number(process.env['ANSWER_RUNS'] ?? 3);
/** Changes whose answer is lost are looked for many times. */
const LOOKS_AGAIN = /^Marathon (?:restart|scale|creation|replacement)|^Chronos switch/;

describe('an answer that somebody spoilt', () => {
  test.each(Object.entries(CALLS))('does not make %s fall over', async (name, call) => {
    isRecording = true;
    recorded = new Map();
    const told = await outcome(call);
    expect([name, typeof told]).toEqual([name, name.includes('locked') ? 'string' : 'object']);
    isRecording = false;
    const answers = [...recorded];
    expect(answers.length).toBeGreaterThan(0);
    const places = answers.flatMap(([key, { body }]) => {
      const json = parsed(body);
      const paths = pathsIn(json).filter((path) => typeof path.at(-1) === 'string');
      return json === undefined || paths.length === 0 ? [] : [{ key, json, paths }];
    });
    const withBody = (key: string, body: unknown) => {
      spoil = (asked, answer) =>
        asked === key ? { ...answer, body: typeof body === 'string' ? body : JSON.stringify(body) } : answer;
      return outcome(call);
    };
    const keys = fc.constantFrom(...answers.map(([key]) => key));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), HUGE, keys, NONSENSE, async (which, where, huge, key, nonsense) => {
        const place = places[which % Math.max(1, places.length)];
        const path = place?.paths[where % place.paths.length];
        if (place && path) {
          const { key: at, json } = place;
          const missing = await withBody(
            at,
            changed(json, path, (owner, name) => delete owner[name]),
          );
          const none = await withBody(
            at,
            changed(json, path, (owner, name) => (owner[name] = null)),
          );
          expect(none).toEqual(missing);
          await withBody(
            at,
            changed(json, path, (owner, name) => (owner[name] = huge)),
          );
          await withBody(
            at,
            changed(json, path, (owner) => (owner['somethingNew'] = { deep: [1] })),
          );
        }
        await withBody(key, nonsense);
      }),
      { numRuns: LOOKS_AGAIN.test(name) ? 1 : RUNS },
    );
    for (const [key] of answers.slice(0, 3)) {
      spoil = (asked, answer) => (asked === key ? 'cut' : answer);
      await outcome(call);
    }
    spoil = (_key, answer) => answer;
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
