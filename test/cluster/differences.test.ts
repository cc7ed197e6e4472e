import { describe, expect, test } from '@jest/globals';
import { differences } from '../../src/cluster/differences.js';
import { hasMoved, nextStart, scheduleOf, withStart } from '../../src/cluster/chronos/schedule.js';
import type { Definition } from '../../src/cluster/normalise.js';
import { fixture } from './serve.js';

const { apps } = fixture('marathon/apps-backup-1.4.7.json') as { apps: Definition[] };

describe('a live app that is as it is wanted', () => {
  test.each(apps.map((app): [string, Definition] => [String(app['id']), app]))(
    '%s of 2017 against itself',
    (_id, app) => {
      expect(differences('app', app, app)).toEqual([]);
    },
  );

  test.each([
    ['fields that are left out have their defaults', { id: '/a', cmd: 'x' }, { ...apps[0], id: '/a', cmd: 'x' }],
    [
      'ports of 0 are for Marathon to choose',
      { portDefinitions: [{ port: 0 }] },
      { portDefinitions: [{ port: 10_007, protocol: 'tcp', labels: {} }] },
    ],
    [
      'ports that are left out are as they are',
      {},
      { ports: [10_001], portDefinitions: [{ port: 10_001, protocol: 'tcp' }] },
    ],
    [
      'ports in the old spelling',
      { ports: [10_001] },
      { portDefinitions: [{ port: 10_001, protocol: 'tcp', labels: {} }] },
    ],
    [
      'uris in the old spelling',
      { uris: ['http://x/a.tgz'] },
      { fetch: [{ uri: 'http://x/a.tgz', extract: true, executable: false, cache: false }] },
    ],
    [
      'a bridge in the words of 1.5 and later',
      { networks: [{ mode: 'container/bridge' }], container: { portMappings: [{ containerPort: 80 }] } },
      {
        networks: [{ mode: 'container/bridge' }],
        container: { portMappings: [{ containerPort: 80, servicePort: 1 }] },
      },
    ],
    [
      'what checks leave out',
      { healthChecks: [{ protocol: 'HTTP', path: '/' }] },
      {
        healthChecks: [
          {
            protocol: 'HTTP',
            path: '/',
            gracePeriodSeconds: 300,
            intervalSeconds: 60,
            timeoutSeconds: 20,
            maxConsecutiveFailures: 3,
            ignoreHttp1xx: false,
          },
        ],
      },
    ],
  ])('%s', (_title, wanted, live) => {
    expect(differences('app', wanted, live)).toEqual([]);
  });
});

describe('a live app that is otherwise', () => {
  test.each([
    ['by a number', { mem: 64 }, { mem: 32 }, ['mem 32 → 64']],
    ['by instances that somebody scaled to none', {}, { instances: 0 }, ['instances 0 → none']],
    ['by a field that nobody wants any more', {}, { env: { A: '1' } }, ['env A changed']],
    [
      'by a check that never gives up',
      { healthChecks: [{ path: '/' }] },
      { healthChecks: [{ path: '/', maxConsecutiveFailures: 0 }] },
      ['healthChecks changed'],
    ],
    ['by a port', { portDefinitions: [{ port: 1 }] }, { portDefinitions: [{ port: 2 }] }, ['portDefinitions changed']],
  ])('%s', (_title, wanted, live, words) => {
    expect(differences('app', wanted, live)).toEqual(words);
  });
});

describe('a live job', () => {
  const daily = { name: 'a', schedule: 'R3/2017-09-05T02:00:00.000Z/P1D' };

  test('that has run is the same job', () => {
    expect(
      differences('job', daily, { ...daily, schedule: 'R1/2017-09-07T02:00:00.000Z/P1D', successCount: 2 }),
    ).toEqual([]);
  });

  test('that has run as often as it was to is not begun again', () => {
    const over = { ...daily, schedule: 'R0/2017-09-08T02:00:00.000Z/P1D', disabled: true };
    expect(differences('job', daily, over)).toEqual([]);
  });

  test('that somebody switched off is another', () => {
    expect(differences('job', daily, { ...daily, disabled: true })).toEqual(['disabled true → none']);
  });
});

describe('a schedule', () => {
  const job = (schedule: string, scheduleTimeZone = '') => ({ schedule, scheduleTimeZone });
  const next = (definition: Definition, now: string) => {
    const schedule = scheduleOf(definition);
    const start = schedule && nextStart(schedule, new Date(now));
    return start && withStart(String(definition['schedule']), start);
  };

  test('stays at its hour when the clocks change in its zone', () => {
    const berlin = job('R/2026-10-24T06:00:00.000+02:00/P1D', 'Europe/Berlin');
    expect(hasMoved(berlin, job('R/2026-10-26T06:00:00.000+01:00/P1D', 'Europe/Berlin'))).toBe(true);
    expect(hasMoved(berlin, job('R/2026-10-26T06:00:00.000+02:00/P1D', 'Europe/Berlin'))).toBe(false);
    expect(next(berlin, '2026-10-25T20:00:00Z')).toBe('R/2026-10-26T06:00:00.000+01:00/P1D');
  });

  test.each([
    ['R/2017-09-05T14:00:00.000Z/PT24H', '2026-11-22T02:00:00Z', 'R/2026-11-22T14:00:00.000Z/PT24H'],
    ['R5/2017-09-05T14:00:00Z/PT1M', '2026-11-22T02:00:30Z', 'R5/2026-11-22T02:01:00.000Z/PT1M'],
    ['R/2017-01-31T00:00:00Z/P1M', '2026-02-10T00:00:00Z', 'R/2026-02-28T00:00:00.000Z/P1M'],
    ['R/2016-02-29T00:00:00Z/P1Y', '2026-03-01T00:00:00Z', 'R/2027-02-28T00:00:00.000Z/P1Y'],
    ['R/2030-01-01T00:00:00Z/P1D', '2026-01-01T00:00:00Z', 'R/2030-01-01T00:00:00.000Z/P1D'],
    ['R/2026-01-01T00:00:00Z/P1D', '2026-01-01T00:00:00Z', 'R/2026-01-02T00:00:00.000Z/P1D'],
  ])('%s, seen at %s, starts next as %s', (schedule, now, wanted) => {
    expect(next(job(schedule), now)).toBe(wanted);
  });

  test.each([
    '',
    'R/x/PT1H',
    '2017-09-05',
    'R/2017-09-05T14:00:00Z',
    'R/2017-09-05T14:00:00Z/P',
    'R/2017-09-05T14:00:00Z/PT0S',
  ])('%p cannot be read', (schedule) => {
    expect(scheduleOf({ schedule })).toBeUndefined();
  });
});
