import { afterEach, expect, test } from '@jest/globals';
import { createChronos } from '../../../src/cluster/chronos/client.js';
import { jobState } from '../../../src/cluster/chronos/job-health.js';
import { Job } from '../../../src/cluster/chronos/schema.js';
import { closeServers, failureOf, fixture, hurryingClock, httpTo, routes, serve, type Handler } from '../serve.js';

afterEach(closeServers);

async function chronosAt(handler: Handler) {
  const server = await serve(handler);
  return {
    server,
    chronos: createChronos({ http: httpTo(server.url, { service: 'Chronos' }), clock: hurryingClock() }),
  };
}

test('reads the jobs of Chronos 3.0', async () => {
  const { chronos, server } = await chronosAt(
    routes({ '/v1/scheduler/jobs': { body: fixture('chronos/jobs-backup-3.0.json') } }),
  );
  expect(await chronos.jobs()).toMatchObject([{ name: 'test', successCount: 6, lastError: undefined, parents: [] }]);
  expect(server.seen).toHaveLength(1);
});

test('finds the path of Chronos 2.x once and remembers it', async () => {
  const { chronos, server } = await chronosAt(
    routes({
      '/scheduler/jobs': { body: fixture('chronos/jobs-2.x.json') },
      '/scheduler/graph/csv': { body: 'node,job-a,success,idle\nnode,job-b,failure,1 running\nlink,job-a,job-b\n' },
      '/scheduler/leader': { body: { leader: 'm1:4400' } },
    }),
  );
  expect((await chronos.jobs()).map(({ name }) => name)).toEqual(['job-a', 'job-b']);
  expect(await chronos.summary()).toEqual([
    { name: 'job-a', status: 'success', state: 'idle' },
    { name: 'job-b', status: 'failure', state: '1 running' },
  ]);
  expect(await chronos.leader()).toBe('m1:4400');
  expect(server.seen.filter(({ url }) => url.startsWith('/v1'))).toHaveLength(1);
});

test('does not remember a path because the service was down', async () => {
  let up = false;
  const { chronos } = await chronosAt((seen) =>
    !up ? { status: 503 } : routes({ '/v1/scheduler/jobs': { body: [] } })(seen, undefined as never),
  );
  expect(await failureOf(chronos.jobs())).toMatchObject({ code: 'API_UNREACHABLE' });
  up = true;
  await expect(chronos.jobs()).resolves.toEqual([]);
});

test('says that something else answers', async () => {
  const { chronos } = await chronosAt(routes({}));
  expect(await failureOf(chronos.jobs())).toMatchObject({
    code: 'API_ANSWER',
    message: expect.stringContaining('it is not Chronos'),
  });
});

test.each([
  ['off', { disabled: true, errorsSinceLastSuccess: 3 }],
  ['failing', { errorsSinceLastSuccess: 1 }],
  ['failing', { lastSuccess: '2017-09-01T00:00:00.000Z', lastError: '2017-09-02T00:00:00.000Z' }],
  ['fresh', { lastSuccess: '', lastError: '' }],
  ['good', { errorCount: 16, lastSuccess: '2015-08-10T07:35:04.529Z', lastError: '2015-08-03T12:15:06.183Z' }],
] as const)('a job is %s with %j', (state, fields) => {
  expect(jobState(Job.parse({ name: 'x', ...fields }))).toBe(state);
});
