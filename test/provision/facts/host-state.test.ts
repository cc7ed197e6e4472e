import { expect, test } from '@jest/globals';
import { hostState } from '../../../src/provision/facts/host-state.js';
import { localHost, shells } from '../support/local-host.js';

const told = (stdout: string) => hostState([]).parse({ code: 0, stdout, stderr: '', truncated: false });

test('load, processors, memory and time since the boot', () => {
  const state = told(
    'load 0.50 1.25 2.00 1/87 1213\ncpus 4\nup 300.36 582.69\nmemory MemTotal:        4000 kB\nmemory MemFree: 10 kB\nmemory MemAvailable:    1000 kB\n',
  );
  expect(state).toMatchObject({
    load: [0.5, 1.25, 2],
    cpus: 4,
    upSeconds: 300.36,
    memory: { totalBytes: 4_096_000, availableBytes: 1_024_000 },
  });
});

test('an old kernel does not say what is available: what is free or can be freed counts', () => {
  const state = told('memory MemTotal: 1000 kB\nmemory MemFree: 100 kB\nmemory Buffers: 50 kB\nmemory Cached: 50 kB\n');
  expect(state.memory).toEqual({ totalBytes: 1_024_000, availableBytes: 204_800 });
});

test('folders on one file system are one disk, with its inodes', () => {
  const root = '/dev/sda1 41921540 40000000 1921540 96% /';
  const state = told(
    `disk ${root}\ninodes /dev/sda1 2000 500 1500 25% /\ndisk ${root}\ndisk /dev/sdb1 1000 10 990 1% /var/lib/my docker\n`,
  );
  expect(state.disks).toEqual([
    { mount: '/', totalBytes: 41921540 * 1024, usedFraction: 0.96, inodesUsedFraction: 0.25 },
    { mount: '/var/lib/my docker', totalBytes: 1_024_000, usedFraction: 0.01, inodesUsedFraction: undefined },
  ]);
});

test.each([
  ['a running unit', 'LoadState=loaded ActiveState=active SubState=running UnitFileState=enabled', 'running', true],
  ['a stopped one', 'LoadState=loaded ActiveState=inactive SubState=dead UnitFileState=disabled', 'stopped', false],
  ['a failed one', 'LoadState=loaded ActiveState=failed SubState=failed UnitFileState=enabled', 'failed', true],
  [
    'one that crashes again and again',
    'LoadState=loaded ActiveState=activating SubState=auto-restart',
    'failed',
    undefined,
  ],
])('systemd tells %s', (_what, properties, state, enabled) => {
  expect(told(`unit zookeeper ${properties}\n`).units).toEqual([{ name: 'zookeeper', state, enabled }]);
});

test('a unit that the host does not have is left out', () => {
  expect(told('unit chronos LoadState=not-found ActiveState=inactive SubState=dead\n').units).toEqual([]);
});

test('failed units are told, and that a restart of the host is due', () => {
  const state = told(
    'failed ntpd.service loaded failed failed Network Time\nfailed ● crond.service loaded failed failed\nreboot\n',
  );
  expect(state.failedUnits).toEqual(['ntpd.service', 'crond.service']);
  expect(state.rebootNeeded).toBe(true);
});

test('a host that tells nothing is not taken for one that is well', () => {
  expect(told('')).toMatchObject({ load: undefined, cpus: undefined, memory: undefined, disks: [], units: [] });
});

test.each(shells().map((shell) => [shell.join(' '), shell] as const))(
  'this machine tells how it stands, in %s',
  async (_name, shell) => {
    const { script, parse } = hostState(['no-such-unit']);
    const host = localHost({ shell });
    const state = parse(await host.run(script));
    host.remove();
    expect(state.disks.length).toBeGreaterThan(0);
    expect(state.memory?.totalBytes).toBeGreaterThan(0);
    expect(state.load).toHaveLength(3);
    expect(state.cpus).toBeGreaterThan(0);
    expect(state.units).toEqual([]);
  },
);
