import { describe, expect, test } from '@jest/globals';
import { diffBackups } from '../../src/cluster/diff.js';
import { normaliseApp, normaliseJob, type Definition } from '../../src/cluster/normalise.js';
import { fixture } from './serve.js';

const { apps } = fixture('marathon/apps-backup-1.4.7.json') as { apps: Definition[] };
const jobs = fixture('chronos/jobs-backup-3.0.json') as Definition[];
const app = (fields: object = {}): Definition => ({ id: '/zeppelin', mem: 2048, instances: 1, ...fields });
const job = (fields: object = {}): Definition => ({
  name: 'reindex',
  schedule: 'R/2017-09-05T14:00:00.000Z/PT24H',
  ...fields,
});
const words = (before: Definition, after: Definition) =>
  diffBackups({ apps: [before], jobs: [] }, { apps: [after], jobs: [] });
const jobWords = (before: Definition, after: Definition) =>
  diffBackups({ apps: [], jobs: [before] }, { apps: [], jobs: [after] });

describe('normalising', () => {
  test('leaves of a saved app what Marathon takes back', () => {
    const clean = apps.map(normaliseApp);
    for (const one of clean) {
      expect(Object.keys(one)).not.toEqual(expect.arrayContaining(['version']));
      expect(one).not.toHaveProperty('tasksRunning');
      expect('uris' in one && 'fetch' in one).toBe(false);
      expect('ports' in one && 'portDefinitions' in one).toBe(false);
      expect(Object.values(one)).not.toContain(null);
    }
    expect(clean.find(({ id }) => id === '/chronos')).toMatchObject({
      cmd: expect.stringContaining('docker run'),
      portDefinitions: [{ port: 10004 }],
    });
  });

  test('keeps what stands alone', () => {
    expect(normaliseApp({ id: '/x', uris: ['u'], ports: [1], acceptedResourceRoles: [], user: null })).toEqual({
      id: '/x',
      uris: ['u'],
      ports: [1],
    });
  });

  test.each([
    ['both empty', { uris: [], fetch: [] }, {}],
    ['both filled', { uris: ['u'], fetch: [{ uri: 'u' }] }, { fetch: [{ uri: 'u' }] }],
    ['only uris filled', { uris: ['u'], fetch: [] }, { uris: ['u'] }],
    ['uris of 2.x', { uris: ['u'] }, { uris: ['u'] }],
  ])('of a job with uris and fetch %s', (_title, fields, left) =>
    expect(normaliseJob({ name: 'x', errorCount: 3, lastError: '', ...fields })).toEqual({ name: 'x', ...left }),
  );
});

describe('differences in words', () => {
  test('none between a saved list and itself with other counters', () => {
    const later = {
      apps: apps.map((one) => ({ ...one, version: 'x', tasksRunning: 0, user: null })),
      jobs: jobs.map((one) => ({ ...one, successCount: 99, lastSuccess: 'now' })),
    };
    expect(diffBackups({ apps, jobs }, later)).toEqual([]);
  });

  test.each([
    ['a number', app(), app({ mem: 4096 }), ['zeppelin: mem 2048 → 4096']],
    [
      'an image',
      app({ container: { docker: { image: 'z:1' } } }),
      app({ container: { docker: { image: 'z:2' } } }),
      ['zeppelin: image z:1 → z:2'],
    ],
    [
      'a command, whose words may hold a password',
      app({ cmd: 'a -p old' }),
      app({ cmd: 'a -p new' }),
      ['zeppelin: cmd changed'],
    ],
    [
      'an environment, by its names only',
      app({ env: { A: '1', PASSWORD: 'old' } }),
      app({ env: { A: '1', PASSWORD: 'new' } }),
      ['zeppelin: env PASSWORD changed'],
    ],
    ['a field that came', app(), app({ healthChecks: [{}] }), ['zeppelin: healthChecks added']],
  ])('%s', (_title, before, after, wanted) => expect(words(before, after)).toEqual(wanted));

  test('apps and jobs that came and went', () => {
    expect(diffBackups({ apps: [app()], jobs: [job()] }, { apps: [app({ id: '/livy' })], jobs: [] })).toEqual([
      'livy new',
      'zeppelin gone',
      'job reindex gone',
    ]);
  });

  test.each([
    ['the next start', 'R/2026-11-22T14:00:00.000Z/PT24H', []],
    [
      'another hour',
      'R/2017-09-06T15:00:00.000Z/PT24H',
      ['job reindex: schedule R/2017-09-05T14:00:00.000Z/PT24H → R/2017-09-06T15:00:00.000Z/PT24H'],
    ],
    ['another period', 'R/2017-09-05T14:00:00.000Z/PT12H', [expect.stringContaining('schedule')]],
  ])('a schedule moved to %s', (_title, schedule, wanted) =>
    expect(jobWords(job(), job({ schedule }))).toEqual(wanted),
  );

  test.each(['', null, undefined])(
    'a field of nothing (%p) is one that is not there: nothing is told that looks the same',
    (nothing) => {
      const given = job({ scheduleTimeZone: nothing, owner: nothing });
      expect(jobWords(job(), given)).toEqual([]);
      expect(jobWords(given, job({ scheduleTimeZone: 'UTC' }))).toEqual(['job reindex: scheduleTimeZone none → UTC']);
    },
  );

  test('a countdown of repetitions is no change, a new count is one', () => {
    const times = (n: number) => job({ schedule: `R${n}/2017-09-05T14:00:00.000Z/P1D` });
    expect(jobWords(times(5), times(4))).toEqual([]);
    expect(jobWords(times(5), times(6))).toHaveLength(1);
  });
});
