import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { at, startPractice, type Practice } from './support.js';

const FILE = join(resolve(import.meta.dirname, '..', '..', '..'), 'docs', 'marathon', 'stars.json');

let practice: Practice;

beforeAll(async () => {
  practice = await startPractice();
});
afterAll(() => practice.stop());

test('the definition by which Stars runs on Marathon is accepted, and its two instances are placed on two hosts', async () => {
  const answer = await practice.marathon('post', '/v2/apps', readFileSync(FILE, 'utf8'));
  expect({ status: answer.status, body: answer.data }).toMatchObject({ status: 201, body: { id: '/stars' } });
  await practice.clock.advance(120_000);
  const { data } = await practice.marathon('get', '/v2/apps//stars');
  expect(at(data, 'app.tasks')).toHaveLength(2);
  const [one, two] = at(data, 'app.tasks') as { host: string }[];
  expect(one?.host).not.toBe(two?.host);
  // A health check that fails has Marathon kill the task: a database that is away would have it restarted for ever.
  expect(at(data, 'app.healthChecks.0.path')).toBe('/healthz');
  expect(at(data, 'app.readinessChecks.0')).toMatchObject({
    path: '/readyz',
    portName: at(data, 'app.container.docker.portMappings.0.name'),
  });
});
