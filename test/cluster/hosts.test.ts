import { describe, expect, test } from '@jest/globals';
import { evidenceOf, judgeHosts } from '../../src/cluster/hosts.js';
import type { HostReading, HostState } from '../../src/model/host-state.js';

const WELL: HostState = {
  load: [0.1, 0.2, 0.3],
  cpus: 4,
  memory: { totalBytes: 1000, availableBytes: 500 },
  disks: [{ mount: '/var', totalBytes: 1000, usedFraction: 0.5, inodesUsedFraction: 0.1 }],
  upSeconds: 1000,
  failedUnits: [],
  units: [],
  rebootNeeded: false,
};
const reading = (host: string, differs: Partial<HostState> = {}): HostReading => ({
  host,
  state: { ...WELL, ...differs },
});
const silent = (host: string, code: string): HostReading => ({
  host,
  failed: { code, message: `${host}: cannot be reached.` },
});
const disk = (usedFraction: number, inodesUsedFraction = 0) => ({
  disks: [{ mount: '/var', totalBytes: 1000, usedFraction, inodesUsedFraction }],
});

test('hosts that are well are one short line', () => {
  expect(judgeHosts([reading('a'), reading('b')])).toMatchObject({
    state: 'up',
    reason: '2 hosts, the fullest disk is 50 % full',
  });
});

test.each([
  ['a full disk', disk(0.97), '/var is 97 % full'],
  ['a disk without inodes', disk(0.1, 0.99), '/var has 99 % of its inodes in use'],
  ['no memory left', { memory: { totalBytes: 1000, availableBytes: 20 } }, '2 % of its memory is left'],
  ['a load far above its processors', { load: [9, 12, 3] as const }, 'its load is 12 on 4 CPUs'],
  ['a failed unit of any kind', { failedUnits: ['ntpd.service'] }, 'ntpd failed'],
  [
    'a service that should run',
    { units: [{ name: 'docker', state: 'stopped' as const, enabled: true }] },
    'docker does not run, though it starts with the host',
  ],
])('%s is told with the host', (_what, differs, words) => {
  expect(judgeHosts([reading('a'), reading('b', differs)])).toMatchObject({
    state: 'degraded',
    details: [`b: ${words}`],
  });
});

test('a service that is not to start with the host may rest', () => {
  expect(judgeHosts([reading('a', { units: [{ name: 'mesos-slave', state: 'stopped', enabled: false }] })]).state).toBe(
    'up',
  );
});

describe('hosts that say nothing', () => {
  test('are in trouble when they cannot be reached', () => {
    expect(judgeHosts([reading('a'), silent('b', 'UNREACHABLE')])).toMatchObject({
      state: 'degraded',
      details: ['b: cannot be reached'],
    });
    expect(judgeHosts([silent('b', 'TIMEOUT')])).toMatchObject({ state: 'down', silent: true });
  });

  test.each(['AUTHENTICATION', 'HOST_KEY'])('are unknown when they do not let us in (%s)', (code) => {
    expect(judgeHosts([reading('a'), silent('b', code)]).state).toBe('unknown');
    expect(judgeHosts([silent('b', code)])).toMatchObject({ state: 'unknown', reason: 'no host lets us in' });
  });
});

test('what explains a layer names unit, hosts and a full disk, and is not told twice', () => {
  const broken = reading('a', { units: [{ name: 'zookeeper', state: 'failed', enabled: true }], ...disk(1) });
  const alike = reading('c', { units: [{ name: 'zookeeper', state: 'failed', enabled: true }] });
  expect(evidenceOf('zookeeper', [broken, reading('b'), alike])).toEqual([
    'zookeeper failed on a, c',
    'a: /var is 100 % full',
  ]);
  expect(evidenceOf('marathon', [broken])).toEqual([]);
  expect(judgeHosts([broken], new Set(['zookeeper'])).details).toEqual(['a: /var is 100 % full']);
});
