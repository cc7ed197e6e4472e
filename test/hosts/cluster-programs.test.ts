import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { poll } from '../../src/poll.js';
import { startCluster, type SimulatedCluster } from '../../src/sandbox/cluster/cluster.js';
import { type Program, freePorts, startProgram } from './support/program.js';
import { requirePrograms } from './support/requirements.js';
import { tryRun } from './support/run-command.js';

// Programs that others wrote for Marathon, as Debian packages them, against the simulated one.

const agent = { address: '127.0.0.1', cpus: 4, mem: 8192, disk: 50_000 };
const web = {
  id: '/group/web',
  cmd: 'serve',
  cpus: 0.1,
  mem: 32,
  instances: 2,
  labels: { tier: 'front' },
  portDefinitions: [{ port: 0, protocol: 'tcp', name: 'http', labels: { metrics: 'yes' } }],
  healthChecks: [{ path: '/' }],
};

let cluster: SimulatedCluster;
let program: Program | undefined;
beforeAll(() =>
  requirePrograms({
    '/usr/lib/python3/dist-packages/marathon/client.py': 'python3-marathon',
    prometheus: 'prometheus',
    '/usr/lib/python3/dist-packages/kazoo/client.py': 'python3-kazoo',
  }),
);
beforeEach(async () => {
  cluster = await startCluster({
    clock: systemClock,
    log: silentLog,
    masters: [{ name: 'stars-dc0', address: '127.0.0.1' }],
    agents: ['stars-dw0', 'stars-dw1'].map((name) => ({ name, ...agent })),
    apps: [web],
    delays: {
      stagingMs: 20,
      healthMs: 20,
      killMs: 10,
      offerMs: 20,
      stepMs: 10,
      unlistedMs: 30,
      electionMs: 100,
      loadingMs: 50,
    },
  });
});
afterEach(async () => {
  await program?.stop();
  program = undefined;
  await cluster.stop();
});

const UNTIL = `
import json, sys, time

def until(ask):
    for _ in range(200):
        found = ask()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError('waited too long')
`;

/** What a few lines of Python leave in the variable result. */
async function resultOf(lines: string, args: string[]): Promise<unknown> {
  const script = `${UNTIL}${lines}\nprint(json.dumps(result))\n`;
  const { code, stdout, stderr } = await tryRun('/usr/bin/python3', ['-', ...args], { input: script });
  if (code !== 0) throw new Error(`The program failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

describe('python3-marathon', () => {
  const PRELUDE = `
from marathon import MarathonClient, MarathonHttpError, NotFoundError
from marathon.models import MarathonApp, MarathonGroup, MarathonHealthCheck
from marathon.models.events import *
client = MarathonClient(sys.argv[1])

def settled(app_id):
    def look():
        app = client.get_app(app_id)
        done = not app.deployments and not client.list_deployments()
        return app if done and app.tasks_running == app.instances and len(app.tasks) == app.instances else None
    return until(look)
`;

  const python = (lines: string) => resultOf(`${PRELUDE}${lines}`, [cluster.urls.marathon]);

  test('lists apps with their tasks, and reads one', async () => {
    const said = await python(`
apps = client.list_apps(embed_tasks=True, embed_counts=True, embed_deployments=True, embed_readiness=True,
                        embed_last_task_failure=True, embed_failures=True, embed_task_stats=True)
found = client.list_apps(cmd='SERV', app_id='web', label='tier==front')
one = client.get_app('/group/web', embed_tasks=True)
result = [[(a.id, len(a.tasks), a.tasks_running, a.tasks_healthy) for a in apps], [a.id for a in found],
          [t.state for t in one.tasks], [h.alive for h in one.tasks[0].health_check_results],
          one.port_definitions[0].name, [(e.app_id, e.host) for e in client.list_endpoints()]]`);
    expect(said).toEqual([
      [['/group/web', 2, 2, 2]],
      ['/group/web'],
      ['TASK_RUNNING', 'TASK_RUNNING'],
      [true],
      'http',
      [
        ['/group/web', expect.stringMatching(/^stars-dw/)],
        ['/group/web', expect.stringMatching(/^stars-dw/)],
      ],
    ]);
  });

  test('creates, updates, scales, restarts, rolls back and deletes an app', async () => {
    const said = await python(`
made = client.create_app('api', MarathonApp(cmd='sleep 100', mem=16, cpus=0.1, instances=1, constraints=[['hostname', 'LIKE', 'stars.*']],
                         health_checks=[MarathonHealthCheck(path='/', protocol='HTTP', port_index=0)]))
first = settled('api')
client.update_app('api', MarathonApp(cmd='sleep 200'))
second = settled('api')
client.scale_app('api', delta=2)
third = settled('api')
restarted = client.restart_app('api')
fourth = settled('api')
versions = client.list_versions('api')
client.rollback_app('api', first.version)
fifth = settled('api')
old = client.get_version('api', second.version)
whole = client.get_app('api')
whole.labels['a'] = 'b'
client.update_app('api', whole)
sixth = settled('api')
client.update_apps([MarathonApp(id='/api', instances=0), MarathonApp(id='/group/web', instances=1)])
seventh = settled('/group/web')
gone = client.delete_app('api', force=True)
until(lambda: all(a.id != '/api' for a in client.list_apps()))
try:
    client.get_app('api')
except NotFoundError as error:
    missing = error.error_message
result = [made.id, len(made.deployments), first.cmd, second.cmd, third.instances, fourth.version == restarted['version'],
          {t.id for t in third.tasks}.isdisjoint({t.id for t in fourth.tasks}), len(versions), [fifth.cmd, fifth.instances],
          old.cmd, sixth.labels, seventh.instances, sorted(gone), missing]`);
    expect(said).toEqual([
      '/api',
      1,
      'sleep 100',
      'sleep 200',
      3,
      true,
      true,
      4,
      ['sleep 100', 1],
      'sleep 200',
      { a: 'b' },
      1,
      ['deploymentId', 'version'],
      "App '/api' does not exist",
    ]);
  });

  test('kills tasks, one, some and all, with and without scaling', async () => {
    const said = await python(`
client.scale_app('/group/web', instances=4)
ids = sorted(t.id for t in settled('/group/web').tasks)
one = client.kill_task('/group/web', ids[0])
after_one = settled('/group/web')
some = client.kill_given_tasks([ids[1], ids[2]], scale=True)
after_some = settled('/group/web')
killed = client.kill_tasks('/group/web')
until(lambda: {t.id for t in client.list_tasks('/group/web')}.isdisjoint({t.id for t in killed}))
after_all = settled('/group/web')
host = after_all.tasks[0].host
on_host = client.kill_tasks('/group/web', host=host, scale=True)
try:
    client.kill_tasks('/group/web', scale=True, wipe=True)
except MarathonHttpError as error:
    refused = [error.status_code, error.error_message]
result = [one.id == ids[0], after_one.instances, some, after_some.instances, len(killed), after_all.instances,
          sorted(on_host), len(client.list_tasks(app_id='/group/web', host=host)) >= 0, refused]`);
    expect(said).toEqual([
      true,
      4,
      true,
      2,
      2,
      2,
      ['deploymentId', 'version'],
      true,
      [400, 'You cannot use scale and wipe at the same time.'],
    ]);
  });

  test('works with groups', async () => {
    const said = await python(`
made = client.create_group(MarathonGroup(id='/data', apps=[MarathonApp(id='one', cmd='sleep 1', mem=16, cpus=0.1)],
                           groups=[MarathonGroup(id='inner', apps=[MarathonApp(id='two', cmd='sleep 2', mem=16, cpus=0.1)])]))
settled('/data/one')
read = client.get_group('/data')
client.scale_group('/data', 2)
scaled = [settled('/data/one').instances, settled('/data/inner/two').instances]
settled('/data/one')
client.update_group('/data', MarathonGroup(id='/data', apps=[MarathonApp(id='/data/one', cmd='sleep 3', mem=16, cpus=0.1)]), force=True)
settled('/data/one')
left = [a.id for a in client.list_apps()]
names = [g.id for g in client.list_groups()]
removed = client.delete_group('/data')
until(lambda: all(g.id != '/data' for g in client.list_groups()))
result = [sorted(made), [a.id for a in read.apps], [a.id for g in read.groups for a in g.apps], scaled, sorted(left), sorted(names), sorted(removed)]`);
    expect(said).toEqual([
      ['deploymentId', 'version'],
      ['/data/one'],
      ['/data/inner/two'],
      [2, 2],
      ['/data/one', '/group/web'],
      ['/data', '/group'],
      ['deploymentId', 'version'],
    ]);
  });

  test('sees deployments and the queue, and cancels', async () => {
    const said = await python(`
client.create_app('big', MarathonApp(cmd='x', cpus=64, mem=16))
[deployment] = until(client.list_deployments)
[item] = until(client.list_queue)
locked = None
try:
    client.scale_app('big', instances=2)
except MarathonHttpError as error:
    locked = [error.status_code, error.error_message[:13]]
client.reset_delay('big')
client.list_queue(embed_last_unused_offers=True)
client.delete_deployment(deployment.id, force=True)
until(lambda: not client.list_deployments())
client.update_app('big', MarathonApp(cpus=32))
[second] = until(client.list_deployments)
back = client.delete_deployment(second.id)
until(lambda: not any(d.id == second.id for d in client.list_deployments()))
result = [deployment.affected_apps, deployment.steps[0].actions[0].action, deployment.total_steps, item.app.id, item.count,
          item.delay.overdue, locked, sorted(back)]`);
    expect(said).toEqual([
      ['/big'],
      'StartApplication',
      2,
      '/big',
      1,
      expect.any(Boolean),
      [409, 'App is locked'],
      ['deploymentId', 'version'],
    ]);
  });

  test('follows the event stream of a deployment, filtered and whole, and callbacks are listed', async () => {
    const said = await python(`
import threading
seen = []
def follow():
    for event in client.event_stream():
        seen.append(event)
        if event.event_type == 'deployment_success':
            return
reader = threading.Thread(target=follow)
reader.start()
until(lambda: seen)
client.restart_app('/group/web')
reader.join(20)
client.create_event_subscription('http://127.0.0.1:1/none')
subscribed = client.list_event_subscriptions()
client.delete_event_subscription('http://127.0.0.1:1/none')
plan = [e for e in seen if e.event_type == 'deployment_info'][0].plan
result = [seen[0].event_type, sorted({e.event_type for e in seen}), [s.actions[0].type for s in plan.steps], subscribed,
          client.list_event_subscriptions()]`);
    expect(said).toEqual([
      'event_stream_attached',
      expect.arrayContaining([
        'deployment_info',
        'deployment_step_success',
        'deployment_success',
        'status_update_event',
      ]),
      ['RestartApplication'],
      ['http://127.0.0.1:1/none'],
      [],
    ]);
  });

  test('asks the server about itself, tries the next of several servers, and sees the leader go', async () => {
    const said = await python(`
several = MarathonClient(['http://127.0.0.1:1', sys.argv[1]], timeout=5)
info = several.get_info()
leader = client.get_leader()['leader']
pong = client.ping().decode()
gauges = 'gauges' in client.get_metrics()
gone = client.delete_leader()
def back():
    try:
        return client.get_leader()
    except MarathonHttpError:
        return None
result = [info.version, info.elected, info.leader == leader, info.zookeeper_config.zk_max_versions, json.loads(pong), gauges, gone, until(back)['leader'] == leader]`);
    expect(said).toEqual(['1.4.7', true, true, 50, 'pong', true, { message: 'Leadership abdicated' }, true]);
  });
});

describe('python3-kazoo', () => {
  const PRELUDE = `
import threading
from kazoo.client import KazooClient
from kazoo.exceptions import *
from kazoo.recipe.election import Election
client = KazooClient(hosts=sys.argv[1], timeout=4)
client.start(timeout=20)

def refused(act):
    try:
        act()
    except KazooException as error:
        return type(error).__name__
    raise AssertionError('it was done')
`;

  const python = (lines: string) =>
    resultOf(`${PRELUDE}${lines}\nclient.stop()`, [cluster.zookeeper.join(','), cluster.urls.marathon]);

  test('reads who leads, and may not change what the cluster keeps', async () => {
    const said = await python(`
master = [name for name in client.get_children('/mesos') if name.startswith('json.info_')]
info, stat = client.get('/mesos/' + master[0])
result = [json.loads(info)['hostname'], stat.ephemeralOwner != 0, client.exists('/nothing'),
          refused(lambda: client.set('/mesos/' + master[0], b'')), refused(lambda: client.get('/nothing')),
          refused(lambda: client.delete('/mesos', recursive=False))]`);
    expect(said).toEqual(['stars-dc0', true, null, 'NoAuthError', 'NoNodeError', 'NoAuthError']);
  });

  test('writes nodes with versions, numbers and owners, all at once or not at all', async () => {
    const said = await python(`
client.ensure_path('/own/deep')
client.create('/own/a', b'1')
client.set('/own/a', b'2', version=0)
numbered = [client.create('/own/deep/n-', sequence=True) for _ in range(2)]
client.create('/own/mine', ephemeral=True)
whole = client.transaction()
whole.create('/own/b', b'x')
whole.delete('/own/a')
done = whole.commit()
broken = client.transaction()
broken.create('/own/c')
broken.check('/own/b', version=7)
failed = [type(one).__name__ for one in broken.commit()]
result = [client.get('/own/b')[1].version, numbered, done, failed, sorted(client.get_children('/own')),
          refused(lambda: client.set('/own/b', b'', version=5)), refused(lambda: client.delete('/own')),
          refused(lambda: client.create('/own/b')), refused(lambda: client.create('/own/mine/child'))]`);
    expect(said).toEqual([
      0,
      ['/own/deep/n-0000000000', '/own/deep/n-0000000001'],
      ['/own/b', true],
      ['RolledBackError', 'BadVersionError'],
      ['b', 'deep', 'mine'],
      'BadVersionError',
      'NotEmptyError',
      'NodeExistsError',
      'NoChildrenForEphemeralsError',
    ]);
  });

  test('is told of changes, its own and those of the cluster', async () => {
    const said = await python(`
import urllib.request
children, data, gone = [], [], []
client.get_children('/marathon/leader-curator', watch=lambda event: gone.append(event.type))
urllib.request.urlopen(urllib.request.Request(sys.argv[2] + '/v2/leader', method='DELETE'))
until(lambda: gone)
client.ensure_path('/seen')
client.ChildrenWatch('/seen', lambda names: children.append(names))
client.create('/seen/a')
until(lambda: children[-1] == ['a'])
client.DataWatch('/late', lambda value, stat: data.append(value and value.decode()))
client.create('/late', b'here')
until(lambda: data[-1] == 'here')
client.set('/late', b'other')
until(lambda: data[-1] == 'other')
client.delete('/late')
until(lambda: data[-1] is None)
result = [gone, children, data]`);
    expect(said).toEqual([['CHILD'], [[], ['a']], [null, 'here', 'other', null]]);
  });

  test('loses what goes with a session when that ends, and holds elections', async () => {
    const said = await python(`
other = KazooClient(hosts=sys.argv[1], timeout=4)
other.start(timeout=20)
led, leave = [], threading.Event()
def lead(name):
    led.append(name)
    leave.wait(20)
first = threading.Thread(target=lambda: Election(client, '/election', 'first').run(lead, 'first'))
first.start()
until(lambda: led == ['first'])
second = threading.Thread(target=lambda: Election(other, '/election', 'second').run(lead, 'second'))
second.start()
until(lambda: len(client.get_children('/election')) == 2)
before = list(led)
leave.set()
first.join(); second.join()
other.create('/gone', ephemeral=True)
there = client.exists('/gone') is not None
other.stop()
until(lambda: client.exists('/gone') is None)
result = [before, led, there]`);
    expect(said).toEqual([['first'], ['first', 'second'], true]);
  });
});

describe('prometheus', () => {
  test('finds the tasks of Marathon with their ports and labels, and loses those that go', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stars-prometheus-'));
    const [port = 0] = await freePorts(1);
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `scrape_configs:\n- job_name: marathon\n  marathon_sd_configs:\n  - servers: ["${cluster.urls.marathon}"]\n    refresh_interval: 1s\n`,
    );
    const storage = `--storage.tsdb.path=${join(folder, 'data')}`;
    program = startProgram('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      storage,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    try {
      const first = await discovered(port, 2);
      expect(first[0]).toMatchObject({
        __meta_marathon_app: '/group/web',
        __meta_marathon_app_label_tier: 'front',
        __meta_marathon_port_index: '0',
        __meta_marathon_port_definition_label_metrics: 'yes',
        __meta_marathon_task: expect.stringMatching(/^group_web\./),
        __address__: expect.stringMatching(/^stars-dw\d:31\d+$/),
      });
      await fetch(`${cluster.urls.marathon}/v2/apps/group/web`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: '{"instances": 1}',
      });
      await discovered(port, 1);
    } finally {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  /** The labels of its targets once there are so many. */
  async function discovered(port: number, count: number): Promise<Record<string, string>[]> {
    type Targets = { data: { activeTargets: { discoveredLabels: Record<string, string> }[] } };
    const look = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets`).catch(() => undefined);
      const targets = answer?.ok ? ((await answer.json()) as Targets).data.activeTargets : [];
      return targets.length === count ? targets.map(({ discoveredLabels }) => discoveredLabels) : undefined;
    };
    return poll(look, { clock: systemClock, everyMs: 250, timeoutMs: 60_000, what: `The discovery of ${count} tasks` });
  }
});
