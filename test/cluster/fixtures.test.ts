import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { z } from 'zod';
import { readJson } from '../../src/cluster/answer.js';
import { Jobs, Job } from '../../src/cluster/chronos/schema.js';
import { createFrames, type MarathonEvent } from '../../src/cluster/marathon/event-frames.js';
import * as marathon from '../../src/cluster/marathon/schema.js';
import { createMesosDns } from '../../src/cluster/mesos-dns/client.js';
import * as mesos from '../../src/cluster/mesos/schema.js';
import { createSpark } from '../../src/cluster/services/spark.js';
import { askAdmin } from '../../src/cluster/zookeeper/admin.js';
import { parseMntr, parseSrvr } from '../../src/cluster/zookeeper/parse.js';
import { StarsError } from '../../src/errors.js';
import { closeServers, failureOf, fixture, fixtureText, httpTo, routes, serve } from './serve.js';

afterEach(closeServers);

const read = <T>(schema: z.ZodType<T>, body: unknown): T =>
  readJson('the service', { status: 200, headers: {}, body: JSON.stringify(body), url: 'http://service' }, schema);

type Json = Record<string, unknown>;
type Case = {
  schema: z.ZodType;
  wrap?: (body: unknown) => unknown;
  /** Without it there only has to be something in a list. */
  shows?: Json;
};

/** What is read of each captured answer. */
const ANSWERS: Record<string, Case> = {
  'chronos/job-gochronos-1.json': { schema: Job, shows: { name: expect.any(String), parents: expect.any(Array) } },
  'chronos/job-purge-logs-3.0.json': { schema: Job, shows: { name: 'infra-puge-logs-job' } },
  'chronos/jobs-2.x.json': { schema: Jobs },
  'chronos/jobs-backup-3.0.json': { schema: Jobs },
  'marathon/app-single-with-tasks.json': { schema: marathon.App, shows: { id: '/dev/foo' } },
  'marathon/app-version.json': { schema: marathon.AppDefinition, shows: { id: expect.stringMatching(/^\//) } },
  'marathon/apps-backup-1.4.7.json': { schema: marathon.AppList, shows: { length: 4 } },
  'marathon/apps-embeds-tasks.bare-array.json': {
    schema: marathon.AppList,
    wrap: (apps) => ({ apps }),
  },
  'marathon/deployments-doc-1.4.7.json': { schema: marathon.Deployments },
  'marathon/deployments-multi.json': { schema: marathon.Deployments },
  'marathon/deployments-one-stale.json': { schema: marathon.Deployments, shows: { length: 2 } },
  'marathon/deployments-one.json': { schema: marathon.Deployments, shows: { length: 1 } },
  'marathon/deployments-three.json': { schema: marathon.Deployments, shows: { length: 3 } },
  'marathon/group-create-success.json': { schema: marathon.Accepted, shows: { deploymentId: expect.any(String) } },
  'marathon/group-doc-1.4.7.json': { schema: marathon.AppGroup, shows: { id: expect.any(String) } },
  'marathon/groups-one-task.json': { schema: marathon.AppGroup, shows: { id: '/' } },
  'marathon/groups-tasks-health.json': { schema: marathon.AppGroup, shows: { id: '/' } },
  'marathon/gomarathon-pod-status.json': { schema: marathon.PodStatus, shows: { id: '/fake-pod' } },
  'marathon/info-doc-1.4.7.json': { schema: marathon.Info, shows: { version: expect.any(String) } },
  'marathon/pod-doc-1.4.7.json': { schema: marathon.PodDefinition, shows: { id: expect.any(String) } },
  'marathon/queue-asgard.json': { schema: marathon.Queue },
  'marathon/queue-delayed.json': { schema: marathon.Queue },
  'marathon/queue-long-delay.bare-array.json': {
    schema: marathon.Queue,
    wrap: (queue) => ({ queue }),
  },
  'marathon/queue-offers.json': { schema: marathon.Queue },
  'marathon/tasks-doc-1.4.7.json': { schema: marathon.Tasks },
  'marathon/tasks.json': { schema: marathon.Tasks },
  'marathon/versions.json': { schema: marathon.Versions },
  'mesos/agent-containers.json': { schema: mesos.Containers },
  'mesos/agent-metrics-1.4.json': { schema: mesos.Metrics },
  'mesos/agent-state-1.4.1.json': { schema: mesos.AgentState, shows: { frameworks: expect.any(Array) } },
  'mesos/agent-state-executor-task.json': { schema: mesos.AgentState, shows: { frameworks: expect.any(Array) } },
  'mesos/files-browse-executor.json': { schema: mesos.FileEntries },
  'mesos/files-browse.json': { schema: mesos.FileEntries },
  'mesos/files-read-executor.json': { schema: mesos.FileRead, shows: { data: expect.any(String) } },
  'mesos/files-read.json': { schema: mesos.FileRead, shows: { offset: 0 } },
  'mesos/master-metrics-1.4.1.json': { schema: mesos.Metrics },
  'mesos/master-slaves.json': { schema: mesos.Agents },
  'mesos/master-tasks.json': { schema: mesos.Tasks },
  'mesos/state-1.2.0.json': {
    schema: mesos.State,
    shows: { version: '1.2.0', agents: { length: 2 }, frameworks: { length: 3 } },
  },
  'mesos/state-1.5.0.json': { schema: mesos.State, shows: { version: '1.5.0', counts: { active: 2 } } },
  'mesos/state-summary.json': { schema: mesos.StateSummary, shows: { agents: expect.any(Array) } },
};

const REFUSALS = ['marathon/error-409-group-conflict.json', 'marathon/error-422-invalid-group.json'];
const STREAMS = {
  'marathon/events-doc-1.4.7.sse.txt': expect.any(Number),
  'marathon/events-multi.sse.txt': expect.any(Number),
  'marathon/events-single.sse.txt': 1,
};
const WORDS = {
  'zookeeper/mntr-leader.txt': parseMntr,
  'zookeeper/mntr-follower.txt': parseMntr,
  'zookeeper/srvr-leader.txt': parseSrvr,
  'zookeeper/srvr-follower.txt': parseSrvr,
  'zookeeper/stat-leader.txt': parseSrvr,
};
/** Read by another test, or only compared with what the simulated services answer. */
const ELSEWHERE = [
  'SOURCES.md',
  'marathon/event-deployment-info.json',
  'mesos-dns/config.json',
  'mesos-dns/enumerate.json',
  'mesos-dns/services-logging-development.json',
  'mesos/v1-get_flags.json',
  'mesos/v1-get_master.json',
  'mesos/v1-get_version.json',
  'zookeeper/admin-leader-follower.json',
  'zookeeper/admin-ruok-leader.json',
  'zookeeper/admin-server_stats-leader.json',
  'zookeeper/isro-leader.txt',
  'zookeeper/not-whitelisted.txt',
  'zookeeper/ruok-leader.txt',
  'tls/ca.pem',
  'tls/server.key',
  'tls/server.pem',
];
const BY_CLIENT = [
  'mesos/task-file-download.txt',
  'mesos-dns/hosts-leader.json',
  'mesos-dns/hosts-logging-development.json',
  'mesos-dns/version.json',
  'spark/applications.json',
  'spark/executors.json',
  'spark/jobs.json',
  'zookeeper/admin-monitor-leader.json',
];

test('no captured answer is forgotten', () => {
  const there = readdirSync('test/fixtures/cluster', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replace('test/fixtures/cluster/', ''));
  const known = [ANSWERS, STREAMS, WORDS].flatMap((table) => Object.keys(table));
  expect([...known, ...REFUSALS, ...ELSEWHERE, ...BY_CLIENT].sort((a, b) => a.localeCompare(b))).toEqual(
    there.sort((a, b) => a.localeCompare(b)),
  );
});

const wrapped = ({ wrap = (body) => body }: Case, name: string) => wrap(fixture(name));

describe('captured answers', () => {
  test.each(Object.entries(ANSWERS))('%s is read', (name, one) => {
    const value = read(one.schema, wrapped(one, name));
    if (one.shows) expect(value).toMatchObject(one.shows);
    else expect([...(value as Iterable<unknown>)].length).toBeGreaterThan(0);
  });

  test.each(REFUSALS)('%s becomes one sentence', async (name) => {
    const server = await serve(() => ({ status: Number(/\d{3}/.exec(name)?.[0]), body: fixture(name) }));
    expect(await failureOf(httpTo(server.url).text('/x'))).toMatchObject({ code: 'API_REFUSED' });
  });

  test.each(Object.entries(STREAMS))('%s is a stream of events', (name, count) => {
    const events: MarathonEvent[] = [];
    createFrames((event) => events.push(event))(`${fixtureText(name)}\n\n`);
    expect(events.length).toEqual(count);
    expect(events.filter(({ type, data }) => !/^\w+$/.test(type) || Object.keys(data).length === 0)).toEqual([]);
  });

  test.each(Object.entries(WORDS))('%s tells the mode of a server', (name, parse) => {
    expect(parse(fixtureText(name))).toMatchObject({
      kind: 'serving',
      mode: /leader|follower/.exec(name)?.[0],
      version: '3.8.0',
    });
  });

  test('Mesos-DNS tells its version and the addresses of names', async () => {
    const server = await serve(
      routes({
        '/v1/version': { body: fixture('mesos-dns/version.json') },
        '/v1/hosts/leader.mesos': { body: fixture('mesos-dns/hosts-leader.json') },
        '/v1/hosts/x': { body: fixture('mesos-dns/hosts-logging-development.json') },
      }),
    );
    const dns = createMesosDns({ http: httpTo(server.url) });
    expect(await dns.version()).toBe('dev');
    expect((await dns.hosts('leader.mesos')).length + (await dns.hosts('x')).length).toBeGreaterThan(1);
  });

  test('Spark tells applications and executors', async () => {
    const server = await serve(
      routes({
        '/api/v1/applications': { body: fixture('spark/applications.json') },
        '/api/v1/applications/app_001/executors': { body: fixture('spark/executors.json') },
        '/api/v1/applications/app_001/jobs': { body: fixture('spark/jobs.json') },
      }),
    );
    const spark = createSpark({ http: httpTo(server.url) });
    expect(await spark.applications()).toEqual([{ id: 'app_001', name: 'PySparkShell', running: true }]);
    expect((await spark.executors('app_001')).map(({ id }) => id)).toEqual(['driver', '1']);
  });

  test('an AdminServer of ZooKeeper tells who leads', async () => {
    const server = await serve(
      routes({ '/commands/monitor': { body: fixture('zookeeper/admin-monitor-leader.json') } }),
    );
    expect(await askAdmin(httpTo(server.url))).toMatchObject({ mode: 'leader', syncedFollowers: 2 });
  });

  test('a file of a task comes as it is', async () => {
    const server = await serve(() => ({
      body: fixtureText('mesos/task-file-download.txt'),
      headers: { 'Content-Type': 'text/plain' },
    }));
    expect(await httpTo(server.url).text('/files/download')).toBe(fixtureText('mesos/task-file-download.txt'));
  });
});

describe('answers that differ from what was captured', () => {
  const HUGE: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
    2 ** 60,
    -1,
    1e308,
    'x'.repeat(100_000),
    '',
    [],
    {},
    true,
    0,
    Array.from({ length: 1_000 }, () => null),
  );

  /** The paths of everything inside a value. */
  function pathsIn(value: unknown, path: (string | number)[] = []): (string | number)[][] {
    if (typeof value !== 'object' || value === null) return [path];
    const inner = Object.entries(value).flatMap(([key, one]) =>
      pathsIn(one, [...path, Array.isArray(value) ? Number(key) : key]),
    );
    return path.length === 0 ? inner : [path, ...inner];
  }

  function changed(
    value: unknown,
    path: readonly (string | number)[],
    change: (owner: Json, key: string) => void,
  ): unknown {
    const copy = structuredClone(value);
    const owner = path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Json)[key], copy);
    change(owner as Json, String(path.at(-1)));
    return copy;
  }

  /** What came of reading: the value, or in what way it was refused; anything else is a fault of ours. */
  function outcome(schema: z.ZodType, body: unknown): unknown {
    try {
      return { value: read(schema, body) };
    } catch (error) {
      if (error instanceof StarsError && error.code === 'API_ANSWER' && error.message.length < 2_000) return 'refused';
      throw error;
    }
  }

  /** Without what is passed on unread: nulls, and the field that was added. */
  function bare(value: unknown): unknown {
    const plain = (_key: string, one: unknown) => (one instanceof Map ? Object.fromEntries(one) : (one ?? undefined));
    return JSON.parse(JSON.stringify(value, (key, one) => (key === 'somethingNew' ? undefined : plain(key, one))));
  }

  const small = Object.entries(ANSWERS).filter(([name]) => fixtureText(name).length < 30_000);

  test.each(small)(
    '%s without a field is as with null, with more fields the same, and with nonsense refused in words',
    (name, one) => {
      const body = wrapped(one, name);
      const plain = outcome(one.schema, body);
      const paths = pathsIn(body).filter((path) => typeof path.at(-1) === 'string');
      fc.assert(
        fc.property(fc.constantFrom(...paths), HUGE, (path, huge) => {
          const missing = outcome(
            one.schema,
            changed(body, path, (owner, key) => delete owner[key]),
          );
          const none = outcome(
            one.schema,
            changed(body, path, (owner, key) => (owner[key] = null)),
          );
          expect(bare(none)).toEqual(bare(missing));
          const more = outcome(
            one.schema,
            changed(body, path, (owner) => (owner['somethingNew'] = { deep: [1] })),
          );
          expect([bare(plain), 'refused']).toContainEqual(bare(more));
          outcome(
            one.schema,
            changed(body, path, (owner, key) => (owner[key] = huge)),
          );
        }),
        { numRuns: 20 },
      );
    },
  );
});
