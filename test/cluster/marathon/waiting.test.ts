import { describe, expect, test } from '@jest/globals';
import { healthByCounts } from '../../../src/cluster/marathon/app-health.js';
import { App, Queue, Deployments } from '../../../src/cluster/marathon/schema.js';
import { explainWaiting, failureSince } from '../../../src/cluster/marathon/waiting.js';
import { fixture } from '../serve.js';

const sleep = App.parse({ id: '/sleep', mem: 128 });
const queued = (fields: object) =>
  Queue.parse({ queue: [{ app: { id: '/sleep', cpus: 2, mem: 8192 }, count: 1, ...fields }] });

describe('why a deployment waits', () => {
  test('reads the captured summary of refused offers', () => {
    const queue = Queue.parse(fixture('marathon/queue-offers.json'));
    expect(explainWaiting({ app: sleep, queue })?.words).toBeDefined();
  });

  test.each([
    [
      'a back-off',
      { delay: { timeLeftSeconds: 12.4, overdue: false } },
      'its tasks crashed, so Marathon waits 13 s before it starts the next',
    ],
    [
      'no offers at all',
      { processedOffersSummary: { processedOffersCount: 0 } },
      'Mesos has offered nothing for 1 task yet',
    ],
    [
      'the reason that turns down most offers',
      {
        delay: { timeLeftSeconds: 0, overdue: true },
        processedOffersSummary: {
          processedOffersCount: 9,
          rejectSummaryLastOffers: [
            { reason: 'UnfulfilledRole', declined: 1, processed: 5 },
            { reason: 'InsufficientMemory', declined: 4, processed: 4 },
          ],
        },
      },
      'no agent has 8192 MB of memory to spare (4 of 4 offers turned down for that)',
    ],
    [
      'a reason it does not know',
      {
        processedOffersSummary: {
          processedOffersCount: 1,
          rejectSummaryLastOffers: [{ reason: 'MoonPhase', declined: 1, processed: 1 }],
        },
      },
      'offers are turned down for MoonPhase',
    ],
  ])('%s', (_title, fields, words) => expect(explainWaiting({ app: sleep, queue: queued(fields) })?.words).toBe(words));

  test('names the readiness check that does not pass', () => {
    const [deployment] = Deployments.parse(fixture('marathon/deployments-one.json'));
    expect(explainWaiting({ app: App.parse({ id: '/kafka' }), queue: [], deployment })?.words).toBe(
      '2 tasks do not pass the readiness check cassandraUpdateProgress (last answer 504)',
    );
  });

  test('knows nothing about an app that is not waiting', () => {
    expect(
      explainWaiting({ app: App.parse({ id: '/other' }), queue: queued({ delay: { timeLeftSeconds: 9 } }) }),
    ).toBeUndefined();
  });
});

test('blames a failure only on the version it happened to', () => {
  const app = App.parse({
    id: '/x',
    lastTaskFailure: { taskId: 't', timestamp: '2017-09-04T15:00:00.000Z', version: '2017-09-01T00:00:00.000Z' },
  });
  expect(failureSince(app, '2017-09-04T14:00:00.000Z')).toBeUndefined();
  expect(failureSince(app, '2017-09-01T00:00:00.000Z')?.taskId).toBe('t');
});

test.each([
  ['suspended', { instances: 0 }],
  ['running', { instances: 1, tasksRunning: 1 }],
  ['healthy', { instances: 1, tasksRunning: 1, tasksHealthy: 1, healthChecks: [{}] }],
  ['starting', { instances: 1, tasksRunning: 1, healthChecks: [{}] }],
  ['starting', { instances: 1, tasksStaged: 1 }],
  ['unhealthy', { instances: 1, tasksRunning: 1, tasksUnhealthy: 1, healthChecks: [{}] }],
  ['down', { instances: 1 }],
] as const)('an app is %s with %j', (state, fields) => {
  expect(healthByCounts(App.parse({ id: '/x', ...fields })).state).toBe(state);
});
