import { describe, expect, test } from '@jest/globals';
import { fitApp } from '../../../src/backup/restore/fit-app.js';
import { fitJob } from '../../../src/backup/restore/fit-job.js';
import { inRows } from '../../../src/backup/restore/order.js';
import type { Definition } from '../../../src/cluster/normalise.js';
import { fixture } from '../../cluster/serve.js';

const NOW = new Date('2026-11-22T02:00:00Z');
const OLD = '1.4.7';
const NEW = '1.9.109';

describe('an app for a Marathon of another kind', () => {
  const docker = { image: 'web:1' };
  const mappings = [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }];
  const app = (fields: Definition) => ({ id: '/a', ...fields });

  test.each<[string, Definition, Definition]>([
    [
      'on a bridge',
      { container: { type: 'DOCKER', docker: { ...docker, network: 'BRIDGE', portMappings: mappings } } },
      { container: { type: 'DOCKER', docker, portMappings: mappings }, networks: [{ mode: 'container/bridge' }] },
    ],
    [
      'on the network of its host',
      { container: { type: 'DOCKER', docker: { ...docker, network: 'HOST' } }, portDefinitions: [{ port: 10_001 }] },
      { container: { type: 'DOCKER', docker }, networks: [{ mode: 'host' }], portDefinitions: [{ port: 10_001 }] },
    ],
    [
      'in a network of its own',
      {
        container: { type: 'DOCKER', docker: { ...docker, network: 'USER', portMappings: mappings } },
        ipAddress: { networkName: 'blue' },
      },
      {
        container: { type: 'DOCKER', docker, portMappings: mappings },
        networks: [{ mode: 'container', name: 'blue' }],
      },
    ],
    [
      'without Docker in a network of its own',
      {
        cmd: 'x',
        container: { type: 'MESOS' },
        ipAddress: { networkName: 'blue', discovery: { ports: [{ number: 80, name: 'http', protocol: 'tcp' }] } },
      },
      {
        cmd: 'x',
        container: { type: 'MESOS', portMappings: [{ containerPort: 80, name: 'http', protocol: 'tcp' }] },
        networks: [{ mode: 'container', name: 'blue' }],
      },
    ],
  ])('%s', (_title, old, fresh) => {
    expect(fitApp(app(old), NEW)).toEqual({
      body: app(fresh),
      notes: ['written in the form of Marathon 1.5 and later'],
    });
    expect(fitApp(app(fresh), OLD)).toEqual({ body: app(old), notes: ['written in the form of Marathon before 1.5'] });
    expect(fitApp(app(old), OLD)).toEqual({ body: app(old), notes: [] });
    expect(fitApp(app(fresh), NEW)).toEqual({ body: app(fresh), notes: [] });
  });

  test.each<[string, Definition, string]>([
    [
      'several networks',
      {
        cmd: 'x',
        networks: [
          { mode: 'container', name: 'a' },
          { mode: 'container', name: 'b' },
        ],
      },
      'it is in several networks',
    ],
    [
      'an unreachable strategy that is off',
      { cmd: 'x', unreachableStrategy: 'disabled' },
      'its unreachable strategy is switched off',
    ],
    [
      'a bridge without Docker',
      { container: { type: 'MESOS' }, networks: [{ mode: 'container/bridge' }] },
      'it is on a bridge without Docker',
    ],
    [
      'credentials for images',
      { container: { type: 'DOCKER', docker, pullConfig: {} }, networks: [{ mode: 'host' }] },
      'its container has settings',
    ],
  ])('%s is refused by an old one', (_title, fields, words) => {
    expect(fitApp(app(fields), OLD)).toEqual({ refused: expect.stringContaining(words) });
  });

  test.each<[Definition, string]>([
    [{ id: '/A', cmd: 'x' }, '/A is no id that Marathon takes'],
    [{ id: '/a//b', cmd: 'x' }, '/a//b is no id that Marathon takes'],
    [{ id: '/a' }, 'it has neither a command nor a container'],
  ])('%p is refused by any', (broken, words) => {
    expect(fitApp(broken, OLD)).toEqual({ refused: words });
  });

  test('apps of 1.5 that were captured fit into 1.4 or are refused with a reason', () => {
    const captured = fixture('marathon/apps-embeds-tasks.bare-array.json') as Definition[];
    for (const one of captured) {
      const fitted = fitApp(one, OLD);
      if ('refused' in fitted) expect(fitted.refused).toMatch(/Marathon before 1\.5/);
      else expect(fitted.body).not.toHaveProperty('networks');
    }
  });

  test('what runs now is left behind, and of two spellings one', () => {
    const saved = {
      id: '/a',
      cmd: 'x',
      uris: ['u'],
      fetch: [{ uri: 'u' }],
      ports: [1],
      portDefinitions: [{ port: 1 }],
      tasksRunning: 1,
      version: 'v',
      acceptedResourceRoles: [],
    };
    expect(fitApp(saved, OLD)).toEqual({
      body: { id: '/a', cmd: 'x', fetch: [{ uri: 'u' }], portDefinitions: [{ port: 1 }] },
      notes: [],
    });
  });

  test('uris that stand beside an empty fetch are not lost', () => {
    expect(fitApp({ id: '/a', cmd: 'x', uris: ['u'], fetch: [] }, OLD)).toEqual({
      body: { id: '/a', cmd: 'x', uris: ['u'] },
      notes: [],
    });
  });
});

describe('a job', () => {
  const job = (fields: Definition = {}) => ({
    name: 'a',
    command: 'x',
    schedule: 'R/2017-09-05T14:00:00.000Z/PT24H',
    ...fields,
  });
  const fit = (fields: Definition, generation: '2' | '3' = '3') => fitJob(job(fields), { generation, now: NOW });

  test('whose start has passed runs first when it is due next', () => {
    expect(fit({})).toEqual({
      body: job({ schedule: 'R/2026-11-22T14:00:00.000Z/PT24H' }),
      notes: ['runs first at 2026-11-22 14:00 UTC, since 2017-09-05 14:00 UTC has passed'],
    });
  });

  test.each<[string, Definition]>([
    ['that is switched off', { disabled: true }],
    ['that has no run left', { schedule: 'R0/2017-09-05T14:00:00.000Z/PT24H' }],
    ['whose start is to come', { schedule: 'R/2030-01-01T00:00:00.000Z/PT24H' }],
  ])('%s keeps its start', (_title, fields) => {
    expect(fit(fields)).toEqual({ body: job(fields), notes: [] });
  });

  test('that begins now is said to', () => {
    expect(fit({ schedule: 'R//PT1H' })).toMatchObject({ notes: ['runs at once, as its schedule says'] });
  });

  test('with parents has no schedule of its own', () => {
    expect(fit({ parents: ['b'], schedule: '', scheduleTimeZone: '' })).toEqual({
      body: { name: 'a', command: 'x', parents: ['b'] },
      notes: [],
    });
  });

  test('of an old Chronos loses in a new one what that does not know, with words where it said something', () => {
    const old = { epsilon: 'PT30M', async: false, schedule: 'R/2030-01-01T00:00:00.000Z/P1D' };
    expect(fit(old)).toEqual({
      body: job({ schedule: old.schedule }),
      notes: ['without epsilon, which Chronos 3 does not know'],
    });
    expect(fit(old, '2')).toEqual({ body: job(old), notes: [] });
  });

  test.each<[string, Definition, string]>([
    ['a name with a space', { name: 'a b' }, 'Chronos 3 takes no job of such a name'],
    ['neither schedule nor parents', { schedule: '' }, 'it has neither a schedule nor parents'],
    ['a schedule that is none', { schedule: 'daily' }, 'Chronos cannot read its schedule daily'],
  ])('with %s is refused', (_title, fields, words) => {
    expect(fit(fields)).toEqual({ refused: words });
  });
});

describe('the order', () => {
  const item = (key: string, ...after: string[]) => ({ key, after });

  test('what others need stands in a row before them', () => {
    const { rows, stuck } = inRows([
      item('web', 'db', 'cache'),
      item('db'),
      item('cache', 'db'),
      item('other', 'elsewhere'),
    ]);
    expect(rows.map((row) => row.map(({ key }) => key))).toEqual([['db', 'other'], ['cache'], ['web']]);
    expect(stuck).toEqual([]);
  });

  test('a circle is stuck, and all that needs it', () => {
    const { rows, stuck } = inRows([item('a', 'b'), item('b', 'a'), item('c', 'a'), item('d')]);
    expect([rows.flat(), stuck.map(({ key }) => key)]).toEqual([[item('d')], ['a', 'b', 'c']]);
  });
});
