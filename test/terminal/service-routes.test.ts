import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { sql } from 'kysely';
import LibsqlDatabase from 'libsql';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import type { Home } from '../../src/home/home.js';
import { createPlanKey } from '../../src/home/plan-key.js';
import { runPath } from '../../src/home/run-link.js';
import type { Stars } from '../../src/stars.js';
import { createHealthRoutes } from '../../src/terminal/health-routes.js';
import { schedulesPlace, type SchedulesPlace } from '../bot/schedules-place.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;
let server: Server;
let address: string;
let clock: ManualClock;
let home: Pick<Home, 'planKey'>;
let reachable = true;

beforeAll(async () => {
  practice = await practise();
  clock = createManualClock(new Date());
  home = { planKey: createPlanKey({ databaseUrl: undefined, dataFolder: practice.dataFolder }) };
  const routes = createHealthRoutes({
    stars: practice.stars,
    home,
    clock,
    connected: () => reachable,
  });
  server = createServer(routes);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await practice.type('deploy', 'motd', 'sandbox');
});
afterAll(async () => {
  server.close();
  await practice.stop();
});

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${address}${path}`);
  return { status: response.status, text: await response.text() };
}

async function link(): Promise<string> {
  const [run] = await practice.stars.store.list({ limit: 1 });
  return runPath(run?.id ?? '', home, clock.now());
}

test('a process that lives is healthy, and ready only while people can reach it', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  expect(await get('/readyz')).toMatchObject({ status: 200, text: expect.stringContaining('"ready":true') });
  reachable = false;
  expect(await get('/readyz')).toMatchObject({ status: 503, text: expect.stringContaining('"slack":false') });
  reachable = true;
});

test('a process is not ready when its schedules were not looked at for three minutes', async () => {
  const stop = practice.stars.startSchedules();
  expect(await get('/readyz')).toMatchObject({ status: 200, text: expect.stringContaining('"schedules":true') });
  await clock.advance(3_600_000);
  expect(await get('/readyz')).toMatchObject({ status: 503, text: expect.stringContaining('"schedules":false') });
  await stop();
  expect(await get('/readyz')).toMatchObject({ status: 200 });
});

describe('a process that lives, but cannot do its work, is alive and not ready', () => {
  let place: SchedulesPlace;
  let stars: Stars;
  let own: Server;
  let ask: (path: string) => Promise<{ status: number; text: string }>;

  beforeEach(async () => {
    place = await schedulesPlace({}, '2026-06-01T01:00:00.000Z');
    ({ stars } = await place.process());
    own = createServer(createHealthRoutes({ stars, home: place.home, clock: place.clock, connected: () => true }));
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    ask = async (path) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await ask('/readyz')).toMatchObject({ status: 200 });
  });
  afterEach(async () => {
    own.close();
    await place.stop();
  });

  async function readiness(): Promise<unknown> {
    const { status, text } = await ask('/readyz');
    expect(await ask('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    return { status, ...(JSON.parse(text) as object) };
  }

  test('when another program holds the database for long', async () => {
    const other = new LibsqlDatabase(join(place.home.dataFolder, 'stars.db'));
    other.exec('BEGIN IMMEDIATE');
    await place.clock.advance(6_000);
    const why = [expect.stringContaining('The database does not take what this process writes')];
    const asked = readiness();
    const answered = asked.then(() => true);
    const passed = () => place.clock.advance(100).then(() => false);
    while (!(await Promise.race([answered, passed()])));
    expect(await asked).toMatchObject({ status: 503, ready: false, store: false, why });
    other.exec('ROLLBACK');
    other.close();
    await place.clock.advance(20_000);
    expect(await readiness()).toMatchObject({ status: 200, ready: true, store: true });
  });

  test('when the database can be read and no more be written', async () => {
    await sql`create trigger no_beat before update on processes begin select raise(abort, 'no'); end`.execute(
      stars.database,
    );
    await place.clock.advance(6_000);
    expect(await readiness()).toMatchObject({ status: 503, store: false });
  });

  test('when other processes take it for dead', async () => {
    await stars.database.deleteFrom('processes').execute();
    expect(await readiness()).toMatchObject({ status: 503, store: true, process: false });
  });

  test('when it was asked to stop', async () => {
    await stars.runs.close('Stars was asked to stop.');
    expect(await readiness()).toMatchObject({ status: 503, store: true, running: false });
  });
});

test('Prometheus reads how runs ended, what waits and what is held', async () => {
  const { status, text } = await get('/metrics');
  expect(status).toBe(200);
  expect(text).toContain('stars_runs_ended_total{command="deploy",state="succeeded"} 1');
  expect(text).toContain('stars_runs_waiting{state="queued"} 0');
  expect(text).toContain('stars_leases{kind="run"} 0');
  expect(text).toContain('stars_slack_connected 1');
});

test('a link shows the whole log of its run', async () => {
  const { status, text } = await get(await link());
  expect(status).toBe(200);
  expect(text).toContain('Write the message of the day');
});

test('a link with another seal, another run or a longer life is none, and one over a week old says so', async () => {
  const good = await link();
  const forged = [
    good.replace(/seal=./, 'seal=0'),
    good.replace(/seal=.*/, 'seal='),
    good.replace(/until=\d/, 'until=9'),
    good.replace(/runs\/\d/, 'runs/9'),
    good.replace(/\?.*/, ''),
    '/runs/../../etc/passwd',
  ];
  for (const path of forged) expect([path, (await get(path)).status]).toEqual([path, 404]);
  await clock.advance(8 * 24 * 3_600_000);
  expect(await get(good)).toMatchObject({ status: 410 });
});

test('anything else is not found', async () => {
  expect(await get('/nothing')).toMatchObject({ status: 404 });
});
