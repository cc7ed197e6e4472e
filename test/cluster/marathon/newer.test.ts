import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fitApp } from '../../../src/backup/restore/fit-app.js';
import { differences } from '../../../src/cluster/differences.js';
import { createMarathon } from '../../../src/cluster/marathon/client.js';
import type { Definition } from '../../../src/cluster/normalise.js';
import { findTask } from '../../../src/cluster/logged-task.js';
import { preFlightOfRestart } from '../../../src/cluster/pre-flight.js';
import { App } from '../../../src/cluster/marathon/schema.js';
import { deploy } from '../../../commands/deploy.js';
import { drift } from '../../../commands/drift.js';
import { restart } from '../../../commands/restart.js';
import { practise, type Practice } from '../../commands/practice.js';
import { asker, at } from '../../sandbox/cluster/support.js';
import { failureOf, fixture, httpTo } from '../serve.js';

// Marathon after 1.4: another form of apps, other ids of tasks, lighter events, maintenance that is heeded.

let practice: Practice;
const marathon = () => practice.cluster.marathon;
const { apps: BACKUP } = fixture('marathon/apps-backup-1.4.7.json') as { apps: Definition[] };

const SMALL = { cpus: 0.1, mem: 16 };
const mappings = [{ containerPort: 80, protocol: 'tcp', name: 'http' }];

const BRIDGED = {
  container: { type: 'DOCKER', docker: { image: 'nginx', network: 'BRIDGE', portMappings: mappings } },
};

/** Each as it was written for 1.4, and as 1.5 and later print it. */
const OLDER: [string, Definition, Definition][] = [
  ['on the host', { cmd: 'x', uris: ['http://a/b.tgz'], ports: [0, 0] }, { networks: [{ mode: 'host' }] }],
  ['on a bridge', BRIDGED, { networks: [{ mode: 'container/bridge' }] }],
  [
    'in a network of its own',
    {
      container: { type: 'DOCKER', docker: { image: 'nginx', network: 'USER', portMappings: mappings } },
      ipAddress: { networkName: 'blue', labels: { a: 'b' } },
    },
    { networks: [{ mode: 'container', name: 'blue', labels: { a: 'b' } }] },
  ],
  [
    'in one without Docker',
    {
      cmd: 'x',
      ipAddress: { networkName: 'blue', discovery: { ports: [{ number: 80, name: 'http', protocol: 'tcp' }] } },
    },
    { networks: [{ mode: 'container', name: 'blue' }] },
  ],
  [
    'in Docker on the host',
    {
      container: { type: 'DOCKER', docker: { image: 'nginx', network: 'HOST' } },
      portDefinitions: [{ port: 0, name: 'web' }],
    },
    { networks: [{ mode: 'host' }] },
  ],
];

describe('Marathon 1.10', () => {
  beforeEach(async () => {
    practice = await practise({ marathonVersion: '1.10' });
  });
  afterEach(() => practice.stop());

  test.each(OLDER)(
    'an older definition %s is taken, printed in the newer form, and has not drifted',
    async (_where, fields, printed) => {
      const wanted = { id: '/old', ...SMALL, ...fields };
      await marathon().create(wanted);
      const live = await marathon().definition('/old');
      expect(live).toMatchObject(printed);
      for (const gone of ['uris', 'ports', 'ipAddress']) expect(live).not.toHaveProperty(gone);
      expect(at(live, 'container.docker.network')).toBeUndefined();
      expect(at(live, 'container.docker.portMappings')).toBeUndefined();
      expect(differences('app', wanted, live ?? {})).toEqual([]);
      expect(differences('app', { ...wanted, mem: 17 }, live ?? {})).toEqual(['mem 16 → 17']);
    },
  );

  test.each(BACKUP.map((app): [string, Definition] => [String(app['id']), app]))(
    '%s of a backup of 1.4 is restored',
    async (id, saved) => {
      const fitted = fitApp({ ...saved, cpus: 0.1, mem: 16 }, '1.10.17');
      if ('refused' in fitted) throw new Error(fitted.refused);
      await marathon().replace(id, fitted.body);
      expect(differences('app', { ...saved, cpus: 0.1, mem: 16 }, (await marathon().definition(id)) ?? {})).toEqual([]);
    },
  );

  test('a change whose answer was lost is found although it is printed otherwise than it was sent', async () => {
    practice.simulated.control.fault('marathon', { status: 503, method: 'POST', takesEffect: true });
    expect(await marathon().create({ id: '/lost', ...SMALL, ...BRIDGED })).toMatchObject({ app: '/lost' });
  });

  test('a definition of the stack is deployed and restarted, its tasks told by ids of another form', async () => {
    await practice.write('marathon/bridged.json', { id: '/bridged', ...SMALL, ...BRIDGED });
    await practice.perform(deploy, { target: 'bridged' });
    expect(await practice.perform(deploy, { target: 'bridged' })).toContain('everything was as it should be already');
    expect(await practice.perform(drift, {})).not.toContain('/bridged:');
    expect(await practice.perform(restart, { service: 'bridged' })).toContain('Restarted /bridged');
    const app = await marathon().app('/bridged');
    expect(app.tasks[0]?.id).toMatch(/^bridged\.instance-[0-9a-f-]{36}\._app\.1$/);
    expect(await findTask(practice.cluster, app, undefined)).toMatchObject({ id: app.tasks[0]?.id });
    const ended = practice.simulated.control.events().filter(({ type }) => type === 'deployment_success');
    expect(ended.at(-1)?.data['plan']).not.toHaveProperty('original');
  });

  test('a fixed port of a bridge is looked for before a restart', async () => {
    const app = App.parse({
      id: '/fixed',
      instances: 3,
      ...SMALL,
      networks: [{ mode: 'container/bridge' }],
      container: { portMappings: [{ containerPort: 80, hostPort: 31_500 }] },
      tasks: [1, 2, 3].map((at) => ({ id: `t${at}`, appId: '/fixed', host: `worker${at}`, ports: [31_500] })),
    });
    const now = practice.clock.now();
    expect(await preFlightOfRestart(practice.cluster, app, app, { now })).toMatchObject({
      fits: false,
      says: expect.stringContaining('worker1: port 31500 is taken there'),
    });
  });

  test('an agent whose maintenance has begun gets nothing new, which is known before', async () => {
    const { urls } = practice.simulated;
    const mesos = asker(urls.mesos[0] ?? '');
    const seconds = (atMs: number) => ({ nanoseconds: atMs * 1_000_000 });
    const nowMs = practice.clock.now().getTime();
    const machines = [1, 2, 3].map((index) => ({ hostname: `worker${index}`, ip: '127.0.0.1' }));
    const outage = { machine_ids: machines, unavailability: { start: seconds(nowMs + 3_600_000) } };
    await mesos('POST', '/maintenance/schedule', { windows: [outage] });
    await marathon().create({ id: '/early', cmd: 'x', ...SMALL });
    await practice.clock.sleep(3_601_000);
    const early = await marathon().app('/early');
    expect(early.tasksRunning).toBe(1);
    expect(await preFlightOfRestart(practice.cluster, early, early, { now: practice.clock.now() })).toMatchObject({
      fits: false,
      says: expect.stringContaining('worker1: its maintenance has begun, so nothing is started there'),
    });
    const ticket = await marathon().restart('/early');
    const waits: string[] = [];
    const error = await failureOf(
      marathon().waitFor(ticket, { timeoutMs: 30_000, onWaiting: ({ words }) => waits.push(words) }),
    );
    expect([error.code, error.message]).toEqual(['TIMEOUT', expect.stringContaining('are in maintenance')]);
    practice.simulated.control.setMarathonVersion('1.4');
    expect(await preFlightOfRestart(practice.cluster, early, early, { now: practice.clock.now() })).toEqual({
      fits: true,
    });
  });

  test('who wants events of an instance that does not lead is sent to the one that does, by its known address', async () => {
    const { urls } = practice.simulated;
    const types: string[] = [];
    const over = new AbortController();
    const standby = createMarathon({
      http: httpTo([urls.marathonStandbys[0] ?? '', urls.marathon]),
      clock: practice.clock,
    });
    const reading = standby.events({
      signal: over.signal,
      types: ['deployment_success'],
      onBegin: () =>
        void marathon()
          .scale('/zeppelin', 0)
          .then(() => practice.clock.sleep(5_000)),
      onEvent({ type, data }) {
        types.push(`${type} ${String(data['eventType'])}`);
        over.abort();
      },
    });
    await reading;
    expect(types).toEqual(['deployment_success deployment_success']);
    const { status, headers } = await asker(urls.marathonStandbys[0] ?? '')(
      'GET',
      '/v2/events?event_type=a',
      undefined,
      {
        headers: { Accept: 'text/event-stream' },
      },
    );
    expect([status, headers['location']]).toEqual([302, `${urls.marathon}/v2/events?event_type=a`]);
  });

  test.each<[string, Definition, number, RegExp]>([
    [
      'networks of two kinds',
      { cmd: 'x', networks: [{ mode: 'host' }, { mode: 'container/bridge' }] },
      422,
      /single host network/,
    ],
    ['networks without a name', { cmd: 'x', networks: [{ mode: 'container' }] }, 422, /name must be specified/],
    [
      'two places for ports',
      {
        container: { type: 'DOCKER', docker: { image: 'a', portMappings: mappings }, portMappings: mappings },
        networks: [{ mode: 'container/bridge' }],
      },
      422,
      /cannot specify both portMappings/,
    ],
  ])('%s are refused', async (_what, fields, status, words) => {
    const answer = await asker(practice.simulated.urls.marathon)('POST', '/v2/apps', {
      id: '/bad',
      ...SMALL,
      ...fields,
    });
    expect([answer.status, JSON.stringify(answer.data)]).toEqual([status, expect.stringMatching(words)]);
  });

  test.each(['/v2/eventSubscriptions', '/v2/schemas/app'])('%s is gone', async (path) => {
    expect((await asker(practice.simulated.urls.marathon)('GET', path)).status).toBe(404);
  });
});

describe('a newer app on Marathon 1.4', () => {
  beforeEach(async () => {
    practice = await practise();
  });
  afterEach(() => practice.stop());

  test.each<[string, Definition, string]>([
    [
      'networks',
      { cmd: 'x', networks: [{ mode: 'host' }] },
      'networks is known to Marathon from 1.5 on; this one is 1.4.7',
    ],
    [
      'an unreachable strategy that is off',
      { cmd: 'x', unreachableStrategy: 'disabled' },
      'an unreachableStrategy that is disabled is known',
    ],
    ['the constraint IS', { cmd: 'x', constraints: [['rack', 'IS', 'a']] }, 'the constraint IS is known'],
  ])('is not deployed with %s', async (_what, fields, words) => {
    await practice.write('marathon/new.json', { id: '/new', ...SMALL, ...fields });
    expect(await failureOf(practice.perform(deploy, { target: 'new' }))).toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(words),
    });
  });

  test('is restored where 1.4 can say the same: tasks out of reach wait as before, IS is CLUSTER', async () => {
    const saved = {
      id: '/new',
      cmd: 'x',
      ...SMALL,
      role: '*',
      networks: [{ mode: 'host' }],
      constraints: [['rack', 'IS', 'a']],
      unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    };
    const fitted = fitApp(saved, '1.4.7');
    if ('refused' in fitted) throw new Error(fitted.refused);
    await marathon().create(fitted.body);
    expect(await marathon().definition('/new')).toMatchObject({
      constraints: [['rack', 'CLUSTER', 'a']],
      unreachableStrategy: { inactiveAfterSeconds: 300, expungeAfterSeconds: 600 },
    });
    expect(differences('app', saved, (await marathon().definition('/new')) ?? {})).toEqual([]);
  });
});
