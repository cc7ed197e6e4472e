import { systemClock } from '../../../src/clock.js';
import type { Clock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { startHosts } from '../../../src/sandbox/host/hosts.js';
import type { SimulatedHosts } from '../../../src/sandbox/host/hosts.js';
import type { RunResult, SimulatedHost } from '../../../src/sandbox/host/simulated-host.js';

export type OneHost = { hosts: SimulatedHosts; host: SimulatedHost; stop(): Promise<void> };

/** A simulated host for the tests of one file. */
export async function oneHost(clock: Clock = systemClock): Promise<OneHost> {
  const hosts = await startHosts({ names: ['host-1'], clock, log: silentLog });
  return { hosts, host: hosts.host('host-1'), stop: () => hosts.stop() };
}

let folders = 0;

/** Runs a script by `sh -c` in an empty folder of the host. */
export function runInFolder(host: SimulatedHost, script: string): Promise<RunResult> {
  const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
  const folder = `/tmp/folder-${++folders}`;
  return host.run(`mkdir ${folder}; cd ${folder}; exec sh -c ${quoted}`);
}
