import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import type { Home } from '../../src/home/home.js';
import { createPlanKey } from '../../src/home/plan-key.js';
import { runPath } from '../../src/home/run-link.js';
import { createHealthRoutes } from '../../src/terminal/health-routes.js';
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
